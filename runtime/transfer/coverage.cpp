#include "transfer/coverage.hpp"

#include <algorithm>
#include <optional>

namespace hoist::transfer {
namespace {

using Box = Coverage::Box;

std::size_t rank(const Box& box) { return box.begin.size(); }

bool empty(const Box& box) {
  for (std::size_t i = 0; i < rank(box); ++i) {
    if (box.begin[i] == box.end[i]) return true;
  }
  return false;
}

bool overlap(const Box& a, const Box& b) {
  for (std::size_t i = 0; i < rank(a); ++i) {
    if (a.end[i] <= b.begin[i] || b.end[i] <= a.begin[i]) return false;
  }
  return true;
}

// The dimension along which they touch, where they are alike in all others.
std::optional<std::size_t> joint(const Box& a, const Box& b) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < rank(a); ++i) {
    if (a.begin[i] == b.begin[i] && a.end[i] == b.end[i]) continue;
    if (found || (a.end[i] != b.begin[i] && b.end[i] != a.begin[i])) return std::nullopt;
    found = i;
  }
  return found;
}

}  // namespace

bool Coverage::add(Box box) {
  if (empty(box)) return true;
  if (std::ranges::any_of(boxes_, [&](const Box& other) { return overlap(box, other); })) return false;
  for (auto neighbour = boxes_.begin(); neighbour != boxes_.end();) {
    const auto dim = joint(box, *neighbour);
    if (!dim) {
      ++neighbour;
      continue;
    }
    box.begin[*dim] = std::min(box.begin[*dim], neighbour->begin[*dim]);
    box.end[*dim] = std::max(box.end[*dim], neighbour->end[*dim]);
    std::swap(*neighbour, boxes_.back());
    boxes_.pop_back();
    neighbour = boxes_.begin();  // larger now: it may touch others
  }
  boxes_.push_back(std::move(box));
  return true;
}

bool Coverage::covers(std::span<const std::uint64_t> shape) const {
  // Disjoint boxes inside the shape: as many elements are all elements.
  const auto count = [](const auto& size_of, std::size_t rank) {
    std::uint64_t product = 1;
    for (std::size_t i = 0; i < rank; ++i)
      product *= size_of(i);
    return product;
  };
  std::uint64_t covered = 0;
  for (const Box& box : boxes_)
    covered += count([&](std::size_t i) { return box.end[i] - box.begin[i]; }, rank(box));
  return covered == count([&](std::size_t i) { return shape[i]; }, shape.size());
}

}  // namespace hoist::transfer
