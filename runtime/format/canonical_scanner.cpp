// {"__metadata__":{"k":"v"},"name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},...} and spaces: what the
// reference's writer and its imitators emit, byte for byte. Anything else is left to the grammar reader.
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "format/readers.hpp"

namespace hoist::format {
namespace {

static_assert(std::endian::native == std::endian::little, "the first byte is the lowest, here and in the format");

class Scanner {
 public:
  Scanner(const HeaderBytes& header, IndexBuilder& builder)
      : at_(header.data()), end_(header.data() + header.size()), builder_(builder) {}

  bool run() {
    if (!take("{")) return false;
    if (!take("}")) {
      do {
        if (!entry()) return false;
      } while (take(","));
      if (!take("}")) return false;
    }
    return std::all_of(at_, end_, [](char c) { return c == ' '; });
  }

 private:
  bool entry() {
    std::string_view name;
    if (!plain_string(name) || !take(":{")) return false;
    return name == "__metadata__" ? metadata() : tensor(name);
  }

  bool tensor(std::string_view name) {
    std::string_view dtype_name;
    std::uint64_t begin = 0, end = 0;
    if (!take("\"dtype\":") || !plain_string(dtype_name) || !take(",\"shape\":[")) return false;
    if (dtype_name != dtype_name_) {  // neighbours mostly share theirs
      const auto dtype = parse_dtype(dtype_name);
      if (!dtype) return false;
      dtype_ = *dtype;
      dtype_name_ = dtype_name;
    }
    if (!take("]")) {
      do {
        std::uint64_t size = 0;
        if (!number(size)) return false;
        builder_.dimension(size);
      } while (take(","));
      if (!take("]")) return false;
    }
    if (!take(",\"data_offsets\":[") || !number(begin) || !take(",") || !number(end) || !take("]}")) return false;
    builder_.tensor(name, dtype_, begin, end);
    return true;
  }

  // Once only: a second "__metadata__" is the grammar reader's to refuse.
  bool metadata() {
    if (std::exchange(metadata_seen_, true)) return false;
    if (take("}")) return true;
    do {
      std::string_view key, value;
      if (!plain_string(key) || !take(":") || !string_literal(value)) return false;
      if (value.find('\\') == value.npos) {
        if (!builder_.metadata(key, value.substr(1, value.size() - 2))) return false;
      } else {
        const auto decoded = decode_json_string(value);
        if (!decoded || !builder_.metadata(key, *decoded)) return false;
      }
    } while (take(","));
    return take("}");
  }

  // Without escapes; the content alone.
  bool plain_string(std::string_view& text) {
    if (!take("\"")) return false;
    const char* const p = skip_plain(at_);
    if (p == end_ || *p != '"') return false;
    text = {at_, static_cast<std::size_t>(p - at_)};
    at_ = p + 1;
    return true;
  }

  // Quotes included. Control characters are left to the grammar reader, which refuses them.
  bool string_literal(std::string_view& literal) {
    if (at_ == end_ || *at_ != '"') return false;
    const char* p = skip_plain(at_ + 1);
    while (p != end_ && *p == '\\') {
      if (end_ - p < 2) return false;
      p = skip_plain(p + 2);
    }
    if (p == end_ || *p != '"') return false;
    literal = {at_, static_cast<std::size_t>(p + 1 - at_)};
    at_ = p + 1;
    return true;
  }

  // The first quote, backslash or control character from `p` on, or the end. Eight bytes at a time: in each byte of
  // `special` that is one of them the high bit gets set, and none before the first such byte.
  const char* skip_plain(const char* p) const {
    constexpr std::uint64_t ones = 0x0101010101010101U, highs = 0x8080808080808080U;
    for (; end_ - p >= 8; p += 8) {
      std::uint64_t bytes;
      std::memcpy(&bytes, p, sizeof bytes);
      const auto zero = [&](std::uint64_t x) { return (x - ones) & ~x; };
      const std::uint64_t special =
          (zero(bytes ^ (ones * '"')) | zero(bytes ^ (ones * '\\')) | ((bytes - ones * 0x20) & ~bytes)) & highs;
      if (special != 0) return p + std::countr_zero(special) / 8;
    }
    while (p != end_ && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20)
      ++p;
    return p;
  }

  // Decimal digits without a leading zero; 19 of them always fit 64 bits, longer ones are left to the grammar.
  bool number(std::uint64_t& value) {
    const char* const begin = at_;
    std::uint64_t result = 0;
    for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_)
      result = result * 10 + static_cast<std::uint64_t>(*at_ - '0');
    const auto digits = at_ - begin;
    value = result;
    return digits > 0 && digits <= 19 && (digits == 1 || *begin != '0');
  }

  template <std::size_t size>
  bool take(const char (&text)[size]) {  // a literal: its length is known, so that this is a compare or two
    if (static_cast<std::size_t>(end_ - at_) < size - 1 || std::memcmp(at_, text, size - 1) != 0) return false;
    at_ += size - 1;
    return true;
  }

  const char* at_;
  const char* end_;
  IndexBuilder& builder_;
  bool metadata_seen_ = false;
  DType dtype_ = DType::BOOL;  // of the tensor before, and its spelling
  std::string_view dtype_name_ = hoist::name(dtype_);
};

}  // namespace

bool scan_canonical(const HeaderBytes& header, IndexBuilder& builder) {
  if (Scanner(header, builder).run()) return true;
  builder.reset();
  return false;
}

}  // namespace hoist::format
