// What several plans take alike.
#pragma once

#include "transfer/plan_state.hpp"

namespace hoist::transfer {

struct Taker {
  std::uint32_t plan = 0;
  std::size_t first_item = 0;
};

// Items that follow each other in each of the plans that take them, of one group there, all or none in the arena.
struct Stretch {
  std::vector<Taker> takers{};  // by rising plan
  std::size_t item_count = 0;
};

// All items of all plans, each plan's in its own order.
std::vector<Stretch> shared_stretches(std::span<const PlanState* const> plans);

}  // namespace hoist::transfer
