// A descriptor's owner.
#pragma once

#include <filesystem>
#include <utility>

#include "hoist/result.hpp"

namespace hoist::io {

// Owns one descriptor, of whatever kind; -1 is empty.
class Handle {
 public:
  explicit Handle(int fd = -1) noexcept : fd_(fd) {}
  Handle(Handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Handle();
  static Result<Handle> open_directory(const std::filesystem::path& path);

  int get() const noexcept { return fd_; }
  Result<void> close();  // says what the system says, unlike the destructor

 private:
  int fd_;
};

}  // namespace hoist::io
