#include "model/proximity.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tieline {
namespace {

ProximityParams line_of(std::vector<uint32_t> xs, uint64_t region_m2) {
  ProximityParams p;
  p.region_m2 = region_m2;
  for (uint32_t x : xs) p.positions.push_back({x, 0});
  return p;
}

// The mean number of others within Q1, of fifty spread over a square.
uint64_t hundredths_near(NearRule rule) {
  constexpr uint32_t kSide = 100'000;
  constexpr size_t kNodes = 50, kRuns = 40;
  Rng rng(7);
  uint64_t pairs = 0;
  for (size_t run = 0; run < kRuns; ++run) {
    std::vector<Position> at;
    for (size_t i = 0; i < kNodes; ++i)
      at.push_back({static_cast<uint32_t>(rng.below(kSide)), static_cast<uint32_t>(rng.below(kSide))});
    for (size_t i = 0; i < kNodes; ++i)
      for (size_t k = 0; k < kNodes; ++k)
        pairs += i != k && is_near(square_distance(at[i], at[k]), uint64_t{kSide} * kSide, kNodes, rule);
  }
  return pairs * 100 / (kNodes * kRuns);
}

TEST(Proximity, AsReadFiftyHaveAboutTenNeighboursAndAsPrintedLessThanOne) {
  EXPECT_GT(hundredths_near(NearRule::kAsRead), 600u);  // borders cut the circles
  EXPECT_LT(hundredths_near(NearRule::kAsRead), 1'100u);
  EXPECT_LT(hundredths_near(NearRule::kAsPrinted), 100u);
  EXPECT_GT(hundredths_near(NearRule::kAsPrinted), 30u);
}

TEST(Proximity, TheBorderItselfIsNearAndNothingOverflows) {
  // Q / (0.3 X) = 30'000 / (0.3 * 10) = 10'000: a distance of 100.
  EXPECT_TRUE(is_near(100 * 100, 30'000, 10));
  EXPECT_FALSE(is_near(100 * 100 + 1, 30'000, 10));
  const Position corner{kPositionMax, kPositionMax};
  EXPECT_EQ(square_distance({0, 0}, corner), 2 * kRegionMax);
  EXPECT_EQ(square_distance(corner, {0, 0}), 2 * kRegionMax);
  EXPECT_FALSE(is_near(2 * kRegionMax, kRegionMax, 256));
  EXPECT_FALSE(is_near(2 * kRegionMax, kRegionMax, 256, NearRule::kAsPrinted));
}

TEST(Proximity, TheNearestComeFirstTiesByIdAndWhoStandsNowhereLast) {
  const ProximityParams p = line_of({500, 400, 600, 0, 510}, 1);
  EXPECT_EQ(nearest_first(p, 0, {9, 3, 2, 1, 0, 4}), (std::vector<ValidatorId>{4, 1, 2, 3, 9}));
  EXPECT_EQ(nearest_first(p, 9, {3, 1, 9}), (std::vector<ValidatorId>{3, 1})) << "it stands nowhere itself";
}

TEST(Proximity, NeighboursAreThoseWithinQ1AndNeverFewerThanTheLeast) {
  // Five of them, Q1 = sqrt(15'000 / 1.5) = 100.
  const ProximityParams p = line_of({1'000, 1'050, 1'100, 1'101, 5'000}, 15'000);
  EXPECT_EQ(neighbours_of(p, 0, {0, 1, 2, 3, 4}, 1), (std::vector<ValidatorId>{1, 2}));
  EXPECT_EQ(neighbours_of(p, 0, {0, 1, 2, 3, 4}, 3), (std::vector<ValidatorId>{1, 2, 3}));
  EXPECT_EQ(neighbours_of(p, 4, {0, 1, 2, 3, 4}, 2), (std::vector<ValidatorId>{3, 2})) << "nobody is near";
  EXPECT_TRUE(neighbours_of(p, 7, {0, 1, 2}, 2).empty()) << "it stands nowhere";
  EXPECT_EQ(neighbours_of(p, 0, {0, 7, 1}, 3), (std::vector<ValidatorId>{1})) << "7 stands nowhere";
}

TEST(Proximity, ComesBackFromItsBytesAndRefusesATruncation) {
  ProximityParams p = line_of({1, 2, 3}, 77);
  p.relay = true;
  p.lease_ms = 5'000;
  const Bytes bytes = encoded(p);
  const auto back = decoded<ProximityParams>(bytes, "proximity");
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, p);
  for (size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(
        decoded<ProximityParams>(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n)), "p").ok());
}

}  // namespace
}  // namespace tieline
