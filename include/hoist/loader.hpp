// Runs plans: from files into device memory, through a bounded ring of staging memory where the device needs one.
#pragma once

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

struct LoadReport {
  Estimate moved{};                 // so far: what was read and, through the ring, given to the device
  std::uint64_t staging_bytes = 0;  // of the ring; 0 where it is not used
  std::vector<Error> warnings{};    // why the ring is smaller than was asked for, or not pinned
};

enum class Staging : std::uint8_t {
  automatic,  // none where the host can write the device's memory
  always,
};

struct LoaderOptions {
  std::uint64_t staging_bytes = 128ULL << 20;  // taken once, reused by every load; at least 8 MiB
  unsigned threads = 0;                        // readers; 0: as many as the machine has processors, at most 16
};

struct LoadOptions {
  std::uint64_t max_device_bytes = UINT64_MAX;  // over_budget beyond it, before the first byte is read
  Staging staging = Staging::automatic;
  std::stop_token stop{};  // cancelled
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

  Result<LoadedTensors> take() &&;  // waits; on an error the Transfer still owns everything

 private:
  friend struct transfer::TransferAccess;
  explicit Transfer(std::unique_ptr<transfer::Running> running);

  std::unique_ptr<transfer::Running> running_;
};

// The ring and the readers; make one and keep it. A handle, thread-safe. Transfers run one after the other, in the
// order in which they were started.
class HOIST_API Loader {
 public:
  static Result<Loader> create(Device device, LoaderOptions = {});

  Result<Transfer> start(const Plan& plan, LoadOptions = {});  // allocates, then returns

 private:
  friend struct transfer::TransferAccess;
  explicit Loader(std::shared_ptr<transfer::Pipeline> pipeline);

  std::shared_ptr<transfer::Pipeline> pipeline_;
};

}  // namespace hoist
