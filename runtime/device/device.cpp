#include "hoist/device.hpp"

#include "base/assert.hpp"
#include "base/error.hpp"
#include "device/device_access.hpp"
#include "device/host_device.hpp"

namespace hoist {

Device::Device(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<Device> Device::host() {
  return base::catching_bad_alloc([]() -> Result<Device> { return DeviceAccess::device(device::make_host_device()); });
}

Result<DeviceInfo> Device::info() const {
  HOIST_ASSERT(state_);
  return base::catching_bad_alloc([&] { return state_->backend->info(); });
}

namespace device {

namespace {

Error no_streams() { return {.code = Errc::wrong_device, .message = "this device has no streams"}; }

}  // namespace

Result<void> Queue::follow(NativeStream) { return no_streams(); }
Result<void> Queue::make_wait(NativeStream, Mark) { return no_streams(); }

Buffer::~Buffer() {
  if (backend_) backend_->free_bytes(memory_, address_, bytes_);
}

Result<Buffer> Backend::allocate(Memory memory, std::uint64_t bytes) {
  HOIST_ASSERT(bytes != 0);
  auto address = allocate_bytes(memory, bytes);
  if (!address) return std::move(address).error();
  return Buffer(shared_from_this(), memory, *address, bytes);
}

}  // namespace device
}  // namespace hoist
