// The tensors of a checkpoint under their names, whichever shard they lie in.
#pragma once

#include <vector>

#include "format/name_table.hpp"
#include "hoist/archive.hpp"

namespace hoist::store {

struct Entry {
  std::uint32_t shard = 0;
  std::uint32_t tensor = 0;  // position in the shard's file order
};

// By shard, then file order. Immutable once filled.
class KeySpace {
 public:
  static constexpr std::uint32_t none = format::NameTable::none;

  explicit KeySpace(std::vector<Archive> shards) : shards_(std::move(shards)) {}

  // The entries, in the order of their places; `duplicate(place, other)` as NameTable::insert_all has it. Until
  // this is called the first shard alone is the key space.
  template <class Duplicate>
  void fill(std::vector<Entry> entries, const Duplicate& duplicate) {
    joined_ = true;
    entries_ = std::move(entries);
    names_.insert_all(entries_.size(), [this](std::uint32_t i) { return name(i); }, duplicate);
  }

  std::uint32_t size() const noexcept;
  Entry entry(std::uint32_t place) const noexcept { return joined_ ? entries_[place] : Entry{0, place}; }
  std::string_view name(std::uint32_t place) const noexcept;
  TensorView view(std::uint32_t place) const;
  std::uint32_t find(std::string_view name) const;
  std::span<const Archive> shards() const noexcept { return shards_; }

 private:
  std::vector<Archive> shards_;
  bool joined_ = false;
  std::vector<Entry> entries_;
  format::NameTable names_;
};

}  // namespace hoist::store
