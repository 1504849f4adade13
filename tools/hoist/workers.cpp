#include "workers.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

namespace hoist::tool {
namespace {

// What went wrong first; the others see that they should stop.
class FirstFailure {
 public:
  bool happened() const { return happened_.load(std::memory_order_relaxed); }
  void set(std::exception_ptr failure) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    happened_ = true;
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic<bool> happened_ = false;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

constexpr std::uint64_t part_bytes = 64 << 20;

// Elements that fill whole bytes together.
std::uint64_t group(DType dtype) { return bits(dtype) % 8 == 0 ? 1 : bits(dtype) == 4 ? 2 : 4; }

}  // namespace

Result<void> for_each_index(std::size_t count, unsigned threads, const std::function<Result<void>(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  FirstFailure failure;
  const auto run = [&] {
    try {
      for (std::size_t i; !failure.happened() && (i = next.fetch_add(1)) < count;)
        work(i).value();
    } catch (...) {
      failure.set(std::current_exception());
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = std::min<std::size_t>(std::max(threads, 1U), count);
    try {
      while (helpers.size() + 1 < wanted)
        helpers.emplace_back(run);
    } catch (const std::system_error&) {
      // The system has no more threads: those that started, and this one, do the work.
    }
    run();
  }
  try {
    failure.rethrow();
  } catch (const Exception& problem) {
    return problem.error();
  }
  return {};
}

std::uint64_t element_count(std::span<const std::uint64_t> shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t dim : shape)
    count *= dim;  // cannot overflow: the index was validated
  return count;
}

Result<std::vector<TensorView>> pieces_of(const TensorView& view, std::uint64_t max_bytes) {
  // Outer pieces first, each cut along the next dimension while it is still too large.
  std::vector<TensorView> pieces{view};
  for (std::size_t dim = 0; dim < view.shape().size(); ++dim) {
    std::vector<TensorView> finer;
    for (const TensorView& piece : pieces) {
      const std::uint64_t size = piece.shape()[dim];
      if (piece.byte_count() <= max_bytes || size <= 1) {
        finer.push_back(piece);
        continue;
      }
      const std::uint64_t rows = max_bytes / std::max<std::uint64_t>(piece.byte_count() / size, 1);
      const std::uint64_t unit = group(view.dtype());
      const std::uint64_t step = std::max(rows / unit * unit, unit);
      const std::size_t before = finer.size();
      for (std::uint64_t start = 0; start < size; start += step) {
        std::vector<Range> ranges(dim);
        ranges.push_back({.start = start, .stop = std::min(start + step, size)});
        Result<TensorView> part = piece.slice(std::move(ranges));
        if (!part && unit == 1) return std::move(part).error();
        if (!part) {  // rows of F4 or F6 that end inside a byte
          finer.erase(finer.begin() + static_cast<std::ptrdiff_t>(before), finer.end());
          finer.push_back(piece);
          break;
        }
        finer.push_back(*std::move(part));
      }
    }
    pieces = std::move(finer);
  }
  return pieces;
}

std::vector<TensorView> parts_of(const TensorView& view) {
  std::vector<TensorView> parts = pieces_of(view, part_bytes).value();
  if (std::ranges::any_of(parts, [](const TensorView& part) { return part.byte_count() > part_bytes; }))
    throw Exception({.code = Errc::invalid_slice,
                     .message = "rows that end inside a byte can't be read apart, and the whole is too large",
                     .file = std::string(view.file()),
                     .tensor = std::string(view.name())});
  return parts;
}

}  // namespace hoist::tool
