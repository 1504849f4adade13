// What the index says of a file that was accepted, and how errors are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/read_index.hpp"
#include "hoist/verify.hpp"
#include "support/header_builder.hpp"
#include "support/temporary_directory.hpp"

namespace hoist::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Index, GivesNameDtypeShapeOffsetAndSizeInFileOrder) {
  const std::string file = file_with(
      "{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]},"
      "\"a\":{\"dtype\":\"U8\",\"shape\":[2,2],\"data_offsets\":[0,4]}}",
      "0123456789AB");
  const Archive archive = open_bytes(file).value();
  ASSERT_EQ(archive.tensors().size(), 2U);
  const TensorInfo &a = archive.tensors()[0], &b = archive.tensors()[1];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.dtype, DType::U8);
  EXPECT_THAT(a.shape, ElementsAre(2, 2));
  EXPECT_EQ(a.offset, file.size() - 12);
  EXPECT_EQ(a.byte_count, 4U);
  EXPECT_EQ(b.name, "b");
  EXPECT_THAT(b.shape, ElementsAre(2));
  EXPECT_EQ(b.offset, file.size() - 8);
  EXPECT_EQ(b.byte_count, 8U);
  EXPECT_EQ(archive.file_bytes(), file.size());
  EXPECT_EQ(archive.header_bytes(), file.size() - 20);
}

TEST(Index, DecodesEscapesInNamesAndMetadata) {
  const Archive archive =
      open_bytes(file_with("{\"__metadata__\":{\"k\\n\":\"\\u20ac\"},"
                           "\"a\\u002e\\\"\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}",
                           "x"))
          .value();
  EXPECT_EQ(archive.tensors()[0].name, "a.\"");
  EXPECT_TRUE(archive.find("a.\""));
  EXPECT_EQ(archive.metadata().at("k\n"), "\u20ac");
}

TEST(Index, KeepsNamesThatHoldANul) {
  const std::string name("a\0b", 3);
  const Archive archive = open_bytes(FileBuilder().add(name, DType::U8, {1}).add("a", DType::U8, {1}).file()).value();
  EXPECT_TRUE(archive.find(name));
  EXPECT_EQ(archive.find(name)->name(), name);
  EXPECT_NE(archive.find("a")->info().offset, archive.find(name)->info().offset);
}

TEST(Index, FindsEveryOneOfManyNamesAndNoOther) {
  FileBuilder file;
  for (int i = 0; i < 5000; ++i)
    file.add("model.layers." + std::to_string(i) + ".w", DType::U8, {1});
  const Archive archive = open_bytes(file.file()).value();
  for (int i = 0; i < 5000; ++i) {
    const std::string name = "model.layers." + std::to_string(i) + ".w";
    ASSERT_TRUE(archive.find(name));
    EXPECT_EQ(archive.find(name)->name(), name);
    EXPECT_FALSE(archive.find(name + "x"));
  }
  EXPECT_FALSE(archive.find(""));
}

TEST(Index, TakesLimitsFromTheOptions) {
  const std::string file = FileBuilder().add("name", DType::U8, {1, 1, 1}).file();
  EXPECT_TRUE(open_bytes(file, {.max_name_bytes = 4, .max_rank = 3}));
  EXPECT_EQ(open_bytes(file, {.max_rank = 2}).error().code, Errc::invalid_shape);
  EXPECT_EQ(open_bytes(file, {.max_name_bytes = 3}).error().code, Errc::invalid_field);
  EXPECT_EQ(open_bytes(file, {.max_header_bytes = 16}).error().code, Errc::header_too_large);
  const std::string nested = file_with("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":[[[]]]}}");
  EXPECT_TRUE(open_bytes(nested, {.max_nesting = 5}));
  EXPECT_EQ(open_bytes(nested, {.max_nesting = 4}).error().code, Errc::invalid_json);
}

TEST(Errors, SayWhereInTheFileAndWhichTensor) {
  const std::string file = file_with(
      "{\"good\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
      "\"bad\":{\"dtype\":\"U9\",\"shape\":[1],\"data_offsets\":[1,2]}}",
      "xy");
  const Error error = open_bytes(file).error();
  EXPECT_EQ(error.tensor, "bad");
  EXPECT_EQ(*error.offset, file.find("\"U9\""));
  EXPECT_THAT(error.message, HasSubstr("'U9'"));
}

TEST(Errors, OfATruncatedFileGiveExpectedAndActualSizes) {
  std::string file = FileBuilder().add("w", DType::F32, {1000}).file();
  file.resize(file.size() - 1234);
  const Error error = open_bytes(file).error();
  EXPECT_EQ(error.code, Errc::truncated_data);
  EXPECT_THAT(error.message, HasSubstr("4,000"));
  EXPECT_THAT(error.message, HasSubstr("2,766"));
  EXPECT_THAT(error.message, HasSubstr("1,234"));
}

