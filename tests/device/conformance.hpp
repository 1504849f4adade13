// What every device promises: one suite. A program that includes this instantiates it with its devices.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "device/device_access.hpp"
#include "support/matchers.hpp"
#include "support/pattern.hpp"
#include "support/required_devices.hpp"

namespace hoist::device {

using test::FailsWith;
using test::Succeeds;

struct Kind {
  const char* name;
  Result<std::shared_ptr<Backend>> (*make)();
};

inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class Conformance : public testing::TestWithParam<Kind> {
 protected:
  Buffer staging(const std::string& content) {
    Buffer buffer = device_->allocate(Memory::staging, content.size()).value();
    std::memcpy(buffer.address(), content.data(), content.size());
    return buffer;
  }
  Buffer memory(std::uint64_t bytes) { return device_->allocate(Memory::device, bytes).value(); }

  static std::byte* host(const Buffer& buffer) { return static_cast<std::byte*>(buffer.address()); }
  static std::byte* at(const Buffer& buffer, std::size_t offset) { return host(buffer) + offset; }

  // What device memory holds once everything queued so far is done.
  std::string read_back(Queue& queue, const void* address, std::uint64_t bytes) {
    const Buffer landing = device_->allocate(Memory::staging, bytes).value();
    queue.download(address, host(landing), bytes).value();
    queue.wait(queue.mark().value()).value();
    return {static_cast<const char*>(landing.address()), bytes};
  }

  void SetUp() override {
    auto made = GetParam().make();
    if (!made && made.error().code == Errc::device_unavailable && !test::cuda_is_required()) {
      GTEST_SKIP() << made.error().to_string();
    }
    ASSERT_THAT(made, Succeeds());
    device_ = std::move(made).value();
    queue_ = device_->make_queue().value();
  }

  std::shared_ptr<Backend> device_;
  std::unique_ptr<Queue> queue_;
};

TEST_P(Conformance, GivesBackWhatWasUploaded) {
  for (const std::size_t bytes : {1U, 255U, 4096U, 1'000'003U}) {
    const std::string content = test::pattern(bytes);
    const Buffer from = staging(content), to = memory(bytes);
    queue_->upload(host(from), to.address(), bytes).value();
    EXPECT_EQ(read_back(*queue_, to.address(), bytes), content);
  }
}

TEST_P(Conformance, CopiesPartsToPlacesInsideABuffer) {
  const Buffer from = staging("0123456789"), to = memory(10);
  queue_->upload(host(from), to.address(), 10).value();
  queue_->upload(at(from, 7), at(to, 1), 3).value();
  EXPECT_EQ(read_back(*queue_, to.address(), 10), "0789456789");
  EXPECT_EQ(read_back(*queue_, at(to, 2), 3), "894");
}

TEST_P(Conformance, CopiesInTheOrderOfTheCalls) {
  const Buffer first = staging("aaaa"), second = staging("bb"), landing = staging("....");
  const Buffer to = memory(4);
  queue_->upload(host(first), to.address(), 4).value();
  queue_->download(to.address(), host(landing), 4).value();
  queue_->upload(host(second), to.address(), 2).value();
  EXPECT_EQ(read_back(*queue_, to.address(), 4), "bbaa");
  EXPECT_EQ(std::memcmp(landing.address(), "aaaa", 4), 0);
}

TEST_P(Conformance, GivesMarksThatRiseFromOneAndAreReachedInOrder) {
  EXPECT_EQ(queue_->reached().value(), 0U);
  EXPECT_THAT(queue_->wait(0), Succeeds());
  for (Mark mark = 1; mark <= 5; ++mark) {
    EXPECT_EQ(queue_->mark().value(), mark);
    EXPECT_LE(queue_->reached().value(), mark);
  }
  EXPECT_THAT(queue_->wait(3), Succeeds());
  EXPECT_GE(queue_->reached().value(), 3U);
  EXPECT_THAT(queue_->wait(5), Succeeds());
  EXPECT_EQ(queue_->reached().value(), 5U);
  EXPECT_THAT(queue_->wait(1), Succeeds());
}

TEST_P(Conformance, HasDoneWhatStandsBeforeAReachedMark) {
  const std::string content(1 << 20, 'x');
  const Buffer from = staging(content), to = memory(content.size()),
               landing = staging(std::string(content.size(), '.'));
  queue_->upload(host(from), to.address(), content.size()).value();
  queue_->download(to.address(), host(landing), content.size()).value();
  const Mark mark = queue_->mark().value();
  queue_->wait(mark).value();
  EXPECT_EQ(std::memcmp(landing.address(), content.data(), content.size()), 0);
}

TEST_P(Conformance, CountsTheMarksOfEachQueueByItself) {
  const auto other = device_->make_queue().value();
  queue_->mark().value();
  queue_->mark().value();
  EXPECT_EQ(other->mark().value(), 1U);
  EXPECT_THAT(other->wait(1), Succeeds());
  EXPECT_THAT(queue_->wait(2), Succeeds());
}

TEST_P(Conformance, TakesManyMoreCopiesThanItDoesAtOnce) {
  constexpr std::size_t copies = 5000;
  std::string content;
  for (std::size_t i = 0; i < copies; ++i)
    content += static_cast<char>('a' + i % 26);
  const Buffer from = staging(content), to = memory(copies);
  for (std::size_t i = 0; i < copies; ++i)
    queue_->upload(at(from, i), at(to, i), 1).value();
  EXPECT_EQ(read_back(*queue_, to.address(), copies), content);
}

TEST_P(Conformance, WakesEveryThreadThatWaits) {
  const Buffer from = staging("abcd"), to = memory(4);
  queue_->upload(host(from), to.address(), 4).value();
  const Mark mark = queue_->mark().value();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] { EXPECT_THAT(queue_->wait(mark), Succeeds()); });
}

