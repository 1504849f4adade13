#include <cerrno>
#include <string>

#include "io/descriptor.hpp"
#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/pattern.hpp"
#include "support/temporary_directory.hpp"

namespace hoist::io {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::Succeeds;

class ReadExactly : public testing::Test {
 protected:
  ReadExactly() {
    path_ = directory_.write("file", text_);
    file_ = Descriptor::open(path_).value();
  }

  Result<void> read(std::uint64_t offset, std::size_t bytes, std::stop_token stop = {}) {
    into_.assign(bytes, '?');
    return read_exactly(*file_, offset, std::as_writable_bytes(std::span(into_)), std::move(stop));
  }

  test::TemporaryDirectory directory_;
  std::string text_ = test::pattern(100'000);
  std::filesystem::path path_;
  std::optional<Descriptor> file_;
  std::string into_;
};

TEST_F(ReadExactly, ReadsFromAnyOffset) {
  ASSERT_THAT(read(0, 100'000), Succeeds());
  EXPECT_EQ(into_, text_);
  ASSERT_THAT(read(99'999, 1), Succeeds());
  EXPECT_EQ(into_, text_.substr(99'999));
}

TEST_F(ReadExactly, ReadsNothingWithoutACall) {
  const FailingCall pread(Call::pread, test::fail_from(1, EIO));
  EXPECT_THAT(read(200'000, 0), Succeeds());
}

TEST_F(ReadExactly, GoesOnAfterAShortRead) {
  const FailingCall pread(Call::pread, {.first = 1, .at_most = 777});
  ASSERT_THAT(read(1000, 90'000), Succeeds());
  EXPECT_EQ(into_, text_.substr(1000, 90'000));
  EXPECT_EQ(pread.calls(), 90'000U / 777 + 1);
}

TEST_F(ReadExactly, TriesAgainWhereASignalInterrupts) {
  const FailingCall pread(Call::pread, {.first = 1, .count = 5, .error = EINTR});
  ASSERT_THAT(read(5, 5000), Succeeds());
  EXPECT_EQ(into_, text_.substr(5, 5000));
  EXPECT_EQ(pread.calls(), 6U);
}

TEST_F(ReadExactly, SaysWhereTheFileEndsBefore) {
  ASSERT_THAT(read(99'000, 1000), Succeeds());
  const auto result = read(99'000, 1001);
  ASSERT_THAT(result, FailsWith(Errc::truncated_data, "1 bytes short"));
  EXPECT_EQ(result.error().offset, 100'000U);
  const auto beyond = read(150'000, 10);
  ASSERT_THAT(beyond, FailsWith(Errc::truncated_data));
  EXPECT_EQ(beyond.error().offset, 150'000U);
}

TEST_F(ReadExactly, SaysWhereTheFileEndsSinceItWasCut) {
  std::filesystem::resize_file(path_, 50'000);
  const auto result = read(0, 100'000);
  ASSERT_THAT(result, FailsWith(Errc::truncated_data, "50,000 bytes short"));
  EXPECT_EQ(result.error().offset, 50'000U);
}

TEST_F(ReadExactly, KeepsTheErrnoAndTheOffsetOfAFailedRead) {
  const FailingCall pread(Call::pread, test::fail_from(1, EIO));
  const auto result = read(4096, 3000);
  ASSERT_THAT(result, FailsWith(Errc::io_error, "3,000 bytes"));
  EXPECT_EQ(result.error().system_code, EIO);
  EXPECT_EQ(result.error().offset, 4096U);
  EXPECT_EQ(pread.calls(), 1U) << "only an interrupted read is tried again";
}

TEST_F(ReadExactly, StopsWhereItIsAskedTo) {
  std::stop_source stop;
  EXPECT_THAT(read(0, 10, stop.get_token()), Succeeds());
  // a stop that comes while a long read is at work
  const FailingCall pread(Call::pread, {.first = 2, .at_most = 100, .before = [&] { stop.request_stop(); }});
  ASSERT_THAT(read(0, 10, stop.get_token()), Succeeds());
  EXPECT_EQ(pread.calls(), 1U);
  const auto result = read(10, 1000, stop.get_token());
  ASSERT_THAT(result, FailsWith(Errc::cancelled));
  EXPECT_EQ(result.error().offset, 110U);
  EXPECT_EQ(pread.calls(), 2U);
}

}  // namespace
}  // namespace hoist::io
