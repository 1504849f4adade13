// Files that are written: what was handed over comes back, or there is an error and the old file.
#include "hoist/writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <latch>
#include <random>
#include <thread>

#include "support/bytes.hpp"
#include "support/failing_calls.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/pattern.hpp"
#include "support/process_state.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::Succeeds;

using test::bytes_of;

class Writes : public testing::Test {
 protected:
  Archive opened(Validation validation = Validation::strict) const {
    return Archive::open(path_, {.validation = validation}).value();
  }
  std::string tensor(std::string_view name) const { return test::read(opened().at(name).value()).value(); }
  // One of U8 [4, 6], begun.
  Writer small(WriteOptions options = {}) const {
    Writer writer = Writer::create(path_, std::move(options)).value();
    writer.declare("w", DType::U8, {4, 6}).value();
    writer.begin().value();
    return writer;
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "m.safetensors";
};

TEST_F(Writes, GiveBackEveryDtypeAndEveryRank) {
  Writer writer = Writer::create(path_).value();
  std::vector<std::pair<std::string, std::string>> expected;
  for (int number = 0; number <= static_cast<int>(DType::U64); ++number) {
    for (std::size_t rank = 0; rank <= 8; ++rank) {
      const auto dtype = static_cast<DType>(number);
      Shape shape(rank, 1);
      if (rank != 0) shape[rank / 2] = 8;
      if (bits(dtype) < 8 && rank == 0) continue;  // no whole bytes
      std::string name = std::string(hoist::name(dtype)) + "." + std::to_string(rank);
      writer.declare(name, dtype, shape).value();
      expected.emplace_back(name, test::pattern((rank == 0 ? 1 : 8) * bits(dtype) / 8));
    }
  }
  writer.declare("empty", DType::F32, {3, 0}).value();
  writer.set_metadata("format", "pt").value();
  writer.begin().value();
  std::ranges::reverse(expected);
  for (const auto& [name, bytes] : expected)
    writer.write(name, bytes_of(bytes)).value();
  const SaveReport report = std::move(writer).commit().value();
  EXPECT_EQ(report.tensors, expected.size() + 1);
  EXPECT_EQ(report.bytes, std::filesystem::file_size(path_));
  EXPECT_TRUE(report.durable);
  EXPECT_TRUE(report.warnings.empty());
  const Archive archive = opened();
  EXPECT_EQ(archive.tensors().size(), expected.size() + 1);
  EXPECT_EQ(archive.metadata().at("format"), "pt");
  for (const auto& [name, bytes] : expected)
    EXPECT_EQ(test::read(archive.at(name).value()).value(), bytes) << name;
}

TEST_F(Writes, AreValidWithoutTensors) {
  Writer writer = Writer::create(path_).value();
  writer.begin().value();
  EXPECT_EQ(std::move(writer).commit()->tensors, 0U);
  EXPECT_TRUE(opened().tensors().empty());
}

TEST_F(Writes, TellWhatIsAligned) {
  Writer writer = Writer::create(path_).value();
  for (const std::uint64_t size : {1U, 64U, 256U, 4096U})
    writer.declare(std::to_string(size), DType::U8, {size}).value();
  writer.begin().value();
  for (const std::uint64_t size : {1U, 64U, 256U, 4096U})
    writer.write(std::to_string(size), bytes_of(test::pattern(size))).value();
  const SaveReport report = std::move(writer).commit().value();
  EXPECT_EQ(report.aligned_4096, 2U) << "the last begins where the one of 4096 ends";
  EXPECT_EQ(report.aligned_256, 3U);
  EXPECT_EQ(report.aligned_64, 4U);
}

TEST_F(Writes, PutBlocksInTheirPlaces) {
  Writer writer = small();
  writer.write_block("w", {.start = {0, 0}, .size = {4, 2}}, bytes_of("aabbccdd")).value();
  writer.write_block("w", {.start = {2, 2}, .size = {2, 4}}, bytes_of("CCCCDDDD")).value();
  writer.write_block("w", {.start = {0, 2}, .size = {2, 4}}, bytes_of("AAAABBBB")).value();
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  EXPECT_EQ(tensor("w"), "aaAAAAbbBBBBccCCCCddDDDD");
}

TEST_F(Writes, PutRowsOfSeveralBlocksSideBySideInOneWrite) {
  Writer writer = small();
  const FailingCall pwrite(Call::pwrite);
  const std::vector<BlockSource> columns{
      {.block = {.start = {0, 4}, .size = {4, 2}}, .source = bytes_of("ccffiill")},
      {.block = {.start = {0, 0}, .size = {4, 1}}, .source = bytes_of("adgj")},
      {.block = {.start = {0, 1}, .size = {4, 3}}, .source = bytes_of("bbbeeehhhkkk")},
  };
  writer.write_blocks("w", columns).value();
  EXPECT_EQ(pwrite.calls(), 1U);
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  EXPECT_EQ(tensor("w"), "abbbccdeeeffghhhiijkkkll");
}

TEST_F(Writes, PutLongRunsAndShortOnesInTheirPlaces) {
  constexpr std::uint64_t rows = 3, columns = 700'000, cut = 300'000;
  const std::string whole = test::pattern(rows * columns);
  std::string left, right;
  for (std::uint64_t row = 0; row < rows; ++row) {
    left += whole.substr(row * columns, cut);
    right += whole.substr(row * columns + cut, columns - cut);
  }
  Writer writer = Writer::create(path_, {.durable = false}).value();
  writer.declare("w", DType::U8, {rows, columns}).value();
  writer.declare("narrow", DType::U8, {5000, 400}).value();
  writer.begin().value();
  writer
      .write_blocks("w",
                    std::vector<BlockSource>{
                        {.block = {.start = {0, cut}, .size = {rows, columns - cut}}, .source = bytes_of(right)},
                        {.block = {.start = {0, 0}, .size = {rows, cut}}, .source = bytes_of(left)}})
      .value();
  const std::string narrow = test::pattern(5000 * 400);
  std::vector<std::string> parts(4);
  std::vector<BlockSource> blocks;
  for (std::uint64_t i = 0; i < 4; ++i) {
    for (std::uint64_t row = 0; row < 5000; ++row)
      parts[i] += narrow.substr(row * 400 + i * 100, 100);
    blocks.push_back({.block = {.start = {0, i * 100}, .size = {5000, 100}}, .source = bytes_of(parts[i])});
  }
  const FailingCall pwrite(Call::pwrite);
  writer.write_blocks("narrow", blocks).value();
  EXPECT_LE(pwrite.calls(), 3U) << "2 MB by up to 1 MiB each";
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  EXPECT_EQ(tensor("w"), whole);
  EXPECT_EQ(tensor("narrow"), narrow);
}

TEST_F(Writes, AreRefusedWhereTheyDoNotFit) {
  const std::string six(6, 'x');
  const auto refused = [&](auto&& act, Errc code, const char* text) {
    Writer writer = small();
    EXPECT_THAT(act(writer), FailsWith(code, text));
    EXPECT_THAT(writer.write("w", bytes_of(std::string(24, 'x'))), FailsWith(code, text)) << "the first failure stays";
    EXPECT_THAT(std::move(writer).commit(), FailsWith(code, text));
    EXPECT_EQ(directory_.entry_count(), 0U);
  };
  const auto block = [&](Block where, std::string_view bytes) {
    return
        [where = std::move(where), bytes](Writer& writer) { return writer.write_block("w", where, bytes_of(bytes)); };
  };
  refused([&](Writer& writer) { return writer.write("v", bytes_of(six)); }, Errc::missing_tensor, "'v'");
  refused([&](Writer& writer) { return writer.write("w", bytes_of(six)); }, Errc::size_mismatch, "24 bytes, 6");
  refused(block({.start = {0, 0}, .size = {1, 6}}, "short"), Errc::size_mismatch, "'w'");
  refused(block({.start = {0, 1}, .size = {1, 6}}, six), Errc::invalid_slice, "dimension 1");
  refused(block({.start = {5, 0}, .size = {0, 6}}, ""), Errc::invalid_slice, "dimension 0");
  refused(block({.start = {UINT64_MAX, 0}, .size = {2, 6}}, six), Errc::invalid_slice, "dimension 0");
  refused(block({.start = {0}, .size = {6}}, six), Errc::invalid_slice, "dimensions");
  refused(
      [&](Writer& writer) {
        writer.write_block("w", {.start = {1, 0}, .size = {1, 6}}, bytes_of(six)).value();
        return writer.write_block("w", {.start = {0, 5}, .size = {2, 1}}, bytes_of("xx"));
      },
      Errc::written_twice, "'w'");
  refused(
      [&](Writer& writer) {
        const BlockSource row{.block = {.start = {1, 0}, .size = {1, 6}}, .source = bytes_of(six)};
        return writer.write_blocks("w", std::vector<BlockSource>{row, row});
      },
      Errc::written_twice, "'w'");
  refused([](Writer& writer) { return writer.declare("v", DType::U8, {1}); }, Errc::wrong_order, "before begin");
  refused([](Writer& writer) { return writer.set_metadata("k", "v"); }, Errc::wrong_order, "before begin");
  refused([](Writer& writer) { return writer.begin(); }, Errc::wrong_order, "once");
}

TEST_F(Writes, AreRefusedBeforeTheyBegin) {
  const auto fresh = [&] { return Writer::create(path_).value(); };
  {
    Writer writer = fresh();
    writer.declare("w", DType::U8, {1}).value();
    EXPECT_THAT(writer.declare("w", DType::U8, {1}), FailsWith(Errc::duplicate_tensor, "'w'"));
  }
  {
    Writer writer = fresh();
    writer.set_metadata("k", "v").value();
    EXPECT_THAT(writer.set_metadata("k", "w"), FailsWith(Errc::duplicate_metadata));
  }
  {
    Writer writer = fresh();
    const auto declared = writer.declare("w", DType::F4, {3});
    ASSERT_THAT(declared, FailsWith(Errc::invalid_shape, "'w'"));
    EXPECT_EQ(declared.error().file, path_.native());
    EXPECT_THAT(writer.begin(), FailsWith(Errc::invalid_shape, "'w'"));
  }
  EXPECT_THAT(fresh().declare("__metadata__", DType::U8, {1}), FailsWith(Errc::invalid_field));
  EXPECT_THAT(fresh().write("w", {}), FailsWith(Errc::wrong_order, "after begin"));
  EXPECT_THAT(fresh().commit(), FailsWith(Errc::wrong_order, "after begin"));
  Writer writer = small();
  writer.write("w", bytes_of(std::string(24, 'x'))).value();
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  EXPECT_THAT(writer.write("w", {}), FailsWith(Errc::wrong_order));  // NOLINT(bugprone-use-after-move): it says so
}

TEST_F(Writes, SayWhatIsMissing) {
  Writer writer = Writer::create(path_).value();
  for (const char* name : {"a", "b", "c"})
    writer.declare(name, DType::U8, {2, 2}).value();
  writer.begin().value();
  writer.write("b", bytes_of("full")).value();
  writer.write_block("c", {.start = {0, 0}, .size = {1, 2}}, bytes_of("up")).value();
  EXPECT_THAT(std::move(writer).commit(), FailsWith(Errc::not_written, "1 others"));
  EXPECT_EQ(directory_.entry_count(), 0U);
}

TEST_F(Writes, LeaveTheOldFileWhereTheyAreLetGo) {
  directory_.write("m.safetensors", "old");
  {
    Writer writer = small();
    writer.write_block("w", {.start = {0, 0}, .size = {1, 6}}, bytes_of("row 0.")).value();
  }
  EXPECT_EQ(test::contents_of(path_), "old");
  EXPECT_EQ(directory_.entry_count(), 1U);
}

TEST_F(Writes, ReplaceTheFileThatTheyReadFrom) {
  {
    Writer writer = small();
    writer.write("w", bytes_of("the tensor's old bytes..")).value();
    std::move(writer).commit().value();
  }
  const Archive old = Archive::open(path_, {.access = Access::mmap}).value();
  Writer writer = small();
  const auto mapped = old.at("w")->bytes().value();
  writer.write_block("w", {.start = {0, 0}, .size = {2, 6}}, mapped.subspan(12)).value();
  writer.write_block("w", {.start = {2, 0}, .size = {2, 6}}, mapped.first(12)).value();
  std::move(writer).commit().value();
  EXPECT_EQ(tensor("w"), " old bytes..the tensor's");
  EXPECT_EQ(test::text_of(mapped), "the tensor's old bytes..") << "who has it open goes on with what it was";
}

TEST_F(Writes, StopWhenTheyAreCancelled) {
  std::stop_source stop;
  Writer writer = small({.stop = stop.get_token()});
  writer.write_block("w", {.start = {0, 0}, .size = {1, 6}}, bytes_of("row 0.")).value();
  stop.request_stop();
  EXPECT_THAT(writer.write_block("w", {.start = {1, 0}, .size = {1, 6}}, bytes_of("row 1.")),
              FailsWith(Errc::cancelled));
  EXPECT_THAT(std::move(writer).commit(), FailsWith(Errc::cancelled));
}

TEST_F(Writes, WarnOfAHeaderThatSomeReadersDoNotTake) {
  Writer writer = Writer::create(path_, {.durable = false}).value();
  writer.declare(std::string(25'000'000, 'n'), DType::U8, {0}).value();
  writer.begin().value();
  const SaveReport report = std::move(writer).commit().value();
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_EQ(report.warnings[0].code, Errc::header_too_large);
}

TEST_F(Writes, ComeFromManyThreadsAtOnce) {
  constexpr std::uint64_t side = 64;
  const std::string whole = test::pattern(side * side);
  std::vector<Block> blocks;
  for (std::uint64_t row = 0; row < side; row += 8)
    for (std::uint64_t column = 0; column < side; column += 16)
      blocks.push_back({.start = {row, column}, .size = {8, 16}});
  std::ranges::shuffle(blocks, std::mt19937(1));
  Writer writer = Writer::create(path_, {.durable = false}).value();
  writer.declare("w", DType::U8, {side, side}).value();
  writer.begin().value();
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (std::size_t mine = next++; mine < blocks.size(); mine = next++) {
        std::string bytes;
        for (std::uint64_t row = 0; row < 8; ++row)
          bytes += whole.substr((blocks[mine].start[0] + row) * side + blocks[mine].start[1], 16);
        EXPECT_THAT(writer.write_block("w", blocks[mine], bytes_of(bytes)), Succeeds());
      }
    });
  }
  threads.clear();
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  EXPECT_EQ(tensor("w"), whole);
}

