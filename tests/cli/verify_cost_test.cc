// What bench measures of sealed readings is what docs/privacy.md says of their size, and checking is cheaper than
// making.

#include "cli/verify_cost.h"

#include <gtest/gtest.h>

namespace tieline::cli {
namespace {

TEST(SealedCost, IsOfReadingsWithTwoReceiversFourARecord) {
  const SealedCost cost = measure_sealed_cost(0.01);
  EXPECT_EQ(cost.bytes, 392u + 156u);
  EXPECT_GT(cost.check_us, 0);
  EXPECT_GT(cost.seal_us, cost.check_us);
}

}  // namespace
}  // namespace tieline::cli
