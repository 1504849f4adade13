// What a directory stands for, and how far symlinks are followed.
#include <gtest/gtest.h>

#include <cerrno>

#include "support/checkpoint_files.hpp"
#include "support/child_process.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

namespace fs = std::filesystem;

using test::FailsWith;
using test::file_of;
using test::index_name;
using test::index_of;
using test::Succeeds;
using testing::ElementsAre;

struct DirectoryCase {
  const char* name;
  std::vector<std::string> files;  // each holds one tensor: its own name
  const char* refusal;             // in the message; null: accepted, with all files
  Errc code = Errc::invalid_index;
};

void PrintTo(const DirectoryCase& directory, std::ostream* out) { *out << directory.name; }

class Directories : public testing::TestWithParam<DirectoryCase> {};

TEST_P(Directories, StandForOneCheckpointOrAreRefused) {
  const test::TemporaryDirectory directory;
  for (const std::string& file : GetParam().files)
    directory.write(file, file_of({file}));
  directory.write("README.md", "not a tensor");
  const auto checkpoint = Checkpoint::open(directory.path());
  if (GetParam().refusal) {
    ASSERT_THAT(checkpoint, FailsWith(GetParam().code, GetParam().refusal));
    EXPECT_EQ(checkpoint.error().file, directory.path().native());
  } else {
    ASSERT_THAT(checkpoint, Succeeds());
    EXPECT_EQ(test::names(checkpoint->tensors()), GetParam().files);
    EXPECT_EQ(checkpoint->index_file(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Directories,
    testing::Values(
        DirectoryCase{"OneFile", {"any name.safetensors"}, nullptr},
        DirectoryCase{"NoFile", {}, "holds no *.safetensors", Errc::not_found},
        DirectoryCase{"NoFileOfTheEnding", {"model.bin"}, "holds no *.safetensors", Errc::not_found},
        DirectoryCase{"TwoFiles", {"a.safetensors", "b.safetensors"}, "'a.safetensors', 'b.safetensors'"},
        DirectoryCase{"SetFromOne", {"m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"}, nullptr},
        DirectoryCase{"SetFromZero", {"m-00000-of-00002.safetensors", "m-00001-of-00002.safetensors"}, nullptr},
        DirectoryCase{"SetFromTwo", {"m-00002-of-00002.safetensors", "m-00003-of-00002.safetensors"}, "name one"},
        DirectoryCase{
            "SetWithoutItsFirst", {"m-00002-of-00003.safetensors", "m-00003-of-00003.safetensors"}, "name one"},
        DirectoryCase{"SetWithoutItsLast",
                      {"m-00001-of-00003.safetensors", "m-00002-of-00003.safetensors"},
                      "'m-00001-of-00003.safetensors', 'm-00002-of-00003.safetensors'"},
        DirectoryCase{"SetWithAHole", {"m-00001-of-00003.safetensors", "m-00003-of-00003.safetensors"}, "name one"},
        DirectoryCase{"SetAndAnother",
                      {"m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors", "z.safetensors"},
                      "name one"},
        DirectoryCase{"TwoStems", {"m-00001-of-00002.safetensors", "n-00002-of-00002.safetensors"}, "name one"},
        DirectoryCase{"TwoCounts", {"m-00001-of-00002.safetensors", "m-00002-of-00003.safetensors"}, "name one"},
        DirectoryCase{"OneOfASet", {"m-00002-of-00003.safetensors"}, "one file of a set of 3"},
        DirectoryCase{"ASetOfOne", {"m-00001-of-00001.safetensors"}, nullptr},
        DirectoryCase{
            "SetWithAnId",
            {"m-0123456789abcdef-00001-of-00002.safetensors", "m-0123456789abcdef-00002-of-00002.safetensors"},
            nullptr},
        DirectoryCase{
            "SetsWithTwoIds",
            {"m-0123456789abcdef-00001-of-00002.safetensors", "m-1123456789abcdef-00002-of-00002.safetensors"},
            "name one"},
        DirectoryCase{"FourDigits", {"m-0001-of-0002.safetensors", "m-0002-of-0002.safetensors"}, "name one"},
        DirectoryCase{"NoStem", {"-00001-of-00002.safetensors", "-00002-of-00002.safetensors"}, "name one"}),
    [](const auto& info) { return info.param.name; });

TEST(Directory, DoesNotTakeAnUnfinishedSetForAnything) {
  test::TemporaryDirectory directory;
  directory.write("m.safetensors", test::file_of({"a"}));
  directory.write("m-0123456789abcdef-00001-of-00002.safetensors", test::file_of({"b"}));
  const auto checkpoint = Checkpoint::open(directory.path());
  ASSERT_THAT(checkpoint, Succeeds());
  EXPECT_EQ(test::names(checkpoint->tensors()), std::vector<std::string>{"a"});
}

TEST(Directory, PrefersItsOnlyIndex) {
  const test::TemporaryDirectory directory;
  directory.write("a.safetensors", file_of({"a"}));
  directory.write("b.safetensors", file_of({"b"}));
  directory.write(index_name, index_of({{"b", "b.safetensors"}}));
  const auto checkpoint = Checkpoint::open(directory.path());
  ASSERT_THAT(checkpoint, Succeeds());
  EXPECT_THAT(test::names(checkpoint->tensors()), ElementsAre("b"));
  EXPECT_EQ(checkpoint->index_file(), (directory.path() / index_name).native());
  EXPECT_EQ(checkpoint->shards().size(), 1U);
  directory.write("other.safetensors.index.json", index_of({}));
  EXPECT_THAT(Checkpoint::open(directory.path()), FailsWith(Errc::invalid_index, "several indexes"));
  EXPECT_THAT(Checkpoint::open(directory.path() / index_name), Succeeds());
}

TEST(Directory, ListsNoMoreCandidatesThanAreReadable) {
  const test::TemporaryDirectory directory;
  for (int i = 0; i < 30; ++i)
    directory.write(std::to_string(i) + ".safetensors", "");
  EXPECT_THAT(Checkpoint::open(directory.path()), FailsWith(Errc::invalid_index, "and 10 more"));
}

TEST(Directory, ThatMayNotBeListedSaysSo) {
  const test::TemporaryDirectory directory;
  directory.write("sub/a.safetensors", file_of({"a"}));
  fs::permissions(directory.path(), fs::perms::all);
  const fs::path sub = directory.path() / "sub";
  fs::permissions(sub, fs::perms::none);
  EXPECT_EQ(test::in_child([&] {
              if (!test::become_nobody()) return 2;
              const auto checkpoint = Checkpoint::open(sub);
              return !checkpoint && checkpoint.error().code == Errc::permission_denied ? 0 : 1;
            }),
            0);
  fs::permissions(sub, fs::perms::all);
  EXPECT_EQ(test::in_child([&] { return test::become_nobody() && Checkpoint::open(sub) ? 0 : 1; }), 0);
}

TEST(NumberedSet, WithOneNameInTwoShardsIsRefused) {
  const test::TemporaryDirectory directory;
  directory.write("m-00001-of-00002.safetensors", file_of({"a", "b"}));
  directory.write("m-00002-of-00002.safetensors", file_of({"c"}));
  EXPECT_THAT(Checkpoint::open(directory.path()), Succeeds());
  directory.write("m-00002-of-00002.safetensors", file_of({"b"}));
  const auto checkpoint = Checkpoint::open(directory.path());
  ASSERT_THAT(checkpoint, FailsWith(Errc::duplicate_tensor, "m-00001-of-00002.safetensors"));
  EXPECT_EQ(checkpoint.error().tensor, "b");
  EXPECT_EQ(checkpoint.error().file, (directory.path() / "m-00002-of-00002.safetensors").native());
}

TEST(NumberedSet, OfPyTorchsBlocksIsRefused) {
  const test::TemporaryDirectory directory;
  const std::string block = test::FileBuilder().metadata("DCP_SHARDING_INFO", "{}").add("a", DType::U8, {1}).file();
  directory.write("shard-00001-model-00001-of-00002.safetensors", block);
  directory.write("shard-00001-model-00002-of-00002.safetensors", block);
  EXPECT_THAT(Checkpoint::open(directory.path()), FailsWith(Errc::invalid_index, "distributed checkpoint"));
}

TEST(BlockShards, AreKnownByTheirNamesAndByTheirMetadata) {
  const test::TemporaryDirectory directory;
  const std::string block = test::FileBuilder().metadata("DCP_SHARDING_INFO", "{}").add("a", DType::U8, {1}).file();
  directory.write("shard-00001-model-00001-of-00001.safetensors", block);
  const auto one = directory.write("shard-00002-model-00001-of-00001.safetensors", block);
  EXPECT_THAT(Checkpoint::open(directory.path()), FailsWith(Errc::invalid_index, "distributed checkpoint"));
  EXPECT_THAT(Checkpoint::open(one), FailsWith(Errc::invalid_index, "distributed checkpoint"));
  EXPECT_THAT(Archive::open(one), Succeeds()) << "a file alone says what it holds";
  EXPECT_THAT(Checkpoint::open(directory.write("shard-1.safetensors", file_of({"a"}))), Succeeds());
}

TEST(CheckpointPath, ThatIsMissingOrNoIndexSaysSo) {
  const test::TemporaryDirectory directory;
  EXPECT_THAT(Checkpoint::open(directory.path() / "gone"), FailsWith(Errc::not_found));
  EXPECT_THAT(Checkpoint::open(directory.path() / "gone.index.json"), FailsWith(Errc::not_found));
  EXPECT_THAT(Checkpoint::open(directory.path() / "gone.safetensors"), FailsWith(Errc::not_found));
  EXPECT_THAT(Checkpoint::open(""), FailsWith(Errc::not_found));
  fs::create_symlink("loop", directory.path() / "loop");
  const auto loop = Checkpoint::open(directory.path() / "loop");
  ASSERT_FALSE(loop);
  EXPECT_EQ(loop.error().system_code, ELOOP);
}

TEST(CheckpointPath, MayBeRelative) {
  const test::TemporaryDirectory directory;
  directory.write("1", file_of({"a"}));
  directory.write(index_name, index_of({{"a", "1"}}));
  EXPECT_EQ(test::in_child([&] {
              fs::current_path(directory.path());
              const bool all = Checkpoint::open(index_name) && Checkpoint::open(".") &&
                               Checkpoint::open(index_name, {.stay_in_directory = true}) &&
                               Checkpoint::open(".", {.stay_in_directory = true});
              return all ? 0 : 1;
            }),
            0);
}

// As huggingface_hub keeps it: snapshots/<revision>/NAME are symlinks to blobs/<hash>.
class HubCache : public testing::Test {
 protected:
  HubCache() {
    fs::create_directories(snapshot_);
    add("model-00001-of-00002.safetensors", file_of({"a"}));
    add("model-00002-of-00002.safetensors", file_of({"b"}));
    add(index_name, index_of({{"a", "model-00001-of-00002.safetensors"}, {"b", "model-00002-of-00002.safetensors"}}));
  }

  void add(const std::string& name, const std::string& bytes) {
    const std::string blob = "hash" + std::to_string(number_++);
    directory_.write("blobs/" + blob, bytes);
    fs::create_symlink("../../blobs/" + blob, snapshot_ / name);
  }

  test::TemporaryDirectory directory_;
  fs::path snapshot_ = directory_.path() / "snapshots" / "0123abcd";
  int number_ = 0;
};

TEST_F(HubCache, IsFollowed) {
  for (const fs::path& path : {snapshot_, snapshot_ / index_name}) {
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_THAT(checkpoint, Succeeds());
    EXPECT_THAT(test::names(checkpoint->tensors()), ElementsAre("a", "b"));
    EXPECT_EQ(checkpoint->find("a")->file(), (snapshot_ / "model-00001-of-00002.safetensors").native());
  }
}

TEST_F(HubCache, IsRefusedWhereTheCallerStaysInTheDirectory) {
  EXPECT_THAT(Checkpoint::open(snapshot_, {.stay_in_directory = true}),
              FailsWith(Errc::invalid_index, "outside of the checkpoint's directory"));
}

TEST(StayInDirectory, AllowsLinksThatStayAndTellsAMissingShardFromAStrayOne) {
  const test::TemporaryDirectory directory;
  directory.write("model/sub/real", file_of({"a"}));
  directory.write("model2/real", file_of({"a"}));
  const fs::path model = directory.path() / "model";
  fs::create_symlink("sub/real", model / "link");
  fs::create_symlink("../model2/real", model / "stray");
  const OpenOptions stay{.stay_in_directory = true};
  const auto open = [&](const std::string& shard) {
    return Checkpoint::open(directory.write(std::string("model/") + index_name, index_of({{"a", shard}})), stay);
  };
  EXPECT_THAT(open("sub/real"), Succeeds());
  EXPECT_THAT(open("link"), Succeeds());
  EXPECT_THAT(open("stray"), FailsWith(Errc::invalid_index, "outside")) << "a sibling that begins with the same name";
  EXPECT_THAT(open("gone"), FailsWith(Errc::missing_shard));
  fs::create_symlink("dangling", model / "broken link");
  EXPECT_THAT(open("broken link"), FailsWith(Errc::missing_shard));
}

}  // namespace
}  // namespace hoist
