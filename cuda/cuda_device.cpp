#include "base/error.hpp"
#include "cuda/cuda_queue.hpp"
#include "cuda/staging.hpp"
#include "device/device_access.hpp"
#include "hoist/cuda.hpp"

namespace hoist {
namespace cuda {
namespace {

using device::Memory;

class CudaDevice final : public device::Backend {
 public:
  CudaDevice(std::shared_ptr<Context> context, std::unique_ptr<DeviceMemory> memory)
      : context_(std::move(context)), memory_(std::move(memory)) {}

  Result<DeviceInfo> info() override {
    return context_->run([this]() -> Result<DeviceInfo> {
      std::size_t free = 0, total = 0;
      if (auto asked = context_->check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo"); !asked) {
        return std::move(asked).error();
      }
      return DeviceInfo{.name = context_->name(), .total_bytes = total, .free_bytes = free};
    });
  }

  bool host_can_write() const noexcept override { return false; }

  Result<std::unique_ptr<device::Queue>> make_queue() override {
    return make_cuda_queue(shared_from_this(), *context_, *memory_);
  }

 protected:
  Result<void*> allocate_bytes(Memory memory, std::uint64_t bytes) override {
    switch (memory) {
      case Memory::device: return memory_->allocate(bytes);
      case Memory::staging: return map_pinned(*context_, bytes);
      case Memory::pageable: break;
    }
    return map_pages(bytes);
  }

  void free_bytes(Memory memory, void* address, std::uint64_t bytes) noexcept override {
    switch (memory) {
      case Memory::device: return memory_->free(address, bytes);
      case Memory::staging: return unmap_pinned(*context_, address, bytes);
      case Memory::pageable: return unmap_pages(address, bytes);
    }
  }

 private:
  const std::shared_ptr<Context> context_;
  const std::unique_ptr<DeviceMemory> memory_;
};

}  // namespace
}  // namespace cuda

Result<Device> make_cuda_device(int ordinal, CudaOptions options) {
  return base::catching_bad_alloc([&]() -> Result<Device> {
    auto context = cuda::Context::make(ordinal);
    if (!context) return std::move(context).error();
    auto memory = cuda::DeviceMemory::make(*context, std::move(options));
    if (!memory) return std::move(memory).error();
    return DeviceAccess::device(
        std::make_shared<cuda::CudaDevice>(std::move(context).value(), std::move(memory).value()));
  });
}

}  // namespace hoist
