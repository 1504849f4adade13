// How copies are read: what they count, and how they stop.
#include <gtest/gtest.h>

#include <cerrno>

#include "support/failing_calls.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

constexpr Access accesses[] = {Access::mmap, Access::read};

// 5 MiB in rows of 4 KiB: enough for several threads, and for several reads of a column.
class Copy : public testing::TestWithParam<Access> {
 protected:
  static constexpr std::uint64_t rows = 1280, row = 4096;

  Copy() : archive_(Archive::open(path_, {.access = GetParam()}).value()) {}

  TensorView whole() const { return archive_.at("w").value(); }
  TensorView columns(std::uint64_t begin, std::uint64_t end) const {
    return whole().slice({{}, {.start = begin, .stop = end}}).value();
  }
  std::string w() const { return builder_.data().substr(0, rows * row); }
  std::string expected(std::uint64_t begin, std::uint64_t end) const {
    std::string bytes;
    for (std::uint64_t i = 0; i < rows; ++i)
      bytes += builder_.data().substr(i * row + begin, end - begin);
    return bytes;
  }

  test::TemporaryDirectory directory_;
  FileBuilder builder_ = FileBuilder().add("w", DType::U8, {rows, row}).add("narrow", DType::U8, {4096, 1024});
  std::filesystem::path path_ = directory_.write("w.safetensors", builder_.file());
  Archive archive_;
};

TEST_P(Copy, GivesTheSameBytesByAnyNumberOfThreads) {
  for (const unsigned threads : {0U, 1U, 2U, 3U, 64U}) {
    std::uint64_t bytes_read = 0;
    EXPECT_EQ(*test::read(whole(), {.threads = threads, .bytes_read = &bytes_read}), w()) << threads;
    EXPECT_EQ(bytes_read, rows * row);
    EXPECT_EQ(*test::read(columns(7, 4000), {.threads = threads}), expected(7, 4000)) << threads;
  }
}

TEST_P(Copy, OfAPartReadsNoMoreThanThat) {
  for (const std::uint64_t parts : {2U, 4U, 8U, 512U}) {
    for (const std::uint64_t part : {std::uint64_t{0}, parts / 2, parts - 1}) {
      std::uint64_t bytes_read = 0;
      const std::uint64_t begin = part * (row / parts), end = begin + row / parts;
      ASSERT_EQ(*test::read(columns(begin, end), {.bytes_read = &bytes_read}), expected(begin, end));
      EXPECT_EQ(bytes_read, rows * (row / parts));
    }
  }
}

TEST_P(Copy, OfRunsThatStandCloseReadsOverTheGaps) {
  const TensorView view = archive_.at("narrow")->slice({{}, {.start = 5, .stop = 9}}).value();
  std::uint64_t bytes_read = 0;
  const FailingCall reads(Call::pread);
  ASSERT_EQ(test::read(view, {.bytes_read = &bytes_read})->size(), 4096U * 4);
  EXPECT_GT(bytes_read, 4000U * 1024);
  EXPECT_LE(bytes_read, 4095U * 1024 + 4) << "nothing before the first run or behind the last";
  EXPECT_LE(reads.calls(), 20U) << "for 4,096 runs";
}

TEST_P(Copy, DoesNotReadOverALongGap) {
  const TensorView view = archive_.at("w")->slice({{.step = 4}, {.stop = 512}}).value();
  std::uint64_t bytes_read = 0;
  ASSERT_THAT(test::read(view, {.bytes_read = &bytes_read}), Succeeds());
  EXPECT_EQ(bytes_read, rows / 4 * 512);
}

TEST_P(Copy, StopsBeforeItBeginsAndInTheMiddle) {
  std::stop_source stop;
  {
    const FailingCall second(Call::pread, {.first = 1, .count = 1, .before = [&] { stop.request_stop(); }});
    const auto copied = test::read(columns(0, 1024), {.stop = stop.get_token()});
    ASSERT_THAT(copied, FailsWith(Errc::cancelled));
    EXPECT_EQ(copied.error().tensor, "w");
    EXPECT_EQ(copied.error().file, path_.native());
    EXPECT_EQ(second.calls(), 1U);
  }
  for (const unsigned threads : {1U, 4U}) {
    const FailingCall reads(Call::pread);
    EXPECT_THAT(test::read(whole(), {.threads = threads, .stop = stop.get_token()}), FailsWith(Errc::cancelled));
    EXPECT_THAT(test::read(columns(0, 9), {.threads = threads, .stop = stop.get_token()}), FailsWith(Errc::cancelled));
    EXPECT_EQ(reads.calls(), 0U);
  }
}

TEST_P(Copy, GetsThroughShortAndInterruptedReads) {
  const FailingCall reads(Call::pread, {.first = 1, .at_most = 100'001});
  EXPECT_EQ(*test::read(whole(), {.threads = 2}), w());
  EXPECT_EQ(*test::read(columns(5, 1000)), expected(5, 1000));
}

TEST_P(Copy, ReportsAReadThatFailsOnAnyThread) {
  for (std::uint64_t number = 1; number <= 4; ++number) {
    const FailingCall reads(Call::pread, test::fail_once(number, EIO));
    const auto copied = test::read(whole(), {.threads = 4});
    ASSERT_THAT(copied, FailsWith(Errc::io_error));
    EXPECT_EQ(copied.error().system_code, EIO);
    EXPECT_TRUE(copied.error().offset);
  }
  EXPECT_EQ(*test::read(whole(), {.threads = 4}), w());
}

TEST_P(Copy, ReportsAFileThatCannotBeLookedAtAfterwards) {
  const FailingCall fstat(Call::fstat, test::fail_from(1, EIO));
  EXPECT_THAT(test::read(whole()), FailsWith(Errc::io_error, "fstat"));
  EXPECT_THAT(test::read(columns(0, 9)), FailsWith(Errc::io_error, "fstat"));
}

INSTANTIATE_TEST_SUITE_P(OfAFile, Copy, testing::ValuesIn(accesses),
                         [](const auto& info) { return info.param == Access::mmap ? "Mapped" : "Read"; });

TEST(CopyOfMemory, StopsWhenItIsAskedTo) {
  const auto archive = test::open_bytes(FileBuilder().add("w", DType::U8, {64, 64}).file());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(test::read(*archive->at("w"), {.stop = stop.get_token()}), FailsWith(Errc::cancelled));
  EXPECT_THAT(test::read(*archive->at("w")->slice({{}, {.stop = 1}}), {.stop = stop.get_token()}),
              FailsWith(Errc::cancelled));
}

}  // namespace
}  // namespace hoist
