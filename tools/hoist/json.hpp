// JSON as it is printed, one document a run: valid for any bytes a file or a path may hold.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include "output.hpp"

namespace hoist::tool {

// The caller opens and closes in order; commas are put by themselves. Numbers that JSON lacks become the strings
// "NaN", "Infinity" and "-Infinity". Bytes that are not UTF-8 become U+FFFD.
class Json {
 public:
  explicit Json(Output& output) : output_(output) {}

  Json& begin_object();
  Json& end_object();
  Json& begin_array();
  Json& end_array();
  Json& key(std::string_view name);

  Json& value(std::string_view text);
  Json& value(const char* text) { return value(std::string_view(text)); }
  Json& value(std::same_as<bool> auto truth) { return raw(truth ? "true" : "false"); }
  Json& value(std::unsigned_integral auto number)
    requires(!std::same_as<decltype(number), bool>)
  {
    return unsigned_value(number);
  }
  Json& value(std::signed_integral auto number) { return signed_value(number); }
  Json& value(float number);  // the shortest decimals that read back as this float
  Json& value(double number);
  Json& value(std::span<const std::uint64_t> numbers);
  Json& null() { return raw("null"); }

  template <class T>
  Json& member(std::string_view name, const T& what) {
    return key(name).value(what);
  }

 private:
  Json& raw(std::string_view text);
  Json& signed_value(std::int64_t number);
  Json& unsigned_value(std::uint64_t number);
  void separate();
  void quote(std::string_view text);

  Output& output_;
  bool first_ = true;       // nothing was written yet at this level
  bool after_key_ = false;  // the value belongs to the key just written
};

}  // namespace hoist::tool
