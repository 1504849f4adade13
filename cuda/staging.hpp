// Host memory that a device copies from and to: pages of its own, touched, in huge pages where there are any.
#pragma once

#include "cuda/context.hpp"

namespace hoist::cuda {

// out_of_memory.
Result<void*> map_pages(std::uint64_t bytes);
void unmap_pages(void* address, std::uint64_t bytes) noexcept;

// The same, page-locked for every device. What CUDA refuses is an error, and leaves nothing behind.
Result<void*> map_pinned(Context& context, std::uint64_t bytes);
void unmap_pinned(Context& context, void* address, std::uint64_t bytes) noexcept;

}  // namespace hoist::cuda
