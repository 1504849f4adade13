// What was written of a tensor, kept as boxes: as a map of every element would have it.
#include "transfer/coverage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>

namespace hoist::transfer {
namespace {

using Box = Coverage::Box;

TEST(Coverage, IsWholeOnceEveryElementWasAdded) {
  Coverage halves;
  const Shape shape{4, 6};
  EXPECT_TRUE(halves.add({.begin = {0, 0}, .end = {4, 3}}));
  EXPECT_FALSE(halves.covers(shape));
  EXPECT_TRUE(halves.add({.begin = {0, 3}, .end = {4, 6}}));
  EXPECT_TRUE(halves.covers(shape));
  EXPECT_EQ(halves.box_count(), 1U);
}

TEST(Coverage, RefusesWhatWasThereBeforeAndStaysAsItWas) {
  Coverage coverage;
  EXPECT_TRUE(coverage.add({.begin = {1, 1}, .end = {3, 3}}));
  EXPECT_FALSE(coverage.add({.begin = {2, 2}, .end = {4, 4}})) << "one element of both";
  EXPECT_TRUE(coverage.add({.begin = {3, 1}, .end = {4, 3}})) << "its neighbour";
  EXPECT_EQ(coverage.box_count(), 1U);
}

TEST(Coverage, OfAScalarIsOneElementAndOfNothingIsThere) {
  Coverage scalar;
  EXPECT_FALSE(scalar.covers(Shape{}));
  EXPECT_TRUE(scalar.add({}));
  EXPECT_TRUE(scalar.covers(Shape{}));
  EXPECT_FALSE(scalar.add({}));
  Coverage nothing;
  EXPECT_TRUE(nothing.covers(Shape{3, 0}));
  EXPECT_TRUE(nothing.add({.begin = {0, 0}, .end = {3, 0}}));
  EXPECT_TRUE(nothing.add({.begin = {0, 0}, .end = {3, 0}}));
}

TEST(Coverage, JoinsRowsThatComeOneAfterTheOther) {
  Coverage rows;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(rows.add({.begin = {i, 0}, .end = {i + 1, 10}}));
    EXPECT_EQ(rows.box_count(), 1U);
  }
}

class RandomBoxes : public testing::TestWithParam<unsigned> {};

TEST_P(RandomBoxes, AreWhatASetOfElementsMakesOfThem) {
  std::mt19937 random(GetParam());
  const Shape shape{3, 4, 5};
  Coverage coverage;
  std::set<std::array<std::uint64_t, 3>> elements;
  for (int round = 0; round < 200; ++round) {
    Box box{.begin = Shape(3), .end = Shape(3)};
    for (std::size_t i = 0; i < 3; ++i) {
      box.begin[i] = random() % shape[i];
      box.end[i] = box.begin[i] + random() % (shape[i] - box.begin[i] + 1);
    }
    std::set<std::array<std::uint64_t, 3>> added;
    for (std::uint64_t x = box.begin[0]; x < box.end[0]; ++x)
      for (std::uint64_t y = box.begin[1]; y < box.end[1]; ++y)
        for (std::uint64_t z = box.begin[2]; z < box.end[2]; ++z)
          added.insert({x, y, z});
    const bool fresh = std::ranges::none_of(added, [&](const auto& element) { return elements.contains(element); });
    ASSERT_EQ(coverage.add(box), fresh);
    if (fresh) elements.merge(added);
    ASSERT_EQ(coverage.covers(shape), elements.size() == 60U);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomBoxes, testing::Range(0U, 20U));

}  // namespace
}  // namespace hoist::transfer
