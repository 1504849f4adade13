// Which elements of a tensor were written.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hoist/archive.hpp"

namespace hoist::transfer {

// Boxes that do not overlap; neighbours that make a box together are one. For one thread.
class Coverage {
 public:
  // [begin, end) in each dimension.
  struct Box {
    Shape begin{};
    Shape end{};
  };

  // False, and nothing changes: an element of it was there before. A box without elements adds nothing.
  bool add(Box box);

  // Whether every element of the shape is there.
  bool covers(std::span<const std::uint64_t> shape) const;

  std::size_t box_count() const noexcept { return boxes_.size(); }

 private:
  std::vector<Box> boxes_;
};

}  // namespace hoist::transfer
