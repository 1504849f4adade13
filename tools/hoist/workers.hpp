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

// The view in pieces that a thread takes on at once: a large tensor keeps all threads busy. They depend on dtype and
// shape alone, so what is summed over them in order comes out the same with any number of threads. Throws
// hoist::Exception, invalid_slice, where a piece would be too large to be held.
std::vector<TensorView> parts_of(const TensorView& view);

std::uint64_t element_count(std::span<const std::uint64_t> shape);

}  // namespace hoist::tool
