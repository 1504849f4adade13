#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hoist::tool {
namespace {

// Only for sequences that sequence_length() accepted.
char32_t decode(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(sequence[i])); };
  switch (sequence.size()) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3: return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default: return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
}

struct CodeRange {
  char32_t first, last;
};

template <std::size_t N>
bool in(const std::array<CodeRange, N>& ranges, char32_t code) {
  return std::ranges::any_of(ranges, [code](CodeRange range) { return range.first <= code && code <= range.last; });
}

// Controls, C1, the soft hyphen, and marks that are invisible or turn the direction of writing.
constexpr std::array<CodeRange, 9> unsafe{{{0x00, 0x1F},
                                           {0x7F, 0x9F},
                                           {0xAD, 0xAD},
                                           {0x061C, 0x061C},
                                           {0x200B, 0x200F},
                                           {0x2028, 0x202E},
                                           {0x2060, 0x206F},
                                           {0xFEFF, 0xFEFF},
                                           {0xE0000, 0xE007F}}};

// East Asian and emoji blocks that take two columns.
constexpr std::array<CodeRange, 9> wide{{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};

constexpr std::array<CodeRange, 4> combining{{{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

std::size_t columns_of(char32_t code) { return in(combining, code) ? 0 : in(wide, code) ? 2 : 1; }

// Escapes and copies from the front until `max_columns` are full.
void append_printable(std::string_view text, std::size_t max_columns, std::string& into) {
  std::size_t used = 0;
  const std::size_t begin = into.size();  // combining marks take no column, but they must end somewhere
  while (!text.empty()) {
    std::size_t length = sequence_length(text);
    std::string escaped;
    std::size_t taken = 0;
    if (length == 0) {
      length = 1;
      escaped = fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (const char32_t code = decode(text.substr(0, length)); in(unsafe, code)) {
      escaped = code < 0x100     ? fmt::format("\\x{:02x}", static_cast<unsigned>(code))
                : code < 0x10000 ? fmt::format("\\u{:04x}", static_cast<unsigned>(code))
                                 : fmt::format("\\U{:08x}", static_cast<unsigned>(code));
    } else if (code == U'\\') {
      escaped = "\\\\";
    } else {
      taken = columns_of(code);
    }
    taken = std::max(taken, escaped.size());
    if (used + taken > max_columns || into.size() - begin + length > 8 * max_columns + 8) return;
    into += escaped.empty() ? text.substr(0, length) : std::string_view(escaped);
    used += taken;
    text.remove_prefix(length);
  }
}

// The last bytes of `text`, at most `bytes`, beginning where a character does.
std::string_view tail(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  text.remove_prefix(text.size() - bytes);
  for (int i = 0; i < 3 && !text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0) == 0x80; ++i)
    text.remove_prefix(1);
  return text;
}

}  // namespace

std::size_t sequence_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  const char32_t code = decode(text.substr(0, length));
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code > 0x10FFFF ? 0 : length;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(sequence_length(text), 1);
    count += columns_of(decode(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return count;
}

std::string printable(std::string_view text, std::size_t max_columns) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '\\'; };
  if (text.size() <= max_columns && std::ranges::all_of(text, plain)) return std::string(text);
  std::string result;
  // No character takes less than a quarter of its bytes in columns (combining marks aside), so of a name of a
  // megabyte only the ends are looked at.
  if (text.size() <= 4 * max_columns) {
    append_printable(text, 10 * text.size(), result);
    if (columns(result) <= max_columns) return result;
    result.clear();
  }
  const std::size_t dots = std::min<std::size_t>(max_columns, 3);
  const std::size_t behind = (max_columns - dots) / 2;
  append_printable(text, max_columns - dots - behind, result);
  result.append(dots, '.');
  // An escape is wider than its byte: give up bytes until the end fits.
  for (std::size_t bytes = behind;; --bytes) {
    std::string end;
    append_printable(tail(text, bytes), 10 * bytes, end);
    if (columns(end) <= behind) return result + end;
  }
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  constexpr std::array units{"kB", "MB", "GB", "TB", "PB", "EB"};
  auto amount = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (amount >= 999.5 && unit + 1 < units.size()) {
    amount /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", amount, amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0, units[unit]);
}

std::string grouped(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t i = digits.size(); i > 3;)
    digits.insert(i -= 3, ",");
  return digits;
}

std::string counted(std::uint64_t number, std::string_view thing) {
  return fmt::format("{} {}{}", grouped(number), thing, number == 1 ? "" : "s");
}

std::string shape_text(std::span<const std::uint64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

bool natural_less(std::string_view left, std::string_view right) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto digits = [&](std::string_view text) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, digit) - text.begin());
  };
  std::size_t l = 0, r = 0;
  while (l < left.size() && r < right.size()) {
    if (!digit(left[l]) || !digit(right[r])) {
      if (left[l] != right[r]) return static_cast<unsigned char>(left[l]) < static_cast<unsigned char>(right[r]);
      ++l, ++r;
      continue;
    }
    std::string_view a = left.substr(l, digits(left.substr(l)));
    std::string_view b = right.substr(r, digits(right.substr(r)));
    l += a.size(), r += b.size();
    while (a.starts_with('0'))
      a.remove_prefix(1);
    while (b.starts_with('0'))
      b.remove_prefix(1);
    if (a.size() != b.size()) return a.size() < b.size();
    if (a != b) return a < b;
  }
  if (left.size() - l != right.size() - r) return left.size() - l < right.size() - r;
  return left < right;  // 01 and 1: any order, but always the same
}

}  // namespace hoist::tool
