// What the pipeline knows of a device: memory, and queues that copy in order and say how far they are.
// A shared libhoist shows these classes to libhoist_cuda of the same version; they are no part of the API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "hoist/device.hpp"

namespace hoist::device {

// A point in one queue's work: reached once all that was queued before it is done. Marks of a queue rise from 1; 0 is
// reached from the start.
using Mark = std::uint64_t;

enum class Memory : std::uint8_t {
  device,    // that the tensors end in; the host may not be able to touch it
  staging,   // host memory that the device copies from and to fastest: pinned, where there is such a thing
  pageable,  // plain host memory, to stage in where that is refused
};

// A stream of the caller's, of the device's own kind: *cudaStream_t. Used inside the call that it is given to, alone.
using NativeStream = void*;

inline constexpr std::size_t alignment_bytes = 256;  // of every buffer, at least

// Copies, one after the other. Thread-safe; destruction waits until everything queued is done. After an error the queue
// may go on or say the same again: the caller is to stop and to destroy it.
class HOIST_API Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  virtual ~Queue() = default;

  // Queued, not done, when these return. Source and target stay as they are, and alive, until a mark behind the copy is
  // reached. `host` lies in a staging or pageable buffer of this device, or of another that a loader serves with it.
  virtual Result<void> upload(const std::byte* host, void* device, std::uint64_t bytes) = 0;
  virtual Result<void> download(const void* device, std::byte* host, std::uint64_t bytes) = 0;

  virtual Result<Mark> mark() = 0;
  virtual Result<Mark> reached() = 0;        // the highest; never blocks
  virtual Result<void> wait(Mark mark) = 0;  // one that mark() gave

  // What is queued from now on waits for what `stream` holds now. wrong_device: null, or a device without streams.
  virtual Result<void> follow(NativeStream stream);
  // What `stream` is given from now on waits for the mark, one that mark() gave. wrong_device.
  virtual Result<void> make_wait(NativeStream stream, Mark mark);
};

class Backend;

// Memory of a device, freed with it. Keeps the device alive. Nothing that is queued may still use it then.
class Buffer {
 public:
  Buffer() = default;
  Buffer(std::shared_ptr<Backend> backend, Memory memory, void* address, std::uint64_t bytes) noexcept
      : backend_(std::move(backend)), memory_(memory), address_(address), bytes_(bytes) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer(std::move(other)).swap(*this);
    return *this;
  }
  ~Buffer();

  void* address() const noexcept { return address_; }
  std::uint64_t byte_count() const noexcept { return bytes_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(backend_, other.backend_);
    std::swap(memory_, other.memory_);
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
  }

  std::shared_ptr<Backend> backend_{};
  Memory memory_{};
  void* address_ = nullptr;
  std::uint64_t bytes_ = 0;
};

// One device. Thread-safe; lives as long as a handle, a buffer or a queue of it.
class HOIST_API Backend : public std::enable_shared_from_this<Backend> {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual Result<DeviceInfo> info() = 0;
  virtual bool host_can_write() const noexcept = 0;  // its device memory, by address
  virtual Result<std::unique_ptr<Queue>> make_queue() = 0;

  // out_of_memory; `bytes` is not 0. What it holds is undefined.
  Result<Buffer> allocate(Memory memory, std::uint64_t bytes);

 protected:
  friend class Buffer;
  virtual Result<void*> allocate_bytes(Memory memory, std::uint64_t bytes) = 0;
  virtual void free_bytes(Memory memory, void* address, std::uint64_t bytes) noexcept = 0;
};

}  // namespace hoist::device
