// What a view says of itself, what it lends, and how long it lives.
#include <gtest/gtest.h>

#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/process_state.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

// Bytes that begin at a multiple of 64, and `shift` bytes behind one.
Result<Archive> open_shifted(const std::string& file, std::size_t shift) {
  struct alignas(64) Block {
    std::byte bytes[4096];
  };
  auto block = std::make_shared<Block>();
  std::memcpy(block->bytes + shift, file.data(), file.size());
  return Archive::from_bytes(std::span<const std::byte>(block->bytes).subspan(shift, file.size()), block);
}

TEST(View, DescribesItsTensor) {
  const auto archive = test::open_bytes(FileBuilder().add("a", DType::U8, {3}).add("w", DType::BF16, {2, 3}).file());
  const TensorView view = archive->at("w").value();
  EXPECT_EQ(view.name(), "w");
  EXPECT_EQ(view.dtype(), DType::BF16);
  EXPECT_EQ(Shape(view.shape().begin(), view.shape().end()), (Shape{2, 3}));
  EXPECT_EQ(view.byte_count(), 12U);
  EXPECT_TRUE(view.contiguous());
  EXPECT_EQ(view.info().offset, 8 + archive->header_bytes() + 3);
  EXPECT_EQ(view.info().byte_count, 12U);
  const TensorView column = view.slice({{}, {.stop = 1}}).value();
  EXPECT_FALSE(column.contiguous());
  EXPECT_EQ(column.byte_count(), 4U);
  EXPECT_EQ(column.info().byte_count, 12U) << "info() stays that of the whole tensor";
  EXPECT_TRUE(view.slice({{.start = 1}})->contiguous());
}

TEST(View, LendsElementsOfTheRightSizeAndAlignment) {
  const std::string file = FileBuilder().add("w", DType::F32, {4}).file();
  const auto aligned = open_shifted(file, 0);
  const auto floats = aligned->at("w")->as<float>();
  ASSERT_THAT(floats, Succeeds());
  EXPECT_EQ(floats->size(), 4U);
  EXPECT_EQ(test::text_of(std::as_bytes(*floats)), *test::read(*aligned->at("w")));
  EXPECT_THAT(aligned->at("w")->as<std::uint32_t>(), Succeeds());
  EXPECT_THAT(aligned->at("w")->as<std::uint16_t>(), FailsWith(Errc::wrong_dtype, "16"));
  EXPECT_THAT(aligned->at("w")->as<double>(), FailsWith(Errc::wrong_dtype, "F32"));

  const auto shifted = open_shifted(file, 2);
  EXPECT_THAT(shifted->at("w")->as<float>(), FailsWith(Errc::misaligned, "multiple of 4"));
  EXPECT_THAT(shifted->at("w")->bytes(), Succeeds());
  EXPECT_EQ(*test::read(*shifted->at("w")), *test::read(*aligned->at("w")));
}

TEST(View, LendsNoElementsOfHalfABytesTypes) {
  const auto archive = test::open_bytes(FileBuilder().add("w", DType::F4, {4}).file());
  EXPECT_THAT(archive->at("w")->as<std::uint8_t>(), FailsWith(Errc::wrong_dtype, "4 bits"));
  EXPECT_EQ(archive->at("w")->bytes()->size(), 2U);
}

TEST(View, LendsBytesOnlyOfOneStretchThatIsMapped) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("w.safetensors", FileBuilder().add("w", DType::U8, {4, 4}).file());
  const TensorView mapped = Archive::open(path, {.access = Access::mmap})->at("w").value();
  EXPECT_EQ(test::text_of(*mapped.bytes()), *test::read(mapped));
  EXPECT_EQ(test::text_of(*mapped.slice({{.start = 1, .stop = 2}})->bytes()), test::read(mapped)->substr(4, 4));
  const TensorView column = mapped.slice({{}, {.start = 1, .stop = 2}}).value();
  EXPECT_THAT(column.bytes(), FailsWith(Errc::not_contiguous));
  EXPECT_THAT(column.as<std::uint8_t>(), FailsWith(Errc::not_contiguous));

  const Archive read = Archive::open(path, {.access = Access::read}).value();
  EXPECT_FALSE(read.mapped());
  EXPECT_THAT(read.at("w")->bytes(), FailsWith(Errc::not_mapped, "copy_to"));
  EXPECT_THAT(read.at("w")->as<std::uint8_t>(), FailsWith(Errc::not_mapped));
  const auto source =
      Archive::from_source(std::make_shared<test::StringSource>(FileBuilder().add("w", DType::U8, {4, 4}).file()));
  EXPECT_THAT(source->at("w")->bytes(), FailsWith(Errc::not_mapped));
}

