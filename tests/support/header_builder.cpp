#include "support/header_builder.hpp"

#include <memory>

namespace hoist::test {

std::string file_with_length(std::uint64_t length, std::string_view rest) {
  std::string file;
  for (int i = 0; i < 8; ++i)
    file += static_cast<char>(length >> (8 * i) & 0xFF);
  return file.append(rest);
}

std::string file_with(std::string_view json, std::string_view data) {
  return file_with_length(json.size(), std::string(json) + std::string(data));
}

std::string json_string(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string literal = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') literal += {'\\', c};
    else if (byte < 0x20) literal += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    else literal += c;
  }
  return literal + '"';
}

FileBuilder& FileBuilder::add(std::string_view name, std::string_view dtype, const Shape& shape,
                              std::string_view bytes) {
  std::string dimensions;
  for (const std::uint64_t size : shape)
    dimensions += (dimensions.empty() ? "" : ",") + std::to_string(size);
  entries_ += (entries_.empty() ? "" : ",") + json_string(name) + ":{\"dtype\":" + json_string(dtype) + ",\"shape\":[" +
              dimensions + "],\"data_offsets\":[" + std::to_string(data_.size()) + "," +
              std::to_string(data_.size() + bytes.size()) + "]}";
  data_ += bytes;
  return *this;
}

FileBuilder& FileBuilder::add(std::string_view name, DType dtype, const Shape& shape) {
  std::uint64_t bit_count = bits(dtype);
  for (const std::uint64_t size : shape)
    bit_count *= size;
  std::string bytes(bit_count / 8, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>((data_.size() + i) * 31 % 251);
  return add(name, hoist::name(dtype), shape, bytes);
}

FileBuilder& FileBuilder::metadata(std::string_view key, std::string_view value) {
  metadata_ += (metadata_.empty() ? "" : ",") + json_string(key) + ":" + json_string(value);
  return *this;
}

std::string FileBuilder::json() const {
  std::string json = "{";
  if (!metadata_.empty()) json += "\"__metadata__\":{" + metadata_ + (entries_.empty() ? "}" : "},");
  json += entries_ + "}";
  return json.append((8 - json.size() % 8) % 8, ' ');
}

Result<Archive> open_bytes(std::string_view file, OpenOptions options) {
  const auto copy = std::make_shared<const std::string>(file);
  return Archive::from_bytes(std::as_bytes(std::span(*copy)), copy, options);
}

}  // namespace hoist::test
