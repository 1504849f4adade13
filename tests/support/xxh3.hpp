// The checksum that a file should carry, by libxxhash and not by ours.
#pragma once

#include <string>
#include <string_view>

namespace hoist::test {

std::string xxh3_128(std::string_view bytes);  // as `xxhsum -H2` prints it

}  // namespace hoist::test
