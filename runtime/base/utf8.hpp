// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace hoist::base {

// Bytes of the character that `text` begins with: 1 to 4, or 0 where it is broken or `text` is empty.
std::size_t utf8_sequence(std::string_view text) noexcept;

// What one whole character stands for.
char32_t decode_utf8(std::string_view character) noexcept;

// Where the first broken sequence starts; text.size() when there is none. ASCII is skipped at memory speed.
std::size_t valid_utf8_prefix(std::string_view text) noexcept;

inline bool is_utf8(std::string_view text) noexcept { return valid_utf8_prefix(text) == text.size(); }

}  // namespace hoist::base
