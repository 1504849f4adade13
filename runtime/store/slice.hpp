// Which bytes of a tensor a view stands for: nested loops over equal contiguous runs.
#pragma once

#include <span>
#include <vector>

#include "hoist/archive.hpp"

namespace hoist::store {

// `count` repetitions, `stride_bytes` apart.
struct Loop {
  std::uint64_t count = 1;
  std::uint64_t stride_bytes = 0;

  bool operator==(const Loop&) const = default;
};

// A stretch of the file, and where it goes in the row-major copy of the view.
struct Piece {
  std::uint64_t file_offset = 0;
  std::uint64_t copy_offset = 0;
  std::uint64_t bytes = 0;
};

// The slice as bytes. Outermost loop first; the run itself is the innermost. No loops: one run.
struct Runs {
  std::uint64_t file_offset = 0;  // of the first run
  std::uint64_t run_bytes = 0;
  std::vector<Loop> loops{};

  std::uint64_t count() const noexcept;
  bool operator==(const Runs&) const = default;
};

// Walks the pieces that fill bytes [begin, end) of the copy; the first and last may be parts of runs.
class PieceWalker {
 public:
  PieceWalker(const Runs& runs, std::uint64_t begin, std::uint64_t end);
  bool next(Piece& piece);

 private:
  const Runs& runs_;
  std::uint64_t at_;
  std::uint64_t end_;
  std::uint64_t skip_;                   // bytes of the current run that lie before `at_`
  std::uint64_t run_offset_;             // of the current run in the file
  std::vector<std::uint64_t> position_;  // in each loop
};

struct Slice {
  Shape shape{};
  std::vector<std::uint64_t> stride_bits{};  // of each dimension, in the whole tensor
  std::uint64_t offset_bits = 0;             // of the first element, from the tensor's begin
  std::uint64_t byte_count = 0;
  Runs runs{};
};

// The stretch of the file from the first byte of a slice to its last, gaps included.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};
Extent extent(const TensorInfo& tensor, const Slice* slice) noexcept;  // no slice: all of the tensor

// All of a tensor.
Slice whole(const TensorInfo& tensor);

// invalid_slice.
Result<Slice> sliced(const TensorInfo& tensor, const Slice& slice, std::span<const Range> ranges);

// The ranges that make shard `index` of `count` along `dim`. invalid_slice, indivisible.
Result<std::vector<Range>> shard_ranges(std::span<const std::uint64_t> shape, std::size_t dim, std::uint64_t index,
                                        std::uint64_t count, ShardOptions options);

}  // namespace hoist::store