TEST_P(Conformance, IsUsedByManyThreadsAtOnce) {
  constexpr int threads = 4, rounds = 200;
  const Buffer from = staging("abcd"), to = memory(threads);
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < threads; ++i) {
      all.emplace_back([&, i] {
        for (int round = 0; round < rounds; ++round) {
          ASSERT_THAT(queue_->upload(at(from, static_cast<std::size_t>(i)), at(to, static_cast<std::size_t>(i)), 1),
                      Succeeds());
          ASSERT_THAT(queue_->wait(queue_->mark().value()), Succeeds());
        }
      });
    }
  }
  EXPECT_EQ(read_back(*queue_, to.address(), threads), "abcd");
}

TEST_P(Conformance, FinishesWhatIsQueuedBeforeAQueueIsGone) {
  const std::string content(3 << 20, 'q');
  const Buffer from = staging(content), to = memory(content.size());
  queue_->upload(host(from), to.address(), content.size()).value();
  queue_.reset();
  queue_ = device_->make_queue().value();
  EXPECT_EQ(read_back(*queue_, to.address(), content.size()), content);
}

TEST_P(Conformance, AlignsEveryBuffer) {
  for (const Memory kind : {Memory::device, Memory::staging}) {
    for (const std::uint64_t bytes : {1U, 3U, 257U, 70'000U, 5'000'000U}) {
      const Buffer buffer = device_->allocate(kind, bytes).value();
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.address()) % alignment_bytes, 0U) << bytes;
      EXPECT_EQ(buffer.byte_count(), bytes);
    }
  }
}

TEST_P(Conformance, MovesABufferAndFreesItOnce) {
  Buffer first = memory(10);
  void* const address = first.address();
  Buffer second = std::move(first);
  EXPECT_EQ(second.address(), address);
  second = memory(20);
  EXPECT_EQ(second.byte_count(), 20U);
  second = Buffer();
  EXPECT_EQ(second.address(), nullptr);
}

TEST_P(Conformance, RefusesMoreMemoryThanThereIs) {
  EXPECT_THAT(device_->allocate(Memory::device, 1ULL << 62), FailsWith(Errc::out_of_memory));
  EXPECT_THAT(device_->allocate(Memory::device, 100), Succeeds());
}

TEST_P(Conformance, LivesAsLongAsABufferOrAQueueOfIt) {
  const Buffer from = staging("abcd"), to = memory(4);
  const std::weak_ptr<Backend> watch = device_;
  device_.reset();
  EXPECT_THAT(queue_->upload(host(from), to.address(), 4), Succeeds());
  EXPECT_THAT(queue_->wait(queue_->mark().value()), Succeeds());
  queue_.reset();
  EXPECT_FALSE(watch.expired()) << "the buffers are still there";
}

TEST_P(Conformance, IsReadThroughItsPublicHandle) {
  const std::string content = test::pattern(20'000'003);  // more than its staging memory
  const Buffer from = staging(content), to = memory(content.size());
  queue_->upload(host(from), to.address(), content.size()).value();
  queue_->wait(queue_->mark().value()).value();
  const Device device = DeviceAccess::device(device_);
  std::string into(content.size(), '?');
  ASSERT_THAT(device.read(to.address(), std::as_writable_bytes(std::span(into))), Succeeds());
  EXPECT_EQ(into, content);
  ASSERT_THAT(device.read(at(to, 7), std::as_writable_bytes(std::span(into).first(3))), Succeeds());
  EXPECT_EQ(into.substr(0, 3), content.substr(7, 3));
  EXPECT_THAT(device.read(nullptr, {}), Succeeds());
}

TEST_P(Conformance, SaysItsNameAndItsMemory) {
  const auto info = DeviceAccess::device(device_).info();
  ASSERT_THAT(info, Succeeds());
  EXPECT_FALSE(info->name.empty());
  EXPECT_GT(info->total_bytes, 0U);
  EXPECT_GT(info->free_bytes, 0U);
  EXPECT_LE(info->free_bytes, info->total_bytes);
}

TEST_P(Conformance, LetsTheHostWriteItsMemoryWhereItSaysSo) {
  if (!device_->host_can_write()) return;
  const Buffer to = memory(4);
  std::memcpy(to.address(), "host", 4);
  EXPECT_EQ(read_back(*queue_, to.address(), 4), "host");
}

}  // namespace hoist::device