TEST(View, OfNoElementsHasNoBytesAndCopiesNothing) {
  const auto archive = test::open_bytes(FileBuilder().add("w", DType::F32, {0, 3}).add("v", DType::U8, {2}).file());
  const TensorView empty = archive->at("w").value();
  EXPECT_EQ(empty.byte_count(), 0U);
  EXPECT_TRUE(empty.bytes()->empty());
  EXPECT_TRUE(empty.as<float>()->empty());
  EXPECT_EQ(*test::read(empty), "");
  std::uint64_t bytes_read = 77;
  EXPECT_THAT(empty.copy_to({}, {.bytes_read = &bytes_read}), Succeeds());
  EXPECT_EQ(bytes_read, 0U);
  empty.prefetch();
  empty.evict();
}

TEST(View, OutlivesItsArchiveAndItsCheckpointAndThenClosesTheFile) {
  const test::TemporaryDirectory directory;
  const std::string file = FileBuilder().add("w", DType::U8, {16}).file();
  const auto path = directory.write("w.safetensors", file);
  const std::size_t before = test::open_descriptors();
  {
    std::optional<TensorView> of_archive, of_checkpoint, slice;
    {
      const Archive archive = Archive::open(path).value();
      of_archive = archive.at("w").value();
      const Checkpoint checkpoint = Checkpoint::open(path).value();
      of_checkpoint = checkpoint.select({"**"})->front();
      slice = of_checkpoint->slice({{.start = 3, .step = 2}}).value();
    }
    EXPECT_EQ(of_archive->name(), "w");
    EXPECT_EQ(*test::read(*of_archive), file.substr(file.size() - 16));
    of_checkpoint.reset();
    EXPECT_EQ(slice->file(), path.native());
    EXPECT_EQ(test::read(*slice)->size(), 7U);
    EXPECT_TRUE(test::is_mapped(directory.path()));
  }
  EXPECT_FALSE(test::is_mapped(directory.path()));
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(View, KeepsTheOwnerOfBytesAlive) {
  std::weak_ptr<const std::string> watched;
  std::optional<TensorView> view;
  {
    const auto bytes = std::make_shared<const std::string>(FileBuilder().add("w", DType::U8, {16}).file());
    watched = bytes;
    view = Archive::from_bytes(std::as_bytes(std::span(*bytes)), bytes)->at("w").value();
  }
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(view->bytes()->size(), 16U);
  view.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(View, MayBeAssignedAfterItWasMovedFrom) {
  const auto archive = test::open_bytes(FileBuilder().add("a", DType::U8, {1}).add("b", DType::U8, {2}).file());
  TensorView first = archive->at("a").value();
  TensorView second = std::move(first);
  first = archive->at("b").value();
  EXPECT_EQ(first.name(), "b");
  EXPECT_EQ(second.name(), "a");
  second = first;
  EXPECT_EQ(test::read(second)->size(), 2U);
}

TEST(View, TakesHintsInEveryKindOfArchive) {
  const test::TemporaryDirectory directory;
  const std::string file = FileBuilder().add("w", DType::U8, {64, 1024}).file();
  const auto path = directory.write("w.safetensors", file);
  for (const Access access : {Access::mmap, Access::read}) {
    const TensorView view = Archive::open(path, {.access = access})->at("w").value();
    view.prefetch();
    view.evict();
    view.slice({{}, {.start = 5, .stop = 9}})->evict();
    EXPECT_EQ(*test::read(view), file.substr(file.size() - 65'536));
  }
  const auto bytes = test::open_bytes(file);
  bytes->at("w")->prefetch();
  bytes->at("w")->evict();
  EXPECT_EQ(*test::read(*bytes->at("w")), file.substr(file.size() - 65'536));
}

}  // namespace
}  // namespace hoist