// Large enough to go past the page cache, in two threads' pieces, with ends inside of blocks.
class LargeWrites : public Writes {
 protected:
  static constexpr std::uint64_t rows = 14, columns = 1'300'001;

  Result<SaveReport> save(WriteOptions options = {.layout = Layout::as_given}) const {
    auto writer = Writer::create(path_, std::move(options));
    if (!writer) return std::move(writer).error();
    writer->declare("odd", DType::U8, {3}).value();
    writer->declare("w", DType::U8, {rows, columns}).value();
    if (auto begun = writer->begin(); !begun) return std::move(begun).error();
    if (auto odd = writer->write("odd", bytes_of("odd")); !odd) return std::move(odd).error();
    // Seven rows from one thread, the others from another; where they meet lies inside a block.
    Result<void> upper, lower;
    const auto rows_from = [&](std::uint64_t first, std::uint64_t count) {
      const auto part = std::string_view(bytes_).substr(first * columns, count * columns);
      return writer->write_block("w", {.start = {first, 0}, .size = {count, columns}}, bytes_of(part));
    };
    std::latch both(2);
    std::thread other([&] {
      both.arrive_and_wait();
      upper = rows_from(0, 7);
    });
    both.arrive_and_wait();
    lower = rows_from(7, rows - 7);
    other.join();
    return std::move(*writer).commit();
  }

