#include "io/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"

namespace hoist::io {
namespace {

// A read looks at the stop token this often; far above the 256 KiB from which larger reads bring nothing.
constexpr std::size_t max_read_bytes = 16U << 20;

std::string kind(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISBLK(mode) || S_ISCHR(mode)) return "a device";
  return "of an unknown kind";
}

}  // namespace

Result<Descriptor> Descriptor::open(const std::filesystem::path& path) {
  int fd;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return base::system_error(errno, "cannot open it");
  Descriptor file(fd);
  if (auto regular = file.require_regular(); !regular) return std::move(regular).error();
  return file;
}

Result<Descriptor> Descriptor::duplicate(int descriptor) {
  const int fd = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return base::system_error(errno, "duplicate the descriptor");
  Descriptor file(fd);
  if (auto regular = file.require_regular(); !regular) return std::move(regular).error();
  return file;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);  // opened for reading: nothing to lose
}

Result<void> Descriptor::require_regular() {
  struct stat status;
  if (fstat(fd_, &status) != 0) return base::system_error(errno, "fstat");
  opened_size_ = static_cast<std::uint64_t>(status.st_size);
  if (S_ISREG(status.st_mode)) return {};
  return Error{.code = Errc::not_regular,
               .message = "is " + kind(status.st_mode) + ", expected a regular file",
               .system_code = S_ISDIR(status.st_mode) ? EISDIR : 0};
}

Result<std::uint64_t> Descriptor::size() const {
  struct stat status;
  if (fstat(fd_, &status) != 0) return base::system_error(errno, "fstat");
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> read_exactly(const Descriptor& file, std::uint64_t offset, std::span<std::byte> into,
                          const std::stop_token& stop) {
  while (!into.empty()) {
    if (stop.stop_requested()) return Error{.code = Errc::cancelled, .message = "cancelled", .offset = offset};
    const std::size_t wanted = std::min(into.size(), max_read_bytes);
    const ssize_t got = pread(file.get(), into.data(), wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      Error error = base::system_error(errno, "read " + base::grouped(wanted) + " bytes");
      error.offset = offset;
      return error;
    }
    if (got == 0) {
      return Error{.code = Errc::truncated_data,
                   .message = "the file ends here, " + base::grouped(into.size()) +
                              " bytes short; it became shorter after it was opened",
                   .offset = offset};
    }
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace hoist::io
