// A safetensors file in memory, made of tensors in memory at the speed of memcpy.
//     auto file = hoist::serialize(std::vector<hoist::HostTensor>{{"w", hoist::DType::F32, shape, bytes}}).value();
//     send(file.bytes());
#pragma once

#include <memory>

#include "hoist/archive.hpp"
#include "hoist/layout.hpp"

namespace hoist {

// What it refers to must live until the call returns.
struct HostTensor {
  std::string_view name{};
  DType dtype{};
  std::span<const std::uint64_t> shape{};
  std::span<const std::byte> bytes{};  // row-major
};

struct SerializeOptions {
  Layout layout = Layout::aligned;
  Metadata metadata{};
  unsigned threads = 0;  // 0: as many as the machine has processors, where that much is to be copied
};

// Into fresh memory. out_of_memory, and what serialized_size says.
class SerializedFile;
HOIST_API Result<SerializedFile> serialize(std::span<const HostTensor> tensors, const SerializeOptions& = {});

// A file's bytes, and their memory: at a multiple of 4096, in large pages where the system has them.
class HOIST_API SerializedFile {
 public:
  std::span<std::byte> bytes() noexcept HOIST_LIFETIME { return {memory_.get(), memory_ ? byte_count_ : 0}; }
  std::span<const std::byte> bytes() const noexcept HOIST_LIFETIME {
    return {memory_.get(), memory_ ? byte_count_ : 0};
  }

 private:
  friend Result<SerializedFile> serialize(std::span<const HostTensor> tensors, const SerializeOptions& options);
  struct Free {
    HOIST_API void operator()(std::byte* memory) const noexcept;
  };

  std::unique_ptr<std::byte, Free> memory_{};
  std::size_t byte_count_ = 0;
};

// Exactly what serialize takes. duplicate_tensor; invalid_shape; size_mismatch, of a tensor's bytes; invalid_utf8;
// header_too_large; invalid_field, of a name, or of metadata that hold checksums of another file.
HOIST_API Result<std::uint64_t> serialized_size(std::span<const HostTensor> tensors, const SerializeOptions& = {});

// Into the first bytes of `into`, where none of the tensors lies; gives how many. size_mismatch: it is too small. What
// serialized_size says; nothing was written then.
HOIST_API Result<std::uint64_t> serialize(std::span<const HostTensor> tensors, std::span<std::byte> into,
                                          const SerializeOptions& = {});

}  // namespace hoist
