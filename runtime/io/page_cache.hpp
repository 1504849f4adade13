// Hints about the pages of a file. They fail in silence: nothing depends on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "io/descriptor.hpp"

namespace hoist::io {

// Asks the kernel to read these bytes of the file ahead.
void will_need(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes) noexcept;

// Lets go of the pages that lie whole inside these bytes of the file. `mapped` are the same bytes in a mapping, or
// empty: a page that is mapped stays in the cache until it is unmapped.
void evict(const Descriptor& file, std::uint64_t offset, std::uint64_t bytes,
           std::span<const std::byte> mapped) noexcept;

}  // namespace hoist::io
