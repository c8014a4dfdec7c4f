#include "energy/zone_check.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "energy/substitution.h"

namespace tieline::energy {
namespace {

// Losses between 2 and 8 %, agreement within 2 % or 10 Wh.
const ZoneLimits kLimits{20'000, 80'000, 20'000, 10, 0};

ZoneFlow flow(MeterId meter, bool in, uint64_t wh, std::optional<uint64_t> neighbour = std::nullopt,
              std::optional<uint64_t> expected = std::nullopt) {
  return {meter, in, wh, neighbour, expected};
}

// 20000 in, 19000 out, 5 % lost; everybody delivers as expected, only the plants are counter-metered.
std::vector<ZoneFlow> honest() {
  return {flow(1, true, 12'000, 12'005, 12'000), flow(2, true, 8'000, 7'990, 8'100),
          flow(3, false, 10'000, std::nullopt, 10'100), flow(4, false, 6'000, std::nullopt, 6'000),
          flow(5, false, 3'000, std::nullopt, 2'950)};
}

std::vector<MeterId> disputed(const std::vector<ZoneFlow>& flows, const ZoneVerdict& verdict) {
  std::vector<MeterId> out;
  for (size_t i = 0; i < flows.size(); ++i) {
    if (verdict.disputed[i]) out.push_back(flows[i].meter);
  }
  return out;
}

TEST(ZoneCheck, TheBandIsInclusive) {
  EXPECT_TRUE(in_band(10'000, 9'800, kLimits));
  EXPECT_FALSE(in_band(10'000, 9'801, kLimits));
  EXPECT_TRUE(in_band(10'000, 9'200, kLimits));
  EXPECT_FALSE(in_band(10'000, 9'199, kLimits));
  EXPECT_TRUE(in_band(0, 0, kLimits));
}

TEST(ZoneCheck, MetersAgreeWithinTheLargerOfTheTwoBands) {
  EXPECT_TRUE(meters_agree(0, 10, kLimits));
  EXPECT_FALSE(meters_agree(0, 11, kLimits));
  EXPECT_TRUE(meters_agree(10'000, 9'800, kLimits));
  EXPECT_FALSE(meters_agree(10'000, 9'799, kLimits));
  EXPECT_TRUE(meters_agree(9'800, 10'000, kLimits));
}

TEST(ZoneCheck, AnHonestZoneHasNoDispute) {
  const ZoneVerdict verdict = check_zone(honest(), kLimits);
  EXPECT_TRUE(verdict.balanced);
  EXPECT_TRUE(disputed(honest(), verdict).empty());
}

TEST(ZoneCheck, APairThatDiffersIsDisputedAndNobodyElse) {
  auto flows = honest();
  flows[0].main = 15'000;  // the plant says more than the grid company's meter
  const ZoneVerdict verdict = check_zone(flows, kLimits);
  EXPECT_FALSE(verdict.balanced);
  EXPECT_EQ(disputed(flows, verdict), (std::vector<MeterId>{1}));
  EXPECT_EQ(resolve_disputed(flows, 0, kLimits), 12'005u) << "the neighbour's value keeps the zone in its band";
}

TEST(ZoneCheck, OneForgerIsFoundByTheBalance) {
  for (size_t forger : {2u, 3u, 4u}) {
    auto flows = honest();
    flows[forger].main = *flows[forger].main / 4;
    const ZoneVerdict verdict = check_zone(flows, kLimits);
    EXPECT_FALSE(verdict.balanced);
    EXPECT_TRUE(verdict.explained);
    EXPECT_EQ(disputed(flows, verdict), (std::vector<MeterId>{flows[forger].meter}));
    EXPECT_EQ(resolve_disputed(flows, forger, kLimits), *flows[forger].expected);
  }
}

TEST(ZoneCheck, TwoForgersAreFoundTogetherWhenNeitherExplainsItAlone) {
  auto flows = honest();
  flows[2].main = 7'000;
  flows[3].main = 3'500;
  EXPECT_EQ(disputed(flows, check_zone(flows, kLimits)), (std::vector<MeterId>{3, 4}));
}

TEST(ZoneCheck, AConfirmedReadingIsSuspectedLast) {
  // A plant and its grid company forge alike; the users' values are as expected, so only the pair explains it.
  auto flows = honest();
  flows[0].main = 18'000;
  flows[0].neighbour = 18'000;
  EXPECT_EQ(disputed(flows, check_zone(flows, kLimits)), (std::vector<MeterId>{1}));
  // The same lie beside a user who may as well be wrong: the user is looked at first.
  flows[2].expected = 16'000;
  EXPECT_EQ(disputed(flows, check_zone(flows, kLimits)), (std::vector<MeterId>{3}));
}

// Yesterday's value is not today's: the user who forges is found although what was expected of it is a little off, and
// the plants that the grid company confirms are left alone.
TEST(ZoneCheck, WhatWasExpectedIsNoExactValue) {
  auto flows = honest();
  flows[2].main = 2'500;
  flows[2].expected = 9'000;
  EXPECT_EQ(disputed(flows, check_zone(flows, kLimits)), (std::vector<MeterId>{3, 4, 5}));
  ZoneLimits limits = kLimits;
  limits.expected_ppm = 100'000;
  EXPECT_EQ(disputed(flows, check_zone(flows, limits)), (std::vector<MeterId>{3}));
}

// The plant's lie is contradicted by its neighbour, which explains the breach: the user who takes more than was
// expected of it deviates more, and is honest.
TEST(ZoneCheck, WhoIsContradictedIsLookedAtBeforeOthers) {
  auto flows = honest();
  flows[0].main = 12'600;
  flows[1].main = 8'500;
  flows[1].neighbour = 8'490;
  flows[4].expected = 4'000;
  const ZoneVerdict verdict = check_zone(flows, kLimits);
  EXPECT_FALSE(verdict.balanced);
  EXPECT_EQ(disputed(flows, verdict), (std::vector<MeterId>{1}));
}

TEST(ZoneCheck, WhatNothingExplainsDisputesWhatNobodyConfirms) {
  auto flows = honest();
  for (ZoneFlow& f : flows) f.expected.reset();
  flows[3].main = 1'000;
  const ZoneVerdict verdict = check_zone(flows, kLimits);
  EXPECT_FALSE(verdict.explained);
  EXPECT_EQ(disputed(flows, verdict), (std::vector<MeterId>{3, 4, 5}));
  EXPECT_EQ(resolve_disputed(flows, 2, kLimits), 10'000u) << "nothing keeps the band: the main meter's";
}

TEST(ZoneCheck, AZoneWithAGapHasOnlyItsPairsChecked) {
  auto flows = honest();
  flows[4].main.reset();
  flows[2].main = 1;
  EXPECT_TRUE(disputed(flows, check_zone(flows, kLimits)).empty());
  flows[1].neighbour = 1;
  EXPECT_EQ(disputed(flows, check_zone(flows, kLimits)), (std::vector<MeterId>{2}));
}

TEST(ZoneCheck, OneForgerIsFoundAloneWhereverItSits) {
  Rng rng(7);
  int found = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::vector<ZoneFlow> flows;
    uint64_t out = 0;
    const size_t users = 2 + rng.below(8);
    for (MeterId i = 0; i < users; ++i) {
      const uint64_t wh = 1'000 + rng.below(9'000);
      out += wh;
      flows.push_back(flow(i + 10, false, wh, std::nullopt, wh * (980 + rng.below(41)) / 1'000));
    }
    const uint64_t in = out * 1'050 / 1'000;
    flows.push_back(flow(1, true, in, in * 1'005 / 1'000, in));
    ASSERT_TRUE(disputed(flows, check_zone(flows, kLimits)).empty());
    const size_t forger = rng.below(users);
    flows[forger].main = rng.chance(500'000) ? 0 : *flows[forger].main * 4;
    const ZoneVerdict verdict = check_zone(flows, kLimits);
    if (verdict.balanced) continue;
    ASSERT_TRUE(verdict.disputed[forger]);
    ASSERT_EQ(disputed(flows, verdict).size(), 1u);
    ++found;
  }
  EXPECT_GT(found, 1'900);
}

TEST(Substitution, TheNeighboursThenTheResidualThenTheContract) {
  auto flows = honest();
  flows[0].main.reset();
  EXPECT_EQ(substitute_missing(flows, 0, 50'000), (Substitute{12'005, true}));
  flows = honest();
  flows[4].main.reset();
  EXPECT_EQ(substitute_missing(flows, 4, 50'000), (Substitute{3'000, true}));
  flows[3].main.reset();
  EXPECT_EQ(substitute_missing(flows, 4, 50'000), (Substitute{2'950, false})) << "two gaps";
  flows[4].expected.reset();
  EXPECT_EQ(substitute_missing(flows, 4, 50'000), (Substitute{0, false}));
}

TEST(Substitution, TheResidualOfAnInflowCarriesTheLossAndNeverFallsBelowZero) {
  auto flows = honest();
  flows[1].main.reset();
  flows[1].neighbour.reset();
  EXPECT_EQ(substitute_missing(flows, 1, 50'000), (Substitute{8'000, true}));
  EXPECT_EQ(substitute_missing(flows, 1, 50'001), (Substitute{8'001, true})) << "rounded up";
  flows[0].main = 30'000;
  EXPECT_EQ(substitute_missing(flows, 1, 50'000), (Substitute{0, true}));
  flows = honest();
  flows[4].main.reset();
  flows[2].main = 30'000;
  EXPECT_EQ(substitute_missing(flows, 4, 50'000), (Substitute{0, true}));
}

}  // namespace
}  // namespace tieline::energy
