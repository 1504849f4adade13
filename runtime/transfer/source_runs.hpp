// Row-major bytes on their way into a file, of which each run has its place there.
#pragma once

#include <deque>
#include <functional>
#include <span>

#include "store/slice.hpp"

namespace hoist::transfer {

// For one thread.
class SourceRuns {
 public:
  // `bytes` fill `runs` of the file, and outlive this. Runs that were added before are others.
  void add(store::Runs runs, std::span<const std::byte> bytes);

  // All runs by rising offset; short ones that follow each other in the file together. Ends with the first error.
  using Put = std::function<Result<void>(std::uint64_t offset, std::span<const std::byte> bytes)>;
  Result<void> for_each(const Put& put) &&;

 private:
  struct Source {
    store::Runs runs;
    std::span<const std::byte> bytes;
    store::PieceWalker walker;
    store::Piece piece{};  // the next
    Source(store::Runs runs_, std::span<const std::byte> bytes_)
        : runs(std::move(runs_)), bytes(bytes_), walker(runs, 0, bytes.size()) {}
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
  };

  std::deque<Source> sources_;  // which stay where they are
};

}  // namespace hoist::transfer
