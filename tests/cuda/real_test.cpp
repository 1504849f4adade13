// The real runtime: a reason where there is no GPU, and a load onto it where there is one.
#include <gtest/gtest.h>

#include "device/device_access.hpp"
#include "hoist/cuda.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"
#include "support/required_devices.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::Succeeds;

TEST(RealCuda, IsThereOrSaysWhyItIsNot) {
  const auto device = make_cuda_device(0);
  if (device) {
    EXPECT_EQ(device->info()->name.rfind("cuda:0 ", 0), 0U);
  } else {
    EXPECT_THAT(device, FailsWith(Errc::device_unavailable));
    EXPECT_FALSE(device.error().message.empty());
    EXPECT_NE(device.error().system_code, 0);
  }
  EXPECT_THAT(make_cuda_device(1000), FailsWith(Errc::device_unavailable));
  EXPECT_THAT(make_cuda_device(-1), FailsWith(Errc::device_unavailable));
}

TEST(RealCuda, HoldsWhatWasLoaded) {
  const auto device = make_cuda_device(0);
  if (!device && !test::cuda_is_required()) GTEST_SKIP() << device.error().to_string();
  ASSERT_THAT(device, Succeeds());
  constexpr std::uint64_t MiB = 1 << 20;
  const Checkpoint checkpoint = Checkpoint::of(test::open_bytes(test::FileBuilder()
                                                                    .add("large", DType::U8, {41 * MiB + 3})
                                                                    .add("small", DType::F32, {7})
                                                                    .add("matrix", DType::U8, {512, 8192})
                                                                    .file())
                                                   .value());
  Plan plan(checkpoint);
  plan.select("**").value();
  Loader loader = Loader::create(*device, {.staging_bytes = 16 * MiB}).value();
  const Transfer transfer = loader.start(plan).value();
  ASSERT_THAT(transfer.wait(), Succeeds());
  EXPECT_TRUE(transfer.report().warnings.empty());
  const auto backend = DeviceAccess::backend(*device);
  const auto queue = backend->make_queue().value();
  for (const DeviceTensor& tensor : transfer.tensors()) {
    const device::Buffer landing = backend->allocate(device::Memory::staging, tensor.byte_count).value();
    auto* const host = static_cast<std::byte*>(landing.address());
    queue->download(tensor.data, host, tensor.byte_count).value();
    queue->wait(queue->mark().value()).value();
    EXPECT_EQ(test::text_of({host, tensor.byte_count}), test::read(checkpoint.at(tensor.name).value()).value());
  }
}

}  // namespace
}  // namespace hoist
