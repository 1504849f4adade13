// The fault device fails the call that it is told to, once or from there on, and knows what is alive.
#include "support/fault_device.hpp"

#include <gtest/gtest.h>

#include "device/host_device.hpp"
#include "support/matchers.hpp"

namespace hoist::test {
namespace {

using device::Memory;

// Each kind of call once, in an order that can go on after any of them failed; how many failed.
int failures(const std::shared_ptr<FaultDevice>& device) {
  int failed = 0;
  const auto count = [&failed](const auto& result) {
    if (!result) {
      EXPECT_THAT(result, FailsWith(Errc::io_error, "injected"));
      ++failed;
    }
    return static_cast<bool>(result);
  };
  count(device->info());
  const auto host = device->allocate(Memory::staging, 4);
  const auto to = device->allocate(Memory::device, 4);
  count(host);
  count(to);
  const auto queue = device->make_queue();
  if (!count(queue)) return failed;
  if (host && to) {
    count((*queue)->upload(static_cast<const std::byte*>(host->address()), to->address(), 4));
    count((*queue)->download(to->address(), static_cast<std::byte*>(host->address()), 4));
  }
  count((*queue)->mark());
  count((*queue)->reached());
  count((*queue)->wait(0));
  return failed;
}

TEST(Fault, FailsEachCallInItsTurnAndLeavesNothingAlive) {
  constexpr std::uint64_t calls = 9;
  for (std::uint64_t number = 1; number <= calls; ++number) {
    const auto device = std::make_shared<FaultDevice>(device::make_host_device(), number);
    EXPECT_EQ(failures(device), 1) << number;
    EXPECT_TRUE(device->failed());
    EXPECT_EQ(device->alive(), 0);
  }
  const auto device = std::make_shared<FaultDevice>(device::make_host_device(), calls + 1);
  EXPECT_EQ(failures(device), 0);
  EXPECT_FALSE(device->failed());
  EXPECT_EQ(device->calls(), calls);
}

TEST(Fault, FailsEverythingAfterTheCallThatLostTheDevice) {
  const auto device = std::make_shared<FaultDevice>(device::make_host_device(), 5, FaultDevice::After::lost);
  EXPECT_EQ(failures(device), 5);
}

TEST(Fault, CountsWhatIsAlive) {
  const auto device = std::make_shared<FaultDevice>(device::make_host_device());
  {
    const auto queue = device->make_queue().value();
    const auto buffer = device->allocate(Memory::device, 4).value();
    EXPECT_EQ(device->alive(), 2);
  }
  EXPECT_EQ(device->alive(), 0);
}

}  // namespace
}  // namespace hoist::test
