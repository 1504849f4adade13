#include "transfer/passing_checksum.hpp"

namespace hoist::transfer {

using base::MutexLock;

void PassingChecksum::add(std::uint64_t begin, std::span<const std::byte> bytes) {
  {
    const MutexLock lock(mutex_);
    while (added_ < begin && !given_up_)
      turn_.wait(mutex_);
    if (given_up_ || added_ != begin) return;
  }
  checksum_.add(bytes);  // the others wait, or are past it
  {
    const MutexLock lock(mutex_);
    added_ += bytes.size();
  }
  turn_.notify_all();
}

void PassingChecksum::give_up() {
  {
    const MutexLock lock(mutex_);
    given_up_ = true;
  }
  turn_.notify_all();
}

std::optional<std::string> PassingChecksum::digits(std::uint64_t byte_count) {
  const MutexLock lock(mutex_);
  if (given_up_ || added_ != byte_count) return std::nullopt;
  return checksum_.digits();
}

}  // namespace hoist::transfer
