// Lists of patterns: what they add, what they remove, and in which order the result stands.
#include <gtest/gtest.h>

#include "support/checkpoint_files.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::Succeeds;
using Names = std::vector<std::string>;

Checkpoint checkpoint_of(const Names& names) { return Checkpoint::of(test::open_bytes(test::file_of(names)).value()); }

// In file order, which is neither alphabetical nor numerical.
const Names tensors = {"lm_head.weight", "h.10.attn.q", "h.2.attn.q", "h.2.attn.k",  "h.2.mlp", "h.3.mlp",
                       "embed",          "a*b",         "a.b",        "axb",         "we[ird]", "{x}",
                       "!bang",          "@at",         "re:x",       "line\nbreak", "",        "ключ"};

struct Row {
  const char* name;
  Names patterns;
  Names expected;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Select : public testing::TestWithParam<Row> {};

TEST_P(Select, GivesWhatThePatternsSay) {
  const auto views = checkpoint_of(tensors).select(GetParam().patterns);
  ASSERT_THAT(views, Succeeds());
  EXPECT_EQ(test::names(*views), GetParam().expected);
}

Names without(Names names, const Names& removed) {
  std::erase_if(names,
                [&](const auto& name) { return std::find(removed.begin(), removed.end(), name) != removed.end(); });
  return names;
}

INSTANTIATE_TEST_SUITE_P(
    Order, Select,
    testing::Values(
        Row{"NothingOfNothing", {}, {}},
        Row{"PatternOrderThenFileOrder", {"h.2.*", "embed", "h.10.**"}, {"h.2.mlp", "embed", "h.10.attn.q"}},
        Row{"NamesInTheOrderAskedFor", {"embed", "lm_head.weight"}, {"embed", "lm_head.weight"}},
        Row{"WithoutRepeats", {"h.2.mlp", "h.*.mlp", "h.2.mlp"}, {"h.2.mlp", "h.3.mlp"}},
        Row{"ExclusionRemoves", {"h.2.**", "!h.2.mlp"}, {"h.2.attn.q", "h.2.attn.k"}},
        Row{"ExclusionOfAPattern", {"h.**", "!**.attn.*"}, {"h.2.mlp", "h.3.mlp"}},
        Row{"ExclusionOfWhatIsNotChosen", {"embed", "!h.3.mlp"}, {"embed"}},
        Row{"AddedAgainAtTheEnd", {"h.*.mlp", "!h.2.mlp", "embed", "h.2.mlp"}, {"h.3.mlp", "embed", "h.2.mlp"}},
        Row{"FirstExclusionStartsFromAll",
            {"!h.**"},
            without(tensors, {"h.10.attn.q", "h.2.attn.q", "h.2.attn.k", "h.2.mlp", "h.3.mlp"})},
        Row{"ExclusionOfEverything", {"!**", "!"}, {}}, Row{"AllThenSome", {"!**", "embed"}, {"", "embed"}}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(ExactNames, Select,
                         testing::Values(Row{"BeatsStar", {"a*b"}, {"a*b"}}, Row{"EscapedStar", {"a\\*b"}, {"a*b"}},
                                         Row{"StarElsewhere", {"a*"}, {"a*b", "axb"}},
                                         Row{"BeatsClass", {"we[ird]"}, {"we[ird]"}},
                                         Row{"EscapedClass", {"we\\[ird\\]"}, {"we[ird]"}},
                                         Row{"BeatsBraces", {"{x}"}, {"{x}"}},
                                         Row{"BeatsExclusion", {"!bang"}, {"!bang"}},
                                         Row{"ExcludedByItsName", {"*bang", "embed", "!!bang"}, {"embed"}},
                                         Row{"BeatsList", {"@at"}, {"@at"}}, Row{"BeatsExpression", {"re:x"}, {"re:x"}},
                                         Row{"Empty", {""}, {""}}, Row{"WithALineBreak", {"line*"}, {"line\nbreak"}},
                                         Row{"NotAscii", {"кл?ч"}, {"ключ"}}),
                         [](const auto& info) { return info.param.name; });

TEST(Selection, OfAPatternThatMatchesNothingOffersTheNearestNames) {
  const Checkpoint checkpoint = checkpoint_of(tensors);
  EXPECT_THAT(checkpoint.select({"embed", "h.4.mlp"}),
              FailsWith(Errc::no_match, "'h.4.mlp' matches no tensor; nearest: 'h."));
  EXPECT_THAT(checkpoint.select({"lm_head.weigth"}), FailsWith(Errc::no_match, "'lm_head.weight'"));
  EXPECT_THAT(checkpoint.select({"h.{20..30}.mlp"}), FailsWith(Errc::no_match, "nearest"));
  EXPECT_THAT(checkpoint.select({"!nothing"}), FailsWith(Errc::no_match, "'nothing'"));
  EXPECT_THAT(checkpoint.select({"**", "!re:nothing.*"}), FailsWith(Errc::no_match));
  EXPECT_THAT(checkpoint_of({}).select({"**"}), FailsWith(Errc::no_match));
  EXPECT_THAT(checkpoint_of({}).select({}), Succeeds());
}

TEST(Selection, OverShardsIsInTheOrderOfTheShards) {
  const test::TemporaryDirectory directory;
  directory.write("m-00001-of-00002.safetensors", test::file_of({"h.1", "x.2"}));
  directory.write("m-00002-of-00002.safetensors", test::file_of({"h.0", "x.1"}));
  const Checkpoint checkpoint = Checkpoint::open(directory.path()).value();
  EXPECT_EQ(test::names(*checkpoint.select({"x.*", "h.*"})), (Names{"x.2", "x.1", "h.1", "h.0"}));
}

// --- lists

class SelectList : public testing::Test {
 protected:
  Result<Names> select(const std::string& list, Names before = {}) const {
    before.push_back("@" + directory_.write("list", list).native());
    const auto views = checkpoint_of(tensors).select(before);
    if (!views) return views.error();
    return test::names(*views);
  }

  test::TemporaryDirectory directory_;
};

TEST_F(SelectList, HoldsOnePatternALine) {
  EXPECT_EQ(*select("embed\nh.*.mlp\n"), (Names{"embed", "h.2.mlp", "h.3.mlp"}));
  EXPECT_EQ(*select("embed\nh.3.mlp"), (Names{"embed", "h.3.mlp"})) << "without a last line break";
  EXPECT_EQ(*select("# a comment\r\n\r\nembed\r\n!em*\r\nh.3.mlp\r\n"), (Names{"h.3.mlp"}));
  EXPECT_EQ(*select(""), Names());
  EXPECT_EQ(*select("!h.3.mlp\n", {"h.*.mlp"}), (Names{"h.2.mlp"}))
      << "a list goes on where the patterns before it were";
}

TEST_F(SelectList, NamesItsFileInErrors) {
  const auto no_match = select("embed\nnothing\n");
  ASSERT_THAT(no_match, FailsWith(Errc::no_match, "'nothing'"));
  EXPECT_EQ(no_match.error().file, (directory_.path() / "list").native());
  EXPECT_THAT(select("[a\n"), FailsWith(Errc::invalid_pattern, "list"));
  EXPECT_THAT(select(" embed\n"), FailsWith(Errc::no_match)) << "spaces may be part of a name";
}

TEST_F(SelectList, MayNotNameAnotherList) {
  directory_.write("inner", "embed\n");
  EXPECT_THAT(select("@" + (directory_.path() / "inner").native() + "\n"),
              FailsWith(Errc::invalid_pattern, "another list"));
  EXPECT_EQ(*select("@at\n"), Names{"@at"}) << "unless a tensor has that very name";
  EXPECT_THAT(select("!@inner\n"), FailsWith(Errc::invalid_pattern, "a list can't be excluded"));
}

TEST_F(SelectList, ThatCannotBeReadSaysWhy) {
  const Checkpoint checkpoint = checkpoint_of(tensors);
  const std::string path = directory_.path().native();
  EXPECT_THAT(checkpoint.select({"@" + path + "/gone"}), FailsWith(Errc::not_found, path + "/gone"));
  EXPECT_THAT(checkpoint.select({"@" + path}), FailsWith(Errc::not_regular, path));
  EXPECT_THAT(checkpoint.select({"@"}), FailsWith(Errc::not_found));
  std::filesystem::resize_file(directory_.write("huge", ""), 100'000'001);
  EXPECT_THAT(checkpoint.select({"@" + path + "/huge"}), FailsWith(Errc::invalid_pattern, "larger than 100,000,000"));
}

}  // namespace
}  // namespace hoist
