#include "cuda/marks.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace hoist::cuda {
namespace {

// A stream that is further behind makes who marks it wait: more than a ring has slots, and so many events at most.
constexpr std::size_t max_marked = 1024;

}  // namespace

Result<device::Mark> Marks::add(cudaStream_t stream) {
  if (auto room = make_room(); !room) return std::move(room).error();
  auto event = events_.take();
  if (!event) return std::move(event).error();
  const base::MutexLock in_order(in_order_);
  auto recorded = context_.check(cudaEventRecord(event->get(), stream), "cudaEventRecord");
  if (!recorded) return std::move(recorded).error();
  const base::MutexLock lock(mutex_);
  marked_.push_back({.event = std::move(event).value()});
  return ++issued_;
}

Result<void> Marks::make_room() {
  Mark first = 0;
  {
    const base::MutexLock lock(mutex_);
    if (marked_.size() < max_marked) return {};
    first = oldest();
  }
  return wait(first);
}

Result<device::Mark> Marks::reached() {
  for (;;) {
    Mark next = 0;
    cudaEvent_t event = nullptr;
    {
      const base::MutexLock lock(mutex_);
      if (reached_ == issued_) return reached_;
      next = reached_ + 1;
      event = hold_locked(next);
    }
    const cudaError_t status = cudaEventQuery(event);
    let_go(next, status == cudaSuccess);
    if (status == cudaSuccess) continue;
    if (!context_.not_ready(status)) return context_.check(status, "cudaEventQuery").error();
    return next - 1;
  }
}

Result<void> Marks::wait(Mark mark) {
  const cudaEvent_t event = hold(mark);
  if (!event) return {};
  const cudaError_t status = cudaEventSynchronize(event);
  let_go(mark, status == cudaSuccess);
  return context_.check(status, "cudaEventSynchronize");
}

Result<void> Marks::make_wait(cudaStream_t stream, Mark mark) {
  const cudaEvent_t event = hold(mark);
  if (!event) return {};
  const cudaError_t status = cudaStreamWaitEvent(stream, event, cudaEventWaitDefault);
  let_go(mark, false);
  return context_.check(status, "cudaStreamWaitEvent");
}

cudaEvent_t Marks::hold(Mark mark) {
  const base::MutexLock lock(mutex_);
  return hold_locked(mark);
}

cudaEvent_t Marks::hold_locked(Mark mark) {
  HOIST_ASSERT(mark <= issued_);
  if (mark <= reached_) return nullptr;
  Marked& marked = at(mark);
  ++marked.users;
  return marked.event.get();
}

void Marks::let_go(Mark mark, bool is_reached) {
  const base::MutexLock lock(mutex_);
  --at(mark).users;
  if (is_reached) reached_ = std::max(reached_, mark);
  while (!marked_.empty() && oldest() <= reached_ && marked_.front().users == 0)
    marked_.pop_front();
}

}  // namespace hoist::cuda
