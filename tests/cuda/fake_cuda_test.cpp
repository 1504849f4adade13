// The fake runtime's own rules, each shown once: what the other tests in this folder rely on.
#include "support/fake_cuda/fake_cuda.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "support/temporary_directory.hpp"

namespace hoist::test {
namespace {

namespace fake = fake_cuda;

constexpr auto up = cudaMemcpyHostToDevice;
constexpr std::size_t page = 4096;

class FakeCuda : public testing::Test {
 protected:
  FakeCuda() {
    fake::reset();
    EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
    EXPECT_EQ(cudaMalloc(&memory_, page), cudaSuccess);
    pinned_ = static_cast<char*>(std::aligned_alloc(page, page));
    EXPECT_EQ(cudaHostRegister(pinned_, page, cudaHostRegisterPortable), cudaSuccess);
    std::memcpy(pinned_, "early", 6);
    stream_ = make_stream();
    event_ = make_event();
  }
  ~FakeCuda() override {
    fake::reset();
    std::free(pinned_);
  }

  static cudaStream_t make_stream(unsigned flags = cudaStreamNonBlocking) {
    cudaStream_t stream = nullptr;
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream, flags), cudaSuccess);
    return stream;
  }
  static cudaEvent_t make_event() {
    cudaEvent_t event = nullptr;
    EXPECT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
    return event;
  }
  // Asks as often as the fake may put an asker off.
  static bool done(cudaEvent_t event) {
    for (int i = 0; i < 10; ++i) {
      if (cudaEventQuery(event) == cudaSuccess) return true;
    }
    return false;
  }
  std::string in_memory() const { return fake::contents(memory_, 6).c_str(); }

  void* memory_ = nullptr;
  char* pinned_ = nullptr;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t event_ = nullptr;
};

using FakeCudaDeathTest = FakeCuda;

TEST_F(FakeCuda, TakesMemoryThatIsPageLockedForOneDeviceAsPageableOnAnother) {
  auto* const own = static_cast<char*>(std::aligned_alloc(page, page));
  ASSERT_EQ(cudaHostRegister(own, page, cudaHostRegisterDefault), cudaSuccess);
  cudaMemcpyAsync(memory_, own, 6, up, stream_);
  EXPECT_EQ(fake::pageable_copies(), 0U);
  cudaSetDevice(1);
  void* other = nullptr;
  ASSERT_EQ(cudaMalloc(&other, page), cudaSuccess);
  const cudaStream_t stream = make_stream();
  cudaMemcpyAsync(other, pinned_, 6, up, stream);
  EXPECT_EQ(fake::pageable_copies(), 0U);
  cudaMemcpyAsync(other, own, 6, up, stream);
  EXPECT_EQ(fake::pageable_copies(), 1U);
  fake::reset();
  std::free(own);
}

TEST_F(FakeCuda, ReadsAPageLockedSourceWhenItMustAndNoSooner) {
  cudaMemcpyAsync(memory_, pinned_, 6, up, stream_);
  std::memcpy(pinned_, "later", 6);
  EXPECT_NE(in_memory(), "later");
  cudaStreamSynchronize(stream_);
  EXPECT_EQ(in_memory(), "later");
}

TEST_F(FakeCuda, ReadsAPageableSourceBeforeTheCallReturns) {
  std::string pageable = "early";
  cudaMemcpyAsync(memory_, pageable.c_str(), 6, up, stream_);
  pageable = "later";
  cudaStreamSynchronize(stream_);
  EXPECT_EQ(in_memory(), "early");
}

TEST_F(FakeCuda, CapturesWhatAWaitIsForWhenItIsCalled) {
  fake::Work first = fake::add_work(stream_);
  cudaEventRecord(event_, stream_);
  const cudaStream_t waiting = make_stream();
  cudaStreamWaitEvent(waiting, event_, 0);
  fake::Work second = fake::add_work(stream_);
  cudaEventRecord(event_, stream_);
  const cudaEvent_t passed = make_event();
  cudaEventRecord(passed, waiting);
  EXPECT_FALSE(done(passed));
  first.finish();
  EXPECT_TRUE(done(passed)) << "the second record came after the wait";
  EXPECT_FALSE(done(event_));
  second.finish();
  EXPECT_TRUE(done(event_));
}

TEST_F(FakeCuda, TakesAWaitForAnEventThatWasNeverRecordedAsNone) {
  EXPECT_EQ(cudaStreamWaitEvent(stream_, event_, 0), cudaSuccess);
  EXPECT_TRUE(fake::idle(stream_));
  EXPECT_EQ(cudaEventQuery(event_), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event_), cudaSuccess);
}

TEST_F(FakeCuda, DrainsTheDeviceInCudaFreeWhileOtherCallsWait) {
  fake::Work work = fake::add_work(stream_);
  std::atomic<bool> called = false;
  std::jthread frees([&] { cudaFree(memory_); });
  std::jthread calls([&] {
    while (fake::calls() < 6)  // cudaFree has begun
      std::this_thread::yield();
    int device = 0;
    cudaGetDevice(&device);
    called = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(called);
  EXPECT_EQ(fake::device_of(memory_), 0);
  work.finish();
  calls.join();
  frees.join();
  EXPECT_EQ(fake::device_of(memory_), -1);
}

TEST_F(FakeCuda, FillsFreedMemoryWithPoison) {
  cudaFree(memory_);
  EXPECT_EQ(in_memory(), "\xDD\xDD\xDD\xDD\xDD\xDD");
}

TEST_F(FakeCuda, KeepsAnErrorForItsThreadUntilItIsAskedFor) {
  void* none = nullptr;
  EXPECT_EQ(cudaMalloc(&none, 1ULL << 40), cudaErrorMemoryAllocation);
  std::jthread([] { EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess); });
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  fake::Work work = fake::add_work(stream_);
  cudaEventRecord(event_, stream_);
  EXPECT_EQ(cudaEventQuery(event_), cudaErrorNotReady);
  EXPECT_EQ(cudaGetLastError(), cudaErrorNotReady) << "a state stays behind, too";
}

TEST_F(FakeCuda, GivesAStickyErrorForEverExceptToTheDriversContextCalls) {
  fake::Work work = fake::add_work(stream_);
  const std::jthread waiting([&] { EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorIllegalAddress); });
  fake::lose(cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaFree(memory_), cudaErrorIllegalAddress);
  EXPECT_GE(fake::calls_after_loss(), 1U);
  EXPECT_EQ(fake::device_of(memory_), 0) << "nothing can be freed any more";
}

