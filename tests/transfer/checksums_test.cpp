// Checksums of files that are written: right however the bytes came, on disk before the file has its name, or no file.
#include "hoist/checksums.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <random>
#include <thread>

#include "hoist/sharded_writer.hpp"
#include "hoist/verify.hpp"
#include "hoist/writer.hpp"
#include "support/bytes.hpp"
#include "support/failing_calls.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/pattern.hpp"
#include "support/process_state.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"
#include "support/xxh3.hpp"
#include "transfer/passing_checksum.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::Succeeds;

using test::bytes_of;

constexpr Layout layouts[] = {Layout::aligned, Layout::reference, Layout::as_given};

class ChecksumsOfSaves : public testing::Test {
 protected:
  // Ends inside of a block, several pieces long: what goes past the page cache goes there in parts.
  static constexpr std::uint64_t large = (13U << 20) + 777;

  // That the file carries these checksums, that they are those of its bytes, and that verify_data is of the same mind.
  void expect_right(const std::map<std::string, std::string>& tensors) const {
    const Archive archive = Archive::open(path_, {.validation = Validation::strict}).value();
    const auto checksums = checksums_of(archive).value().value();
    ASSERT_EQ(checksums.size(), tensors.size());
    for (const auto& [name, bytes] : tensors) {
      EXPECT_TRUE(test::read(archive.at(name).value()).value() == bytes) << name;
      EXPECT_EQ(checksums.at(name), test::xxh3_128(bytes)) << name;
    }
    const FileVerdict verdict = verify_data(path_, {.validation = Validation::strict}).at(0);
    EXPECT_EQ(verdict.checked, tensors.size());
    EXPECT_TRUE(verdict.errors.empty());
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "m.safetensors";
};

TEST_F(ChecksumsOfSaves, AreThoseOfTheBytesInEveryLayout) {
  const std::string bytes = test::pattern(48);
  for (const Layout layout : layouts) {
    Writer writer = Writer::create(path_, {.layout = layout, .checksums = true}).value();
    writer.declare("whole", DType::F32, {3, 4}).value();
    writer.declare("", DType::U8, {1}).value();
    writer.declare("blocks \" \\ \n \xC3\xA9", DType::U16, {2, 12}).value();
    writer.declare("none", DType::F64, {0, 7}).value();
    writer.declare("one block", DType::F4, {96}).value();
    writer.declare("scalar", DType::U8, {}).value();
    writer.set_metadata("format", "pt").value();
    writer.begin().value();
    writer.write("whole", bytes_of(bytes)).value();
    writer.write("", bytes_of("x")).value();
    writer.write_block("blocks \" \\ \n \xC3\xA9", {.start = {1, 0}, .size = {1, 12}}, bytes_of(bytes.substr(24)))
        .value();
    writer.write_block("blocks \" \\ \n \xC3\xA9", {.start = {0, 0}, .size = {1, 12}}, bytes_of(bytes.substr(0, 24)))
        .value();
    writer.write_block("one block", {.start = {0}, .size = {96}}, bytes_of(bytes)).value();
    writer.write("scalar", bytes_of("s")).value();
    ASSERT_THAT(std::move(writer).commit(), Succeeds());
    expect_right({{"whole", bytes},
                  {"", "x"},
                  {"blocks \" \\ \n \xC3\xA9", bytes},
                  {"none", ""},
                  {"one block", bytes},
                  {"scalar", "s"}});
    EXPECT_EQ(Archive::open(path_)->metadata().at("format"), "pt");
  }
}

TEST_F(ChecksumsOfSaves, AreThereWithoutTensorsAndAreNotThereWhereNobodyAskedForThem) {
  for (const bool checksums : {true, false}) {
    Writer writer = Writer::create(path_, {.checksums = checksums}).value();
    writer.begin().value();
    ASSERT_THAT(std::move(writer).commit(), Succeeds());
    EXPECT_EQ(checksums_of(Archive::open(path_).value()).value().has_value(), checksums);
  }
}

TEST_F(ChecksumsOfSaves, AreNotTakenOverFromAnotherFile) {
  for (const bool checksums : {true, false}) {
    Writer writer = Writer::create(path_, {.checksums = checksums}).value();
    EXPECT_THAT(writer.set_metadata(checksums_key, "{}"), FailsWith(Errc::invalid_field, "'hoist.xxh3_128'"));
    EXPECT_THAT(writer.begin(), FailsWith(Errc::invalid_field)) << "the first failure stays";
  }
}

TEST_F(ChecksumsOfSaves, OfTensorsWrittenWholeAreMadeInPassing) {
  const std::string bytes = test::pattern(large);
  const auto from = directory_.write("from", test::FileBuilder().add("w", "U8", {large}, bytes).file());
  const Archive other = Archive::open(from, {.access = Access::read}).value();
  for (const bool durable : {true, false}) {
    for (const Layout layout : layouts) {
      Writer writer = Writer::create(path_, {.layout = layout, .durable = durable, .checksums = true}).value();
      writer.declare("odd", DType::U8, {3}).value();
      writer.declare("memory", DType::U8, {large}).value();
      writer.declare("view", DType::U8, {large}).value();
      writer.begin().value();
      writer.write("memory", bytes_of(bytes)).value();
      writer.write("view", other.at("w").value()).value();
      writer.write("odd", bytes_of("odd")).value();
      const FailingCall pread(Call::pread);
      ASSERT_THAT(std::move(writer).commit(), Succeeds());
      EXPECT_EQ(pread.calls(), 0U) << "nothing was read again";
      expect_right({{"odd", "odd"}, {"memory", bytes}, {"view", bytes}});
    }
  }
}

TEST_F(ChecksumsOfSaves, OfManyTensorsWrittenWholeAtOnceAreMadeInPassing) {
  constexpr int count = 6;
  const std::string bytes = test::pattern(large + count);
  const auto from = directory_.write("from", test::FileBuilder().add("w", "U8", {large + count}, bytes).file());
  const TensorView whole = Archive::open(from, {.access = Access::read})->at("w").value();
  Writer writer = Writer::create(path_, {.checksums = true}).value();
  std::map<std::string, std::string> expected;
  for (std::uint64_t i = 0; i < count; ++i) {
    writer.declare(std::to_string(i), DType::U8, {large}).value();
    expected[std::to_string(i)] = bytes.substr(i, large);
  }
  writer.begin().value();
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      const TensorView part = whole.slice({{.start = i, .stop = i + large}}).value();
      const std::string name = std::to_string(i);
      EXPECT_THAT(i % 2 == 0 ? writer.write(name, part) : writer.write(name, bytes_of(expected.at(name))), Succeeds());
    });
  }
  threads.clear();
  const FailingCall pread(Call::pread);
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  EXPECT_EQ(pread.calls(), 0U);
  expect_right(expected);
}

