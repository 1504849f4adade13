// One device's primary context: what every CUDA call of ours is made in and what checks its answer. Thread-safe.
//
// A device that gave a sticky error is lost: from then on nothing is called any more, run() says device_lost, and what
// is let go of is left to the driver.
#pragma once

#include <cuda.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "cuda/cuda_error.hpp"

namespace hoist::cuda {

class Context {
 public:
  // device_unavailable, with the reason.
  static Result<std::shared_ptr<Context>> make(int ordinal);

  const std::string& name() const noexcept { return name_; }  // "cuda:0 NVIDIA H200"

  // Runs `body`, which gives a Result and calls CUDA, with this context current on the calling thread.
  auto run(auto&& body) -> decltype(body());
  // The same for what is let go of: not at all where the device is lost, and nobody is told.
  void release(auto&& body) noexcept;

  // The answer of a call. An error does not stay behind as the thread's last one, where the caller would find it.
  Result<void> check(cudaError_t status, std::string_view call);
  void ignore(cudaError_t status) noexcept;
  bool not_ready(cudaError_t status) noexcept;  // a state, not an error

  bool lost() const noexcept { return lost_ != cudaSuccess; }
  void lose(cudaError_t status) noexcept;

 private:
  // The driver's own calls, since cudaSetDevice can't give a thread back that it had no device: it would make it one,
  // with a context of some 500 MB on the first GPU for every process of a node.
  struct Driver {
    decltype(&cuCtxGetCurrent) get = nullptr;
    decltype(&cuCtxSetCurrent) set = nullptr;
  };

  // Makes the context current, and gives the thread back the one that it had.
  class Current {
   public:
    explicit Current(Context& context) noexcept;
    ~Current();
    Current(const Current&) = delete;
    Current& operator=(const Current&) = delete;
    explicit operator bool() const noexcept { return ready_; }

   private:
    const Context& context_;
    CUcontext before_ = nullptr;
    bool ready_ = false;
  };

  Context(Driver driver, CUcontext primary, std::string name)
      : driver_(driver), primary_(primary), name_(std::move(name)) {}

  static Result<std::shared_ptr<Context>> make_here(int ordinal);
  static Result<Driver> find_driver();
  Error lost_error() const;

  const Driver driver_;
  const CUcontext primary_;
  const std::string name_;
  std::atomic<cudaError_t> lost_ = cudaSuccess;
};

auto Context::run(auto&& body) -> decltype(body()) {
  const Current current(*this);
  return base::catching_bad_alloc([&]() -> decltype(body()) {
    if (!current) return lost_error();
    return body();
  });
}

void Context::release(auto&& body) noexcept {
  const Current current(*this);
  if (current) body();
}

}  // namespace hoist::cuda
