// A file that becomes shorter after it was opened: an error each time, never a signal and never silent zeros.
#include <gtest/gtest.h>

#include "support/child_process.hpp"
#include "support/failing_calls.hpp"
#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

constexpr std::uint64_t rows = 512, row = 1000;  // the file ends in the middle of a page

struct Way {
  const char* name;
  Access access;
  bool strided;
  unsigned threads;
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class Truncation : public testing::TestWithParam<Way> {
 protected:
  TensorView open() const {
    const TensorView whole = Archive::open(path_, {.access = GetParam().access})->at("w").value();
    return GetParam().strided ? whole.slice({{}, {.start = 5, .stop = row}}).value() : whole;
  }

  // In a child, so that a SIGBUS fails this test alone: 0 for truncated_data that says where.
  int copy(const TensorView& view) const {
    return test::in_child([&] {
      const auto copied = test::read(view, {.threads = GetParam().threads});
      if (copied) return 1;
      if (copied.error().code != Errc::truncated_data) return 2;
      if (copied.error().tensor != "w" || copied.error().file != path_.native()) return 3;
      return copied.error().offset ? 0 : 4;
    });
  }

  test::TemporaryDirectory directory_;
  std::string file_ = FileBuilder().add("w", DType::U8, {rows, row}).file();
  std::filesystem::path path_ = directory_.write("w.safetensors", file_);
};

TEST_P(Truncation, IsReportedWhereverTheFileEndsNow) {
  const std::uint64_t size = file_.size();
  const std::uint64_t last_page = size / 4096 * 4096;
  for (const std::uint64_t left :
       {size - 1, last_page + 1, last_page, last_page - 1, size / 2, std::uint64_t{100}, std::uint64_t{0}}) {
    directory_.write("w.safetensors", file_);
    const TensorView view = open();
    ASSERT_THAT(test::read(view), Succeeds());
    std::filesystem::resize_file(path_, left);
    EXPECT_EQ(copy(view), 0) << left << " bytes of " << size << " are left";
  }
}

TEST_P(Truncation, DuringTheCopyIsReported) {
  // The bytes are read whole; then the file loses its last byte, before anything is said.
  for (const std::uint64_t left : {file_.size() - 1, file_.size() / 2}) {
    directory_.write("w.safetensors", file_);
    const TensorView view = open();
    const FailingCall fstat(Call::fstat, {.first = 1, .before = [&] { std::filesystem::resize_file(path_, left); }});
    EXPECT_THAT(test::read(view, {.threads = GetParam().threads}), FailsWith(Errc::truncated_data, "now"));
  }
}

TEST_P(Truncation, OfAFileThatGrewIsNone) {
  const TensorView view = open();
  const std::string before = test::read(view).value();
  std::filesystem::resize_file(path_, file_.size() + 5000);
  EXPECT_EQ(*test::read(view, {.threads = GetParam().threads}), before);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Truncation,
    testing::Values(Way{"MappedContiguous", Access::mmap, false, 1}, Way{"MappedStrided", Access::mmap, true, 1},
                    Way{"MappedStridedOnThreads", Access::mmap, true, 4}, Way{"ReadContiguous", Access::read, false, 1},
                    Way{"ReadStrided", Access::read, true, 1}, Way{"ReadContiguousOnThreads", Access::read, false, 4}),
    [](const auto& info) { return info.param.name; });

TEST(TruncationWhileOpening, IsReported) {
  const test::TemporaryDirectory directory;
  const std::string file = FileBuilder().add("w", DType::U8, {16}).file();
  for (const std::uint64_t left : {0U, 7U, 20U}) {  // after the size was asked for, before the header is read
    const auto path = directory.write("w.safetensors", file);
    const FailingCall reads(Call::pread,
                            {.first = 1, .count = 1, .before = [&] { std::filesystem::resize_file(path, left); }});
    EXPECT_THAT(Archive::open(path), FailsWith(Errc::truncated_data)) << left;
  }
}

}  // namespace
}  // namespace hoist
