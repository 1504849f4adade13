#include "transfer/schedule.hpp"

#include <algorithm>

#include "transfer/shared_items.hpp"

namespace hoist::transfer {
namespace {

class Scheduler {
 public:
  explicit Scheduler(std::span<const PlanState* const> plans) : plans_(plans), steps_of_(plans.size()) {
    schedule_.pieces.resize(plans.size());
  }

  Schedule run() && {
    for (const Stretch& stretch : shared_stretches(plans_))
      add(stretch);
    for (std::size_t plan = 0; plan < plans_.size(); ++plan)
      sum_up_groups(*plans_[plan], schedule_.pieces[plan]);
    order();
    return std::move(schedule_);
  }

 private:
  std::vector<Piece>& pieces_of(const PlanItem& taker) { return schedule_.pieces[taker.plan].pieces; }

  void add(const Stretch& stretch) {
    // An image of an arena serves the caller's memory, too.
    const auto in_arena = [this](const PlanItem& taker) {
      return plans_[taker.plan]->items[taker.item].destination == nullptr;
    };
    const auto found = std::ranges::find_if(stretch.firsts, in_arena);
    const PlanItem& lead = found == stretch.firsts.end() ? stretch.firsts.front() : *found;
    const std::size_t first = pieces_of(lead).size();
    cut(*plans_[lead.plan], {lead.item, stretch.item_count}, schedule_.pieces[lead.plan]);
    const std::size_t count = pieces_of(lead).size() - first;
    for (const PlanItem& taker : stretch.firsts) {
      if (taker.plan != lead.plan) repeat(lead, first, taker, stretch.item_count);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto step = static_cast<std::uint32_t>(schedule_.steps.size());
      schedule_.steps.push_back({.first_delivery = static_cast<std::uint32_t>(schedule_.deliveries.size()),
                                 .delivery_count = static_cast<std::uint32_t>(stretch.firsts.size())});
      for (const PlanItem& taker : stretch.firsts) {
        const std::size_t piece = pieces_of(taker).size() - count + i;
        schedule_.deliveries.push_back({.plan = taker.plan, .piece = static_cast<std::uint32_t>(piece)});
        steps_of_[taker.plan].push_back(step);
      }
    }
  }

  // The lead's pieces from `first` on, for the same items of another plan.
  void repeat(const PlanItem& lead, std::size_t first, const PlanItem& taker, std::size_t item_count) {
    const Pieces& from = schedule_.pieces[lead.plan];
    Pieces& to = schedule_.pieces[taker.plan];
    const std::vector<Item>& items = plans_[taker.plan]->items;
    const auto same = [&](std::uint32_t item) { return static_cast<std::uint32_t>(item - lead.item + taker.item); };
    const std::size_t first_here = to.pieces.size();
    for (std::size_t i = first; i < from.pieces.size(); ++i) {
      const Piece& piece = from.pieces[i];
      Piece copy = piece;
      copy.first_part = static_cast<std::uint32_t>(to.parts.size());
      copy.first_read = static_cast<std::uint32_t>(to.reads.size());
      for (const Read& read : from.reads_of(piece))
        to.reads.push_back(
            {.first_part = read.first_part - piece.first_part + copy.first_part, .part_count = read.part_count});
      for (Part part : from.parts_of(piece)) {
        part.item = same(part.item);
        to.parts.push_back(part);
      }
      const Part& head = to.parts[copy.first_part];
      const Item& item = items[head.item];
      copy.in_arena = item.destination == nullptr;
      copy.arena_offset = copy.in_arena ? item.arena_offset + head.begin : 0;
      to.pieces.push_back(copy);
    }
    to.item_needs.resize(items.size());
    for (std::size_t i = 0; i < item_count; ++i) {
      const std::uint32_t needs = from.item_needs[lead.item + i];
      to.item_needs[taker.item + i] = static_cast<std::uint32_t>(needs - first + first_here);
    }
  }

  void order() {
    std::vector<std::size_t> next(plans_.size());
    std::vector<std::uint64_t> bytes(plans_.size());
    std::vector<Step> ordered;
    ordered.reserve(schedule_.steps.size());
    while (ordered.size() < schedule_.steps.size()) {
      std::size_t behind = plans_.size();
      for (std::size_t plan = 0; plan < plans_.size(); ++plan) {
        if (next[plan] == steps_of_[plan].size() || (behind != plans_.size() && bytes[plan] >= bytes[behind])) continue;
        const auto takers = schedule_.deliveries_of(schedule_.steps[steps_of_[plan][next[plan]]]);
        const auto is_next = [&](const Delivery& delivery) { return delivery.piece == next[delivery.plan]; };
        if (std::ranges::all_of(takers, is_next)) behind = plan;
      }
      const Step& step = schedule_.steps[steps_of_[behind][next[behind]]];
      for (const Delivery& delivery : schedule_.deliveries_of(step)) {
        ++next[delivery.plan];
        bytes[delivery.plan] += schedule_.pieces[delivery.plan].pieces[delivery.piece].bytes;
      }
      ordered.push_back(step);
    }
    schedule_.steps = std::move(ordered);
  }

  const std::span<const PlanState* const> plans_;
  Schedule schedule_;
  std::vector<std::vector<std::uint32_t>> steps_of_;  // of each plan's pieces
};

}  // namespace

Schedule schedule(std::span<const PlanState* const> plans) {
  if (plans.size() > 1) return Scheduler(plans).run();
  Schedule schedule;
  for (const PlanState* plan : plans) {
    schedule.pieces.push_back(cut(*plan));
    for (std::uint32_t piece = 0; piece < schedule.pieces[0].pieces.size(); ++piece) {
      schedule.deliveries.push_back({.plan = 0, .piece = piece});
      schedule.steps.push_back({.first_delivery = piece, .delivery_count = 1});
    }
  }
  return schedule;
}

std::vector<Estimate> estimates(std::span<const PlanState* const> plans) {
  const Schedule all = schedule(plans);
  std::vector<Estimate> estimates;
  std::vector<store::ReadCost> costs(plans.size());
  for (const PlanState* plan : plans)
    estimates.push_back({.tensors = plan->items.size(), .device_bytes = plan->arena_bytes});
  for (const Step& step : all.steps) {
    const auto takers = all.deliveries_of(step);
    for (const Delivery& delivery : takers)
      estimates[delivery.plan].bytes += all.pieces[delivery.plan].pieces[delivery.piece].tensor_bytes;
    const auto [plan, number] = takers.front();
    const Pieces& pieces = all.pieces[plan];
    for (const Read& read : pieces.reads_of(pieces.pieces[number]))
      costs[plan] += read_cost(*plans[plan], pieces, read);
  }
  for (std::size_t plan = 0; plan < plans.size(); ++plan) {
    estimates[plan].bytes_read = costs[plan].bytes;
    estimates[plan].requests = costs[plan].requests;
    estimates[plan].padding_bytes = costs[plan].padding;
  }
  return estimates;
}

}  // namespace hoist::transfer
