#include "difference.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstring>
#include <limits>

namespace hoist::tool {
namespace {

// Elements that are compared, and where they differ decoded, at once: a multiple of eight, so that those of any dtype
// fill whole bytes, and few enough for the first cache.
constexpr std::uint64_t block_size = 1024;

constexpr double infinity = std::numeric_limits<double>::infinity();

// Widened with their signs, by the +, and then unsigned, the subtraction wraps to the right answer, which may be more
// than a signed number holds.
template <std::integral Number>
std::uint64_t distance(Number a, Number b) {
  const auto left = static_cast<std::uint64_t>(+a), right = static_cast<std::uint64_t>(+b);
  return a > b ? left - right : right - left;
}

double distance(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  return std::abs(a - b);
}

bool is_nan(std::complex<float> number) { return std::isnan(number.real()) || std::isnan(number.imag()); }

double distance(std::complex<float> a, std::complex<float> b) {
  if (a == b || (is_nan(a) && is_nan(b))) return 0;
  if (is_nan(a) || is_nan(b)) return std::numeric_limits<double>::quiet_NaN();
  const double apart = std::hypot(double{a.real()} - double{b.real()}, double{a.imag()} - double{b.imag()});
  return std::isnan(apart) ? infinity : apart;  // inf - inf in one part, while the other differs
}

template <class Number>
double magnitude(Number number) {
  if constexpr (std::is_arithmetic_v<Number>) return std::abs(static_cast<double>(number));
  else return std::hypot(double{number.real()}, double{number.imag()});
}

template <class Distance>
double ratio(Distance apart, double scale) {
  const auto wide = static_cast<double>(apart);
  if (wide == 0 || std::isinf(wide)) return wide;  // 0 / 0, inf / inf
  return scale == 0 && !std::isnan(wide) ? infinity : wide / scale;
}

// Two integers may be further apart than a double tells exactly: the tolerance becomes an integer instead.
bool within(std::uint64_t apart, double scale, Tolerance tolerance) {
  const double most = tolerance.absolute + tolerance.relative * scale;
  return most >= 0x1p64 || apart <= static_cast<std::uint64_t>(most);
}

// Infinite: one of them is an infinity that the other is not, or they are beyond a double apart.
bool within(double apart, double scale, Tolerance tolerance) {
  if (apart == 0) return true;  // equal infinities, of which the tolerance may be NaN
  return std::isfinite(apart) && apart <= tolerance.absolute + tolerance.relative * scale;
}

bool farther(std::uint64_t apart, std::uint64_t than) { return apart > than; }
bool farther(double apart, double than) { return apart > than || (std::isnan(apart) && !std::isnan(than)); }

bool farther(const Value& apart, const Value& than) {
  if (const auto* exact = std::get_if<std::uint64_t>(&apart)) return farther(*exact, std::get<std::uint64_t>(than));
  return farther(std::get<double>(apart), std::get<double>(than));
}

// Of one block: a Largest holds more than the inner loop should move about.
template <class Distance>
struct Farthest {
  std::optional<Distance> difference{};
  std::size_t place = 0;

  void offer(Distance apart, std::size_t at) {
    if (difference && !farther(apart, *difference)) return;
    difference = apart;
    place = at;
  }
};

void widen(std::optional<Largest>& largest, const Largest& other) {
  if (!largest || farther(other.difference, largest->difference)) largest = other;
}

}  // namespace

struct Difference::Block {
  std::span<const std::byte> a, b;
  std::uint64_t first;
  std::uint64_t count;
};

template <class Number, class SameBits>
void Difference::examine(const Block& block, std::span<const Number> a, std::span<const Number> b, SameBits same_bits) {
  Farthest<decltype(distance(a[0], b[0]))> absolute;
  Farthest<double> relative;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (same_bits(i)) continue;
    const auto apart = distance(a[i], b[i]);
    const double scale = magnitude(b[i]);
    if (tolerance_ && within(apart, scale, *tolerance_)) continue;
    ++count_;
    absolute.offer(apart, i);
    relative.offer(ratio(apart, scale), i);
  }
  const auto keep = [&](std::optional<Largest>& largest, const auto& farthest) {
    if (!farthest.difference) return;
    widen(largest, {.difference = *farthest.difference,
                    .index = block.first + farthest.place,
                    .a = value_at(dtype_, block.a, farthest.place),
                    .b = value_at(dtype_, block.b, farthest.place)});
  };
  keep(absolute_, absolute);
  keep(relative_, relative);
}

