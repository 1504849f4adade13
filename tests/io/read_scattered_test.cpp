// Bytes that follow each other in a file, read into places apart.
#include <gtest/gtest.h>

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

class ReadScattered : public testing::Test {
 protected:
  ReadScattered() { file_ = Descriptor::open(directory_.write("file", text_)).value(); }

  // Stretches of the given sizes, every third one skipped; the places stand in reverse.
  Result<void> read(std::uint64_t offset, const std::vector<std::size_t>& sizes, const std::stop_token& stop = {}) {
    std::vector<Target> targets;
    parts_.assign(sizes.size(), "");
    for (std::size_t i = sizes.size(); i-- > 0;)
      parts_[i].assign(sizes[i], '?');
    for (std::size_t i = 0; i < sizes.size(); ++i)
      targets.push_back({skipped(i) ? nullptr : reinterpret_cast<std::byte*>(parts_[i].data()), sizes[i]});
    return read_scattered(*file_, offset, targets, stop);
  }
  void expect_in_place(std::uint64_t offset) const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!skipped(i)) {
        ASSERT_EQ(parts_[i], text_.substr(offset, parts_[i].size())) << i;
      }
      offset += parts_[i].size();
    }
  }
  static bool skipped(std::size_t i) { return i % 3 == 1; }

  test::TemporaryDirectory directory_;
  std::string text_ = test::pattern(100'000);
  std::optional<Descriptor> file_;
  std::vector<std::string> parts_;
};

TEST_F(ReadScattered, PutsEachStretchInItsPlaceAndTheGapsNowhere) {
  ASSERT_THAT(read(11, {100, 4096, 1, 20'000, 7, 0, 3}), Succeeds());
  expect_in_place(11);
}

TEST_F(ReadScattered, TakesManyMoreStretchesThanOneCallDoes) {
  ASSERT_THAT(read(5, std::vector<std::size_t>(3000, 33)), Succeeds());
  expect_in_place(5);
}

TEST_F(ReadScattered, GoesOnAfterAShortReadWhereverItEnds) {
  for (const std::uint64_t at_most : {1U, 99U, 100U, 101U, 777U}) {
    const FailingCall preadv(Call::preadv, {.first = 1, .at_most = at_most});
    ASSERT_THAT(read(9, {100, 50, 500, 300, 1, 2, 40}), Succeeds());
    expect_in_place(9);
  }
}

TEST_F(ReadScattered, TriesAgainWhereASignalInterrupts) {
  const FailingCall preadv(Call::preadv, {.first = 1, .count = 5, .error = EINTR});
  ASSERT_THAT(read(9, {100, 50, 500}), Succeeds());
  expect_in_place(9);
  EXPECT_EQ(preadv.calls(), 6U);
}

TEST_F(ReadScattered, SaysWhereTheFileEndsBefore) {
  ASSERT_THAT(read(99'000, {500, 100, 400}), Succeeds());
  const auto result = read(99'000, {500, 100, 401});
  ASSERT_THAT(result, FailsWith(Errc::truncated_data, "1 bytes short"));
  EXPECT_EQ(result.error().offset, 100'000U);
}

TEST_F(ReadScattered, KeepsTheErrnoAndTheOffsetOfAFailedRead) {
  const FailingCall preadv(Call::preadv, test::fail_from(1, EIO));
  const auto result = read(4096, {1000, 2000});
  ASSERT_THAT(result, FailsWith(Errc::io_error, "3,000 bytes"));
  EXPECT_EQ(result.error().system_code, EIO);
  EXPECT_EQ(result.error().offset, 4096U);
}

TEST_F(ReadScattered, StopsWhereItIsAskedTo) {
  std::stop_source stop;
  const FailingCall preadv(Call::preadv, {.first = 1, .at_most = 100, .before = [&] { stop.request_stop(); }});
  const auto result = read(10, {70, 80, 90}, stop.get_token());
  ASSERT_THAT(result, FailsWith(Errc::cancelled));
  EXPECT_EQ(result.error().offset, 110U);
  EXPECT_EQ(preadv.calls(), 1U);
}

}  // namespace
}  // namespace hoist::io