TEST_F(FakeCuda, GivesEachThreadItsOwnDeviceAndDefaultStream) {
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  fake::Work work = fake::add_work(cudaStreamPerThread);
  std::jthread([] {
    int device = -1;
    EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
    EXPECT_EQ(device, 0);
    EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
    EXPECT_TRUE(fake::idle(cudaStreamPerThread));
  });
  EXPECT_FALSE(fake::idle(cudaStreamPerThread));
  EXPECT_EQ(fake::contexts(), (std::set<int>{0, 1}));
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaEventRecord(event_, cudaStreamPerThread), cudaErrorInvalidResourceHandle) << "of another device";
}

TEST_F(FakeCuda, RemembersTheDeviceOfAThreadWhoseContextWasTaken) {
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  fake::take_context();
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaSuccess);
  EXPECT_EQ(fake::device_of(memory), 1);
}

TEST_F(FakeCuda, OrdersTheLegacyDefaultStreamWithBlockingStreamsAlone) {
  fake::Work work = fake::add_work(cudaStreamLegacy);
  const cudaStream_t blocking = make_stream(cudaStreamDefault);
  cudaMemcpyAsync(memory_, pinned_, 6, up, blocking);
  cudaEventRecord(event_, blocking);
  EXPECT_FALSE(done(event_));
  const cudaEvent_t other = make_event();
  cudaEventRecord(other, stream_);
  EXPECT_TRUE(done(other));
  work.finish();
  EXPECT_TRUE(done(event_));
}

TEST_F(FakeCuda, FailsTheCallThatItIsToldToAndFreesAllTheSame) {
  const fake::Alive before = fake::alive();
  fake::fail_at(fake::calls() + 1, cudaErrorUnknown);
  void* none = nullptr;
  EXPECT_EQ(cudaMalloc(&none, 1), cudaErrorUnknown);
  EXPECT_TRUE(fake::failed());
  EXPECT_EQ(fake::alive(), before);
  fake::fail_at(fake::calls() + 1, cudaErrorUnknown);
  EXPECT_EQ(cudaFree(memory_), cudaErrorUnknown);
  EXPECT_EQ(fake::alive().allocations, before.allocations - 1);
  fake::fail_at(fake::calls() + 1, cudaErrorLaunchFailure);
  EXPECT_EQ(cudaEventRecord(event_, stream_), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaEventRecord(event_, stream_), cudaErrorLaunchFailure) << "it is sticky";
}

TEST_F(FakeCuda, CountsWhatIsAlive) {
  EXPECT_EQ(fake::alive(), (fake::Alive{1, 1, 1, 1}));
  cudaHostUnregister(pinned_);
  cudaStreamDestroy(stream_);
  cudaEventDestroy(event_);
  cudaFree(memory_);
  EXPECT_EQ(fake::alive(), fake::Alive());
}

TEST_F(FakeCudaDeathTest, EndsTheTestThatCopiesIntoFreedMemory) {
  EXPECT_DEATH(
      {
        cudaFree(memory_);
        cudaMemcpyAsync(memory_, pinned_, 6, up, stream_);
        cudaStreamSynchronize(stream_);
      },
      "was freed");
}

TEST_F(FakeCudaDeathTest, EndsTheTestThatUnregistersASourceBeforeItsCopyIsMade) {
  cudaMemcpyAsync(memory_, pinned_, 6, up, stream_);
  EXPECT_DEATH(cudaHostUnregister(pinned_), "unregistered");
}

TEST_F(FakeCudaDeathTest, EndsTheTestThatCopiesIntoAPoolsMemoryBeforeItIsThere) {
  cudaMemPoolProps properties{};
  cudaMemPool_t pool = nullptr;
  cudaMemPoolCreate(&pool, &properties);
  void* memory = nullptr;
  cudaMallocFromPoolAsync(&memory, 100, pool, make_stream());
  cudaMemcpyAsync(memory, pinned_, 6, up, stream_);
  EXPECT_DEATH(cudaStreamSynchronize(stream_), "before its stream has allocated it");
  cudaMemPoolDestroy(pool);
}

TEST_F(FakeCudaDeathTest, EndsTheTestThatGivesAFileMappingToACopy) {
  const TemporaryDirectory directory;
  const auto path = directory.write("file", std::string(page, 'x'));
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  void* const mapping = mmap(nullptr, page, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  ASSERT_NE(mapping, MAP_FAILED);
  EXPECT_DEATH(cudaMemcpyAsync(memory_, mapping, 6, up, stream_), "file mapping");
  EXPECT_DEATH(cudaHostRegister(mapping, page, 0), "file mapping");
  munmap(mapping, page);
}

TEST_F(FakeCudaDeathTest, HidesDeviceMemoryFromTheHost) { EXPECT_DEATH(std::memset(memory_, 0, 1), ""); }

}  // namespace
}  // namespace hoist::test
