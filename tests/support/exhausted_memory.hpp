// Memory that runs out at the Nth allocation, on whichever thread. For a program of its own, of one file, since it
// replaces operator new.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace hoist::test {

inline std::atomic<long> allocations_left = -1;  // negative: no end

}  // namespace hoist::test

// GCC 12 sees the pair below as a mismatch once it has inlined one of them.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  auto& left = hoist::test::allocations_left;
  if (left.load() >= 0 && left.fetch_sub(1) == 0) return nullptr;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace hoist::test {

// Calls `body`, which says whether it went well, with one failing allocation further back each time, until none
// fails. What is thrown must be bad_alloc: a test's own copies may meet the failure too.
template <class Body>
long sweep_allocations(const Body& body) {
  for (long n = 0; n < 20'000; ++n) {
    allocations_left = n;
    bool good = false;
    try {
      good = body();
    } catch (const std::bad_alloc&) {
    }
    const bool untouched = allocations_left >= 0;
    allocations_left = -1;
    if (untouched) return good ? n : -1;
  }
  return -1;
}

}  // namespace hoist::test
