// Bytes that come from the caller's own Source, and its errors.
#include <gtest/gtest.h>

#include <atomic>

#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

// Fails from a given read on.
class BreakingSource : public test::StringSource {
 public:
  BreakingSource(std::string bytes, int good_reads)
      : StringSource(std::move(bytes), "s3://bucket/key"), good_reads_(good_reads) {}

  Result<void> read_at(std::uint64_t offset, std::span<std::byte> into, std::stop_token stop) const noexcept override {
    if (reads_++ < good_reads_) return StringSource::read_at(offset, into, stop);
    return Error{.code = Errc::io_error, .message = "503 slow down", .offset = offset, .system_code = 503};
  }

 private:
  int good_reads_;
  mutable std::atomic<int> reads_ = 0;
};

std::string file() { return FileBuilder().add("a", DType::U8, {8}).add("w", DType::U8, {4, 4}).file(); }

TEST(ASource, GivesTheSameBytesAsAFileAndItsOwnName) {
  const auto archive = Archive::from_source(std::make_shared<test::StringSource>(file(), "s3://bucket/key"));
  ASSERT_THAT(archive, Succeeds());
  EXPECT_EQ(archive->file(), "s3://bucket/key");
  EXPECT_EQ(archive->file_bytes(), file().size());
  EXPECT_FALSE(archive->mapped());
  EXPECT_EQ(*test::read(*archive->at("w")), file().substr(file().size() - 16));
}

TEST(ASource, PassesItsErrorsThroughWithFileAndTensor) {
  int good_reads = 0;  // as many as it takes to open
  Result<Archive> archive = Archive::from_source(std::make_shared<BreakingSource>(file(), 0));
  for (; !archive; archive = Archive::from_source(std::make_shared<BreakingSource>(file(), ++good_reads))) {
    ASSERT_LT(good_reads, 10);
    ASSERT_THAT(archive, FailsWith(Errc::io_error, "503 slow down"));
    EXPECT_EQ(archive.error().file, "s3://bucket/key");
  }
  EXPECT_GT(good_reads, 0);
  for (const auto& view : {archive->at("w").value(), archive->at("w")->slice({{}, {.stop = 1}}).value()}) {
    const auto read = test::read(view);
    ASSERT_THAT(read, FailsWith(Errc::io_error, "503 slow down"));
    EXPECT_EQ(read.error().file, "s3://bucket/key");
    EXPECT_EQ(read.error().tensor, "w");
    EXPECT_EQ(read.error().system_code, 503);
    EXPECT_TRUE(read.error().offset);
  }
}

TEST(ASource, GetsTheStopTokenOfTheCopy) {
  const auto archive = Archive::from_source(std::make_shared<test::StringSource>(file()));
  std::stop_source stop;
  EXPECT_THAT(test::read(*archive->at("w"), {.stop = stop.get_token()}), Succeeds());
  stop.request_stop();
  EXPECT_THAT(test::read(*archive->at("w"), {.stop = stop.get_token()}), FailsWith(Errc::cancelled, "stopped"));
}

TEST(ASource, OfTooFewBytesIsRefusedLikeAFile) {
  const std::string whole = file();
  EXPECT_THAT(Archive::from_source(std::make_shared<test::StringSource>("")), FailsWith(Errc::header_too_small));
  EXPECT_THAT(Archive::from_source(std::make_shared<test::StringSource>(whole.substr(0, whole.size() - 1))),
              FailsWith(Errc::truncated_data));
}

}  // namespace
}  // namespace hoist
