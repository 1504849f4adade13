#include "tree.hpp"

#include <algorithm>

#include "text.hpp"

namespace hoist::tool {
namespace {

// A hostile name has a dot at every byte: what is deeper stays one part, or the indentation alone would fill the disk.
constexpr std::size_t deepest = 32;

// The parts of a name, from the front on.
class Parts {
 public:
  explicit Parts(std::string_view name) : rest_(name) {}

  bool more() const { return more_; }  // a name has at least one part, be it empty
  std::string_view take() {
    const std::size_t dot = ++taken_ < deepest ? rest_.find('.') : std::string_view::npos;
    const std::string_view part = rest_.substr(0, dot);
    more_ = dot != std::string_view::npos;
    if (more_) rest_.remove_prefix(dot + 1);
    return part;
  }

 private:
  std::string_view rest_;
  std::size_t taken_ = 0;
  bool more_ = true;
};

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> all;
  for (Parts parts(name); parts.more();)
    all.push_back(parts.take());
  return all;
}

// Part by part, so that "a.b" and "a.c" stay together when there is an "a-b".
bool comes_before(const TensorView& left, const TensorView& right) {
  Parts l(left.name()), r(right.name());
  while (l.more() && r.more()) {
    const std::string_view a = l.take(), b = r.take();
    if (a != b) return natural_less(a, b);
  }
  return !l.more() && r.more();
}

// Adjacent parts of one name lie side by side in it.
std::string_view join(std::string_view left, std::string_view right) {
  return {left.data(), static_cast<std::size_t>(right.data() + right.size() - left.data())};
}

// A group whose only content is one node becomes one line with it: "encoder.layer".
std::vector<TreeNode> without_single_children(const std::vector<TreeNode>& nodes) {
  std::vector<TreeNode> kept;
  std::vector<std::size_t> shift(deepest + 1, 0);  // by depth: levels that vanished above
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    TreeNode node = nodes[i];
    const std::size_t depth = node.depth;
    node.depth -= shift[depth];
    std::size_t end = i;
    // The next node holds as many tensors as this one: it is all that this one has.
    while (!nodes[end].tensor && end + 1 < nodes.size() && nodes[end + 1].depth == nodes[end].depth + 1 &&
           nodes[end + 1].tensors == nodes[end].tensors) {
      ++end;
      node.label = join(node.label, nodes[end].label);
      node.tensor = nodes[end].tensor;
      shift[nodes[end].depth] = shift[depth];
    }
    if (nodes[end].depth + 1 <= deepest) shift[nodes[end].depth + 1] = shift[depth] + (nodes[end].depth - depth);
    kept.push_back(node);
    i = end;
  }
  return kept;
}

}  // namespace

std::vector<TreeNode> tree_of(std::vector<TensorView>& tensors) {
  std::ranges::sort(tensors, comes_before);
  std::vector<TreeNode> nodes;
  std::vector<std::size_t> open;  // the nodes from the root down to the last one, by depth
  std::vector<std::string_view> previous;
  for (const TensorView& tensor : tensors) {
    const std::vector<std::string_view> parts = parts_of(tensor.name());
    std::size_t common = 0;
    while (common + 1 < parts.size() && common + 1 < previous.size() && parts[common] == previous[common])
      ++common;
    open.resize(common);
    for (std::size_t depth = common; depth < parts.size(); ++depth) {
      open.push_back(nodes.size());
      nodes.push_back({.label = parts[depth], .depth = depth});
    }
    nodes.back().tensor = &tensor;
    for (const std::size_t index : open) {
      ++nodes[index].tensors;
      nodes[index].bytes += tensor.byte_count();
    }
    previous = parts;
  }
  return without_single_children(nodes);
}

}  // namespace hoist::tool
