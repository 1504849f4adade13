// What the fuzz targets share: stopping with a sentence, and the sizes of data that a header may stand in front of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hoist/archive.hpp"

namespace hoist::fuzz {

// `broken` is empty where all is well.
inline void require_whole(const std::string& broken) {
  if (broken.empty()) return;
  std::fprintf(stderr, "broken: %s\n", broken.c_str());
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// An input is the JSON alone, so that seeds are readable; the data behind it has the size that the header most
// likely describes: the largest number that stands before a `]`.
inline std::uint64_t likely_data_bytes(std::string_view json) {
  constexpr std::uint64_t most = std::uint64_t{1} << 62;
  std::uint64_t largest = 0, number = 0;
  for (const char c : json) {
    if (c >= '0' && c <= '9') {
      number = number < most / 10 ? number * 10 + static_cast<std::uint64_t>(c - '0') : most;
    } else if (c == ']') {
      largest = number > largest ? number : largest;
    } else if (c != ' ' && c != '\n') {
      number = 0;
    }
  }
  return largest;
}

// Every way to judge an input: both validation modes, the first error or a list of them, with and without data.
template <class Judge>
void each_setting(std::string_view json, const Judge& judge) {
  for (const Validation validation : {Validation::compatible, Validation::strict}) {
    for (const std::size_t max_errors : {std::size_t{1}, std::size_t{100}}) {
      for (const std::uint64_t data_bytes : {std::uint64_t{0}, likely_data_bytes(json)}) {
        OpenOptions options;
        options.validation = validation;
        judge(options, max_errors, data_bytes);
      }
    }
  }
}

}  // namespace hoist::fuzz
