// Work that is spread over threads, piece by piece.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "hoist/archive.hpp"

namespace hoist::tool {

// Calls `work` for 0..count-1 in rising order, each once, from up to `threads` threads. The first error, or exception,
// stops the rest and comes out here.
Result<void> for_each_index(std::size_t count, unsigned threads, const std::function<Result<void>(std::size_t)>& work);

// The view in consecutive pieces of at most `max_bytes` each, in row-major order: together they are its bytes.
// F4 and F6 pieces end on whole bytes; where their rows do not allow that, a piece may be larger.
Result<std::vector<TensorView>> pieces_of(const TensorView& view, std::uint64_t max_bytes);

std::uint64_t element_count(std::span<const std::uint64_t> shape);

}  // namespace hoist::tool
