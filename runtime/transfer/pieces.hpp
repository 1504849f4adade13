// A plan cut into pieces: each is read into one slot of the ring, or straight to its place, and is done as a whole.
#pragma once

#include "io/direct.hpp"
#include "store/gather.hpp"
#include "transfer/plan_state.hpp"

namespace hoist::transfer {

// Between 2 and 4 MiB copies reach the link's rate, and a small ring still has many slots.
inline constexpr std::uint64_t slot_bytes = 4U << 20;
// Of a piece, at most: it may begin anywhere in the slot's first block, so that a direct read needs no bounce.
inline constexpr std::uint64_t piece_bytes = slot_bytes - io::block_bytes;

// Bytes [begin, end) of an item's copy.
struct Part {
  std::uint32_t item = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t slot_offset = 0;
};

// Parts that are read together: one of a strided slice, by its runs, or whole stretches that follow each other in a
// file, with at most io::max_gap_bytes between them.
struct Read {
  std::uint32_t first_part = 0;
  std::uint32_t part_count = 0;
};

struct Piece {
  std::uint32_t first_part = 0;
  std::uint32_t part_count = 0;
  std::uint32_t first_read = 0;
  std::uint32_t read_count = 0;
  std::uint64_t bytes = 0;         // of the slot
  std::uint64_t tensor_bytes = 0;  // of them: the others are gaps
  std::uint64_t arena_offset = 0;  // of an image of the arena; of no meaning with destinations of the caller
  bool in_arena = true;
};

struct Pieces {
  std::vector<Piece> pieces{};  // in the order in which they arrive
  std::vector<Part> parts{};
  std::vector<Read> reads{};
  // How many pieces must be done, from the first on, until the item or the group is whole.
  std::vector<std::uint32_t> item_needs{};
  std::vector<std::uint32_t> group_needs{};

  std::span<const Part> parts_of(const Piece& piece) const {
    return std::span(parts).subspan(piece.first_part, piece.part_count);
  }
  std::span<const Part> parts_of(const Read& read) const {
    return std::span(parts).subspan(read.first_part, read.part_count);
  }
  std::span<const Read> reads_of(const Piece& piece) const {
    return std::span(reads).subspan(piece.first_read, piece.read_count);
  }
};

Pieces cut(const PlanState& plan);

// The same by parts: cuts items of one group, behind what was cut before; in the end, sums up.
void cut(const PlanState& plan, ItemRange items, Pieces& into);
void sum_up_groups(const PlanState& plan, Pieces& pieces);

// Of a slice with gaps; null: one stretch of the file.
const store::Runs* runs_of(const Item& item);

// Where a part of one stretch begins in its file.
std::uint64_t file_offset(const Item& item, const Part& part);

// What Job::read takes for it.
store::ReadCost read_cost(const PlanState& plan, const Pieces& pieces, const Read& read);

}  // namespace hoist::transfer
