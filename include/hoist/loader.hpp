// Runs plans: from files into device memory, through a bounded ring of staging memory where the device needs one.
#pragma once

#include <chrono>
#include <functional>

#include "hoist/device.hpp"
#include "hoist/plan.hpp"

namespace hoist {

namespace transfer {  // private to the library
class Job;
class Pipeline;
struct Running;
struct TransferAccess;
}  // namespace transfer

// A tensor's place in device memory: fixed when the transfer starts, filled when it was waited for.
// `name` and `shape` live as long as the Transfer or the LoadedTensors that took over from it.
struct DeviceTensor {
  std::string_view name{};
  DType dtype{};
  std::span<const std::uint64_t> shape{};
  void* data = nullptr;
  std::uint64_t byte_count = 0;
};

// How far a load is, and what it took so far. A copy counts as done, and a tensor as there, when that was noticed: at a
// wait, or when its slot of the ring was needed again.
struct LoadReport {
  Estimate moved{};                 // what was read and, through the ring, given to the device; see hoist::estimate
  std::uint64_t copies = 0;         // that the device was given; many tensors make one
  std::uint64_t staging_bytes = 0;  // of the ring; 0 where it is not used
  // From the start on; 0: not yet.
  std::chrono::nanoseconds first_tensor{};
  std::chrono::nanoseconds total{};
  // Summed over the threads that did it; what served several transfers counts for one of them.
  std::chrono::nanoseconds reading{};
  std::chrono::nanoseconds waiting_for_slots{};  // readers, with nowhere to read to
  std::chrono::nanoseconds submitting{};         // giving copies to the device
  std::chrono::nanoseconds waiting_for_device{};
  std::vector<Error> warnings{};  // why the ring is smaller than asked for or not pinned, direct reads refused
};

// read: files are read; copy: the last copies are on their way; finish: everything is there.
enum class Stage : std::uint8_t { read, copy, finish };

struct Progress {
  Stage stage{};
  std::uint64_t bytes_done = 0;  // read or, through the ring, given to the device
  std::uint64_t bytes_total = 0;
  std::chrono::nanoseconds elapsed{};
  std::size_t device = 0;  // as in LoadOptions
};

enum class Staging : std::uint8_t {
  automatic,  // none where the host can write the device's memory
  always,
};

// Where tensors are read from; slices with gaps always come by way of the page cache. What is in the cache is copied
// from there in any case.
enum class Cache : std::uint8_t {
  automatic,  // keep, but bypass for a file of more than half of the memory available
  keep,       // by way of the cache: the next start is faster, and processes share it
  bypass,     // past it (O_DIRECT): leaves it as it was; where that is refused, as keep, with a warning
};

struct LoaderOptions {
  std::uint64_t staging_bytes = 128ULL << 20;  // taken once, reused by every load; at least 8 MiB, 16 for two at once
  unsigned threads = 0;                        // readers; 0: as many as the machine has processors, at most 16
};

struct LoadOptions {
  std::size_t device = 0;                       // which of the loader's, for start with one plan
  std::uint64_t max_device_bytes = UINT64_MAX;  // of each plan; over_budget beyond it, before the first byte is read
  Staging staging = Staging::automatic;
  Cache cache = Cache::automatic;
  // In the end, the page cache lets go of what it did not hold before, by 64 KiB. Where the kernel does not say what it
  // holds (before Linux 6.5, or of files of others), nothing is, with a warning.
  bool evict_after = false;
  // cancelled: no more is read or submitted, and who waits is woken, though the device may still be copying.
  std::stop_token stop{};
  // Ten times a second, from one thread for each transfer, which is there for it alone; the last call says finish,
  // unless the load fails. It must not throw, nor destroy the transfer.
  std::function<void(const Progress&)> on_progress{};
  bool trace = false;  // record what Transfer::write_trace writes
};

// Loaded tensors and the memory that they lie in.
class HOIST_API LoadedTensors {
 public:
  LoadedTensors(LoadedTensors&&) noexcept;
  LoadedTensors& operator=(LoadedTensors&&) noexcept;
  ~LoadedTensors();

  std::span<const DeviceTensor> tensors() const noexcept HOIST_LIFETIME;  // in plan order
  const DeviceTensor* find(std::string_view name) const noexcept HOIST_LIFETIME;

 private:
  friend class Transfer;
  friend struct transfer::TransferAccess;
  explicit LoadedTensors(std::shared_ptr<const transfer::Job> job);

  std::shared_ptr<const transfer::Job> job_;
};

// A load under way. Thread-safe, except moving, take() and destruction, which cancels and waits for the device.
class HOIST_API Transfer {
 public:
  Transfer(Transfer&&) noexcept;
  Transfer& operator=(Transfer&&) noexcept;
  ~Transfer();

  std::span<const DeviceTensor> tensors() const noexcept HOIST_LIFETIME;  // in plan order; places, from the start on
  const DeviceTensor* find(std::string_view name) const noexcept HOIST_LIFETIME;

  // Until everything, one tensor, or a group is there; the rest may still be moving. The first error of the transfer,
  // where that came before; missing_tensor.
  Result<void> wait() const;
  Result<void> wait(std::string_view name) const;
  Result<void> wait(Plan::Group group) const;
  LoadReport report() const;
  // What each reader, slot and queue did so far, as Chrome trace events, which Perfetto opens. Needs
  // LoadOptions::trace.
  Result<void> write_trace(const std::filesystem::path& path) const;

  Result<LoadedTensors> take() &&;  // waits; on an error the Transfer still owns everything

 private:
  friend struct transfer::TransferAccess;
  explicit Transfer(std::unique_ptr<transfer::Running> running);

  std::unique_ptr<transfer::Running> running_;
};

// The ring and the readers; make one and keep it. A handle, thread-safe. Transfers are served in the order in which
// they were started, but each that has begun has two slots of 4 MiB of the ring for its own, and goes on however long
// another waits for its device. After a failure or a cancel no more is read; its memory stays until the Transfer is
// destroyed.
class HOIST_API Loader {
 public:
  static Result<Loader> create(Device device, LoaderOptions = {});
  static Result<Loader> create(std::vector<Device> devices, LoaderOptions = {});  // at least one

  Result<Transfer> start(const Plan& plan, LoadOptions = {});  // allocates, then returns

  // plans[i] goes to devices[i], and what several take is read once: tensors of one opened checkpoint, or equal slices
  // of them, that the plans have in the same order, as far as they make 64 KiB or more. What is so far apart in two
  // plans that one would have to wait for it is read twice. What is read once goes through the ring, on the host, too.
  // The transfers have two slots together, and where one waits for its device, so do the others; but each fails, is
  // cancelled and ends by itself. Errors name the plan.
  Result<std::vector<Transfer>> start(std::span<const Plan> plans, LoadOptions = {});

 private:
  friend struct transfer::TransferAccess;
  explicit Loader(std::shared_ptr<transfer::Pipeline> pipeline);

  std::shared_ptr<transfer::Pipeline> pipeline_;
};

}  // namespace hoist
