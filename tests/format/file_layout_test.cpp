// Headers that are written: spelled as the reference does, read back as they were meant, aligned as promised.
#include "format/file_layout.hpp"

#include <gtest/gtest.h>

#include "hoist/checksums.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"

namespace hoist::format {
namespace {

using test::FailsWith;

const std::vector<Declaration> three{{.name = "a", .dtype = DType::F32, .shape = {2, 3}},
                                     {.name = "z", .dtype = DType::I64, .shape = {1}},
                                     {.name = "b", .dtype = DType::U8, .shape = {4096}}};

std::vector<std::string> names(const FileLayout& layout, const std::vector<Declaration>& declarations) {
  std::vector<std::string> names;
  for (const std::uint32_t i : layout.order)
    names.push_back(declarations[i].name);
  return names;
}

// What readers make of it, with data of zeros.
Archive opened(const FileLayout& layout) {
  std::string file = layout.header;
  file.resize(layout.file_bytes);
  return test::open_bytes(file, {.validation = Validation::strict}).value();
}

TEST(FileLayouts, SpellTheReferencesHeaderByteForByte) {
  const FileLayout layout = lay_out(three, {{"k", "v"}, {"format", "pt"}}, Layout::reference).value();
  const std::string json =
      R"({"__metadata__":{"format":"pt","k":"v"},"z":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},)"
      R"("b":{"dtype":"U8","shape":[4096],"data_offsets":[32,4128]}})";
  EXPECT_EQ(layout.header.size() % 8, 0U);
  EXPECT_EQ(layout.header.substr(8).substr(0, json.size()), json);
  EXPECT_LT(layout.header.size() - 8 - json.size(), 8U);
  EXPECT_EQ(layout.header.find_first_not_of(' ', 8 + json.size()), std::string::npos);
  EXPECT_EQ(layout.file_bytes, layout.header.size() + 4128);
}

TEST(FileLayouts, AreEmptyWithoutTensorsAndMetadata) {
  EXPECT_EQ(lay_out({}, {}, Layout::reference)->header, std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
  EXPECT_EQ(opened(*lay_out({}, {}, Layout::aligned)).tensors().size(), 0U);
}

TEST(FileLayouts, PutTheLargestAlignmentFirstAndKeepTheOrderWithinOne) {
  std::vector<Declaration> declarations = three;
  declarations.push_back({.name = "c", .dtype = DType::U8, .shape = {8192}});
  declarations.push_back({.name = "none", .dtype = DType::F32, .shape = {0, 7}});
  const FileLayout layout = lay_out(declarations, {}, Layout::aligned).value();
  EXPECT_EQ(names(layout, declarations), (std::vector<std::string>{"b", "c", "none", "a", "z"}));
  EXPECT_EQ(layout.header.size() % 4096, 0U);
  for (std::size_t i = 0; i < declarations.size(); ++i) {
    const std::uint64_t size = layout.sizes[i];
    const std::uint64_t alignment = size == 0 ? 4096 : std::min<std::uint64_t>(size & -size, 4096);
    EXPECT_EQ(layout.offsets[i] % alignment, 0U) << declarations[i].name;
  }
  EXPECT_EQ(opened(layout).find("c")->byte_count(), 8192U);
}

TEST(FileLayouts, KeepTheOrderOfTheDeclarationsWhereAsked) {
  const FileLayout layout = lay_out(three, {}, Layout::as_given).value();
  EXPECT_EQ(names(layout, three), (std::vector<std::string>{"a", "z", "b"}));
  EXPECT_EQ(layout.offsets[0] % 4096, 0U);
}

TEST(FileLayouts, EscapeWhatMustBeAndNothingElse) {
  using namespace std::string_literals;
  const std::string name = "q\" b\\ \b\f\n\r\t \x01\x1f\x7f / \xC3\xA9 \0 end"s;
  const std::vector<Declaration> declarations{{.name = name, .dtype = DType::U8, .shape = {1}}};
  const FileLayout layout = lay_out(declarations, {{name, name}}, Layout::reference).value();
  EXPECT_NE(layout.header.find("q\\\" b\\\\ \\b\\f\\n\\r\\t \\u0001\\u001f\x7f / \xC3\xA9 \\u0000 end"),
            std::string::npos);
  const Archive archive = opened(layout);
  EXPECT_TRUE(archive.find(name));
  EXPECT_EQ(archive.metadata().at(name), name);
}

TEST(FileLayouts, KeepRoomForChecksumsInFileOrder) {
  std::vector<Declaration> declarations = three;
  declarations.push_back({.name = "none", .dtype = DType::F32, .shape = {0, 7}});
  declarations.push_back({.name = "q\" \\ \n \x01 \xC3\xA9", .dtype = DType::U8, .shape = {1}});
  for (const Layout which : {Layout::aligned, Layout::reference, Layout::as_given}) {
    FileLayout layout = lay_out(declarations, {{"a", "b"}, {"z", "y"}}, which, true).value();
    const std::string zeros(32, '0');
    std::uint64_t before = 0;
    for (const std::uint32_t i : layout.order) {
      EXPECT_GT(layout.checksums[i], before);
      before = layout.checksums[i];
      ASSERT_EQ(layout.header.substr(before, 32), zeros);
      layout.header.replace(before, 32, std::string(32, static_cast<char>('a' + i)));
    }
    const Archive archive = opened(layout);
    EXPECT_EQ(archive.metadata().size(), 3U);
    const auto checksums = checksums_of(archive).value().value();
    ASSERT_EQ(checksums.size(), declarations.size());
    for (std::size_t i = 0; i < declarations.size(); ++i)
      EXPECT_EQ(checksums.at(declarations[i].name), std::string(32, static_cast<char>('a' + i)));
  }
  const std::string header = lay_out(declarations, {{"format", "pt"}, {"z", ""}}, Layout::reference, true)->header;
  EXPECT_TRUE(header.substr(8).starts_with(
      R"({"__metadata__":{"format":"pt","hoist.xxh3_128":"{\"z\":\"00000000000000000000000000000000\",\"a\":\"0000)"));
  EXPECT_NE(header.find(R"(,\"q\\\" \\\\ \\n \\u0001 )"), std::string::npos) << "escaped twice";
  EXPECT_EQ(checksums_of(opened(*lay_out({}, {}, Layout::reference, true))).value()->size(), 0U);
}

TEST(FileLayouts, TakeNoChecksumsFromElsewhere) {
  for (const bool checksums : {false, true}) {
    EXPECT_THAT(lay_out(three, {{std::string(checksums_key), "{}"}}, Layout::aligned, checksums),
                FailsWith(Errc::invalid_field, "'hoist.xxh3_128'"));
    EXPECT_THAT(lay_out(three, {{"hoist.xxh3_12", "{}"}}, Layout::aligned, checksums), test::Succeeds());
  }
}

TEST(FileLayouts, RefuseWhatNoReaderTakes) {
  const auto one = [](std::string name, DType dtype, Shape shape) {
    return lay_out(std::vector<Declaration>{{std::move(name), dtype, std::move(shape)}}, {}, Layout::aligned);
  };
  EXPECT_THAT(one("\xFF", DType::U8, {1}), FailsWith(Errc::invalid_utf8));
  EXPECT_THAT(lay_out({}, {{"k", "\xFF"}}, Layout::aligned), FailsWith(Errc::invalid_utf8));
  EXPECT_THAT(one("__metadata__", DType::U8, {1}), FailsWith(Errc::invalid_field));
  EXPECT_THAT(one("__metadata", DType::U8, {1}), test::Succeeds());
  EXPECT_THAT(one("a", DType::U8, Shape(1025, 1)), FailsWith(Errc::invalid_shape, "rank 1,025"));
  EXPECT_THAT(one("a", DType::U8, Shape(1024, 1)), test::Succeeds());
  EXPECT_THAT(one("a", DType::F4, {3}), FailsWith(Errc::invalid_shape, "misaligned_bits"));
  EXPECT_THAT(one("a", DType::U8, {1U << 31, 1U << 31, 4}), FailsWith(Errc::invalid_shape, "'a'"));
  EXPECT_THAT(one("a", DType::U8, {0, std::uint64_t{1} << 63}), FailsWith(Errc::invalid_shape));
  EXPECT_THAT(one("a", DType::U8, {INT64_MAX}), FailsWith(Errc::invalid_shape)) << "no file is as long";
  EXPECT_THAT(one(std::string(100'000'000, 'n'), DType::U8, {1}), FailsWith(Errc::header_too_large));
}

}  // namespace
}  // namespace hoist::format
