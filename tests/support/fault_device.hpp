// A device that fails one call, and counts what is alive. For one test; thread-safe.
#pragma once

#include <atomic>
#include <limits>
#include <map>

#include "base/mutex.hpp"
#include "device/backend.hpp"

namespace hoist::test {

class FaultDevice : public device::Backend {
 public:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  // Calls of any kind that give a Result are counted from 1; `number` and, where it is lost, all after it fail with
  // io_error "injected".
  enum class After { works_again, lost };
  explicit FaultDevice(std::shared_ptr<Backend> inner, std::uint64_t number = never, After after = After::works_again)
      : inner_(std::move(inner)), number_(number), after_(after) {}

  bool failed() const noexcept { return calls_ >= number_; }
  std::uint64_t calls() const noexcept { return calls_; }
  std::int64_t alive() const noexcept { return alive_; }  // buffers and queues

  Result<DeviceInfo> info() override;
  bool host_can_write() const noexcept override { return inner_->host_can_write(); }
  Result<std::unique_ptr<device::Queue>> make_queue() override;

 protected:
  Result<void*> allocate_bytes(device::Memory memory, std::uint64_t bytes) override;
  void free_bytes(device::Memory memory, void* address, std::uint64_t bytes) noexcept override;

 private:
  friend class FaultQueue;
  Result<void> pass();

  std::shared_ptr<Backend> inner_;
  const std::uint64_t number_;
  const After after_;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::int64_t> alive_ = 0;
  base::Mutex mutex_;
  std::map<void*, device::Buffer> buffers_ HOIST_GUARDED_BY(mutex_);  // of the inner device
};

}  // namespace hoist::test
