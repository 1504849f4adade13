#include "format/name_table.hpp"

#include <sys/auxv.h>

#include <cstring>

#define XXH_INLINE_ALL  // names are short: the call would cost as much as the hash
#include <xxhash.h>

namespace hoist::format {

void NameTable::reset(std::size_t count) {
  // From the 16 random bytes that the kernel gives every process at its start: a system call less for each file.
  std::memcpy(&seed_, reinterpret_cast<const void*>(getauxval(AT_RANDOM)), sizeof seed_);
  slots_.assign(count + count / 2 + 1, empty);  // a third stays free: 2 probes for a hit, 5 for a miss
}

std::uint64_t NameTable::hash(std::string_view name) const noexcept {
  return XXH3_64bits_withSeed(name.data(), name.size(), seed_);
}

}  // namespace hoist::format
