#include "cuda/events.hpp"

namespace hoist::cuda {

Event::~Event() {
  if (event_) from_->give_back(event_);
}

Events::~Events() {
  for (const cudaEvent_t event : spare_)
    context_.release([&] { context_.ignore(cudaEventDestroy(event)); });
}

Result<Event> Events::take() {
  {
    const base::MutexLock lock(mutex_);
    if (!spare_.empty()) {
      const cudaEvent_t event = spare_.back();
      spare_.pop_back();
      return Event(*this, event);
    }
    spare_.reserve(++made_);  // so that none is lost on its way back
  }
  cudaEvent_t event = nullptr;
  auto made = context_.check(cudaEventCreateWithFlags(&event, cudaEventBlockingSync | cudaEventDisableTiming),
                             "cudaEventCreateWithFlags");
  if (!made) return std::move(made).error();
  return Event(*this, event);
}

void Events::give_back(cudaEvent_t event) noexcept {
  const base::MutexLock lock(mutex_);
  spare_.push_back(event);
}

}  // namespace hoist::cuda
