// The other raw loop of two copies: readers fill slots in turn, and one more thread copies from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bench {

// `slots` holds the slots, of `chunk` bytes each, one after the other; at least one for each reader.
void piped_loop(int descriptor, std::uint64_t offset, std::span<std::byte> into, std::span<std::byte> slots,
                std::size_t chunk, unsigned readers);

}  // namespace bench
