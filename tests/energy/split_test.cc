#include "energy/split.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/rng.h"

namespace tieline::energy {
namespace {

std::vector<uint64_t> shares(uint64_t amount, const std::vector<Weight>& weights) { return split(amount, weights); }

TEST(Split, FloorsThenTheLargestRemaindersThenTheLowerId) {
  EXPECT_EQ(shares(10, {{1, 1}, {2, 1}, {3, 1}}), (std::vector<uint64_t>{4, 3, 3}));
  EXPECT_EQ(shares(10, {{3, 1}, {2, 1}, {1, 1}}), (std::vector<uint64_t>{3, 3, 4}));
  // Quotas 1.4, 2.8, 2.8: the two largest remainders get the two units.
  EXPECT_EQ(shares(7, {{1, 1}, {2, 2}, {3, 2}}), (std::vector<uint64_t>{1, 3, 3}));
  EXPECT_EQ(shares(0, {{1, 5}}), (std::vector<uint64_t>{0}));
  EXPECT_EQ(shares(5, {{2, 0}, {1, 0}}), (std::vector<uint64_t>{2, 3})) << "nobody weighs anything: all the same";
  EXPECT_TRUE(shares(0, {}).empty());
}

TEST(Split, LosesNothingAndGivesNobodyMoreThanItsWeight) {
  Rng rng(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<Weight> weights(1 + rng.below(8));
    uint64_t sum = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      weights[i] = {i, rng.below(rng.chance(500'000) ? 10 : uint64_t{1} << 58)};
      sum += weights[i].weight;
    }
    const uint64_t amount = sum == 0 ? rng.below(100) : rng.below(sum + 1);
    const auto got = split(amount, weights);
    ASSERT_EQ(std::accumulate(got.begin(), got.end(), uint64_t{0}), amount);
    for (size_t i = 0; i < got.size() && sum > 0; ++i) ASSERT_LE(got[i], weights[i].weight);
  }
}

TEST(Split, AnEqualPartIsThatOfTheWholeDivision) {
  for (uint64_t amount = 0; amount < 40; ++amount) {
    for (uint64_t n = 1; n < 9; ++n) {
      std::vector<Weight> weights(n);
      for (uint64_t i = 0; i < n; ++i) weights[i] = {i, 1};
      const auto got = split(amount, weights);
      for (uint64_t i = 0; i < n; ++i) ASSERT_EQ(equal_part(amount, n, i), got[i]);
    }
  }
}

}  // namespace
}  // namespace tieline::energy
