// verify(): one verdict for each file, each with all that is wrong.
#include "hoist/verify.hpp"

#include <gtest/gtest.h>

#include "support/checkpoint_files.hpp"
#include "support/matchers.hpp"

namespace hoist {
namespace {

using test::file_of;
using test::index_name;
using test::index_of;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Errc> codes(const FileVerdict& verdict) {
  std::vector<Errc> result;
  for (const Error& error : verdict.errors)
    result.push_back(error.code);
  return result;
}

class Verify : public testing::Test {
 protected:
  std::vector<FileVerdict> verdicts(const std::string& name, const std::string& bytes, OpenOptions options = {}) {
    return verify(directory_.write(name, bytes), options);
  }

  test::TemporaryDirectory directory_;
};

TEST_F(Verify, GivesAValidFileOneVerdictWithoutErrors) {
  const std::string file = file_of({"a", "b"});
  const auto result = verdicts("w.safetensors", file);
  ASSERT_THAT(result, SizeIs(1));
  EXPECT_EQ(result[0].file, (directory_.path() / "w.safetensors").native());
  EXPECT_EQ(result[0].file_bytes, file.size());
  EXPECT_EQ(result[0].tensors, 2U);
  EXPECT_THAT(result[0].errors, IsEmpty());
  EXPECT_THAT(result[0].warnings, IsEmpty());
}

TEST_F(Verify, CollectsTheFirstErrorOfEachTensor) {
  const auto result =
      verdicts("w.safetensors", test::file_with(R"({"a":{"dtype":"U7","shape":[1],"data_offsets":[0,1]},)"
                                                R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,2]},)"
                                                R"("good":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},)"
                                                R"("c":{"dtype":"U8","shape":[-1],"data_offsets":[3,4]},)"
                                                R"("d":{"dtype":"F4","shape":[1],"data_offsets":[4,5]}})",
                                                "12345"));
  ASSERT_THAT(result, SizeIs(1));
  EXPECT_THAT(codes(result[0]), testing::UnorderedElementsAre(Errc::unknown_dtype, Errc::size_mismatch,
                                                              Errc::invalid_field, Errc::invalid_shape));
  EXPECT_THAT(result[0].errors, Each(Field(&Error::file, result[0].file)));
  EXPECT_THAT(result[0].errors, Each(Field(&Error::tensor, testing::Not(IsEmpty()))));
}

TEST_F(Verify, StopsAtAHundredErrorsAFile) {
  std::string json;
  for (int i = 0; i < 1000; ++i)
    json += (i == 0 ? "{\"" : ",\"") + std::to_string(i) + R"(":{"dtype":"U7","shape":[],"data_offsets":[0,0]})";
  const auto result = verdicts("w.safetensors", test::file_with(json + "}"));
  ASSERT_THAT(result, SizeIs(1));
  EXPECT_THAT(result[0].errors, SizeIs(100));
}

TEST_F(Verify, EndsTheListAtASyntaxError) {
  const auto result =
      verdicts("w.safetensors", test::file_with(R"({"a":{"dtype":"U7","shape":[],"data_offsets":[0,0]},"b":]})"));
  EXPECT_THAT(codes(result[0]), ElementsAre(Errc::unknown_dtype, Errc::invalid_json));
}

TEST_F(Verify, JudgesByTheValidationAskedFor) {
  const std::string file = test::file_with(" {}");
  EXPECT_THAT(codes(verdicts("w.safetensors", file)[0]), IsEmpty());
  EXPECT_THAT(codes(verdicts("w.safetensors", file, {.validation = Validation::strict})[0]),
              ElementsAre(Errc::not_strict));
}

TEST_F(Verify, SaysThatAFileCouldNotBeJudged) {
  const auto result = verify(directory_.path() / "gone.safetensors");
  ASSERT_THAT(result, SizeIs(1));
  EXPECT_THAT(codes(result[0]), ElementsAre(Errc::not_found));
  EXPECT_TRUE(is_system(result[0].errors[0].code));
  EXPECT_EQ(result[0].file, (directory_.path() / "gone.safetensors").native());
}

TEST_F(Verify, GivesASetOneVerdictForTheIndexAndOneForEachShard) {
  directory_.write("1", file_of({"a", "stale"}));
  directory_.write("2", "junk");
  const auto result = verdicts(index_name, index_of({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "1"}}));
  ASSERT_THAT(result, SizeIs(4));
  EXPECT_EQ(result[0].file, (directory_.path() / index_name).native());
  EXPECT_GT(result[0].file_bytes, 0U);
  EXPECT_THAT(codes(result[0]), ElementsAre(Errc::missing_tensor));
  ASSERT_THAT(result[0].warnings, SizeIs(1));
  EXPECT_EQ(result[0].warnings[0].tensor, "stale");
  EXPECT_THAT(codes(result[1]), IsEmpty());
  EXPECT_EQ(result[1].tensors, 2U);
  EXPECT_THAT(codes(result[2]), ElementsAre(Errc::header_too_small));
  EXPECT_THAT(codes(result[3]), ElementsAre(Errc::missing_shard));
  EXPECT_EQ(result[3].file, (directory_.path() / "3").native());
}

TEST_F(Verify, MakesStaleCopiesAnErrorUnderStrict) {
  directory_.write("1", file_of({"a", "stale"}));
  const auto result = verdicts(index_name, index_of({{"a", "1"}}), {.validation = Validation::strict});
  EXPECT_THAT(codes(result[0]), ElementsAre(Errc::not_strict));
  EXPECT_THAT(result[0].warnings, IsEmpty());
}

TEST_F(Verify, OfABrokenIndexGivesItsErrorsAlone) {
  const auto result = verdicts(index_name, R"({"weight_map": {"a": 1, "b": "../x"}})");
  ASSERT_THAT(result, SizeIs(1));
  EXPECT_THAT(codes(result[0]), ElementsAre(Errc::invalid_index, Errc::invalid_index));
  EXPECT_THAT(result[0].errors, Each(Field(&Error::file, (directory_.path() / index_name).native())));
}

TEST_F(Verify, OfANumberedSetGivesOneVerdictForTheSet) {
  directory_.write("m-00001-of-00002.safetensors", file_of({"a"}));
  directory_.write("m-00002-of-00002.safetensors", file_of({"a"}));
  const auto result = verify(directory_.path());
  ASSERT_THAT(result, SizeIs(3));
  EXPECT_EQ(result[0].file, directory_.path().native());
  EXPECT_THAT(codes(result[0]), ElementsAre(Errc::duplicate_tensor));
  EXPECT_THAT(codes(result[1]), IsEmpty());
  EXPECT_THAT(codes(result[2]), IsEmpty());
}

TEST_F(Verify, OfADirectoryThatStandsForNothingSaysSo) {
  const auto result = verify(directory_.path());
  ASSERT_THAT(result, SizeIs(1));
  EXPECT_THAT(codes(result[0]), ElementsAre(Errc::not_found));
}

}  // namespace
}  // namespace hoist
