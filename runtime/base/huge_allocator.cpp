#include "base/huge_allocator.hpp"

#include <sys/mman.h>

namespace hoist::base {
namespace {

constexpr std::size_t huge_page_bytes = 2U << 20;
constexpr std::size_t min_bytes = 2 * huge_page_bytes;
constexpr std::align_val_t alignment{huge_page_bytes};

}  // namespace

void* allocate_large(std::size_t bytes) {
  if (bytes < min_bytes) return ::operator new(bytes);
  void* const memory = ::operator new(bytes, alignment);
  // Only whole huge pages, so that the last one does not take 2 MiB for a few bytes.
  (void)madvise(memory, bytes / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE);
  return memory;
}

void free_large(void* memory, std::size_t bytes) noexcept {
  if (bytes < min_bytes) ::operator delete(memory);
  else ::operator delete(memory, alignment);
}

}  // namespace hoist::base
