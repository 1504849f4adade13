// In which order the pieces of plans that are started together are read, and which of them one read serves.
#pragma once

#include "transfer/pieces.hpp"

namespace hoist::transfer {

// A piece of one of the plans.
struct Delivery {
  std::uint32_t plan = 0;
  std::uint32_t piece = 0;
};

// Deliveries of one and the same image of a slot.
struct Step {
  std::uint32_t first_delivery = 0;
  std::uint32_t delivery_count = 0;
};

struct Schedule {
  std::vector<Pieces> pieces{};  // of each plan
  std::vector<Delivery> deliveries{};
  std::vector<Step> steps{};  // in the order in which they are read: each plan's pieces in its own order

  std::span<const Delivery> deliveries_of(const Step& step) const {
    return std::span(deliveries).subspan(step.first_delivery, step.delivery_count);
  }
};

// Tensors, or equal slices of them, that several plans take are read once where the plans have them in the same order.
// In between, the plan of which the fewest bytes were read comes next.
Schedule schedule(std::span<const PlanState* const> plans);

// What each plan moves; a read that serves several is the first one's.
std::vector<Estimate> estimates(std::span<const PlanState* const> plans);

}  // namespace hoist::transfer
