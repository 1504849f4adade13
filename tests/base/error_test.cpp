#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "base/utf8.hpp"

namespace hoist {
namespace {

TEST(Errc, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Errc::device_lost); ++code) {
    EXPECT_TRUE(names.insert(name(static_cast<Errc>(code))).second) << code;
  }
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(name(static_cast<Errc>(200)), "unknown");
}

TEST(Errc, OnlyTheSystemsCodesAreTheSystems) {
  EXPECT_TRUE(is_system(Errc::not_found));
  EXPECT_TRUE(is_system(Errc::device_lost));
  EXPECT_FALSE(is_system(Errc::truncated_data));
  EXPECT_FALSE(is_system(Errc::no_match));
}

TEST(Error, PrintsFileTensorByteMessageAndCodeOnOneLine) {
  const Error error{Errc::size_mismatch, "too long", "a.safetensors", "w", 1104};
  EXPECT_EQ(error.to_string(), "a.safetensors: 'w' at byte 1,104: too long (size_mismatch)");
  EXPECT_EQ((Error{.code = Errc::io_error, .message = "m"}.to_string()), "m (io_error)");
  EXPECT_EQ((Error{.code = Errc::io_error, .message = "m", .tensor = "w"}.to_string()), "'w': m (io_error)");
}

TEST(Error, EscapesWhatWouldMoveATerminalsCursor) {
  const Error error{.code = Errc::io_error, .message = "m", .tensor = "a\x1b[2J\n\xc2\x9b\xff"};
  EXPECT_EQ(error.to_string(), "'a\\x1b[2J\\x0a\\xc2\\x9b\\xff': m (io_error)");
  EXPECT_EQ(base::quoted("\u202eabc\u200b\ufeff"), "'\\xe2\\x80\\xaeabc\\xe2\\x80\\x8b\\xef\\xbb\\xbf'")
      << "turned or invisible";
  EXPECT_EQ(base::quoted("\\x1b \u20ac\U0001F600"), "'\\\\x1b \u20ac\U0001F600'") << "what looks escaped was not";
}

TEST(Quoted, ShortensALongNameInTheMiddleAndBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 1'000'000; ++i)
    name += "\u20AC";
  const std::string text = base::quoted(name);
  EXPECT_LT(text.size(), 140U);
  EXPECT_TRUE(base::is_utf8(text));
  EXPECT_NE(text.find("..."), text.npos);
  EXPECT_EQ(base::quoted("short"), "'short'");
}

TEST(Grouped, PutsCommasBetweenThousands) {
  EXPECT_EQ(base::grouped(0), "0");
  EXPECT_EQ(base::grouped(999), "999");
  EXPECT_EQ(base::grouped(1000), "1,000");
  EXPECT_EQ(base::grouped(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(SystemError, KeepsTheNumberAndTranslatesIt) {
  const std::pair<int, Errc> table[] = {{ENOENT, Errc::not_found},         {ENOTDIR, Errc::not_found},
                                        {EACCES, Errc::permission_denied}, {EPERM, Errc::permission_denied},
                                        {EISDIR, Errc::not_regular},       {ENXIO, Errc::not_regular},
                                        {ENOMEM, Errc::out_of_memory},     {EIO, Errc::io_error}};
  for (const auto& [number, code] : table) {
    const Error error = base::system_error(number, "read");
    EXPECT_EQ(error.code, code) << number;
    EXPECT_EQ(error.system_code, number);
    EXPECT_TRUE(error.message.starts_with("read: ")) << error.message;
  }
}

TEST(CatchingBadAlloc, TurnsExhaustedMemoryIntoAnError) {
  const Result<int> result = base::catching_bad_alloc([]() -> Result<int> { throw std::bad_alloc(); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::out_of_memory);
}

TEST(Result, GivesItsValueOrThrowsItsError) {
  Result<std::string> good = std::string("yes");
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, "yes");
  EXPECT_EQ(good->size(), 3U);
  EXPECT_EQ(std::move(good).value(), "yes");

  const Result<std::string> bad = Error{.code = Errc::no_match, .message = "nothing"};
  ASSERT_FALSE(bad);
  try {
    (void)bad.value();
    FAIL() << "value() of an error must throw";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code, Errc::no_match);
    EXPECT_STREQ(exception.what(), "nothing (no_match)");
  }
  EXPECT_THROW(Result<void>(Error{.code = Errc::no_match}).value(), Exception);
  EXPECT_NO_THROW(Result<void>().value());
}

}  // namespace
}  // namespace hoist