  const std::string bytes_ = test::pattern(rows * columns);
};

TEST_F(LargeWrites, ComeBackWhateverTheirPlaceInTheFileAndInMemory) {
  for (const Layout layout : {Layout::as_given, Layout::aligned, Layout::reference}) {
    ASSERT_THAT(save({.layout = layout}), Succeeds());
    EXPECT_TRUE(tensor("w") == bytes_) << "not printed: it is long";
    EXPECT_EQ(tensor("odd"), "odd");
  }
}

TEST_F(LargeWrites, ComeBackWhereTheSystemDoesNotWriteDirectly) {
  for (const std::uint64_t first : {1U, 2U, 3U, 5U, 8U}) {
    const FailingCall pwrite(Call::pwrite, test::fail_once(first, EINVAL));
    const auto saved = save();
    if (saved) {
      EXPECT_EQ(tensor("w"), bytes_);
    } else {
      EXPECT_EQ(saved.error().system_code, EINVAL) << "it was one by way of the page cache";
    }
  }
  const FailingCall open(Call::open, test::fail_from(2, EINVAL));  // of the directory, then for direct writes
  ASSERT_THAT(save(), Succeeds());
}

TEST_F(LargeWrites, GoOnAfterShortAndInterruptedWrites) {
  {
    const FailingCall pwrite(Call::pwrite, {.first = 1, .at_most = (1 << 20) + 512});
    ASSERT_THAT(save(), Succeeds());
    EXPECT_GT(pwrite.calls(), 9U);
  }
  EXPECT_EQ(tensor("w"), bytes_);
  const FailingCall pwrite(Call::pwrite, {.first = 2, .count = 5, .error = EINTR});
  ASSERT_THAT(save(), Succeeds());
  EXPECT_EQ(tensor("w"), bytes_);
}

