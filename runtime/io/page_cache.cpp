#include "io/page_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

namespace hoist::io {
namespace {

// include/uapi/linux/mman.h of Linux 6.5; the system's own headers may be older.
constexpr long cachestat_call = 451;
struct CachestatRange {
  std::uint64_t offset, bytes;
};
struct Cachestat {
  std::uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

std::uint64_t page_bytes() { return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)); }

std::uint64_t pages_of(std::uint64_t offset, std::uint64_t bytes) {
  const std::uint64_t page = page_bytes();
  return bytes == 0 ? 0 : (offset + bytes - 1) / page - offset / page + 1;
}

void add(std::vector<Stretch>& stretches, std::uint64_t offset, std::uint64_t bytes) {
  if (!stretches.empty() && stretches.back().offset + stretches.back().bytes == offset) stretches.back().bytes += bytes;
  else stretches.push_back({offset, bytes});
}

// In whole units, so that the number of calls has a bound; halves what is cached in part. False: the kernel says
// nothing.
constexpr std::uint64_t unit_bytes = 64U << 10;
bool collect_not_cached(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes, std::vector<Stretch>& into) {
  const auto cached = cached_pages(file, offset, bytes);
  if (!cached) return false;
  if (*cached == 0) return add(into, offset, bytes), true;
  if (*cached == pages_of(offset, bytes) || bytes <= unit_bytes) return true;
  const std::uint64_t half = (bytes / unit_bytes + 1) / 2 * unit_bytes;
  return collect_not_cached(file, offset, half, into) && collect_not_cached(file, offset + half, bytes - half, into);
}

}  // namespace

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

std::optional<std::uint64_t> cached_pages(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes) noexcept {
  CachestatRange range{offset, bytes};
  Cachestat stat{};
  if (bytes == 0) return 0;  // which cachestat would take for all of the file
  if (syscall(cachestat_call, file.get(), &range, &stat, 0) != 0) return std::nullopt;
  return stat.cached;
}

bool is_cached(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes) noexcept {
  if (const auto cached = cached_pages(file, offset, bytes)) return *cached >= pages_of(offset, bytes);
  // One byte: asking for all of them would start to read them ahead.
  std::byte byte{};
  const iovec vector{&byte, 1};
  return preadv2(file.get(), &vector, 1, static_cast<off_t>(offset + bytes / 2), RWF_NOWAIT) == 1;
}

std::optional<std::vector<Stretch>> not_cached(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes) {
  std::vector<Stretch> found;
  if (bytes == 0) return found;
  const std::uint64_t begin = offset / unit_bytes * unit_bytes;
  const std::uint64_t end = (offset + bytes + page_bytes() - 1) / page_bytes() * page_bytes();
  if (!collect_not_cached(file, begin, end - begin, found)) return std::nullopt;
  return found;
}

}  // namespace hoist::io
