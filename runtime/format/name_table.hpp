// Names to positions: an open-addressing table of 12 bytes a name, under a random seed, since the names are a
// stranger's. It holds no names: the caller compares.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/huge_allocator.hpp"

namespace hoist::format {

__extension__ using Uint128 = unsigned __int128;

class NameTable {
 public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  // Room for `count` names, fewer than `none`.
  void reset(std::size_t count);

  std::uint64_t hash(std::string_view name) const noexcept;

  // Starts to fetch the slot of a name with this hash, for an insert or find a little later.
  void prefetch(std::uint64_t hash) const noexcept { __builtin_prefetch(&slots_[first_slot(hash)], 1); }

  // The position of `name`, whose hash is given, where the table has it; else stores `position` and gives none.
  // `name_at(position)` gives the name of what was stored.
  template <class NameAt>
  std::uint32_t insert(std::uint64_t hash, std::string_view name, std::uint32_t position, const NameAt& name_at) {
    const std::size_t slot = probe(hash, name, name_at);
    if (slots_[slot] != empty) return static_cast<std::uint32_t>(slots_[slot]);
    slots_[slot] = tag(hash) | position;
    return none;
  }

  template <class NameAt>
  std::uint32_t find(std::string_view name, const NameAt& name_at) const {
    if (slots_.empty()) return none;
    const std::size_t slot = probe(hash(name), name, name_at);
    return slots_[slot] == empty ? none : static_cast<std::uint32_t>(slots_[slot]);
  }

 private:
  static constexpr std::uint64_t empty = std::numeric_limits<std::uint64_t>::max();

  // The low half of the hash stands beside the position, so that other names are rarely compared. The slot
  // comes from the high half.
  static std::uint64_t tag(std::uint64_t hash) noexcept { return hash << 32; }

  std::size_t first_slot(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>((static_cast<Uint128>(hash) * slots_.size()) >> 64);
  }

  template <class NameAt>
  std::size_t probe(std::uint64_t hash, std::string_view name, const NameAt& name_at) const {
    std::size_t slot = first_slot(hash);
    while (slots_[slot] != empty) {
      const std::uint64_t entry = slots_[slot];
      if ((entry & ~std::uint64_t{none}) == tag(hash) && name_at(static_cast<std::uint32_t>(entry)) == name) break;
      if (++slot == slots_.size()) slot = 0;
    }
    return slot;
  }

  std::uint64_t seed_ = 0;
  std::vector<std::uint64_t, base::HugeAllocator<std::uint64_t>> slots_;
};

}  // namespace hoist::format
