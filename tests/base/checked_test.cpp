#include "base/checked.hpp"

#include <gtest/gtest.h>

namespace hoist::base {
namespace {

TEST(Checked, MultipliesUpToTheLastNumberAndNotBeyond) {
  EXPECT_EQ(checked_multiply(UINT64_MAX / 5, 5), UINT64_MAX);
  EXPECT_EQ(checked_multiply(UINT64_MAX / 5 + 1, 5), std::nullopt);
  EXPECT_EQ(checked_multiply(0, UINT64_MAX), 0);
}

}  // namespace
}  // namespace hoist::base
