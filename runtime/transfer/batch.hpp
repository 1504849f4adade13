// Jobs that were started together, one for each device, and the order in which their pieces are read.
#pragma once

#include <algorithm>

#include "transfer/job.hpp"
#include "transfer/schedule.hpp"

namespace hoist::transfer {

// Under the pipeline's lock, but for the schedule, which never changes.
struct Batch {
  Schedule schedule{};        // the pieces themselves are the jobs'
  std::vector<Job*> jobs{};   // by plan; null: ended
  std::uint32_t next = 0;     // step to read
  std::uint32_t slots = 0;    // that it holds
  std::uint32_t reading = 0;  // steps that are being read into one
  bool began = false;         // has held a slot

  std::span<const Delivery> deliveries_of(std::uint32_t step) const {
    return schedule.deliveries_of(schedule.steps[step]);
  }

  // The job, as long as it wants what is delivered to it, or null.
  Job* taker(const Delivery& delivery) const {
    Job* const job = jobs[delivery.plan];
    return job && !job->flow.error ? job : nullptr;
  }

  // Passes over steps that no job wants any more. False: that was all.
  bool skip_unwanted() {
    for (; next < schedule.steps.size(); ++next) {
      const auto deliveries = deliveries_of(next);
      if (std::ranges::any_of(deliveries, [this](const Delivery& delivery) { return taker(delivery) != nullptr; }))
        return true;
    }
    return false;
  }

  // Of the next step, which some job wants.
  const Delivery& next_delivery() const {
    return *std::ranges::find_if(deliveries_of(next),
                                 [this](const Delivery& delivery) { return taker(delivery) != nullptr; });
  }

  // Whether the next step goes through the ring.
  bool next_is_staged() const {
    return schedule.steps[next].delivery_count > 1 || taker(next_delivery())->needs_the_ring();
  }
};

}  // namespace hoist::transfer
