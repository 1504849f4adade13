// The value of checksums_key in a file's metadata, as text. No I/O.
#pragma once

#include <functional>

#include "hoist/checksums.hpp"

namespace hoist::format {

// Those of the tensors that are `known`. invalid_field: it is no object, or a value in it no 32 digits, or one that is
// known stands twice.
Result<Checksums> read_checksums(std::string_view json, const std::function<bool(std::string_view name)>& known);

}  // namespace hoist::format
