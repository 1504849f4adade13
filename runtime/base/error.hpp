// Making Errors: the one place that maps errno, and how text from a file is put into a message.
// What libhoist_cuda needs of it is visible in a shared libhoist.
#pragma once

#include <new>
#include <string>
#include <string_view>

#include "hoist/result.hpp"

namespace hoist::base {

// `text` in single quotes, control characters and broken UTF-8 escaped, shortened in the middle past 120 bytes.
std::string quoted(std::string_view text);

// The same without the quotes and with a limit of the caller's choice.
std::string printable(std::string_view text, std::size_t max_bytes);

// "3", "1,234,567"
HOIST_API std::string grouped(std::uint64_t number);

// What errno `system_code` means, as an Error that says what was being done: "open: No such file or directory".
HOIST_API Error system_error(int system_code, std::string_view doing, std::string file = {});

// What a stop token asked for, at a byte of a file where that is known.
Error cancelled(std::optional<std::uint64_t> offset = std::nullopt);

// Runs `body`, which gives a Result, and turns exhausted memory into out_of_memory.
template <class Body>
auto catching_bad_alloc(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Error{.code = Errc::out_of_memory, .message = "out of memory"};
  }
}

}  // namespace hoist::base
