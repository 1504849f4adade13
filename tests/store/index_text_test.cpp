// What an index.json may say. Each bad one has a neighbour in the table that is accepted.
#include <gtest/gtest.h>

#include "support/checkpoint_files.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::Succeeds;

struct IndexCase {
  const char* name;
  std::string json;
  const char* refusal;  // in the message; null: accepted
  Errc code = Errc::invalid_index;
};

void PrintTo(const IndexCase& index, std::ostream* out) { *out << index.name; }

// Every shard that is asked for holds the tensors "a" and "b".
Result<std::shared_ptr<const Source>> any_shard(std::string_view file) {
  return std::make_shared<const test::StringSource>(test::file_of({"a", "b"}), std::string(file));
}

std::string with_shard(std::string_view literal) { return R"({"weight_map": {"a": )" + std::string(literal) + "}}"; }

class IndexText : public testing::TestWithParam<IndexCase> {};

TEST_P(IndexText, IsAcceptedOrRefused) {
  const auto checkpoint = Checkpoint::from_index(GetParam().json, any_shard);
  if (!GetParam().refusal) {
    ASSERT_THAT(checkpoint, Succeeds());
    EXPECT_EQ(checkpoint->tensor_count(), checkpoint->shards().empty() ? 0U : 1U);
  } else {
    EXPECT_THAT(checkpoint, FailsWith(GetParam().code, GetParam().refusal));
  }
}

