// Plans cut into pieces: every byte in exactly one, none too large, none across groups.
#include "transfer/pieces.hpp"

#include <random>

#include "support/matchers.hpp"
#include "transfer/cuts.hpp"

namespace hoist::transfer {
namespace {

void check(const Plan& plan) { check(plan, cut(PlanAccess::state(plan))); }

Plan everything(const Archive& archive) {
  Plan plan(Checkpoint::of(archive));
  plan.select("**").value();
  return plan;
}

TEST(Pieces, OfSmallTensorsHoldMany) {
  const Plan plan = everything(Described{std::vector<std::uint64_t>(5000, 100)}.archive());
  check(plan);
  EXPECT_EQ(cut(PlanAccess::state(plan)).pieces.size(), 1U) << "5000 x 256 bytes";
}

TEST(Pieces, OfALargeTensorAreOneSlotEach) {
  const Plan plan = everything(Described{{3 * piece_bytes + 1}}.archive());
  check(plan);
  const Pieces pieces = cut(PlanAccess::state(plan));
  ASSERT_EQ(pieces.pieces.size(), 4U);
  EXPECT_EQ(pieces.pieces.back().bytes, 1U);
}

TEST(Pieces, EndWithTheSlotAndNotAByteLater) {
  for (const std::uint64_t size : {piece_bytes - 1, piece_bytes, piece_bytes + 1}) {
    const Plan plan = everything(Described{{size, 5, size}}.archive());
    check(plan);
  }
}

TEST(Pieces, EndWithTheirGroup) {
  const Archive archive = Described{{10, 20, 30}}.archive();
  Plan plan(Checkpoint::of(archive));
  plan.select("t2").value();
  plan.select("t0").value();
  plan.select("t0").value();
  plan.select("t1").value();
  check(plan);
  EXPECT_EQ(cut(PlanAccess::state(plan)).group_needs, (std::vector<std::uint32_t>{1, 2, 2, 3}));
}

TEST(Pieces, ReadNeighboursTogetherAndOverAGapOfAPageAndNoFarther) {
  for (const std::uint64_t gap : {io::max_gap_bytes, io::max_gap_bytes + 1}) {
    Plan plan(Checkpoint::of(Described{{10, 20, gap, 30}}.archive()));
    plan.select(std::vector<std::string>{"**", "!t2"}).value();
    check(plan);
    const bool together = gap == io::max_gap_bytes;
    EXPECT_EQ(plan.estimate().requests, together ? 1U : 2U);
    EXPECT_EQ(plan.estimate().bytes_read, 60 + (together ? gap : 0));
    EXPECT_EQ(plan.estimate().bytes, 60U);
  }
}

TEST(Pieces, ReadASliceWithGapsByItselfAndOneWithoutAsAWholeTensor) {
  const Archive archive = Described{{10, 20, 30}}.archive();
  for (const std::uint64_t step : {1U, 2U}) {
    Plan plan(Checkpoint::of(archive));
    plan.add({{.view = archive.at("t0").value()},
              {.view = archive.at("t1")->slice({{.start = 5, .step = step}}).value()},
              {.view = archive.at("t2").value()}})
        .value();
    check(plan);
    EXPECT_EQ(plan.estimate().requests, step == 1 ? 1U : 1 + 8 + 1U);
    EXPECT_EQ(plan.estimate().bytes_read, step == 1 ? 60U : 48U)
        << "the gap before it, too, or only what was asked for";
  }
}

TEST(Pieces, OfAnEmptyPlanAreNone) {
  const Plan plan(Checkpoint::of(Described{{1}}.archive()));
  check(plan);
  EXPECT_TRUE(cut(PlanAccess::state(plan)).pieces.empty());
}

class RandomPlans : public testing::TestWithParam<unsigned> {};

TEST_P(RandomPlans, AreCutWithoutALossOrAnOverlap) {
  std::mt19937_64 random(GetParam());
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  Described described;
  for (std::uint64_t i = 0; i < 1 + below(40); ++i)
    described.sizes.push_back(below(4) == 0 ? below(3 * piece_bytes) : below(1000));
  const Archive archive = described.archive();
  Plan plan(Checkpoint::of(archive));
  std::vector<std::vector<char>> owned;
  std::vector<Placed> group;
  for (std::size_t i = 0; i < archive.tensors().size(); ++i) {
    Placed placed{.view = archive.view(i)};
    if (below(3) == 0 && placed.view.byte_count() != 0) {
      owned.emplace_back(placed.view.byte_count());
      placed.destination = owned.back().data();
      placed.destination_bytes = owned.back().size();
    }
    group.push_back(std::move(placed));
    if (below(5) == 0) {
      ASSERT_THAT(plan.add(std::exchange(group, {})), test::Succeeds());
    }
  }
  ASSERT_THAT(plan.add(std::move(group)), test::Succeeds());
  check(plan);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPlans, testing::Range(0U, 20U));

}  // namespace
}  // namespace hoist::transfer
