// A CUDA runtime without a GPU, linked in place of the real one: two devices on which nothing happens before somebody
// must have seen it. What a test may ask of it, and of CUDA's headers; fake_cuda_test.cpp shows each of its rules.
//
// A rule that CUDA leaves undefined when it is broken (freed memory that is still copied into, a page-locked source
// that goes before its copy is made, a file mapping) ends the test with a message.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace hoist::test::fake_cuda {

// A machine as new, for one test; what the one before left behind is forgotten.
struct Setup {
  int devices = 2;
  int driver_version = CUDART_VERSION;        // 0: none is installed
  std::uint64_t max_registered = UINT64_MAX;  // bytes that may be page-locked at once
};
void reset(Setup setup = {});

struct Alive {
  int allocations = 0;
  int events = 0;
  int streams = 0;  // but for the default ones
  int registrations = 0;
  friend bool operator==(const Alive&, const Alive&) = default;
};
Alive alive();

// Calls that can fail, from 1 on since reset(), over all threads: number `call` gives this error. A call that makes
// something has made nothing then; one that frees has freed. An error that CUDA can't clear loses the device.
void fail_at(std::uint64_t call, cudaError_t error);
std::uint64_t calls();
bool failed();                                            // it came to that
void fail_calls_of(std::string name, cudaError_t error);  // every call of one function; "" none

// As a kernel's fault does: every call from now on gives this error, and nothing goes on.
void lose(cudaError_t sticky);
std::uint64_t calls_after_loss();  // but for the driver's, which give a thread its context back

// Work of the caller's on a stream, not done before it is let go.
class Work {
 public:
  Work() : state_(std::make_shared<bool>(false)) {}
  void finish();

 private:
  friend Work add_work(cudaStream_t stream);
  std::shared_ptr<bool> state_;
};
Work add_work(cudaStream_t stream);

bool idle(cudaStream_t stream);                                 // nothing is left to do; does nothing about it
std::string contents(const void* device, std::uint64_t bytes);  // of device memory now; freed memory is all 0xDD
int device_of(const void* device);                              // -1: not allocated
void take_context();                                            // from this thread, as cuCtxSetCurrent with none does
std::set<int> contexts();                                       // devices that have one
std::set<unsigned> stream_flags();                              // that streams were made with
std::set<unsigned> event_flags();
std::uint64_t events_made();
std::uint64_t pageable_copies();  // from or to memory not page-locked for the device

}  // namespace hoist::test::fake_cuda
