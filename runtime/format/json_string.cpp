#include "format/json_string.hpp"

namespace hoist::format {

// As serde_json does.
void append_escaped(std::string& json, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': json += "\\\""; break;
      case '\\': json += "\\\\"; break;
      case '\b': json += "\\b"; break;
      case '\f': json += "\\f"; break;
      case '\n': json += "\\n"; break;
      case '\r': json += "\\r"; break;
      case '\t': json += "\\t"; break;
      default:
        if (byte < 0x20) json.append("\\u00").append({digits[byte >> 4], digits[byte & 15]});
        else json += c;
    }
  }
}

void append_json_string(std::string& json, std::string_view text) {
  json += '"';
  append_escaped(json, text);
  json += '"';
}

}  // namespace hoist::format
