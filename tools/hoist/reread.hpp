// A second opinion on loaded bytes: the file is read again here, by arithmetic of our own, and compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hoist/archive.hpp"

namespace hoist::tool {

// Which elements of the whole tensor were asked for: in each dimension start, start + step, ..., `count` of them.
struct Picked {
  std::uint64_t start = 0;
  std::uint64_t step = 1;
  std::uint64_t count = 0;
};

// The elements of `loaded` that differ from the file: the index of the first, or nothing. Uses the tensor's place
// in the file and nothing else of the library. io_error, truncated_data.
Result<std::optional<std::uint64_t>> first_difference(const TensorInfo& info, std::string_view file,
                                                      std::span<const Picked> picked,
                                                      std::span<const std::byte> loaded);

}  // namespace hoist::tool
