// Slices and shards as they are written on the command line: "0:4,:8", "::2", "-1", "0:2/8".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hoist/archive.hpp"

namespace hoist::tool {

// One dimension, before the tensor's shape is known: a negative place counts from the end, as in numpy.
struct SliceRange {
  std::optional<std::int64_t> start{};
  std::optional<std::int64_t> stop{};
  std::uint64_t step = 1;
};
using Slice = std::vector<SliceRange>;

struct Shard {
  std::size_t dim = 0;
  std::uint64_t index = 0;
  std::uint64_t count = 1;
};

// Wrong usage throws std::invalid_argument, with a message for the user. A single index keeps its dimension:
// "3" is "3:4".
Slice parse_slice(std::string_view text);
Shard parse_shard(std::string_view text);

// The slice for a tensor of this shape: negative places resolved, missing dimensions taken whole. invalid_slice.
Result<std::vector<Range>> resolve(const Slice& slice, std::span<const std::uint64_t> shape);

// The view itself, or the slice of it; errors carry the tensor's name.
Result<TensorView> sliced(const TensorView& view, const Slice& slice);

}  // namespace hoist::tool
