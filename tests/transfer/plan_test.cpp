// Plans: what they hold, in which order, and what they refuse.
#include "hoist/plan.hpp"

#include <gtest/gtest.h>

#include "support/checkpoint_files.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"
#include "transfer/plan_state.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::FileBuilder;
using test::Succeeds;

class Plans : public testing::Test {
 protected:
  static Checkpoint checkpoint() {
    return Checkpoint::of(test::open_bytes(FileBuilder()
                                               .add("embed", DType::U8, {100})
                                               .add("layers.0.a", DType::F32, {10})
                                               .add("layers.0.b", DType::U8, {300})
                                               .add("layers.1.a", DType::F32, {64})
                                               .add("empty", DType::F32, {0, 3})
                                               .add("head", DType::U8, {8, 2048})
                                               .file())
                              .value());
  }

  // The names in the order in which they arrive.
  static std::vector<std::string> names(const Plan& plan) {
    std::vector<std::string> found;
    for (const transfer::Item& item : transfer::PlanAccess::state(plan).items)
      found.push_back(item.name);
    return found;
  }

  Placed placed(std::string_view name, void* destination, std::uint64_t bytes) const {
    return {.view = checkpoint_.at(name).value(), .destination = destination, .destination_bytes = bytes};
  }

  Checkpoint checkpoint_ = checkpoint();
  Plan plan_{checkpoint_};
};

using Names = std::vector<std::string>;

TEST_F(Plans, KeepTheOrderOfTheCallsAndInsideAGroupThatOfTheFile) {
  EXPECT_EQ(plan_.select("head").value(), 0U);
  EXPECT_EQ(plan_.select(std::vector<std::string>{"layers.1.*", "layers.0.*"}).value(), 1U);
  EXPECT_EQ(plan_.add(checkpoint_.at("embed").value()).value(), 2U);
  EXPECT_EQ(names(plan_), (Names{"head", "layers.0.a", "layers.0.b", "layers.1.a", "embed"}));
  EXPECT_EQ(plan_.group_count(), 3U);
}

TEST_F(Plans, TakeTheRestByAPatternForEverything) {
  plan_.select("layers.0.*").value();
  plan_.add(checkpoint_.at("head")->shard(0, 1, 4).value()).value();
  plan_.add({{.view = checkpoint_.at("embed").value(), .name = "renamed"}}).value();
  EXPECT_THAT(plan_.select("**"), Succeeds());
  EXPECT_EQ(names(plan_), (Names{"layers.0.a", "layers.0.b", "head", "renamed", "layers.1.a", "empty"}));
  EXPECT_EQ(plan_.select("**").value(), 4U) << "an empty group, which is there at once";
}

TEST_F(Plans, TellWhatTheyWillMoveBeforeAnythingMoves) {
  EXPECT_EQ(plan_.estimate().tensors, 0U);
  EXPECT_EQ(plan_.estimate().device_bytes, 0U);
  plan_.select("layers.0.*").value();
  plan_.select("empty").value();
  plan_.select("embed").value();
  const Estimate estimate = plan_.estimate();
  EXPECT_EQ(estimate.tensors, 4U);
  EXPECT_EQ(estimate.bytes, 40U + 300U + 100U);
  EXPECT_EQ(estimate.bytes_read, 440U);
  EXPECT_EQ(estimate.device_bytes, 768U + 100U) << "at 0, 256 and 768: each at a multiple of 256";
}

