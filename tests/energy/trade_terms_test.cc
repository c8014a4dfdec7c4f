#include "energy/trade_terms.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "energy/money.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

TEST(TradeTerms, QuantitiesGrowByTheLossesAndRoundUp) {
  // 10^6 / 0.96 = 1041666.67; 1041667 / 0.94 = 1108156.38
  EXPECT_EQ(quantities(test_terms()), (Quantities{1'000'000, 1'041'667, 1'108'157}));
  TradeTerms t = test_terms();
  t.grid_loss_ppm = t.distributor_loss_ppm = 0;
  EXPECT_EQ(quantities(t), (Quantities{1'000'000, 1'000'000, 1'000'000}));
}

TEST(TradeTerms, LegsAreRoundedDownOnceATrade) {
  // 1108157 Wh x 50 a MWh = 55.40785; 1041667 x 5 = 5.208335; 1000000 x 8 = 8, in micro-currency.
  EXPECT_EQ(legs(test_terms()).to, (std::array<uint64_t, 3>{55'407'850, 5'208'335, 8'000'000}));
  TradeTerms t = test_terms();
  t.wh = 1;
  t.plant_price = 499'999;  // q_G = 3 Wh: 1.499997 micro-currency
  t.grid_fee = t.distributor_fee = 0;
  EXPECT_EQ(legs(t).total(), 1u);
}

TEST(TradeTerms, TheSlotsSumToTheTradeAndKeepItsOrder) {
  Rng rng(2);
  for (int round = 0; round < 3'000; ++round) {
    TradeTerms t = test_terms();
    t.wh = 1 + rng.below(rng.chance(500'000) ? 500 : kTradeWhMax);
    t.grid_loss_ppm = static_cast<uint32_t>(rng.below(kLossPpmMax + 1));
    t.distributor_loss_ppm = static_cast<uint32_t>(rng.below(kLossPpmMax + 1));
    t.slots = static_cast<uint16_t>(1 + rng.below(kWindowSlotsMax));
    Quantities sum;
    for (uint16_t s = 0; s < t.slots; ++s) {
      const Quantities part = quantities_of_slot(t, s);
      ASSERT_GE(part.q_g, part.q_d);
      ASSERT_GE(part.q_d, part.q);
      sum.q += part.q;
      sum.q_d += part.q_d;
      sum.q_g += part.q_g;
    }
    ASSERT_EQ(sum, quantities(t));
  }
}

TEST(TradeTerms, EveryBoundIsKept) {
  const auto judge = [](auto change) {
    TradeTerms t = test_terms();
    auto parties = test_parties();
    change(t, parties);
    return check_terms(t, parties, kTestStart - 3'600'000);
  };
  using Parties = std::array<PartyInfo, kParties>;
  constexpr MarketRefusal kBad = MarketRefusal::kBadTerms;
  EXPECT_EQ(judge([](TradeTerms&, Parties&) {}), MarketRefusal::kNone);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.wh = 0; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.wh = kTradeWhMax + 1; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.plant_price = kPriceMax + 1; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.grid_fee = kPriceMax + 1; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.distributor_fee = kPriceMax + 1; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.slots = 0; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.slots = kWindowSlotsMax; }), MarketRefusal::kNone);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.slots = kWindowSlotsMax + 1; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.first_slot += 367 * 96; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.party[3] = t.party[0]; }), kBad);
  EXPECT_EQ(judge([](TradeTerms&, Parties& p) { p[0].role = Role::kUser; }), kBad);
  EXPECT_EQ(judge([](TradeTerms&, Parties& p) { p[3].role = Role::kPlant; }), kBad);
  EXPECT_EQ(judge([](TradeTerms&, Parties& p) { p[1].loss_ppm = 1; }), kBad);
  EXPECT_EQ(judge([](TradeTerms&, Parties& p) { p[2].loss_ppm = 1; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties& p) { t.grid_loss_ppm = p[1].loss_ppm = kLossPpmMax + 1; }), kBad);
  EXPECT_EQ(judge([](TradeTerms& t, Parties&) { t.wh = kTradeWhMax, t.plant_price = kPriceMax; }), kBad)
      << "a payment beyond all the money there can be";
}

TEST(TradeTerms, WhatIsEndorsedDependsOnEveryField) {
  const ChainId chain = test_id(9);
  const Hash message = endorsement_message(chain, test_id(1), 1, test_terms());
  EXPECT_EQ(endorsement_message(chain, test_id(1), 1, test_terms()), message);
  EXPECT_NE(endorsement_message(test_id(8), test_id(1), 1, test_terms()), message);
  EXPECT_NE(endorsement_message(chain, test_id(2), 1, test_terms()), message);
  EXPECT_NE(endorsement_message(chain, test_id(1), 2, test_terms()), message);
  Writer w;
  encode(w, test_terms());
  for (size_t i = 0; i < w.size(); ++i) {
    Bytes bytes(w.view().begin(), w.view().end());
    bytes[i] ^= 1;
    TradeTerms other;
    Reader r(bytes);
    decode(r, other);
    ASSERT_TRUE(r.done());
    EXPECT_NE(endorsement_message(chain, test_id(1), 1, other), message) << "byte " << i;
  }
}

}  // namespace
}  // namespace tieline::energy
