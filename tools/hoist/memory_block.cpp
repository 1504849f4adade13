#include "memory_block.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "text.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

constexpr std::size_t huge_page = 2 << 20;
constexpr std::size_t small_page = 4096;
constexpr std::size_t fault_bytes = 64 << 20;  // that one call of the kernel, or one thread, makes ready

// Linux promises memory that it does not have, and later kills who uses it: ask first. Unknown counts as plenty.
std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

Error no_memory(std::size_t bytes, int number) {
  return {.code = Errc::out_of_memory,
          .message = fmt::format("{} are needed, more than the memory that is available; select less or a shard",
                                 human_bytes(bytes)),
          .system_code = number};
}

}  // namespace

Result<MemoryBlock> MemoryBlock::allocate(std::size_t bytes, unsigned threads) {
  if (bytes > available_memory()) return no_memory(bytes, 0);
  // Room to begin at a huge page, else the first 2 MiB would be small ones.
  const std::size_t size = std::max<std::size_t>((bytes + huge_page - 1) / huge_page * huge_page, huge_page);
  const std::size_t reserved = size + huge_page;
  void* start = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return no_memory(bytes, errno);
  auto* first = static_cast<std::byte*>(start);
  const std::size_t before = (huge_page - reinterpret_cast<std::uintptr_t>(first) % huge_page) % huge_page;
  if (before > 0) munmap(first, before);
  munmap(first + before + size, huge_page - before);
  MemoryBlock block(first + before, size);
  madvise(block.data_, block.size_, MADV_HUGEPAGE);  // a hint; without it the block only is slower
  block.fault_in(threads);
  return block;
}

MemoryBlock::MemoryBlock(MemoryBlock&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MemoryBlock::~MemoryBlock() {
  if (data_) munmap(data_, size_);
}

void MemoryBlock::fault_in(unsigned threads) const {
  const std::size_t parts = (size_ + fault_bytes - 1) / fault_bytes;
  for_each_index(parts, threads, [this](std::size_t i) -> Result<void> {
    std::byte* part = data_ + i * fault_bytes;
    const std::size_t size = std::min(fault_bytes, size_ - i * fault_bytes);
    if (madvise(part, size, MADV_POPULATE_WRITE) == 0) return {};
    for (std::size_t at = 0; at < size; at += small_page)  // before Linux 5.14
      *static_cast<volatile std::byte*>(part + at) = std::byte{0};
    return {};
  }).value();
}

}  // namespace hoist::tool
