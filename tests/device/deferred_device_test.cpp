// The deferred device does nothing by itself, and ends the test that breaks a rule of the seam.
#include "support/deferred_device.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

namespace hoist::test {
namespace {

using device::Buffer;
using device::Memory;

class Deferred : public testing::Test {
 protected:
  Buffer staging(const char* content) {
    Buffer buffer = device_->allocate(Memory::staging, std::strlen(content)).value();
    std::memcpy(buffer.address(), content, std::strlen(content));
    return buffer;
  }
  static std::byte* host(const Buffer& buffer) { return static_cast<std::byte*>(buffer.address()); }

  std::shared_ptr<DeferredDevice> device_ = std::make_shared<DeferredDevice>();
  std::unique_ptr<device::Queue> queue_ = device_->make_queue().value();
  Buffer to_ = device_->allocate(Memory::device, 4).value();
};

using DeferredDeathTest = Deferred;

TEST_F(Deferred, ReadsTheSourceOnlyWhenItIsStepped) {
  const Buffer from = staging("late");
  queue_->upload(host(from), to_.address(), 4).value();
  EXPECT_EQ(device_->contents(to_.address(), 4), "\xA5\xA5\xA5\xA5");
  std::memcpy(from.address(), "LATE", 4);
  EXPECT_TRUE(device_->step());
  EXPECT_EQ(device_->contents(to_.address(), 4), "LATE");
  EXPECT_FALSE(device_->step());
}

TEST_F(Deferred, ReachesAMarkWhenItIsSteppedAndNotBefore) {
  const Buffer from = staging("abcd");
  queue_->upload(host(from), to_.address(), 4).value();
  const device::Mark mark = queue_->mark().value();
  device_->step();
  EXPECT_EQ(queue_->reached().value(), 0U);
  const std::jthread stepping([&] { device_->step(); });
  queue_->wait(mark).value();
  EXPECT_EQ(queue_->reached().value(), mark);
}

TEST_F(Deferred, StepsEachQueueByItself) {
  const auto other = device_->make_queue().value();
  queue_->mark().value();
  other->mark().value();
  EXPECT_TRUE(device_->step(1));
  EXPECT_EQ(device_->queued(0), 1U);
  EXPECT_EQ(device_->queued(1), 0U);
}

TEST_F(DeferredDeathTest, HidesItsMemoryFromTheHost) { EXPECT_DEATH(std::memset(to_.address(), 0, 1), ""); }

TEST_F(DeferredDeathTest, EndsTheTestThatFreesWhatACopyStillUses) {
  EXPECT_DEATH(
      {
        const Buffer from = staging("abcd");
        queue_->upload(host(from), to_.address(), 4).value();
      },
      "was freed that a queued copy uses");
}

TEST_F(DeferredDeathTest, EndsTheTestThatCopiesBeyondABuffer) {
  const Buffer from = staging("abcde");
  EXPECT_DEATH(queue_->upload(host(from), to_.address(), 5).value(), "leaves its buffer");
  EXPECT_DEATH(queue_->upload(host(from), host(to_) + 1, 4).value(), "leaves its buffer");
  const char outside[4] = {};
  EXPECT_DEATH(queue_->upload(reinterpret_cast<const std::byte*>(outside), to_.address(), 4).value(), "buffer");
}

TEST_F(DeferredDeathTest, EndsTheTestThatWaitsForAMarkThatWasNeverMade) {
  EXPECT_DEATH(queue_->wait(1).value(), "never made");
}

}  // namespace
}  // namespace hoist::test
