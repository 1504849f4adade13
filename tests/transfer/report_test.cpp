// What a load tells about itself: times, progress, a trace.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "hoist/loader.hpp"
#include "support/deferred_device.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

using namespace std::chrono_literals;
using test::DeferredDevice;
using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

constexpr std::uint64_t MiB = 1 << 20;
constexpr LoaderOptions small_ring{.staging_bytes = 8 * MiB, .threads = 2};

const std::string& file() {
  static const std::string bytes =
      FileBuilder().add("first \"one\"", DType::U8, {100}).add("large", DType::U8, {13 * MiB}).file();
  return bytes;
}

Plan plan_of(std::shared_ptr<const Source> source) {
  Plan plan(Checkpoint::of(Archive::from_source(std::move(source)).value()));
  plan.select("**").value();
  return plan;
}

Plan plan() { return plan_of(std::make_shared<test::StringSource>(file())); }

class Reports : public testing::TestWithParam<Staging> {
 protected:
  Loader loader_ = Loader::create(Device::host().value(), small_ring).value();
};

TEST_P(Reports, TellTheTimesOfALoad) {
  Transfer transfer = loader_.start(plan(), {.staging = GetParam()}).value();
  ASSERT_THAT(transfer.wait(), Succeeds());
  const LoadReport report = transfer.report();
  EXPECT_GT(report.first_tensor, 0ns);
  EXPECT_LE(report.first_tensor, report.total);
  EXPECT_GT(report.reading, 0ns);
  EXPECT_EQ(report.copies, GetParam() == Staging::always ? 4U : 0U) << "one for each slot that was filled";
  EXPECT_EQ(report.moved.bytes, 100 + 13 * MiB);
}

TEST_P(Reports, TellProgressFromOneThreadUntilEverythingIsThere) {
  std::vector<Progress> told;
  std::thread::id thread;
  bool one_thread = true;
  {
    Transfer transfer = loader_
                            .start(plan(), {.staging = GetParam(),
                                            .on_progress =
                                                [&](const Progress& progress) {
                                                  if (told.empty()) thread = std::this_thread::get_id();
                                                  one_thread &= thread == std::this_thread::get_id();
                                                  told.push_back(progress);
                                                }})
                            .value();
    ASSERT_THAT(std::move(transfer).take(), Succeeds());
  }
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(one_thread);
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(told.back().stage, Stage::finish);
  for (std::size_t i = 1; i < told.size(); ++i)
    EXPECT_LE(told[i - 1].bytes_done, told[i].bytes_done);
  EXPECT_EQ(told.back().bytes_done, 100 + 13 * MiB);
  EXPECT_EQ(told.back().bytes_total, 100 + 13 * MiB);
}

TEST_P(Reports, TellProgressWhileALoadIsHeldUpAndNothingMoreOnceItIsCancelled) {
  const auto source = std::make_shared<test::HeldSource>(file());
  const Plan what = plan_of(source);
  source->held = true;
  std::atomic<int> told = 0;
  std::atomic<bool> finished = false;
  std::stop_source stop;
  {
    Transfer transfer = loader_
                            .start(what, {.staging = GetParam(),
                                          .stop = stop.get_token(),
                                          .on_progress =
                                              [&](const Progress& progress) {
                                                ++told;
                                                finished = finished || progress.stage == Stage::finish;
                                              }})
                            .value();
    while (told < 2)
      std::this_thread::sleep_for(1ms);
    stop.request_stop();
    EXPECT_THAT(transfer.wait(), FailsWith(Errc::cancelled));
  }
  EXPECT_FALSE(finished);
}

TEST_P(Reports, WriteATraceWithALaneForEachReaderSlotAndQueue) {
  const test::TemporaryDirectory directory;
  Transfer transfer = loader_.start(plan(), {.staging = GetParam(), .trace = true}).value();
  ASSERT_THAT(transfer.wait(), Succeeds());
  const auto path = directory.path() / "trace.json";
  ASSERT_THAT(transfer.write_trace(path), Succeeds());
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const auto count = [&](const std::string& word) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.str().find(word, at)) != std::string::npos; at += word.size())
      ++found;
    return found;
  };
  const std::size_t staged = GetParam() == Staging::always ? 4 : 0;
  EXPECT_EQ(count(R"("name":"read","ph":"X")"), 4U);
  EXPECT_EQ(count(R"("name":"copy","ph":"X")"), staged);
  EXPECT_EQ(count(R"("name":"filled and copied","ph":"X")"), staged);
  EXPECT_EQ(count(R"("name":"queue")"), staged / 4);
  EXPECT_GE(count(R"("name":"reader )"), 1U);
  EXPECT_GE(count(R"(first \"one\")"), 1U) << text.str();
  EXPECT_THAT(transfer.write_trace(directory.path() / "none" / "trace.json"), FailsWith(Errc::not_found));
}

INSTANTIATE_TEST_SUITE_P(Ways, Reports, testing::Values(Staging::automatic, Staging::always), [](const auto& info) {
  return info.param == Staging::always ? "ThroughTheRing" : "Directly";
});

TEST(ReportsOfASlowDevice, SayThatTheLastCopiesAreOnTheirWay) {
  const auto device = std::make_shared<DeferredDevice>();
  Loader loader = Loader::create(device->handle(), {.staging_bytes = 32 * MiB, .threads = 2}).value();
  std::atomic<bool> copying = false, finished = false;
  Transfer transfer = loader
                          .start(plan(), {.on_progress =
                                              [&](const Progress& progress) {
                                                copying = copying || progress.stage == Stage::copy;
                                                finished = finished || progress.stage == Stage::finish;
                                              }})
                          .value();
  while (!copying)
    std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(finished);
  while (device->step()) {
  }
  ASSERT_THAT(transfer.wait(), Succeeds());
  while (!finished)
    std::this_thread::sleep_for(1ms);
}

}  // namespace
}  // namespace hoist
