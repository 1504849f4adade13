// The pages of a file in the kernel's cache. Hints fail in silence: nothing depends on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/descriptor.hpp"

namespace hoist::io {

// Asks the kernel to read these bytes of the file ahead.
void will_need(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes) noexcept;

// Lets go of the pages that lie whole inside these bytes of the file. `mapped` are the same bytes in a mapping, or
// empty: a page that is mapped stays in the cache until it is unmapped.
void evict(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes,
           std::span<const std::byte> mapped) noexcept;

struct Stretch {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// How many pages of these bytes are in the cache. Nothing where the kernel does not say: cachestat, Linux 6.5.
std::optional<std::uint64_t> cached_pages(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes) noexcept;

// Whether all of these bytes are in the cache; where the kernel does not say, whether the page in their middle is.
bool is_cached(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes) noexcept;

// What of these bytes is not in the cache, by stretches of 64 KiB, of which none has a page there. Nothing where the
// kernel does not say.
std::optional<std::vector<Stretch>> not_cached(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes);

}  // namespace hoist::io
