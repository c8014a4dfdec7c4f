// Latencies come from integer tables: the right ones, and the same on every machine.

#include "sim/distribution.h"

#include <gtest/gtest.h>

#include <vector>

#include "sim/mix.h"

namespace tieline::sim {
namespace {

constexpr int kDraws = 200'000;

TEST(Distribution, NormalHasItsMeanAndDeviation) {
  Rng rng(1);
  int64_t sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const int64_t z = draw_normal(0, 1'000, rng);
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(static_cast<double>(sum) / kDraws, 0.0, 10.0);
  EXPECT_NEAR(static_cast<double>(squares) / kDraws / 1e6, 1.0, 0.02);
}

TEST(Distribution, NormalHasItsQuartiles) {
  Rng rng(2);
  int below = 0;
  for (int i = 0; i < kDraws; ++i) below += draw_normal(0, 1'000, rng) < -674;
  EXPECT_NEAR(static_cast<double>(below) / kDraws, 0.25, 0.01);
}

TEST(Distribution, LatenciesAreAboutWhatTheirNamesSay) {
  struct Case {
    LatencyModel model;
    double mean_us, tolerance_us;
  };
  const Case cases[] = {{LatencyModel::kNormal20, 20'000, 200},
                        {LatencyModel::kNormal30, 30'000, 400},
                        {LatencyModel::kUniform, 30'500, 400},
                        {LatencyModel::kLocal, 1'000, 20},
                        {LatencyModel::kHeavyTail, 27'000, 2'500}};
  for (const Case& c : cases) {
    Rng rng(3);
    int64_t sum = 0;
    for (int i = 0; i < kDraws; ++i) {
      const int64_t us = draw_latency_us(c.model, rng);
      ASSERT_GE(us, kLatencyLeastUs);
      sum += us;
    }
    EXPECT_NEAR(static_cast<double>(sum) / kDraws, c.mean_us, c.tolerance_us) << latency_name(c.model);
  }
}

TEST(Distribution, TheHeavyTailIsHeavy) {
  Rng rng(4);
  int above = 0;
  for (int i = 0; i < kDraws; ++i) above += draw_latency_us(LatencyModel::kHeavyTail, rng) > 200'000;
  EXPECT_NEAR(static_cast<double>(above) / kDraws, 0.0112, 0.003);  // 20^-1.5
}

// The bits themselves: another compiler, machine or library must draw the same.
TEST(Distribution, DrawsTheSameBitsEverywhere) {
  Rng rng(5);
  uint64_t hash = 0;
  for (int i = 0; i < 1'000; ++i)
    for (size_t model = 0; model < static_cast<size_t>(LatencyModel::kCount); ++model)
      hash = mix(hash, static_cast<uint64_t>(draw_latency_us(static_cast<LatencyModel>(model), rng)));
  EXPECT_EQ(hash, 1025864983723605624u);
}

}  // namespace
}  // namespace tieline::sim
