// Loads onto a CUDA device and the caller's streams, over the fake runtime: what waits for what, and with which device.
#include <chrono>
#include <thread>

#include "cuda/cuda_test.hpp"

namespace hoist {
namespace {

class CudaStreams : public CudaLoads {
 protected:
  CudaStreams() { EXPECT_EQ(cudaSetDevice(0), cudaSuccess); }

  // Work that a stream has done once it has come so far.
  static bool gets_past(cudaStream_t stream) {
    cudaEvent_t event = nullptr;
    EXPECT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
    EXPECT_EQ(cudaEventRecord(event, stream), cudaSuccess);
    bool done = false;
    for (int i = 0; i < 10 && !done; ++i)
      done = cudaEventQuery(event) == cudaSuccess;
    (void)cudaGetLastError();
    EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
    return done;
  }

  Loader loader_ = Loader::create(make_cuda_device(0).value(), small_ring).value();
};

TEST_F(CudaStreams, HaveTheTensorsOnceTheyHaveWaited) {
  const cudaStream_t stream = make_stream();
  Transfer transfer = loader_.start(plan()).value();
  ASSERT_THAT(enqueue_wait(transfer, "small", stream), Succeeds());
  ASSERT_THAT(enqueue_wait(transfer, Plan::Group{1}, stream), Succeeds());
  ASSERT_THAT(enqueue_wait(transfer, cudaStreamPerThread), Succeeds());
  ASSERT_EQ(cudaStreamSynchronize(cudaStreamPerThread), cudaSuccess);
  expect_whole(transfer.tensors());
}

TEST_F(CudaStreams, AreFollowedByALoadThatStartsAfterThem) {
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 400), cudaSuccess);
  const std::string before = fake::contents(memory, 400);
  Plan what(checkpoint());
  what.add({{.view = checkpoint().at("small").value(), .destination = memory, .destination_bytes = 400}}).value();
  for (const cudaStream_t stream : {make_stream(), cudaStreamLegacy, cudaStreamPerThread}) {
    fake::Work kernel = fake::add_work(stream);
    Transfer transfer = start_after(stream, loader_, what).value();
    const cudaStream_t next = make_stream();
    ASSERT_THAT(enqueue_wait(transfer, next), Succeeds());
    EXPECT_FALSE(gets_past(next)) << "the kernel may still read the old weights";
    kernel.finish();
    EXPECT_TRUE(gets_past(next));
    ASSERT_THAT(transfer.wait(), Succeeds());
    expect_whole(transfer.tensors());
  }
  EXPECT_NE(fake::contents(memory, 400), before);
}

TEST_F(CudaStreams, HoldTheMemoryUntilTheyHaveDoneWhatTheyHold) {
  const cudaStream_t stream = make_stream();
  LoadedTensors tensors = loader_.start(plan()).value().take().value();
  void* const data = tensors.find("large")->data;
  fake::Work kernel = fake::add_work(stream);
  std::jthread releasing([&] { EXPECT_THAT(release_after(tensors, stream), Succeeds()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(fake::device_of(data), 0);
  kernel.finish();
  releasing.join();
  EXPECT_EQ(fake::device_of(data), -1);
  EXPECT_TRUE(tensors.tensors().empty());
}

TEST_F(CudaStreams, OfAnotherDeviceWaitTooAndTheCallersDeviceStays) {
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  const cudaStream_t stream = make_stream();
  Transfer transfer = loader_.start(plan()).value();
  ASSERT_THAT(enqueue_wait(transfer, stream), Succeeds());
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  expect_whole(transfer.tensors());
  EXPECT_THAT(start_after(stream, loader_, plan()), FailsWith(Errc::wrong_device));
  EXPECT_THAT(release_after(transfer, stream), FailsWith(Errc::wrong_device));
  int current = -1;
  EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(current, 1);
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST_F(CudaStreams, AreLeftAloneByALoadThatFailed) {
  std::stop_source stop;
  stop.request_stop();
  const cudaStream_t stream = make_stream();
  Transfer transfer = loader_.start(plan(), {.stop = stop.get_token()}).value();
  EXPECT_THAT(enqueue_wait(transfer, stream), FailsWith(Errc::cancelled));
  EXPECT_TRUE(fake::idle(stream));
}

}  // namespace
}  // namespace hoist
