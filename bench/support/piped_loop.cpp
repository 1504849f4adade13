#include "piped_loop.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <vector>

#include "raw_loops.hpp"

namespace bench {
namespace {

// Chunk i goes through slot i modulo their number.
class Slots {
 public:
  Slots(std::size_t slots, std::size_t chunks) : filled_(slots), chunks_(chunks) {}

  // The next chunk to read, once its slot is free; false when there is none left.
  bool take(std::size_t& chunk) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return next_ == chunks_ || next_ < copied_ + filled_.size(); });
    if (next_ == chunks_) return false;
    chunk = next_++;
    return true;
  }

  void filled(std::size_t chunk) { set(chunk, true); }

  void wait_until_filled(std::size_t chunk) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return filled_[chunk % filled_.size()]; });
  }

  void copied(std::size_t chunk) { set(chunk, false); }

 private:
  void set(std::size_t chunk, bool filled) {
    {
      const std::lock_guard lock(mutex_);
      filled_[chunk % filled_.size()] = filled;
      if (!filled) copied_ = chunk + 1;
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> filled_;
  std::size_t chunks_, next_ = 0, copied_ = 0;
};

}  // namespace

void piped_loop(int descriptor, std::uint64_t offset, std::span<std::byte> into, std::span<std::byte> slots,
                std::size_t chunk, unsigned readers) {
  const std::size_t count = slots.size() / chunk, chunks = (into.size() + chunk - 1) / chunk;
  Slots state(count, chunks);
  const auto bytes = [&](std::size_t i) { return std::min(chunk, into.size() - i * chunk); };
  const auto slot = [&](std::size_t i) { return slots.subspan(i % count * chunk, bytes(i)); };
  in_parts(readers + 1, readers + 1, [&](std::size_t thread, std::size_t) {
    if (thread < readers) {
      for (std::size_t i = 0; state.take(i); state.filled(i))
        pread_loop(descriptor, offset + i * chunk, slot(i), chunk);
      return;
    }
    for (std::size_t i = 0; i < chunks; state.copied(i++)) {
      state.wait_until_filled(i);
      std::memcpy(into.data() + i * chunk, slot(i).data(), bytes(i));
    }
  });
}

}  // namespace bench
