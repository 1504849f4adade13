// The device that --device names.
#pragma once

#include <string>

#include "hoist/device.hpp"

namespace hoist::tool {

// "auto": the first GPU, where there is one and this hoist knows CUDA, else the host. "host". "cuda:N". Throws
// hoist::Exception.
Device open_device(const std::string& name);

// Throws std::invalid_argument, for people.
void check_device_name(const std::string& name);

}  // namespace hoist::tool
