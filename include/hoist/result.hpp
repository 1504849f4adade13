// Errors as values: whatever a file, the system or a device can cause comes back as a Result.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "hoist/export.hpp"

namespace hoist {

// Stable codes, few; docs/format.md says what each stands for.
enum class Errc : std::uint8_t {
  // the file
  header_too_small,
  header_too_large,
  header_out_of_file,
  invalid_utf8,
  invalid_json,
  invalid_field,
  unknown_dtype,
  duplicate_tensor,
  duplicate_metadata,
  invalid_shape,
  size_mismatch,
  not_contiguous,
  truncated_data,
  trailing_data,
  not_strict,
  invalid_index,
  missing_shard,
  missing_tensor,
  checksum_mismatch,
  // the request
  no_match,
  invalid_pattern,
  invalid_slice,
  indivisible,
  not_mapped,
  misaligned,
  wrong_dtype,
  overlap,
  over_budget,
  not_submitted,
  wrong_device,
  wrong_order,
  written_twice,
  not_written,
  cancelled,
  // the system
  not_found,
  not_regular,
  already_exists,
  permission_denied,
  io_error,
  not_durable,
  out_of_memory,
  device_unavailable,
  device_lost,
};

HOIST_API std::string_view name(Errc code) noexcept;

// True for what the system said, as against what a file holds or a caller asked for.
HOIST_API bool is_system(Errc code) noexcept;

// What went wrong, where, and what was expected. Empty fields are unknown.
struct Error {
  Errc code{};
  std::string message{};  // UTF-8, one line; names from a file are escaped and shortened
  std::string file{};
  std::string tensor{};                   // as the file spells it, unescaped
  std::optional<std::uint64_t> offset{};  // bytes from the start of the file
  int system_code = 0;                    // errno, or what CUDA said, a cudaError_t

  HOIST_API std::string to_string() const;  // one line: "model.safetensors: 'a.weight' at byte 104: ..."
};

class HOIST_API Exception : public std::exception {
 public:
  explicit Exception(Error error);
  const Error& error() const noexcept { return error_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Error error_;
  std::string text_;
};

// Either a value or an Error. Check it, or let value(), * and -> throw Exception.
//     if (auto archive = Archive::open(path)) use(*archive); else log(archive.error());
template <class T>
class [[nodiscard]] Result {
  static_assert(!std::same_as<T, bool>, "an answer that tests true when it is false");

 public:
  template <std::convertible_to<T> U>
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  const Error& error() const& { return std::get<1>(state_); }
  Error error() && { return std::get<1>(std::move(state_)); }

  T& value() & { return require(), std::get<0>(state_); }
  const T& value() const& { return require(), std::get<0>(state_); }
  T value() && { return require(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void require() const {
    if (!*this) throw Exception(error());
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const noexcept { return !error_; }
  const Error& error() const& { return *error_; }
  Error error() && { return *std::move(error_); }
  void value() const {
    if (error_) throw Exception(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace hoist
