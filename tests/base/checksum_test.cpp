// Checksums: those that everybody else computes, however the bytes come.
#include "base/checksum.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "support/bytes.hpp"
#include "support/pattern.hpp"
#include "support/xxh3.hpp"

namespace hoist::base {
namespace {

using test::bytes_of;

TEST(Checksums, AreThoseOfXxhsum) {
  EXPECT_EQ(Checksum().digits(), "99aa06d3014798d86001c324468d497f") << "of no bytes, as xxhsum -H2 prints it";
  for (const std::size_t size : {0U, 1U, 3U, 16U, 17U, 128U, 129U, 240U, 241U, 1024U, 1025U, 300'000U}) {
    const std::string text = test::pattern(size);
    Checksum whole, parts;
    whole.add(bytes_of(text));
    for (std::size_t begin = 0, part = 1; begin < size; begin += part++)
      parts.add(bytes_of(std::string_view(text).substr(begin, part)));
    EXPECT_EQ(whole.digits(), test::xxh3_128(text)) << size;
    EXPECT_EQ(parts.digits(), whole.digits()) << size;
    EXPECT_EQ(parts.digits(), whole.digits()) << "asked twice";
  }
}

struct Found {
  Mutex mutex;
  std::map<std::size_t, std::string> digits;
};

TEST(Checksums, OfManyItemsAreMadeByAnyNumberOfThreads) {
  const std::string text = test::pattern(70 << 20);
  const std::vector<std::uint64_t> sizes{0, 1, 256U << 10, (256U << 10) + 1, 1'000'000, 70U << 20, 5, 65U << 20};
  for (const std::size_t threads : {1U, 2U, 5U, 100U}) {
    Found found;
    checksum_all(
        sizes, threads,
        [&](std::size_t i, std::uint64_t begin, std::span<std::byte> into) -> Result<void> {
          EXPECT_LE(begin + into.size(), sizes[i]);
          std::memcpy(into.data(), text.data() + begin, into.size());
          return {};
        },
        [&](std::size_t i, const Result<std::string>& digits) {
          const MutexLock lock(found.mutex);
          EXPECT_TRUE(found.digits.emplace(i, digits.value()).second);
          return true;
        });
    ASSERT_EQ(found.digits.size(), sizes.size());
    for (const auto& [i, digits] : found.digits)
      EXPECT_EQ(digits, test::xxh3_128(std::string_view(text).substr(0, sizes[i]))) << sizes[i];
  }
}

TEST(Checksums, OfItemsThatCanNotBeReadAreErrorsAndEndTheOthersWhereAsked) {
  const std::vector<std::uint64_t> sizes(10, 4);
  for (const bool goes_on : {true, false}) {
    std::set<std::size_t> good, bad;
    checksum_all(
        sizes, 1,
        [](std::size_t i, std::uint64_t, std::span<std::byte>) -> Result<void> {
          if (i == 3) return Error{.code = Errc::io_error, .message = "the fourth"};
          return {};
        },
        [&](std::size_t i, const Result<std::string>& digits) {
          (digits ? good : bad).insert(i);
          return goes_on || static_cast<bool>(digits);
        });
    EXPECT_EQ(bad, std::set<std::size_t>{3});
    EXPECT_EQ(good.size(), goes_on ? 9U : 3U);
  }
}

TEST(Checksums, PassOnWhatIsThrownOnAnyThread) {
  const std::vector<std::uint64_t> sizes(100, 1);
  EXPECT_THROW(checksum_all(
                   sizes, 4,
                   [](std::size_t i, std::uint64_t, std::span<std::byte>) -> Result<void> {
                     if (i == 50) throw std::bad_alloc();
                     return {};
                   },
                   [](std::size_t, const Result<std::string>&) { return true; }),
               std::bad_alloc);
}

}  // namespace
}  // namespace hoist::base
