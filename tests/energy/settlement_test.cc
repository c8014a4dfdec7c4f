#include "energy/settlement.h"

#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"
#include "energy/rules.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

constexpr uint64_t kPrice = 100'000'000;  // 100 a MWh: 100 micro-currency a Wh

Contract contract(uint8_t id, Quantities quantities, std::array<ParticipantId, kParties> party = {1, 2, 3, 4}) {
  Contract c;
  c.trade = test_id(id);
  c.party = party;
  c.quantities = quantities;
  c.legs.to = {600, 100, 300};
  return c;
}

std::map<ParticipantId, int64_t> imbalances(const std::vector<Flow>& flows, const std::vector<Contract>& contracts) {
  std::map<ParticipantId, int64_t> out;
  for (const Position& p : positions(flows, contracts)) out[p.who] = p.imbalance_wh;
  return out;
}

TEST(Imbalance, WhoDeliversAsContractedHasNone) {
  const auto got = imbalances({{1, 2, 110}, {2, 3, 104}, {3, 4, 100}}, {contract(1, {100, 104, 110})});
  for (const auto& [who, wh] : got) EXPECT_EQ(wh, 0) << who;
  EXPECT_EQ(got.size(), kParties);
}

TEST(Imbalance, EachRoleByItsOwnRule) {
  // The plant feeds in 8 less, the grid loses 2 more than declared (6), the distributor 1 less (4), the user takes 9
  // less.
  const auto got = imbalances({{1, 2, 102}, {2, 3, 94}, {3, 4, 91}}, {contract(1, {100, 104, 110})});
  EXPECT_EQ(got, (std::map<ParticipantId, int64_t>{{1, -8}, {2, -2}, {3, 1}, {4, 9}}));
}

TEST(Imbalance, RetailMakesItsDistributorShortUnlessItHasBought) {
  const auto got = imbalances({{1, 2, 110}, {2, 3, 104}, {3, 4, 70}, {3, 3, 30}}, {contract(1, {100, 104, 110})});
  EXPECT_EQ(got.at(4), 30);
  EXPECT_EQ(got.at(3), -30);
}

TEST(Imbalance, TheSumIsZeroWhateverFlowsAndIsContracted) {
  Rng rng(4);
  for (int round = 0; round < 5'000; ++round) {
    std::vector<Flow> flows(rng.below(12));
    for (Flow& f : flows) {
      f = {static_cast<ParticipantId>(rng.below(8)), static_cast<ParticipantId>(rng.below(8)),
           rng.below(rng.chance(500'000) ? 100 : kReadingWhMax)};
    }
    std::vector<Contract> contracts;
    for (uint8_t i = 0; i < rng.below(5); ++i) {
      const uint64_t q = rng.below(1'000'000);
      const uint64_t q_d = q + rng.below(1'000);
      const ParticipantId first = static_cast<ParticipantId>(rng.below(5));
      contracts.push_back(contract(i, {q, q_d, q_d + rng.below(1'000)}, {first, first + 1, first + 2, first + 3}));
    }
    int64_t sum = 0;
    for (const auto& [who, wh] : imbalances(flows, contracts)) sum += wh;
    ASSERT_EQ(sum, 0);
  }
}

TEST(Imbalance, ThePriceIsTheOnePublishedUpToTheCapElseTheLast) {
  EXPECT_EQ(check_imbalance_price(10, 10), MarketRefusal::kNone);
  EXPECT_EQ(check_imbalance_price(11, 10), MarketRefusal::kBadPrice);
  EXPECT_EQ(imbalance_price(std::nullopt, 7), 7u);
  EXPECT_EQ(imbalance_price(0, 7), 0u);
}

TEST(Settlement, ShortsOweRoundedUpAndLongsShareByTheirEnergy) {
  const std::vector<Flow> flows = {{1, 2, 102}, {2, 3, 94}, {3, 4, 91}};
  const std::vector<Contract> contracts = {contract(1, {100, 104, 110})};
  const Charges charges = interval_charges(flows, contracts, {kPrice + 1, 1'000'000});
  ASSERT_EQ(charges.size(), 1u) << "all within tolerance: no compensation";
  const Charge& c = charges.at({});
  EXPECT_EQ(c.owed, (std::map<ParticipantId, uint64_t>{{1, 801}, {2, 201}}));
  ASSERT_EQ(c.claims.size(), 2u);
  EXPECT_EQ(c.claims[0].id, 3u);
  EXPECT_EQ(c.claims[0].weight, 1u);
  EXPECT_EQ(c.claims[1].weight, 9u);
}

TEST(Settlement, BeyondToleranceAQuarterMoreGoesToTheTradesCounterparties) {
  const std::vector<Flow> flows = {{1, 2, 80}, {2, 3, 74}, {3, 4, 70}};
  const std::vector<Contract> contracts = {contract(1, {100, 104, 110})};
  EXPECT_EQ(tolerance_wh(110, 50'000), 5u);
  const Charges charges = interval_charges(flows, contracts, {kPrice, 50'000});
  ASSERT_EQ(charges.size(), 2u);
  const Charge& c = charges.at({test_id(1), 1});
  EXPECT_EQ(c.owed, (std::map<ParticipantId, uint64_t>{{1, 625}}));  // (30 - 5) Wh x 100 / 4
  ASSERT_EQ(c.claims.size(), 3u);
  EXPECT_EQ(c.claims[0].id, 2u);
  EXPECT_EQ(c.claims[0].weight, 100u);
  EXPECT_EQ(c.claims[1].weight, 300u);
  EXPECT_EQ(c.claims[2].id, 4u);
  EXPECT_EQ(c.claims[2].weight, 1'000u) << "the buyer counts with all it pays";
}

TEST(Settlement, ExactlyTheToleranceIsTolerated) {
  const std::vector<Contract> contracts = {contract(1, {100, 100, 100})};
  const auto charges_at = [&](uint64_t wh) {
    return interval_charges(std::vector<Flow>{{1, 2, wh}, {2, 3, wh}, {3, 4, wh}}, contracts, {kPrice, 20'000}).size();
  };
  EXPECT_EQ(charges_at(98), 1u);
  EXPECT_EQ(charges_at(97), 2u);
}

TEST(Settlement, CompensationIsSplitOverTheTradesByTheirEnergy) {
  // One plant sells to two buyers, 300 and 100 Wh, and feeds in nothing.
  const std::vector<Contract> contracts = {contract(1, {300, 300, 300}), contract(2, {100, 100, 100}, {1, 5, 6, 7})};
  const Charges charges = interval_charges({}, contracts, {kPrice, 0});
  EXPECT_EQ(charges.at({test_id(1), 1}).owed.at(1), 7'500u);
  EXPECT_EQ(charges.at({test_id(2), 1}).owed.at(1), 2'500u);
  std::vector<Contract> reversed(contracts.rbegin(), contracts.rend());
  EXPECT_EQ(charges.size(), interval_charges({}, reversed, {kPrice, 0}).size());
}

TEST(Settlement, WhoHasNoContractOwesItsImbalanceAndNoCompensation) {
  const Charges charges = interval_charges(std::vector<Flow>{{1, 9, 50}}, {}, {kPrice, 0});
  ASSERT_EQ(charges.size(), 1u);
  EXPECT_EQ(charges.at({}).owed, (std::map<ParticipantId, uint64_t>{{9, 5'000}}));
}

}  // namespace
}  // namespace tieline::energy
