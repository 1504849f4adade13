// Tensors grouped by the parts of their names, with the sums of each group.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hoist/archive.hpp"

namespace hoist::tool {

struct TreeNode {
  std::string_view label{};  // one part of a name, or several where there is nothing to choose between
  std::size_t depth = 0;
  std::uint64_t tensors = 0;  // in the node and below it
  std::uint64_t bytes = 0;
  const TensorView* tensor = nullptr;  // a leaf
};

// In the order in which a tree is printed: each node before what is below it. Labels and tensors refer to `tensors`,
// which is sorted by name on the way.
std::vector<TreeNode> tree_of(std::vector<TensorView>& tensors);

}  // namespace hoist::tool
