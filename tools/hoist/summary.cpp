#include "summary.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace hoist::tool {
namespace {

// Elements that are decoded at once: small enough for the first cache, where the second pass finds them.
constexpr std::uint64_t block_size = 2048;

// Independent sums let the compiler use vector registers; it may not reorder one sum by itself.
constexpr std::size_t lanes = 8;

template <class Number>
struct BlockFacts {
  Number min, max;
  std::uint64_t nan = 0, infinite = 0, zeros = 0;
  Moments moments;
};

template <class Number, class Term>
double sum(std::span<const Number> block, Term term) {
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= block.size(); i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane)
      sums[lane] += term(block[i + lane]);
  }
  for (; i < block.size(); ++i)
    sums[0] += term(block[i]);
  double total = 0;
  for (const double part : sums)
    total += part;
  return total;
}

template <class Number>
bool finite(Number value) {
  if constexpr (std::is_floating_point_v<Number>)
    return std::abs(value) <= std::numeric_limits<Number>::max();  // false for NaN too
  else return true;
}

// Of finite elements, at least one.
template <class Number>
Moments moments(std::span<const Number> block) {
  const auto size = static_cast<double>(block.size());
  double mean = sum(block, [](Number value) { return static_cast<double>(value); }) / size;
  if (!std::isfinite(mean))  // F64 near its end: divided first, the sum stays inside
    mean = sum(block, [size](Number value) { return static_cast<double>(value) / size; });
  const double squares = sum(block, [mean](Number value) {
    const double deviation = static_cast<double>(value) - mean;
    return deviation * deviation;
  });
  return {.count = block.size(), .mean = mean, .squares = squares};
}

template <class Number>
BlockFacts<Number> examine(std::span<const Number> block) {
  using Limits = std::numeric_limits<Number>;
  // NaN compares false, so it never gets in here.
  BlockFacts<Number> facts{.min = Limits::has_infinity ? Limits::infinity() : Limits::max(),
                           .max = Limits::has_infinity ? -Limits::infinity() : Limits::lowest()};
  std::uint64_t finites = 0;
  for (const Number value : block) {
    facts.min = value < facts.min ? value : facts.min;
    facts.max = value > facts.max ? value : facts.max;
    facts.zeros += value == Number{0};
    facts.nan += value != value;
    finites += finite(value);
  }
  facts.infinite = block.size() - finites - facts.nan;
  if (finites == block.size()) {
    facts.moments = moments(block);
  } else if (finites > 0) {
    std::array<Number, block_size> kept;
    const auto end = std::ranges::copy_if(block, kept.begin(), finite<Number>).out;
    facts.moments = moments(std::span<const Number>(kept.begin(), end));
  }
  return facts;
}

template <class Number>
Value as_value(Number number) {
  if constexpr (std::is_floating_point_v<Number>) return number;
  else if constexpr (std::is_signed_v<Number>) return std::int64_t{number};
  else return std::uint64_t{number};
}

}  // namespace

void Moments::merge(const Moments& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto mine = static_cast<double>(count), theirs = static_cast<double>(other.count);
  const double total = mine + theirs;
  const double difference = other.mean - mean;
  mean += difference * (theirs / total);
  squares += other.squares + difference * difference * (mine / total) * theirs;
  count += other.count;
}

void Summary::widen(const Value& low, const Value& high) {
  // Both hold the same alternative, since the dtype is the same; the variant then compares the numbers.
  const auto less = [](const Value& left, const Value& right) {
    return std::visit(
        [&right]<class T>(const T& value) {
          if constexpr (std::is_arithmetic_v<T>) return value < std::get<T>(right);
          else return false;
        },
        left);
  };
  if (!min_ || less(low, *min_)) min_ = low;
  if (!max_ || less(*max_, high)) max_ = high;
}

template <class Number>
void Summary::add_block(std::span<const Number> block) {
  const BlockFacts<Number> facts = examine(block);
  nan_ += facts.nan;
  infinite_ += facts.infinite;
  zeros_ += facts.zeros;
  moments_.merge(facts.moments);
  if (facts.nan < block.size()) widen(as_value(facts.min), as_value(facts.max));
}

template <class Number>
void Summary::add_integers(std::span<const std::byte> bytes, std::uint64_t count) {
  std::array<Number, block_size> block;
  for (std::uint64_t first = 0; first < count; first += block_size) {
    const std::size_t size = std::min(block_size, count - first);
    std::memcpy(block.data(), bytes.data() + first * sizeof(Number), size * sizeof(Number));
    add_block(std::span<const Number>(block.data(), size));
  }
}

// F64, and the magnitudes of C64, which a float could not hold.
void Summary::add_wide_floats(std::span<const std::byte> bytes, std::uint64_t count) {
  std::array<double, block_size> block;
  for (std::uint64_t first = 0; first < count; first += block_size) {
    const std::size_t size = std::min(block_size, count - first);
    std::memcpy(block.data(), bytes.data() + first * sizeof(double), size * sizeof(double));
    if (dtype_ == DType::C64) {
      for (std::size_t i = 0; i < size; ++i) {
        std::array<float, 2> parts;
        std::memcpy(parts.data(), bytes.data() + (first + i) * sizeof parts, sizeof parts);
        const bool nan = std::isnan(parts[0]) || std::isnan(parts[1]);  // hypot(nan, inf) would be inf
        block[i] = nan ? std::numeric_limits<double>::quiet_NaN()
                       : std::hypot(static_cast<double>(parts[0]), static_cast<double>(parts[1]));
      }
    }
    add_block(std::span<const double>(block.data(), size));
  }
}

void Summary::add_floats(std::span<const std::byte> bytes, std::uint64_t count) {
  std::array<float, block_size> block;
  for (std::uint64_t first = 0; first < count; first += block_size) {
    const std::span<float> part(block.data(), std::min(block_size, count - first));
    decode_floats(dtype_, bytes, first, part);
    add_block(std::span<const float>(part));
  }
}

void Summary::add(std::span<const std::byte> bytes, std::uint64_t count) {
  count_ += count;
  switch (dtype_) {
    case DType::BOOL:
    case DType::U8: return add_integers<std::uint8_t>(bytes, count);
    case DType::I8: return add_integers<std::int8_t>(bytes, count);
    case DType::I16: return add_integers<std::int16_t>(bytes, count);
    case DType::U16: return add_integers<std::uint16_t>(bytes, count);
    case DType::I32: return add_integers<std::int32_t>(bytes, count);
    case DType::U32: return add_integers<std::uint32_t>(bytes, count);
    case DType::I64: return add_integers<std::int64_t>(bytes, count);
    case DType::U64: return add_integers<std::uint64_t>(bytes, count);
    case DType::F64:
    case DType::C64: return add_wide_floats(bytes, count);
    default: return add_floats(bytes, count);
  }
}

void Summary::merge(const Summary& later) {
  count_ += later.count_;
  nan_ += later.nan_;
  infinite_ += later.infinite_;
  zeros_ += later.zeros_;
  moments_.merge(later.moments_);
  if (later.min_) widen(*later.min_, *later.max_);
}

std::optional<double> Summary::mean() const { return moments_.count ? std::optional(moments_.mean) : std::nullopt; }

std::optional<double> Summary::deviation() const {
  if (moments_.count == 0) return std::nullopt;
  return std::sqrt(moments_.squares / static_cast<double>(moments_.count));
}

}  // namespace hoist::tool
