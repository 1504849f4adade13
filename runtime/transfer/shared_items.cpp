#include "transfer/shared_items.hpp"

#include <algorithm>

#include "transfer/pieces.hpp"

namespace hoist::transfer {
namespace {

// Fewer bytes are as soon read again from the page cache as a piece of their own is handed over (a guess).
constexpr std::uint64_t fewest_shared_bytes = 64U << 10;

// What a plan waits for in any case, until others have read so much: a millisecond of a link (a guess).
constexpr std::uint64_t short_wait_bytes = 64U << 20;

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

// Of items with one key.
bool same_bytes(const Item& item, const Item& other) {
  const store::Runs *const runs = runs_of(item), *const other_runs = runs_of(other);
  return runs && other_runs ? *runs == *other_runs : runs == other_runs;
}

class Sharing {
 public:
  explicit Sharing(std::span<const PlanState* const> plans) : plans_(plans), plan_(plans.size()) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const std::vector<Item>& items = plans[i]->items;
      PlanOf& plan = plan_[i];
      plan.shares.assign(items.size(), alone);
      plan.groups.reserve(items.size());
      for (std::size_t group = 0; group < plans[i]->groups.size(); ++group)
        plan.groups.insert(plan.groups.end(), plans[i]->groups[group].count, group);
      plan.bytes_before.reserve(items.size() + 1);
      plan.bytes_before.push_back(0);
      for (const Item& item : items)
        plan.bytes_before.push_back(plan.bytes_before.back() + item.byte_count());
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
  struct Share {
    std::vector<PlanItem> takers{};   // by rising plan
    std::uint64_t stretch_bytes = 0;  // from here to the end of what the same plans take alike
  };

  struct PlanOf {
    std::vector<std::size_t> shares{};  // of each item: which one, or alone
    std::vector<std::size_t> groups{};  // of each item
    std::vector<std::uint64_t> bytes_before{};
    std::size_t next = 0;               // item that was not taken
    std::size_t last_alone = SIZE_MAX;  // stretch that ends before `next`, if it is the plan's own
  };

  const Item& item(const PlanItem& at) const { return plans_[at.plan]->items[at.item]; }
  std::size_t& share(const PlanItem& at) { return plan_[at.plan].shares[at.item]; }
  std::size_t count(std::uint32_t plan) const { return plans_[plan]->items.size(); }
  std::uint64_t bytes_taken(std::uint32_t plan) const { return plan_[plan].bytes_before[plan_[plan].next]; }

  // Which items are the same bytes. One that a plan takes twice is shared with the others' second.
  void find() {
    struct Candidates {
      std::vector<std::size_t> shares{};
      std::size_t first_free = 0;  // of those that the plan at hand does not take
      std::uint32_t plan = 0;
    };
    std::unordered_map<Key, Candidates, HashOfKey> by_key;
    for (std::uint32_t plan = 0; plan < plans_.size(); ++plan) {
      for (std::size_t i = 0; i < count(plan); ++i) {
        const PlanItem at{plan, i};
        const TensorView& view = item(at).view;
        const std::uint64_t offset = store::extent(view.info(), store::Internals::slice(view)).offset;
        auto& [candidates, first_free, last_plan] = by_key[{&view.info(), offset, view.byte_count()}];
        if (std::exchange(last_plan, plan) != plan) first_free = 0;
        const auto takes = [&](std::size_t which) { return shares_[which].takers.back().plan == plan; };
        while (first_free < candidates.size() && takes(candidates[first_free]))
          ++first_free;
        const auto free = std::find_if(
            candidates.begin() + static_cast<std::ptrdiff_t>(first_free), candidates.end(),
            [&](std::size_t which) { return !takes(which) && same_bytes(item(shares_[which].takers[0]), item(at)); });
        share(at) = free == candidates.end() ? shares_.size() : *free;
        if (free == candidates.end()) {
          candidates.push_back(shares_.size());
          shares_.emplace_back();
        }
        shares_[share(at)].takers.push_back(at);
      }
    }
    for (const Share& one : shares_)
      dissolve_if_alone(one);
  }

  void drop_small() {
    for (std::uint32_t plan = 0; plan < plans_.size(); ++plan) {
      for (std::size_t first = 0, end = 0; first < count(plan); first = end) {
        end = first + 1;
        const std::size_t which = plan_[plan].shares[first];
        if (which == alone || shares_[which].takers[0].plan != plan) continue;
        while (end < count(plan) && goes_on({plan, end}))
          ++end;
        const std::vector<std::uint64_t>& before = plan_[plan].bytes_before;
        const bool small = before[end] - before[first] < fewest_shared_bytes;
        for (std::size_t i = first; i < end; ++i) {
          Share& one = shares_[plan_[plan].shares[i]];
          one.stretch_bytes = before[end] - before[i];
          if (small) dissolve(one);
        }
      }
    }
  }

