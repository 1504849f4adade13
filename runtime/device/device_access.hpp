// Between the public handle and the device behind it.
#pragma once

#include "device/backend.hpp"

namespace hoist {

struct Device::State {
  std::shared_ptr<device::Backend> backend;
};

struct DeviceAccess {
  static Device device(std::shared_ptr<device::Backend> backend) {
    return Device(std::make_shared<Device::State>(Device::State{std::move(backend)}));
  }
  static const std::shared_ptr<device::Backend>& backend(const Device& device) { return device.state_->backend; }
};

}  // namespace hoist
