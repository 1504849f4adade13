// CUDA devices, and how transfers meet the caller's CUDA streams. Includes no CUDA header.
//
// make_cuda_device is defined in the target hoist::cuda, everything else here in hoist::hoist. No call leaves the
// calling thread with another current device than it had, or with an error for cudaGetLastError. Once a device has
// given an error that can't be cleared, all that was made with it says device_lost, and its memory is left to the
// driver.
//
// While a stream is captured into a CUDA graph, neither load nor make these calls: nothing here takes part in captures,
// and an unsafe call from any thread ends one.
//
// A stream is used inside the call that it is given to, on the calling thread, and never kept. A null stream is
// refused: pass cudaStreamLegacy or cudaStreamPerThread for the default ones, which are those of the device that the
// tensors are on. wrong_device: a null stream, one of another device where CUDA says so, or a transfer that does not go
// to a device with streams.
#pragma once

#include <functional>

#include "hoist/loader.hpp"

struct CUstream_st;         // *cudaStream_t
struct CUmemPoolHandle_st;  // *cudaMemPool_t

namespace hoist {

// Where device memory comes from, if not from cudaMalloc: one or the other.
struct CudaOptions {
  // A pool of this device, which must outlive everything that was made with the device.
  CUmemPoolHandle_st* pool = nullptr;
  // An allocator, called from any thread: 256-byte aligned memory that can be used at once, or null. It throws nothing
  // but std::bad_alloc. `free` is called after hoist's own copies are done, not the caller's streams: see
  // release_after; never for a device that is lost.
  std::function<void*(std::uint64_t bytes)> allocate{};
  std::function<void(void* address, std::uint64_t bytes)> free{};
};

// device_unavailable, with the reason, where there is no such GPU or no driver. Makes the device's primary context.
HOIST_API Result<Device> make_cuda_device(int ordinal, CudaOptions = {});

// A load whose copies follow what the stream already holds: for reloading weights in place that kernels may still read.
HOIST_API Result<Transfer> start_after(CUstream_st* stream, Loader& loader, const Plan& plan, LoadOptions = {});

// What `stream` is given from now on waits for everything, a group, or a tensor. The caller waits only until its last
// copy was submitted; with try_ not even that, the error is not_submitted instead. After a failure or a cancel, its
// error, and the stream is left alone. missing_tensor.
HOIST_API Result<void> enqueue_wait(const Transfer& transfer, CUstream_st* stream);
HOIST_API Result<void> enqueue_wait(const Transfer& transfer, Plan::Group group, CUstream_st* stream);
HOIST_API Result<void> enqueue_wait(const Transfer& transfer, std::string_view name, CUstream_st* stream);
HOIST_API Result<void> try_enqueue_wait(const Transfer& transfer, CUstream_st* stream);
HOIST_API Result<void> try_enqueue_wait(const Transfer& transfer, Plan::Group group, CUstream_st* stream);
HOIST_API Result<void> try_enqueue_wait(const Transfer& transfer, std::string_view name, CUstream_st* stream);

// Frees the memory once the stream has done what it holds now; the caller waits for that. Emptied on success only; a
// transfer that is still under way is cancelled then.
HOIST_API Result<void> release_after(LoadedTensors& tensors, CUstream_st* stream);
HOIST_API Result<void> release_after(Transfer& transfer, CUstream_st* stream);

}  // namespace hoist
