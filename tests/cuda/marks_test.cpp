// The marks of a CUDA queue and the events behind them, and how they meet the caller's streams; over the fake runtime.
#include <thread>
#include <vector>

#include "cuda/cuda_test.hpp"

namespace hoist {
namespace {

class CudaMarks : public CudaDevice {
 protected:
  CudaMarks() { EXPECT_EQ(cudaSetDevice(0), cudaSuccess); }

  // Asked often enough that only what is held up is not reached.
  static Mark reached(Queue& queue) {
    Mark reached = 0;
    for (int i = 0; i < 20; ++i)
      reached = queue.reached().value();
    return reached;
  }

  std::shared_ptr<Backend> device_ = backend(0);
  std::unique_ptr<Queue> queue_ = device_->make_queue().value();
};

TEST_F(CudaMarks, FollowWhatAStreamHolds) {
  const cudaStream_t stream = make_stream();
  fake::Work work = fake::add_work(stream);
  ASSERT_THAT(queue_->follow(stream), Succeeds());
  const Mark mark = queue_->mark().value();
  EXPECT_EQ(reached(*queue_), 0U);
  work.finish();
  EXPECT_EQ(reached(*queue_), mark);
}

TEST_F(CudaMarks, KeepTheirEventUntilTheyAreReached) {
  const cudaStream_t held = make_stream(), idle = make_stream();
  fake::Work work = fake::add_work(held);
  ASSERT_THAT(queue_->follow(held), Succeeds());
  queue_->mark().value();
  ASSERT_THAT(queue_->follow(idle), Succeeds());  // takes an event, and gives it back
  EXPECT_EQ(reached(*queue_), 0U);
  work.finish();
  EXPECT_EQ(reached(*queue_), 1U);
}

TEST_F(CudaMarks, KeepTheirEventWhileAThreadWaitsForIt) {
  const cudaStream_t held = make_stream();
  std::vector<fake::Work> work;
  std::vector<std::jthread> waiting;
  for (Mark mark = 1; mark <= 20; ++mark) {
    work.push_back(fake::add_work(held));
    ASSERT_THAT(queue_->follow(held), Succeeds());
    ASSERT_EQ(queue_->mark().value(), mark);
    waiting.emplace_back([this, mark] {
      EXPECT_THAT(queue_->wait(mark), Succeeds());
      EXPECT_GE(queue_->reached().value(), mark);
    });
  }
  for (fake::Work& each : work) {
    std::this_thread::yield();
    each.finish();
  }
}

TEST_F(CudaMarks, UseTheirEventsAgain) {
  for (int i = 0; i < 100; ++i)
    ASSERT_THAT(queue_->wait(queue_->mark().value()), Succeeds());
  EXPECT_EQ(fake::events_made(), 1U);
  for (int i = 0; i < 4000; ++i)
    queue_->mark().value();
  EXPECT_LE(fake::events_made(), 1100U) << "a bound, where nobody waits";
}

TEST_F(CudaMarks, MakeOneStreamWaitAndNoOther) {
  const cudaStream_t held = make_stream();
  fake::Work work = fake::add_work(held);
  ASSERT_THAT(queue_->follow(held), Succeeds());
  const Mark mark = queue_->mark().value();
  ASSERT_THAT(queue_->make_wait(cudaStreamPerThread, mark), Succeeds());
  EXPECT_FALSE(fake::idle(cudaStreamPerThread));
  std::jthread([] {
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    EXPECT_TRUE(fake::idle(cudaStreamPerThread)) << "each thread has its own";
  });
  EXPECT_TRUE(fake::idle(cudaStreamLegacy));
  work.finish();
  ASSERT_THAT(queue_->wait(mark), Succeeds());
  const cudaStream_t late = make_stream();
  ASSERT_THAT(queue_->make_wait(late, mark), Succeeds());
  EXPECT_TRUE(fake::idle(late)) << "nothing to wait for any more";
}

TEST_F(CudaMarks, AreRefusedToStreamsThatAreNoneOrOfAnotherDevice) {
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  const cudaStream_t other = make_stream();
  EXPECT_THAT(queue_->follow(other), FailsWith(Errc::wrong_device));
  EXPECT_THAT(queue_->follow(nullptr), FailsWith(Errc::wrong_device));
  EXPECT_THAT(queue_->make_wait(nullptr, 0), FailsWith(Errc::wrong_device));
  cudaStreamDestroy(other);
  const Mark mark = queue_->mark().value();
  EXPECT_THAT(queue_->make_wait(other, mark), FailsWith(Errc::wrong_device));
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  EXPECT_THAT(queue_->wait(mark), Succeeds()) << "the device is as good as before";
}

TEST_F(CudaMarks, LeaveNoErrorBehindForTheCaller) {
  const cudaStream_t held = make_stream();
  fake::Work work = fake::add_work(held);
  ASSERT_THAT(queue_->follow(held), Succeeds());
  queue_->mark().value();
  EXPECT_EQ(queue_->reached().value(), 0U);
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << "not ready is a state";
  EXPECT_THAT(device_->allocate(Memory::device, 1ULL << 40), FailsWith(Errc::out_of_memory));
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  work.finish();
  EXPECT_THAT(queue_->wait(1), Succeeds());
}

}  // namespace
}  // namespace hoist
