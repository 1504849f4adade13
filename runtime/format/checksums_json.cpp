#include "format/checksums_json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "base/utf8.hpp"
#include "format/index.hpp"

namespace hoist::format {
namespace {

using base::quoted;
using Size = rapidjson::SizeType;

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// RapidJSON's events. One that returns false has left an error, and ends the reading: nothing nests.
class Handler {
 public:
  explicit Handler(const std::function<bool(std::string_view)>& known) : known_(known) {}

  bool StartObject() {
    if (std::exchange(inside_, true)) return wrong("an object");
    return true;
  }
  bool EndObject(Size) { return true; }
  bool StartArray() { return wrong("an array"); }
  bool EndArray(Size) { return false; }

  bool Key(const char* data, Size size, bool) {
    name_ = {data, size};
    if (base::is_utf8(name_)) return true;
    return fail("holds an escape that stands for half a surrogate pair");
  }
  bool String(const char* data, Size size, bool) {
    const std::string_view digits(data, size);
    if (!inside_) return wrong("a string");
    if (digits.size() != base::checksum_digits || !std::ranges::all_of(digits, is_digit)) {
      return fail("is not 32 lower-case hexadecimal digits: " + quoted(digits));
    }
    if (!known_(name_) || found_.emplace(name_, digits).second) return true;
    return fail("stands there twice");
  }

  bool Uint(unsigned) { return wrong("a number"); }
  bool Uint64(std::uint64_t) { return wrong("a number"); }
  bool Int(int) { return wrong("a number"); }
  bool Int64(std::int64_t) { return wrong("a number"); }
  bool Double(double) { return wrong("a number"); }
  bool RawNumber(const char*, Size, bool) { return wrong("a number"); }
  bool Bool(bool) { return wrong("a boolean"); }
  bool Null() { return wrong("null"); }

  Error error() && { return std::move(error_); }
  Checksums found() && { return std::move(found_); }

 private:
  bool wrong(const char* kind) {
    return fail(std::string("is ") + kind +
                (inside_ ? ", expected 32 hexadecimal digits in a string" : ", expected an object"));
  }
  bool fail(std::string message) {
    error_ = {.code = Errc::invalid_field, .message = std::move(message), .tensor = std::string(name_)};
    if (!base::is_utf8(name_)) error_.tensor.clear();
    return false;
  }

  const std::function<bool(std::string_view)>& known_;
  bool inside_ = false;
  std::string_view name_;
  Checksums found_;
  Error error_;
};

Error about_the_value(Error error) {
  error.message = "in the value of " + quoted(checksums_key) + ": " + error.message;
  return error;
}

}  // namespace

Result<Checksums> read_checksums(std::string_view json, const std::function<bool(std::string_view)>& known) {
  HeaderBytes copy(json.size());  // names are decoded in place
  std::ranges::copy(json, copy.data());
  rapidjson::InsituStringStream stream(copy.data());
  Handler handler(known);
  rapidjson::Reader reader;
  constexpr unsigned flags =
      rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag;
  const rapidjson::ParseResult result = reader.Parse<flags>(stream, handler);
  if (result.Code() == rapidjson::kParseErrorTermination) return about_the_value(std::move(handler).error());
  const auto broken = [](std::string message) {
    return about_the_value({.code = Errc::invalid_field, .message = std::move(message)});
  };
  if (result.IsError()) {
    return broken(std::string("not JSON: ") + rapidjson::GetParseError_En(result.Code()) + " (at its byte " +
                  base::grouped(result.Offset()) + ")");
  }
  if (copy.view().find_first_not_of(" \t\r\n", stream.Tell()) != std::string_view::npos) {
    return broken("something follows the JSON");
  }
  return std::move(handler).found();
}

}  // namespace hoist::format
