#include "energy/margin.h"

#include <gtest/gtest.h>

#include "energy/money.h"
#include "energy/wide.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

constexpr uint32_t kFull = kQ16;
constexpr uint32_t kSixTenths = 39'321;

// An old participant whose load is the mean of its role.
MarginHistory average() { return {6, 600, 20, 1'000'000'000'000, kFull}; }
const RoleMonth kRole{10, 1'000};

TEST(Margin, TheFactorIsOnesOwnMeanOverThatOfTheRole) {
  EXPECT_EQ(load_factor(average(), kRole), kQ16);
  MarginHistory own = average();
  own.six_months_wh = 900;
  EXPECT_EQ(load_factor(own, kRole), kQ16 * 3 / 2);
  own.six_months_wh = 601;  // 65645.2 rounded up
  EXPECT_EQ(load_factor(own, kRole), 65'646u);
}

TEST(Margin, TheFactorIsClampedAndOneWithoutData) {
  MarginHistory own = average();
  own.six_months_wh = 0;
  EXPECT_EQ(load_factor(own, kRole), kFactorMin);
  own.six_months_wh = UINT64_MAX;
  EXPECT_EQ(load_factor(own, {UINT32_MAX, 1}), kFactorMax);
  own.months = 0;
  EXPECT_EQ(load_factor(own, kRole), kQ16);
  EXPECT_EQ(load_factor(average(), {0, 0}), kQ16);
  EXPECT_EQ(load_factor(average(), {10, 0}), kQ16);
}

TEST(Margin, TheBaseIsTheEnergyAtTheHigherPriceAndAQuarterForCarriers) {
  const TradeTerms t = test_terms();  // q_G = 1108157, q_D = 1041667, q = 1000000 Wh at 50 a MWh
  EXPECT_EQ(margin_base(t, PartyRole::kPlant, 0), 55'407'850u);
  EXPECT_EQ(margin_base(t, PartyRole::kBuyer, 0), 50'000'000u);
  EXPECT_EQ(margin_base(t, PartyRole::kGrid, 0), 13'851'963u);         // 55407850 / 4 rounded up
  EXPECT_EQ(margin_base(t, PartyRole::kDistributor, 0), 13'020'838u);  // 52083350 / 4 rounded up
  EXPECT_EQ(margin_base(t, PartyRole::kBuyer, 80'000'001), 80'000'001u);
  EXPECT_EQ(margin_base(t, PartyRole::kBuyer, 49'000'000), 50'000'000u);
}

TEST(Margin, WhoIsTrustedFullyPostsTheBaseAndWhoIsNotTwice) {
  const TradeTerms t = test_terms();
  MarginHistory own = average();
  EXPECT_EQ(margin_asked(t, PartyRole::kBuyer, 0, own, kRole), 50'000'000u);
  own.trust = 0;
  EXPECT_EQ(margin_asked(t, PartyRole::kBuyer, 0, own, kRole), 100'000'000u);
  own.trust = kSixTenths;  // 50000000 x (131072 - 39321) / 65536 = 70000457.8
  EXPECT_EQ(margin_asked(t, PartyRole::kBuyer, 0, own, kRole), 70'000'458u);
}

TEST(Margin, NewcomersAndUnusuallyLargeTradesPostAtLeastTheBase) {
  const TradeTerms t = test_terms();
  MarginHistory own = average();
  own.six_months_wh = 150;  // f_z = 1/4
  EXPECT_EQ(margin_asked(t, PartyRole::kBuyer, 0, own, kRole), 12'500'000u);
  MarginHistory few_months = own, few_trades = own, larger = own;
  few_months.months = 5;
  EXPECT_EQ(margin_asked(t, PartyRole::kBuyer, 0, few_months, kRole), 50'000'000u);
  few_trades.settlements = 19;
  EXPECT_EQ(margin_asked(t, PartyRole::kBuyer, 0, few_trades, kRole), 50'000'000u);
  const uint64_t value = legs(t).total();
  larger.largest_settled = (value + 1) / 2;
  EXPECT_EQ(margin_asked(t, PartyRole::kBuyer, 0, larger, kRole), 12'500'000u);
  larger.largest_settled = (value - 1) / 2;
  EXPECT_EQ(margin_asked(t, PartyRole::kBuyer, 0, larger, kRole), 50'000'000u);
}

TEST(Margin, SecurityIsTheLowestCoverTimesTheLowestTrust) {
  EXPECT_EQ(trade_security({10, 10, 10, 10}, {10, 10, 10, 10}, {kFull, kFull, kFull, kFull}), kFull);
  EXPECT_EQ(trade_security({10, 5, 10, 10}, {10, 10, 10, 10}, {kFull, kFull, kFull, kFull}), kFull / 2);
  EXPECT_EQ(trade_security({20, 90, 20, 20}, {10, 10, 10, 10}, {kFull, kFull, kFull, kSixTenths}), kSixTenths)
      << "more margin than the base adds nothing";
  EXPECT_EQ(trade_security({0, 0, 0, 0}, {0, 0, 0, 0}, {kFull, kFull, kFull, kFull}), kFull);
  EXPECT_EQ(trade_security({1, 1, 1, 1}, {3, 1, 1, 1}, {kFull, kFull, kFull, 3}), 0u) << "21845 x 3 / 65536 is 0.99";
}

TEST(Margin, WhatNobodyCanPostIsAskedAsSuchAndOverflowsNothing) {
  TradeTerms t = test_terms();
  t.wh = kTradeWhMax;
  t.plant_price = t.grid_fee = t.distributor_fee = 0;  // these terms cost nothing and pass check_terms
  MarginHistory own = average();
  own.trust = 0;
  own.six_months_wh = UINT64_MAX;
  EXPECT_EQ(check_terms(t, test_parties(), kTestStart - 3'600'000), MarketRefusal::kNone);
  for (PartyRole role : kPartyRoles) {
    EXPECT_EQ(margin_asked(t, role, kPriceMax, own, {100, 1}), kIssuedMax + 1);
  }
}

}  // namespace
}  // namespace tieline::energy
