// A device on which nothing happens by itself: a copy is made when the test steps its queue, from what its source holds
// then. The host can't read its memory. For one test; thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "device/device_access.hpp"

namespace hoist::test {

class DeferredQueue;

class DeferredDevice : public device::Backend {
 public:
  enum class Steps {
    by_the_test,
    when_waited
  };  // when_waited: wait() does what is needed to reach its mark, reached() one step

  explicit DeferredDevice(Steps steps = Steps::by_the_test) : steps_(steps) {}
  ~DeferredDevice() override;

  // The oldest command of a queue or stream, counted in the order in which they were made. False: nothing is queued
  // there, or it waits for another that was not stepped so far.
  bool step(std::size_t queue = 0);
  std::size_t queued(std::size_t queue = 0) const;
  std::size_t queue_count() const;  // made so far

  // A stream such as a caller of the library has, one more in the count of queues; work on it is a step that does
  // nothing.
  device::NativeStream make_stream();
  void add_work(device::NativeStream stream);
  static std::size_t number_of(device::NativeStream stream) { return reinterpret_cast<std::uintptr_t>(stream) - 1; }

  Device handle() { return DeviceAccess::device(shared_from_this()); }

  // What device memory holds now.
  std::string contents(const void* address, std::uint64_t bytes) const;

  Result<DeviceInfo> info() override;
  bool host_can_write() const noexcept override { return false; }
  Result<std::unique_ptr<device::Queue>> make_queue() override;

 protected:
  Result<void*> allocate_bytes(device::Memory memory, std::uint64_t bytes) override;
  void free_bytes(device::Memory memory, void* address, std::uint64_t bytes) noexcept override;

 private:
  friend class DeferredQueue;

  struct Region {
    std::uint64_t bytes = 0;
    std::byte* view = nullptr;  // where the device itself reaches it
  };
  struct Command {
    const void* from = nullptr;
    void* to = nullptr;
    std::uint64_t bytes = 0;
    device::Mark mark = 0;  // or a mark instead of a copy
    // or a wait, until so many commands of another line are done
    std::size_t line = 0;
    std::uint64_t until = 0;
  };
  struct Line {
    std::deque<Command> commands;
    std::uint64_t pushed = 0;
    std::uint64_t done = 0;
    std::vector<std::uint64_t> marks;  // how many commands stood before each
    device::Mark issued = 0;
    device::Mark reached = 0;
  };

  std::size_t add_line();
  void push(std::size_t queue, const void* from, void* to, std::uint64_t bytes);
  device::Mark push_mark(std::size_t queue);
  void drain(std::size_t queue);
  void follow(std::size_t queue, std::size_t stream);
  void make_wait(std::size_t stream, std::size_t queue, device::Mark mark);
  device::Mark reached(std::size_t queue);
  void wait(std::size_t queue, device::Mark mark);
  void push_locked(std::size_t line, const Command& command) HOIST_REQUIRES(mutex_);
  bool step_locked(std::size_t number) HOIST_REQUIRES(mutex_);
  bool step_with_what_it_waits_for(std::size_t line) HOIST_REQUIRES(mutex_);
  std::byte* view_of(const void* address, std::uint64_t bytes) const HOIST_REQUIRES(mutex_);

  const Steps steps_;
  mutable base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::uintptr_t, Region> regions_ HOIST_GUARDED_BY(mutex_);
  std::vector<Line> lines_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::test
