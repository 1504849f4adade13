#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace hoist::base {

std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  // Table 3-7 of the Unicode standard: the second byte's range depends on the lead, later ones are 80..BF.
  std::size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  else if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  else if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  else return 0;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  if (text.size() < length || at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

char32_t decode_utf8(std::string_view character) noexcept {
  const auto lead = static_cast<unsigned char>(character[0]);
  char32_t code = character.size() == 1 ? lead : lead & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  const auto ascii = [&](std::size_t begin, auto& words) {
    std::memcpy(words.data(), text.data() + begin, sizeof words);
    std::uint64_t all = 0;
    for (const std::uint64_t word : words)
      all |= word;
    return (all & 0x8080808080808080U) == 0;
  };
  std::array<std::uint64_t, 4> four;
  std::array<std::uint64_t, 1> one;
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t left = text.size() - position;
    if (left >= sizeof four && ascii(position, four)) {
      position += sizeof four;
    } else if (left >= sizeof one && ascii(position, one)) {
      position += sizeof one;
    } else {
      // Up to eight bytes one character at a time, then the fast steps get another try.
      for (const std::size_t end = position + std::min(left, sizeof one); position < end;) {
        const std::size_t length = utf8_sequence(text.substr(position));
        if (length == 0) return position;
        position += length;
      }
    }
  }
  return position;
}

}  // namespace hoist::base
