// Loads and the page cache: past it, by way of it, and leaving it as it was.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "hoist/loader.hpp"
#include "io/page_cache.hpp"
#include "support/failing_calls.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FileBuilder;
using test::Succeeds;

constexpr std::uint64_t MiB = 1 << 20;

// A file on disk of which nothing is in the cache.
class LoadsByWayOfTheCache : public testing::Test {
 protected:
  void SetUp() override {
    FileBuilder file;
    file.add("first", DType::U8, {5 * MiB + 3});
    for (std::uint64_t i = 0; i < 50; ++i)
      file.add("small." + std::to_string(i), DType::U8, {100 * i});
    path_ = directory_.write("m.safetensors", file.add("last", DType::U8, {6, MiB}).file());
    const int fd = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    fsync(fd);
    close(fd);
    file_ = io::Descriptor::open(path_).value();
    posix_fadvise(file_->get(), 0, 0, POSIX_FADV_DONTNEED);
    if (cached() != 0U) GTEST_SKIP() << "this file system keeps what it is told to drop";
  }

  std::uint64_t cached() const { return io::cached_pages(*file_, 0, file_->opened_size()).value_or(UINT64_MAX); }

  // Loads everything, and gives the report.
  LoadReport load(LoadOptions options) {
    const Checkpoint checkpoint = Checkpoint::open(path_, {.access = Access::read}).value();
    posix_fadvise(file_->get(), 0, MiB, POSIX_FADV_DONTNEED);  // the header's pages
    Plan plan(checkpoint);
    plan.select("**").value();
    LoadReport report;
    {
      Transfer transfer = loader_.start(plan, options).value();
      EXPECT_THAT(transfer.wait(), Succeeds());
      report = transfer.report();
      EXPECT_EQ(report.moved.bytes_read, plan.estimate().bytes_read);
      padding_ = plan.estimate().padding_bytes;
      loaded_.clear();
      for (const DeviceTensor& tensor : transfer.tensors())
        loaded_.emplace_back(static_cast<const char*>(tensor.data), tensor.byte_count);
    }
    cached_afterwards_ = cached();  // before the comparison brings everything in
    middle_afterwards_ = io::cached_pages(*file_, 7 * MiB, 2 * MiB).value();
    std::size_t i = 0;
    for (const TensorView& tensor : plan_order(plan))
      EXPECT_EQ(loaded_[i++], test::read(tensor).value()) << tensor.name();
    return report;
  }
  static std::vector<TensorView> plan_order(const Plan& plan) {
    std::vector<TensorView> views;
    for (const Planned& tensor : plan.tensors())
      views.push_back(tensor.view);
    return views;
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path path_;
  std::optional<io::Descriptor> file_;
  Loader loader_ = Loader::create(Device::host().value(), {.staging_bytes = 8 * MiB, .threads = 2}).value();
  std::vector<std::string> loaded_;
  std::uint64_t cached_afterwards_ = 0;
  std::uint64_t middle_afterwards_ = 0;  // of 7 to 9 MiB
  std::uint64_t padding_ = 0;
};

TEST_F(LoadsByWayOfTheCache, PassItWhenAskedToAndCountTheBlocks) {
  for (const Staging staging : {Staging::automatic, Staging::always}) {
    posix_fadvise(file_->get(), 0, 0, POSIX_FADV_DONTNEED);
    const LoadReport report = load({.staging = staging, .cache = Cache::bypass});
    if (!report.warnings.empty()) GTEST_SKIP() << report.warnings.front().to_string();
    EXPECT_LT(cached_afterwards_, 300U) << "no more than the header and what the kernel read with it";
    EXPECT_EQ(report.moved.padding_bytes, padding_);
  }
}

TEST_F(LoadsByWayOfTheCache, FillItOtherwise) {
  EXPECT_EQ(load({.cache = Cache::keep}).moved.padding_bytes, 0U);
  EXPECT_EQ(cached_afterwards_, (file_->opened_size() + 4095) / 4096);
}

TEST_F(LoadsByWayOfTheCache, ReadFromItWhatItHoldsEvenWhenItIsToBePassed) {
  (void)load({.cache = Cache::keep});
  EXPECT_LE(load({.cache = Cache::bypass}).moved.padding_bytes, 4096U)
      << "of the piece whose pages went with the header";
  EXPECT_GT(padding_, 4096U);
}

TEST_F(LoadsByWayOfTheCache, GoOnThroughItWhereDirectReadsAreRefused) {
  {
    const FailingCall open(Call::open, test::fail_from(2, EINVAL));
    const LoadReport report = load({.cache = Cache::bypass});
    ASSERT_EQ(report.warnings.size(), 1U);
    EXPECT_EQ(report.warnings[0].file, path_.native());
  }
  posix_fadvise(file_->get(), 0, 0, POSIX_FADV_DONTNEED);
  const LoadReport report = load({.cache = Cache::bypass});
  if (report.moved.padding_bytes == 0) GTEST_SKIP() << "no direct reads here";
  posix_fadvise(file_->get(), 0, 0, POSIX_FADV_DONTNEED);
  const Checkpoint checkpoint = Checkpoint::open(path_, {.access = Access::read}).value();
  Plan plan(checkpoint);
  plan.select("last").value();
  const FailingCall pread(Call::pread, test::fail_once(1, EINVAL));
  Transfer transfer = loader_.start(plan, {.cache = Cache::bypass}).value();
  EXPECT_THAT(transfer.wait(), Succeeds());
  ASSERT_EQ(transfer.report().warnings.size(), 1U);
  EXPECT_EQ(transfer.report().warnings[0].system_code, EINVAL);
}

TEST_F(LoadsByWayOfTheCache, LeaveItAsTheyFoundItWhenAskedTo) {
  posix_fadvise(file_->get(), 0, 0, POSIX_FADV_RANDOM);
  std::string some(2 * MiB, '?');
  ASSERT_EQ(pread(file_->get(), some.data(), some.size(), 7 * MiB), static_cast<ssize_t>(some.size()));
  (void)load({.evict_after = true});
  EXPECT_EQ(middle_afterwards_, 512U) << "it was there before";
  EXPECT_LT(cached_afterwards_, 512U + 300U);
}

}  // namespace
}  // namespace hoist
