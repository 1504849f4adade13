// Bytes of which no two stretches that are likely to be mixed up are the same.
#pragma once

#include <string>

namespace hoist::test {

inline std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i)
    text[i] = static_cast<char>(i * 7 % 251);
  return text;
}

}  // namespace hoist::test
