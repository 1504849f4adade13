// Element types of the safetensors format.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hoist/export.hpp"

namespace hoist {

using Shape = std::vector<std::uint64_t>;  // row-major, outermost first; empty for a scalar

// In the reference writer's rank order; files sort by descending rank, then by name.
enum class DType : std::uint8_t {
  BOOL,
  F4,
  F6_E2M3,
  F6_E3M2,
  U8,
  I8,
  F8_E5M2,
  F8_E4M3,
  F8_E8M0,
  F8_E4M3FNUZ,
  F8_E5M2FNUZ,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  C64,
  F64,
  I64,
  U64,
};

HOIST_API std::uint32_t bits(DType dtype) noexcept;  // of one element: 4, 6 or a multiple of 8
HOIST_API std::string_view name(DType dtype) noexcept;
HOIST_API std::optional<DType> parse_dtype(std::string_view name) noexcept;

}  // namespace hoist
