#include "base/huge_allocator.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace hoist::base {
namespace {

constexpr std::size_t huge_page_bytes = 2U << 20;
constexpr std::size_t min_bytes = 2 * huge_page_bytes;

}  // namespace

void ask_for_huge_pages(void* memory, std::size_t bytes) noexcept {
  if (bytes < min_bytes) return;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory), end = begin + bytes;
  const auto first = (begin + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
  const auto whole = (end - first) / huge_page_bytes * huge_page_bytes;
  (void)madvise(reinterpret_cast<void*>(first), whole, MADV_HUGEPAGE);
}

void* allocate_large(std::size_t bytes) {
  void* const memory = ::operator new(bytes);
  ask_for_huge_pages(memory, bytes);
  return memory;
}

void free_large(void* memory) noexcept { ::operator delete(memory); }

}  // namespace hoist::base
