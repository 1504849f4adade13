// Slices and shards that are asked for: which are refused, and what the others give.
#include <gtest/gtest.h>

#include <limits>

#include "support/header_builder.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::FailsWith;
using test::Succeeds;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

struct SliceCase {
  const char* name;
  DType dtype;
  Shape shape;
  std::vector<Range> ranges;
  const char* refusal;  // in the message; null: accepted
  Shape result = {};
};

void PrintTo(const SliceCase& slice, std::ostream* out) { *out << slice.name; }

class SliceRequests : public testing::TestWithParam<SliceCase> {};

TEST_P(SliceRequests, AreAcceptedOrRefusedWithTheReason) {
  const SliceCase& slice = GetParam();
  const Archive archive = test::open_bytes(test::FileBuilder().add("w", slice.dtype, slice.shape).file()).value();
  const auto view = archive.at("w")->slice(slice.ranges);
  if (slice.refusal) {
    ASSERT_THAT(view, FailsWith(Errc::invalid_slice, slice.refusal));
    EXPECT_EQ(view.error().tensor, "w");
  } else {
    ASSERT_THAT(view, Succeeds());
    EXPECT_EQ(Shape(view->shape().begin(), view->shape().end()), slice.result);
    EXPECT_THAT(test::read(*view), Succeeds());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, SliceRequests,
    testing::Values(SliceCase{"UpToTheEnd", DType::U8, {4}, {{.start = 0, .stop = 4}}, nullptr, {4}},
                    SliceCase{"OnePastTheEnd", DType::U8, {4}, {{.start = 0, .stop = 5}}, "beyond its size"},
                    SliceCase{"StartAtTheEnd", DType::U8, {4}, {{.start = 4}}, nullptr, {0}},
                    SliceCase{"StartPastTheEnd", DType::U8, {4}, {{.start = 5}}, "ends before it starts"},
                    SliceCase{"Backwards", DType::U8, {4}, {{.start = 3, .stop = 2}}, "ends before it starts"},
                    SliceCase{"FarPastTheEnd", DType::U8, {4}, {{.start = most - 1, .stop = most}}, "beyond its size"},
                    SliceCase{"StepZero", DType::U8, {4}, {{.step = 0}}, "step 0"},
                    SliceCase{"StepLongerThanAll", DType::U8, {4}, {{.start = 1, .step = most}}, nullptr, {1}},
                    SliceCase{"AsManyRangesAsDimensions", DType::U8, {2, 2}, {{}, {}}, nullptr, {2, 2}},
                    SliceCase{
                        "MoreRangesThanDimensions", DType::U8, {2, 2}, {{}, {}, {}}, "3 ranges for a tensor of rank 2"},
                    SliceCase{"ScalarByNothing", DType::F32, {}, {}, nullptr, {}},
                    SliceCase{"ScalarByARange", DType::F32, {}, {{}}, "rank 0"},
                    SliceCase{"RowsOfF4OnWholeBytes", DType::F4, {2, 4}, {{.start = 1}}, nullptr, {1, 4}},
                    SliceCase{"RowsOfF4OnHalfBytes", DType::F4, {2, 3}, {{.start = 1}}, "whole bytes"},
                    SliceCase{"HalfOfF4OnWholeBytes", DType::F4, {2, 4}, {{}, {.start = 2}}, nullptr, {2, 2}},
                    SliceCase{"EverySecondF4", DType::F4, {8}, {{.step = 2}}, "4 bits"},
                    SliceCase{"FourOfF6", DType::F6_E3M2, {8}, {{.start = 4}}, nullptr, {4}},
                    SliceCase{"ThreeOfF6", DType::F6_E3M2, {8}, {{.start = 5}}, "6 bits"},
                    SliceCase{"NoneOfF6", DType::F6_E3M2, {8}, {{.start = 5, .stop = 5}}, nullptr, {0}},
                    SliceCase{"OfAnEmptyTensor", DType::F32, {0, 4}, {{}, {.start = 1, .step = 2}}, nullptr, {0, 2}}),
    [](const auto& info) { return info.param.name; });

TensorView counting(const Shape& shape) {
  return *test::open_bytes(test::FileBuilder().add("w", DType::U8, shape).file())->at("w");
}

TEST(Shards, OfOneDimensionJoinToTheWhole) {
  const TensorView whole = counting({6, 4});
  std::string rows, columns;
  for (std::uint64_t i = 0; i < 3; ++i)
    rows += *test::read(*whole.shard(0, i, 3));
  EXPECT_EQ(rows, *test::read(whole));
  for (std::uint64_t i = 0; i < 2; ++i) {
    const auto shard = whole.shard(1, i, 2);
    ASSERT_THAT(shard, Succeeds());
    EXPECT_EQ(Shape(shard->shape().begin(), shard->shape().end()), (Shape{6, 2}));
    EXPECT_EQ(*test::read(*shard), *test::read(*whole.slice({{}, {.start = 2 * i, .stop = 2 * i + 2}})));
  }
}

TEST(Shards, MayDifferByOneElementWhenAskedFor) {
  const TensorView whole = counting({7, 2});
  EXPECT_THAT(whole.shard(0, 0, 3), FailsWith(Errc::indivisible, "7"));
  const std::uint64_t sizes[] = {3, 2, 2};
  std::string joined;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto shard = whole.shard(0, i, 3, {.uneven = true});
    ASSERT_THAT(shard, Succeeds());
    EXPECT_EQ(shard->shape()[0], sizes[i]);
    joined += *test::read(*shard);
  }
  EXPECT_EQ(joined, *test::read(whole));
}

TEST(Shards, AreEmptyWhereThereAreMoreOfThemThanElements) {
  const TensorView whole = counting({2});
  EXPECT_THAT(whole.shard(0, 0, 3), FailsWith(Errc::indivisible));
  EXPECT_EQ(whole.shard(0, 2, 3, {.uneven = true})->byte_count(), 0U);
  EXPECT_THAT(test::read(*whole.shard(0, 2, 3, {.uneven = true})), Succeeds());
}

TEST(Shards, RefuseADimensionAnIndexAndACountThatAreNone) {
  const TensorView whole = counting({4, 4});
  EXPECT_THAT(whole.shard(1, 3, 4), Succeeds());
  EXPECT_THAT(whole.shard(2, 3, 4), FailsWith(Errc::invalid_slice, "dimension 2 of a tensor of rank 2"));
  EXPECT_THAT(whole.shard(1, 4, 4), FailsWith(Errc::invalid_slice, "shard 4 of 4"));
  EXPECT_THAT(whole.shard(1, 0, 0), FailsWith(Errc::invalid_slice, "shard 0 of 0"));
}

TEST(Shards, OfASliceSplitTheSlice) {
  const TensorView whole = counting({4, 8});
  const auto shard = whole.slice({{}, {.start = 1, .step = 2}})->shard(1, 1, 2);
  ASSERT_THAT(shard, Succeeds());
  EXPECT_EQ(*test::read(*shard), *test::read(*whole.slice({{}, {.start = 5, .step = 2}})));
}

}  // namespace
}  // namespace hoist
