// A read-only mapping of a whole file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "io/descriptor.hpp"

namespace hoist::io {

class Mapping {
 public:
  // The first `bytes` bytes (at least 1) of the file; the descriptor may be closed afterwards.
  static Result<Mapping> of(const Descriptor& file, std::uint64_t bytes);

  // Touching pages beyond the end of a file that was shortened raises SIGBUS.
  std::span<const std::byte> bytes() const noexcept { return {begin_.get(), size_}; }

 private:
  Mapping(std::shared_ptr<const std::byte> begin, std::size_t size) : begin_(std::move(begin)), size_(size) {}

  std::shared_ptr<const std::byte> begin_;  // unmaps with its last copy
  std::size_t size_;
};

}  // namespace hoist::io
