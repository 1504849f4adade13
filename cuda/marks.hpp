// The marks of one stream, each an event behind what was queued before it. Thread-safe; the context is current.
//
// An event stands behind its mark until that is reached and no thread uses it: recorded again any sooner, it would tell
// of other work.
#pragma once

#include <deque>

#include "cuda/events.hpp"
#include "device/backend.hpp"

namespace hoist::cuda {

class Marks {
 public:
  using Mark = device::Mark;

  Marks(Context& context, Events& events) : context_(context), events_(events) {}

  Result<Mark> add(cudaStream_t stream);
  Result<Mark> reached();
  Result<void> wait(Mark mark);
  Result<void> make_wait(cudaStream_t stream, Mark mark);

 private:
  struct Marked {
    Event event;
    std::uint32_t users = 0;
  };

  Result<void> make_room();
  cudaEvent_t hold(Mark mark);  // null: it is reached
  cudaEvent_t hold_locked(Mark mark) HOIST_REQUIRES(mutex_);
  void let_go(Mark mark, bool is_reached);
  Marked& at(Mark mark) HOIST_REQUIRES(mutex_) { return marked_[mark - oldest()]; }
  Mark oldest() const HOIST_REQUIRES(mutex_) { return issued_ - marked_.size() + 1; }

  Context& context_;
  Events& events_;
  base::Mutex in_order_;  // while an event is recorded: a mark is a number and a place in the stream, and both rise
  base::Mutex mutex_;
  std::deque<Marked> marked_ HOIST_GUARDED_BY(mutex_);  // up to issued_, the oldest first
  Mark issued_ HOIST_GUARDED_BY(mutex_) = 0;
  Mark reached_ HOIST_GUARDED_BY(mutex_) = 0;
};

}  // namespace hoist::cuda
