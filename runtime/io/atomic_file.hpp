// A file that appears whole under its name, or not at all.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "hoist/result.hpp"
#include "io/descriptor.hpp"
#include "io/handle.hpp"

namespace hoist::io {

struct AtomicOptions {
  bool durable = true;           // on disk when commit returns
  bool overwrite = true;         // else already_exists, at the latest at commit
  bool clean = true;             // first remove what earlier ones of the same target left behind
  std::optional<mode_t> mode{};  // where no file is replaced; none: what the umask leaves
};

// Written beside its target, under a name of its own with a lock on it; commit gives it the target's. The lock is
// flock's: a file system that shares it with other machines is needed where they save to one target. Destruction
// removes it. write_at is thread-safe, everything else for one thread. Errors leave `file` to the caller.
class AtomicFile {
 public:
  // A symlink is replaced, not followed. not_regular: the target is there, and is neither that nor a file.
  static Result<AtomicFile> create(const std::filesystem::path& target, AtomicOptions options);
  // Likewise, in a directory that is open.
  static Result<AtomicFile> create(std::shared_ptr<const Handle> directory, const std::string& target,
                                   AtomicOptions options);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  // The same file once more, open for direct writes. What the system says where it has none.
  Result<Handle> open_direct() const;

  // What was written so far, to read it back.
  Result<Descriptor> open_to_read() const;

  // The file is this long from now on, and has room on the disk where the file system can promise it.
  Result<void> allocate(std::uint64_t bytes);
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) const;

  // An error: the target is as it was. Else the file has its name; the errno is that of its directory's fsync, and
  // where that failed the file may not outlast the power. Allocates nothing once the file has its name.
  struct Committed {
    int directory_errno = 0;
  };
  Result<Committed> commit() &&;

  // The steps of a commit, for who takes them for many files: on disk where it is to be, and closed; then its name, the
  // target's or another in the same directory. It keeps its lock until it is destroyed.
  Result<void> finish();
  Result<void> give_name(const std::string& name = {});

 private:
  AtomicFile(std::shared_ptr<const Handle> directory, std::string target, AtomicOptions options,
             std::optional<mode_t> mode)
      : directory_(std::move(directory)), target_(std::move(target)), options_(options), mode_(mode) {}

  Result<void> make_temporary();
  Result<void> truncate(std::uint64_t bytes);
  void remove() noexcept;

  std::shared_ptr<const Handle> directory_;
  Handle file_;
  Handle lock_;  // the same file once more, which keeps the lock
  std::string target_;
  std::string temporary_;  // empty: there is none
  AtomicOptions options_;
  std::optional<mode_t> mode_;  // of the file that is replaced
};

}  // namespace hoist::io