TEST_F(ChecksumsOfSaves, AreRightWhereTheSystemDoesNotWriteDirectly) {
  const std::string bytes = test::pattern(large);
  const auto save = [&]() -> Result<SaveReport> {
    auto writer = Writer::create(path_, {.layout = Layout::reference, .checksums = true});
    if (!writer) return std::move(writer).error();
    writer->declare("w", DType::U8, {large}).value();
    writer->declare("a", DType::U16, {1}).value();
    if (auto begun = writer->begin(); !begun) return std::move(begun).error();
    if (auto written = writer->write("w", bytes_of(bytes)); !written) return std::move(written).error();
    if (auto written = writer->write("a", bytes_of("ab")); !written) return std::move(written).error();
    return std::move(*writer).commit();
  };
  for (std::uint64_t number = 1; number < 8; ++number) {
    std::optional<FailingCall> pwrite(std::in_place, Call::pwrite, test::fail_once(number, EINVAL));
    const auto saved = save();
    pwrite.reset();
    if (saved) {
      expect_right({{"w", bytes}, {"a", "ab"}});
    } else {
      EXPECT_EQ(saved.error().system_code, EINVAL) << "it was one by way of the page cache";
    }
  }
  const FailingCall open(Call::open, test::fail_from(2, EINVAL));  // of the directory, then for direct writes
  ASSERT_THAT(save(), Succeeds());
}

TEST_F(ChecksumsOfSaves, OfTensorsInBlocksAreReadBack) {
  constexpr std::uint64_t side = 96, threads = 16, tensors = 3;
  std::map<std::string, std::string> expected;
  Writer writer = Writer::create(path_, {.checksums = true}).value();
  std::vector<std::pair<std::string, Block>> blocks;
  for (std::uint64_t i = 0; i < tensors; ++i) {
    const std::string name = "w" + std::to_string(i);
    expected[name] = test::pattern(side * side + i).substr(i);
    writer.declare(name, DType::U8, {side, side}).value();
    for (std::uint64_t row = 0; row < side; row += 12)
      for (std::uint64_t column = 0; column < side; column += 16)
        blocks.emplace_back(name, Block{.start = {row, column}, .size = {12, 16}});
  }
  std::ranges::shuffle(blocks, std::mt19937(1));
  writer.begin().value();
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> all;
  for (std::uint64_t i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      for (std::size_t mine = next++; mine < blocks.size(); mine = next++) {
        const auto& [name, block] = blocks[mine];
        std::string bytes;
        for (std::uint64_t row = 0; row < 12; ++row)
          bytes += expected.at(name).substr((block.start[0] + row) * side + block.start[1], 16);
        EXPECT_THAT(writer.write_block(name, block, bytes_of(bytes)), Succeeds());
      }
    });
  }
  all.clear();
  const FailingCall pread(Call::pread);
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  EXPECT_EQ(pread.calls(), tensors);
  expect_right(expected);
}

