// Where device memory comes from: cudaMalloc, a pool of the caller's, or the caller's allocator.
#pragma once

#include "cuda/context.hpp"
#include "hoist/cuda.hpp"

namespace hoist::cuda {

// Thread-safe. A pool gives memory in the order of a stream, so what copies into it must wait for that stream: see
// order().
class DeviceMemory {
 public:
  static Result<std::unique_ptr<DeviceMemory>> make(std::shared_ptr<Context> context, CudaOptions options);
  ~DeviceMemory();

  Result<void*> allocate(std::uint64_t bytes);
  void free(void* address, std::uint64_t bytes) noexcept;

  // Makes `stream` wait for what was allocated so far. `seen` is the caller's own, 0 at first: what it waited for
  // before. With the context current.
  Result<void> order(cudaStream_t stream, std::uint64_t& seen);

 private:
  DeviceMemory(std::shared_ptr<Context> context, CudaOptions options)
      : context_(std::move(context)), options_(std::move(options)) {}

  Result<void> make_stream();
  Result<void*> allocate_from_pool(std::uint64_t bytes);

  const std::shared_ptr<Context> context_;
  const CudaOptions options_;
  cudaStream_t stream_ = nullptr;  // of the pool's memory; null where there is no pool
  cudaEvent_t allocated_ = nullptr;
  std::atomic<std::uint64_t> allocations_ = 0;  // that allocated_ was recorded behind
};

}  // namespace hoist::cuda
