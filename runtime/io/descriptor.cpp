#include "io/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.hpp"

namespace hoist::io {
namespace {

// A read looks at the stop token this often; far above the 256 KiB from which larger reads bring nothing.
constexpr std::size_t max_read_bytes = 16U << 20;
constexpr std::size_t max_targets = 256;  // of one preadv; the kernel takes 1024, from 64 on the gain is gone: a guess

std::string kind(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISBLK(mode) || S_ISCHR(mode)) return "a device";
  return "of an unknown kind";
}

}  // namespace

Result<Descriptor> Descriptor::open(const std::filesystem::path& path, int more_flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | more_flags);
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

Error failed_read(ssize_t got, std::uint64_t wanted, std::uint64_t missing, std::uint64_t offset) {
  if (got == 0) {
    return {.code = Errc::truncated_data,
            .message =
                "the file ends here, " + base::grouped(missing) + " bytes short; it became shorter after it was opened",
            .offset = offset};
  }
  Error error = base::system_error(errno, "read " + base::grouped(wanted) + " bytes");
  error.offset = offset;
  return error;
}

Result<void> read_exactly(const Descriptor& file, std::uint64_t offset, std::span<std::byte> into,
                          const std::stop_token& stop) {
  while (!into.empty()) {
    if (stop.stop_requested()) return base::cancelled(offset);
    const std::size_t wanted = std::min(into.size(), max_read_bytes);
    const ssize_t got = pread(file.get(), into.data(), wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failed_read(got, wanted, into.size(), offset);
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<void> read_scattered(const Descriptor& file, std::uint64_t offset, std::span<const Target> targets,
                            const std::stop_token& stop) {
  std::array<std::byte, max_gap_bytes> gap;
  std::array<iovec, max_targets> vector;
  std::uint64_t skip = 0;  // bytes of the first target that are there
  while (!targets.empty()) {
    if (stop.stop_requested()) return base::cancelled(offset);
    const std::size_t count = std::min(targets.size(), vector.size());
    std::uint64_t wanted = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t done = i == 0 ? skip : 0;
      vector[i] = {targets[i].into ? targets[i].into + done : gap.data(), targets[i].bytes - done};
      wanted += vector[i].iov_len;
    }
    const ssize_t got = preadv(file.get(), vector.data(), static_cast<int>(count), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failed_read(got, wanted, wanted, offset);
    offset += static_cast<std::uint64_t>(got);
    skip += static_cast<std::uint64_t>(got);
    while (!targets.empty() && skip >= targets.front().bytes) {
      skip -= targets.front().bytes;
      targets = targets.subspan(1);
    }
  }
  return {};
}

}  // namespace hoist::io
