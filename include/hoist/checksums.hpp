// Checksums that a file carries of its tensors, to tell later whether their bytes are still what was written.
#pragma once

#include "hoist/archive.hpp"

namespace hoist {

// The key in a file's metadata, which WriteOptions::checksums fills; docs/format.md says of what exactly.
inline constexpr std::string_view checksums_key = "hoist.xxh3_128";

// By tensor, as 32 lower-case hexadecimal digits.
using Checksums = std::map<std::string, std::string, std::less<>>;

// What the file claims of the tensors that it has: not what they are, which verify_data finds out. Nothing where it
// has no such key. Names that it holds no tensor of are passed over: tools that take a file apart keep its metadata.
// invalid_field: the value is no such object. Thread-safe.
HOIST_API Result<std::optional<Checksums>> checksums_of(const Archive& archive);

}  // namespace hoist
