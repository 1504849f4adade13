// The machine's own memory as a device.
#pragma once

#include "device/backend.hpp"

namespace hoist::device {

// Each queue copies on a thread of its own, so that a copy is as late here as on any other device.
std::shared_ptr<Backend> make_host_device();

}  // namespace hoist::device
