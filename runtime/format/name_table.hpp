// Names to positions: an open-addressing table of 12 bytes a name, under a random seed, since the names are a
// stranger's. It holds no names: the caller compares.
#pragma once

#include <algorithm>
#include <array>
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

  // Stores the names of positions 0 to `count`; `duplicate(position, other)` is told of each that stands there
  // already, and says whether to go on.
  template <class NameAt, class Duplicate>
  void insert_all(std::size_t count, const NameAt& name_at, const Duplicate& duplicate) {
    // In batches: the slots of a large table are far away, and are fetched while the batch is being hashed.
    constexpr std::size_t batch = 16;
    reset(count);
    std::array<std::uint64_t, batch> hashes;
    for (std::size_t begin = 0; begin < count; begin += batch) {
      const std::size_t end = std::min(begin + batch, count);
      for (std::size_t i = begin; i < end; ++i) {
        hashes[i - begin] = hash(name_at(static_cast<std::uint32_t>(i)));
        __builtin_prefetch(&slots_[first_slot(hashes[i - begin])], 1);
      }
      for (std::size_t i = begin; i < end; ++i) {
        const auto position = static_cast<std::uint32_t>(i);
        const std::size_t slot = probe(hashes[i - begin], name_at(position), name_at);
        if (slots_[slot] == empty) slots_[slot] = tag(hashes[i - begin]) | position;
        else if (!duplicate(position, static_cast<std::uint32_t>(slots_[slot]))) return;
      }
    }
  }

  template <class NameAt>
  std::uint32_t find(std::string_view name, const NameAt& name_at) const {
    if (slots_.empty()) return none;
    const std::size_t slot = probe(hash(name), name, name_at);
    return slots_[slot] == empty ? none : static_cast<std::uint32_t>(slots_[slot]);
  }

 private:
  void reset(std::size_t count);  // fewer than `none`
  std::uint64_t hash(std::string_view name) const noexcept;

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
