#include "hoist/device.hpp"

#include <algorithm>
#include <cstring>

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

Result<void> Device::read(const void* address, std::span<std::byte> into) const {
  HOIST_ASSERT(state_);
  if (into.empty()) return {};
  return base::catching_bad_alloc([&]() -> Result<void> {
    constexpr std::size_t staging_bytes = 16U << 20;  // enough for a copy to take much longer than its call
    const std::size_t bytes_at_once = std::min(into.size(), staging_bytes);
    auto staging = state_->backend->allocate(device::Memory::staging, bytes_at_once);
    if (!staging) staging = state_->backend->allocate(device::Memory::pageable, bytes_at_once);
    if (!staging) return std::move(staging).error();
    auto queue = state_->backend->make_queue();
    if (!queue) return std::move(queue).error();
    auto* const landing = static_cast<std::byte*>(staging->address());
    for (std::size_t done = 0; done < into.size();) {
      const std::size_t bytes = std::min(into.size() - done, staging_bytes);
      const auto* const from = static_cast<const std::byte*>(address) + done;
      if (auto queued = (*queue)->download(from, landing, bytes); !queued) return queued;
      auto mark = (*queue)->mark();
      if (!mark) return std::move(mark).error();
      if (auto reached = (*queue)->wait(*mark); !reached) return reached;
      std::memcpy(into.data() + done, landing, bytes);
      done += bytes;
    }
    return {};
  });
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
