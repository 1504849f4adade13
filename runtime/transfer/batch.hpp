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

  struct Taker {
    Job* job = nullptr;
    std::uint32_t piece = 0;
  };
  // The first job that wants the next step. Passes over steps that none wants any more; nothing: that was all.
  std::optional<Taker> next_taker() {
    for (; next < schedule.steps.size(); ++next) {
      for (const Delivery& delivery : deliveries_of(next)) {
        if (Job* const job = taker(delivery)) return Taker{.job = job, .piece = delivery.piece};
      }
    }
    return std::nullopt;
  }
};

}  // namespace hoist::transfer
