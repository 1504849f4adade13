#include "transfer/shared_items.hpp"

#include <algorithm>

namespace hoist::transfer {
namespace {

// Fewer bytes are as soon read again from the page cache as a piece of their own is handed over (a guess).
constexpr std::uint64_t fewest_shared_bytes = 64U << 10;

using Takers = std::vector<Taker>;

constexpr std::size_t alone = SIZE_MAX;

struct Key {
  const TensorInfo* tensor = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Key&) const = default;
};

struct HashOfKey {
  std::size_t operator()(const Key& key) const noexcept {
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
    return ((reinterpret_cast<std::uintptr_t>(key.tensor) * odd ^ key.offset) * odd ^ key.bytes) * odd;
  }
};

bool same_bytes(const Item& item, const Item& other) {
  const store::Slice *const slice = store::Internals::slice(item.view), *const other_slice =
                                                                            store::Internals::slice(other.view);
  if (!slice || !other_slice) return slice == other_slice;
  return slice->runs == other_slice->runs;
}

class Sharing {
 public:
  explicit Sharing(std::span<const PlanState* const> plans) : plans_(plans), next_(plans.size()), bytes_(plans.size()) {
    for (const PlanState* plan : plans) {
      shares_of_.emplace_back(plan->items.size(), alone);
      groups_.emplace_back();
      groups_.back().reserve(plan->items.size());
      for (std::size_t group = 0; group < plan->groups.size(); ++group)
        groups_.back().insert(groups_.back().end(), plan->groups[group].count, group);
    }
  }

  std::vector<Stretch> run() && {
    find();
    drop_small();
    while (advance()) {
    }
    return std::move(found_);
  }

 private:
  const Item& item(const Taker& taker) const { return plans_[taker.plan]->items[taker.first_item]; }
  std::size_t& share(const Taker& taker) { return shares_of_[taker.plan][taker.first_item]; }

  // Which items are the same bytes. One that a plan takes twice is shared with the others' second.
  void find() {
    std::unordered_map<Key, std::vector<std::size_t>, HashOfKey> by_key;
    for (std::uint32_t plan = 0; plan < plans_.size(); ++plan) {
      for (std::size_t i = 0; i < plans_[plan]->items.size(); ++i) {
        const Taker taker{plan, i};
        const TensorView& view = item(taker).view;
        const std::uint64_t offset = store::extent(view.info(), store::Internals::slice(view)).offset;
        auto& candidates = by_key[{&view.info(), offset, view.byte_count()}];
        const auto free = std::ranges::find_if(candidates, [&](std::size_t candidate) {
          return shares_[candidate].back().plan != plan && same_bytes(item(shares_[candidate].front()), item(taker));
        });
        if (free == candidates.end()) {
          share(taker) = shares_.size();
          candidates.push_back(shares_.size());
          shares_.push_back({taker});
        } else {
          share(taker) = *free;
          shares_[*free].push_back(taker);
        }
      }
    }
    for (const Takers& takers : shares_) {
      if (takers.size() == 1) share(takers.front()) = alone;
    }
  }

  void drop_small() {
    for (std::uint32_t plan = 0; plan < plans_.size(); ++plan) {
      for (std::size_t first = 0, end = 0; first < plans_[plan]->items.size(); first = end) {
        end = first + 1;
        if (!begins_at({plan, first})) continue;
        std::uint64_t bytes = item({plan, first}).byte_count();
        for (; end < plans_[plan]->items.size() && follows({plan, end}); ++end)
          bytes += item({plan, end}).byte_count();
        if (bytes >= fewest_shared_bytes) continue;
        for (std::size_t i = first; i < end; ++i)
          dissolve(shares_of_[plan][i]);
      }
    }
  }

  // Whether it is shared, and this is the first plan of those that do.
  bool begins_at(const Taker& taker) {
    return share(taker) != alone && shares_[share(taker)].front().plan == taker.plan;
  }

  // Whether it is taken by the same plans as the one before it, and is the next in each.
  bool follows(const Taker& taker) {
    const std::size_t here = share(taker), before = share({taker.plan, taker.first_item - 1});
    if (here == alone || before == alone) return here == before;
    return std::ranges::equal(shares_[before], shares_[here], [](const Taker& a, const Taker& b) {
      return a.plan == b.plan && a.first_item + 1 == b.first_item;
    });
  }

  void dissolve(std::size_t which) {
    for (const Taker& taker : shares_[which])
      share(taker) = alone;
  }

  // Takes what is next, somewhere. False: all is taken.
  bool advance() {
    constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t behind = none;
    for (std::uint32_t plan = 0; plan < plans_.size(); ++plan) {
      if (next_[plan] == plans_[plan]->items.size()) continue;
      const Taker taker{plan, next_[plan]};
      if (share(taker) == alone) {
        take({taker});
        return true;
      }
      const Takers& takers = shares_[share(taker)];
      if (std::ranges::all_of(takers, [&](const Taker& other) { return next_[other.plan] == other.first_item; })) {
        take(takers);
        return true;
      }
      if (behind == none || bytes_[plan] < bytes_[behind]) behind = plan;
    }
    if (behind == none) return false;
    // Each waits for another, which takes the same things in another order: this one goes on by itself.
    Takers& takers = shares_[share({behind, next_[behind]})];
    share({behind, next_[behind]}) = alone;
    std::erase_if(takers, [&](const Taker& taker) { return taker.plan == behind; });
    if (takers.size() == 1) share(takers.front()) = alone;
    return true;
  }

  void take(const Takers& takers) {
    Stretch stretch{.takers = takers};
    const Taker& first = takers.front();
    do {
      ++stretch.item_count;
      for (const Taker& taker : takers)
        bytes_[taker.plan] += plans_[taker.plan]->items[next_[taker.plan]++].byte_count();
    } while (next_[first.plan] < plans_[first.plan]->items.size() && follows({first.plan, next_[first.plan]}) &&
             std::ranges::all_of(takers, [this](const Taker& taker) { return same_kind(taker.plan); }));
    found_.push_back(std::move(stretch));
  }

  // Of a plan's next item and the one before: in one group, and in the arena or not.
  bool same_kind(std::uint32_t plan) const {
    const std::size_t next = next_[plan];
    const std::vector<Item>& items = plans_[plan]->items;
    return groups_[plan][next - 1] == groups_[plan][next] &&
           (items[next - 1].destination == nullptr) == (items[next].destination == nullptr);
  }

  const std::span<const PlanState* const> plans_;
  std::vector<std::vector<std::size_t>> shares_of_;  // of each plan's items: which share, or alone
  std::vector<std::vector<std::size_t>> groups_;     // of each plan's items
  std::vector<Takers> shares_;
  std::vector<std::size_t> next_;     // item of each plan that was not taken
  std::vector<std::uint64_t> bytes_;  // of each plan that were
  std::vector<Stretch> found_;
};

}  // namespace

std::vector<Stretch> shared_stretches(std::span<const PlanState* const> plans) { return Sharing(plans).run(); }

}  // namespace hoist::transfer
