#include "io/page_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace hoist::io {

void will_need(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes) noexcept {
  (void)posix_fadvise(file.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_WILLNEED);
}

void evict(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes,
           std::span<const std::byte> mapped) noexcept {
  if (!mapped.empty()) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<std::uintptr_t>(mapped.data()) + page - 1) / page * page;
    const auto end = (reinterpret_cast<std::uintptr_t>(mapped.data()) + mapped.size()) / page * page;
    if (begin < end) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  (void)posix_fadvise(file.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);
}

}  // namespace hoist::io
