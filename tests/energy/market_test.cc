// A day in the market, by hand: what the units do together.

#include "energy/market.h"

#include <gtest/gtest.h>

#include "energy/rules.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

constexpr uint64_t kGiven = 1'000'000'000;
const FlowKey kFeed{1, 2};
const FlowKey kTransit{2, 3};
const FlowKey kTaken{3, 4};

class Markets : public ::testing::Test {
 protected:
  static MarketParams params() {
    MarketParams p;
    p.zone = {0, 150'000, 20'000, 100};
    return p;
  }
  Markets() : market_(params()) {
    const auto parties = test_parties();
    for (ParticipantId id = 1; id <= kParties; ++id) {
      MarketParticipant p;
      p.org = parties[id - 1].org;
      p.role = parties[id - 1].role;
      p.loss_ppm = parties[id - 1].loss_ppm;
      p.capacity_w = 2'000'000;
      market_.register_participant(id, p);
      EXPECT_EQ(market_.issue(id, kGiven), MarketRefusal::kNone);
    }
    terms_ = test_terms();
    terms_.slots = 1;
    terms_.wh = 100'000;  // q_D 104167, q_G 110816
  }
  void TearDown() override { EXPECT_EQ(market_.broken_invariant(), ""); }

  uint64_t margin(ParticipantId who) const { return market_.margin_asked(terms_, who); }
  uint64_t balance(ParticipantId who) const { return market_.book().account(who)[Purse::kBalance]; }
  void commit(uint8_t id = 1) {
    const int64_t now = kTestStart - 3'600'000;
    ASSERT_EQ(market_.offer(test_id(id), terms_, 1, margin(1), now), MarketRefusal::kNone);
    for (ParticipantId who : {2, 3, 4}) {
      ASSERT_EQ(market_.endorse(test_id(id), 1, who, margin(who), now), MarketRefusal::kNone);
    }
  }
  void meter(uint64_t feed, uint64_t transit, uint64_t taken, Quality quality = Quality::kMeasured) {
    EXPECT_EQ(market_.record(kTestSlot, kFeed, feed, quality, end_), MarketRefusal::kNone);
    EXPECT_EQ(market_.record_neighbour(kTestSlot, kFeed, feed, end_), MarketRefusal::kNone);
    EXPECT_EQ(market_.record(kTestSlot, kTransit, transit, quality, end_), MarketRefusal::kNone);
    EXPECT_EQ(market_.record(kTestSlot, kTaken, taken, quality, end_), MarketRefusal::kNone);
    EXPECT_EQ(market_.publish_price(kTestSlot, 100'000'000, end_), MarketRefusal::kNone);
  }
  // Until nothing is due any more.
  void until(int64_t after_end) {
    while (market_.advance(end_ + after_end) > 0) EXPECT_EQ(market_.broken_invariant(), "");
  }
  const TradeRecord* trade(uint8_t id = 1) const { return market_.trades().find(test_id(id)); }
  const MarketTimes times_;
  const int64_t end_ = kTestStart + kSlotMs;
  Market market_;
  TradeTerms terms_;
};

TEST_F(Markets, WhoDeliversAsContractedIsPaidAsContracted) {
  commit();
  meter(110'816, 104'167, 100'000);
  until(times_.settle_ms);
  ASSERT_NE(trade(), nullptr);
  EXPECT_EQ(trade()->state, TradeState::kSettled);
  until(times_.final_ms);
  EXPECT_EQ(trade(), nullptr) << "final, and archived";
  const Legs pay = legs(terms_);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(balance(static_cast<ParticipantId>(i + 1)), kGiven + pay.to[i]);
  }
  EXPECT_EQ(balance(4), kGiven - pay.total());
  EXPECT_TRUE(market_.reserved().empty());
  EXPECT_TRUE(market_.due_queue().empty());
  EXPECT_EQ(market_.participants().at(1).history.settlements, 1u);
  market_.close_day();
  EXPECT_GT(market_.trust_of(1).trust, kTrustStart);
}

