// Copies the bytes of a slice into memory, by whatever way is fastest and survives a truncated file.
#pragma once

#include <span>

#include "store/slice.hpp"
#include "store/storage.hpp"

namespace hoist::store {

// `into` holds exactly the slice. A file is read with pread and never by its mapping: each run alone, or, where runs
// are dense, by reads that cover many.
Result<void> gather(const Storage& storage, const Slice& slice, std::span<std::byte> into, const CopyOptions& options);

// Bytes [begin, end) of the copy alone, on the calling thread; does not look at the file's size afterwards. Gives what
// was read.
Result<std::uint64_t> gather_part(const Storage& storage, const Runs& runs, std::uint64_t begin, std::uint64_t end,
                                  std::byte* into, const std::stop_token& stop);

// What gather_part will read for that from a file or a Source, gaps included; memory has no gaps to read.
std::uint64_t bytes_to_read(const Runs& runs, std::uint64_t begin, std::uint64_t end);

}  // namespace hoist::store
