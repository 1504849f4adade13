// Copies the bytes of a slice into memory, by whatever way is fastest and survives a truncated file.
#pragma once

#include <span>

#include "store/slice.hpp"
#include "store/storage.hpp"

namespace hoist::store {

// `into` holds exactly the slice. A file is read with pread and never by its mapping: each run alone, or, where runs
// are dense, by reads that cover many.
Result<void> gather(const Storage& storage, const Slice& slice, std::span<std::byte> into, const CopyOptions& options);

}  // namespace hoist::store
