// How many bytes a dtype and a shape take: what readers check and the writer computes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "hoist/dtype.hpp"
#include "hoist/result.hpp"

namespace hoist::format {

// Nothing: a dimension above 2^63 - 1, a size that 64 bits do not hold, or bits that make no whole bytes.
std::optional<std::uint64_t> byte_count(DType dtype, std::span<const std::uint64_t> shape) noexcept;

// Which of these it is: invalid_shape.
Error shape_fault(DType dtype, std::span<const std::uint64_t> shape);

// "shape [2, 3] of F32"
std::string shape_text(DType dtype, std::span<const std::uint64_t> shape);

}  // namespace hoist::format
