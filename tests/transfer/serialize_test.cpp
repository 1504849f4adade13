// Files in memory: as a save on disk would be, by one thread or many.
#include "hoist/serialize.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/pattern.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::FailsWith;

class Serializes : public testing::Test {
 protected:
  static std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

  const std::string large_ = test::pattern(15 * 1000 * 1000), small_ = test::pattern(12);
  const Shape large_shape_{15, 1000, 1000}, small_shape_{3}, empty_shape_{0, 5}, scalar_shape_{};
  const std::vector<HostTensor> tensors_{
      {.name = "small", .dtype = DType::F32, .shape = small_shape_, .bytes = bytes_of(small_)},
      {.name = "large", .dtype = DType::U8, .shape = large_shape_, .bytes = bytes_of(large_)},
      {.name = "empty", .dtype = DType::F32, .shape = empty_shape_},
      {.name = "scalar", .dtype = DType::U8, .bytes = bytes_of(small_).first(1)}};
};

TEST_F(Serializes, ToWhatIsReadBackHoweverManyThreadsThereAre) {
  std::string first;
  for (const unsigned threads : {0U, 1U, 2U, 7U, 64U}) {
    const SerializedFile file = serialize(tensors_, {.metadata = {{"k", "v"}}, .threads = threads}).value();
    const std::string_view text = test::text_of(file.bytes());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(text.data()) % 4096, 0U);
    if (threads == 0) first = text;
    EXPECT_EQ(text, first);
  }
  const Archive archive = test::open_bytes(first, {.validation = Validation::strict}).value();
  EXPECT_EQ(archive.metadata().at("k"), "v");
  for (const HostTensor& tensor : tensors_)
    EXPECT_EQ(test::read(archive.at(tensor.name).value()).value(), test::text_of(tensor.bytes));
}

TEST_F(Serializes, ToTheSizeThatWasSaidInEveryLayout) {
  for (const Layout layout : {Layout::aligned, Layout::reference, Layout::as_given}) {
    const std::uint64_t size = serialized_size(tensors_, {.layout = layout}).value();
    EXPECT_EQ(serialize(tensors_, {.layout = layout})->bytes().size(), size);
    std::string into(size + 1, '.');
    EXPECT_EQ(serialize(tensors_, std::as_writable_bytes(std::span(into)), {.layout = layout}).value(), size);
    EXPECT_EQ(into.back(), '.');
    EXPECT_THAT(serialize(tensors_, std::as_writable_bytes(std::span(into)).first(size - 1), {.layout = layout}),
                FailsWith(Errc::size_mismatch, "room for"));
  }
  EXPECT_EQ(serialized_size({}, {.layout = Layout::reference}).value(), 16U);
}

TEST_F(Serializes, NothingThatNoReaderWouldTake) {
  std::vector<HostTensor> twice = tensors_;
  twice.push_back(tensors_[0]);
  EXPECT_THAT(serialize(twice), FailsWith(Errc::duplicate_tensor, "'small'"));
  std::vector<HostTensor> cut = tensors_;
  cut[1].bytes = cut[1].bytes.first(5);
  EXPECT_THAT(serialized_size(cut), FailsWith(Errc::size_mismatch, "'large'"));
  std::vector<HostTensor> metadata = tensors_;
  metadata[0].name = "__metadata__";
  EXPECT_THAT(serialize(metadata), FailsWith(Errc::invalid_field));
  std::vector<HostTensor> broken = tensors_;
  broken[0].name = "\xFF";
  EXPECT_THAT(serialize(broken), FailsWith(Errc::invalid_utf8));
}

}  // namespace
}  // namespace hoist