TEST_F(Plans, CountTheGapsBetweenShortRunsAndNoOthers) {
  const TensorView head = checkpoint_.at("head").value();
  const test::TemporaryDirectory directory;
  const auto path = directory.write(
      "m.safetensors", FileBuilder().add("w", DType::U8, {8, 1024}).add("wide", DType::U8, {8, 2048}).file());
  const TensorView of_file = Archive::open(path)->at("w").value(), wide = Archive::open(path)->at("wide").value();
  const struct {
    TensorView view;
    std::uint64_t bytes, bytes_read;
  } table[] = {
      {wide.shard(1, 0, 8).value(), 8 * 256, 8 * 256},            // runs 2 KiB apart: each by itself
      {of_file.shard(1, 0, 4).value(), 8 * 256, 7 * 1024 + 256},  // closer: with the gaps between them
      {of_file.shard(0, 3, 4).value(), 2 * 1024, 2 * 1024},       // one stretch
      {head.shard(1, 0, 4).value(), 8 * 512, 8 * 512},            // memory has no gaps to read
  };
  for (const auto& row : table) {
    Plan plan(checkpoint_);
    plan.add(row.view).value();
    EXPECT_EQ(plan.estimate().bytes, row.bytes);
    EXPECT_EQ(plan.estimate().bytes_read, row.bytes_read);
    EXPECT_EQ(plan.estimate().device_bytes, row.bytes);
  }
}

TEST_F(Plans, RefuseANameTwiceWhateverIsBehindIt) {
  plan_.select("embed").value();
  EXPECT_THAT(plan_.add(checkpoint_.at("embed").value()), FailsWith(Errc::duplicate_tensor, "embed"));
  EXPECT_THAT(plan_.add({{.view = checkpoint_.at("head").value(), .name = "embed"}}),
              FailsWith(Errc::duplicate_tensor));
  plan_.add({{.view = checkpoint_.at("head").value(), .name = "layers.0.a"}}).value();
  EXPECT_THAT(plan_.select("layers.0.*"), FailsWith(Errc::duplicate_tensor, "layers.0.a"));
  EXPECT_THAT(plan_.add({{.view = checkpoint_.at("head").value(), .name = "twice"},
                         {.view = checkpoint_.at("head").value(), .name = "twice"}}),
              FailsWith(Errc::duplicate_tensor, "twice"));
}

TEST_F(Plans, LoadPartsOfATensorUnderNamesOfTheirOwn) {
  const TensorView head = checkpoint_.at("head").value();
  EXPECT_THAT(plan_.add({{.view = head.shard(0, 1, 2).value(), .name = "second"},
                         {.view = head.shard(0, 0, 2).value(), .name = "first"}}),
              Succeeds());
  EXPECT_EQ(names(plan_), (Names{"first", "second"}));
}

TEST_F(Plans, RefuseMemoryOfTheCallerThatIsTooSmallOrTooLarge) {
  char memory[101];
  EXPECT_THAT(plan_.add({placed("embed", memory, 99)}), FailsWith(Errc::size_mismatch, "100 bytes, its memory 99"));
  EXPECT_THAT(plan_.add({placed("embed", memory, 101)}), FailsWith(Errc::size_mismatch));
  EXPECT_THAT(plan_.add({placed("embed", memory, 100)}), Succeeds());
  EXPECT_EQ(plan_.estimate().device_bytes, 0U);
}

TEST_F(Plans, RefuseMemoryOfTheCallerThatOverlapsInAGroupOrAcrossGroups) {
  char memory[1000];
  EXPECT_THAT(plan_.add({placed("embed", memory + 500, 100), placed("layers.0.a", memory + 460, 40)}), Succeeds());
  EXPECT_THAT(plan_.add({placed("layers.1.a", memory + 205, 256)}), FailsWith(Errc::overlap, "layers.0.a"));
  EXPECT_THAT(plan_.add({placed("layers.1.a", memory + 599, 256)}), FailsWith(Errc::overlap, "embed"));
  EXPECT_THAT(plan_.add({placed("layers.0.b", memory + 480, 300)}), FailsWith(Errc::overlap));
  EXPECT_THAT(plan_.add({placed("layers.1.a", memory + 600, 256), placed("layers.0.b", memory + 700, 300)}),
              FailsWith(Errc::overlap, "layers.1.a"));
  EXPECT_THAT(plan_.add({placed("layers.1.a", memory + 204, 256), placed("layers.0.b", memory + 600, 300)}),
              Succeeds());
  EXPECT_THAT(plan_.add({placed("empty", memory + 550, 0)}), Succeeds()) << "no bytes overlap nothing";
}

