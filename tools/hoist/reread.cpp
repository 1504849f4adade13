#include "reread.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace hoist::tool {
namespace {

constexpr std::uint64_t window_bytes = 1 << 20;

// For one thread. Failures are thrown.
class File {
 public:
  explicit File(std::string_view path)
      : path_(path), descriptor_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) fail("cannot open it again");
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // `size` bytes from `offset` on, kept until the next call. Neighbours come from the same window.
  const std::byte* at(std::uint64_t offset, std::uint64_t size) {
    if (offset < window_start_ || offset - window_start_ > window_.size() ||
        size > window_.size() - (offset - window_start_))
      move_window(offset, size);
    return window_.data() + (offset - window_start_);
  }

 private:
  void move_window(std::uint64_t offset, std::uint64_t size) {
    window_.resize(std::max(size, window_bytes));
    window_start_ = offset;
    std::size_t filled = 0;
    while (filled < window_.size()) {
      const ssize_t got =
          ::pread(descriptor_, window_.data() + filled, window_.size() - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("cannot read it again");
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    window_.resize(filled);
    if (filled < size)
      throw Exception({.code = Errc::truncated_data, .message = "the file has become shorter", .file = path_});
  }

  [[noreturn]] void fail(const char* doing) const {
    const int number = errno;
    throw Exception({.code = Errc::io_error,
                     .message = fmt::format("{}: {}", doing, std::strerror(number)),
                     .file = path_,
                     .system_code = number});
  }

  std::string path_;
  int descriptor_;
  std::uint64_t window_start_ = 0;
  std::vector<std::byte> window_;
};

// `width` bits, fewer than 8, from bit `bit` on, lowest first.
unsigned bits_at(const std::byte* bytes, std::uint64_t bit, unsigned width) {
  unsigned value = 0;
  for (unsigned i = 0; i < width; ++i, ++bit)
    value |= (std::to_integer<unsigned>(bytes[bit / 8]) >> (bit % 8) & 1U) << i;
  return value;
}

class Comparison {
 public:
  Comparison(const TensorInfo& info, std::string_view file, std::span<const std::byte> loaded)
      : file_(file), origin_(info.offset), width_(bits(info.dtype)), loaded_(loaded) {}

  // Compares `count` elements that lie side by side. `source` counts elements of the tensor in the file, `target`
  // elements of what was loaded; the first that differs comes back.
  std::optional<std::uint64_t> run(std::uint64_t source, std::uint64_t target, std::uint64_t count) {
    if (width_ % 8 != 0) {
      for (std::uint64_t i = 0; i < count; ++i) {
        if (!same_bits(source + i, target + i)) return target + i;
      }
      return std::nullopt;
    }
    const std::uint64_t size = width_ / 8;
    while (count > 0) {
      const std::uint64_t part = std::min(count, window_bytes / size);
      const std::byte* found = file_.at(origin_ + source * size, part * size);
      const std::byte* ours = loaded_.data() + target * size;
      if (std::memcmp(found, ours, part * size) != 0)
        return target +
               static_cast<std::uint64_t>(std::mismatch(found, found + part * size, ours).first - found) / size;
      source += part;
      target += part;
      count -= part;
    }
    return std::nullopt;
  }

 private:
  bool same_bits(std::uint64_t source, std::uint64_t target) {
    const std::uint64_t bit = source * width_;
    const std::uint64_t byte = bit / 8;
    const std::byte* found = file_.at(origin_ + byte, (bit + width_ + 7) / 8 - byte);
    return bits_at(found, bit % 8, width_) == bits_at(loaded_.data(), target * width_, width_);
  }

  File file_;
  std::uint64_t origin_;
  unsigned width_;
  std::span<const std::byte> loaded_;
};

}  // namespace

Result<std::optional<std::uint64_t>> first_difference(const TensorInfo& info, std::string_view file,
                                                      std::span<const Picked> picked,
                                                      std::span<const std::byte> loaded) try {
  std::vector<std::uint64_t> strides(picked.size(), 1);
  std::uint64_t count = 1;
  for (std::size_t dim = picked.size(); dim-- > 0;) {
    if (dim + 1 < picked.size()) strides[dim] = strides[dim + 1] * info.shape[dim + 1];
    count *= picked[dim].count;
  }
  // A second opinion must never be an empty one.
  if (count * bits(info.dtype) != loaded.size() * 8)
    return Error{.code = Errc::size_mismatch, .message = "what was loaded has another size than what was asked for"};
  Comparison comparison(info, file, loaded);
  const std::uint64_t run = picked.empty() || picked.back().step != 1 ? 1 : picked.back().count;
  std::vector<std::uint64_t> counters(picked.size(), 0);
  for (std::uint64_t target = 0; target < count; target += run) {
    std::uint64_t source = 0;
    for (std::size_t dim = 0; dim < picked.size(); ++dim)
      source += (picked[dim].start + counters[dim] * picked[dim].step) * strides[dim];
    if (const auto found = comparison.run(source, target, run)) return found;
    for (std::size_t dim = picked.size(); dim-- > 0;) {
      counters[dim] += dim + 1 == picked.size() ? run : 1;
      if (counters[dim] < picked[dim].count) break;
      counters[dim] = 0;
    }
  }
  return std::optional<std::uint64_t>();
} catch (const Exception& problem) {
  return problem.error();
}

}  // namespace hoist::tool
