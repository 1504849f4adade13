// The header of one file, validated: what every reader fills and everything else reads.
#pragma once

#include <memory>
#include <vector>

#include "format/name_table.hpp"
#include "hoist/archive.hpp"

namespace hoist::format {

// The N bytes of JSON, and a NUL behind them for the grammar reader, which decodes names in place.
class HeaderBytes {
 public:
  HeaderBytes() = default;
  explicit HeaderBytes(std::size_t size);  // contents undefined until the caller fills data()

  char* data() noexcept { return bytes_.get(); }
  const char* data() const noexcept { return bytes_.get(); }
  std::size_t size() const noexcept { return size_; }
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

// Tensors in file order; their names point into `header`, their shapes into `dimensions`. Moving keeps both valid.
struct Index {
  HeaderBytes header{};
  std::vector<TensorInfo> tensors{};
  std::vector<std::uint64_t> dimensions{};
  NameTable names{};
  Metadata metadata{};

  // Position in `tensors`, or NameTable::none.
  std::uint32_t find(std::string_view name) const {
    return names.find(name, [this](std::uint32_t i) { return tensors[i].name; });
  }
};

}  // namespace hoist::format
