// Arithmetic on numbers that a file claims: the answer, or nothing when 64 bits do not hold it.
#pragma once

#include <cstdint>
#include <optional>

namespace hoist::base {

inline std::optional<std::uint64_t> checked_multiply(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace hoist::base
