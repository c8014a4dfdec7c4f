#include "standing/training.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tieline::standing {
namespace {

// Of two indicators exactly one is high: no weighted sum can tell, a hidden layer can.
std::vector<Sample> either(uint64_t seed, size_t count) {
  Rng rng(seed);
  std::vector<Sample> out;
  for (size_t i = 0; i < count; ++i) {
    Sample s;
    for (uint32_t& x : s.x) x = static_cast<uint32_t>(rng.below(kCreditOne + 1));
    const bool away = s.x[2] > kCreditOne / 2, fails = s.x[3] > kCreditOne / 2;
    s.target = away != fails ? 0 : kCreditOne;
    out.push_back(s);
  }
  return out;
}

TrainingOptions small() {
  TrainingOptions o;
  o.hidden = 8;
  o.passes = 60;
  o.rate = 13'107;
  return o;
}

TEST(Training, LearnsWhatNoWeightedSumCanSay) {
  const CreditWeights w = train(either(1, 600), small());
  std::vector<Scored> network, sum;
  for (const Sample& s : either(2, 400)) {
    network.push_back({network_output(w, s.x), s.target == 0});
    sum.push_back({linear_output(s.x), s.target == 0});
  }
  EXPECT_GT(*roc_area_ppm(network), 950'000u);
  EXPECT_LT(*roc_area_ppm(sum), 600'000u);
}

// The same bytes from every compiler, optimisation and machine: tools/credit-builds.sh compares four builds.
TEST(Training, GivesTheseVeryWeights) {
  EXPECT_EQ(to_hex(train(either(1, 200), small()).hash()),
            "c10c6de13ef55f7fad374c66849ed4fdd177a7a94c91df9a13ae735b5f408d60");
}

TEST(Training, DependsOnItsSeedAndItsSamplesOnly) {
  const auto samples = either(1, 50);
  TrainingOptions o = small();
  EXPECT_EQ(train(samples, o), train(samples, o));
  o.seed = 2;
  EXPECT_NE(train(samples, o), train(samples, small()));
  EXPECT_NE(train(either(2, 50), small()), train(samples, small()));
}

TEST(Training, TheErrorFallsFromTheFirstPassToTheLast) {
  const auto samples = either(1, 300);
  TrainingOptions one = small(), many = small();
  one.passes = 1;
  many.passes = 300;
  EXPECT_LT(mean_squared_error(train(samples, many), samples), mean_squared_error(train(samples, one), samples) / 2);
}

TEST(Training, WeightsStayInTheirBoundsWhateverTheRate) {
  TrainingOptions o = small();
  o.rate = 64 * kCreditOne;
  for (const int32_t v : train(either(1, 200), o).values) {
    EXPECT_LE(v, 128 * kOne);
    EXPECT_GE(v, -128 * kOne);
  }
}

TEST(RocArea, CountsPairsInTheRightOrderAndTiesHalf) {
  EXPECT_EQ(roc_area_ppm({{1, true}, {2, false}}), 1'000'000u);
  EXPECT_EQ(roc_area_ppm({{2, true}, {1, false}}), 0u);
  EXPECT_EQ(roc_area_ppm({{1, true}, {1, false}}), 500'000u);
  EXPECT_EQ(roc_area_ppm({{1, true}, {3, false}, {2, true}, {2, false}}), 875'000u);
  EXPECT_EQ(roc_area_ppm({{1, true}, {2, true}}), std::nullopt) << "nothing to tell apart";
  EXPECT_EQ(roc_area_ppm({}), std::nullopt);
}

}  // namespace
}  // namespace tieline::standing
