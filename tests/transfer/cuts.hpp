// What the tests of pieces and of schedules share: files of given sizes, and what must hold of every cut.
#pragma once

#include <gtest/gtest.h>

#include "support/header_builder.hpp"
#include "transfer/pieces.hpp"

namespace hoist::transfer {

// A file in memory that is only described: no test here reads its bytes.
struct Described {
  std::vector<std::uint64_t> sizes{};
  std::string header() const {
    std::string entries;
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      entries += (i == 0 ? "" : ",") + std::string("\"t") + std::to_string(i) + R"(":{"dtype":"U8","shape":[)" +
                 std::to_string(sizes[i]) + R"(],"data_offsets":[)" + std::to_string(offset) + "," +
                 std::to_string(offset + sizes[i]) + "]}";
      offset += sizes[i];
    }
    return "{" + entries + "}";
  }
  Archive archive() const {
    std::uint64_t total = 0;
    for (const std::uint64_t size : sizes)
      total += size;
    return test::open_bytes(test::file_with(header(), std::string(total, '.'))).value();
  }
};

// Each part is in one read, and a read goes forward in one file without large gaps.
inline void check_reads(const PlanState& state, const Pieces& cut_up, const Piece& piece) {
  std::uint32_t next_part = piece.first_part;
  for (const Read& read : cut_up.reads_of(piece)) {
    ASSERT_EQ(read.first_part, next_part);
    ASSERT_GT(read.part_count, 0U);
    next_part += read.part_count;
    const std::span<const Part> parts = cut_up.parts_of(read);
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const Item &before = state.items[parts[i - 1].item], &item = state.items[parts[i].item];
      ASSERT_EQ(&before.storage(), &item.storage());
      const std::uint64_t end = file_offset(before, parts[i - 1]) + parts[i - 1].end - parts[i - 1].begin;
      ASSERT_GE(file_offset(item, parts[i]), end);
      ASSERT_LE(file_offset(item, parts[i]) - end, io::max_gap_bytes);
    }
  }
  ASSERT_EQ(next_part, piece.first_part + piece.part_count);
}

// What must hold of every cut of a plan.
inline void check(const Plan& plan, const Pieces& cut_up) {
  const PlanState& state = PlanAccess::state(plan);
  std::vector<std::uint64_t> done(state.items.size());
  std::vector<std::uint32_t> last_piece(state.items.size());
  std::uint32_t next_part = 0, last_item = 0;
  for (std::uint32_t number = 0; number < cut_up.pieces.size(); ++number) {
    const Piece& piece = cut_up.pieces[number];
    ASSERT_EQ(piece.first_part, next_part);
    ASSERT_GT(piece.part_count, 0U);
    ASSERT_LE(piece.bytes, piece_bytes);
    next_part += piece.part_count;
    std::uint64_t end = 0;
    for (const Part& part : cut_up.parts_of(piece)) {
      const Item& item = state.items[part.item];
      ASSERT_GE(part.item, last_item) << "in plan order";
      last_item = part.item;
      ASSERT_EQ(part.begin, done[part.item]) << "no byte twice, none left out";
      ASSERT_GT(part.end, part.begin);
      done[part.item] = part.end;
      last_piece[part.item] = number + 1;
      ASSERT_GE(part.slot_offset, end) << "apart in the slot";
      end = part.slot_offset + (part.end - part.begin);
      ASSERT_EQ(piece.in_arena, item.destination == nullptr);
      if (piece.in_arena) {
        ASSERT_EQ(piece.arena_offset + part.slot_offset, item.arena_offset + part.begin);
      }
    }
    ASSERT_EQ(end, piece.bytes);
    check_reads(state, cut_up, piece);
  }
  ASSERT_EQ(next_part, cut_up.parts.size());
  for (std::size_t i = 0; i < state.items.size(); ++i) {
    ASSERT_EQ(done[i], state.items[i].byte_count());
    if (done[i] != 0) {
      ASSERT_EQ(cut_up.item_needs[i], last_piece[i]);
    }
  }
  std::uint32_t before = 0;
  ASSERT_EQ(cut_up.group_needs.size(), state.groups.size());
  for (std::size_t group = 0; group < state.groups.size(); ++group) {
    const ItemRange range = state.groups[group];
    for (std::size_t i = range.first; i < range.first + range.count; ++i) {
      ASSERT_LE(cut_up.item_needs[i], cut_up.group_needs[group]);
      if (done[i] != 0) {
        ASSERT_GT(cut_up.item_needs[i], before) << "no piece holds bytes of two groups";
      }
    }
    before = cut_up.group_needs[group];
  }
  ASSERT_EQ(before, cut_up.pieces.size());
}

}  // namespace hoist::transfer
