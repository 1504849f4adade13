// Nested brackets as numpy prints them, with the middle of long dimensions left out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hoist::tool {

// Which places of one dimension are shown: the first `head`, the last `tail`, or all of them.
struct Edges {
  std::uint64_t size = 0;
  std::uint64_t head = 0;
  std::uint64_t tail = 0;

  bool all() const { return head + tail >= size; }
  std::uint64_t shown() const { return all() ? size : head + tail; }
  // The i-th place that is shown.
  std::uint64_t place(std::uint64_t i) const { return all() || i < head ? i : size - tail + (i - head); }
};

// What numpy would show of this shape: everything up to 1,000 elements, else 3 at either end of each dimension;
// fewer where many dimensions would make even that too many.
std::vector<Edges> edges_of(std::span<const std::uint64_t> shape);

// `values` are the shown elements in row-major order; rows are wrapped at `width` columns.
std::string brackets(const std::vector<Edges>& edges, const std::vector<std::string>& values, std::size_t width);

}  // namespace hoist::tool
