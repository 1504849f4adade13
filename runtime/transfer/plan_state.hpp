// What stands behind a Plan, for the pipeline.
#pragma once

#include <map>
#include <unordered_map>
#include <unordered_set>

#include "hoist/plan.hpp"
#include "store/archive_state.hpp"

namespace hoist::transfer {

// A tensor on its way: from a file, to a place in the arena or to the caller's own.
struct Item {
  TensorView view;
  std::string name;
  void* destination = nullptr;  // the caller's
  std::uint64_t arena_offset = 0;

  const store::Storage& storage() const { return store::Internals::state(view).storage; }
  std::uint64_t byte_count() const { return view.byte_count(); }
};

// The caller's memory that items go to: bytes and name, by the address where it begins.
struct Destination {
  std::uint64_t bytes = 0;
  std::string name{};
};
using Destinations = std::map<std::uintptr_t, Destination>;

// Items of a plan that follow each other.
struct ItemRange {
  std::size_t first = 0;
  std::size_t count = 0;
};

struct PlanState {
  explicit PlanState(Checkpoint from);

  Checkpoint checkpoint;
  std::vector<Item> items{};  // in the order in which they arrive
  std::vector<ItemRange> groups{};
  std::uint64_t arena_bytes = 0;
  std::unordered_set<std::string> names{};       // of the items
  std::unordered_set<const TensorInfo*> held{};  // tensors that they are, or are parts of
  Destinations destinations{};
  // Where an archive stands in the order of files: the shards, then others as they were met.
  std::unordered_map<const store::ArchiveState*, std::size_t> ranks{};
};

struct PlanAccess {
  static const PlanState& state(const Plan& plan) { return *plan.state_; }
};

}  // namespace hoist::transfer
