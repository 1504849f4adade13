// From the first bytes of a file to its index. No I/O: the caller reads what is asked for here.
#pragma once

#include <span>

#include "format/error_list.hpp"
#include "format/index.hpp"

namespace hoist::format {

inline constexpr std::uint64_t prefix_bytes = 8;  // the header's length, little-endian

// How long the header is, by the first min(8, file_bytes) bytes of a file: never more than the file or the
// limits hold, so that it may be allocated.
Result<std::uint64_t> header_bytes(std::span<const std::byte> prefix, std::uint64_t file_bytes,
                                   const OpenOptions& options);

// Which readers may be used: the canonical scanner first, or the grammar reader alone (in tests).
enum class Readers : std::uint8_t { both, grammar_only };

// Validates `header` and takes it over. The index is whole only if `errors` is empty afterwards.
Index read_index(HeaderBytes header, std::uint64_t file_bytes, const OpenOptions& options, ErrorList& errors,
                 Readers readers = Readers::both);

}  // namespace hoist::format
