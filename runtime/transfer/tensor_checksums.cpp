#include "transfer/tensor_checksums.hpp"

#include <algorithm>
#include <optional>
#include <thread>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "io/descriptor.hpp"

namespace hoist::transfer {
namespace {

using base::MutexLock;

constexpr unsigned most_threads = 4;  // as many as write (a guess)

}  // namespace

void TensorChecksums::keep(std::uint32_t tensor, std::string digits) {
  const MutexLock lock(mutex_);
  digits_[tensor] = std::move(digits);
}

Result<void> TensorChecksums::fill_in(const io::AtomicFile& file, format::FileLayout& layout,
                                      const std::stop_token& stop) {
  std::vector<std::uint32_t> unknown;
  std::vector<std::uint64_t> sizes;
  for (const std::uint32_t tensor : layout.order) {
    const MutexLock lock(mutex_);
    if (!digits_[tensor].empty()) continue;
    unknown.push_back(tensor);
    sizes.push_back(layout.sizes[tensor]);
  }
  if (!unknown.empty()) {
    const auto written = file.open_to_read();
    if (!written) return written.error();
    base::Mutex failing;
    std::optional<Error> failure;
    const auto read = [&](std::size_t i, std::uint64_t begin, std::span<std::byte> into) {
      return io::read_exactly(*written, layout.offsets[unknown[i]] + begin, into, stop);
    };
    const auto done = [&](std::size_t i, Result<std::string> digits) {
      if (digits) {
        keep(unknown[i], std::move(digits).value());
        return true;
      }
      const MutexLock lock(failing);
      if (!failure) failure = std::move(digits).error();
      return false;
    };
    base::checksum_all(sizes, std::min(std::thread::hardware_concurrency(), most_threads), read, done);
    if (failure) return *std::move(failure);
  }
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < digits_.size(); ++i)
    layout.header.replace(layout.checksums[i], base::checksum_digits, digits_[i]);
  return {};
}

}  // namespace hoist::transfer