  // Whether an item is of one stretch with the one before it.
  bool goes_on(const PlanItem& at) {
    const std::size_t here = share(at), before = share({at.plan, at.item - 1});
    if (here == alone || before == alone) return here == before && same_kind(at);
    return std::ranges::equal(shares_[before].takers, shares_[here].takers,
                              [this](const PlanItem& a, const PlanItem& b) {
                                return a.plan == b.plan && a.item + 1 == b.item && same_kind(b);
                              });
  }

  // Of an item and the one before it: in one group, and in the arena or not.
  bool same_kind(const PlanItem& at) const {
    const std::vector<std::size_t>& groups = plan_[at.plan].groups;
    return groups[at.item - 1] == groups[at.item] &&
           (item({at.plan, at.item - 1}).destination == nullptr) == (item(at).destination == nullptr);
  }

  void dissolve(const Share& one) {
    for (const PlanItem& taker : one.takers)
      share(taker) = alone;
  }
  void dissolve_if_alone(const Share& one) {
    if (one.takers.size() == 1) dissolve(one);
  }

  // Takes what is next of the plan that has the least and need not wait. False: all is taken.
  bool advance() {
    constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t ready = none, stuck = none;
    for (std::uint32_t plan = 0; plan < plans_.size(); ++plan) {
      if (plan_[plan].next == count(plan)) continue;
      stuck = plan;
      if (ready != none && bytes_taken(plan) >= bytes_taken(ready)) continue;
      if (waits_too_long(plan)) leave_share(plan);
      if (waits_for(plan) == none) ready = plan;
    }
    if (stuck == none) return false;
    if (ready == none) {
      leave_share(in_a_circle(stuck));
      return true;
    }
    take(ready);
    return true;
  }

  // A plan that has to come to what this one takes next, or the number that is none.
  std::uint32_t waits_for(std::uint32_t plan) {
    const std::size_t which = plan_[plan].shares[plan_[plan].next];
    if (which != alone) {
      for (const PlanItem& taker : shares_[which].takers) {
        if (plan_[taker.plan].next != taker.item) return taker.plan;
      }
    }
    return UINT32_MAX;
  }

  // Whether the others have to read much more before they come to it than reading it again takes.
  bool waits_too_long(std::uint32_t plan) {
    const std::size_t which = plan_[plan].shares[plan_[plan].next];
    if (which == alone) return false;
    const std::uint64_t most = std::max(shares_[which].stretch_bytes, short_wait_bytes);
    return std::ranges::any_of(shares_[which].takers, [&](const PlanItem& taker) {
      const std::uint64_t before = plan_[taker.plan].bytes_before[taker.item], taken = bytes_taken(taker.plan);
      return before > taken && before - taken > most;
    });
  }

  // Each waits for another, which takes the same things in another order: one that is waited for in the end.
  std::uint32_t in_a_circle(std::uint32_t plan) {
    for (std::size_t i = 0; i < plans_.size(); ++i)
      plan = waits_for(plan);
    return plan;
  }

  // It takes what is next by itself.
  void leave_share(std::uint32_t plan) {
    const PlanItem at{plan, plan_[plan].next};
    Share& left = shares_[share(at)];
    share(at) = alone;
    std::erase_if(left.takers, [&](const PlanItem& taker) { return taker.plan == plan; });
    dissolve_if_alone(left);
  }

  void take(std::uint32_t plan) {
    const std::size_t which = plan_[plan].shares[plan_[plan].next];
    if (which == alone) return take_alone(plan);
    Stretch stretch{.firsts = shares_[which].takers};
    do {
      ++stretch.item_count;
      for (const PlanItem& first : stretch.firsts)
        ++plan_[first.plan].next;
    } while (plan_[plan].next < count(plan) && goes_on({plan, plan_[plan].next}));
    for (const PlanItem& first : stretch.firsts)
      plan_[first.plan].last_alone = SIZE_MAX;
    found_.push_back(std::move(stretch));
  }

  // Item by item, so that all get ahead alike.
  void take_alone(std::uint32_t number) {
    PlanOf& plan = plan_[number];
    const PlanItem at{number, plan.next++};
    if (plan.last_alone != SIZE_MAX && same_kind(at)) {
      ++found_[plan.last_alone].item_count;
    } else {
      plan.last_alone = found_.size();
      found_.push_back({.firsts = {at}, .item_count = 1});
    }
  }

  const std::span<const PlanState* const> plans_;
  std::vector<PlanOf> plan_;
  std::vector<Share> shares_;
  std::vector<Stretch> found_;
};

}  // namespace

std::vector<Stretch> shared_stretches(std::span<const PlanState* const> plans) { return Sharing(plans).run(); }

}  // namespace hoist::transfer
