// What a save declares before it begins.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "format/file_layout.hpp"

namespace hoist::transfer {

// For one thread; once nothing is declared any more, immutable.
class Declared {
 public:
  // duplicate_tensor, and what format::checked_bytes says.
  Result<void> add(std::string_view name, DType dtype, std::span<const std::uint64_t> shape);
  // duplicate_metadata, and what format::check_metadata_key says.
  Result<void> set_metadata(std::string_view key, std::string_view value);

  // In the order of the calls; they stay where they are once nothing is added.
  std::span<const format::Declaration> tensors() const noexcept { return tensors_; }
  const Metadata& metadata() const noexcept { return metadata_; }
  Result<std::uint32_t> find(std::string_view name) const;  // missing_tensor

 private:
  std::vector<format::Declaration> tensors_;
  std::map<std::string, std::uint32_t, std::less<>> by_name_;  // no hash: names may be built to collide
  Metadata metadata_;
};

}  // namespace hoist::transfer
