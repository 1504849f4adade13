// Where the memory of a CUDA device comes from, and that all of it goes again; over the fake runtime.
#include <sys/mman.h>
#include <cstring>

#include "cuda/cuda_test.hpp"

namespace hoist {
namespace {

TEST_F(CudaDevice, LeavesNothingOfMemoryThatCantBePinned) {
  const auto device = backend(0);
  fake::fail_calls_of("cudaHostRegister", cudaErrorMemoryAllocation);
  const auto refused = device->allocate(Memory::staging, 8U << 20);
  ASSERT_THAT(refused, FailsWith(Errc::out_of_memory, "cudaHostRegister of 8,388,608 bytes"));
  EXPECT_EQ(refused.error().system_code, cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  EXPECT_EQ(fake::alive(), fake::Alive());
  EXPECT_THAT(device->allocate(Memory::pageable, 8U << 20), Succeeds());
}

TEST_F(CudaDevice, UnmapsItsHostMemory) {
  const auto device = backend(0);
  for (const Memory kind : {Memory::staging, Memory::pageable}) {
    for (const std::uint64_t bytes : {1U, 5000U, 2U << 20, (5U << 20) + 1}) {
      Buffer buffer = device->allocate(kind, bytes).value();
      auto* const page =
          reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(host(buffer) + bytes - 1) / 4096 * 4096);
      std::memset(buffer.address(), 1, bytes);
      unsigned char resident = 0;
      EXPECT_EQ(mincore(page, 1, &resident), 0);
      buffer = Buffer();
      EXPECT_NE(mincore(page, 1, &resident), 0) << bytes;
    }
  }
  EXPECT_THAT(device->allocate(Memory::pageable, UINT64_MAX), FailsWith(Errc::out_of_memory));
  EXPECT_THAT(device->allocate(Memory::staging, 1ULL << 60), FailsWith(Errc::out_of_memory));
}

TEST_F(CudaDevice, TakesMemoryFromTheCallersAllocator) {
  void* memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 100), cudaSuccess);
  std::uint64_t freed = 0;
  const auto device = backend(0, {.allocate = [=](std::uint64_t bytes) { return bytes <= 100 ? memory : nullptr; },
                                  .free =
                                      [&](void* address, std::uint64_t bytes) {
                                        EXPECT_EQ(address, memory);
                                        freed = bytes;
                                      }});
  EXPECT_EQ(device->allocate(Memory::device, 100)->address(), memory);
  EXPECT_EQ(freed, 100U);
  EXPECT_THAT(device->allocate(Memory::device, 101), FailsWith(Errc::out_of_memory, "allocator can't give 101"));
  EXPECT_EQ(fake::alive().allocations, 1);
}

class CudaPool : public CudaDevice {
 protected:
  CudaPool() {
    cudaMemPoolProps properties{};
    properties.location.id = 1;
    EXPECT_EQ(cudaMemPoolCreate(&pool_, &properties), cudaSuccess);
  }
  ~CudaPool() override { cudaMemPoolDestroy(pool_); }

  cudaMemPool_t pool_ = nullptr;
};

TEST_F(CudaPool, GivesMemoryThatCopiesWaitFor) {
  {
    const auto device = backend(1, {.pool = pool_});
    const Buffer from = device->allocate(Memory::staging, 4).value();
    const auto queue = device->make_queue().value();
    std::memcpy(from.address(), "pool", 4);
    for (int i = 0; i < 3; ++i) {
      const Buffer to = device->allocate(Memory::device, 4).value();
      queue->upload(host(from), to.address(), 4).value();
      queue->wait(queue->mark().value()).value();
      EXPECT_EQ(fake::contents(to.address(), 4), "pool");
      EXPECT_EQ(fake::device_of(to.address()), 1);
    }
    EXPECT_THAT(device->allocate(Memory::device, 1ULL << 40), FailsWith(Errc::out_of_memory));
  }
  EXPECT_EQ(fake::alive().events, 0);
  EXPECT_EQ(fake::alive().streams, 0);
}

TEST_F(CudaPool, GetsItsMemoryBackWhenACallBehindItFails) {
  const auto device = backend(1, {.pool = pool_});
  fake::fail_calls_of("cudaEventRecord", cudaErrorUnknown);
  EXPECT_THAT(device->allocate(Memory::device, 4), FailsWith(Errc::io_error));
  fake::fail_calls_of("", cudaSuccess);
  const Buffer other = device->allocate(Memory::device, 4).value();
  const auto queue = device->make_queue().value();
  const Buffer from = device->allocate(Memory::staging, 4).value();
  queue->upload(host(from), other.address(), 4).value();
  queue->wait(queue->mark().value()).value();
  EXPECT_EQ(fake::alive().allocations, 1) << "what was given back is free once the stream has come to it";
}

}  // namespace
}  // namespace hoist
