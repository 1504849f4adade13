#include "io/self_copy.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"

namespace hoist::io {

Result<std::size_t> self_copy(std::span<const iovec> pieces, std::span<std::byte> into) {
  const iovec local{into.data(), into.size()};
  ssize_t copied;
  do {
    copied = process_vm_readv(getpid(), &local, 1, pieces.data(), pieces.size(), 0);
  } while (copied < 0 && errno == EINTR);
  if (copied >= 0) return static_cast<std::size_t>(copied);
  if (errno == EFAULT) return std::size_t{0};  // the very first page
  return base::system_error(errno, "process_vm_readv");
}

}  // namespace hoist::io