TEST_F(LargeWrites, LeaveTheOldFileWhicheverWriteFails) {
  for (std::uint64_t number = 1;; ++number) {
    ASSERT_LT(number, 40U);
    directory_.write("m.safetensors", "old");
    std::optional<FailingCall> pwrite(std::in_place, Call::pwrite, test::fail_once(number, ENOSPC));
    const auto saved = save();
    const bool failed = pwrite->reached();
    pwrite.reset();
    EXPECT_EQ(directory_.entry_count(), 1U);
    if (!failed) {
      ASSERT_THAT(saved, Succeeds());
      break;
    }
    ASSERT_THAT(saved, FailsWith(Errc::io_error));
    EXPECT_EQ(saved.error().system_code, ENOSPC);
    EXPECT_EQ(test::contents_of(path_), "old");
  }
}

class RandomSaves : public Writes, public testing::WithParamInterface<unsigned> {};

TEST_P(RandomSaves, AreWhatASimpleModelMakesOfThem) {
  std::mt19937 random(GetParam());
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  constexpr Layout layouts[] = {Layout::aligned, Layout::reference, Layout::as_given};
  Writer writer = Writer::create(path_, {.layout = layouts[below(3)], .durable = false}).value();
  struct Tensor {
    std::string name;
    Shape shape;
    std::string bytes;
    std::vector<Block> blocks;
  };
  std::vector<Tensor> tensors;
  for (std::uint64_t i = 0; i < 1 + below(10); ++i) {
    Tensor tensor{.name = "t" + std::to_string(i)};
    std::uint64_t size = 1;
    for (std::uint64_t rank = below(4); rank > 0; --rank)
      size *= tensor.shape.emplace_back(below(9));
    tensor.bytes = test::pattern(2 * size);
    std::ranges::rotate(tensor.bytes, tensor.bytes.begin() + static_cast<std::ptrdiff_t>(below(2 * size + 1)));
    tensor.blocks = {{.start = Shape(tensor.shape.size()), .size = tensor.shape}};
    for (std::uint64_t cuts = tensor.shape.empty() ? 0 : below(6); cuts > 0; --cuts) {  // a block in two
      const std::size_t which = below(tensor.blocks.size()), dim = below(tensor.shape.size());
      Block& block = tensor.blocks[which];
      Block rest = block;
      block.size[dim] = below(block.size[dim] + 1);
      rest.start[dim] += block.size[dim];
      rest.size[dim] -= block.size[dim];
      tensor.blocks.push_back(std::move(rest));
    }
    writer.declare(tensor.name, DType::BF16, tensor.shape).value();
    tensors.push_back(std::move(tensor));
  }
  writer.begin().value();
  const auto bytes_in = [](const Tensor& tensor, const Block& block) {
    const auto whole = test::open_bytes(test::FileBuilder().add("w", "BF16", tensor.shape, tensor.bytes).file());
    std::vector<Range> ranges;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      ranges.push_back({.start = block.start[i], .stop = block.start[i] + block.size[i]});
    return test::read(whole->at("w")->slice(ranges).value()).value();
  };
  std::vector<std::pair<const Tensor*, const Block*>> one_by_one;
  for (Tensor& tensor : tensors) {
    std::ranges::shuffle(tensor.blocks, random);
    std::vector<std::string> bytes;
    std::vector<BlockSource> together;
    for (const Block& block : tensor.blocks)
      bytes.push_back(bytes_in(tensor, block));
    for (std::size_t i = 0; i < bytes.size(); ++i)
      together.push_back({.block = tensor.blocks[i], .source = bytes_of(bytes[i])});
    if (below(2) == 0) {
      ASSERT_THAT(writer.write_blocks(tensor.name, together), Succeeds());
      continue;
    }
    for (const Block& block : tensor.blocks)
      one_by_one.emplace_back(&tensor, &block);
  }
  std::ranges::shuffle(one_by_one, random);
  for (const auto& [tensor, block] : one_by_one) {
    const std::string bytes = bytes_in(*tensor, *block);
    ASSERT_THAT(writer.write_block(tensor->name, *block, bytes_of(bytes)), Succeeds());
  }
  ASSERT_THAT(std::move(writer).commit(), Succeeds());
  for (const Tensor& tensor : tensors)
    EXPECT_EQ(this->tensor(tensor.name), tensor.bytes) << tensor.name;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSaves, testing::Range(0U, 40U));

