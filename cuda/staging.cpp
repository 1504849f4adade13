#include "cuda/staging.hpp"

#include <sys/mman.h>

#include <cerrno>

#include "base/memory.hpp"

namespace hoist::cuda {
namespace {

constexpr std::uint64_t huge_page_bytes = 2U << 20;
constexpr std::uint64_t page_bytes = 4096;

// 0: more than there are addresses.
std::uint64_t mapped_bytes(std::uint64_t bytes) {
  const std::uint64_t unit = bytes >= huge_page_bytes ? huge_page_bytes : page_bytes;
  return bytes > UINT64_MAX - 2 * unit ? 0 : (bytes + unit - 1) / unit * unit;
}

// Registering would touch the pages, too, but one by one.
void touch(std::byte* memory, std::uint64_t bytes) {
  constexpr int populate_write = 23;  // MADV_POPULATE_WRITE, Linux 5.14
  if (madvise(memory, bytes, populate_write) == 0) return;
  for (std::uint64_t offset = 0; offset < bytes; offset += page_bytes)
    const_cast<volatile std::byte&>(memory[offset]) = std::byte{0};
}

}  // namespace

Result<void*> map_pages(std::uint64_t bytes) {
  const std::uint64_t whole = mapped_bytes(bytes);
  if (const std::uint64_t available = base::available_memory_bytes(); whole > available) {
    return base::no_host_memory(bytes, available);
  }
  const std::uint64_t slack = whole >= huge_page_bytes ? huge_page_bytes : 0;  // a part of it, cut off again, aligns
  void* const mapped = whole == 0
                           ? MAP_FAILED
                           : mmap(nullptr, whole + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    return base::system_error(whole == 0 ? ENOMEM : errno, "mmap of " + base::grouped(bytes) + " bytes");
  }
  auto* memory = static_cast<std::byte*>(mapped);
  if (slack != 0) {
    const std::uint64_t over = reinterpret_cast<std::uintptr_t>(memory) % huge_page_bytes;
    const std::uint64_t before = over == 0 ? 0 : huge_page_bytes - over;
    if (before != 0) munmap(memory, before);
    memory += before;
    if (before != slack) munmap(memory + whole, slack - before);
    (void)madvise(memory, whole, MADV_HUGEPAGE);
  }
  touch(memory, whole);
  return memory;
}

void unmap_pages(void* address, std::uint64_t bytes) noexcept { munmap(address, mapped_bytes(bytes)); }

Result<void*> map_pinned(Context& context, std::uint64_t bytes) {
  auto address = map_pages(bytes);
  if (!address) return address;
  auto pinned = context.run([&]() -> Result<void> {
    return context.check(cudaHostRegister(*address, mapped_bytes(bytes), cudaHostRegisterPortable),
                         "cudaHostRegister of " + base::grouped(bytes) + " bytes");
  });
  if (pinned) return address;
  unmap_pages(*address, bytes);
  return std::move(pinned).error();
}

void unmap_pinned(Context& context, void* address, std::uint64_t bytes) noexcept {
  context.release([&] { context.ignore(cudaHostUnregister(address)); });
  unmap_pages(address, bytes);
}

}  // namespace hoist::cuda