INSTANTIATE_TEST_SUITE_P(ShardNames, IndexText,
                         testing::Values(IndexCase{"Plain", with_shard(R"("m.safetensors")"), nullptr},
                                         IndexCase{"InAFolder", with_shard(R"("sub/m.safetensors")"), nullptr},
                                         IndexCase{"DotsInTheName", with_shard(R"("m..safetensors")"), nullptr},
                                         IndexCase{"ThreeDots", with_shard(R"(".../m")"), nullptr},
                                         IndexCase{"NotAscii", with_shard(R"("модель.safetensors")"), nullptr},
                                         IndexCase{"Absolute", with_shard(R"("/m.safetensors")"), "absolute"},
                                         IndexCase{"Up", with_shard(R"("../m.safetensors")"), ".."},
                                         IndexCase{"UpByAnEscape", with_shard(R"("\u002e./m.safetensors")"), ".."},
                                         IndexCase{"UpInTheMiddle", with_shard(R"("sub/../m.safetensors")"), ".."},
                                         IndexCase{"UpAtTheEnd", with_shard(R"("sub/..")"), ".."},
                                         IndexCase{"OnlyUp", with_shard(R"("..")"), ".."},
                                         IndexCase{"DriveLetter", with_shard(R"("C:m.safetensors")"), "drive letter"},
                                         IndexCase{"DriveLetterAndSlash", with_shard(R"("c:/m.safetensors")"),
                                                   "drive letter"},
                                         IndexCase{"Backslash", with_shard(R"("sub\\m.safetensors")"), "backslash"},
                                         IndexCase{"UpByBackslash", with_shard(R"("..\\m.safetensors")"), "backslash"},
                                         IndexCase{"Nul", with_shard(R"("m\u0000.safetensors")"), "NUL"},
                                         IndexCase{"Empty", with_shard(R"("")"), "is empty"},
                                         IndexCase{"OneDot", with_shard(R"("./m.safetensors")"), "empty part or ."},
                                         IndexCase{"TwoSlashes", with_shard(R"("sub//m")"), "empty part or ."},
                                         IndexCase{"SlashAtTheEnd", with_shard(R"("m/")"), "empty part or ."}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, IndexText,
    testing::Values(IndexCase{"Number", with_shard("1"), "a number"}, IndexCase{"Negative", with_shard("-1"), "number"},
                    IndexCase{"Fraction", with_shard("1.5"), "a number"}, IndexCase{"Null", with_shard("null"), "null"},
                    IndexCase{"Boolean", with_shard("true"), "a boolean"},
                    IndexCase{"Array", with_shard(R"(["m"])"), "an array"},
                    IndexCase{"Object", with_shard(R"({"m": "m"})"), "an object"},
                    IndexCase{"KeyTwice", R"({"weight_map": {"a": "m", "a": "m"}})", "twice in weight_map"},
                    IndexCase{"KeyTwiceByAnEscape", R"({"weight_map": {"a": "m", "\u0061": "m"}})", "twice"},
                    IndexCase{"KeyInTwoShards", R"({"weight_map": {"a": "m", "a": "n"}})", "for two shards"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Documents, IndexText,
    testing::Values(
        IndexCase{"NoShards", R"({"weight_map": {}})", nullptr},
        IndexCase{"TotalSizeNumber", R"({"metadata": {"total_size": 7}, "weight_map": {"a": "m"}})", nullptr},
        IndexCase{"TotalSizeString", R"({"metadata": {"total_size": "x"}, "weight_map": {"a": "m"}})", nullptr},
        IndexCase{"OtherKeys", R"({"a": [1, {"weight_map": 3}], "weight_map": {"a": "m"}})", nullptr},
        IndexCase{"NestedMetadata", R"({"metadata": {"x": {"y": [1]}}, "weight_map": {"a": "m"}})", nullptr},
        IndexCase{"SpaceAround", " \n" + with_shard(R"("m")") + "\r\n\t", nullptr},
        IndexCase{"NoWeightMap", R"({"metadata": {}})", "no weight_map"},
        IndexCase{"WeightMapTwice", R"({"weight_map": {}, "weight_map": {}})", "weight_map stands twice"},
        IndexCase{"WeightMapArray", R"({"weight_map": []})", "weight_map is an array"},
        IndexCase{"WeightMapString", R"({"weight_map": "m"})", "weight_map is a string"},
        IndexCase{"WeightMapNull", R"({"weight_map": null})", "weight_map is null"},
        IndexCase{"Array", "[]", "expected an object"}, IndexCase{"Number", "7", "expected an object"},
        IndexCase{"String", R"("weight_map")", "expected an object"}, IndexCase{"Nothing", "", "not JSON"},
        IndexCase{"Cut", R"({"weight_map": {"a": "m")", "not JSON"},
        IndexCase{"Junk", with_shard(R"("m")") + "x", "follows the JSON"},
        IndexCase{"NulBehind", with_shard(R"("m")") + std::string(1, '\0'), "follows the JSON"},
        IndexCase{"NulInside", std::string("{\0}", 3), "not JSON"},
        IndexCase{"ByteOrderMark", "\xEF\xBB\xBF" + with_shard(R"("m")"), "not JSON"},
        IndexCase{"BrokenUtf8", with_shard("\"m\xFF\""), "not UTF-8", Errc::invalid_utf8},
        IndexCase{"HalfASurrogate", with_shard(R"("m\udc00")"), "surrogate", Errc::invalid_utf8},
        IndexCase{"HalfASurrogateInAKey", R"({"weight_map": {"\ud800": "m"}})", "", Errc::invalid_index},
        IndexCase{"Deep", R"({"weight_map": {}, "x": )" + std::string(1'000'000, '[') + "}", "deep"}),
    [](const auto& info) { return info.param.name; });

TEST(IndexTexts, ListAllThatIsWrongInOneError) {
  const auto checkpoint =
      Checkpoint::from_index(R"({"weight_map": {"a": 1, "b": "../x", "c": "", "d": "fine", "e": null}})", any_shard);
  ASSERT_THAT(checkpoint, FailsWith(Errc::invalid_index, "4 things are wrong"));
  for (const char* part : {"'a' is a number", "'../x' of 'b'", "'' of 'c'", "'e' is null"})
    EXPECT_NE(checkpoint.error().message.find(part), std::string::npos) << part << " in " << checkpoint.error().message;
}

TEST(IndexTexts, ListNoMoreThanAHundredErrors) {
  std::string entries;
  for (int i = 0; i < 1000; ++i)
    entries += (i == 0 ? "\"" : ", \"") + std::to_string(i) + "\": null";
  EXPECT_THAT(Checkpoint::from_index("{\"weight_map\": {" + entries + "}}", any_shard),
              FailsWith(Errc::invalid_index, "100 things are wrong"));
}

TEST(IndexTexts, KeepToTheLimitsInTheOptions) {
  const std::string two = test::index_of({{"a", "1"}, {"b", "2"}});
  EXPECT_THAT(Checkpoint::from_index(two, any_shard, {.max_shards = 2}), Succeeds());
  EXPECT_THAT(Checkpoint::from_index(two, any_shard, {.max_shards = 1}),
              FailsWith(Errc::invalid_index, "more than 1 shards"));
  const std::string large = two + std::string(1000 - two.size(), ' ');
  EXPECT_THAT(Checkpoint::from_index(large, any_shard, {.max_header_bytes = 1000}), Succeeds());
  EXPECT_THAT(Checkpoint::from_index(large, any_shard, {.max_header_bytes = 999}),
              FailsWith(Errc::invalid_index, "size limit"));
  const test::TemporaryDirectory directory;
  EXPECT_THAT(Checkpoint::open(directory.write(test::index_name, large), {.max_header_bytes = 999}),
              FailsWith(Errc::invalid_index, "1,000 bytes, the limit is 999"));
}

TEST(IndexTexts, GiveTheirScalarsAsMetadata) {
  const auto checkpoint = Checkpoint::from_index(
      R"({"metadata": {"total_size": 7, "big": 18446744073709551615, "n": -3, "half": 0.5, "s": "t", "yes": true,
          "none": null, "nested": {"inner": 1}, "list": [1]}, "weight_map": {"a": "m"}})",
      any_shard);
  ASSERT_THAT(checkpoint, Succeeds());
  EXPECT_EQ(checkpoint->metadata(), (Metadata{{"total_size", "7"},
                                              {"big", "18446744073709551615"},
                                              {"n", "-3"},
                                              {"half", "0.5"},
                                              {"s", "t"},
                                              {"yes", "true"},
                                              {"none", "null"}}));
}

}  // namespace
}  // namespace hoist
