// How the elements of two tensors of one dtype differ: how many do, and where the most. In parts that can be merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "values.hpp"

namespace hoist::tool {

// Elements are equal when |a - b| <= absolute + relative * |b|; a NaN equals a NaN, an infinity only itself. Finite,
// and not negative.
struct Tolerance {
  double absolute = 0;
  double relative = 0;
};

// Where the difference is the largest; the first of several such elements. A NaN against a number is beyond all others.
struct Largest {
  Value difference{};       // exact, a std::uint64_t, between integers; else a double
  std::uint64_t index = 0;  // row-major, in the tensor
  Value a{}, b{};
};

class Difference {
 public:
  // Without a tolerance elements are equal when their bits are. Truths have none that is near, so BOOL takes none.
  Difference(DType dtype, std::optional<Tolerance> tolerance)
      : dtype_(dtype), tolerance_(dtype == DType::BOOL ? std::nullopt : tolerance) {}

  // `count` elements of each, packed from the first bit on; the first is the tensor's element `first`. What has the
  // same bytes is not decoded.
  void add(std::span<const std::byte> a, std::span<const std::byte> b, std::uint64_t first, std::uint64_t count);
  void merge(const Difference& later);

  bool same_bytes() const { return same_bytes_; }
  std::uint64_t count() const { return count_; }  // elements that differ
  // Over those; none without any. The relative difference is |a - b| / |b|.
  const std::optional<Largest>& absolute() const { return absolute_; }
  const std::optional<Largest>& relative() const { return relative_; }

 private:
  struct Block;
  void add_block(const Block& block);
  template <class Number>
  void add_plain(const Block& block);
  void add_truths(const Block& block);
  void add_floats(const Block& block);
  template <class Number, class SameBits>
  void examine(const Block& block, std::span<const Number> a, std::span<const Number> b, SameBits same_bits);

  DType dtype_;
  std::optional<Tolerance> tolerance_;
  bool same_bytes_ = true;
  std::uint64_t count_ = 0;
  std::optional<Largest> absolute_, relative_;
};

}  // namespace hoist::tool
