// The header of one file, validated: what every reader fills and everything else reads.
#pragma once

#include <utility>
#include <vector>

#include "base/huge_allocator.hpp"
#include "format/name_table.hpp"
#include "hoist/archive.hpp"

namespace hoist::format {

// The N bytes of JSON, and zeros behind them: RapidJSON, which decodes names in place, ends at the first of them, and
// looks at up to 16 bytes at once.
class HeaderBytes {
 public:
  static constexpr std::size_t zeros_behind = 32;

  HeaderBytes() = default;
  explicit HeaderBytes(std::size_t size);  // contents undefined until the caller fills data()
  HeaderBytes(HeaderBytes&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  HeaderBytes& operator=(HeaderBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~HeaderBytes();

  char* data() noexcept { return bytes_; }
  const char* data() const noexcept { return bytes_; }
  std::size_t size() const noexcept { return size_; }
  std::string_view view() const noexcept { return {bytes_, size_}; }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

template <class T>
using LargeVector = std::vector<T, base::HugeAllocator<T>>;

// Tensors in file order; their names point into `header`, their shapes into `dimensions`. Moving keeps both valid.
struct Index {
  HeaderBytes header{};
  LargeVector<TensorInfo> tensors{};
  LargeVector<std::uint64_t> dimensions{};
  NameTable names{};
  Metadata metadata{};

  // Position in `tensors`, or NameTable::none.
  std::uint32_t find(std::string_view name) const {
    return names.find(name, [this](std::uint32_t i) { return tensors[i].name; });
  }
};

}  // namespace hoist::format
