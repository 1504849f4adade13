#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/error.hpp"
#include "io/temporary.hpp"

namespace hoist::io {
namespace {

Error already_exists() { return {.code = Errc::already_exists, .message = "is there already", .system_code = EEXIST}; }

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& target, AtomicOptions options) {
  const std::string name = target.filename();
  if (name.empty() || name == "." || name == "..") {
    return Error{.code = Errc::not_regular, .message = "names a directory", .system_code = EISDIR};
  }
  const std::filesystem::path parent = target.has_parent_path() ? target.parent_path() : ".";
  auto directory = Handle::open_directory(parent);
  if (!directory) return std::move(directory).error();
  return create(std::make_shared<const Handle>(std::move(directory).value()), name, options);
}

Result<AtomicFile> AtomicFile::create(std::shared_ptr<const Handle> directory, const std::string& name,
                                      AtomicOptions options) {
  struct stat status;
  std::optional<mode_t> mode = options.mode;
  if (fstatat(directory->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!options.overwrite) return already_exists();
    if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
      return Error{.code = Errc::not_regular, .message = "is there, and is not a regular file"};
    }
    if (S_ISREG(status.st_mode)) mode = status.st_mode & 07777;
  } else if (errno != ENOENT) {
    return base::system_error(errno, "cannot look at it");
  }
  if (options.clean) remove_left_behind(directory->get(), name);
  AtomicFile file(std::move(directory), name, options, mode);
  if (auto made = file.make_temporary(); !made) return std::move(made).error();
  return file;
}

Result<void> AtomicFile::make_temporary() {
  constexpr int attempts = 100;
  for (int i = 0; i < attempts; ++i) {
    auto digits = random_digits();
    if (!digits) return std::move(digits).error();
    std::string name = temporary_name(target_, *digits);
    // Nobody else reads what takes the place of a file that he could not read.
    const mode_t mode = mode_ ? 0600 : 0666;
    file_ = Handle(openat(directory_->get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (file_.get() < 0 && (errno == EEXIST || errno == EINTR)) continue;
    if (file_.get() < 0) return base::system_error(errno, "cannot make a file beside it");
    temporary_ = std::move(name);
    // Somebody who takes it for left behind may have been faster. Where the file system knows no locks, nobody is.
    if (!try_lock(file_.get()) && errno == EWOULDBLOCK) continue;
    if (!has_name(directory_->get(), temporary_.c_str(), file_.get())) continue;
    lock_ = Handle(fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
    if (lock_.get() < 0) return base::system_error(errno, "duplicate the descriptor");
    return {};
  }
  temporary_.clear();
  return Error{.code = Errc::io_error, .message = "every temporary beside it was taken away"};
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : directory_(std::move(other.directory_)),
      file_(std::move(other.file_)),
      lock_(std::move(other.lock_)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      options_(other.options_),
      mode_(other.mode_) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(file_, other.file_);
  std::swap(lock_, other.lock_);
  std::swap(target_, other.target_);
  std::swap(temporary_, other.temporary_);
  std::swap(options_, other.options_);
  std::swap(mode_, other.mode_);
  return *this;
}

AtomicFile::~AtomicFile() { remove(); }

void AtomicFile::remove() noexcept {
  if (!temporary_.empty()) unlinkat(directory_->get(), temporary_.c_str(), 0);
  temporary_.clear();
}

Result<void> AtomicFile::allocate(std::uint64_t bytes) {
  if (bytes == 0) return {};
  int status;
  do {
    status = fallocate(file_.get(), 0, 0, static_cast<off_t>(bytes));
  } while (status != 0 && errno == EINTR);
  if (status == 0) return {};
  if (errno == EOPNOTSUPP || errno == ENOSYS) return truncate(bytes);
  return base::system_error(errno, "no room for " + base::grouped(bytes) + " bytes");
}

Result<Handle> AtomicFile::open_direct() const {
  const std::string path = "/proc/self/fd/" + std::to_string(file_.get());
  Handle direct(::open(path.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
  if (direct.get() < 0) return base::system_error(errno, "open it for direct writes");
  return direct;
}

Result<Descriptor> AtomicFile::open_to_read() const { return Descriptor::duplicate(file_.get()); }

Result<void> AtomicFile::truncate(std::uint64_t bytes) {
  while (ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return base::system_error(errno, "make it " + base::grouped(bytes) + " bytes long");
  }
  return {};
}

Result<void> AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) const {
  constexpr std::size_t most = 1U << 30;  // the kernel takes less than 2 GiB at once
  while (!bytes.empty()) {
    const std::size_t wanted = std::min(bytes.size(), most);
    const ssize_t put = pwrite(file_.get(), bytes.data(), wanted, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      Error error = base::system_error(put < 0 ? errno : EIO, "write " + base::grouped(wanted) + " bytes");
      error.offset = offset;
      return error;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

Result<AtomicFile::Committed> AtomicFile::commit() && {
  if (auto finished = finish(); !finished) return std::move(finished).error();
  if (auto named = give_name(); !named) return std::move(named).error();
  return Committed{.directory_errno = options_.durable && fsync(directory_->get()) != 0 ? errno : 0};
}

Result<void> AtomicFile::finish() {
  if (mode_ && fchmod(file_.get(), *mode_) != 0) return base::system_error(errno, "give it the mode that it had");
  // Not tried again: after a failure the kernel may have thrown away what it could not write.
  if (options_.durable && fsync(file_.get()) != 0) return base::system_error(errno, "fsync");
  return file_.close();
}

Result<void> AtomicFile::give_name(const std::string& name) {
  const int directory = directory_->get();
  const std::string& target = name.empty() ? target_ : name;
  const unsigned flags = options_.overwrite ? 0 : RENAME_NOREPLACE;
  if (renameat2(directory, temporary_.c_str(), directory, target.c_str(), flags) == 0) {
    temporary_.clear();
    return {};
  }
  if (errno == EINVAL && !options_.overwrite) {  // the file system does not know the flag
    if (linkat(directory, temporary_.c_str(), directory, target.c_str(), 0) == 0) {
      remove();
      return {};
    }
  }
  if (errno == EEXIST) return already_exists();
  return base::system_error(errno, "give it its name");
}

}  // namespace hoist::io
