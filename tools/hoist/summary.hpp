// Minimum, maximum, mean, deviation and odd values of a stream of elements, in parts that can be merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "values.hpp"

namespace hoist::tool {

// Mean and variance by blocks: each block's own mean and squared deviations in two passes, merged as Chan, Golub and
// LeVeque do, so that neither a large mean nor many elements cost digits.
struct Moments {
  std::uint64_t count = 0;
  double mean = 0;
  double squares = 0;  // sum of squared deviations from the mean

  void merge(const Moments& other);
};

class Summary {
 public:
  explicit Summary(DType dtype) : dtype_(dtype) {}

  // `count` elements, packed from the first bit of `bytes`.
  void add(std::span<const std::byte> bytes, std::uint64_t count);
  void merge(const Summary& later);

  DType dtype() const { return dtype_; }
  std::uint64_t count() const { return count_; }
  std::uint64_t nan() const { return nan_; }
  std::uint64_t infinite() const { return infinite_; }
  std::uint64_t zeros() const { return zeros_; }
  // Integers exact, infinities included, NaN not; none without such elements. Of complex numbers the magnitude.
  std::optional<Value> min() const { return min_; }
  std::optional<Value> max() const { return max_; }
  // Over the finite elements; none without any.
  std::optional<double> mean() const;
  std::optional<double> deviation() const;  // of the population: divided by the count

 private:
  template <class Number>
  void add_block(std::span<const Number> block);
  template <class Number>
  void add_integers(std::span<const std::byte> bytes, std::uint64_t count);
  void add_wide_floats(std::span<const std::byte> bytes, std::uint64_t count);
  void add_floats(std::span<const std::byte> bytes, std::uint64_t count);
  void widen(const Value& low, const Value& high);

  DType dtype_;
  std::uint64_t count_ = 0, nan_ = 0, infinite_ = 0, zeros_ = 0;
  std::optional<Value> min_, max_;
  Moments moments_;  // of the finite elements
};

}  // namespace hoist::tool
