#include "hoist/dtype.hpp"

#include <array>

namespace hoist {
namespace {

struct Row {
  DType dtype;
  std::string_view name;
  std::uint32_t bits;
};

constexpr std::array<Row, 22> table{{
    {DType::BOOL, "BOOL", 8},
    {DType::F4, "F4", 4},
    {DType::F6_E2M3, "F6_E2M3", 6},
    {DType::F6_E3M2, "F6_E3M2", 6},
    {DType::U8, "U8", 8},
    {DType::I8, "I8", 8},
    {DType::F8_E5M2, "F8_E5M2", 8},
    {DType::F8_E4M3, "F8_E4M3", 8},
    {DType::F8_E8M0, "F8_E8M0", 8},
    {DType::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8},
    {DType::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8},
    {DType::I16, "I16", 16},
    {DType::U16, "U16", 16},
    {DType::F16, "F16", 16},
    {DType::BF16, "BF16", 16},
    {DType::I32, "I32", 32},
    {DType::U32, "U32", 32},
    {DType::F32, "F32", 32},
    {DType::C64, "C64", 64},
    {DType::F64, "F64", 64},
    {DType::I64, "I64", 64},
    {DType::U64, "U64", 64},
}};

constexpr bool in_rank_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].dtype != static_cast<DType>(i)) return false;
  }
  return true;
}
static_assert(in_rank_order(), "a dtype's value is its row");

}  // namespace

std::uint32_t bits(DType dtype) noexcept { return table[static_cast<std::size_t>(dtype)].bits; }

std::string_view name(DType dtype) noexcept { return table[static_cast<std::size_t>(dtype)].name; }

std::optional<DType> parse_dtype(std::string_view name) noexcept {
  for (const Row& row : table) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace hoist
