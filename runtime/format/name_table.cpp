#include "format/name_table.hpp"

#include <sys/random.h>

#define XXH_INLINE_ALL  // names are short: the call would cost as much as the hash
#include <xxhash.h>

namespace hoist::format {

void NameTable::reset(std::size_t count) {
  // Where the kernel has no random bytes yet (early boot), an address of this process has to do.
  if (getrandom(&seed_, sizeof seed_, GRND_NONBLOCK) != sizeof seed_) seed_ = reinterpret_cast<std::uintptr_t>(this);
  slots_.assign(count + count / 2 + 1, empty);  // a third stays free: 2 probes for a hit, 5 for a miss
}

std::uint64_t NameTable::hash(std::string_view name) const noexcept {
  return XXH3_64bits_withSeed(name.data(), name.size(), seed_);
}

}  // namespace hoist::format
