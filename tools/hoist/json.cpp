#include "json.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "text.hpp"

namespace hoist::tool {
namespace {

// Short escapes where JSON has them; DEL and C1 too, which are legal in JSON but steer a terminal.
void append_escaped(std::string_view text, std::string& into) {
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t length = sequence_length(text);
    const bool c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (byte == '"' || byte == '\\') {
      into += {'\\', text.front()};
    } else if (byte == '\n') {
      into += "\\n";
    } else if (byte == '\t') {
      into += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      into += fmt::format("\\u{:04x}", byte);
    } else if (c1) {
      into += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[1]));
    } else if (length == 0) {
      into += "\xEF\xBF\xBD";
    } else {
      into += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

template <class Number>
std::string_view decimals(Number number, std::array<char, 32>& buffer) {
  return {buffer.data(), static_cast<std::size_t>(
                             std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr - buffer.data())};
}

// "-0" would be read as the integer 0, so what is a float shows it: "-0.0".
template <class Number>
std::string float_text(Number number) {
  std::array<char, 32> buffer;
  const std::string text(decimals(number, buffer));
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

template <class Number>
std::string_view name_of(Number number) {
  return std::isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity";
}

}  // namespace

Json& Json::begin_object() {
  separate();
  output_.write("{");
  first_ = true;
  return *this;
}

Json& Json::end_object() {
  output_.write("}");
  first_ = false;
  return *this;
}

Json& Json::begin_array() {
  separate();
  output_.write("[");
  first_ = true;
  return *this;
}

Json& Json::end_array() {
  output_.write("]");
  first_ = false;
  return *this;
}

Json& Json::key(std::string_view name) {
  separate();
  quote(name);
  output_.write(": ");
  after_key_ = true;
  return *this;
}

Json& Json::value(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

Json& Json::value(float number) { return std::isfinite(number) ? raw(float_text(number)) : value(name_of(number)); }

Json& Json::value(double number) { return std::isfinite(number) ? raw(float_text(number)) : value(name_of(number)); }

Json& Json::raw(std::string_view text) {
  separate();
  output_.write(text);
  return *this;
}

Json& Json::value(std::span<const std::uint64_t> numbers) {
  begin_array();
  for (const std::uint64_t number : numbers)
    value(number);
  return end_array();
}

Json& Json::signed_value(std::int64_t number) {
  std::array<char, 32> buffer;
  return raw(decimals(number, buffer));
}

Json& Json::unsigned_value(std::uint64_t number) {
  std::array<char, 32> buffer;
  return raw(decimals(number, buffer));
}

void Json::separate() {
  if (!first_ && !after_key_) output_.write(", ");
  first_ = after_key_ = false;
}

void Json::quote(std::string_view text) {
  std::string quoted = "\"";
  append_escaped(text, quoted);
  output_.write(quoted += '"');
}

}  // namespace hoist::tool
