#include "transfer/pieces.hpp"

#include <algorithm>

#include "store/gather.hpp"

namespace hoist::transfer {
namespace {

class Cutter {
 public:
  explicit Cutter(const PlanState& plan) : plan_(plan) {}

  Pieces run() && {
    found_.item_needs.resize(plan_.items.size());
    for (const GroupRange& group : plan_.groups) {
      for (std::size_t i = group.first; i < group.first + group.count; ++i)
        add(static_cast<std::uint32_t>(i));
      close();
      found_.group_needs.push_back(count());
    }
    return std::move(found_);
  }

 private:
  std::uint32_t count() const { return static_cast<std::uint32_t>(found_.pieces.size()); }

  void add(std::uint32_t index) {
    const Item& item = plan_.items[index];
    const bool in_arena = item.destination == nullptr;
    for (std::uint64_t done = 0; done < item.byte_count();) {
      const std::uint64_t arena_offset = item.arena_offset + done;
      if (open_ && (in_arena != piece_.in_arena || slot_offset(in_arena, arena_offset) >= slot_bytes)) close();
      if (!open_) open(in_arena, arena_offset);
      const std::uint64_t at = slot_offset(in_arena, arena_offset);
      const std::uint64_t bytes = std::min(item.byte_count() - done, slot_bytes - at);
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
    if (open_) found_.pieces.push_back(piece_);
    open_ = false;
  }

  const PlanState& plan_;
  Pieces found_;
  Piece piece_;
  bool open_ = false;
};

}  // namespace

Pieces cut(const PlanState& plan) { return Cutter(plan).run(); }

std::uint64_t bytes_to_read(const Item& item, const Part& part) {
  const store::Slice* const slice = store::Internals::slice(item.view);
  const bool of_memory = !item.storage().file() && !item.storage().source();
  return slice && !of_memory ? store::bytes_to_read(slice->runs, part.begin, part.end) : part.end - part.begin;
}

}  // namespace hoist::transfer
