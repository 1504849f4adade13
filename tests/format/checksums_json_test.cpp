// What a file claims to be the checksums of its tensors is a stranger's text.
#include "format/checksums_json.hpp"

#include <gtest/gtest.h>

#include "support/header_builder.hpp"
#include "support/matchers.hpp"

namespace hoist::format {
namespace {

using test::FailsWith;

const std::string digits = "0123456789abcdef0123456789abcdef";

// A value in which # stands for digits, read as that of a file with the tensors a and "".
Result<Checksums> read(std::string text) {
  for (std::size_t at; (at = text.find('#')) != text.npos;)
    text.replace(at, 1, "\"" + digits + "\"");
  return read_checksums(text, [](std::string_view name) { return name == "a" || name.empty(); });
}

TEST(ChecksumsInJson, AreThoseOfKnownTensors) {
  EXPECT_EQ(read(R"({"a":#})").value(), (Checksums{{"a", digits}}));
  EXPECT_EQ(read(R"( {"gone" : #, "" :#,	"a": #
} )")
                .value(),
            (Checksums{{"", digits}, {"a", digits}}));
  EXPECT_EQ(read(R"({"\u0061":#})").value(), (Checksums{{"a", digits}})) << "another spelling";
  EXPECT_EQ(read(R"({"gone":#,"gone":#})").value(), Checksums()) << "what is no tensor of the file is passed over";
  EXPECT_EQ(read("{}").value(), Checksums());
}

struct Case {
  const char* name;
  std::string text;
  const char* message;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class BrokenChecksums : public testing::TestWithParam<Case> {};

TEST_P(BrokenChecksums, AreAnError) {
  const auto result = read(GetParam().text);
  ASSERT_THAT(result, FailsWith(Errc::invalid_field, GetParam().message));
  EXPECT_NE(result.error().message.find("'hoist.xxh3_128'"), std::string::npos);
  EXPECT_LT(result.error().to_string().size(), 500U);
}

const std::string nul(1, '\0');
INSTANTIATE_TEST_SUITE_P(
    Values, BrokenChecksums,
    testing::Values(
        Case{"empty", "", "not JSON"}, Case{"spaces", "  ", "not JSON"}, Case{"text", "none", "not JSON"},
        Case{"cut", R"({"a":#,)", "not JSON"}, Case{"cut_in_digits", R"({"a":"0123)", "not JSON"},
        Case{"comma", R"({"a":#,})", "not JSON"}, Case{"junk", R"({"a":#}{})", "follows"},
        Case{"nul", R"({"a":#})" + nul, "follows"}, Case{"nul_first", nul + "{}", "not JSON"},
        Case{"array", "[#]", "is an array, expected an object"}, Case{"null", "null", "is null, expected an object"},
        Case{"string", "#", "is a string, expected an object"}, Case{"number", "1e400", "not JSON"},
        Case{"value_number", R"({"a":1})", "'a': in the value"}, Case{"value_null", R"({"a":null})", "is null"},
        Case{"value_boolean", R"({"a":true})", "is a boolean"}, Case{"value_fraction", R"({"a":-1.5})", "is a number"},
        Case{"value_array", R"({"a":[#]})", "is an array, expected 32"},
        Case{"value_object", R"({"a":{"a":#}})", "is an object, expected 32"},
        Case{"unknown_too", R"({"gone":1})", "'gone'"},
        Case{"short", R"({"a":"0123456789abcdef0123456789abcde"})", "32"},
        Case{"long", R"({"a":"0123456789abcdef0123456789abcdef0"})", "32"}, Case{"no_digits", R"({"a":""})", "32"},
        Case{"capitals", R"({"a":"0123456789ABCDEF0123456789ABCDEF"})", "32"},
        Case{"not_hexadecimal", R"({"a":"0123456789abcdeg0123456789abcdef"})", "32"},
        Case{"megabyte", "{\"a\":\"" + std::string(1'000'000, '0') + "\"}", "32"},
        Case{"megabyte_of_a_name", "{\"" + std::string(1'000'000, 'n') + "\":0}", "is a number"},
        Case{"twice", R"({"a":#,"\u0061":#})", "twice"}, Case{"half_a_surrogate", R"({"\uDC00":#})", "surrogate"},
        Case{"half_a_surrogate_first", R"({"\uD800":#})", "not JSON"}, Case{"bad_escape", R"({"\x":#})", "not JSON"},
        Case{"deep", "{\"a\":" + std::string(1'000'000, '['), "is an array"},
        Case{"deep_root", std::string(1'000'000, '['), "is an array"},
        Case{"deep_objects", std::string(1'000'000, '{'), "not JSON"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ChecksumsInJson, OfAFileNameItAndTheTensor) {
  const std::string value = R"({"a":"00"})";
  const auto file = [&](std::string_view key) {
    return test::FileBuilder().metadata(key, value).add("a", DType::U8, {4}).file();
  };
  const auto broken = checksums_of(test::open_bytes(file(checksums_key)).value());
  ASSERT_THAT(broken, FailsWith(Errc::invalid_field, "'00'"));
  EXPECT_EQ(broken.error().tensor, "a");
  EXPECT_EQ(checksums_of(test::open_bytes(file("hoist.xxh3_64")).value()).value(), std::nullopt);
}

}  // namespace
}  // namespace hoist::format
