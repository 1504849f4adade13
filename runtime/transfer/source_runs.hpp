// Sources on their way into a file, of which each run has its place there.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "store/slice.hpp"
#include "transfer/byte_source.hpp"

namespace hoist::transfer {

// For one thread.
class SourceRuns {
 public:
  // What fills `runs` of the file. Runs that were added before are others.
  void add(store::Runs runs, ByteSource bytes);

  // All runs by rising offset; short ones that follow each other in the file together. Ends with the first error.
  using Put = std::function<Result<void>(std::uint64_t offset, Stretch stretch)>;
  Result<void> for_each(const Put& put) &&;

 private:
  struct Source {
    Source(store::Runs runs_, ByteSource bytes_)
        : runs(std::move(runs_)), bytes(std::move(bytes_)), walker(runs, 0, bytes.byte_count()) {}
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    // Those of a short run. They are asked for one after the other, so what is not in memory is brought some runs
    // ahead.
    Result<std::span<const std::byte>> bytes_of(const store::Piece& run);

    store::Runs runs;
    ByteSource bytes;
    store::PieceWalker walker;
    store::Piece next{};
    std::vector<std::byte> ahead{};
    std::uint64_t ahead_begin = 0;
  };

  std::deque<Source> sources_;  // which stay where they are
};

}  // namespace hoist::transfer
