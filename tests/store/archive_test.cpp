// The ways to open one file, and what the archive then says.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/child_process.hpp"
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

std::string small_file() { return FileBuilder().metadata("k", "v").add("w", DType::U8, {16}).file(); }

TEST(Archive, DescribesItsFile) {
  const test::TemporaryDirectory directory;
  const std::string file = small_file();
  const auto path = directory.write("w.safetensors", file);
  const Archive archive = Archive::open(path).value();
  EXPECT_EQ(archive.file(), path.native());
  EXPECT_EQ(archive.file_bytes(), file.size());
  EXPECT_EQ(archive.header_bytes(), file.size() - 8 - 16);
  EXPECT_EQ(archive.metadata().find("k")->second, "v");
  EXPECT_TRUE(archive.mapped());
  EXPECT_EQ(archive.tensors().size(), 1U);
  EXPECT_EQ(archive.view(0).name(), "w");
  EXPECT_EQ(archive.find("w")->name(), "w");
  EXPECT_FALSE(archive.find("v"));
}

TEST(Archive, PutsThePathOnEveryError) {
  const test::TemporaryDirectory directory;
  const auto bad = directory.write("bad.safetensors", "1234567");
  const auto archive = Archive::open(bad);
  ASSERT_THAT(archive, FailsWith(Errc::header_too_small));
  EXPECT_EQ(archive.error().file, bad.native());
  const auto missing = Archive::open(directory.path() / "none");
  ASSERT_THAT(missing, FailsWith(Errc::not_found));
  EXPECT_EQ(missing.error().file, (directory.path() / "none").native());
}

TEST(Archive, RefusesAnEmptyFileUnderEveryAccess) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("empty.safetensors", "");
  for (const Access access : {Access::automatic, Access::mmap, Access::read})
    EXPECT_THAT(Archive::open(path, {.access = access}), FailsWith(Errc::header_too_small, "0 bytes"));
  EXPECT_THAT(Archive::from_bytes({}, nullptr), FailsWith(Errc::header_too_small));
}

TEST(Archive, RefusesWhatIsNoRegularFileWithoutBlocking) {
  const test::TemporaryDirectory directory;
  const auto fifo = directory.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(test::in_child([&] { return Archive::open(fifo).error().code == Errc::not_regular ? 0 : 1; }), 0);
  EXPECT_EQ(test::in_child([&] { return Checkpoint::open(fifo).error().code == Errc::not_regular ? 0 : 1; }), 0);
  EXPECT_THAT(Archive::open(directory.path()), FailsWith(Errc::not_regular, "directory"));
  EXPECT_THAT(Archive::open("/dev/null"), FailsWith(Errc::not_regular, "device"));
}

TEST(Archive, FromADescriptorLeavesItToTheCallerAndTakesNoPosition) {
  const test::TemporaryDirectory directory;
  const std::string file = small_file();
  const int fd = ::open(directory.write("w.safetensors", file).c_str(), O_RDONLY | O_CLOEXEC);
  lseek(fd, 5, SEEK_SET);
  const std::size_t before = test::open_descriptors();
  {
    const Archive archive = Archive::from_descriptor(fd).value();
    EXPECT_EQ(test::open_descriptors(), before + 1);
    EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
    EXPECT_EQ(archive.file(), "descriptor " + std::to_string(fd));
    EXPECT_EQ(*test::read(*archive.at("w")), file.substr(file.size() - 16));
  }
  EXPECT_EQ(test::open_descriptors(), before);
  close(fd);
  EXPECT_THAT(Archive::from_descriptor(fd), FailsWith(Errc::io_error, "descriptor " + std::to_string(fd)));
  EXPECT_THAT(Archive::from_descriptor(-1), FailsWith(Errc::io_error));
}

TEST(Archive, FromADescriptorThatMayOnlyBeWrittenIsAnError) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("w.safetensors", small_file());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  EXPECT_THAT(Archive::from_descriptor(fd), FailsWith(Errc::io_error));
  EXPECT_THAT(Archive::from_descriptor(fd, {.access = Access::mmap}), FailsWith(Errc::permission_denied));
  close(fd);
}

TEST(Archive, ReadsTheOldBytesOfAFileThatWasReplacedAfterOpening) {
  const test::TemporaryDirectory directory;
  const std::string old_file = FileBuilder().add("w", "U8", {4}, "old!").file();
  const auto path = directory.write("w.safetensors", old_file);
  for (const Access access : {Access::mmap, Access::read}) {
    directory.write("w.safetensors", old_file);
    const Archive archive = Archive::open(path, {.access = access}).value();
    std::filesystem::rename(directory.write("new", FileBuilder().add("w", "U8", {4}, "new!").file()), path);
    EXPECT_EQ(*test::read(*archive.at("w")), "old!");
    EXPECT_EQ(*test::read(*Archive::open(path)->at("w")), "new!");
    std::filesystem::remove(path);
    EXPECT_EQ(*test::read(*archive.at("w")), "old!");
  }
}

TEST(Archive, OffersTheNearestNames) {
  const auto archive = test::open_bytes(
      FileBuilder().add("layer.0.weight", DType::U8, {1}).add("layer.1.weight", DType::U8, {1}).file());
  const auto view = archive->at("layer.0.wieght");
  ASSERT_THAT(view, FailsWith(Errc::missing_tensor, "nearest: 'layer.0.weight'"));
  EXPECT_EQ(view.error().tensor, "layer.0.wieght");
  EXPECT_THAT(archive->at("zzz"), FailsWith(Errc::missing_tensor));
  EXPECT_EQ(archive->at("zzz").error().message.find("nearest"), std::string::npos);
  EXPECT_THAT(archive->at(""), FailsWith(Errc::missing_tensor));
  EXPECT_THAT(archive->at(std::string(1'000'000, 'l')), FailsWith(Errc::missing_tensor));
}

TEST(Archive, IsAHandleWhoseCopiesAreOneFile) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("w.safetensors", small_file());
  const std::size_t before = test::open_descriptors();
  Archive archive = Archive::open(path).value();
  const Archive copy = archive;
  EXPECT_EQ(test::open_descriptors(), before + 1);
  EXPECT_EQ(copy.tensors().data(), archive.tensors().data());
  const Archive moved = std::move(archive);
  archive = copy;
  EXPECT_EQ(archive.at("w")->byte_count(), 16U);
  EXPECT_EQ(moved.at("w")->byte_count(), 16U);
}

}  // namespace
}  // namespace hoist
