// One pattern against one name.
#include "store/pattern.hpp"

#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace hoist::store {
namespace {

using test::FailsWith;
using test::Succeeds;

struct Row {
  const char* pattern;
  std::vector<std::string> matches;
  std::vector<std::string> others;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.pattern; }

class Patterns : public testing::TestWithParam<Row> {};

TEST_P(Patterns, MatchTheWholeNameAndNothingElse) {
  const auto pattern = Pattern::compile(GetParam().pattern);
  ASSERT_THAT(pattern, Succeeds());
  for (const std::string& name : GetParam().matches)
    EXPECT_TRUE(pattern->matches(name)) << GetParam().pattern << " should match " << name;
  for (const std::string& name : GetParam().others)
    EXPECT_FALSE(pattern->matches(name)) << GetParam().pattern << " should not match " << name;
}

INSTANTIATE_TEST_SUITE_P(Globs, Patterns,
                         testing::Values(Row{"a.b", {"a.b"}, {"axb", "a.b.c", "xa.b", ""}},        //
                                         Row{"", {""}, {"a"}},                                     //
                                         Row{"*", {"", "a", "ab", "a\nb", "ключ"}, {"a.b", "."}},  //
                                         Row{"a.*", {"a.", "a.b"}, {"a", "a.b.c", "b.b"}},         //
                                         Row{"*.c", {".c", "b.c"}, {"a.b.c", "c"}},                //
                                         Row{"a.*.c", {"a.b.c", "a..c"}, {"a.b.b.c", "a.c"}},      //
                                         Row{"**", {"a", "a.b", "a.b.c", "\n", "."}, {""}},        //
                                         Row{"a.**", {"a.b", "a.b.c", "a.."}, {"a.", "a", "ab"}},  //
                                         Row{"**.c", {"a.c", "a.b.c"}, {".c", "c"}},               //
                                         Row{"a.**.c", {"a.b.c", "a.b.b.c"}, {"a.c", "a..c"}},     //
                                         Row{"a***", {"ab", "a.b"}, {"a"}},                        //
                                         Row{"?", {"a", "ж", "\n"}, {"", ".", "ab"}},              //
                                         Row{"a?c", {"abc"}, {"a.c", "ac", "abbc"}},               //
                                         Row{"a+b|(c)^$", {"a+b|(c)^$"}, {"aab", "a+b"}},          //
                                         Row{"a,b", {"a,b"}, {"a", "b"}},                          //
                                         Row{"a}", {"a}"}, {"a"}},                                 //
                                         Row{"a]", {"a]"}, {"a"}}));

INSTANTIATE_TEST_SUITE_P(Classes, Patterns,
                         testing::Values(Row{"[abc]", {"a", "b", "c"}, {"d", "", "ab", "[abc]"}},  //
                                         Row{"[a-c]x", {"ax", "cx"}, {"dx", "-x", "x"}},           //
                                         Row{"[!abc]", {"d", "ж", "!"}, {"a", "", ".", "de"}},     //
                                         Row{"[a-]", {"a", "-"}, {"b"}},                           //
                                         Row{"[-a]", {"a", "-"}, {"b"}},                           //
                                         Row{"[]a]", {"]", "a"}, {"b", "[]a]"}},                   //
                                         Row{"[!]]", {"a"}, {"]", "."}},                           //
                                         Row{"[a\\-c]", {"a", "-", "c"}, {"b", "\\"}},             //
                                         Row{"[\\\\-a]", {"\\", "_", "a"}, {"-", "b"}},            //
                                         Row{"[\\]]", {"]"}, {"\\"}},                              //
                                         Row{"[.]", {"."}, {"a"}},                                 //
                                         Row{"[*?]", {"*", "?"}, {"a"}},                           //
                                         Row{"[a^]", {"a", "^"}, {"b"}},                           //
                                         Row{"[^a]", {"^", "a"}, {"b"}},                           //
                                         Row{"[[:alpha:]", {"[", ":", "a", "l"}, {"z", "x"}},      //
                                         Row{"[жё]", {"ж", "ё"}, {"e"}}));

INSTANTIATE_TEST_SUITE_P(Braces, Patterns,
                         testing::Values(Row{"{a,b}", {"a", "b"}, {"", "c", "{a,b}", "ab"}},                   //
                                         Row{"x{a,}y", {"xay", "xy"}, {"xby"}},                                //
                                         Row{"{a}", {"a"}, {"{a}"}},                                           //
                                         Row{"{}x", {"x"}, {"{}x"}},                                           //
                                         Row{"{a,b{c,d}}", {"a", "bc", "bd"}, {"b", "ac"}},                    //
                                         Row{"{a.*,b}", {"a.x", "b"}, {"a", "a.x.y"}},                         //
                                         Row{"\\{a,b\\}", {"{a,b}"}, {"a"}},                                   //
                                         Row{"h.{0..2}", {"h.0", "h.1", "h.2"}, {"h.3", "h.00", "h.{0..2}"}},  //
                                         Row{"{9..11}", {"9", "10", "11"}, {"8", "09", "12"}},                 //
                                         Row{"{08..11}", {"08", "09", "10", "11"}, {"8", "9", "07"}},          //
                                         Row{"{0..003}", {"000", "003"}, {"0", "3", "03"}},                    //
                                         Row{"{00..00}", {"00"}, {"0"}},                                       //
                                         Row{"{5..5}", {"5"}, {"4"}},                                          //
                                         Row{"{0..99999}", {"0", "77777", "99999"}, {"100000", "00"}},         //
                                         Row{"{18446744073709551614..18446744073709551615}",                   //
                                             {"18446744073709551614", "18446744073709551615"},                 //
                                             {"0"}},                                                           //
                                         Row{"{{0..2},x}", {"0", "2", "x"}, {"3"}},                            //
                                         Row{"{a,0..2}", {"a", "0..2"}, {"0", "1"}}));

INSTANTIATE_TEST_SUITE_P(Expressions, Patterns,
                         testing::Values(Row{"re:h\\.\\d+", {"h.1", "h.23"}, {"h.", "xh.1", "h.1x", "h.1\n"}},  //
                                         Row{"re:a|b", {"a", "b"}, {"ab", "xa", "bx"}},                         //
                                         Row{"re:.*", {"", "a\nb", "a.b"}, {}},                                 //
                                         Row{"re:(?i)ABC", {"abc", "ABC"}, {"ab"}},                             //
                                         Row{"re:", {""}, {"a"}},                                               //
                                         Row{"re:^a$", {"a"}, {"a\n", "b"}},                                    //
                                         Row{"RE:a", {"RE:a"}, {"a"}}));

TEST(PatternLiterals, AreKnownAsSuch) {
  EXPECT_EQ(*Pattern::compile("a.b")->literal(), "a.b");
  EXPECT_EQ(*Pattern::compile("a\\*\\\\")->literal(), "a*\\");
  EXPECT_EQ(*Pattern::compile("\xFF")->literal(), "\xFF");
  EXPECT_EQ(Pattern::compile("a.*")->literal(), nullptr);
  EXPECT_EQ(Pattern::compile("re:a")->literal(), nullptr);
}

struct Bad {
  const char* name;
  std::string pattern;
  const char* why;
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

class BadPatterns : public testing::TestWithParam<Bad> {};

TEST_P(BadPatterns, AreRefusedWithTheReason) {
  EXPECT_THAT(Pattern::compile(GetParam().pattern), FailsWith(Errc::invalid_pattern, GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadPatterns,
    testing::Values(Bad{"OpenClass", "[abc", "a [ without its ]"}, Bad{"TooLong", std::string(65'537, 'a'), "limit"},
                    Bad{"EmptyClass", "[]", "a [ without its ]"}, Bad{"EmptyNegatedClass", "[!]", "a [ without its ]"},
                    Bad{"LoneClass", "x[", "a [ without"}, Bad{"ClassEndsInEscape", "[a\\", "a [ without its ]"},
                    Bad{"ClassBackwards", "[z-a]", "does not compile"}, Bad{"OpenBrace", "{a,b", "a { without its }"},
                    Bad{"InnerBraceOpen", "{a,{b}", "a { without its }"}, Bad{"LoneBrace", "a{", "a { without its }"},
                    Bad{"EscapeAtTheEnd", "a\\", "a \\ at its end"}, Bad{"RangeBackwards", "{3..1}", "backwards"},
                    Bad{"RangeOfLetters", "{a..c}", "not numbers"}, Bad{"RangeWithoutEnd", "{1..}", "not numbers"},
                    Bad{"RangeWithoutStart", "{..1}", "not numbers"}, Bad{"RangeOfNothing", "{..}", "not numbers"},
                    Bad{"RangeWithASign", "{-1..1}", "not numbers"}, Bad{"RangeWithAStep", "{1..9..2}", "not numbers"},
                    Bad{"RangeOfTooMany", "{1..100001}", "more than 100,000"},
                    Bad{"RangesOfTooMany", "{1..99999}{1..2}", "more than 100,000"},
                    Bad{"RangePaddedTooWide", "{000000000000000000000..99999}", "not numbers"},
                    Bad{"RangeOfAllNumbers", "{0..18446744073709551615}", "more than 100,000"},
                    Bad{"RangeAbove64Bits", "{0..18446744073709551616}", "not numbers"},
                    Bad{"ExpressionOpen", "re:(a", "does not compile"},
                    Bad{"ExpressionWithABackReference", "re:(a)\\1", "does not compile"},
                    Bad{"ExpressionRepeatedTooOften", "re:a{100000}", "does not compile"},
                    Bad{"BrokenUtf8", "a\xFF*", "does not compile"},
                    Bad{"BrokenUtf8Class", "[\xC3]", "does not compile"},
                    Bad{"BrokenUtf8Expression", "re:\xFF", "does not compile"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::store
