// Copies the bytes of a slice into memory, by whatever way is fastest and survives a truncated file.
#pragma once

#include <span>

#include "store/slice.hpp"
#include "store/storage.hpp"

namespace hoist::store {

// `into` holds exactly the slice. Runs of a file are read with pread where they are long; short ones are gathered
// from the mapping by the kernel, or, without one, by reads that cover several.
Result<void> gather(const Storage& storage, const Slice& slice, std::span<std::byte> into, const CopyOptions& options);

}  // namespace hoist::store
