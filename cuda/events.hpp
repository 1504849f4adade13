// CUDA events, made when they are first needed and kept for their next use.
#pragma once

#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "cuda/context.hpp"

namespace hoist::cuda {

class Events;

// An event while it is in use; then it goes back. One that was not recorded since it was taken must not be waited for:
// to CUDA, that is no wait.
class Event {
 public:
  Event(Events& from, cudaEvent_t event) noexcept : from_(&from), event_(event) {}
  Event(Event&& other) noexcept : from_(other.from_), event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&&) = delete;
  ~Event();

  cudaEvent_t get() const noexcept { return event_; }

 private:
  Events* from_;
  cudaEvent_t event_;
};

// Thread-safe. Every event must be back before it ends.
class Events {
 public:
  explicit Events(Context& context) : context_(context) {}
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events();

  // Without timing, and a thread that waits for it sleeps. With the context current.
  Result<Event> take();

 private:
  friend class Event;
  void give_back(cudaEvent_t event) noexcept;

  Context& context_;
  base::Mutex mutex_;
  std::vector<cudaEvent_t> spare_ HOIST_GUARDED_BY(mutex_);
  std::size_t made_ HOIST_GUARDED_BY(mutex_) = 0;
};

}  // namespace hoist::cuda
