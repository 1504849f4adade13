// Reads past the page cache, and what is known of the cache.
#include "io/direct.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "io/page_cache.hpp"
#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/pattern.hpp"
#include "support/temporary_directory.hpp"

namespace hoist::io {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::Fault;
using test::Succeeds;

constexpr std::uint64_t page = 4096;

// A file of several bounces that is not in the cache; skipped where the system can't do without it.
class PastTheCache : public testing::Test {
 protected:
  void SetUp() override {
    path_ = directory_.write("file", text_);
    file_ = Descriptor::open(path_).value();
    drop();
    if (cached_pages(*file_, 0, text_.size()) != 0U) GTEST_SKIP() << "this file system keeps what it is told to drop";
    auto direct = open_direct(*file_);
    if (!direct) GTEST_SKIP() << "no direct reads here: " << direct.error().to_string();
    direct_ = std::move(direct).value();
  }
  void drop() const {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    fsync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
  Result<Direct> read(std::uint64_t offset, const std::vector<std::size_t>& sizes, const std::stop_token& stop = {}) {
    parts_.clear();
    for (const std::size_t size : sizes)
      parts_.emplace_back(size, '?');
    std::vector<Target> targets;
    for (std::string& part : parts_)
      targets.push_back({reinterpret_cast<std::byte*>(part.data()), part.size()});
    return read_direct(*direct_, offset, targets, bounce_, stop);
  }
  void expect_in_place(std::uint64_t offset) const {
    for (const std::string& part : parts_) {
      ASSERT_EQ(part, text_.substr(offset, part.size()));
      offset += part.size();
    }
  }

  test::TemporaryDirectory directory_;
  std::string text_ = test::pattern(2 * Bounce::size + 5000);
  std::filesystem::path path_;
  std::optional<Descriptor> file_;
  std::optional<Descriptor> direct_;
  Bounce bounce_;
  std::vector<std::string> parts_;
};

TEST_F(PastTheCache, ReadsFromAnyOffsetToTheLastByteAndLeavesTheCacheAlone) {
  for (const std::uint64_t offset : {0U, 1U, 4095U, 4096U, 4097U, 5'000'000U}) {
    ASSERT_THAT(read(offset, {1, 5000, 4096}), Succeeds());
    expect_in_place(offset);
  }
  ASSERT_THAT(read(3, {text_.size() - 3}), Succeeds());
  expect_in_place(3);
  EXPECT_EQ(cached_pages(*file_, 0, text_.size()), 0U);
}

TEST_F(PastTheCache, GoesOnAtTheLastBlockOfAShortReadAndTriesInterruptedOnesAgain) {
  {
    const FailingCall pread(Call::pread, {.first = 1, .at_most = 3 * page});
    ASSERT_THAT(read(100, {50'000, 20'000}), Succeeds());
    expect_in_place(100);
    EXPECT_GT(pread.calls(), 5U);
  }
  const FailingCall pread(Call::pread, {.first = 1, .count = 3, .error = EINTR});
  ASSERT_THAT(read(100, {50'000}), Succeeds());
  expect_in_place(100);
}

// Memory in which a target lies as in the file, in whole blocks, with a block before and one behind.
class InPlace {
 public:
  InPlace(std::uint64_t offset, std::uint64_t bytes)
      : lead_(page + offset % page),
        bytes_(bytes),
        size_(lead_ + bytes + page + page - (offset + bytes) % page),
        memory_(static_cast<char*>(std::aligned_alloc(page, (size_ + page - 1) / page * page)), std::free) {
    std::memset(memory_.get(), '?', size_);
  }
  Target target() const { return {reinterpret_cast<std::byte*>(memory_.get()) + lead_, bytes_}; }
  std::string contents() const { return {memory_.get() + lead_, bytes_}; }
  // How many bytes before and behind the target are as they were, as far as there are that many.
  bool kept(std::uint64_t margin) const {
    const auto is_mark = [](char c) { return c == '?'; };
    const char *const begin = memory_.get(), *const end = begin + lead_ + bytes_;
    return std::all_of(begin, begin + lead_ - margin, is_mark) && std::all_of(end + margin, begin + size_, is_mark);
  }

 private:
  std::size_t lead_, bytes_, size_;
  std::unique_ptr<char, void (*)(void*)> memory_;
};

TEST_F(PastTheCache, ReadsToItsPlaceWhatLiesInMemoryAsInTheFile) {
  for (const std::uint64_t offset : {0U, 1U, 4095U, 4096U, 5000U}) {
    for (const std::uint64_t bytes : {std::uint64_t{1}, page - 1, page, 2 * page + 7, text_.size() - offset}) {
      for (const Around around : {Around::kept, Around::overwritten}) {
        const InPlace memory(offset, bytes);
        const Target target = memory.target();
        ASSERT_THAT(read_direct(*direct_, offset, {&target, 1}, bounce_, {}, around), Succeeds());
        ASSERT_EQ(memory.contents(), text_.substr(offset, bytes)) << offset << ' ' << bytes;
        ASSERT_TRUE(memory.kept(around == Around::kept ? 0 : page - 1)) << offset << ' ' << bytes;
      }
    }
  }
}

TEST_F(PastTheCache, GoesOnToItsPlaceAfterShortAndInterruptedReads) {
  for (const Around around : {Around::kept, Around::overwritten}) {
    const Call call = around == Around::kept ? Call::preadv : Call::pread;  // with the ends in the bounce, or without
    for (const Fault& fault : {Fault{.first = 1, .at_most = 3 * page}, Fault{.first = 1, .count = 3, .error = EINTR}}) {
      const FailingCall failing(call, fault);
      const InPlace memory(100, 50'000);
      const Target target = memory.target();
      ASSERT_THAT(read_direct(*direct_, 100, {&target, 1}, bounce_, {}, around), Succeeds());
      EXPECT_EQ(memory.contents(), text_.substr(100, 50'000));
      EXPECT_TRUE(failing.reached());
    }
  }
  const InPlace memory(text_.size() - 9000, 9001);
  const Target target = memory.target();
  EXPECT_THAT(read_direct(*direct_, text_.size() - 9000, {&target, 1}, bounce_, {}),
              FailsWith(Errc::truncated_data, "1 bytes short"));
}

TEST_F(PastTheCache, IsRefusedWhereTheSystemSaysSoAndFailsOtherwise) {
  {
    const FailingCall pread(Call::pread, test::fail_once(1, EINVAL));
    EXPECT_EQ(read(0, {10}).value(), Direct::refused);
  }
  const FailingCall pread(Call::pread, test::fail_once(1, EIO));
  const auto failed = read(5000, {10});
  ASSERT_THAT(failed, FailsWith(Errc::io_error));
  EXPECT_EQ(failed.error().offset, 4096U);
}

TEST_F(PastTheCache, SaysWhereTheFileEndsBeforeAndStopsWhereItIsAskedTo) {
  const auto beyond = read(text_.size() - 10, {11});
  ASSERT_THAT(beyond, FailsWith(Errc::truncated_data, "1 bytes short"));
  EXPECT_EQ(beyond.error().offset, text_.size());
  std::filesystem::resize_file(path_, 3 * page);
  EXPECT_THAT(read(2 * page, {page + 1}), FailsWith(Errc::truncated_data));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(read(0, {1}, stop.get_token()), FailsWith(Errc::cancelled));
}

TEST_F(PastTheCache, KnowsWhatTheCacheHolds) {
  EXPECT_FALSE(is_cached(*file_, 0, text_.size()));
  posix_fadvise(file_->get(), 0, 0, POSIX_FADV_RANDOM);  // no readahead
  std::string some(2 << 20, '?');
  ASSERT_EQ(pread(file_->get(), some.data(), some.size(), 1 << 20), static_cast<ssize_t>(some.size()));
  EXPECT_TRUE(is_cached(*file_, 1 << 20, 2 << 20));
  EXPECT_FALSE(is_cached(*file_, 0, 2 << 20));
  const std::vector<Stretch> absent = not_cached(*file_, 0, text_.size()).value();
  ASSERT_EQ(absent.size(), 2U);
  EXPECT_EQ(absent[0].offset, 0U);
  EXPECT_EQ(absent[0].bytes, 1U << 20);
  EXPECT_EQ(absent[1].offset, 3U << 20);
  EXPECT_EQ(absent[1].offset + absent[1].bytes, (text_.size() + page - 1) / page * page);
  EXPECT_TRUE(not_cached(*file_, 1 << 20, 2 << 20)->empty());
}

TEST(DirectPadding, RoundsBothEndsToBlocks) {
  EXPECT_EQ(direct_padding(0, 4096), 0U);
  EXPECT_EQ(direct_padding(1, 4095), 1U);
  EXPECT_EQ(direct_padding(4095, 2), 8190U);
  EXPECT_EQ(direct_padding(4096, 1), 4095U);
}

}  // namespace
}  // namespace hoist::io
