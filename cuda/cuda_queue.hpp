// Copies on a stream of our own.
#pragma once

#include "cuda/device_memory.hpp"
#include "device/backend.hpp"

namespace hoist::cuda {

// `backend` stays alive as long as the queue does, and with it the other two.
Result<std::unique_ptr<device::Queue>> make_cuda_queue(std::shared_ptr<device::Backend> backend, Context& context,
                                                       DeviceMemory& memory);

}  // namespace hoist::cuda
