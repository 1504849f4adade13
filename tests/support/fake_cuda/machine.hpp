// What the fake runtime knows: streams with their commands, memory, events, and each thread's view. Behind one lock.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "support/fake_cuda/fake_cuda.hpp"

namespace hoist::test::fake_cuda {

constexpr std::uint64_t device_bytes = 1U << 30;  // of each

using Lock = std::unique_lock<std::mutex>;

// The code under test did what CUDA leaves undefined; going on would hide where.
[[noreturn]] void broken(const char* rule);

// Device memory: the address that it is told by is unreadable to the host, `view` is where the device reaches it.
struct Region {
  enum class State { promised, there, freed };  // promised: in the order of a stream
  std::uint64_t bytes = 0;
  std::byte* view = nullptr;
  int device = 0;
  State state = State::there;
};

struct Stream;

// A place in a stream: done when so many of its commands are.
struct Point {
  std::shared_ptr<Stream> stream;  // null: never recorded
  std::uint64_t number = 0;
};

struct Command {
  std::function<void()> act{};             // when it is its turn
  Point waits_for{};                       // first
  std::shared_ptr<const bool> released{};  // and until this is true
  const void* host = nullptr;              // page-locked memory that it uses
  std::uint64_t host_bytes = 0;
};

struct Stream {
  int device = 0;
  bool blocking = false;  // with the legacy default stream
  std::deque<Command> commands;
  std::uint64_t pushed = 0;
  std::uint64_t done = 0;
};

struct Event {
  int device = 0;
  Point recorded{};
  int asked = 0;  // since it was recorded
};

struct Pool {
  int device = 0;
};

// Page-locked host memory.
struct Registration {
  static constexpr int every_device = -1;
  std::uint64_t bytes = 0;
  int device = every_device;  // that copies from it as from page-locked memory
};

struct Machine {
  std::mutex mutex;
  std::condition_variable changed;
  Setup setup;
  std::uint64_t generation = 0;
  std::uint64_t calls = 0, fail_call = 0, calls_after_loss = 0, events_made = 0, pageable_copies = 0;
  cudaError_t fail_error = cudaSuccess, sticky = cudaSuccess, named_error = cudaSuccess;
  std::string named_call;
  std::thread::id freeing{};  // a thread in cudaFree: the others' calls wait
  std::map<std::uintptr_t, Region> regions;
  std::map<std::uintptr_t, Registration> registrations;
  std::map<cudaStream_t, std::shared_ptr<Stream>> streams;  // that have a handle
  std::vector<std::shared_ptr<Stream>> all_streams;
  std::map<cudaEvent_t, Event> events;
  std::map<int, std::shared_ptr<Stream>> legacy;
  std::map<std::pair<int, std::thread::id>, std::shared_ptr<Stream>> per_thread;
  std::set<int> contexts;
  std::set<unsigned> stream_flags, event_flags;
  std::uintptr_t next_handle = 0x1000;

  // The stream behind a handle, a default one too; null: there is none.
  std::shared_ptr<Stream> find(cudaStream_t handle);
  std::shared_ptr<Stream> add_stream(int device, bool blocking);
  void push(const std::shared_ptr<Stream>& stream, Command command);

  // Does what is queued up to the point, as far as it must be done. False: held up, by work that is not finished (where
  // that may not be waited for) or since the device is lost.
  bool run_to(Lock& lock, const Point& point, bool may_wait);
  bool drain(Lock& lock, int device);

  // The region around the bytes; null: none.
  Region* region(const void* address, std::uint64_t bytes);
  std::byte* view(const void* address, std::uint64_t bytes);  // where a command acts: must be there
  std::uint64_t used_bytes(int device) const;
  bool registered(const void* address, std::uint64_t bytes, int device) const;
};

Machine& machine();

// What each thread has: the driver's context, the device that the runtime makes one on where there is none, and the
// last error.
struct Thread {
  std::uint64_t generation = 0;
  int context = -1;  // none is current
  int device = 0;    // of the last cudaSetDevice, whatever became of the context since
  cudaError_t last_error = cudaSuccess;
};
Thread& this_thread();

// The device of the current context; makes one, as the runtime does.
int current_device();

}  // namespace hoist::test::fake_cuda
