#include "support/fault_device.hpp"

#include <cerrno>

namespace hoist::test {

class FaultQueue : public device::Queue {
 public:
  FaultQueue(std::shared_ptr<FaultDevice> device, std::unique_ptr<device::Queue> inner)
      : device_(std::move(device)), inner_(std::move(inner)) {
    ++device_->alive_;
  }
  ~FaultQueue() override { --device_->alive_; }

  Result<void> upload(const std::byte* host, void* device, std::uint64_t bytes) override {
    if (auto passed = device_->pass(); !passed) return passed;
    return inner_->upload(host, device, bytes);
  }
  Result<void> download(const void* device, std::byte* host, std::uint64_t bytes) override {
    if (auto passed = device_->pass(); !passed) return passed;
    return inner_->download(device, host, bytes);
  }
  Result<device::Mark> mark() override {
    if (auto passed = device_->pass(); !passed) return std::move(passed).error();
    return inner_->mark();
  }
  Result<device::Mark> reached() override {
    if (auto passed = device_->pass(); !passed) return std::move(passed).error();
    return inner_->reached();
  }
  Result<void> wait(device::Mark mark) override {
    if (auto passed = device_->pass(); !passed) return passed;
    return inner_->wait(mark);
  }
  Result<void> follow(device::NativeStream stream) override {
    if (auto passed = device_->pass(); !passed) return passed;
    return inner_->follow(stream);
  }
  Result<void> make_wait(device::NativeStream stream, device::Mark mark) override {
    if (auto passed = device_->pass(); !passed) return passed;
    return inner_->make_wait(stream, mark);
  }

 private:
  std::shared_ptr<FaultDevice> device_;
  std::unique_ptr<device::Queue> inner_;
};

Result<void> FaultDevice::pass() {
  const std::uint64_t call = ++calls_;
  if (call == number_ || (call > number_ && after_ == After::lost)) {
    return Error{.code = Errc::io_error, .message = "injected", .system_code = EIO};
  }
  return {};
}

Result<DeviceInfo> FaultDevice::info() {
  if (auto passed = pass(); !passed) return std::move(passed).error();
  return inner_->info();
}

Result<std::unique_ptr<device::Queue>> FaultDevice::make_queue() {
  if (auto passed = pass(); !passed) return std::move(passed).error();
  auto queue = inner_->make_queue();
  if (!queue) return queue;
  return std::make_unique<FaultQueue>(std::static_pointer_cast<FaultDevice>(shared_from_this()),
                                      std::move(queue).value());
}

Result<void*> FaultDevice::allocate_bytes(device::Memory memory, std::uint64_t bytes) {
  if (auto passed = pass(); !passed) return std::move(passed).error();
  auto buffer = inner_->allocate(memory, bytes);
  if (!buffer) return std::move(buffer).error();
  ++alive_;
  void* const address = buffer->address();
  const base::MutexLock lock(mutex_);
  buffers_[address] = std::move(buffer).value();
  return address;
}

void FaultDevice::free_bytes(device::Memory, void* address, std::uint64_t) noexcept {
  --alive_;
  const base::MutexLock lock(mutex_);
  buffers_.erase(address);
}

}  // namespace hoist::test
