// What memory the machine has left.
#pragma once

#include <cstdint>

#include "hoist/result.hpp"

namespace hoist::base {

// What the kernel reckons could be had without swapping. The kernel promises more, and ends the process that takes it
// at its word: ask before taking much. Where it does not say, all there could be.
HOIST_API std::uint64_t available_memory_bytes() noexcept;

// out_of_memory: so much of the host's is needed, and only so much is available.
HOIST_API Error no_host_memory(std::uint64_t bytes, std::uint64_t available);

}  // namespace hoist::base
