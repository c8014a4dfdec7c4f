#include "energy/reservation.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

// Exactly what the test terms need in their fullest slot: 277040, 260417 and 250000 Wh in a quarter of an hour.
constexpr uint64_t kPlantW = 277'040 * 4;
constexpr uint64_t kDistributorW = 260'417 * 4;
constexpr uint64_t kBuyerW = 250'000 * 4;
const Capacities kExact = {kPlantW, kPlantW, kDistributorW, kBuyerW};

TEST(Reservation, TakesWhatIsNeededWithLossesAndNotOneWattHourMore) {
  Reservations reserved;
  EXPECT_EQ(reserve(test_terms(), kExact, reserved), MarketRefusal::kNone);
  EXPECT_EQ((reserved[{1, kTestSlot}]), 277'040u);
  EXPECT_EQ((reserved[{1, kTestSlot + 3}]), 277'039u);
  EXPECT_EQ((reserved[{3, kTestSlot}]), 260'417u);
  EXPECT_EQ((reserved[{4, kTestSlot}]), 250'000u);
  for (size_t party = 0; party < kParties; ++party) {
    Capacities less = kExact;
    less[party] -= 1;
    Reservations none;
    EXPECT_EQ(reserve(test_terms(), less, none), MarketRefusal::kOverCommitted) << party;
    EXPECT_TRUE(none.empty()) << "a refused reservation takes nothing";
  }
}

TEST(Reservation, TheSameCapacityIsNotSoldTwice) {
  Reservations reserved;
  ASSERT_EQ(reserve(test_terms(), kExact, reserved), MarketRefusal::kNone);
  const Reservations before = reserved;
  TradeTerms second = test_terms();
  second.first_slot += 3;  // one slot in common
  EXPECT_EQ(reserve(second, kExact, reserved), MarketRefusal::kOverCommitted);
  EXPECT_EQ(reserved, before);
  second.first_slot += 1;
  EXPECT_EQ(reserve(second, kExact, reserved), MarketRefusal::kNone);
  release(second, reserved);
  EXPECT_EQ(reserved, before);
  release(test_terms(), reserved);
  EXPECT_TRUE(reserved.empty());
}

TEST(Reservation, ALineWithoutCapacityCarriesNothingButABuyerNeedsNoContract) {
  for (size_t party = 0; party < kParties; ++party) {
    Capacities none = kExact;
    none[party] = 0;
    Reservations reserved;
    EXPECT_EQ(reserve(test_terms(), none, reserved),
              party == index_of(PartyRole::kBuyer) ? MarketRefusal::kNone : MarketRefusal::kOverCommitted);
  }
}

TEST(Reservation, ACapacityLoweredAfterItWasSoldHasNothingLeft) {
  Capacities plenty = kExact;
  for (uint64_t& capacity : plenty) capacity *= 2;
  TradeTerms little = test_terms();
  little.wh = 4;
  for (size_t party = 0; party < kParties; ++party) {
    Reservations reserved;
    ASSERT_EQ(reserve(test_terms(), plenty, reserved), MarketRefusal::kNone);
    Capacities lower = plenty;
    lower[party] = kExact[party] / 2;
    EXPECT_EQ(reserve(little, lower, reserved), MarketRefusal::kOverCommitted) << party;
    EXPECT_EQ(reserve(little, plenty, reserved), MarketRefusal::kNone);
  }
}

TEST(Reservation, WhateverIsSoldAndCancelledNoSlotExceedsItsCapacity) {
  Rng rng(3);
  const Capacities capacities = {4'000, 4'000, 4'000, 0};
  Reservations reserved;
  std::vector<TradeTerms> sold;
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    if (!sold.empty() && rng.chance(450'000)) {
      const size_t i = rng.below(sold.size());
      release(sold[i], reserved);
      sold.erase(sold.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    TradeTerms t = test_terms();
    t.wh = 1 + rng.below(900);
    t.first_slot += static_cast<uint32_t>(rng.below(20));
    t.slots = static_cast<uint16_t>(1 + rng.below(6));
    if (reserve(t, capacities, reserved) == MarketRefusal::kNone) {
      sold.push_back(t);
    } else {
      ++refused;
    }
    for (const auto& [of, wh] : reserved) {
      ASSERT_TRUE(of.resource == 4 || wh <= 1'000) << of.resource << " " << wh;
    }
  }
  EXPECT_GT(refused, 1'000);
  for (const TradeTerms& t : sold) release(t, reserved);
  EXPECT_TRUE(reserved.empty());
}

}  // namespace
}  // namespace tieline::energy
