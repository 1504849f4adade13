#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hoist::base {
namespace {

struct Case {
  const char* what;
  std::string text;
  std::size_t good;  // bytes before the first broken sequence
};

class Utf8 : public testing::TestWithParam<Case> {};

TEST_P(Utf8, FindsTheFirstBrokenByteWhereverItStands) {
  // Before, between and behind the fast steps of 32 bytes.
  for (const std::size_t before : {0U, 1U, 31U, 32U, 33U, 64U, 100U}) {
    const std::string text = std::string(before, 'a') + GetParam().text + std::string(40, 'b');
    const bool whole = GetParam().good == GetParam().text.size();
    EXPECT_EQ(valid_utf8_prefix(text), whole ? text.size() : before + GetParam().good) << before;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Utf8,
    testing::Values(Case{"Ascii", "plain", 5}, Case{"Nul", std::string("a\0b", 3), 3},
                    Case{"Two", "\xC2\x80\xDF\xBF", 4}, Case{"Three", "\xE0\xA0\x80\xEF\xBF\xBF", 6},
                    Case{"Four", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8},
                    Case{"AroundSurrogates", "\xED\x9F\xBF\xEE\x80\x80", 6}, Case{"LoneContinuation", "\x80", 0},
                    Case{"OverlongTwo", "\xC1\xBF", 0}, Case{"OverlongThree", "\xE0\x9F\xBF", 0},
                    Case{"OverlongFour", "\xF0\x8F\xBF\xBF", 0}, Case{"Surrogate", "\xED\xA0\x80", 0},
                    Case{"AboveTheLast", "\xF4\x90\x80\x80", 0}, Case{"LeadF5", "\xF5\x80\x80\x80", 0},
                    Case{"LeadFF", "\xFF", 0}, Case{"CutShort", "ok\xE2\x82", 2}, Case{"BadThird", "\xE2\x82z", 0},
                    Case{"BadFourth", "\xF0\x90\x80z", 0}),
    [](const auto& info) { return info.param.what; });

TEST(Utf8Prefix, CutAtTheVeryEndIsBroken) {
  EXPECT_EQ(valid_utf8_prefix("abc\xE2\x82"), 3U);
  EXPECT_EQ(valid_utf8_prefix(""), 0U);
}

}  // namespace
}  // namespace hoist::base
