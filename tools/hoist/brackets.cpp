#include "brackets.hpp"

#include <algorithm>
#include <array>

namespace hoist::tool {
namespace {

constexpr std::uint64_t numpy_threshold = 1000;
constexpr std::uint64_t most_shown = 4096;  // a tensor of rank 20 has 6^20 elements at its edges

std::uint64_t shown_count(const std::vector<Edges>& edges) {
  std::uint64_t count = 1;
  for (const Edges& dim : edges) {
    // A dimension of 0 leaves no elements, but JSON still shows the empty lists around it.
    const std::uint64_t shown = std::clamp<std::uint64_t>(dim.shown(), 1, most_shown + 1);
    count = std::min(count * shown, most_shown + 1);
  }
  return count;
}

class Printer {
 public:
  Printer(const std::vector<Edges>& edges, const std::vector<std::string>& values, std::size_t width)
      : edges_(edges), values_(values), width_(width) {
    for (const std::string& value : values)
      widest_ = std::max(widest_, value.size());
  }

  std::string print() && {
    block(0);
    return std::move(text_);
  }

 private:
  void block(std::size_t dim) {
    if (dim == edges_.size()) {
      element();
      return;
    }
    const Edges& edges = edges_[dim];
    const bool row = dim + 1 == edges_.size();
    text_ += '[';
    ++column_;
    for (std::uint64_t i = 0; i < edges.shown(); ++i) {
      if (i > 0) separate(dim, row);
      if (!edges.all() && i == edges.head) {
        omission();
        separate(dim, row);
      }
      block(dim + 1);
    }
    if (!edges.all() && edges.tail == 0) {
      separate(dim, row);
      omission();
    }
    text_ += ']';
    ++column_;
  }

  // Between elements a space, wrapped when the line is full; between rows a line, between larger blocks empty ones.
  void separate(std::size_t dim, bool row) {
    if (row && column_ + 1 + widest_ + 1 <= width_) {
      text_ += ' ';
      ++column_;
      return;
    }
    text_.append(row ? 1 : edges_.size() - 1 - dim, '\n');
    text_.append(dim + 1, ' ');
    column_ = dim + 1;
  }

  void element() {
    const std::string& value = values_[next_++];
    text_.append(edges_.empty() ? 0 : widest_ - value.size(), ' ');
    text_ += value;
    column_ += widest_;
  }

  void omission() {
    text_ += "...";
    column_ += 3;
  }

  const std::vector<Edges>& edges_;
  const std::vector<std::string>& values_;
  std::size_t width_;
  std::size_t widest_ = 0;
  std::size_t next_ = 0;
  std::size_t column_ = 0;
  std::string text_;
};

}  // namespace

std::vector<Edges> edges_of(std::span<const std::uint64_t> shape) {
  std::vector<Edges> edges;
  for (const std::uint64_t size : shape)
    edges.push_back({.size = size, .head = size, .tail = 0});
  if (shown_count(edges) <= numpy_threshold) return edges;

  struct Kept {
    std::uint64_t head, tail;
  };
  for (const Kept kept : std::array<Kept, 4>{{{3, 3}, {2, 2}, {1, 1}, {1, 0}}}) {
    for (Edges& dim : edges) {
      dim.head = kept.head;
      dim.tail = kept.tail;
    }
    if (shown_count(edges) <= most_shown) break;
  }
  return edges;
}

std::string brackets(const std::vector<Edges>& edges, const std::vector<std::string>& values, std::size_t width) {
  return Printer(edges, values, width).print();
}

}  // namespace hoist::tool
