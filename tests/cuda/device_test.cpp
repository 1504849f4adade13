// Which device it is, what it leaves behind in a thread, and what becomes of it after an error; over the fake runtime.
#include <functional>
#include <thread>

#include "cuda/cuda_test.hpp"

namespace hoist {
namespace {

TEST_F(CudaDevice, NamesItself) {
  EXPECT_EQ(make_cuda_device(0)->info()->name, "cuda:0 Fake 0");
  EXPECT_EQ(make_cuda_device(1)->info()->name, "cuda:1 Fake 1");
}

TEST_F(CudaDevice, IsUnavailableForAReason) {
  const auto expect_reason = [](int ordinal, fake::Setup setup, const char* reason) {
    fake::reset(setup);
    const auto device = make_cuda_device(ordinal);
    EXPECT_THAT(device, FailsWith(Errc::device_unavailable, reason));
    EXPECT_NE(device.error().system_code, 0);
    EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << reason;
    EXPECT_EQ(fake::contexts(), std::set<int>());
  };
  expect_reason(0, {.driver_version = 0}, "no CUDA driver is installed");
  expect_reason(0, {.driver_version = 12040}, "made for 12.4, too old for 13.0");
  expect_reason(0, {.devices = 0}, "cudaGetDeviceCount");
  expect_reason(2, {}, "there is no cuda:2; the driver shows 2 devices");
  expect_reason(-1, {.devices = 1}, "there is no cuda:-1; the driver shows 1 device");
}

TEST_F(CudaDevice, IsUnavailableWhicheverCallFailsBeforeItIsThere) {
  for (std::uint64_t call = 1;; ++call) {
    fake::reset();
    fake::fail_at(call, cudaErrorUnknown);
    const auto device = make_cuda_device(1);
    if (!fake::failed()) break;
    EXPECT_THAT(device, FailsWith(Errc::device_unavailable)) << call;
    EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  }
}

// --- threads

// Each call of the seam that calls CUDA, once.
void use(Backend& device, cudaStream_t stream, const std::function<void()>& after_each) {
  const auto each = [&](auto&& result) {
    EXPECT_THAT(result, Succeeds());
    after_each();
    return std::forward<decltype(result)>(result).value();
  };
  (void)each(device.info());
  const Buffer from = each(device.allocate(Memory::staging, 4)), to = each(device.allocate(Memory::device, 4));
  const auto queue = each(device.make_queue());
  const auto done = [&](Result<void> result) {
    EXPECT_THAT(result, Succeeds());
    after_each();
  };
  done(queue->follow(stream));
  done(queue->upload(static_cast<std::byte*>(from.address()), to.address(), 4));
  done(queue->download(to.address(), static_cast<std::byte*>(from.address()), 4));
  const Mark mark = each(queue->mark());
  (void)each(queue->reached());
  done(queue->make_wait(stream, mark));
  done(queue->wait(mark));
}

TEST_F(CudaDevice, LeavesEachThreadOnTheDeviceThatItHad) {
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  const cudaStream_t stream = make_stream();
  const auto device = backend(1);
  std::jthread([&] {
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    const auto expect_its_own = [] {
      int current = -1;
      EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
      EXPECT_EQ(current, 0);
    };
    use(*device, stream, expect_its_own);
    expect_its_own();  // and after what destructors did
  });
}

TEST_F(CudaDevice, MakesNoContextOnAnotherDeviceForAThreadThatHadNone) {
  const auto device = backend(1);
  std::jthread([&] {
    const auto queue = device->make_queue().value();
    const Buffer memory = device->allocate(Memory::device, 4).value();
    EXPECT_EQ(fake::device_of(memory.address()), 1);
    EXPECT_THAT(queue->wait(queue->mark().value()), Succeeds());
  });
  void* memory = nullptr;
  EXPECT_EQ(fake::contexts(), std::set<int>{1});
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaSuccess);
  EXPECT_EQ(fake::device_of(memory), 0) << "this thread has the first device, as if hoist had not been there";
}

TEST_F(CudaDevice, CopiesOnNonBlockingStreamsWithEventsThatSleepAndTakeNoTime) {
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  use(*backend(0), make_stream(), [] {});
  EXPECT_EQ(fake::stream_flags(), std::set<unsigned>{cudaStreamNonBlocking});
  EXPECT_EQ(fake::event_flags(), std::set<unsigned>{cudaEventBlockingSync | cudaEventDisableTiming});
}

// --- errors

TEST_F(CudaDevice, IsLostForEverythingAfterAnErrorThatStays) {
  auto device = backend(0);
  auto queue = device->make_queue().value();
  Buffer memory = device->allocate(Memory::device, 4).value(), staging = device->allocate(Memory::staging, 4).value();
  const Mark mark = queue->mark().value();
  fake::lose(cudaErrorIllegalAddress);
  EXPECT_THAT(queue->wait(mark), FailsWith(Errc::device_lost));
  EXPECT_EQ(fake::calls_after_loss(), 1U);

  const auto lost = FailsWith(Errc::device_lost, "lost");
  EXPECT_THAT(queue->upload(host(staging), memory.address(), 4), lost);
  EXPECT_THAT(queue->mark(), lost);
  EXPECT_THAT(queue->reached(), lost);
  EXPECT_THAT(queue->wait(0), lost);
  EXPECT_THAT(queue->follow(cudaStreamLegacy), lost);
  EXPECT_THAT(queue->make_wait(cudaStreamLegacy, mark), lost);
  EXPECT_THAT(device->info(), lost);
  EXPECT_THAT(device->make_queue(), lost);
  EXPECT_THAT(device->allocate(Memory::device, 4), lost);
  EXPECT_THAT(device->allocate(Memory::staging, 4), lost);
  EXPECT_EQ(queue->wait(mark).error().system_code, cudaErrorIllegalAddress);
  queue.reset();
  memory = Buffer();
  staging = Buffer();
  device.reset();
  EXPECT_EQ(fake::calls_after_loss(), 1U) << "nothing is drained, and nothing is asked of a lost device";
}

TEST_F(CudaDevice, LetsGoInSilenceWhenTheRuntimeIsUnloading) {
  {
    const auto device = backend(0);
    const auto queue = device->make_queue().value();
    const Buffer memory = device->allocate(Memory::device, 4).value();
    fake::lose(cudaErrorCudartUnloading);
  }
  EXPECT_EQ(fake::calls_after_loss(), 1U) << "the first call finds out";
}

TEST_F(CudaDevice, IsLostWhenItsContextIsGone) {
  const auto device = backend(1);
  const auto queue = device->make_queue().value();
  fake::fail_calls_of("cuCtxSetCurrent", cudaErrorContextIsDestroyed);
  EXPECT_THAT(queue->mark(), FailsWith(Errc::device_lost));
  fake::fail_calls_of("", cudaSuccess);
  EXPECT_THAT(queue->mark(), FailsWith(Errc::device_lost));
}

TEST_F(CudaDevice, FreesNothingThatACopyMayStillUse) {
  for (const bool always : {false, true}) {
    fake::reset();
    {
      auto device = backend(0);
      const Buffer from = device->allocate(Memory::staging, 4).value(),
                   to = device->allocate(Memory::device, 4).value();
      auto queue = device->make_queue().value();
      queue->upload(host(from), to.address(), 4).value();
      if (always) fake::fail_calls_of("cudaStreamSynchronize", cudaErrorUnknown);
      else fake::fail_at(fake::calls() + 1, cudaErrorUnknown);
      queue.reset();
      fake::fail_calls_of("", cudaSuccess);
      EXPECT_EQ(static_cast<bool>(device->info()), !always) << "lost, where it can't be waited for";
    }
    EXPECT_EQ(fake::alive() == fake::Alive(), !always);
  }
}

}  // namespace
}  // namespace hoist
