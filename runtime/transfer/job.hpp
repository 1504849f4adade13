// One plan under way: what it moves, which never changes, and how far it is, which the pipeline's lock guards.
#pragma once

#include "device/backend.hpp"
#include "hoist/loader.hpp"
#include "transfer/pieces.hpp"
#include "transfer/sources.hpp"
#include "transfer/trace.hpp"

namespace hoist::transfer {

struct Batch;

class Job {
 public:
  // Where a plan goes. `shared`: some reads serve other devices, too, and so go through the ring.
  struct Target {
    std::shared_ptr<device::Backend> device;
    std::size_t number = 0;  // of the device, to the caller
    bool shared = false;
  };
  // Allocates the arena, and a queue where the tensors go through the ring. out_of_memory, and what the device says.
  static Result<std::shared_ptr<Job>> make(const PlanState& plan, Pieces pieces, Target target,
                                           std::shared_ptr<const Sources> sources, const LoadOptions& options);

  std::span<const DeviceTensor> tensors() const noexcept { return tensors_; }
  const DeviceTensor* find(std::string_view name) const noexcept;
  std::optional<std::uint32_t> pieces_until(std::string_view name) const noexcept;  // nothing: no such tensor

  void begin(bool traced);                                         // the clock runs from here
  bool traced() const noexcept { return flow.trace.has_value(); }  // from then on
  std::vector<Trace::Named> named_pieces() const;

  const Pieces& pieces() const noexcept { return pieces_; }
  std::uint32_t pieces_of_all() const noexcept { return static_cast<std::uint32_t>(pieces_.pieces.size()); }
  std::uint32_t pieces_of_first() const noexcept { return pieces_of_first_; }  // until some tensor is there
  bool staged() const noexcept { return staged_; }                             // some of it goes through the ring
  bool needs_the_ring() const noexcept { return needs_the_ring_; }             // all of it does
  bool cancellable() const noexcept { return cancellable_; }                   // by a stop token

  // wrong_device, where nothing goes through the ring too: the host can't wait for a stream's kernels.
  Result<void> follow(device::NativeStream stream);

  // Brings a piece into its slot, gaps zeroed, or with `slot` null to its places.
  struct Filled {
    store::ReadCost cost{};   // what that took
    std::uint32_t begin = 0;  // of the piece in its slot
  };
  Result<Filled> read(const Piece& piece, std::byte* slot, io::Bounce& bounce, const std::stop_token& stop) const;
  // Queues the copies of a piece from where it begins in its slot, and a mark behind them.
  struct Submitted {
    device::Mark mark = 0;
    std::uint64_t copies = 0;
  };
  Result<Submitted> submit(const Piece& piece, const std::byte* from);

  void let_go_of_files() noexcept {
    sources_.reset();
    items_.clear();
  }
  void evict() const noexcept { sources_->evict(); }
  std::vector<Error> warnings() const { return sources_->warnings(); }
  void drain() noexcept { queue_.reset(); }
  device::Queue& queue() noexcept { return *queue_; }
  device::Backend& device() const noexcept { return *target_.device; }
  std::size_t device_number() const noexcept { return target_.number; }

  using Clock = std::chrono::steady_clock;

  struct Flight {
    static constexpr device::Mark never = UINT64_MAX;  // until the queue was drained

    device::Mark mark = 0;
    std::uint32_t slot = 0;
    std::uint32_t piece = 0;
    Clock::time_point submitted{};
  };

  // Under the pipeline's lock.
  struct Flow {
    static constexpr std::uint32_t nobody = UINT32_MAX;

    std::shared_ptr<Batch> batch{};  // from its start to its end
    std::uint32_t done = 0;          // pieces from the first on that are there, or queued with their mark
    std::uint32_t arrived = 0;       // of them that are known to be there
    std::uint32_t awaited = nobody;  // the fewest of them that somebody waits for
    std::uint32_t users = 0;         // threads outside the lock that use the job
    bool ending = false;             // somebody waits for them to leave
    bool submitting = false;         // one of them is in submit()
    bool drained = false;            // it failed, and its queue is gone already
    static constexpr std::int32_t not_read = -1, in_place = -2;
    std::vector<std::int32_t> filled{};   // slot of a piece that was read, or one of these
    std::vector<std::uint32_t> begins{};  // in it
    std::vector<device::Mark> marks{};    // to wait for, of the pieces from the first to each; 0: none
    std::vector<Flight> in_flight{};      // slots, by rising mark
    std::optional<Error> error{};         // the first
    LoadReport report{};
    Clock::time_point started{};
    std::optional<Trace> trace{};
    std::stop_source stop{};  // of the reads
  } flow;

 private:
  std::byte* place(const Part& part, std::byte* slot) const;
  std::uint32_t begin_in_slot(const Piece& piece) const;
  Result<store::ReadCost> read_stretches(std::span<const Part> parts, std::byte* slot, io::Around around,
                                         io::Bounce& bounce, const std::stop_token& stop) const;
  const Item& item_at(std::span<const Part> parts, const std::optional<std::uint64_t>& offset) const;

  std::vector<Item> items_;  // without their names, which are in names_
  std::shared_ptr<const Sources> sources_;
  Pieces pieces_;
  std::uint32_t pieces_of_first_ = 0;
  bool staged_ = false;
  bool needs_the_ring_ = false;
  bool cancellable_ = false;
  Target target_;
  device::Buffer arena_;  // before the queue: a queue is drained before memory is freed
  std::unique_ptr<device::Queue> queue_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> dimensions_;
  std::vector<DeviceTensor> tensors_;  // point into names_ and dimensions_
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
};

}  // namespace hoist::transfer
