// A file that appears whole under its name, or not at all.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
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

  int get() const noexcept { return fd_; }
  Result<void> close();  // says what the system says, unlike the destructor

 private:
  int fd_;
};

struct AtomicOptions {
  bool durable = true;    // on disk when commit returns
  bool overwrite = true;  // else already_exists, at the latest at commit
};

// Written beside its target, under a name of its own with a lock on it; commit gives it the target's. The lock is
// flock's: a file system that shares it with other machines is needed where they save to one target. Destruction
// removes it. write_at is thread-safe, everything else for one thread. Errors leave `file` to the caller.
class AtomicFile {
 public:
  // Also removes what earlier ones of the same target left behind, when it is a minute old and nobody has its lock.
  // A symlink is replaced, not followed. not_regular: the target is there, and is neither that nor a file.
  static Result<AtomicFile> create(const std::filesystem::path& target, AtomicOptions options);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  // The same file once more, open for direct writes. What the system says where it has none.
  Result<Handle> open_direct() const;

  // The file is this long from now on, and has room on the disk where the file system can promise it.
  Result<void> allocate(std::uint64_t bytes);
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) const;

  // An error: the target is as it was. Else the file has its name; the errno is that of its directory's fsync, and
  // where that failed the file may not outlast the power. Allocates nothing once the file has its name.
  struct Committed {
    int directory_errno = 0;
  };
  Result<Committed> commit() &&;

 private:
  AtomicFile(Handle directory, std::string target, AtomicOptions options, std::optional<mode_t> mode)
      : directory_(std::move(directory)), target_(std::move(target)), options_(options), mode_(mode) {}

  Result<void> make_temporary();
  Result<void> truncate(std::uint64_t bytes);
  Result<void> give_name();
  void remove() noexcept;

  Handle directory_;
  Handle file_;
  Handle lock_;  // the same file once more, which keeps the lock until the file has its name
  std::string target_;
  std::string temporary_;  // empty: there is none
  AtomicOptions options_;
  std::optional<mode_t> mode_;  // of the file that is replaced
};

}  // namespace hoist::io
