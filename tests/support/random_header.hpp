// Valid headers by chance, and the ways to spell them: what a writer emits, and what JSON allows.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hoist/dtype.hpp"

namespace hoist::test {

using Random = std::mt19937;

inline std::uint32_t below(Random& random, std::uint32_t limit) {
  return static_cast<std::uint32_t>(random() % limit);  // the same numbers with every standard library
}

struct HeaderTensor {
  std::u32string name{};
  DType dtype{};
  Shape shape{};
  std::uint64_t begin = 0, end = 0;
};

struct Header {
  std::vector<HeaderTensor> tensors{};  // in the order in which they are spelled
  std::map<std::u32string, std::u32string> metadata{};
  std::uint64_t data_bytes = 0;
};

inline std::u32string random_text(Random& random) {
  static constexpr std::u32string_view letters =
      U"abcdefgh0123456789..__-*{}[]:, \"\\/\b\f\n\r\t\0\x1F\x7F\u00E9\u20AC"
      U"\uFFFF\U0001F600\U0010FFFF";
  std::u32string text;
  for (std::uint32_t i = below(random, 12); i > 0; --i)
    text += letters[below(random, letters.size())];
  return text;
}

// Few tensors of few elements, one in ten without any.
inline Header random_header(Random& random) {
  Header header;
  std::set<std::u32string> names;
  for (std::uint32_t i = below(random, 8); i > 0; --i) {
    HeaderTensor tensor{.name = random_text(random), .dtype = static_cast<DType>(below(random, 22))};
    std::uint64_t bit_count = bits(tensor.dtype);
    for (std::uint32_t rank = below(random, 5); rank > 0; --rank) {
      tensor.shape.push_back(below(random, 30) == 0 ? 0 : 1 + below(random, 5));
      bit_count *= tensor.shape.back();
    }
    if (bit_count % 8 != 0 || !names.insert(tensor.name).second) continue;
    tensor.begin = header.data_bytes;
    tensor.end = header.data_bytes += bit_count / 8;
    header.tensors.push_back(std::move(tensor));
  }
  for (std::uint32_t i = below(random, 3); i > 0; --i)
    header.metadata.emplace(random_text(random), random_text(random));
  return header;
}

inline void shuffle(Header& header, Random& random) {
  for (std::size_t i = header.tensors.size(); i > 1; --i)
    std::swap(header.tensors[i - 1], header.tensors[below(random, static_cast<std::uint32_t>(i))]);
}

// Into file order. Between empty tensors at one offset the order of the header stays.
inline void sort(Header& header) {
  std::stable_sort(header.tensors.begin(), header.tensors.end(), [](const HeaderTensor& a, const HeaderTensor& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
}

// Spells a header token by token. Plain: as writers do. Free: white space and escapes wherever JSON has room for
// them, fields in any order, fields that no reader knows.
class Speller {
 public:
  Speller() = default;
  explicit Speller(Random& random) : random_(&random) {}

  std::string spell(const Header& header) {
    text_.clear();
    token("{");
    const std::uint32_t place = random_ ? below(*random_, static_cast<std::uint32_t>(header.tensors.size()) + 1) : 0;
    bool first = true;
    for (std::uint32_t i = 0; i <= header.tensors.size(); ++i) {
      if (i == place && !header.metadata.empty()) separate(first), metadata(header);
      if (i < header.tensors.size()) separate(first), tensor(header.tensors[i]);
    }
    token("}");
    return text_;
  }

 private:
  bool chance(std::uint32_t one_in) { return random_ && below(*random_, one_in) == 0; }

  void space() {
    while (chance(4))
      text_ += " \t\n\r"[below(*random_, 4)];
  }
  void token(std::string_view token) {
    space();
    text_ += token;
    space();
  }
  void separate(bool& first) {
    if (!std::exchange(first, false)) token(",");
  }

  void metadata(const Header& header) {
    string(U"__metadata__");
    token(":");
    token("{");
    bool first = true;
    for (const auto& [key, value] : header.metadata) {
      separate(first);
      string(key);
      token(":");
      string(value);
    }
    token("}");
  }

  void tensor(const HeaderTensor& tensor) {
    string(tensor.name);
    token(":");
    token("{");
    std::array<int, 4> fields{0, 1, 2, 3};
    if (random_) {
      for (std::size_t i = fields.size(); i > 1; --i)
        std::swap(fields[i - 1], fields[below(*random_, static_cast<std::uint32_t>(i))]);
    }
    bool first = true;
    for (const int field : fields) {
      if (field == 3 && !chance(4)) continue;
      separate(first);
      if (field == 0) string(U"dtype"), token(":"), string(dtype_text(tensor.dtype));
      if (field == 1) string(U"shape"), token(":"), numbers(tensor.shape);
      if (field == 2) string(U"data_offsets"), token(":"), numbers({tensor.begin, tensor.end});
      if (field == 3) string(U"_"), token(":"), token(R"([{"shape":[-1.5e3,null]},"\u005c",true])");
    }
    token("}");
  }

  static std::u32string dtype_text(DType dtype) {
    const std::string_view text = name(dtype);
    return {text.begin(), text.end()};
  }

  void numbers(const Shape& values) {
    token("[");
    bool first = true;
    for (const std::uint64_t value : values)
      separate(first), token(std::to_string(value));
    token("]");
  }

  void string(std::u32string_view value) {
    space();
    text_ += '"';
    for (const char32_t c : value)
      character(c);
    text_ += '"';
    space();
  }

  void character(char32_t c) {
    static constexpr std::u32string_view named = U"\"\\/\b\f\n\r\t";
    const std::size_t short_form = named.find(c);
    const bool must = c < 0x20 || c == U'"' || c == U'\\';
    if (short_form != named.npos && (must ? !chance(2) : chance(4))) {
      text_ += {'\\', "\"\\/bfnrt"[short_form]};
    } else if (must || chance(6)) {
      if (c > 0xFFFF) escape(0xD800 + ((c - 0x10000) >> 10)), escape(0xDC00 + ((c - 0x10000) & 0x3FF));
      else escape(c);
    } else {
      utf8(c);
    }
  }

  void escape(char32_t unit) {
    text_ += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) {
      const char* digits = chance(2) ? "0123456789ABCDEF" : "0123456789abcdef";  // GCC 12's UBSan needs it named
      text_ += digits[(unit >> shift) & 15];
    }
  }

  void utf8(char32_t c) {
    const auto byte = [&](char32_t value) { text_ += static_cast<char>(value); };
    if (c < 0x80) return byte(c);
    if (c < 0x800) byte(0xC0 | c >> 6);
    else if (c < 0x10000) byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F));
    else byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F));
    byte(0x80 | (c & 0x3F));
  }

  Random* random_ = nullptr;  // null: plain
  std::string text_;
};

}  // namespace hoist::test
