// How transfers meet the caller's CUDA streams. Includes no CUDA header.
//
// A stream is used inside the call that it is given to, on the calling thread, and never kept. A null stream is
// refused: pass cudaStreamLegacy or cudaStreamPerThread for the default ones. wrong_device: a null stream, or a
// transfer that does not go to a device with streams.
#pragma once

#include "hoist/loader.hpp"

struct CUstream_st;  // *cudaStream_t

namespace hoist {

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
