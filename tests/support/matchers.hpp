// Results in EXPECT_THAT: which error, and what its message says.
#pragma once

#include <gmock/gmock.h>

#include "hoist/result.hpp"

namespace hoist {

template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  *out << (result ? "a value" : result.error().to_string());
}

}  // namespace hoist

namespace hoist::test {

inline std::string describe(const Error& error) { return error.to_string(); }

MATCHER(Succeeds, "") {
  if (!arg) *result_listener << describe(arg.error());
  return static_cast<bool>(arg);
}

MATCHER_P(FailsWith, code, "fails with " + std::string(name(code))) {
  if (arg) {
    *result_listener << "it succeeded";
    return false;
  }
  *result_listener << describe(arg.error());
  return arg.error().code == code;
}

MATCHER_P2(FailsWith, code, text, "fails with " + std::string(name(code)) + ", saying '" + std::string(text) + "'") {
  if (arg) {
    *result_listener << "it succeeded";
    return false;
  }
  *result_listener << describe(arg.error());
  return arg.error().code == code && arg.error().to_string().find(text) != std::string::npos;
}

}  // namespace hoist::test
