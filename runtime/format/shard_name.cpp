#include "format/shard_name.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace hoist::format {
namespace {

constexpr std::size_t id_digits = 16;

std::optional<std::uint32_t> five_digits(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.size() != 5 || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_set_id(std::string_view text) {
  return text.size() == id_digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string ShardName::text() const {
  char numbers[32];
  std::snprintf(numbers, sizeof numbers, "-%05u-of-%05u", number, count);
  return stem + (set_id.empty() ? "" : "-" + set_id) + numbers + std::string(file_ending);
}

std::optional<ShardName> parse_shard_name(std::string_view name) {
  constexpr std::string_view middle = "-of-";
  constexpr std::size_t tail = 1 + 5 + middle.size() + 5;  // "-00001-of-00003"
  if (!name.ends_with(file_ending)) return std::nullopt;
  name.remove_suffix(file_ending.size());
  if (name.size() <= tail) return std::nullopt;
  const std::string_view ending = name.substr(name.size() - tail);
  const auto number = five_digits(ending.substr(1, 5)), count = five_digits(ending.substr(tail - 5));
  if (ending[0] != '-' || ending.substr(6, middle.size()) != middle || !number || !count) return std::nullopt;
  name.remove_suffix(tail);
  ShardName found{.number = *number, .count = *count};
  const std::size_t dash = name.rfind('-');
  if (dash != std::string_view::npos && dash > 0 && is_set_id(name.substr(dash + 1))) {
    found.set_id = name.substr(dash + 1);
    name.remove_suffix(1 + id_digits);
  }
  found.stem = name;
  return found;
}

}  // namespace hoist::format
