// Memory that is there before the clock starts: a populated mapping of a file, and a prefaulted buffer.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace bench {

enum class Pages { populated, untouched };

// A whole file, mapped, with its descriptor.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path, Pages pages = Pages::populated);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  int descriptor() const noexcept { return descriptor_; }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  int descriptor_ = -1;
  std::span<const std::byte> bytes_{};
};

// Anonymous memory on large pages where the kernel has them, written once.
class Buffer {
 public:
  explicit Buffer(std::size_t byte_count);
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_{};
};

}  // namespace bench
