#include "transfer/pieces.hpp"

#include <algorithm>

namespace hoist::transfer {
namespace {

class Cutter {
 public:
  Cutter(const PlanState& plan, Pieces& found) : plan_(plan), found_(found) {}

  void run(ItemRange items) && {
    for (std::size_t i = items.first; i < items.first + items.count; ++i)
      add(static_cast<std::uint32_t>(i));
    close();
  }

 private:
  std::uint32_t count() const { return static_cast<std::uint32_t>(found_.pieces.size()); }

  void add(std::uint32_t index) {
    const Item& item = plan_.items[index];
    const bool in_arena = item.destination == nullptr;
    for (std::uint64_t done = 0; done < item.byte_count();) {
      const std::uint64_t arena_offset = item.arena_offset + done;
      if (open_ && (in_arena != piece_.in_arena || slot_offset(in_arena, arena_offset) >= piece_bytes)) close();
      if (!open_) open(in_arena, arena_offset);
      const std::uint64_t at = slot_offset(in_arena, arena_offset);
      const std::uint64_t bytes = std::min(item.byte_count() - done, piece_bytes - at);
      found_.parts.push_back({.item = index, .begin = done, .end = done + bytes, .slot_offset = at});
      ++piece_.part_count;
      piece_.bytes = at + bytes;
      piece_.tensor_bytes += bytes;
      done += bytes;
    }
    found_.item_needs[index] = count() + (open_ ? 1 : 0);
  }

  // Where the next part begins: an image of the arena keeps its gaps, parts for the caller stand close.
  std::uint64_t slot_offset(bool in_arena, std::uint64_t arena_offset) const {
    return in_arena ? arena_offset - piece_.arena_offset : piece_.bytes;
  }

  void open(bool in_arena, std::uint64_t arena_offset) {
    piece_ = {.first_part = static_cast<std::uint32_t>(found_.parts.size()),
              .arena_offset = arena_offset,
              .in_arena = in_arena};
    open_ = true;
  }

  void close() {
    if (!open_) return;
    open_ = false;
    piece_.first_read = static_cast<std::uint32_t>(found_.reads.size());
    const std::uint32_t end = piece_.first_part + piece_.part_count;
    for (std::uint32_t part = piece_.first_part; part < end; ++part) {
      if (part != piece_.first_part && read_together(found_.parts[part - 1], found_.parts[part])) {
        ++found_.reads.back().part_count;
      } else {
        found_.reads.push_back({.first_part = part, .part_count = 1});
        ++piece_.read_count;
      }
    }
    found_.pieces.push_back(piece_);
  }

  // A read costs as much as some 5 KiB from the cache, so a gap of a page is better read than jumped over.
  bool read_together(const Part& part, const Part& next) const {
    const Item &item = plan_.items[part.item], &other = plan_.items[next.item];
    if (&item.storage() != &other.storage() || runs_of(item) || runs_of(other)) return false;
    const std::uint64_t end = file_offset(item, part) + (part.end - part.begin), begin = file_offset(other, next);
    return begin >= end && begin - end <= io::max_gap_bytes;
  }

  const PlanState& plan_;
  Pieces& found_;
  Piece piece_;
  bool open_ = false;
};

}  // namespace

Pieces cut(const PlanState& plan) {
  Pieces pieces;
  for (const ItemRange& group : plan.groups)
    cut(plan, group, pieces);
  sum_up_groups(plan, pieces);
  return pieces;
}

void cut(const PlanState& plan, ItemRange items, Pieces& into) {
  into.item_needs.resize(plan.items.size());
  Cutter(plan, into).run(items);
}

void sum_up_groups(const PlanState& plan, Pieces& pieces) {
  std::uint32_t needs = 0;
  for (const ItemRange& group : plan.groups) {
    if (group.count != 0) needs = pieces.item_needs[group.first + group.count - 1];
    pieces.group_needs.push_back(needs);
  }
}

const store::Runs* runs_of(const Item& item) {
  const store::Slice* const slice = store::Internals::slice(item.view);
  return slice && !slice->runs.loops.empty() ? &slice->runs : nullptr;
}

std::uint64_t file_offset(const Item& item, const Part& part) {
  const store::Slice* const slice = store::Internals::slice(item.view);
  return (slice ? slice->runs.file_offset : item.view.info().offset) + part.begin;
}

store::ReadCost read_cost(const PlanState& plan, const Pieces& pieces, const Read& read) {
  const std::span<const Part> parts = pieces.parts_of(read);
  const Part &first = parts.front(), &last = parts.back();
  const Item& item = plan.items[first.item];
  if (const store::Runs* const runs = runs_of(item)) {
    return store::gather_cost(item.storage(), *runs, first.begin, first.end);
  }
  const std::uint64_t end = file_offset(plan.items[last.item], last) + (last.end - last.begin);
  const std::uint64_t begin = file_offset(item, first);
  const std::uint64_t padding = item.storage().file() ? io::direct_padding(begin, end - begin) : 0;
  return {.bytes = end - begin, .requests = 1, .padding = padding};
}

}  // namespace hoist::transfer
