// Jobs that were started together, one for each device, and the order in which their pieces are read.
#pragma once

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

  // The first delivery of a step that a job wants, or null.
  const Delivery* wanted(std::uint32_t step) const {
    for (const Delivery& delivery : deliveries_of(step)) {
      if (taker(delivery)) return &delivery;
    }
    return nullptr;
  }

  // Passes over steps that no job wants any more. False: that was all.
  bool skip_unwanted() {
    while (next < schedule.steps.size() && !wanted(next))
      ++next;
    return next < schedule.steps.size();
  }

  // Whether the next step, which some job wants, goes through the ring.
  bool next_is_staged() const {
    return schedule.steps[next].delivery_count > 1 || taker(*wanted(next))->needs_the_ring();
  }
};

}  // namespace hoist::transfer
