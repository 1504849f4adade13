// What several plans take alike.
#pragma once

#include "transfer/plan_state.hpp"

namespace hoist::transfer {

struct PlanItem {
  std::uint32_t plan = 0;
  std::size_t item = 0;
};

// Items that follow each other in each of the plans that take them, of one group there, all or none in the arena.
struct Stretch {
  std::vector<PlanItem> firsts{};  // where it begins in each, by rising plan
  std::size_t item_count = 0;
};

// All items of all plans, each plan's in its own order. What is the same bytes is one stretch, where no plan has to
// wait for that until another has read much more than it saves.
std::vector<Stretch> shared_stretches(std::span<const PlanState* const> plans);

}  // namespace hoist::transfer
