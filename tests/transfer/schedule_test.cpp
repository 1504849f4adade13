// Plans that are started together: what they take alike is read once, each in its own order, and nothing gets stuck.
#include "transfer/schedule.hpp"

#include <numeric>
#include <random>

#include "support/matchers.hpp"
#include "transfer/cuts.hpp"

namespace hoist::transfer {
namespace {

constexpr std::uint64_t enough = 64U << 10;  // to be shared

Schedule scheduled(const std::vector<Plan>& plans) {
  std::vector<const PlanState*> states;
  for (const Plan& plan : plans)
    states.push_back(&PlanAccess::state(plan));
  return schedule(states);
}

// Where the bytes of a slot come from: tensor, where it or its slice begins, first and last byte, place in the slot.
auto image(const Plan& plan, const Pieces& pieces, std::uint32_t number) {
  std::vector<std::tuple<const TensorInfo*, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>> parts;
  for (const Part& part : pieces.parts_of(pieces.pieces[number])) {
    const TensorView& view = PlanAccess::state(plan).items[part.item].view;
    const std::uint64_t offset = store::extent(view.info(), store::Internals::slice(view)).offset;
    parts.emplace_back(&view.info(), offset, part.begin, part.end, part.slot_offset);
  }
  return parts;
}

// What must hold of every schedule.
void check_schedule(const std::vector<Plan>& plans) {
  const Schedule all = scheduled(plans);
  ASSERT_EQ(all.pieces.size(), plans.size());
  for (std::size_t i = 0; i < plans.size(); ++i)
    check(plans[i], all.pieces[i]);
  std::vector<std::uint32_t> next(plans.size());
  for (const Step& step : all.steps) {
    ASSERT_GT(step.delivery_count, 0U);
    const auto takers = all.deliveries_of(step);
    for (const auto& [plan, piece] : takers) {
      ASSERT_EQ(piece, next[plan]++) << "each plan's pieces once, in its order";
      ASSERT_EQ(image(plans[plan], all.pieces[plan], piece),
                image(plans[takers[0].plan], all.pieces[takers[0].plan], takers[0].piece));
    }
  }
  for (std::size_t i = 0; i < plans.size(); ++i)
    ASSERT_EQ(next[i], all.pieces[i].pieces.size());
}

std::uint64_t bytes_read(const std::vector<Plan>& plans) {
  const std::vector<Estimate> each = estimate(plans);
  return std::accumulate(each.begin(), each.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Estimate& one) { return sum + one.bytes_read; });
}

Plan selecting(const Checkpoint& checkpoint, const std::vector<std::string>& patterns) {
  Plan plan(checkpoint);
  for (const std::string& pattern : patterns)
    plan.select(pattern).value();
  return plan;
}

class Schedules : public testing::Test {
 protected:
  // t0 to t5, of a size each, nothing else alike.
  static Checkpoint model(const std::vector<std::uint64_t>& sizes) {
    return Checkpoint::of(Described{sizes}.archive());
  }
  const Checkpoint checkpoint_ =
      model({enough, 3 * piece_bytes + 1, enough + 1, 2 * piece_bytes, enough + 2, enough + 3});
};

TEST_F(Schedules, ReadOnceWhatAllTake) {
  const std::vector<Plan> plans(3, selecting(checkpoint_, {"t0", "**"}));
  check_schedule(plans);
  const std::vector<Estimate> each = estimate(plans);
  EXPECT_EQ(each[0].bytes_read, plans[0].estimate().bytes_read);
  EXPECT_EQ(each[0].requests, plans[0].estimate().requests);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(each[i].bytes, plans[i].estimate().bytes);
    EXPECT_EQ(each[i].device_bytes, plans[i].estimate().device_bytes);
    EXPECT_EQ(each[i].bytes_read, i == 0 ? plans[0].estimate().bytes_read : 0);
  }
}

TEST_F(Schedules, OfOnePlanAreItsPieces) {
  const std::vector<Plan> plans{selecting(checkpoint_, {"t3", "**"})};
  check_schedule(plans);
  EXPECT_EQ(estimate(plans)[0].requests, plans[0].estimate().requests);
}

