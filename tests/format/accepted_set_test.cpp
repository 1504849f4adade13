// The table of docs/format.md, a row a line: what each input gives in compatible and in strict validation.
#include <gtest/gtest.h>

#include <optional>
#include <ostream>

#include "support/header_builder.hpp"

namespace hoist::test {
namespace {

using Verdict = std::optional<Errc>;  // none: accepted
constexpr Verdict ok{};

struct Row {
  std::string what;
  std::string file;
  Verdict compatible{};
  Verdict strict{};
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.what; }

std::string tensor(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return "{\"dtype\":" + std::string(dtype) + ",\"shape\":" + std::string(shape) +
         ",\"data_offsets\":" + std::string(offsets) + "}";
}

// One tensor "a" of 16 bytes, with parts to be replaced.
std::string one(std::string_view dtype = "\"F32\"", std::string_view shape = "[2,2]",
                std::string_view offsets = "[0,16]") {
  return "{\"a\":" + tensor(dtype, shape, offsets) + "}";
}

std::string bytes(std::size_t count) { return std::string(count, 'x'); }
std::string with16(std::string_view json) { return file_with(json, bytes(16)); }

// "a" as given, then "b" with 4 bytes where they belong.
std::string two(std::string_view a_offsets, std::string_view b_offsets, std::size_t data) {
  return file_with(
      "{\"a\":" + tensor("\"U8\"", "[4]", a_offsets) + ",\"b\":" + tensor("\"U8\"", "[4]", b_offsets) + "}",
      bytes(data));
}

std::string with_metadata(std::string_view value) {
  return with16("{\"__metadata__\":" + std::string(value) + ",\"a\":" + tensor("\"F32\"", "[2,2]", "[0,16]") + "}");
}

std::string with_field(std::string_view field) {
  return with16("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]," + std::string(field) + "}}");
}

std::string named(std::string_view name_literal) {
  return with16("{" + std::string(name_literal) + ":" + tensor("\"F32\"", "[2,2]", "[0,16]") + "}");
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i)
    result += text;
  return result;
}

std::string ones(std::size_t rank) { return "[" + repeated("1,", rank - 1) + "1]"; }

const Row rows[] = {
    // lengths
    {"EmptyFile", "", Errc::header_too_small, Errc::header_too_small},
    {"SevenBytes", bytes(7), Errc::header_too_small, Errc::header_too_small},
    {"NoHeader", file_with(""), Errc::invalid_json, Errc::invalid_json},
    {"OnlySpaces", file_with("        "), Errc::invalid_json, Errc::invalid_json},
    {"LengthBeyondTheFile", file_with_length(3, "{}"), Errc::header_out_of_file, Errc::header_out_of_file},
    {"LengthAboveTheLimit", file_with_length(100'000'001, "{}"), Errc::header_too_large, Errc::header_too_large},
    {"LengthAtTheLimitButBeyondTheFile", file_with_length(100'000'000, "{}"), Errc::header_out_of_file,
     Errc::header_out_of_file},
    {"Length2To63", file_with_length(1ULL << 63, "{}"), Errc::header_too_large, Errc::header_too_large},
    {"LengthAllOnes", file_with_length(UINT64_MAX, "{}"), Errc::header_too_large, Errc::header_too_large},
    {"LengthThatWrapsWith8", file_with_length(UINT64_MAX - 7, "{}"), Errc::header_too_large, Errc::header_too_large},
    {"LengthOneShort", file_with_length(one().size() - 1, one() + bytes(16)), Errc::invalid_json, Errc::invalid_json},
    {"LengthOneLong", file_with_length(one().size() + 1, one() + bytes(16)), Errc::invalid_json, Errc::invalid_json},
    {"Whole", with16(one()), ok, ok},

    // around the JSON
    {"TrailingSpaces", with16(one() + "   "), ok, ok},
    {"TrailingTab", with16(one() + "\t"), ok, Errc::not_strict},
    {"TrailingLineFeed", with16(one() + "\n"), ok, Errc::not_strict},
    {"TrailingReturn", with16(one() + "\r"), ok, Errc::not_strict},
    {"LeadingSpace", with16(" " + one()), ok, Errc::not_strict},
    {"LeadingLineFeed", with16("\n" + one()), ok, Errc::not_strict},
    {"SpacesInside", with16("{ \"a\" : " + tensor("\"F32\"", "[ 2, 2 ]", "[0, 16]") + " }"), ok, ok},
    {"TrailingNul", with16(one() + std::string(1, '\0')), Errc::invalid_json, Errc::invalid_json},
    {"LeadingNul", with16(std::string(1, '\0') + one()), Errc::invalid_json, Errc::invalid_json},
    {"TrailingJunk", with16(one() + "x"), Errc::invalid_json, Errc::invalid_json},
    {"SecondObject", with16(one() + "{}"), Errc::invalid_json, Errc::invalid_json},
    {"TrailingVerticalTab", with16(one() + "\v"), Errc::invalid_json, Errc::invalid_json},
    {"TrailingFormFeed", with16(one() + "\f"), Errc::invalid_json, Errc::invalid_json},
    {"TrailingNoBreakSpace", with16(one() + "\u00A0"), Errc::invalid_json, Errc::invalid_json},
    {"ByteOrderMark", with16("\uFEFF" + one()), Errc::invalid_json, Errc::invalid_json},
    {"Utf16", with16(std::string("\xFF\xFE{\0}\0", 6)), Errc::invalid_utf8, Errc::invalid_utf8},
    {"RootArray", file_with("[]"), Errc::invalid_json, Errc::invalid_json},
    {"RootString", file_with("\"a\""), Errc::invalid_json, Errc::invalid_json},
    {"RootNumber", file_with("1"), Errc::invalid_json, Errc::invalid_json},
    {"RootNull", file_with("null"), Errc::invalid_json, Errc::invalid_json},
    {"NoTensors", file_with("{}"), ok, ok},
    {"TensorThatIsAString", with16("{\"a\":\"b\"}"), Errc::invalid_field, Errc::invalid_field},
    {"TensorThatIsNull", with16("{\"a\":null}"), Errc::invalid_field, Errc::invalid_field},

    // coverage
    {"NoTensorsButData", file_with("{}", "x"), Errc::trailing_data, Errc::trailing_data},
    {"DataAfterTheLastTensor", file_with(one(), bytes(17)), Errc::trailing_data, Errc::trailing_data},
    {"DataOneByteShort", file_with(one(), bytes(15)), Errc::truncated_data, Errc::truncated_data},
    {"NoDataAtAll", file_with(one()), Errc::truncated_data, Errc::truncated_data},
    {"TwoNeighbours", two("[0,4]", "[4,8]", 8), ok, ok},
    {"TwoNeighboursInTheOtherOrder", two("[4,8]", "[0,4]", 8), ok, ok},
    {"Hole", two("[0,4]", "[5,9]", 9), Errc::not_contiguous, Errc::not_contiguous},
    {"FirstNotAtZero", two("[1,5]", "[5,9]", 9), Errc::not_contiguous, Errc::not_contiguous},
    {"PartialOverlap", two("[0,4]", "[3,7]", 7), Errc::not_contiguous, Errc::not_contiguous},
    {"FullOverlap", two("[0,4]", "[0,4]", 4), Errc::not_contiguous, Errc::not_contiguous},
    {"ReversedOffsets", with16(one("\"F32\"", "[2,2]", "[16,0]")), Errc::size_mismatch, Errc::size_mismatch},
    {"EmptyTensorsAtOneOffset",
     file_with("{\"a\":" + tensor("\"U8\"", "[0]", "[0,0]") + ",\"b\":" + tensor("\"F32\"", "[3,0]", "[0,0]") +
                   ",\"c\":" + tensor("\"U8\"", "[4]", "[0,4]") + ",\"d\":" + tensor("\"U8\"", "[0]", "[4,4]") + "}",
               bytes(4)),
     ok, ok},
    {"EmptyTensorOffItsBoundary",
     file_with("{\"a\":" + tensor("\"U8\"", "[4]", "[0,4]") + ",\"b\":" + tensor("\"U8\"", "[0]", "[2,2]") + "}",
               bytes(4)),
     Errc::not_contiguous, Errc::not_contiguous},
    {"EmptyTensorBeyondTheEnd",
     file_with("{\"a\":" + tensor("\"U8\"", "[4]", "[0,4]") + ",\"b\":" + tensor("\"U8\"", "[0]", "[5,5]") + "}",
               bytes(5)),
     Errc::not_contiguous, Errc::not_contiguous},

    // shape and size
    {"Scalar", file_with(one("\"F32\"", "[]", "[0,4]"), bytes(4)), ok, ok},
    {"SpanTooShort", file_with(one("\"F32\"", "[2,2]", "[0,15]"), bytes(15)), Errc::size_mismatch, Errc::size_mismatch},
    {"SpanTooLong", file_with(one("\"F32\"", "[2,2]", "[0,17]"), bytes(17)), Errc::size_mismatch, Errc::size_mismatch},
    {"EmptyShapeWithBytes", with16(one("\"F32\"", "[0,2]", "[0,16]")), Errc::size_mismatch, Errc::size_mismatch},
    {"ShapeProductOverflows", file_with(one("\"U8\"", "[4294967296,4294967296]", "[0,0]")), Errc::invalid_shape,
     Errc::invalid_shape},
    {"BitCountOverflows", file_with(one("\"F64\"", "[1152921504606846976]", "[0,0]")), Errc::invalid_shape,
     Errc::invalid_shape},
    {"ZeroBehindAnOverflow", file_with(one("\"U8\"", "[4294967296,4294967296,0]", "[0,0]")), Errc::invalid_shape,
     Errc::invalid_shape},
    {"ZeroBeforeTheLargestDimensions", file_with(one("\"U8\"", "[0,9223372036854775807,9223372036854775807]", "[0,0]")),
     ok, ok},
    {"DimensionAbove2To63", file_with(one("\"U8\"", "[0,9223372036854775808]", "[0,0]")), Errc::invalid_shape,
     Errc::invalid_shape},
    {"ZeroBeforeAllOnes", file_with(one("\"U8\"", "[0,18446744073709551615,18446744073709551615]", "[0,0]")),
     Errc::invalid_shape, Errc::invalid_shape},
    {"SizesNear2To64",
     file_with("{\"a\":" + tensor("\"U8\"", "[1152921504606846975]", "[0,1152921504606846975]") + ",\"b\":" +
               tensor("\"U8\"", "[1152921504606846975]", "[1152921504606846975,18446744073709551615]") + "}"),
     Errc::size_mismatch, Errc::size_mismatch},
    {"F4OfWholeBytes", file_with(one("\"F4\"", "[2,3]", "[0,3]"), bytes(3)), ok, ok},
    {"F4OfOneAndAHalfBytes", file_with(one("\"F4\"", "[3]", "[0,2]"), bytes(2)), Errc::invalid_shape,
     Errc::invalid_shape},
    {"F4Scalar", file_with(one("\"F4\"", "[]", "[0,1]"), bytes(1)), Errc::invalid_shape, Errc::invalid_shape},
    {"F6OfWholeBytes", file_with(one("\"F6_E2M3\"", "[4]", "[0,3]"), bytes(3)), ok, ok},
    {"F6OfPartBytes", file_with(one("\"F6_E2M3\"", "[3]", "[0,3]"), bytes(3)), Errc::invalid_shape,
     Errc::invalid_shape},
    {"Rank64", file_with(one("\"U8\"", ones(64), "[0,1]"), bytes(1)), ok, ok},
    {"Rank65", file_with(one("\"U8\"", ones(65), "[0,1]"), bytes(1)), ok, Errc::not_strict},
    {"Rank1000", file_with(one("\"U8\"", ones(1000), "[0,1]"), bytes(1)), ok, Errc::not_strict},
    {"Rank1025", file_with(one("\"U8\"", ones(1025), "[0,1]"), bytes(1)), Errc::invalid_shape, Errc::invalid_shape},

    // numbers
    {"NegativeDimension", with16(one("\"F32\"", "[-2,2]")), Errc::invalid_field, Errc::invalid_field},
    {"MinusZero", file_with(one("\"F32\"", "[-0]", "[0,0]")), Errc::invalid_field, Errc::invalid_field},
    {"Fraction", with16(one("\"F32\"", "[2,2]", "[0.0,16]")), Errc::invalid_field, Errc::invalid_field},
    {"Exponent", with16(one("\"F32\"", "[2,2]", "[0,16e0]")), Errc::invalid_field, Errc::invalid_field},
    {"HugeExponent", with16(one("\"F32\"", "[1e999]")), Errc::invalid_field, Errc::invalid_field},
    {"NotANumber", with16(one("\"F32\"", "[NaN]")), Errc::invalid_json, Errc::invalid_json},
    {"StringDimension", with16(one("\"F32\"", "[\"2\",2]")), Errc::invalid_field, Errc::invalid_field},
    {"BooleanDimension", with16(one("\"F32\"", "[true,2]")), Errc::invalid_field, Errc::invalid_field},
    {"NullDimension", with16(one("\"F32\"", "[null,2]")), Errc::invalid_field, Errc::invalid_field},
    {"ObjectDimension", with16(one("\"F32\"", "[{},2]")), Errc::invalid_field, Errc::invalid_field},
    {"ArrayDimension", with16(one("\"F32\"", "[[2],2]")), Errc::invalid_field, Errc::invalid_field},
    {"LeadingZero", with16(one("\"F32\"", "[2,2]", "[00,16]")), Errc::invalid_json, Errc::invalid_json},
    {"LeadingZeroBeforeADigit", with16(one("\"F32\"", "[02,2]")), Errc::invalid_json, Errc::invalid_json},
    {"PlusSign", with16(one("\"F32\"", "[2,2]", "[0,+16]")), Errc::invalid_json, Errc::invalid_json},
    {"Hexadecimal", with16(one("\"F32\"", "[2,2]", "[0,0x10]")), Errc::invalid_json, Errc::invalid_json},
    {"Offset2To64", with16(one("\"F32\"", "[2,2]", "[0,18446744073709551616]")), Errc::invalid_field,
     Errc::invalid_field},
    {"OffsetAllOnes", with16(one("\"F32\"", "[2,2]", "[0,18446744073709551615]")), Errc::size_mismatch,
     Errc::size_mismatch},
    {"NoOffsets", with16(one("\"F32\"", "[2,2]", "[]")), Errc::invalid_field, Errc::invalid_field},
    {"OneOffset", with16(one("\"F32\"", "[2,2]", "[0]")), Errc::invalid_field, Errc::invalid_field},
    {"ThreeOffsets", with16(one("\"F32\"", "[2,2]", "[0,16,16]")), Errc::invalid_field, Errc::invalid_field},
    {"OffsetsThatAreANumber", with16(one("\"F32\"", "[2,2]", "16")), Errc::invalid_field, Errc::invalid_field},

    // dtypes and fields
    {"UnknownDtype", with16(one("\"F31\"")), Errc::unknown_dtype, Errc::unknown_dtype},
    {"LowerCaseDtype", with16(one("\"f32\"")), Errc::unknown_dtype, Errc::unknown_dtype},
    {"EmptyDtype", with16(one("\"\"")), Errc::unknown_dtype, Errc::unknown_dtype},
    {"EscapedDtype", with16(one("\"\\u004632\"")), ok, ok},
    {"DtypeAsAnObject", with16(one("{\"F32\":null}")), Errc::invalid_field, Errc::invalid_field},
    {"DtypeAsANumber", with16(one("32")), Errc::invalid_field, Errc::invalid_field},
    {"TensorAsAnArray", with16("{\"a\":[\"F32\",[2,2],[0,16]]}"), Errc::invalid_field, Errc::invalid_field},
    {"MissingDtype", with16("{\"a\":{\"shape\":[2,2],\"data_offsets\":[0,16]}}"), Errc::invalid_field,
     Errc::invalid_field},
    {"MissingShape", with16("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,16]}}"), Errc::invalid_field,
     Errc::invalid_field},
    {"MissingOffsets", with16("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2]}}"), Errc::invalid_field, Errc::invalid_field},
    {"NoFields", with16("{\"a\":{}}"), Errc::invalid_field, Errc::invalid_field},
    {"FieldsInAnotherOrder", with16("{\"a\":{\"data_offsets\":[0,16],\"shape\":[2,2],\"dtype\":\"F32\"}}"), ok, ok},
    {"DuplicateDtype", with_field("\"dtype\":\"F32\""), Errc::invalid_field, Errc::invalid_field},
    {"DuplicateShape", with_field("\"shape\":[2,2]"), Errc::invalid_field, Errc::invalid_field},
    {"DuplicateOffsets", with_field("\"data_offsets\":[0,16]"), Errc::invalid_field, Errc::invalid_field},
    {"UnknownField", with_field("\"x\":1"), ok, Errc::invalid_field},
    {"UnknownFieldWithEverything", with_field("\"x\":[{\"y\":[null,true,-1.5e3,\"s\"]},[],{}]"), ok,
     Errc::invalid_field},
    {"UnknownFieldNestedDeep", with_field("\"x\":" + repeated("[", 125) + repeated("]", 125)), ok, Errc::invalid_field},
    {"UnknownFieldNestedTooDeep", with_field("\"x\":" + repeated("[", 126) + repeated("]", 126)), Errc::invalid_json,
     Errc::invalid_field},
    {"NestedAHundredThousandDeep", file_with(repeated("[", 100'000)), Errc::invalid_json, Errc::invalid_json},
    {"ObjectsNestedFiveMillionDeep", file_with(repeated("{\"\":", 5'000'000)), Errc::invalid_json, Errc::invalid_field},

    // names
    {"DuplicateName",
     file_with("{\"a\":" + tensor("\"U8\"", "[4]", "[0,4]") + ",\"a\":" + tensor("\"U8\"", "[4]", "[4,8]") + "}",
               bytes(8)),
     Errc::duplicate_tensor, Errc::duplicate_tensor},
    {"DuplicateNameThroughAnEscape",
     file_with("{\"a\":" + tensor("\"U8\"", "[4]", "[0,4]") + ",\"\\u0061\":" + tensor("\"U8\"", "[4]", "[4,8]") + "}",
               bytes(8)),
     Errc::duplicate_tensor, Errc::duplicate_tensor},
    {"EmptyName", named("\"\""), ok, ok},
    {"NameWithNul", named("\"\\u0000\""), ok, ok},
    {"NameLikeAPath", named("\"../../etc/passwd\""), ok, ok},
    {"NameOfAMegabyte", named("\"" + std::string(1'000'000, 'n') + "\""), ok, ok},
    {"ComposedBesideDecomposed",
     file_with("{\"\u00e9\":" + tensor("\"U8\"", "[0]", "[0,0]") + ",\"e\u0301\":" + tensor("\"U8\"", "[0]", "[0,0]") +
               "}"),
     ok, ok},
    {"SurrogatePair", named("\"\\ud83d\\ude00\""), ok, ok},
    {"HighSurrogateAlone", named("\"\\ud800\""), Errc::invalid_json, Errc::invalid_json},
    {"LowSurrogateAlone", named("\"\\udc00\""), Errc::invalid_utf8, Errc::invalid_utf8},
    {"LowSurrogateInSkippedField", with_field("\"x\":\"\\udc00\""), Errc::invalid_utf8, Errc::invalid_field},
    {"LowSurrogateInMetadata", with_metadata("{\"k\":\"\\udc00\"}"), Errc::invalid_utf8, Errc::invalid_utf8},
    {"InvalidUtf8InAName", named("\"\xFF\""), Errc::invalid_utf8, Errc::invalid_utf8},
    {"OverlongUtf8InAName", named("\"\xC0\x80\""), Errc::invalid_utf8, Errc::invalid_utf8},
    {"SurrogateBytesInAName", named("\"\xED\xA0\x80\""), Errc::invalid_utf8, Errc::invalid_utf8},
    {"InvalidUtf8InThePadding", with16(one() + "\x80"), Errc::invalid_utf8, Errc::invalid_utf8},
    {"ControlCharacterInAName", named("\"a\nb\""), Errc::invalid_json, Errc::invalid_json},
    {"BadEscape", named("\"\\x41\""), Errc::invalid_json, Errc::invalid_json},
    {"TrailingComma", with16("{\"a\":" + tensor("\"F32\"", "[2,2]", "[0,16]") + ",}"), Errc::invalid_json,
     Errc::invalid_json},
    {"Comment", with16("/**/" + one()), Errc::invalid_json, Errc::invalid_json},
    {"SingleQuotes", named("'a'"), Errc::invalid_json, Errc::invalid_json},

    // metadata
    {"Metadata", with_metadata("{\"format\":\"pt\"}"), ok, ok},
    {"MetadataWithEscapes", with_metadata("{\"k\":\"\\\"\\u0000\\n\\ud83d\\ude00\"}"), ok, ok},
    {"EmptyMetadata", with_metadata("{}"), ok, ok},
    {"NullMetadata", with_metadata("null"), ok, Errc::not_strict},
    {"MetadataNumber", with_metadata("{\"k\":1}"), Errc::invalid_field, Errc::invalid_field},
    {"MetadataNull", with_metadata("{\"k\":null}"), Errc::invalid_field, Errc::invalid_field},
    {"MetadataNested", with_metadata("{\"k\":{\"l\":\"m\"}}"), Errc::invalid_field, Errc::invalid_field},
    {"MetadataArray", with_metadata("[]"), Errc::invalid_field, Errc::invalid_field},
    {"MetadataString", with_metadata("\"x\""), Errc::invalid_field, Errc::invalid_field},
    {"MetadataLikeATensor", with_metadata(tensor("\"F32\"", "[2,2]", "[0,16]")), Errc::invalid_field,
     Errc::invalid_field},
    {"DuplicateMetadataKey", with_metadata("{\"k\":\"1\",\"k\":\"2\"}"), Errc::duplicate_metadata,
     Errc::duplicate_metadata},
    {"DuplicateMetadata",
     with16("{\"__metadata__\":{},\"__metadata__\":{},\"a\":" + tensor("\"F32\"", "[2,2]", "[0,16]") + "}"),
     Errc::duplicate_metadata, Errc::duplicate_metadata},
    {"DuplicateMetadataThroughNull",
     with16("{\"__metadata__\":null,\"__metadata__\":{},\"a\":" + tensor("\"F32\"", "[2,2]", "[0,16]") + "}"),
     Errc::duplicate_metadata, Errc::duplicate_metadata},
};

class AcceptedSet : public testing::TestWithParam<Row> {};

void expect_verdict(const Row& row, Validation validation, const Verdict& expected) {
  const auto archive = open_bytes(row.file, {.validation = validation});
  if (archive) {
    EXPECT_FALSE(expected) << "was accepted, expected " << name(*expected);
  } else {
    EXPECT_TRUE(expected) << "was refused: " << archive.error().to_string();
    EXPECT_EQ(archive.error().code, expected) << archive.error().to_string();
    EXPECT_TRUE(archive.error().offset) << "an error in a header says where: " << archive.error().to_string();
  }
}

TEST_P(AcceptedSet, GivesTheVerdictOfTheTable) {
  expect_verdict(GetParam(), Validation::compatible, GetParam().compatible);
  expect_verdict(GetParam(), Validation::strict, GetParam().strict);
}

INSTANTIATE_TEST_SUITE_P(All, AcceptedSet, testing::ValuesIn(rows), [](const auto& info) { return info.param.what; });

TEST(AcceptedSetOfDtypes, HasAll22WithTheirBits) {
  const std::pair<std::string_view, std::uint32_t> table[] = {
      {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
      {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
      {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
      {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64}};
  EXPECT_EQ(std::size(table), 22U);
  int rank = 0;
  for (const auto& [text, width] : table) {
    const auto dtype = parse_dtype(text);
    ASSERT_TRUE(dtype) << text;
    EXPECT_EQ(static_cast<int>(*dtype), rank++) << text;
    EXPECT_EQ(bits(*dtype), width);
    EXPECT_EQ(name(*dtype), text);
    EXPECT_TRUE(open_bytes(FileBuilder().add("t", *dtype, {4, 2}).file())) << text;
    const std::string short_by_one(width - 1, 'x');
    EXPECT_FALSE(open_bytes(FileBuilder().add("t", text, {4, 2}, short_by_one).file())) << text;
  }
}

}  // namespace
}  // namespace hoist::test
