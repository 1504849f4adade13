#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "device/backend.hpp"
#include "transfer/schedule.hpp"

namespace hoist {
namespace transfer {

PlanState::PlanState(Checkpoint from) : checkpoint(std::move(from)) {
  for (const Archive& shard : checkpoint.shards())
    ranks.try_emplace(&store::Internals::state(shard), ranks.size());
}

}  // namespace transfer

namespace {

using base::grouped;
using transfer::Item;

Error refusal(Errc code, std::string message, const Item& item) {
  return {.code = code, .message = std::move(message), .file = std::string(item.view.file()), .tensor = item.name};
}

// What overlaps [begin, begin + bytes), or null.
const transfer::Destination* overlapping(const transfer::Destinations& places, std::uintptr_t begin,
                                         std::uint64_t bytes) {
  const auto next = places.lower_bound(begin);
  if (next != places.end() && next->first - begin < bytes) return &next->second;
  if (next == places.begin()) return nullptr;
  const auto& [before, place] = *std::prev(next);
  return begin - before < place.bytes ? &place : nullptr;
}

// Room for `more`, by doubling: many small groups must not copy everything each time.
void make_room(auto& vector, std::size_t more) {
  const std::size_t needed = vector.size() + more;
  if (needed > vector.capacity()) vector.reserve(std::max(needed, 2 * vector.capacity()));
}

// What one call adds, checked against the plan and kept apart from it until nothing can fail any more.
class Addition {
 public:
  explicit Addition(transfer::PlanState& plan) : plan_(plan) {}

  Result<void> take(Placed placed) {
    std::string name = placed.name.empty() ? std::string(placed.view.name()) : std::move(placed.name);
    items_.push_back({.view = std::move(placed.view), .name = std::move(name), .destination = placed.destination});
    const Item& item = items_.back();
    held_.insert(&item.view.info());
    if (plan_.names.contains(item.name) || !names_.insert(item.name).second) {
      return refusal(Errc::duplicate_tensor, "the plan loads another tensor under this name", item);
    }
    if (!item.destination) return {};
    if (placed.destination_bytes != item.byte_count()) {
      return refusal(Errc::size_mismatch,
                     "it has " + grouped(item.byte_count()) + " bytes, its memory " + grouped(placed.destination_bytes),
                     item);
    }
    return place(item);
  }

  Plan::Group commit() && {
    make_room(plan_.items, items_.size());
    make_room(plan_.groups, 1);
    plan_.names.reserve(plan_.names.size() + names_.size());
    plan_.held.reserve(plan_.held.size() + held_.size());
    rank();
    if (items_.size() > 1) sort();
    // From here on nothing allocates.
    plan_.names.merge(names_);
    plan_.held.merge(held_);
    plan_.destinations.merge(destinations_);
    plan_.groups.push_back({plan_.items.size(), items_.size()});
    for (Item& item : items_) {
      if (!item.destination) give_place_in_arena(item);
      plan_.items.push_back(std::move(item));
    }
    return plan_.groups.size() - 1;
  }

 private:
  Result<void> place(const Item& item) {
    if (item.byte_count() == 0) return {};
    const auto begin = reinterpret_cast<std::uintptr_t>(item.destination);
    for (const transfer::Destinations* places : {&plan_.destinations, &destinations_}) {
      if (const auto* other = overlapping(*places, begin, item.byte_count())) {
        return refusal(Errc::overlap, "its memory overlaps that of " + base::quoted(other->name), item);
      }
    }
    destinations_.emplace(begin, transfer::Destination{item.byte_count(), item.name});
    return {};
  }

  void rank() {
    for (const Item& item : items_)
      plan_.ranks.try_emplace(&store::Internals::state(item.view), plan_.ranks.size());
  }

  void sort() {
    const auto key = [this](const Item& item) {
      return std::pair(plan_.ranks.at(&store::Internals::state(item.view)),
                       store::extent(item.view.info(), store::Internals::slice(item.view)).offset);
    };
    std::ranges::sort(items_, [&key](const Item& a, const Item& b) {
      return std::pair(key(a), std::string_view(a.name)) < std::pair(key(b), std::string_view(b.name));
    });
  }

  void give_place_in_arena(Item& item) {
    // No sum here passes 64 bits: each tensor's bytes are there in a file that was opened.
    constexpr std::uint64_t alignment = device::alignment_bytes;
    item.arena_offset = (plan_.arena_bytes + alignment - 1) / alignment * alignment;
    plan_.arena_bytes = item.arena_offset + item.byte_count();
  }

  transfer::PlanState& plan_;
  std::vector<Item> items_;
  std::unordered_set<std::string> names_;
  std::unordered_set<const TensorInfo*> held_;
  transfer::Destinations destinations_;
};

}  // namespace

Plan::Plan(Checkpoint checkpoint) : state_(std::make_unique<transfer::PlanState>(std::move(checkpoint))) {}
Plan::Plan(const Plan& other) : state_(std::make_unique<transfer::PlanState>(*other.state_)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
Plan::~Plan() = default;

Result<Plan::Group> Plan::select(std::string_view pattern) { return select(std::vector{std::string(pattern)}); }

Result<Plan::Group> Plan::select(const std::vector<std::string>& patterns) {
  HOIST_ASSERT(state_);
  return base::catching_bad_alloc([&]() -> Result<Group> {
    auto views = state_->checkpoint.select(patterns);
    if (!views) return std::move(views).error();
    std::vector<Placed> group;
    for (TensorView& view : *views) {
      if (!state_->held.contains(&view.info())) group.push_back({.view = std::move(view)});
    }
    return add(std::move(group));
  });
}

Result<Plan::Group> Plan::add(TensorView view) { return add(std::vector{Placed{.view = std::move(view)}}); }

Result<Plan::Group> Plan::add(std::vector<Placed> group) {
  HOIST_ASSERT(state_);
  return base::catching_bad_alloc([&]() -> Result<Group> {
    Addition addition(*state_);
    for (Placed& placed : group) {
      if (auto taken = addition.take(std::move(placed)); !taken) return std::move(taken).error();
    }
    return std::move(addition).commit();
  });
}

std::size_t Plan::group_count() const noexcept {
  HOIST_ASSERT(state_);
  return state_->groups.size();
}

std::vector<Planned> Plan::tensors() const {
  HOIST_ASSERT(state_);
  std::vector<Planned> tensors;
  tensors.reserve(state_->items.size());
  for (std::size_t group = 0; group < state_->groups.size(); ++group) {
    const transfer::ItemRange range = state_->groups[group];
    for (const Item& item : std::span(state_->items).subspan(range.first, range.count)) {
      const store::Slice* const slice = store::Internals::slice(item.view);
      const store::Extent extent = store::extent(item.view.info(), slice);
      const std::uint64_t bytes = item.byte_count();
      tensors.push_back(
          {.view = item.view,
           .name = item.name,
           .group = group,
           .destination = item.destination,
           .arena_offset = item.arena_offset,
           .file_offset = extent.offset,
           .file_bytes = extent.bytes,
           .bytes_read = slice ? store::gather_cost(item.storage(), slice->runs, 0, bytes).bytes : bytes});
    }
  }
  return tensors;
}

Estimate Plan::estimate() const {
  HOIST_ASSERT(state_);
  const transfer::PlanState* const state = state_.get();
  return transfer::estimates({&state, 1}).front();
}

std::vector<Estimate> estimate(std::span<const Plan> plans) {
  std::vector<const transfer::PlanState*> states;
  for (const Plan& plan : plans)
    states.push_back(&transfer::PlanAccess::state(plan));
  return transfer::estimates(states);
}

}  // namespace hoist
