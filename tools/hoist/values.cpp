#include "values.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace hoist::tool {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are read as they lie in the file");

// What the codes with the largest exponents (for fnuz: the one of negative zero) stand for.
enum class Special : std::uint8_t {
  none,  // ordinary numbers: no infinity, no NaN
  ieee,  // exponent all ones: infinity, else NaN
  fn,    // exponent and mantissa all ones: NaN; no infinity
  fnuz,  // 0x80, which would be negative zero: NaN; no infinity
};

struct Layout {
  unsigned exponent_bits, mantissa_bits;
  int bias;
  Special special;
};

float decode(Layout layout, std::uint32_t code) {
  const std::uint32_t mantissa = code & ((1U << layout.mantissa_bits) - 1);
  const std::uint32_t top = (1U << layout.exponent_bits) - 1;
  const std::uint32_t exponent = (code >> layout.mantissa_bits) & top;
  const bool negative = (code >> (layout.mantissa_bits + layout.exponent_bits)) & 1;
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();

  float magnitude = 0;
  if (layout.special == Special::ieee && exponent == top) {
    magnitude = mantissa ? nan : std::numeric_limits<float>::infinity();
  } else if (layout.special == Special::fn && exponent == top && mantissa + 1 == 1U << layout.mantissa_bits) {
    magnitude = nan;
  } else if (layout.special == Special::fnuz && negative && exponent == 0 && mantissa == 0) {
    return nan;
  } else {
    const int fraction_bits = static_cast<int>(layout.mantissa_bits);
    magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), 1 - layout.bias - fraction_bits)
                              : std::ldexp(static_cast<float>(mantissa | 1U << layout.mantissa_bits),
                                           static_cast<int>(exponent) - layout.bias - fraction_bits);
  }
  return negative ? -magnitude : magnitude;
}

// OCP Microscaling v1.0 for F4, F6 and E8M0; OCP 8-bit floats v1.0 for E4M3 ("fn") and E5M2; the fnuz ones are those
// of Graphcore and AMD, with a bias that is one larger.
constexpr Layout e2m1{2, 1, 1, Special::none};
constexpr Layout e2m3{2, 3, 1, Special::none};
constexpr Layout e3m2{3, 2, 3, Special::none};
constexpr Layout e5m2{5, 2, 15, Special::ieee};
constexpr Layout e4m3{4, 3, 7, Special::fn};
constexpr Layout e4m3fnuz{4, 3, 8, Special::fnuz};
constexpr Layout e5m2fnuz{5, 2, 16, Special::fnuz};
constexpr Layout f16{5, 10, 15, Special::ieee};

float decode_e8m0(std::uint32_t code) {
  if (code == 255) return std::numeric_limits<float>::quiet_NaN();
  return std::ldexp(1.0F, static_cast<int>(code) - 127);
}

template <class T>
T read(std::span<const std::byte> bytes, std::uint64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

float decode_small(DType dtype, std::uint32_t code) {
  switch (dtype) {
    case DType::F4: return decode(e2m1, code);
    case DType::F6_E2M3: return decode(e2m3, code);
    case DType::F6_E3M2: return decode(e3m2, code);
    case DType::F8_E5M2: return decode(e5m2, code);
    case DType::F8_E4M3: return decode(e4m3, code);
    case DType::F8_E4M3FNUZ: return decode(e4m3fnuz, code);
    case DType::F8_E5M2FNUZ: return decode(e5m2fnuz, code);
    default: return decode_e8m0(code);
  }
}

float widen_bf16(std::uint16_t code) { return std::bit_cast<float>(static_cast<std::uint32_t>(code) << 16); }

// Without a branch per element: the exponent is moved by a multiplication, which also normalises subnormals.
float widen_f16(std::uint16_t code) {
  const std::uint32_t sign = static_cast<std::uint32_t>(code & 0x8000U) << 16;
  const std::uint32_t rest = static_cast<std::uint32_t>(code & 0x7FFFU) << 13;
  constexpr float scale = 0x1p112F;  // 127 - 15
  const float finite = std::bit_cast<float>(rest) * scale;
  const std::uint32_t bits = (code & 0x7C00U) == 0x7C00U ? rest | 0x7F800000U : std::bit_cast<std::uint32_t>(finite);
  return std::bit_cast<float>(bits | sign);
}

template <class Number>
void append(std::string& text, Number number) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (std::isnan(number)) {  // to_chars would write "-nan" for some
      text += "nan";
      return;
    }
  }
  std::array<char, 32> buffer;
  text.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr);
}

}  // namespace

