// An index and its shards together: what must agree, and what is only worth a warning.
#include <gtest/gtest.h>

#include <cerrno>

#include "support/checkpoint_files.hpp"
#include "support/matchers.hpp"
#include "support/process_state.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::file_of;
using test::index_name;
using test::index_of;
using test::Succeeds;
using testing::ElementsAre;

class ShardedCheckpoint : public testing::Test {
 protected:
  Result<Checkpoint> open(const std::string& index, OpenOptions options = {}) const {
    return Checkpoint::open(directory_.write(index_name, index), options);
  }

  test::TemporaryDirectory directory_;
};

TEST_F(ShardedCheckpoint, IsOneKeySpaceInTheOrderOfShardsAndFiles) {
  directory_.write("2.safetensors", file_of({"c", "a"}));
  directory_.write("1.safetensors", file_of({"d", "b"}));
  const auto checkpoint =
      open(index_of({{"a", "2.safetensors"}, {"b", "1.safetensors"}, {"c", "2.safetensors"}, {"d", "1.safetensors"}}));
  ASSERT_THAT(checkpoint, Succeeds());
  EXPECT_EQ(checkpoint->tensor_count(), 4U);
  EXPECT_THAT(test::names(checkpoint->tensors()), ElementsAre("d", "b", "c", "a"));
  EXPECT_EQ(checkpoint->index_file(), (directory_.path() / index_name).native());
  EXPECT_EQ(checkpoint->shards().size(), 2U);
  EXPECT_EQ(checkpoint->find("a")->file(), (directory_.path() / "2.safetensors").native());
  EXPECT_TRUE(checkpoint->warnings().empty());
  EXPECT_EQ(checkpoint->metadata().at("total_size"), "1") << "advisory: nothing is compared with it";
}

TEST_F(ShardedCheckpoint, OffersNearestNamesOverAllShards) {
  directory_.write("1", file_of({"layer.1"}));
  directory_.write("2", file_of({"layer.2", "x"}));
  const auto checkpoint = open(index_of({{"layer.1", "1"}, {"layer.2", "2"}, {"x", "2"}}));
  EXPECT_FALSE(checkpoint->find("layer.3"));
  EXPECT_THAT(checkpoint->at("layer.3"), FailsWith(Errc::missing_tensor, "'layer.1', 'layer.2'"));
  EXPECT_EQ(checkpoint->at("layer.3").error().file, checkpoint->index_file());
  EXPECT_EQ(checkpoint->at("layer.2")->name(), "layer.2");
}

TEST_F(ShardedCheckpoint, WithoutAShardIsRefused) {
  directory_.write("1", file_of({"a"}));
  const std::string index = index_of({{"a", "1"}, {"b", "2"}});
  const auto checkpoint = open(index);
  ASSERT_THAT(checkpoint, FailsWith(Errc::missing_shard, "the shard is missing"));
  EXPECT_EQ(checkpoint.error().file, (directory_.path() / "2").native());
  EXPECT_EQ(checkpoint.error().system_code, ENOENT);
  directory_.write("2", file_of({"b"}));
  EXPECT_THAT(open(index), Succeeds());
}

TEST_F(ShardedCheckpoint, WhoseKeyIsNotInItsShardIsRefused) {
  directory_.write("1", file_of({"a"}));
  directory_.write("2", file_of({"b"}));
  EXPECT_THAT(open(index_of({{"a", "1"}, {"b", "2"}})), Succeeds());
  const auto checkpoint = open(index_of({{"a", "2"}, {"b", "2"}}));
  ASSERT_THAT(checkpoint, FailsWith(Errc::missing_tensor, "puts it into '2'"));
  EXPECT_EQ(checkpoint.error().tensor, "a");
}

TEST_F(ShardedCheckpoint, ListsAllThatIsWrongInOneError) {
  directory_.write("1", file_of({"a"}));
  directory_.write("broken", "junk");
  std::filesystem::create_directory(directory_.path() / "folder");
  const auto checkpoint = open(index_of(
      {{"a", "1"}, {"a", "1"}, {"b", "1"}, {"c", "broken"}, {"d", "folder"}, {"e", "gone"}, {"f", "gone too"}}));
  ASSERT_FALSE(checkpoint);
  const std::string& message = checkpoint.error().message;
  EXPECT_NE(message.find("6 things are wrong"), std::string::npos) << message;
  for (const char* part : {"'a': the name stands twice", "'b': weight_map puts it into '1'", "header_too_small",
                           "not_regular", "/gone: the shard is missing", "/gone too: the shard is missing"})
    EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
}