TEST_F(Schedules, ReadOnceWhatSomeTakeBetweenWhatIsTheirOwn) {
  const std::vector<Plan> plans{selecting(checkpoint_, {"t0", "t1", "t2"}), selecting(checkpoint_, {"t1", "t3"}),
                                selecting(checkpoint_, {"t3", "t5"})};
  check_schedule(plans);
  EXPECT_EQ(bytes_read(plans), 3 * enough + 5 * piece_bytes + 1 + 1 + 3) << "all but t4";
}

TEST_F(Schedules, ReadAgainWhatPlansTakeInAnotherOrder) {
  const std::vector<Plan> plans{selecting(checkpoint_, {"t0", "t2", "t4"}), selecting(checkpoint_, {"t4", "t2", "t0"}),
                                selecting(checkpoint_, {"t2", "t4", "t0"})};
  check_schedule(plans);
  EXPECT_LT(bytes_read(plans), 3 * plans[0].estimate().bytes_read) << "but not all of it";
}

TEST_F(Schedules, ReadAgainWhatIsTooLittleToBeWorthASlot) {
  for (const std::uint64_t size : {enough - 1, enough}) {
    const Checkpoint checkpoint = model({size, 100, 200});
    const std::vector<Plan> plans{selecting(checkpoint, {"t0", "t1"}), selecting(checkpoint, {"t0", "t2"})};
    check_schedule(plans);
    EXPECT_EQ(bytes_read(plans), 300 + (size == enough ? 1 : 2) * size);
  }
}

TEST_F(Schedules, CountNeighboursOfOneGroupTogetherThatAreSharedAlike) {
  const Checkpoint checkpoint = model({enough / 2, enough / 2, 100});
  for (const bool apart : {false, true}) {
    const std::vector<Plan> plans{apart ? selecting(checkpoint, {"t0", "t1"}) : selecting(checkpoint, {"t{0..1}"}),
                                  selecting(checkpoint, {"t{0..1}", "t2"})};
    check_schedule(plans);
    EXPECT_EQ(bytes_read(plans), (apart ? 2 : 1) * enough + 100);
  }
}

TEST_F(Schedules, ReadEqualSlicesOnceAndOthersNot) {
  const Checkpoint checkpoint =
      Checkpoint::of(test::open_bytes(test::FileBuilder().add("w", DType::U8, {512, 2048}).file()).value());
  const TensorView whole = checkpoint.at("w").value();
  const auto plan = [&](const TensorView& view, const char* name) {
    Plan plan(checkpoint);
    plan.add({{.view = view, .name = name}}).value();
    return plan;
  };
  const std::vector<Plan> equal(2, plan(whole.shard(1, 0, 4).value(), "a"));
  check_schedule(equal);
  EXPECT_EQ(bytes_read(equal), equal[0].estimate().bytes_read);
  // From the same byte on, and as many.
  const std::vector<Plan> others{equal[0], plan(whole.slice({{.stop = 256}, {.stop = 1024}}).value(), "b"),
                                 plan(whole.slice({{.stop = 128}}).value(), "c")};
  check_schedule(others);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(estimate(others)[i].bytes_read, others[i].estimate().bytes_read);
}

TEST_F(Schedules, ReadAgainWhatOnePlanWouldWaitForTooLong) {
  // Two halves of a model, and what both begin or end with: 100 MiB apart.
  std::vector<std::uint64_t> sizes(51, slot_bytes);
  sizes[0] = enough;
  const Checkpoint checkpoint = model(sizes);
  for (const bool near : {false, true}) {
    const std::vector<Plan> plans{
        selecting(checkpoint, {"t0", "t{1..25}"}),
        near ? selecting(checkpoint, {"t{26..36}", "t0", "t{37..50}"}) : selecting(checkpoint, {"t{26..50}", "t0"})};
    check_schedule(plans);
    EXPECT_EQ(bytes_read(plans), 50 * slot_bytes + (near ? 1 : 2) * enough);
    const Schedule all = scheduled(plans);
    EXPECT_EQ(all.deliveries_of(all.steps[near ? 11 : 0])[0].plan, near ? 1U : 0U);
  }
}

