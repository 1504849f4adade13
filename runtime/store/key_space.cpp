#include "store/key_space.hpp"

#include "store/archive_state.hpp"

namespace hoist::store {

std::uint32_t KeySpace::size() const noexcept {
  return static_cast<std::uint32_t>(joined_ ? entries_.size() : shards_[0].tensors().size());
}

std::string_view KeySpace::name(std::uint32_t place) const noexcept {
  const Entry entry = this->entry(place);
  return shards_[entry.shard].tensors()[entry.tensor].name;
}

TensorView KeySpace::view(std::uint32_t place) const {
  const Entry entry = this->entry(place);
  return shards_[entry.shard].view(entry.tensor);
}

std::uint32_t KeySpace::find(std::string_view name) const {
  if (!joined_) return Internals::state(shards_[0]).index.find(name);
  return names_.find(name, [this](std::uint32_t i) { return this->name(i); });
}

}  // namespace hoist::store
