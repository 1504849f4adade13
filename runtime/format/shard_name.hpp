// What the files of a sharded checkpoint are called.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hoist::format {

inline constexpr std::string_view file_ending = ".safetensors";
inline constexpr std::string_view index_ending = ".safetensors.index.json";
inline constexpr std::uint32_t max_shard_number = 99'999;  // five digits

// "model-00001-of-00003.safetensors". Of a set that took another's place also which set it is of:
// "model-0123456789abcdef-00001-of-00003.safetensors". Such a file means something only to the index that names it.
struct ShardName {
  std::string stem{};
  std::string set_id{};  // 16 hexadecimal digits, or empty
  std::uint32_t number = 0, count = 0;

  std::string text() const;
};

std::optional<ShardName> parse_shard_name(std::string_view name);

}  // namespace hoist::format
