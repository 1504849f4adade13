// A file that is open for reading: regular files only, never blocking, never inherited by a child process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <utility>

#include "hoist/result.hpp"

namespace hoist::io {

// Owns one descriptor; -1 is empty (moved from). Errors leave `file` to the caller, who knows the name.
class Descriptor {
 public:
  static Result<Descriptor> open(const std::filesystem::path& path);
  static Result<Descriptor> duplicate(int descriptor);

  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)), opened_size_(other.opened_size_) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    opened_size_ = other.opened_size_;
    return *this;
  }
  ~Descriptor();

  int get() const noexcept { return fd_; }
  std::uint64_t opened_size() const noexcept { return opened_size_; }
  Result<std::uint64_t> size() const;  // now; a file may shrink or grow while it is open

 private:
  explicit Descriptor(int fd) : fd_(fd) {}
  Result<void> require_regular();

  int fd_ = -1;
  std::uint64_t opened_size_ = 0;
};

// All of `into` from `offset`, by as many reads as it takes. truncated_data where the file ends before.
Result<void> read_exactly(const Descriptor& file, std::uint64_t offset, std::span<std::byte> into,
                          const std::stop_token& stop = {});

// Where some bytes of a read go; nowhere, where `into` is null: at most max_gap_bytes then.
struct Target {
  std::byte* into = nullptr;
  std::uint64_t bytes = 0;
};
inline constexpr std::uint64_t max_gap_bytes = 4096;

// The same for bytes that follow each other in the file and go to several places: one system call for many targets.
Result<void> read_scattered(const Descriptor& file, std::uint64_t offset, std::span<const Target> targets,
                            const std::stop_token& stop = {});

}  // namespace hoist::io
