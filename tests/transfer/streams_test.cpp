// Transfers and the caller's streams: who waits for whom, and when nothing is queued.
#include <gtest/gtest.h>

#include <thread>

#include "hoist/cuda.hpp"
#include "support/deferred_device.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::DeferredDevice;
using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

constexpr std::uint64_t MiB = 1 << 20;

// Two groups of one piece each: "first" and "second".
class Streams : public testing::Test {
 protected:
  static Plan plan() {
    static const std::string file = FileBuilder().add("first", DType::U8, {100}).add("second", DType::U8, {MiB}).file();
    Plan plan(Checkpoint::of(test::open_bytes(file).value()));
    plan.select("first").value();
    plan.select("second").value();
    return plan;
  }

  static Loader loader_for(DeferredDevice& device) {
    return Loader::create(device.handle(), {.staging_bytes = 8 * MiB, .threads = 1}).value();
  }

  CUstream_st* make_stream() { return static_cast<CUstream_st*>(device_->make_stream()); }
  bool step(CUstream_st* stream) { return device_->step(DeferredDevice::number_of(stream)); }
  // The steps of a queue, once they are there: one copy and one mark make a piece.
  void step_queue(std::size_t queue, int commands) {
    for (; commands > 0; --commands) {
      while (!device_->step(queue))
        std::this_thread::yield();
    }
  }

  std::shared_ptr<DeferredDevice> device_ = std::make_shared<DeferredDevice>();
  Loader loader_ = loader_for(*device_);
};

TEST_F(Streams, WaitForTheTensorThatTheyWereToldOfAndNotForTheRest) {
  Transfer transfer = loader_.start(plan()).value();
  CUstream_st* const stream = make_stream();
  ASSERT_THAT(enqueue_wait(transfer, "first", stream), Succeeds());
  device_->add_work(stream);
  EXPECT_FALSE(step(stream)) << "nothing was copied yet";
  step_queue(0, 2);
  EXPECT_TRUE(step(stream));
  EXPECT_TRUE(step(stream));
  ASSERT_THAT(enqueue_wait(transfer, Plan::Group{1}, stream), Succeeds());
  ASSERT_THAT(enqueue_wait(transfer, stream), Succeeds());
  EXPECT_FALSE(step(stream));
  step_queue(0, 2);
  EXPECT_TRUE(step(stream));
  EXPECT_TRUE(step(stream));
}

TEST_F(Streams, AreNotMadeToWaitForWhatTheDeviceHasNotBeenGiven) {
  const auto source = std::make_shared<test::HeldSource>(FileBuilder().add("w", DType::U8, {100}).file());
  Plan what(Checkpoint::of(Archive::from_source(source).value()));
  what.select("w").value();
  source->held = true;
  std::stop_source stop;
  Transfer transfer = loader_.start(what, {.stop = stop.get_token()}).value();
  CUstream_st* const stream = make_stream();
  EXPECT_THAT(try_enqueue_wait(transfer, stream), FailsWith(Errc::not_submitted));
  EXPECT_THAT(try_enqueue_wait(transfer, "w", stream), FailsWith(Errc::not_submitted));
  EXPECT_THAT(try_enqueue_wait(transfer, Plan::Group{0}, stream), FailsWith(Errc::not_submitted));
  EXPECT_EQ(device_->queued(DeferredDevice::number_of(stream)), 0U);
  {
    const std::jthread waiting([&] { EXPECT_THAT(enqueue_wait(transfer, "w", stream), FailsWith(Errc::cancelled)); });
    stop.request_stop();
  }
  EXPECT_THAT(try_enqueue_wait(transfer, stream), FailsWith(Errc::cancelled));
  EXPECT_EQ(device_->queued(DeferredDevice::number_of(stream)), 0U);
}

TEST_F(Streams, AreFollowedByTheCopiesOfALoadThatStartsAfterThem) {
  CUstream_st* const stream = make_stream();
  device_->add_work(stream);
  Transfer transfer = start_after(stream, loader_, plan()).value();
  ASSERT_THAT(enqueue_wait(transfer, make_stream()), Succeeds()) << "everything is queued";
  EXPECT_FALSE(device_->step(1)) << "a kernel may still read the old weights";
  EXPECT_TRUE(step(stream));
  EXPECT_TRUE(device_->step(1));
}

TEST_F(Streams, HoldTheMemoryUntilTheyHaveDoneWhatTheyHold) {
  for (const bool taken : {false, true}) {
    SCOPED_TRACE(taken);
    const auto device = std::make_shared<DeferredDevice>(DeferredDevice::Steps::when_waited);
    Loader loader = loader_for(*device);
    Transfer transfer = loader.start(plan()).value();
    ASSERT_THAT(transfer.wait(), Succeeds());
    auto* const stream = static_cast<CUstream_st*>(device->make_stream());
    device->add_work(stream);
    if (taken) {
      LoadedTensors tensors = std::move(transfer).take().value();
      EXPECT_THAT(release_after(tensors, nullptr), FailsWith(Errc::wrong_device));
      EXPECT_EQ(tensors.tensors().size(), 2U) << "still there";
      ASSERT_THAT(release_after(tensors, stream), Succeeds());
      EXPECT_TRUE(tensors.tensors().empty());
      EXPECT_EQ(tensors.find("first"), nullptr);
    } else {
      ASSERT_THAT(release_after(transfer, stream), Succeeds());
    }
    EXPECT_EQ(device->queued(DeferredDevice::number_of(stream)), 0U);
  }
}

TEST_F(Streams, AreRefusedWhereTheyAreNullOrOfAnotherDevice) {
  int anything = 0;
  auto* const stream = reinterpret_cast<CUstream_st*>(&anything);
  for (const Staging staging : {Staging::automatic, Staging::always}) {
    Loader loader = Loader::create(Device::host().value()).value();
    Transfer transfer = loader.start(plan(), {.staging = staging}).value();
    ASSERT_THAT(transfer.wait(), Succeeds());
    EXPECT_THAT(enqueue_wait(transfer, stream), FailsWith(Errc::wrong_device));
    EXPECT_THAT(enqueue_wait(transfer, nullptr), FailsWith(Errc::wrong_device, "null"));
    EXPECT_THAT(enqueue_wait(transfer, "absent", stream), FailsWith(Errc::missing_tensor, "absent"));
    EXPECT_THAT(start_after(stream, loader, plan(), {.staging = staging}), FailsWith(Errc::wrong_device));
    EXPECT_THAT(start_after(nullptr, loader, plan()), FailsWith(Errc::wrong_device));
    EXPECT_THAT(release_after(transfer, stream), FailsWith(Errc::wrong_device));
    EXPECT_EQ(transfer.tensors().size(), 2U) << "it keeps what could not be released";
  }
}

}  // namespace
}  // namespace hoist