TEST_F(Writes, LeaveTheOldFileOrTheNewOneWhenTheProcessIsKilledAtAnyMoment) {
  constexpr std::uint64_t size = 100'000;
  const auto save = [this](char version) {
    Writer writer = Writer::create(path_).value();
    writer.declare("w", DType::U8, {size}).value();
    writer.begin().value();
    const std::string bytes(size, version);
    for (std::uint64_t start = 0; start < size; start += size / 4) {
      const auto block = std::string_view(bytes).substr(start, size / 4);
      writer.write_block("w", {.start = {start}, .size = {size / 4}}, bytes_of(block)).value();
    }
    std::move(writer).commit().value();
  };
  save('a');
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0) << "or kill would go to everybody";
    if (child == 0) {
      for (char version = 'a';; version = version == 'z' ? 'a' : static_cast<char>(version + 1))
        save(version);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const std::string bytes = tensor("w");
    ASSERT_EQ(bytes, std::string(size, bytes[0])) << round;
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    const timespec long_ago[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, entry.path().c_str(), long_ago, 0), 0);
  }
  EXPECT_GT(directory_.entry_count(), 1U) << "some were killed between";
  save('x');
  EXPECT_EQ(directory_.entry_count(), 1U) << "what they left is gone with the next save";
}

TEST_F(Writes, LeaveTheOldFileOrTheNewOneWhicheverCallFails) {
  const int descriptors = test::open_descriptors();
  const std::string bytes = test::pattern(24);
  for (const auto& [call, error] :
       {std::pair{Call::open, EACCES}, std::pair{Call::openat, EACCES}, std::pair{Call::fallocate, ENOSPC},
        std::pair{Call::pwrite, ENOSPC}, std::pair{Call::fchmod, EPERM}, std::pair{Call::fsync, EIO},
        std::pair{Call::fcntl, EMFILE}, std::pair{Call::close, EIO}, std::pair{Call::renameat2, EIO}}) {
    for (std::uint64_t number = 1;; ++number) {
      ASSERT_LT(number, 30U);
      directory_.write("m.safetensors", "old");
      std::optional<FailingCall> failing(std::in_place, call, test::fail_once(number, error));
      const auto saved = [&]() -> Result<SaveReport> {
        auto writer = Writer::create(path_);
        if (!writer) return std::move(writer).error();
        writer->declare("w", DType::U8, {4, 6}).value();
        if (auto begun = writer->begin(); !begun) return std::move(begun).error();
        for (std::uint64_t row = 0; row < 4; ++row) {
          const auto block = std::string_view(bytes).substr(6 * row, 6);
          auto written = writer->write_block("w", {.start = {row, 0}, .size = {1, 6}}, bytes_of(block));
          if (!written) return std::move(written).error();
        }
        return std::move(*writer).commit();
      }();
      const bool failed = failing->reached();
      failing.reset();
      EXPECT_EQ(directory_.entry_count(), 1U);
      if (saved) {
        ASSERT_EQ(tensor("w"), bytes);
        EXPECT_EQ(saved->durable, saved->warnings.empty());
      } else {
        ASSERT_EQ(test::contents_of(path_), "old");
        EXPECT_EQ(saved.error().system_code, error);
        EXPECT_EQ(saved.error().file, path_.native());
      }
      if (!failed) break;
    }
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
}

}  // namespace
}  // namespace hoist
