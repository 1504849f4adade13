#include "base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/utf8.hpp"

namespace hoist {

std::string_view name(Errc code) noexcept {
  switch (code) {
    case Errc::header_too_small: return "header_too_small";
    case Errc::header_too_large: return "header_too_large";
    case Errc::header_out_of_file: return "header_out_of_file";
    case Errc::invalid_utf8: return "invalid_utf8";
    case Errc::invalid_json: return "invalid_json";
    case Errc::invalid_field: return "invalid_field";
    case Errc::unknown_dtype: return "unknown_dtype";
    case Errc::duplicate_tensor: return "duplicate_tensor";
    case Errc::duplicate_metadata: return "duplicate_metadata";
    case Errc::invalid_shape: return "invalid_shape";
    case Errc::size_mismatch: return "size_mismatch";
    case Errc::not_contiguous: return "not_contiguous";
    case Errc::truncated_data: return "truncated_data";
    case Errc::trailing_data: return "trailing_data";
    case Errc::not_strict: return "not_strict";
    case Errc::invalid_index: return "invalid_index";
    case Errc::missing_shard: return "missing_shard";
    case Errc::missing_tensor: return "missing_tensor";
    case Errc::checksum_mismatch: return "checksum_mismatch";
    case Errc::no_match: return "no_match";
    case Errc::invalid_pattern: return "invalid_pattern";
    case Errc::invalid_slice: return "invalid_slice";
    case Errc::indivisible: return "indivisible";
    case Errc::not_mapped: return "not_mapped";
    case Errc::misaligned: return "misaligned";
    case Errc::wrong_dtype: return "wrong_dtype";
    case Errc::overlap: return "overlap";
    case Errc::over_budget: return "over_budget";
    case Errc::not_submitted: return "not_submitted";
    case Errc::wrong_device: return "wrong_device";
    case Errc::wrong_order: return "wrong_order";
    case Errc::written_twice: return "written_twice";
    case Errc::not_written: return "not_written";
    case Errc::cancelled: return "cancelled";
    case Errc::not_found: return "not_found";
    case Errc::not_regular: return "not_regular";
    case Errc::already_exists: return "already_exists";
    case Errc::permission_denied: return "permission_denied";
    case Errc::io_error: return "io_error";
    case Errc::not_durable: return "not_durable";
    case Errc::out_of_memory: return "out_of_memory";
    case Errc::device_unavailable: return "device_unavailable";
    case Errc::device_lost: return "device_lost";
  }
  return "unknown";
}

bool is_system(Errc code) noexcept { return code >= Errc::not_found; }

std::string Error::to_string() const {
  std::string line;
  if (!file.empty()) line += base::printable(file, 4096) + ": ";
  if (!tensor.empty()) line += base::quoted(tensor) + (offset ? " " : ": ");
  if (offset) line += "at byte " + base::grouped(*offset) + ": ";
  return line + message + " (" + std::string(hoist::name(code)) + ")";
}

Exception::Exception(Error error) : error_(std::move(error)), text_(error_.to_string()) {}

namespace base {
namespace {

// Controls move a terminal's cursor; the others are invisible or turn the direction of writing.
bool unsafe(char32_t code) {
  constexpr std::pair<char32_t, char32_t> ranges[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},
                                                      {0x061C, 0x061C}, {0x200B, 0x200F}, {0x2028, 0x202E},
                                                      {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE007F}};
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [code](const auto& range) { return range.first <= code && code <= range.second; });
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string result;
  std::size_t position = 0;
  const std::size_t tail = max_bytes / 3;
  while (position < text.size()) {
    if (text.size() > max_bytes && position < text.size() - tail && result.size() >= max_bytes - tail) {
      result += "...";
      position = text.size() - tail;
      while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80)
        ++position;
      continue;
    }
    const std::size_t length = utf8_sequence(text.substr(position));
    if (text[position] == '\\') {
      result += "\\\\";
      ++position;
    } else if (length == 0 || unsafe(decode_utf8(text.substr(position, length)))) {
      constexpr char digits[] = "0123456789abcdef";
      for (std::size_t i = 0; i < std::max<std::size_t>(length, 1); ++i, ++position) {
        const auto escaped = static_cast<unsigned char>(text[position]);
        result += {'\\', 'x', digits[escaped >> 4], digits[escaped & 15]};
      }
    } else {
      result += text.substr(position, length);
      position += length;
    }
  }
  return result;
}

std::string quoted(std::string_view text) { return "'" + printable(text, 120) + "'"; }

Error cancelled(std::optional<std::uint64_t> offset) {
  return {.code = Errc::cancelled, .message = "cancelled", .offset = offset};
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3;)
    digits.insert(i -= 3, ",");
  return digits;
}

Error system_error(int system_code, std::string_view doing, std::string file) {
  Errc code = Errc::io_error;
  switch (system_code) {
    case ENOENT:
    case ENOTDIR: code = Errc::not_found; break;
    case EACCES:
    case EPERM: code = Errc::permission_denied; break;
    case EEXIST: code = Errc::already_exists; break;
    case EISDIR:
    case ENXIO: code = Errc::not_regular; break;
    case ENOMEM: code = Errc::out_of_memory; break;
    default: break;
  }
  char text[128];
  // The GNU form: it may return a string of its own instead of filling the buffer.
  const char* said = strerror_r(system_code, text, sizeof text);
  const char* const hint = system_code == EMFILE ? "; each file of a checkpoint takes one (see ulimit -n)" : "";
  return {.code = code,
          .message = std::string(doing) + ": " + said + hint,
          .file = std::move(file),
          .system_code = system_code};
}

}  // namespace base
}  // namespace hoist