TEST_F(Plans, AreAsTheyWereAfterAnError) {
  char memory[1000];
  plan_.select("embed").value();
  const Estimate before = plan_.estimate();
  EXPECT_FALSE(plan_.add({placed("layers.0.a", memory, 40), placed("layers.0.b", memory + 39, 300)}));
  EXPECT_FALSE(plan_.add({{.view = checkpoint_.at("head").value()}, {.view = checkpoint_.at("embed").value()}}));
  EXPECT_FALSE(plan_.select("no such tensor"));
  EXPECT_EQ(plan_.group_count(), 1U);
  EXPECT_EQ(plan_.estimate().bytes, before.bytes);
  EXPECT_THAT(plan_.select("head"), Succeeds()) << "it was not taken";
  EXPECT_THAT(plan_.add({placed("layers.0.b", memory, 300)}), Succeeds()) << "nor was the memory";
}

TEST_F(Plans, ListTheirTensorsWithTheirPlaces) {
  char memory[100];
  plan_.add({placed("embed", memory, 100)}).value();
  const TensorView head = checkpoint_.at("head").value();
  plan_
      .add({{.view = head.slice({{.start = 1, .stop = 3}}).value(), .name = "part"},
            {.view = checkpoint_.at("layers.0.a").value()}})
      .value();
  const std::vector<Planned> tensors = plan_.tensors();
  ASSERT_EQ(tensors.size(), 3U);
  EXPECT_EQ(tensors[0].destination, memory);
  EXPECT_EQ(tensors[0].group, 0U);
  EXPECT_EQ(tensors[1].group, 1U);
  for (const Planned& tensor : tensors) {
    const std::uint64_t row = tensor.name == "part" ? head.byte_count() / head.shape()[0] : 0;
    EXPECT_EQ(tensor.file_offset, tensor.view.info().offset + row) << tensor.name;
    EXPECT_EQ(tensor.file_bytes, tensor.view.byte_count());
    EXPECT_EQ(tensor.bytes_read, tensor.view.byte_count());
  }
  EXPECT_EQ(tensors[2].arena_offset, 256U);
}

TEST_F(Plans, AreValues) {
  plan_.select("embed").value();
  Plan copy = plan_;
  copy.select("head").value();
  EXPECT_EQ(names(plan_), Names{"embed"});
  EXPECT_EQ(names(copy), (Names{"embed", "head"}));
  plan_ = std::move(copy);
  EXPECT_EQ(names(plan_), (Names{"embed", "head"}));
}

TEST(PlansOfASet, OrderAGroupByShardThenOffsetAndOtherFilesBehind) {
  const test::TemporaryDirectory directory;
  directory.write("z", FileBuilder().add("z0", DType::U8, {1}).add("z1", DType::U8, {1}).file());
  directory.write("a", FileBuilder().add("a0", DType::U8, {1}).add("a1", DType::U8, {1}).file());
  const auto path =
      directory.write(test::index_name, test::index_of({{"z0", "z"}, {"z1", "z"}, {"a0", "a"}, {"a1", "a"}}));
  const Checkpoint checkpoint = Checkpoint::open(path).value();
  Names in_order;
  for (const TensorView& view : checkpoint.tensors())
    in_order.emplace_back(view.name());
  in_order.emplace_back("other");

  const Archive other = test::open_bytes(FileBuilder().add("other", DType::U8, {1}).file()).value();
  std::vector<Placed> group{{.view = other.at("other").value()}};
  for (const char* name : {"a1", "z1", "z0", "a0"})
    group.push_back({.view = checkpoint.at(name).value()});
  Plan plan(checkpoint);
  plan.add(std::move(group)).value();
  Names found;
  for (const transfer::Item& item : transfer::PlanAccess::state(plan).items)
    found.push_back(item.name);
  EXPECT_EQ(found, in_order);
}

}  // namespace
}  // namespace hoist
