#include "io/handle.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"

namespace hoist::io {

Handle::~Handle() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Handle> Handle::open_directory(const std::filesystem::path& path) {
  Handle directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return base::system_error(errno, "cannot open its directory");
  return directory;
}

Result<void> Handle::close() {
  // Closed whatever it says, EINTR included.
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) return base::system_error(errno, "close");
  return {};
}

}  // namespace hoist::io
