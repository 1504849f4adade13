// What a call of the CUDA runtime said, as an Error: the one place that translates cudaError_t.
#pragma once

#include <cuda_runtime_api.h>

#include <string_view>

#include "hoist/result.hpp"

namespace hoist::cuda {

// Whether every later call in this process says it too: the device is lost.
bool is_sticky(cudaError_t status) noexcept;

// "cudaMalloc: out of memory (cudaErrorMemoryAllocation)", and the number as its system_code.
Error cuda_error(cudaError_t status, std::string_view call);

}  // namespace hoist::cuda
