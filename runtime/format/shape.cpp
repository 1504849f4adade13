#include "format/shape.hpp"

#include <algorithm>

#include "base/checked.hpp"
#include "base/error.hpp"

namespace hoist::format {
namespace {

constexpr std::uint64_t max_dimension = INT64_MAX;  // tensor libraries hold sizes in signed 64 bits

std::optional<std::uint64_t> bit_count(DType dtype, std::span<const std::uint64_t> shape) noexcept {
  std::optional<std::uint64_t> total = 1;  // from left to right, as the reference multiplies
  for (const std::uint64_t size : shape)
    total = total ? base::checked_multiply(*total, size) : std::nullopt;
  return total ? base::checked_multiply(*total, bits(dtype)) : std::nullopt;
}

bool has_large_dimension(std::span<const std::uint64_t> shape) noexcept {
  return std::ranges::any_of(shape, [](std::uint64_t size) { return size > max_dimension; });
}

}  // namespace

std::optional<std::uint64_t> byte_count(DType dtype, std::span<const std::uint64_t> shape) noexcept {
  const auto total = bit_count(dtype, shape);
  if (!total || *total % 8 != 0 || has_large_dimension(shape)) return std::nullopt;
  return *total / 8;
}

Error shape_fault(DType dtype, std::span<const std::uint64_t> shape) {
  const auto fault = [&](const std::string& what) {
    return Error{.code = Errc::invalid_shape, .message = shape_text(dtype, shape) + what};
  };
  if (has_large_dimension(shape)) return fault(" has a dimension above 2^63 - 1");
  const auto total = bit_count(dtype, shape);
  if (!total) return fault(" does not fit 64 bits");
  Error error = fault(" is " + base::grouped(*total) + " bits, which is not a whole number of bytes");
  error.message.insert(0, "misaligned_bits: ");
  return error;
}

std::string shape_text(DType dtype, std::span<const std::uint64_t> shape) {
  constexpr std::size_t most = 16;
  std::string text = "shape [";
  for (std::size_t i = 0; i < shape.size() && i <= most; ++i)
    text += (i == 0 ? "" : ", ") + (i == most ? "..." : std::to_string(shape[i]));
  return text + "] of " + std::string(name(dtype));
}

}  // namespace hoist::format
