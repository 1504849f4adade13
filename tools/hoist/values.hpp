// What the bytes of a tensor mean, for each of the 22 dtypes.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "hoist/dtype.hpp"
#include "json.hpp"

namespace hoist::tool {

// Floats of 32 bits and fewer are exact as float.
using Value = std::variant<bool, std::int64_t, std::uint64_t, float, double, std::complex<float>>;

// Elements are packed little-endian from the lowest bit of the first byte on: the first F4 is a low nibble.
// `bytes` must hold the element.
Value value_at(DType dtype, std::span<const std::byte> bytes, std::uint64_t index);

// The bits of an element of `bits`, 4, 6 or 8, as a number.
std::uint32_t code_at(std::uint32_t bits, std::span<const std::byte> bytes, std::uint64_t index);

// `count` elements of a floating dtype of at most 32 bits, from element `first` on.
void decode_floats(DType dtype, std::span<const std::byte> bytes, std::uint64_t first, std::span<float> into);

// The shortest decimals that read back equal; numpy's spelling of the rest: nan, inf, True, 1+2j.
std::string text_of(const Value& value);
void write_json(Json& json, const Value& value);  // a complex number is [real, imaginary]

}  // namespace hoist::tool
