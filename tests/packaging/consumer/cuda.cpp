// What somebody else's program does with the installed hoist::cuda: asks for a device, and goes on without one.
#include <hoist/cuda.hpp>

#include <iostream>

int main() {
  const auto device = hoist::make_cuda_device(0);
  if (device) {
    if (!hoist::Loader::create(*device)) return 1;
  } else if (device.error().code != hoist::Errc::device_unavailable) {
    return 2;
  }
  std::cout << "consumed\n";
}
