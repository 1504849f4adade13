// What to load, in which order, and where to. Nothing moves before a Loader starts it.
#pragma once

#include "hoist/checkpoint.hpp"

namespace hoist {

namespace transfer {  // private to the library
struct PlanState;
struct PlanAccess;
}  // namespace transfer

// A tensor to load, and where to. Without a destination it gets its place in the transfer's arena, at a multiple of
// 256.
struct Placed {
  TensorView view;
  std::string name{};                   // in the result; the view's own when empty
  void* destination = nullptr;          // device memory of the caller; must outlive the Transfer
  std::uint64_t destination_bytes = 0;  // must equal view.byte_count(), else size_mismatch
};

// What a plan will move, exactly; nothing is read to know it.
struct Estimate {
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;          // of the tensors asked for
  std::uint64_t bytes_read = 0;     // from files, gaps of up to 4 KiB that are read over included
  std::uint64_t requests = 0;       // reads
  std::uint64_t padding_bytes = 0;  // read more, to whole blocks, where all but slices with gaps are read directly
  std::uint64_t device_bytes = 0;   // of the arena
};

// A tensor of a plan, and its places. Lives as long as the plan, unchanged.
struct Planned {
  const TensorView& view;  // its file, dtype and shape
  std::string_view name;
  std::size_t group = 0;
  void* destination = nullptr;     // of the caller, or
  std::uint64_t arena_offset = 0;  // in the transfer's arena
  std::uint64_t file_offset = 0;   // where it begins in its file; of a slice, the first byte that is asked for
  std::uint64_t file_bytes = 0;    // from there to its last byte; more than its own where a slice has gaps
  std::uint64_t bytes_read = 0;    // of the file, for it alone
};

// Each call adds a group; groups arrive in the order of the calls, and inside a group by shard, then file order. A
// value, for one thread. A moved-from plan may only be assigned or destroyed.
class HOIST_API Plan {
 public:
  using Group = std::size_t;  // from 0, in the order of the calls

  explicit Plan(Checkpoint checkpoint);
  Plan(const Plan&);
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan) noexcept;
  ~Plan();

  // Tensors that an earlier group holds, whole or in part, are skipped, so that "**" at the end means the rest. What
  // Checkpoint::select gives; duplicate_tensor, where an earlier group gave the name to another.
  Result<Group> select(std::string_view pattern);
  Result<Group> select(const std::vector<std::string>& patterns);

  // Views of any archive. duplicate_tensor: the name is taken; overlap: of the caller's memory; size_mismatch. After an
  // error the plan is as it was.
  Result<Group> add(std::vector<Placed> group);
  Result<Group> add(TensorView view);

  std::size_t group_count() const noexcept;
  std::vector<Planned> tensors() const;  // in the order in which they arrive
  Estimate estimate() const;

 private:
  friend struct transfer::PlanAccess;

  std::unique_ptr<transfer::PlanState> state_;
};

// What each moves if one Loader starts them together: a read that serves several is counted for the first.
HOIST_API std::vector<Estimate> estimate(std::span<const Plan> plans);

}  // namespace hoist
