// Where tensors are loaded to. The queues, marks and buffers behind it are runtime/device's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "hoist/result.hpp"

namespace hoist {

struct DeviceInfo {
  std::string name{};             // "host"
  std::uint64_t total_bytes = 0;  // of its memory
  std::uint64_t free_bytes = 0;   // about: what could be allocated now, as the system tells it
};

// A handle, thread-safe; whatever was made with it keeps it alive. A moved-from handle may only be assigned or
// destroyed.
class HOIST_API Device {
 public:
  // The machine's own memory.
  static Result<Device> host();

  Result<DeviceInfo> info() const;

  // Copies device memory, where a tensor was loaded, into the host's, and waits. Takes a queue and staging memory for
  // each call: read much at once.
  Result<void> read(const void* address, std::span<std::byte> into) const;

 private:
  friend struct DeviceAccess;  // runtime/device
  struct State;
  explicit Device(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace hoist
