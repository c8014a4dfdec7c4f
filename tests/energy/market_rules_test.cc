// Rules that change while trades are under way: each attempt to use a vote against what was agreed before it.

#include <gtest/gtest.h>

#include "energy/market.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr uint64_t kGiven = 1'000'000'000;
constexpr int64_t kNow = kTestStart - 4 * kHour;
const FlowKey kFeed{1, 2};
const FlowKey kTransit{2, 3};
const FlowKey kTaken{3, 4};

class ChangingRules : public ::testing::Test {
 protected:
  ChangingRules() : market_(params_) {
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

  static MarketParams params() {
    MarketParams p;
    p.zone = {0, 150'000, 20'000, 100};
    return p;
  }
  // Everything as soon as it can be.
  static MarketParams hasty() {
    MarketParams p = params();
    p.times = {0, 1, 1, 1, 2, 2, 3};
    return p;
  }
  static MarketParams slow() {
    MarketParams p = params();
    for (int64_t* ms :
         {&p.times.submit_ms, &p.times.close_ms, &p.times.settle_ms, &p.times.resolve_ms, &p.times.final_ms}) {
      *ms *= 2;
    }
    return p;
  }
  uint64_t balance(ParticipantId who) const { return market_.book().account(who)[Purse::kBalance]; }
  uint64_t locked(ParticipantId who) const { return market_.book().account(who)[Purse::kMargin]; }
  void offer(const TradeTerms& terms) {
    ASSERT_EQ(market_.offer(test_id(1), terms, 1, market_.margin_asked(terms, 1), kNow), MarketRefusal::kNone);
  }
  void commit(const TradeTerms& terms) {
    offer(terms);
    for (ParticipantId who : {2, 3, 4}) {
      ASSERT_EQ(market_.endorse(test_id(1), 1, who, market_.margin_asked(terms, who), kNow), MarketRefusal::kNone);
    }
  }
  // What is fed in, and what its neighbour says of it; the rest as contracted.
  void meter(uint64_t feed, uint64_t neighbour) {
    EXPECT_EQ(market_.record(kTestSlot, kFeed, feed, Quality::kMeasured, end_), MarketRefusal::kNone);
    EXPECT_EQ(market_.record_neighbour(kTestSlot, kFeed, neighbour, end_), MarketRefusal::kNone);
    EXPECT_EQ(market_.record(kTestSlot, kTransit, 104'167, Quality::kMeasured, end_), MarketRefusal::kNone);
    EXPECT_EQ(market_.record(kTestSlot, kTaken, 100'000, Quality::kMeasured, end_), MarketRefusal::kNone);
    EXPECT_EQ(market_.publish_price(kTestSlot, 100'000'000, end_), MarketRefusal::kNone);
  }
  void until(int64_t after_end) {
    while (market_.advance(end_ + after_end) > 0) EXPECT_EQ(market_.broken_invariant(), "");
  }
  const TradeRecord* trade() const { return market_.trades().find(test_id(1)); }
  Interval::Phase phase() const { return market_.intervals().at(kTestSlot).phase; }

  const MarketParams params_ = params();
  const MarketTimes times_ = params_.times;
  const int64_t end_ = kTestStart + kSlotMs;
  Market market_;
  TradeTerms terms_;
};

TEST_F(ChangingRules, AnIntervalThatIsOpenKeepsEveryDeadline) {
  commit(terms_);
  market_.set_params(hasty());
  EXPECT_EQ(market_.record(kTestSlot, kTaken, 100'000, Quality::kMeasured, end_ + times_.submit_ms - 1),
            MarketRefusal::kNone);
  until(times_.close_ms - 1);
  EXPECT_EQ(phase(), Interval::Phase::kOpen);
  until(times_.settle_ms - 1);
  EXPECT_EQ(phase(), Interval::Phase::kClosed);
  market_.set_params(slow());
  until(times_.settle_ms);
  EXPECT_EQ(phase(), Interval::Phase::kSettled);
  EXPECT_EQ(trade()->state, TradeState::kSettled);
  until(times_.final_ms);
  EXPECT_EQ(trade(), nullptr);
}

TEST_F(ChangingRules, TheGateOfWhatIsUnderWayDoesNotMove) {
  offer(terms_);
  MarketParams early = params_;
  early.times.gate_ms = 366LL * 24 * kHour;  // by which every gate of this year is in the past
  early.times.round_ms = 1;
  market_.set_params(early);
  until(kNow + 1 - end_);
  ASSERT_NE(trade(), nullptr) << "its round goes on";
  for (ParticipantId who : {2, 3, 4}) {
    EXPECT_EQ(market_.endorse(test_id(1), 1, who, market_.margin_asked(terms_, who), kNow + 1), MarketRefusal::kNone);
  }
  EXPECT_EQ(market_.offer(test_id(2), terms_, 1, market_.margin_asked(terms_, 1), kNow), MarketRefusal::kTooLate);
  const std::vector<ParticipantId> four = {1, 2, 3, 4};
  EXPECT_EQ(market_.cancel(test_id(1), four, kTestStart - times_.gate_ms - 1), MarketRefusal::kNone);
  EXPECT_EQ(locked(1), 0u);
}

TEST_F(ChangingRules, ATradeWaitsForTheSlowestOfItsIntervals) {
  EXPECT_EQ(market_.publish_price(kTestSlot + 1, 1, kNow), MarketRefusal::kNone);  // it opens, under the first rules
  market_.set_params(hasty());
  EXPECT_EQ(market_.publish_price(kTestSlot + 2, 1, kNow), MarketRefusal::kNone);
  terms_.slots = 4;
  terms_.wh *= 4;
  commit(terms_);
  EXPECT_EQ(trade()->due_ms, terms_.end_ms() + times_.settle_ms);
  EXPECT_EQ(market_.intervals().at(kTestSlot).due_ms, end_ + 1);
  until(kSlotMs + times_.close_ms);
  EXPECT_FALSE(market_.intervals().contains(kTestSlot)) << "FINAL before the trade settles";
  until(3 * kSlotMs + times_.final_ms);
  EXPECT_EQ(trade(), nullptr);
  EXPECT_TRUE(market_.intervals().empty());
  EXPECT_EQ(locked(1) + locked(2) + locked(3) + locked(4), 0u);
}

TEST_F(ChangingRules, AnOpenDisputeKeepsItsTime) {
  commit(terms_);
  meter(110'816, 90'000);
  until(times_.settle_ms);
  ASSERT_EQ(trade()->state, TradeState::kDisputed);
  market_.set_params(hasty());
  until(times_.resolve_ms - 1);
  EXPECT_EQ(trade()->state, TradeState::kDisputed);
  EXPECT_EQ(market_.accept(kTestSlot, kFeed, 2, end_ + times_.resolve_ms - 1), MarketRefusal::kNone);
  EXPECT_EQ(trade()->state, TradeState::kSettled);
}

TEST_F(ChangingRules, AReadingIsJudgedByTheBandItWasRecordedUnder) {
  commit(terms_);
  meter(110'816, 110'000);  // agree within 2 %
  MarketParams strict = params_;
  strict.zone = {0, 0, 0, 0};
  market_.set_params(strict);
  until(times_.settle_ms);
  EXPECT_EQ(trade()->state, TradeState::kSettled);
}

TEST_F(ChangingRules, ACorrectionChargesNobodyByALaterTolerance) {
  commit(terms_);
  meter(110'000, 110'000);  // short of 110816, within tolerance
  until(times_.settle_ms);
  const std::array before = {balance(1), balance(2), balance(3), balance(4)};
  MarketParams strict = params_;
  strict.tolerance_ppm = 0;
  market_.set_params(strict);
  const int64_t now = end_ + times_.settle_ms;
  EXPECT_EQ(market_.correct(kTestSlot, kFeed, {1, 110'000, Quality::kMeasured, true}, now), MarketRefusal::kNone);
  EXPECT_EQ((std::array{balance(1), balance(2), balance(3), balance(4)}), before);
}

// With the rules as they were, the neighbour could not say anything of it any more; with the new ones it could again.
TEST_F(ChangingRules, WhatWasFinalNeverOpensAgain) {
  commit(terms_);
  meter(110'816, 110'816);
  until(times_.final_ms);
  ASSERT_FALSE(market_.intervals().contains(kTestSlot));
  MarketParams late = params_;
  late.times = slow().times;
  late.times.submit_ms = late.times.close_ms = late.times.settle_ms - 1 + 2 * times_.final_ms;
  late.times.settle_ms = late.times.resolve_ms = late.times.close_ms + 1;
  late.times.final_ms = late.times.resolve_ms + 1;
  market_.set_params(late);
  const int64_t now = end_ + times_.final_ms;
  EXPECT_EQ(market_.record(kTestSlot, kFeed, 1, Quality::kMeasured, now), MarketRefusal::kTooLate);
  EXPECT_EQ(market_.record_neighbour(kTestSlot, kTransit, 1, now), MarketRefusal::kTooLate);
  EXPECT_EQ(market_.publish_price(kTestSlot, 1, now), MarketRefusal::kTooLate);
  EXPECT_EQ(market_.record(kTestSlot - 1, kFeed, 1, Quality::kMeasured, now), MarketRefusal::kTooLate)
      << "nor one before it";
  EXPECT_EQ(market_.record(kTestSlot + 1, kFeed, 1, Quality::kMeasured, now), MarketRefusal::kNone);
}

TEST_F(ChangingRules, MarginsThatAreLockedStayAndAPriceAboveALoweredCapIsNotFallenBackOn) {
  EXPECT_EQ(market_.publish_price(kTestSlot - 1, 900'000'000, kNow), MarketRefusal::kNone);
  commit(terms_);
  const uint64_t margin = locked(1);
  const uint64_t asked = market_.margin_asked(terms_, 1);
  MarketParams capped = params_;
  capped.price_cap = 60'000'000;
  market_.set_params(capped);
  EXPECT_EQ(locked(1), margin);
  EXPECT_LT(market_.margin_asked(terms_, 1), asked);
  EXPECT_EQ(market_.last_price(), 60'000'000u);
  EXPECT_EQ(market_.intervals().at(kTestSlot - 1).price, 900'000'000u) << "published under the cap of its time";
  until(times_.settle_ms);
  EXPECT_EQ(market_.intervals().at(kTestSlot).price, 60'000'000u);
  market_.set_params(params_);
  EXPECT_EQ(market_.last_price(), 60'000'000u) << "what was cut does not come back";
}

// Votes may end flows and register others within an interval's time: what its close looks at together stays bounded.
TEST_F(ChangingRules, AnIntervalTakesNoMoreFlowsThanItsCloseCanLookAt) {
  constexpr ParticipantId kPlants = 64, kGrids = 65, kFirst = 1'000;
  for (ParticipantId i = 0; i < kPlants + kGrids; ++i) {
    MarketParticipant p;
    p.role = i < kPlants ? Role::kPlant : Role::kGrid;
    market_.register_participant(kFirst + i, p);
  }
  size_t taken = 0;
  for (ParticipantId plant = 0; plant < kPlants; ++plant) {
    for (ParticipantId grid = 0; grid < kGrids; ++grid) {
      const FlowKey flow{kFirst + plant, kFirst + kPlants + grid};
      const bool room = taken < kZoneFlowsMax;
      ASSERT_EQ(market_.record(kTestSlot, flow, 1, Quality::kMeasured, end_),
                room ? MarketRefusal::kNone : MarketRefusal::kOverCommitted);
      taken += room ? 1 : 0;
    }
  }
  EXPECT_EQ(taken, kZoneFlowsMax);
  EXPECT_EQ(market_.record_neighbour(kTestSlot, kFeed, 1, end_), MarketRefusal::kOverCommitted);
  EXPECT_EQ(market_.record_neighbour(kTestSlot, {kFirst, kFirst + kPlants}, 1, end_), MarketRefusal::kNone)
      << "one that is there";
  market_.advance(end_ + times_.close_ms);
  EXPECT_EQ(phase(), Interval::Phase::kClosed);
}

}  // namespace
}  // namespace tieline::energy