std::uint32_t code_at(std::uint32_t bits, std::span<const std::byte> bytes, std::uint64_t index) {
  const std::uint64_t bit = index * bits;
  const auto shift = static_cast<unsigned>(bit % 8);
  auto window = std::to_integer<std::uint32_t>(bytes[bit / 8]);
  if (shift + bits > 8)  // of 6 bits, it may straddle two bytes
    window |= std::to_integer<std::uint32_t>(bytes[bit / 8 + 1]) << 8;
  return (window >> shift) & ((1U << bits) - 1);
}

Value value_at(DType dtype, std::span<const std::byte> bytes, std::uint64_t index) {
  switch (dtype) {
    case DType::BOOL: return read<std::uint8_t>(bytes, index) != 0;
    case DType::U8: return std::uint64_t{read<std::uint8_t>(bytes, index)};
    case DType::I8: return std::int64_t{read<std::int8_t>(bytes, index)};
    case DType::I16: return std::int64_t{read<std::int16_t>(bytes, index)};
    case DType::U16: return std::uint64_t{read<std::uint16_t>(bytes, index)};
    case DType::I32: return std::int64_t{read<std::int32_t>(bytes, index)};
    case DType::U32: return std::uint64_t{read<std::uint32_t>(bytes, index)};
    case DType::I64: return read<std::int64_t>(bytes, index);
    case DType::U64: return read<std::uint64_t>(bytes, index);
    case DType::F16: return decode(f16, read<std::uint16_t>(bytes, index));
    case DType::BF16: return widen_bf16(read<std::uint16_t>(bytes, index));
    case DType::F32: return read<float>(bytes, index);
    case DType::F64: return read<double>(bytes, index);
    case DType::C64: return std::complex<float>(read<float>(bytes, 2 * index), read<float>(bytes, 2 * index + 1));
    case DType::F4:
    case DType::F6_E2M3:
    case DType::F6_E3M2:
    case DType::F8_E5M2:
    case DType::F8_E4M3:
    case DType::F8_E8M0:
    case DType::F8_E4M3FNUZ:
    case DType::F8_E5M2FNUZ: return decode_small(dtype, code_at(bits(dtype), bytes, index));
  }
  return false;
}

void decode_floats(DType dtype, std::span<const std::byte> bytes, std::uint64_t first, std::span<float> into) {
  switch (dtype) {
    case DType::F32: std::memcpy(into.data(), bytes.data() + first * sizeof(float), into.size_bytes()); return;
    case DType::BF16:
      for (std::size_t i = 0; i < into.size(); ++i)
        into[i] = widen_bf16(read<std::uint16_t>(bytes, first + i));
      return;
    case DType::F16:
      for (std::size_t i = 0; i < into.size(); ++i)
        into[i] = widen_f16(read<std::uint16_t>(bytes, first + i));
      return;
    default: break;
  }
  std::array<float, 256> table;
  const std::uint32_t width = bits(dtype);
  for (std::uint32_t code = 0; code < 1U << width; ++code)
    table[code] = decode_small(dtype, code);
  if (width == 8) {
    for (std::size_t i = 0; i < into.size(); ++i)
      into[i] = table[std::to_integer<std::size_t>(bytes[first + i])];
    return;
  }
  for (std::size_t i = 0; i < into.size(); ++i)
    into[i] = table[code_at(width, bytes, first + i)];
}

std::string text_of(const Value& value) {
  std::string text;
  if (const bool* truth = std::get_if<bool>(&value)) {
    text = *truth ? "True" : "False";
  } else if (const auto* complex = std::get_if<std::complex<float>>(&value)) {
    append(text, complex->real());
    if (!std::signbit(complex->imag()) || std::isnan(complex->imag())) text += '+';
    append(text, complex->imag());
    text += 'j';
  } else {
    std::visit(
        [&text](auto number) {
          using Number = decltype(number);
          if constexpr (std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>) append(text, number);
        },
        value);
  }
  return text;
}

void write_json(Json& json, const Value& value) {
  if (const auto* complex = std::get_if<std::complex<float>>(&value)) {
    json.begin_array().value(complex->real()).value(complex->imag()).end_array();
    return;
  }
  std::visit(
      [&json](auto number) {
        if constexpr (std::is_arithmetic_v<decltype(number)>) json.value(number);
      },
      value);
}

}  // namespace hoist::tool
