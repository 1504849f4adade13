// What memory the machine has left.
#pragma once

#include <cstdint>

#include "hoist/export.hpp"

namespace hoist::base {

// What the kernel reckons could be had without swapping. The kernel promises more, and ends the process that takes it
// at its word: ask before taking much. Where it does not say, all there could be.
HOIST_API std::uint64_t available_memory_bytes() noexcept;

}  // namespace hoist::base
