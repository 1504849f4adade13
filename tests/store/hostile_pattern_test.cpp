// Patterns and names that were made to cost time or memory: an answer in bounded time, whichever it is.
#include <gtest/gtest.h>

#include <chrono>

#include "hoist/checkpoint.hpp"
#include "support/checkpoint_files.hpp"
#include "support/matchers.hpp"

namespace hoist {
namespace {

std::string repeated(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i)
    result += text;
  return result;
}

struct Hostile {
  const char* name;
  std::string pattern;
};

void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

class HostilePatterns : public testing::TestWithParam<Hostile> {};

TEST_P(HostilePatterns, GiveAnAnswerInBoundedTime) {
  const auto checkpoint =
      Checkpoint::of(test::open_bytes(test::file_of({"a", std::string(100'000, 'a'), repeated("a.", 50'000)})).value());
  const auto begin = std::chrono::steady_clock::now();
  const auto views = checkpoint.select({GetParam().pattern});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!views) {
    EXPECT_TRUE(views.error().code == Errc::invalid_pattern || views.error().code == Errc::no_match)
        << views.error().to_string();
    EXPECT_LT(views.error().to_string().size(), 2000U);
  }
  EXPECT_LT(seconds.count(), 10) << "a second on this machine, with room for sanitizers";
}

INSTANTIATE_TEST_SUITE_P(
    Table, HostilePatterns,
    testing::Values(
        Hostile{"HundredNestedBraces", repeated("{a,", 100) + repeated("}", 100)},
        Hostile{"HundredThousandOpenBraces", repeated("{", 100'000)},
        Hostile{"HundredThousandNestedBraces", repeated("{", 100'000) + repeated("}", 100'000)},
        Hostile{"ThousandStars", repeated("*a", 1000)}, Hostile{"ThousandDoubleStars", repeated("**", 1000) + "b"},
        Hostile{"ManyChoices", repeated("{a,b}", 1000)}, Hostile{"ManyEmptyChoices", repeated("{a,}", 1000)},
        Hostile{"TwoHugeRanges", "{0..99999}{0..99999}"}, Hostile{"TwentyHugeRanges", repeated("{0..99999}", 20)},
        Hostile{"NestedStarsOfRE2", "re:(((a*)*)*)*b"},
        Hostile{"ThousandGroups", "re:" + repeated("(", 1001) + repeated(")", 1001)},
        Hostile{"NestedRepeats", "re:((a{100}){100}){100}"}, Hostile{"ALongName", std::string(1'000'000, 'a')},
        Hostile{"ALongClass", "[" + std::string(1'000'000, 'a') + "]"}, Hostile{"Nul", std::string("a\0*", 3)}),
    [](const auto& info) { return info.param.name; });

TEST(HostileNames, CostTheNearestNamesBoundedTime) {
  std::vector<std::string> names;
  for (int i = 0; i < 8000; ++i)
    names.push_back(std::string(250, 'a') + std::to_string(i));
  const auto archive = test::open_bytes(test::file_of(names));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(archive->at(std::string(251, 'b')), test::FailsWith(Errc::missing_tensor));
  EXPECT_THAT(archive->at(std::string(255, 'a')), test::FailsWith(Errc::missing_tensor, "nearest"));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(seconds.count(), 10);
}

}  // namespace
}  // namespace hoist
