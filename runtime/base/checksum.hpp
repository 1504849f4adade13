// XXH3-128 with the seed 0, which files carry of their tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "hoist/result.hpp"

namespace hoist::base {

inline constexpr std::size_t checksum_digits = 32;

// For one thread at a time.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;

  void add(std::span<const std::byte> bytes);
  std::string digits() const;  // lower-case hexadecimal, the most significant first

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// All of `into`, from byte `begin` of item `i` on.
using ReadItem = std::function<Result<void>(std::size_t i, std::uint64_t begin, std::span<std::byte> into)>;
// What came of item `i`. False: no more of them.
using ItemDone = std::function<bool(std::size_t i, Result<std::string> digits)>;

// Of items of these sizes, by several threads, each of which reads one in parts of 256 KiB. Both functions are called
// from several threads, in no order. Throws std::bad_alloc.
void checksum_all(std::span<const std::uint64_t> sizes, std::size_t threads, const ReadItem& read,
                  const ItemDone& done);

}  // namespace hoist::base
