#include "store/slice.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace hoist::store {
namespace {

using base::grouped;

Error invalid_slice(std::string message) { return {.code = Errc::invalid_slice, .message = std::move(message)}; }

// Merges what lies side by side, so that a run is as long as it can be and loops are few.
Result<void> find_runs(const TensorInfo& tensor, Slice& slice) {
  struct BitLoop {
    std::uint64_t count, stride;
  };
  std::vector<BitLoop> loops;  // innermost first
  std::uint64_t run_bits = bits(tensor.dtype);
  for (std::size_t dim = slice.shape.size(); dim-- > 0;) {
    const std::uint64_t count = slice.shape[dim], stride = slice.stride_bits[dim];
    if (count == 1) continue;
    if (loops.empty() && stride == run_bits) {
      run_bits *= count;
    } else if (!loops.empty() && stride == loops.back().stride * loops.back().count) {
      loops.back().count *= count;
    } else {
      loops.push_back({count, stride});
    }
  }
  const bool whole_bytes =
      run_bits % 8 == 0 && slice.offset_bits % 8 == 0 &&
      std::all_of(loops.begin(), loops.end(), [](const BitLoop& loop) { return loop.stride % 8 == 0; });
  if (!whole_bytes) {
    return invalid_slice("elements of " + std::string(name(tensor.dtype)) + " have " + grouped(bits(tensor.dtype)) +
                         " bits, and this slice does not begin and end on whole bytes");
  }
  slice.runs = {.file_offset = tensor.offset + slice.offset_bits / 8, .run_bytes = run_bits / 8};
  for (auto loop = loops.rbegin(); loop != loops.rend(); ++loop) {
    slice.runs.loops.push_back({loop->count, loop->stride / 8});
  }
  slice.byte_count = slice.runs.run_bytes * slice.runs.count();
  return {};
}

}  // namespace

std::uint64_t Runs::count() const noexcept {
  std::uint64_t product = 1;
  for (const Loop& loop : loops)
    product *= loop.count;
  return product;
}

PieceWalker::PieceWalker(const Runs& runs, std::uint64_t begin, std::uint64_t end)
    : runs_(runs), at_(begin), end_(end), skip_(0), run_offset_(runs.file_offset), position_(runs.loops.size()) {
  if (begin >= end) return;
  std::uint64_t run = begin / runs.run_bytes;
  skip_ = begin % runs.run_bytes;
  for (std::size_t i = runs.loops.size(); i-- > 0;) {
    position_[i] = run % runs.loops[i].count;
    run /= runs.loops[i].count;
    run_offset_ += position_[i] * runs.loops[i].stride_bytes;
  }
}

bool PieceWalker::next(Piece& piece) {
  if (at_ >= end_) return false;
  piece = {
      .file_offset = run_offset_ + skip_, .copy_offset = at_, .bytes = std::min(runs_.run_bytes - skip_, end_ - at_)};
  at_ += piece.bytes;
  skip_ = 0;
  // To the next run, as an odometer turns.
  for (std::size_t i = position_.size(); i-- > 0;) {
    run_offset_ += runs_.loops[i].stride_bytes;
    if (++position_[i] < runs_.loops[i].count) break;
    run_offset_ -= position_[i] * runs_.loops[i].stride_bytes;
    position_[i] = 0;
  }
  return true;
}

Extent extent(const TensorInfo& tensor, const Slice* slice) noexcept {
  if (!slice) return {.offset = tensor.offset, .bytes = tensor.byte_count};
  std::uint64_t bytes = slice->runs.run_bytes;
  for (const Loop& loop : slice->runs.loops)
    bytes += (loop.count - 1) * loop.stride_bytes;
  return {.offset = slice->runs.file_offset, .bytes = bytes};
}

Slice whole(const TensorInfo& tensor) {
  Slice slice{.shape = Shape(tensor.shape.begin(), tensor.shape.end()),
              .stride_bits = std::vector<std::uint64_t>(tensor.shape.size()),
              .byte_count = tensor.byte_count,
              .runs = {.file_offset = tensor.offset, .run_bytes = tensor.byte_count}};
  std::uint64_t stride = bits(tensor.dtype);
  for (std::size_t dim = tensor.shape.size(); dim-- > 0;) {
    slice.stride_bits[dim] = stride;
    stride *= tensor.shape[dim];  // wraps only in an empty tensor, whose strides are never used
  }
  return slice;
}

Result<Slice> sliced(const TensorInfo& tensor, const Slice& slice, std::span<const Range> ranges) {
  if (ranges.size() > slice.shape.size()) {
    return invalid_slice(grouped(ranges.size()) + " ranges for a tensor of rank " + grouped(slice.shape.size()));
  }
  Slice result = slice;
  bool empty = std::find(slice.shape.begin(), slice.shape.end(), 0) != slice.shape.end();
  for (std::size_t dim = 0; dim < ranges.size(); ++dim) {
    const Range& range = ranges[dim];
    const std::uint64_t size = slice.shape[dim], stop = range.stop.value_or(size);
    const auto complain = [&](std::string_view what) {
      return invalid_slice("range " + grouped(range.start) + ":" + grouped(stop) + ":" + grouped(range.step) +
                           " of dimension " + grouped(dim) + " " + std::string(what));
    };
    if (range.step == 0) return complain("has step 0");
    if (range.start > stop) return complain("ends before it starts");
    if (stop > size) return complain("ends beyond its size, " + grouped(size));
    const std::uint64_t span = stop - range.start;
    const std::uint64_t count = span / range.step + (span % range.step != 0 ? 1 : 0);
    result.shape[dim] = count;
    result.offset_bits += range.start * result.stride_bits[dim];
    result.stride_bits[dim] *= range.step;
    empty |= count == 0;
  }
  if (empty) {
    result.offset_bits = 0;
    result.byte_count = 0;
    result.runs = {.file_offset = tensor.offset};
    return result;
  }
  if (auto found = find_runs(tensor, result); !found) return std::move(found).error();
  return result;
}

Result<std::vector<Range>> shard_ranges(std::span<const std::uint64_t> shape, std::size_t dim, std::uint64_t index,
                                        std::uint64_t count, ShardOptions options) {
  if (dim >= shape.size()) {
    return invalid_slice("dimension " + grouped(dim) + " of a tensor of rank " + grouped(shape.size()));
  }
  if (index >= count) return invalid_slice("shard " + grouped(index) + " of " + grouped(count));
  const std::uint64_t size = shape[dim], share = size / count, rest = size % count;
  if (rest != 0 && !options.uneven) {
    return Error{.code = Errc::indivisible,
                 .message = "dimension " + grouped(dim) + " of size " + grouped(size) + " does not split into " +
                            grouped(count) + " equal shards"};
  }
  std::vector<Range> ranges(dim + 1);
  ranges[dim].start = index * share + std::min(index, rest);
  ranges[dim].stop = ranges[dim].start + share + (index < rest ? 1 : 0);
  return ranges;
}

}  // namespace hoist::store