TEST_F(ChecksumsOfSaves, OfLargeTensorsInBlocksAreReadBackInParts) {
  constexpr std::uint64_t half = 3U << 20;
  const std::string bytes = test::pattern(2 * half + 5);
  for (const bool durable : {true, false}) {
    Writer writer = Writer::create(path_, {.durable = durable, .checksums = true}).value();
    writer.declare("w", DType::U8, {2 * half + 5}).value();
    writer.begin().value();
    writer.write_block("w", {.start = {half}, .size = {half + 5}}, bytes_of(bytes.substr(half))).value();
    writer.write_block("w", {.start = {0}, .size = {half}}, bytes_of(bytes.substr(0, half))).value();
    const FailingCall pread(Call::pread);
    ASSERT_THAT(std::move(writer).commit(), Succeeds());
    for (const test::Arguments& read : pread.seen())
      EXPECT_LE(read[2], 256U << 10);
    expect_right({{"w", bytes}});
  }
}

TEST_F(ChecksumsOfSaves, OfAHeaderOfSeveralPiecesAreRight) {
  std::map<std::string, std::string> expected;
  Writer writer = Writer::create(path_, {.checksums = true}).value();
  for (int i = 0; i < 30; ++i) {
    const std::string name = std::string(100'000, 'n') + std::to_string(i);
    expected[name] = std::to_string(i);
    writer.declare(name, DType::U8, {expected[name].size()}).value();
  }
  writer.begin().value();
  for (const auto& [name, bytes] : expected)
    writer.write(name, bytes_of(bytes)).value();
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  EXPECT_GT(Archive::open(path_)->header_bytes(), 5U << 20) << "more than goes to the disk in one write";
  expect_right(expected);
}

TEST_F(ChecksumsOfSaves, AreOnDiskBeforeTheFileHasItsName) {
  for (const bool durable : {true, false}) {
    Writer writer = Writer::create(path_, {.durable = durable, .checksums = true}).value();
    writer.declare("w", DType::U8, {2}).value();
    writer.declare("v", DType::U8, {2}).value();
    writer.begin().value();
    writer.write("w", bytes_of("ab")).value();
    writer.write_block("v", {.start = {1}, .size = {1}}, bytes_of("d")).value();
    writer.write_block("v", {.start = {0}, .size = {1}}, bytes_of("c")).value();
    std::string order;
    const auto note = [&order](char what) {
      return test::Fault{.first = 1, .before = [&order, what] { order += what; }};
    };
    const FailingCall read(Call::pread, note('b')), write(Call::pwrite, note('w')), sync(Call::fsync, note('s')),
        rename(Call::renameat2, note('r'));
    ASSERT_THAT(std::move(writer).commit(), Succeeds());
    EXPECT_EQ(order, durable ? "bwsrs" : "bwr") << "read back, header written, synced, named";
    EXPECT_EQ(write.seen()[0][3], 0U) << "at the begin of the file";
  }
}

TEST_F(ChecksumsOfSaves, LeaveTheOldFileOrARightOneWhicheverCallFails) {
  constexpr std::uint64_t size = (4U << 20) + 777;
  const std::size_t descriptors = test::open_descriptors();
  const std::string bytes = test::pattern(size);
  const auto from = directory_.write("from", test::FileBuilder().add("w", "U8", {size}, bytes).file());
  for (const auto& [call, error] :
       {std::pair{Call::pread, EIO}, std::pair{Call::pwrite, ENOSPC}, std::pair{Call::fcntl, EMFILE},
        std::pair{Call::fsync, EIO}, std::pair{Call::close, EIO}}) {
    for (std::uint64_t number = 1;; ++number) {
      ASSERT_LT(number, 80U) << static_cast<int>(call);
      directory_.write("m.safetensors", "old");
      const TensorView view = Archive::open(from, {.access = Access::read})->at("w").value();
      std::optional<FailingCall> failing(std::in_place, call, test::fail_once(number, error));
      const auto saved = [&]() -> Result<SaveReport> {
        auto writer = Writer::create(path_, {.checksums = true});
        if (!writer) return std::move(writer).error();
        writer->declare("view", DType::U8, {size}).value();
        writer->declare("blocks", DType::U8, {size}).value();
        if (auto begun = writer->begin(); !begun) return std::move(begun).error();
        if (auto written = writer->write("view", view); !written) return std::move(written).error();
        for (const std::uint64_t start : {std::uint64_t{5}, std::uint64_t{0}}) {
          const std::uint64_t count = start == 0 ? 5 : size - 5;
          const auto part = std::string_view(bytes).substr(start, count);
          auto written = writer->write_block("blocks", {.start = {start}, .size = {count}}, bytes_of(part));
          if (!written) return std::move(written).error();
        }
        return std::move(*writer).commit();
      }();
      const bool failed = failing->reached();
      failing.reset();
      EXPECT_EQ(directory_.entry_count(), 2U) << static_cast<int>(call) << " " << number;
      if (saved) {
        expect_right({{"view", bytes}, {"blocks", bytes}});
      } else {
        ASSERT_EQ(test::contents_of(path_), "old");
        EXPECT_EQ(saved.error().system_code, error);
      }
      if (!failed) break;
    }
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
}

TEST_F(ChecksumsOfSaves, AreNotMadeOnceACancelCame) {
  std::stop_source stop;
  Writer writer = Writer::create(path_, {.checksums = true, .stop = stop.get_token()}).value();
  writer.declare("w", DType::U8, {1U << 20}).value();
  writer.begin().value();
  const std::string half = test::pattern(1U << 19);
  for (const std::uint64_t start : {0U, 1U << 19})
    writer.write_block("w", {.start = {start}, .size = {1U << 19}}, bytes_of(half)).value();
  const FailingCall pread(Call::pread, {.first = 2, .count = 1, .before = [&] { stop.request_stop(); }});
  EXPECT_THAT(std::move(writer).commit(), FailsWith(Errc::cancelled));
  EXPECT_EQ(pread.calls(), 2U);
  EXPECT_EQ(directory_.entry_count(), 0U);
}

TEST_F(ChecksumsOfSaves, StandInEachFileOfASet) {
  const auto set = directory_.path() / "set.safetensors";
  ShardedWriter writer = ShardedWriter::create(set, {.max_shard_bytes = 4, .file = {.checksums = true}}).value();
  for (const char* name : {"a", "b", "c"})
    writer.declare(name, DType::U8, {2}).value();
  writer.begin().value();
  writer.write("a", bytes_of("aa")).value();
  writer.write("c", bytes_of("cc")).value();
  for (const std::uint64_t start : {1U, 0U})
    writer.write_block("b", {.start = {start}, .size = {1}}, bytes_of("b")).value();
  const SaveReport report = std::move(writer).commit().value();
  ASSERT_EQ(report.files.size(), 2U);
  const auto verdicts = verify_data(report.index);
  ASSERT_EQ(verdicts.size(), 3U);
  EXPECT_EQ(verdicts[1].checked, 2U);
  EXPECT_EQ(verdicts[2].checked, 1U);
  for (const FileVerdict& verdict : verdicts)
    EXPECT_TRUE(verdict.errors.empty());
}

// --- in passing

TEST(PassingChecksums, TakeThePiecesInTheirOrderWhicheverComesFirst) {
  const std::string bytes = test::pattern(1000);
  transfer::PassingChecksum checksum;
  std::vector<std::jthread> threads;
  for (std::uint64_t begin = 900; begin != 0; begin -= 100) {
    threads.emplace_back([&, begin] { checksum.add(begin, bytes_of(std::string_view(bytes).substr(begin, 100))); });
  }
  EXPECT_EQ(checksum.digits(1000), std::nullopt) << "the first is missing";
  checksum.add(0, bytes_of(bytes.substr(0, 100)));
  checksum.add(0, bytes_of(bytes.substr(0, 100)));  // once more, as where a direct write was refused
  threads.clear();
  EXPECT_EQ(checksum.digits(999), std::nullopt);
  EXPECT_EQ(checksum.digits(1000), test::xxh3_128(bytes));
}

TEST(PassingChecksums, WaitForNothingThatDoesNotCome) {
  transfer::PassingChecksum checksum;
  std::jthread waiting([&] { checksum.add(5, bytes_of("later")); });
  checksum.give_up();
  waiting.join();
  checksum.add(0, bytes_of("first"));
  EXPECT_EQ(checksum.digits(5), std::nullopt);
}

}  // namespace
}  // namespace hoist
