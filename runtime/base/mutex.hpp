// std::mutex with the annotations that let clang's -Wthread-safety check which lock guards what.
#pragma once

#include <mutex>

#if defined(__clang__)
#define HOIST_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define HOIST_THREAD_ATTRIBUTE(x)
#endif

#define HOIST_GUARDED_BY(mutex) HOIST_THREAD_ATTRIBUTE(guarded_by(mutex))
#define HOIST_REQUIRES(mutex) HOIST_THREAD_ATTRIBUTE(requires_capability(mutex))

namespace hoist::base {

class HOIST_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() HOIST_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() HOIST_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class HOIST_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) HOIST_THREAD_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() HOIST_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace hoist::base