TEST(Errors, HintAtWhatProbablyHappened) {
  EXPECT_THAT(open_bytes(file_with(std::string("{}\0\0", 4))).error().message, HasSubstr("NUL"));
  EXPECT_THAT(open_bytes(file_with("\uFEFF{}")).error().message, HasSubstr("byte order mark"));
  EXPECT_THAT(open_bytes("#!/bin/sh and more").error().message, HasSubstr("is this a safetensors file?"));
  EXPECT_THAT(open_bytes("version https://git-lfs.github.com/spec/v1").error().message, HasSubstr("git lfs pull"));
  EXPECT_THAT(open_bytes("<!DOCTYPE html>").error().message, HasSubstr("web page"));
  EXPECT_THAT(open_bytes("PK\x03\x04 and more").error().message, HasSubstr("PyTorch"));
  EXPECT_THAT(open_bytes("{\"weight_map\": {}}").error().message, HasSubstr("JSON"));
}

TEST(Verify, CollectsEachTensorsFirstErrorAndOfManyAHundred) {
  const TemporaryDirectory directory;
  std::string json = "{";
  for (int i = 0; i < 150; ++i) {
    json +=
        (i == 0 ? "\"t" : ",\"t") + std::to_string(i) + "\":{\"dtype\":\"U9\",\"shape\":[-1],\"data_offsets\":[0,1]}";
  }
  const auto many = verify(directory.write("many.safetensors", file_with(json + "}", "x")));
  ASSERT_EQ(many.size(), 1U);
  EXPECT_EQ(many[0].errors.size(), 100U);
  EXPECT_EQ(many[0].errors[99].tensor, "t99");

  const auto three = verify(
      directory.write("three.safetensors", file_with("{\"a\":{\"dtype\":\"U9\",\"shape\":[1],\"data_offsets\":[0,1]},"
                                                     "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,2]},"
                                                     "\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]},"
                                                     "\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]}}",
                                                     "wxyz")));
  ASSERT_EQ(three[0].errors.size(), 3U);
  EXPECT_EQ(three[0].errors[0].code, Errc::unknown_dtype);
  EXPECT_EQ(three[0].errors[1].code, Errc::duplicate_tensor);
  EXPECT_EQ(three[0].errors[2].code, Errc::size_mismatch);
  for (const Error& error : three[0].errors)
    EXPECT_THAT(error.file, HasSubstr("three.safetensors"));
}

TEST(Verify, BlamesOnlyTheTensorWhoseSpanIsWrong) {
  const TemporaryDirectory directory;
  const auto tensor = [](std::string_view name, int size, std::string_view offsets) {
    return json_string(name) + ":{\"dtype\":\"U8\",\"shape\":[" + std::to_string(size) +
           "],\"data_offsets\":" + std::string(offsets) + "}";
  };
  const auto errors_of = [&](const std::string& json) {
    return verify(directory.write("x.safetensors", file_with(json, "0123456789AB")))[0].errors;
  };
  const auto too_long =
      errors_of("{" + tensor("a", 4, "[0,9]") + "," + tensor("b", 4, "[4,8]") + "," + tensor("c", 4, "[8,12]") + "}");
  ASSERT_EQ(too_long.size(), 1U);
  EXPECT_EQ(too_long[0].tensor, "a");
  const auto two_holes = errors_of("{" + tensor("a", 4, "[1,5]") + "," + tensor("b", 4, "[6,10]") + "}");
  ASSERT_EQ(two_holes.size(), 2U);
  EXPECT_EQ(two_holes[0].code, Errc::not_contiguous);
  EXPECT_EQ(two_holes[1].code, Errc::not_contiguous);
}

TEST(Verify, BlamesNoTensorForANeighbourThatIsNone) {
  const TemporaryDirectory directory;
  const auto verdict = verify(directory.write(
      "null.safetensors",
      file_with("{\"a\":null,\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[4,5]}}", "01234")));
  ASSERT_EQ(verdict[0].errors.size(), 1U);
  EXPECT_EQ(verdict[0].errors[0].tensor, "a");
}

TEST(Verify, GivesOneErrorForANameThatStandsTwice) {
  const TemporaryDirectory directory;
  const std::string entry = "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}";
  const auto verdict = verify(directory.write("twice.safetensors", file_with("{" + entry + "," + entry + "}", "0123")));
  ASSERT_EQ(verdict[0].errors.size(), 1U);
  EXPECT_EQ(verdict[0].errors[0].code, Errc::duplicate_tensor);
}

TEST(Verify, EndsItsListAtASyntaxError) {
  const TemporaryDirectory directory;
  const auto verdict = verify(
      directory.write("cut.safetensors", file_with("{\"a\":{\"dtype\":\"U9\",\"shape\":[1],\"data_offsets\":[0,1]},")));
  ASSERT_EQ(verdict[0].errors.size(), 2U);
  EXPECT_EQ(verdict[0].errors[0].code, Errc::unknown_dtype);
  EXPECT_EQ(verdict[0].errors[1].code, Errc::invalid_json);
}

TEST(HeaderBytes, NeverAsksForMoreThanTheFileHolds) {
  const std::string prefix = file_with_length(50, "");
  const auto bytes = std::as_bytes(std::span(prefix));
  EXPECT_EQ(format::header_bytes(bytes, 58, {}).value(), 50U);
  EXPECT_EQ(format::header_bytes(bytes, 57, {}).error().code, Errc::header_out_of_file);
  EXPECT_EQ(format::header_bytes(bytes.first(7), 7, {}).error().code, Errc::header_too_small);
}

}  // namespace
}  // namespace hoist::test