TEST_F(Markets, APlantThatFeedsInLessBuysTheRestAndCompensates) {
  commit();
  meter(55'408, 52'083, 50'000);  // half of everything
  until(times_.final_ms);
  const Legs pay = legs(terms_);
  // Short by 55408 Wh at 100 micro a Wh, and a quarter more beyond the 2 % tolerance of 2216 Wh.
  const uint64_t owed = 55'408 * 100;
  const uint64_t compensation = (55'408 - 2'216) * 100 / 4;
  EXPECT_EQ(balance(1), kGiven + pay.to[0] - owed - compensation);
  EXPECT_EQ(balance(1) + balance(2) + balance(3) + balance(4), 4 * kGiven);
  EXPECT_GT(balance(4), kGiven - pay.total() + 50'000 * 100 - 1) << "the buyer is paid for what it could not take";
  market_.close_day();
  EXPECT_LT(market_.trust_of(1).trust, kTrustStart);
  EXPECT_GT(market_.trust_of(4).trust, kTrustStart);
}

TEST_F(Markets, WhatOneDeclaresTwiceIsSoldOnce) {
  commit();
  TradeTerms twice = terms_;
  twice.wh = 400'000;
  const int64_t now = kTestStart - 3'600'000;
  ASSERT_EQ(market_.offer(test_id(2), twice, 1, market_.margin_asked(twice, 1), now), MarketRefusal::kNone);
  for (ParticipantId who : {2, 3}) {
    ASSERT_EQ(market_.endorse(test_id(2), 1, who, market_.margin_asked(twice, who), now), MarketRefusal::kNone);
  }
  const Market before = market_;
  EXPECT_EQ(market_.endorse(test_id(2), 1, 4, market_.margin_asked(twice, 4), now), MarketRefusal::kOverCommitted);
  EXPECT_TRUE(market_ == before);
}

TEST_F(Markets, ADisputedReadingHoldsTheTradeUntilTheNeighbourAcceptsIt) {
  commit();
  meter(110'816, 104'167, 100'000);
  EXPECT_EQ(market_.record(kTestSlot, kFeed, 1, Quality::kMeasured, end_), MarketRefusal::kReadingState);
  // The second interval's worth of a forged feed: the plant's meter says twice what the grid company's says.
  TradeTerms next = terms_;
  next.first_slot += 1;
  terms_ = next;
  commit(2);
  ASSERT_EQ(market_.record(kTestSlot + 1, kFeed, 200'000, Quality::kMeasured, end_ + kSlotMs), MarketRefusal::kNone);
  ASSERT_EQ(market_.record_neighbour(kTestSlot + 1, kFeed, 110'816, end_ + kSlotMs), MarketRefusal::kNone);
  ASSERT_EQ(market_.record(kTestSlot + 1, kTaken, 100'000, Quality::kMeasured, end_ + kSlotMs), MarketRefusal::kNone);
  until(times_.settle_ms + kSlotMs);
  EXPECT_EQ(trade(1)->state, TradeState::kSettled);
  EXPECT_EQ(trade(2)->state, TradeState::kDisputed);
  const int64_t later = end_ + kSlotMs + times_.settle_ms + 1;
  EXPECT_EQ(market_.accept(kTestSlot + 1, kFeed, 1, later), MarketRefusal::kNotTheNeighbour);
  ASSERT_EQ(market_.rule(kTestSlot + 1, kFeed, 110'816, later), MarketRefusal::kNone);
  EXPECT_EQ(trade(2)->state, TradeState::kSettled);
  EXPECT_EQ(trade(2)->unmet, 1u << index_of(PartyRole::kGrid)) << "its meter said nothing; nobody else missed anything";
}

TEST_F(Markets, AnUnresolvedDisputeIsSettledBySevenDaysWithWhatKeepsTheZoneInItsBand) {
  commit();
  ASSERT_EQ(market_.record(kTestSlot, kFeed, 200'000, Quality::kMeasured, end_), MarketRefusal::kNone);
  ASSERT_EQ(market_.record_neighbour(kTestSlot, kFeed, 110'816, end_), MarketRefusal::kNone);
  ASSERT_EQ(market_.record(kTestSlot, kTaken, 100'000, Quality::kMeasured, end_), MarketRefusal::kNone);
  until(times_.settle_ms);
  EXPECT_EQ(trade()->state, TradeState::kDisputed);
  until(times_.resolve_ms);
  EXPECT_EQ(trade()->state, TradeState::kSettled);
  EXPECT_EQ(market_.flows_in(kTestSlot).at(kFeed).main.wh, 110'816u);
}

TEST_F(Markets, ACorrectionAfterSettlementMovesTheDifference) {
  commit();
  meter(105'000, 104'167, 100'000, Quality::kEstimated);
  until(times_.settle_ms);
  const uint64_t before = balance(1) + market_.book().account(1)[Purse::kMargin];
  const int64_t now = end_ + times_.settle_ms + 1;
  ASSERT_EQ(market_.correct(kTestSlot, kFeed, {1, 110'816, Quality::kMeasured, false}, now), MarketRefusal::kNone);
  EXPECT_EQ(trade()->version, 2u);
  const uint64_t refunded = 5'816 * 100 + (5'816 - 2'216) * 100 / 4;
  EXPECT_EQ(balance(1) + market_.book().account(1)[Purse::kMargin], before + refunded);
  EXPECT_EQ(market_.statements().find(kTestSlot)->version, 2u);
}

// The zone's only gap gets its residual; what no reading could be, none becomes. (It aborted in positions().)
TEST_F(Markets, AGapIsNeverFilledWithMoreThanAReadingCanBe) {
  ASSERT_EQ(market_.record(kTestSlot, kTaken, kReadingWhMax, Quality::kMeasured, end_), MarketRefusal::kNone);
  commit();  // the feed is contracted, and nobody meters it
  until(times_.close_ms);
  EXPECT_EQ(market_.flows_in(kTestSlot).at(kFeed).main.wh, kReadingWhMax);
  until(times_.final_ms);
  EXPECT_TRUE(market_.intervals().empty());
}

// The first of 96 slots was FINAL and gone when the trade came to settle. (It aborted looking for it.)
TEST(MarketTimes, AWindowLongerThanTheTimeFromSettlementToFinalSettles) {
  MarketParams params;
  params.zone = {0, 150'000, 20'000, 100};
  params.times.resolve_ms = params.times.settle_ms + kSlotMs;
  params.times.final_ms = params.times.resolve_ms + kSlotMs;
  for (const bool disputed : {false, true}) {
    Market market(params);
    const auto parties = test_parties();
    for (ParticipantId id = 1; id <= kParties; ++id) {
      MarketParticipant p;
      p.org = parties[id - 1].org;
      p.role = parties[id - 1].role;
      p.loss_ppm = parties[id - 1].loss_ppm;
      p.capacity_w = 2'000'000;
      market.register_participant(id, p);
      ASSERT_EQ(market.issue(id, kGiven), MarketRefusal::kNone);
    }
    TradeTerms t = test_terms();
    t.slots = kWindowSlotsMax;
    const int64_t now = kTestStart - 3'600'000;
    ASSERT_EQ(market.offer(test_id(1), t, 1, market.margin_asked(t, 1), now), MarketRefusal::kNone);
    for (ParticipantId who : {2, 3, 4}) {
      ASSERT_EQ(market.endorse(test_id(1), 1, who, market.margin_asked(t, who), now), MarketRefusal::kNone);
    }
    if (disputed) {
      const uint32_t last = kTestSlot + kWindowSlotsMax - 1;
      ASSERT_EQ(market.record(last, kFeed, 200'000, Quality::kMeasured, t.end_ms()), MarketRefusal::kNone);
      ASSERT_EQ(market.record_neighbour(last, kFeed, 100, t.end_ms()), MarketRefusal::kNone);
    }
    for (int64_t at = now; at < t.end_ms() + params.times.final_ms + kSlotMs; at += kSlotMs) {
      while (market.advance(at) > 0) ASSERT_EQ(market.broken_invariant(), "");
    }
    EXPECT_TRUE(market.trades().empty());
    EXPECT_TRUE(market.intervals().empty());
  }
}

// Plants 100.. and grid companies behind them; trades of 1 Wh between pairs of them, the n-th pair for the n-th trade.
class CrowdedMarkets : public Markets {
 protected:
  CrowdedMarkets() { terms_.wh = 1; }
  void crowd(ParticipantId plants, ParticipantId grids) {
    plants_ = plants;
    grids_ = grids;
    for (ParticipantId i = 0; i < plants + grids; ++i) {
      MarketParticipant p;
      p.org = static_cast<OrgId>(1'000 + i);
      p.role = i < plants ? Role::kPlant : Role::kGrid;
      p.loss_ppm = i < plants ? 0 : terms_.grid_loss_ppm;
      p.capacity_w = 2'000'000;
      market_.register_participant(100 + i, p);
      EXPECT_EQ(market_.issue(100 + i, kGiven), MarketRefusal::kNone);
    }
  }
  FlowKey pair(uint32_t n) const { return {100 + n % plants_, 100 + plants_ + n / plants_ % grids_}; }
  MarketRefusal trade_between(uint32_t n) {
    terms_.party = {pair(n).from, pair(n).to, 3, 4};
    Hash id;
    id.bytes[0] = 1;
    id.bytes[1] = static_cast<uint8_t>(n >> 8);
    id.bytes[2] = static_cast<uint8_t>(n);
    const int64_t now = kTestStart - 3'600'000;
    const auto post = [&](size_t i) { return market_.margin_asked(terms_, terms_.party[i]); };
    EXPECT_EQ(market_.offer(id, terms_, terms_.party[0], post(0), now), MarketRefusal::kNone);
    for (size_t i = 1; i < 3; ++i) {
      EXPECT_EQ(market_.endorse(id, 1, terms_.party[i], post(i), now), MarketRefusal::kNone);
    }
    return market_.endorse(id, 1, 4, post(3), now);
  }

 private:
  ParticipantId plants_ = 1;
  ParticipantId grids_ = 1;
};

TEST_F(CrowdedMarkets, AnIntervalHasRoomForABoundedNumberOfFlowsAndNoMore) {
  crowd(60, 40);
  uint32_t committed = 0;
  while (trade_between(committed) == MarketRefusal::kNone) ++committed;
  EXPECT_GT(committed, kContractedFlowsMax - 200);
  EXPECT_LE(market_.flows_in(kTestSlot).size(), kContractedFlowsMax);
  until(times_.close_ms);
}

TEST_F(CrowdedMarkets, NoRecordOfACrowdedIntervalIsTooLargeForASnapshot) {
  constexpr uint32_t kPairs = 200, kTrades = 6'000;
  constexpr size_t kValueBytesMax = 1024 * 1024;  // kStateValueBytesMax of replica/frames.h
  crowd(20, 10);
  for (uint32_t n = 0; n < kTrades; ++n) ASSERT_EQ(trade_between(n), MarketRefusal::kNone);
  for (uint32_t n = 0; n < kPairs; ++n) {  // nobody delivers
    ASSERT_EQ(market_.record(kTestSlot, pair(n), 0, Quality::kMeasured, end_), MarketRefusal::kNone);
    ASSERT_EQ(market_.record_neighbour(kTestSlot, pair(n), 0, end_), MarketRefusal::kNone);
  }
  ASSERT_EQ(market_.publish_price(kTestSlot, 1'000'000'000, end_), MarketRefusal::kNone);
  until(times_.settle_ms);
  until(times_.resolve_ms);
  EXPECT_GT(market_.statements().find(kTestSlot)->of.size(), kTrades);
  RecordWrites records;
  market_.add_writes(records);
  for (const auto& [name, value] : records) {
    ASSERT_TRUE(!value || value->size() <= kValueBytesMax) << to_hex(name) << " " << value->size();
  }
}

TEST_F(Markets, IdsOfIntervalsAreNoIdsOfTrades) {
  EXPECT_EQ(slot_of(interval_id(kTestSlot)), kTestSlot);
  EXPECT_EQ(slot_of(test_id(1)), std::nullopt);
  const int64_t now = kTestStart - 3'600'000;
  EXPECT_EQ(market_.offer(interval_id(5), terms_, 1, margin(1), now), MarketRefusal::kTradeExists);
}

TEST_F(Markets, APenaltyTakesTheMarginOutOfTheTradesItIsIn) {
  commit();
  const uint64_t locked = trade()->margin[0];
  EXPECT_EQ(market_.penalise(1, 1), MarketRefusal::kNone);
  EXPECT_EQ(trade()->margin[0], locked - 5);
  EXPECT_EQ(market_.trust_of(1).trust, 0u);
}

TEST_F(Markets, ABlockAfterALongPauseRunsWhatIsDueInTheOrderOfItsDeadlines) {
  commit();
  meter(110'816, 104'167, 100'000);
  EXPECT_GT(market_.advance(end_ + times_.settle_ms), 1u);
  EXPECT_EQ(trade()->state, TradeState::kSettled) << "its interval was closed and settled before it, in one block";
}

TEST_F(Markets, NoMoreThanTheBoundRunsInABlockAndTheRestInTheNext) {
  for (uint32_t i = 0; i < kDuePerBlockMax + 10; ++i) {
    ASSERT_EQ(market_.publish_price(kTestSlot + i, 1, kTestStart), MarketRefusal::kNone);
  }
  const int64_t all_closed = end_ + static_cast<int64_t>(kDuePerBlockMax + 10) * kSlotMs + times_.close_ms;
  const size_t per_block = market_.advance(all_closed);
  EXPECT_EQ(per_block, kDuePerBlockMax);
  EXPECT_EQ(market_.broken_invariant(), "");
  EXPECT_GT(market_.advance(all_closed), 0u);
}

}  // namespace
}  // namespace tieline::energy
