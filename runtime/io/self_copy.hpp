// Many short pieces of our own mapping into contiguous memory, through the kernel: where the file was truncated
// it reports a fault, and a plain load would kill the process.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "hoist/result.hpp"

namespace hoist::io {

inline constexpr std::size_t max_self_copy_pieces = 1024;  // IOV_MAX on Linux

// Copies `pieces` (at most max_self_copy_pieces) one behind the other into `into`, which is as long as all of them
// together. Gives what was copied: less where a page could not be read. io_error with errno EPERM or ENOSYS where
// the system does not allow it at all.
Result<std::size_t> self_copy(std::span<const iovec> pieces, std::span<std::byte> into);

}  // namespace hoist::io
