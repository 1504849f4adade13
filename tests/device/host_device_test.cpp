// What is particular to the host's own memory as a device.
#include "device/host_device.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "hoist/device.hpp"
#include "support/matchers.hpp"

namespace hoist::device {
namespace {

TEST(HostDevice, IsThereForEveryone) {
  const auto device = Device::host();
  ASSERT_THAT(device, test::Succeeds());
  EXPECT_EQ(device->info()->name, "host");
}

TEST(HostDevice, SaysHowMuchWasAskedForAndHowMuchThereIs) {
  const auto device = make_host_device();
  const auto refused = device->allocate(Memory::device, 1ULL << 62);
  ASSERT_THAT(refused, test::FailsWith(Errc::out_of_memory, "4,611,686,018,427,387,904 bytes"));
}

// The rate at which copies are queued is bounded by the rate at which they are made.
TEST(HostDevice, MakesTheCallerWaitWhenItsQueueIsFull) {
  const auto device = make_host_device();
  const auto queue = device->make_queue().value();
  const auto from = device->allocate(Memory::staging, 1 << 20).value();
  const auto to = device->allocate(Memory::device, 1 << 20).value();
  std::memset(from.address(), 1, 1 << 20);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int copy = 0; copy < 2000; ++copy)
        queue->upload(static_cast<const std::byte*>(from.address()), to.address(), 4096).value();
    });
  }
  threads.clear();
  EXPECT_THAT(queue->wait(queue->mark().value()), test::Succeeds());
}

}  // namespace
}  // namespace hoist::device
