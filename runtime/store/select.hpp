// Select patterns over a key space: Checkpoint::select.
#pragma once

#include <string>

#include "store/key_space.hpp"

namespace hoist::store {

// Places in the key space, in pattern order, then file order, without repeats. no_match, invalid_pattern, and what
// reading a list file gives.
Result<std::vector<std::uint32_t>> select(const KeySpace& keys, const std::vector<std::string>& patterns);

}  // namespace hoist::store
