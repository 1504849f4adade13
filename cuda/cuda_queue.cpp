#include "cuda/cuda_queue.hpp"

#include "cuda/marks.hpp"

namespace hoist::cuda {
namespace {

using device::Mark;

Error no_stream() { return {.code = Errc::wrong_device, .message = "a null stream"}; }

class CudaQueue final : public device::Queue {
 public:
  CudaQueue(std::shared_ptr<device::Backend> backend, Context& context, DeviceMemory& memory, cudaStream_t stream)
      : backend_(std::move(backend)), context_(context), memory_(memory), stream_(stream) {}

  // Memory that a copy may still use can't be given back: a device that can't be waited for, twice, counts as lost.
  ~CudaQueue() override {
    if (!drained() && !drained()) context_.lose(cudaErrorUnknown);
    context_.release([this] { context_.ignore(cudaStreamDestroy(stream_)); });
  }

  Result<void> upload(const std::byte* host, void* device, std::uint64_t bytes) override {
    return copy(device, host, bytes, cudaMemcpyHostToDevice);
  }
  Result<void> download(const void* device, std::byte* host, std::uint64_t bytes) override {
    return copy(host, device, bytes, cudaMemcpyDeviceToHost);
  }

  Result<Mark> mark() override {
    return context_.run([this] { return marks_.add(stream_); });
  }
  Result<Mark> reached() override {
    return context_.run([this] { return marks_.reached(); });
  }
  Result<void> wait(Mark mark) override {
    return context_.run([&] { return marks_.wait(mark); });
  }

  // Recorded first: CUDA takes a wait for an event that never was as no wait. It captures what it waits for, so the
  // event may be recorded again at once.
  Result<void> follow(device::NativeStream stream) override {
    if (!stream) return no_stream();
    return context_.run([&]() -> Result<void> {
      auto event = events_.take();
      if (!event) return std::move(event).error();
      auto recorded =
          context_.check(cudaEventRecord(event->get(), static_cast<cudaStream_t>(stream)), "cudaEventRecord");
      if (!recorded) return recorded;
      return context_.check(cudaStreamWaitEvent(stream_, event->get(), cudaEventWaitDefault), "cudaStreamWaitEvent");
    });
  }

  Result<void> make_wait(device::NativeStream stream, Mark mark) override {
    if (!stream) return no_stream();
    return context_.run([&] { return marks_.make_wait(static_cast<cudaStream_t>(stream), mark); });
  }

 private:
  Result<void> copy(void* to, const void* from, std::uint64_t bytes, cudaMemcpyKind kind) {
    return context_.run([&]() -> Result<void> {
      std::uint64_t seen = seen_;
      if (auto ordered = memory_.order(stream_, seen); !ordered) return ordered;
      seen_ = seen;
      return context_.check(cudaMemcpyAsync(to, from, bytes, kind, stream_), "cudaMemcpyAsync");
    });
  }

  bool drained() {
    if (context_.lost()) return true;
    bool done = false;
    context_.release([&] {
      const cudaError_t status = cudaStreamSynchronize(stream_);
      context_.ignore(status);
      done = status == cudaSuccess;
    });
    return done || context_.lost();
  }

  const std::shared_ptr<device::Backend> backend_;
  Context& context_;
  DeviceMemory& memory_;
  const cudaStream_t stream_;
  std::atomic<std::uint64_t> seen_ = 0;  // of the memory's allocations; a thread that sees too few waits once more
  Events events_{context_};
  Marks marks_{context_, events_};
};

}  // namespace

Result<std::unique_ptr<device::Queue>> make_cuda_queue(std::shared_ptr<device::Backend> backend, Context& context,
                                                       DeviceMemory& memory) {
  return context.run([&]() -> Result<std::unique_ptr<device::Queue>> {
    cudaStream_t stream = nullptr;
    auto made = context.check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    if (!made) return std::move(made).error();
    try {
      return std::make_unique<CudaQueue>(std::move(backend), context, memory, stream);
    } catch (...) {
      context.ignore(cudaStreamDestroy(stream));
      throw;
    }
  });
}

}  // namespace hoist::cuda