TEST_F(Schedules, KeepWhatTwoShareWhereTwoOthersCross) {
  const Checkpoint checkpoint = model({8 << 20, enough, enough, enough, enough});
  const std::vector<Plan> plans{selecting(checkpoint, {"t0", "t1", "t2", "t3", "t4"}),
                                selecting(checkpoint, {"t0", "t2", "t1"}), selecting(checkpoint, {"t3", "t4"})};
  check_schedule(plans);
  EXPECT_EQ(bytes_read(plans), (8 << 20) + 5 * enough) << "t1 or t2 twice, the others once";
}

TEST_F(Schedules, TakeASliceOfAllForTheTensor) {
  std::vector<Plan> plans(2, Plan(checkpoint_));
  plans[0].add(checkpoint_.at("t1").value()).value();
  plans[1].add(checkpoint_.at("t1")->shard(0, 0, 1).value()).value();
  check_schedule(plans);
  EXPECT_EQ(bytes_read(plans), 3 * piece_bytes + 1);
}

TEST_F(Schedules, AreMadeOfManyNamesOfOneTensorInTime) {
  std::vector<Plan> plans(2, Plan(checkpoint_));
  for (Plan& plan : plans) {
    std::vector<Placed> group;
    for (int i = 0; i < 20'000; ++i)
      group.push_back({.view = checkpoint_.at("t0")->slice({{.stop = 16}}).value(), .name = std::to_string(i)});
    plan.add(std::move(group)).value();
  }
  EXPECT_EQ(estimate(plans)[1].bytes_read, 0U);
}

TEST_F(Schedules, LetTheLastOnesBytesAlwaysComeNext) {
  const std::vector<Plan> plans{selecting(checkpoint_, {"t1"}), selecting(checkpoint_, {"t3", "t0"})};
  const Schedule all = scheduled(plans);
  std::vector<std::uint64_t> bytes(2);
  for (const Step& step : all.steps) {
    const auto [plan, piece] = all.deliveries_of(step).front();
    const std::size_t other = 1 - plan;
    const bool other_is_done = bytes[other] == plans[other].estimate().bytes;
    EXPECT_TRUE(other_is_done || bytes[plan] <= bytes[other]);
    bytes[plan] += all.pieces[plan].pieces[piece].bytes;
  }
}

class RandomSchedules : public testing::TestWithParam<unsigned> {};

TEST_P(RandomSchedules, BringEveryByteToEveryPlanInItsOrder) {
  std::mt19937_64 random(GetParam());
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  Described described;
  for (std::uint64_t i = 0; i < 2 + below(20); ++i)
    described.sizes.push_back(below(3) == 0 ? below(3 * piece_bytes) : below(2 * enough));
  const Archive archive = described.archive();
  const bool shuffled = below(2) == 0;
  std::vector<std::vector<char>> owned;
  std::vector<Plan> plans;
  for (std::uint64_t plan = 0; plan < 2 + below(4); ++plan) {
    plans.emplace_back(Checkpoint::of(archive));
    std::vector<std::size_t> order(archive.tensors().size());
    std::iota(order.begin(), order.end(), 0);
    if (shuffled) std::ranges::shuffle(order, random);
    std::vector<Placed> group;
    for (const std::size_t i : order) {
      if (below(5) == 0) continue;
      Placed placed{.view = archive.view(i)};
      if (below(6) == 0) placed.view = placed.view.slice({{.step = 1 + below(3)}}).value();
      if (below(4) == 0 && placed.view.byte_count() != 0) {
        owned.emplace_back(placed.view.byte_count());
        placed.destination = owned.back().data();
        placed.destination_bytes = owned.back().size();
      }
      group.push_back(placed);
      if (below(9) == 0) {  // once more, by another name
        placed.name = "again" + std::to_string(i);
        placed.destination = nullptr;
        group.push_back(placed);
      }
      if (below(4) == 0) {
        ASSERT_THAT(plans.back().add(std::exchange(group, {})), test::Succeeds());
      }
    }
    ASSERT_THAT(plans.back().add(std::move(group)), test::Succeeds());
  }
  check_schedule(plans);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSchedules, testing::Range(0U, 60U));

}  // namespace
}  // namespace hoist::transfer