// Numbers that lie in the file as they do in memory.
template <class Number>
void Difference::add_plain(const Block& block) {
  std::array<Number, block_size> a, b;
  std::memcpy(a.data(), block.a.data(), block.a.size());
  std::memcpy(b.data(), block.b.data(), block.b.size());
  examine(block, std::span<const Number>(a.data(), block.count), std::span<const Number>(b.data(), block.count),
          [&](std::size_t i) {
            const std::size_t at = i * sizeof(Number);
            return std::memcmp(&block.a[at], &block.b[at], sizeof(Number)) == 0;
          });
}

void Difference::add_truths(const Block& block) {
  std::array<bool, block_size> a, b;
  const auto truth = [](std::byte byte) { return byte != std::byte{0}; };
  std::ranges::transform(block.a, a.begin(), truth);
  std::ranges::transform(block.b, b.begin(), truth);
  examine(block, std::span<const bool>(a.data(), block.count), std::span<const bool>(b.data(), block.count),
          [&](std::size_t i) { return block.a[i] == block.b[i]; });
}

void Difference::add_floats(const Block& block) {
  std::array<float, block_size> a, b;
  decode_floats(dtype_, block.a, 0, std::span(a).first(block.count));
  decode_floats(dtype_, block.b, 0, std::span(b).first(block.count));
  const std::uint32_t width = bits(dtype_);
  examine(block, std::span<const float>(a.data(), block.count), std::span<const float>(b.data(), block.count),
          [&](std::size_t i) {
            // Values would not do: one value may have several codes, as NaN and zero have.
            if (width == 16) return std::memcmp(&block.a[2 * i], &block.b[2 * i], 2) == 0;
            return code_at(width, block.a, i) == code_at(width, block.b, i);
          });
}

void Difference::add_block(const Block& block) {
  switch (dtype_) {
    case DType::BOOL: return add_truths(block);
    case DType::U8: return add_plain<std::uint8_t>(block);
    case DType::I8: return add_plain<std::int8_t>(block);
    case DType::I16: return add_plain<std::int16_t>(block);
    case DType::U16: return add_plain<std::uint16_t>(block);
    case DType::I32: return add_plain<std::int32_t>(block);
    case DType::U32: return add_plain<std::uint32_t>(block);
    case DType::I64: return add_plain<std::int64_t>(block);
    case DType::U64: return add_plain<std::uint64_t>(block);
    case DType::F32: return add_plain<float>(block);
    case DType::F64: return add_plain<double>(block);
    case DType::C64: return add_plain<std::complex<float>>(block);
    default: return add_floats(block);
  }
}

void Difference::add(std::span<const std::byte> a, std::span<const std::byte> b, std::uint64_t first,
                     std::uint64_t count) {
  const std::uint64_t width = bits(dtype_);
  for (std::uint64_t start = 0; start < count; start += block_size) {
    const std::uint64_t size = std::min(block_size, count - start);
    const std::uint64_t from = start * width / 8, length = size * width / 8;
    const Block block{a.subspan(from, length), b.subspan(from, length), first + start, size};
    if (std::memcmp(block.a.data(), block.b.data(), length) == 0) continue;
    same_bytes_ = false;
    add_block(block);
  }
}

void Difference::merge(const Difference& later) {
  same_bytes_ &= later.same_bytes_;
  count_ += later.count_;
  if (later.absolute_) widen(absolute_, *later.absolute_);
  if (later.relative_) widen(relative_, *later.relative_);
}

}  // namespace hoist::tool
