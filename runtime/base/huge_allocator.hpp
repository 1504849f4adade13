// Large arrays in huge pages: a first touch every 2 MiB instead of every 4 KiB. Touching fresh memory is what
// opening a file with a million tensors spends a third of its time on.
#pragma once

#include <cstddef>
#include <new>

namespace hoist::base {

// For memory of 4 MiB and more that was not touched yet, and only the whole huge pages in it: none is taken for a few
// bytes at an end. A hint.
void ask_for_huge_pages(void* memory, std::size_t bytes) noexcept;

// By operator new, with huge pages asked for. Throws std::bad_alloc.
void* allocate_large(std::size_t bytes);
void free_large(void* memory) noexcept;

template <class T>
struct HugeAllocator {
  using value_type = T;

  HugeAllocator() = default;
  template <class U>
  HugeAllocator(const HugeAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(allocate_large(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t) noexcept { free_large(memory); }

  friend bool operator==(const HugeAllocator&, const HugeAllocator&) noexcept { return true; }
};

}  // namespace hoist::base
