// The CUDA device does what every device does: over the fake runtime in one program, over the real one in another.
#include "device/conformance.hpp"
#include "hoist/cuda.hpp"
#ifdef HOIST_FAKE_CUDA
#include "support/fake_cuda/fake_cuda.hpp"
#endif

namespace hoist::device {
namespace {

Result<std::shared_ptr<Backend>> make() {
#ifdef HOIST_FAKE_CUDA
  test::fake_cuda::reset();
#endif
  auto device = make_cuda_device(0);
  if (!device) return std::move(device).error();
  return DeviceAccess::backend(*device);
}

INSTANTIATE_TEST_SUITE_P(Devices, Conformance, testing::Values(Kind{"Cuda", make}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::device