TEST_F(ShardedCheckpoint, HidesStaleCopiesWithAWarningOrRefusesThemUnderStrict) {
  directory_.write("1", file_of({"a", "b"}));
  directory_.write("2", file_of({"b", "c", "never named"}));
  const std::string index = index_of({{"a", "1"}, {"b", "2"}, {"c", "2"}});
  const auto checkpoint = open(index);
  ASSERT_THAT(checkpoint, Succeeds());
  EXPECT_THAT(test::names(checkpoint->tensors()), ElementsAre("a", "b", "c"));
  EXPECT_EQ(checkpoint->find("b")->file(), (directory_.path() / "2").native()) << "weight_map decides";
  ASSERT_EQ(checkpoint->warnings().size(), 2U);
  EXPECT_EQ(checkpoint->warnings()[0].tensor, "b");
  EXPECT_EQ(checkpoint->warnings()[0].file, (directory_.path() / "1").native());
  EXPECT_EQ(checkpoint->warnings()[0].code, Errc::not_strict);
  EXPECT_EQ(checkpoint->warnings()[1].tensor, "never named");
  EXPECT_FALSE(checkpoint->find("never named"));

  EXPECT_THAT(open(index, {.validation = Validation::strict}), FailsWith(Errc::not_strict, "2 things are wrong"));
  directory_.write("1", file_of({"a"}));
  directory_.write("2", file_of({"b", "c"}));
  EXPECT_THAT(open(index, {.validation = Validation::strict}), Succeeds());
}

TEST_F(ShardedCheckpoint, KeepsAtMostAHundredWarnings) {
  std::vector<std::string> names{"a"};
  for (int i = 0; i < 300; ++i)
    names.push_back("stale" + std::to_string(i));
  directory_.write("1", file_of(names));
  EXPECT_EQ(open(index_of({{"a", "1"}}))->warnings().size(), 100U);
}

TEST_F(ShardedCheckpoint, OfPyTorchsBlocksIsRefusedAndSaysWhatToDo) {
  const auto block = [](const char* key) {
    return test::FileBuilder().metadata(key, "{}").add("a", DType::U8, {1}).file();
  };
  directory_.write("shard-00001-model-00001-of-00002.safetensors", block("DCP_SHARDING_INFO"));
  directory_.write("shard-00002-model-00001-of-00002.safetensors", block("DCP_SHARDING_INFO"));
  const std::string index = index_of({{"a", "shard-00001-model-00001-of-00002.safetensors"}});
  EXPECT_THAT(open(index), FailsWith(Errc::invalid_index, "not supported yet"));
  directory_.write("shard-00001-model-00001-of-00002.safetensors", block("other"));
  EXPECT_THAT(open(index), Succeeds());
}

TEST_F(ShardedCheckpoint, ThatIsRefusedLeavesNothingOpen) {
  directory_.write("1", file_of({"a"}));
  const std::size_t before = test::open_descriptors();
  EXPECT_THAT(open(index_of({{"a", "1"}, {"b", "1"}, {"c", "gone"}})), FailsWith(Errc::missing_tensor));
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_FALSE(test::is_mapped(directory_.path()));
}

TEST_F(ShardedCheckpoint, OpensManyShards) {
  std::vector<std::pair<std::string, std::string>> weight_map;
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i);
    directory_.write("shard" + number, file_of({"tensor" + number}));
    weight_map.emplace_back("tensor" + number, "shard" + number);
  }
  const auto checkpoint = open(index_of(weight_map));
  ASSERT_THAT(checkpoint, Succeeds());
  EXPECT_EQ(checkpoint->tensor_count(), 200U);
  for (const auto& [name, shard] : weight_map)
    EXPECT_EQ(checkpoint->find(name)->file(), (directory_.path() / shard).native());
}

// --- from_index

TEST(FromIndex, GetsTheNamesThatTheIndexHoldsAndPassesErrorsThrough) {
  const Checkpoint::OpenShard shard = [](std::string_view file) -> Result<std::shared_ptr<const Source>> {
    if (file == "good") return std::make_shared<const test::StringSource>(file_of({"a"}), "memory:good");
    if (file == "broken") return std::make_shared<const test::StringSource>("junk", "memory:broken");
    return Error{.code = Errc::io_error, .message = "403 forbidden", .system_code = 403};
  };
  const auto checkpoint = Checkpoint::from_index(index_of({{"a", "good"}}), shard);
  ASSERT_THAT(checkpoint, Succeeds());
  EXPECT_EQ(checkpoint->find("a")->file(), "memory:good");
  EXPECT_EQ(test::read(*checkpoint->find("a"))->size(), 1U);

  const auto forbidden = Checkpoint::from_index(index_of({{"a", "good"}, {"b", "secret"}}), shard);
  ASSERT_THAT(forbidden, FailsWith(Errc::io_error, "403 forbidden"));
  EXPECT_EQ(forbidden.error().file, "secret");
  EXPECT_EQ(forbidden.error().system_code, 403);
  EXPECT_THAT(Checkpoint::from_index(index_of({{"a", "good"}, {"b", "broken"}}), shard),
              FailsWith(Errc::header_too_small, "memory:broken"));
}

TEST(CheckpointOf, AnArchiveHasItsTensorsAndItsMetadata) {
  const Archive archive =
      test::open_bytes(test::FileBuilder().metadata("k", "v").add("a", DType::U8, {1}).file()).value();
  const Checkpoint checkpoint = Checkpoint::of(archive);
  EXPECT_EQ(checkpoint.tensor_count(), 1U);
  EXPECT_EQ(checkpoint.metadata().at("k"), "v");
  EXPECT_EQ(checkpoint.index_file(), "");
  EXPECT_EQ(checkpoint.at("a")->name(), "a");
  EXPECT_THAT(checkpoint.at("b"), FailsWith(Errc::missing_tensor));
  const Checkpoint copy = checkpoint;
  EXPECT_EQ(copy.shards().data(), checkpoint.shards().data());
}

}  // namespace
}  // namespace hoist
