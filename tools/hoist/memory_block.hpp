// One large piece of host memory, ready to be written at full speed.
#pragma once

#include <cstddef>
#include <span>

#include "hoist/result.hpp"

namespace hoist::tool {

// Owns the memory. Move-only.
class MemoryBlock {
 public:
  // Zeroed, in huge pages where the system has them, and every page already there: the first write to a page costs
  // more than copying it. out_of_memory when the system has less than that to give.
  static Result<MemoryBlock> allocate(std::size_t bytes, unsigned threads);

  MemoryBlock(MemoryBlock&& other) noexcept;
  MemoryBlock& operator=(MemoryBlock&&) = delete;
  ~MemoryBlock();

  std::span<std::byte> bytes() const { return {data_, size_}; }

 private:
  MemoryBlock(std::byte* data, std::size_t size) : data_(data), size_(size) {}
  void fault_in(unsigned threads) const;

  std::byte* data_;
  std::size_t size_;
};

}  // namespace hoist::tool
