#include "cuda/device_memory.hpp"

#include "base/assert.hpp"
#include "device/backend.hpp"

namespace hoist::cuda {
namespace {

Error refused(Error error, std::uint64_t bytes) {
  error.message = "the device can't give " + base::grouped(bytes) + " bytes: " + error.message;
  return error;
}

}  // namespace

Result<std::unique_ptr<DeviceMemory>> DeviceMemory::make(std::shared_ptr<Context> context, CudaOptions options) {
  HOIST_ASSERT(!options.allocate == !options.free);
  HOIST_ASSERT(!options.allocate || !options.pool);
  std::unique_ptr<DeviceMemory> memory(new DeviceMemory(std::move(context), std::move(options)));
  if (memory->options_.pool) {
    if (auto made = memory->make_stream(); !made) return std::move(made).error();
  }
  return memory;
}

Result<void> DeviceMemory::make_stream() {
  return context_->run([this]() -> Result<void> {
    auto made = context_->check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
    if (!made) return made;
    return context_->check(cudaEventCreateWithFlags(&allocated_, cudaEventDisableTiming), "cudaEventCreate");
  });
}

DeviceMemory::~DeviceMemory() {
  context_->release([this] {
    if (allocated_) context_->ignore(cudaEventDestroy(allocated_));
    if (stream_) context_->ignore(cudaStreamDestroy(stream_));
  });
}

Result<void*> DeviceMemory::allocate(std::uint64_t bytes) {
  if (options_.allocate) {
    void* const address = options_.allocate(bytes);
    if (!address) {
      return Error{.code = Errc::out_of_memory,
                   .message = "the caller's allocator can't give " + base::grouped(bytes) + " bytes"};
    }
    HOIST_ASSERT(reinterpret_cast<std::uintptr_t>(address) % device::alignment_bytes == 0);
    return address;
  }
  return context_->run([&]() -> Result<void*> {
    if (options_.pool) return allocate_from_pool(bytes);
    void* address = nullptr;
    if (auto given = context_->check(cudaMalloc(&address, bytes), "cudaMalloc"); !given) {
      return refused(std::move(given).error(), bytes);
    }
    return address;
  });
}

Result<void*> DeviceMemory::allocate_from_pool(std::uint64_t bytes) {
  void* address = nullptr;
  auto given =
      context_->check(cudaMallocFromPoolAsync(&address, bytes, options_.pool, stream_), "cudaMallocFromPoolAsync");
  if (!given) return refused(std::move(given).error(), bytes);
  if (auto recorded = context_->check(cudaEventRecord(allocated_, stream_), "cudaEventRecord"); !recorded) {
    context_->ignore(cudaFreeAsync(address, stream_));
    return std::move(recorded).error();
  }
  ++allocations_;
  return address;
}

// An event that another thread records again meanwhile stands behind these allocations, too.
Result<void> DeviceMemory::order(cudaStream_t stream, std::uint64_t& seen) {
  const std::uint64_t now = allocations_;
  if (now == seen) return {};
  auto waits = context_->check(cudaStreamWaitEvent(stream, allocated_, cudaEventWaitDefault), "cudaStreamWaitEvent");
  if (waits) seen = now;
  return waits;
}

void DeviceMemory::free(void* address, std::uint64_t bytes) noexcept {
  if (options_.free) {
    if (!context_->lost()) options_.free(address, bytes);  // else a copy may still use it
    return;
  }
  context_->release([&] { context_->ignore(options_.pool ? cudaFreeAsync(address, stream_) : cudaFree(address)); });
}

}  // namespace hoist::cuda
