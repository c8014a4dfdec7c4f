#include "energy/participant_trust.h"

#include <gtest/gtest.h>

#include "energy/market_refusal.h"
#include "energy/refusal.h"

namespace tieline::energy {
namespace {

uint16_t code(MarketRefusal r) { return static_cast<uint16_t>(r); }
uint16_t code(Refusal r) { return static_cast<uint16_t>(r); }

using Orgs = std::array<OrgId, kParties>;

// A day of trades with five different counterparties' organisations, so that none is above a quarter.
void note_wide_day(ParticipantTrust& p, bool met) {
  note_obligation(p, Orgs{1, 2, 3, 4}, 0, 300, met);
  note_obligation(p, Orgs{1, 5, 6, 7}, 0, 300, met);
}

TEST(ParticipantTrust, StartsAtSixTenthsAndMovesAnEighthADay) {
  ParticipantTrust p;
  EXPECT_EQ(p.trust, kTrustStart);
  note_wide_day(p, true);
  EXPECT_EQ(day_score(p.day), 65'532u) << "six parts of 100 / 600, each rounded down";
  close_day(p);
  EXPECT_EQ(p.trust, (7 * kTrustStart + 65'532) / 8);
  EXPECT_EQ(p.day, TrustDay{});
  note_wide_day(p, false);
  const uint32_t before = p.trust;
  close_day(p);
  EXPECT_EQ(p.trust, 7 * before / 8);
}

TEST(ParticipantTrust, ADayWithoutObligationsChangesNothing) {
  ParticipantTrust p;
  note_refusal(p, code(Refusal::kOverCapacity));
  close_day(p);
  EXPECT_EQ(p.trust, kTrustStart);
  EXPECT_EQ(p.day.refused, 0u);
}

TEST(ParticipantTrust, TheScoreIsWeightedByValue) {
  ParticipantTrust p;
  note_obligation(p, Orgs{1, 2, 3, 4}, 0, 300, true);
  note_obligation(p, Orgs{1, 5, 6, 7}, 0, 300, false);
  EXPECT_EQ(day_score(p.day), 3 * (100u * 65'536 / 600));
}

TEST(ParticipantTrust, TradesWithinTheOrganisationCountNowhere) {
  ParticipantTrust p;
  note_obligation(p, Orgs{1, 1, 1, 1}, 0, 1'000'000, true);
  EXPECT_TRUE(p.day.with.empty());
  close_day(p);
  EXPECT_EQ(p.trust, kTrustStart);
  note_obligation(p, Orgs{1, 1, 3, 4}, 0, 300, true);
  EXPECT_EQ(p.day.with.size(), 2u);
}

TEST(ParticipantTrust, OneCounterpartyIsAtMostAQuarterHoweverMuchItTrades) {
  ParticipantTrust p;
  note_obligation(p, Orgs{1, 2, 2, 2}, 0, 1'000'000'000, true);
  EXPECT_EQ(day_score(p.day), kTrustOne / 4);
  note_obligation(p, Orgs{1, 5, 6, 7}, 0, 300, false);
  EXPECT_EQ(day_score(p.day), kTrustOne / 4) << "and it does not make up for failing others";
  ParticipantTrust three;
  note_obligation(three, Orgs{1, 2, 3, 4}, 0, 300, true);
  EXPECT_EQ(day_score(three.day), kTrustOne * 3 / 4);
}

TEST(ParticipantTrust, BoughtTrustConvergesToAQuarter) {
  ParticipantTrust p;
  for (int day = 0; day < 200; ++day) {
    note_obligation(p, Orgs{1, 2, 2, 2}, 0, 1'000'000, true);
    close_day(p);
  }
  EXPECT_LE(p.trust, kTrustOne / 4);
}

TEST(ParticipantTrust, ThirtyTwoRefusalsLeaveNothingOfADay) {
  ParticipantTrust p;
  note_wide_day(p, true);
  for (uint32_t i = 0; i < kRefusedMax / 2; ++i) note_refusal(p, code(Refusal::kBadRegister));
  EXPECT_EQ(day_score(p.day), 65'532u / 2);
  for (uint32_t i = 0; i < kRefusedMax; ++i) note_refusal(p, code(Refusal::kBadRegister));
  EXPECT_EQ(day_score(p.day), 0u);
}

TEST(ParticipantTrust, OnlyWhatTheSignerAloneCausesCountsAsRefused) {
  for (Refusal r : {Refusal::kOverCapacity, Refusal::kBadRegister, Refusal::kNotOwner, Refusal::kMisalignedInterval}) {
    EXPECT_TRUE(counts_as_refused(code(r)));
  }
  EXPECT_TRUE(counts_as_refused(code(MarketRefusal::kBadTerms)));
  for (Refusal r : {Refusal::kStale, Refusal::kOverlap, Refusal::kBeforeWindow, Refusal::kFutureInterval}) {
    EXPECT_FALSE(counts_as_refused(code(r)));
  }
  for (MarketRefusal r : {MarketRefusal::kInsufficientFunds, MarketRefusal::kOverCommitted, MarketRefusal::kTooLate,
                          MarketRefusal::kOtherTerms, MarketRefusal::kWrongState, MarketRefusal::kAlreadyIn,
                          MarketRefusal::kTooManyOpenTrades, MarketRefusal::kMarginTooLow}) {
    EXPECT_FALSE(counts_as_refused(code(r))) << market_refusal_name(r);
  }
  for (uint16_t door_or_sequence = 0; door_or_sequence < 100; ++door_or_sequence) {
    EXPECT_FALSE(counts_as_refused(door_or_sequence));
  }
}

TEST(ParticipantTrust, AForgerStaysAtNothingUntilGovernanceRestoresIt) {
  ParticipantTrust p;
  prove_forgery(p);
  EXPECT_EQ(p.trust, 0u);
  note_wide_day(p, true);
  close_day(p);
  EXPECT_EQ(p.trust, 0u);
  restore_trust(p);
  EXPECT_EQ(p.trust, kTrustStart);
}

TEST(ParticipantTrust, ImmenseValuesStayWithinBounds) {
  ParticipantTrust p;
  for (int i = 0; i < 9; ++i) note_obligation(p, Orgs{1, 2, 3, 4}, 0, UINT64_MAX, true);
  EXPECT_EQ(day_score(p.day), kTrustOne * 3 / 4);
}

}  // namespace
}  // namespace tieline::energy
