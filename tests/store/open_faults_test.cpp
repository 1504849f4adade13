// Every system call of an open and a copy fails once, one after the other: an error or the right bytes, and no leak.
#include <gtest/gtest.h>

#include <cerrno>

#include "support/failing_calls.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/process_state.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

struct Sweep {
  const char* name;
  Call call;
  int error;
  Access access;
  std::uint64_t least;  // calls that must be met on the way
};

void PrintTo(const Sweep& sweep, std::ostream* out) { *out << sweep.name; }

class Faults : public testing::TestWithParam<Sweep> {
 protected:
  Faults() {
    const std::string index = R"({"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}})";
    directory_.write("1.safetensors", FileBuilder().add("a", DType::U8, {300, 16}).file());
    directory_.write("2.safetensors", FileBuilder().add("b", DType::U8, {300, 16}).file());
    path_ = directory_.write("model.safetensors.index.json", index);
  }

  // Opens two shards, and copies a tensor and a column.
  Result<std::string> open_and_copy() const {
    const auto checkpoint = Checkpoint::open(path_, {.access = GetParam().access});
    if (!checkpoint) return checkpoint.error();
    auto whole = test::read(*checkpoint->find("a"));
    if (!whole) return whole;
    auto column = test::read(*checkpoint->find("b")->slice({{}, {.start = 2, .stop = 5}}));
    if (!column) return column;
    return *whole + *column;
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path path_;
};

TEST_P(Faults, AtAnyCallGiveAnErrorOrTheRightBytesAndLeakNothing) {
  const std::string expected = open_and_copy().value();
  const std::size_t descriptors = test::open_descriptors();
  std::uint64_t number = 1;
  for (;; ++number) {
    ASSERT_LT(number, 1000U);
    const FailingCall call(GetParam().call, test::fail_once(number, GetParam().error));
    const auto result = open_and_copy();
    if (!call.reached()) {
      ASSERT_THAT(result, Succeeds());
      break;
    }
    if (result) {
      EXPECT_EQ(*result, expected) << "call " << number;
    } else {
      EXPECT_FALSE(result.error().message.empty());
      EXPECT_FALSE(result.error().file.empty()) << result.error().to_string();
      EXPECT_EQ(result.error().system_code, GetParam().error) << result.error().to_string();
    }
    EXPECT_EQ(test::open_descriptors(), descriptors) << "call " << number;
    EXPECT_FALSE(test::is_mapped(directory_.path())) << "call " << number;
  }
  EXPECT_GE(number - 1, GetParam().least);
}

INSTANTIATE_TEST_SUITE_P(Sweeps, Faults,
                         testing::Values(Sweep{"OpenMapped", Call::open, EMFILE, Access::mmap, 3},
                                         Sweep{"OpenInterrupted", Call::open, EINTR, Access::mmap, 3},
                                         Sweep{"FstatMapped", Call::fstat, EIO, Access::mmap, 5},
                                         Sweep{"FstatRead", Call::fstat, EIO, Access::read, 5},
                                         Sweep{"PreadMapped", Call::pread, EIO, Access::mmap, 4},
                                         Sweep{"PreadRead", Call::pread, EIO, Access::read, 5},
                                         Sweep{"PreadInterrupted", Call::pread, EINTR, Access::read, 5},
                                         Sweep{"MmapMapped", Call::mmap, ENOMEM, Access::mmap, 2},
                                         Sweep{"MmapAutomatic", Call::mmap, ENODEV, Access::automatic, 2}),
                         [](const auto& info) { return info.param.name; });

class RefusedMapping : public testing::Test {
 protected:
  test::TemporaryDirectory directory_;
  std::string file_ = FileBuilder().add("w", DType::U8, {300, 16}).file();
  std::filesystem::path path_ = directory_.write("w.safetensors", file_);
};

TEST_F(RefusedMapping, FallsBackToReadsAndWorks) {
  const FailingCall mmap(Call::mmap, test::fail_from(1, ENODEV));
  const auto archive = Archive::open(path_);
  ASSERT_THAT(archive, Succeeds());
  EXPECT_TRUE(mmap.reached());
  EXPECT_FALSE(archive->mapped());
  EXPECT_EQ(*test::read(*archive->at("w")), file_.substr(file_.size() - 4800));
  EXPECT_EQ(test::read(*archive->at("w")->slice({{}, {.stop = 3}}))->size(), 900U);
  EXPECT_THAT(archive->at("w")->bytes(), FailsWith(Errc::not_mapped));
}

TEST_F(RefusedMapping, IsAnErrorWhereTheCallerInsists) {
  const FailingCall mmap(Call::mmap, test::fail_from(1, ENODEV));
  const auto archive = Archive::open(path_, {.access = Access::mmap});
  ASSERT_THAT(archive, FailsWith(Errc::io_error, "map"));
  EXPECT_EQ(archive.error().system_code, ENODEV);
  EXPECT_EQ(archive.error().file, path_.native());
}

TEST_F(RefusedMapping, IsNotEvenAskedForUnderReadAccess) {
  const FailingCall mmap(Call::mmap);
  EXPECT_THAT(Archive::open(path_, {.access = Access::read}), Succeeds());
  EXPECT_EQ(mmap.calls(), 0U);
}

TEST_F(RefusedMapping, OfADescriptorNamesIt) {
  const auto file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  const std::size_t before = test::open_descriptors();
  {
    const FailingCall mmap(Call::mmap, test::fail_from(1, ENODEV));
    EXPECT_THAT(Archive::from_descriptor(file, {.access = Access::mmap}),
                FailsWith(Errc::io_error, "descriptor " + std::to_string(file)));
    EXPECT_THAT(Archive::from_descriptor(file), Succeeds());
  }
  {
    const FailingCall fcntl(Call::fcntl, test::fail_from(1, EMFILE));
    EXPECT_THAT(Archive::from_descriptor(file), FailsWith(Errc::io_error, "duplicate"));
  }
  EXPECT_EQ(test::open_descriptors(), before);
  close(file);
}

}  // namespace
}  // namespace hoist
