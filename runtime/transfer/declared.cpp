#include "transfer/declared.hpp"

#include "base/error.hpp"

namespace hoist::transfer {

Result<void> Declared::add(std::string_view name, DType dtype, std::span<const std::uint64_t> shape) {
  format::Declaration tensor{.name = std::string(name), .dtype = dtype, .shape = {shape.begin(), shape.end()}};
  if (auto bytes = format::checked_bytes(tensor); !bytes) return std::move(bytes).error();
  if (!by_name_.emplace(name, static_cast<std::uint32_t>(tensors_.size())).second) {
    return Error{.code = Errc::duplicate_tensor, .message = "was declared before", .tensor = std::string(name)};
  }
  tensors_.push_back(std::move(tensor));
  return {};
}

Result<void> Declared::set_metadata(std::string_view key, std::string_view value) {
  if (auto allowed = format::check_metadata_key(key); !allowed) return allowed;
  if (metadata_.emplace(key, value).second) return {};
  return Error{.code = Errc::duplicate_metadata, .message = base::quoted(key) + " was set before"};
}

Result<std::uint32_t> Declared::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) return found->second;
  return Error{.code = Errc::missing_tensor, .message = "was not declared", .tensor = std::string(name)};
}

}  // namespace hoist::transfer
