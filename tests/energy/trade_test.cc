#include "energy/trade.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "energy/due_queue.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kNow = kTestStart - 2 * kHour;

class Trades : public ::testing::Test {
 protected:
  Trades() {
    for (ParticipantId who : {1, 2, 3, 4}) EXPECT_EQ(issue(who, 1'000'000'000, book_), MarketRefusal::kNone);
  }
  Entry entry(ParticipantId who, uint64_t margin = 1'000) const { return {who, margin, 1'000, false}; }
  // Carries the step out; a refused one changes nothing.
  MarketRefusal take(const TradeStep& step) {
    if (!step.ok()) return step.refusal;
    EXPECT_EQ(apply(step.money, book_), MarketRefusal::kNone);
    EXPECT_EQ(broken_money_invariant(book_), "");
    trade_ = step.trade;
    return MarketRefusal::kNone;
  }
  MarketRefusal make_offer(ParticipantId who = 1) {
    return take(offer(test_id(1), test_terms(), kTestOrgs, entry(who), 0, kNow, times_));
  }
  MarketRefusal endorse_by(ParticipantId who) { return take(endorse(trade_, trade_.round, entry(who), kNow, times_)); }
  void commit() {
    EXPECT_EQ(make_offer(), MarketRefusal::kNone);
    for (ParticipantId who : {2, 3, 4}) EXPECT_EQ(endorse_by(who), MarketRefusal::kNone);
    EXPECT_EQ(trade_.state, TradeState::kCommitted);
  }
  uint64_t held(ParticipantId who, Purse purse) const { return book_.account(who)[purse]; }

  MarketTimes times_;
  Book book_;
  TradeRecord trade_;
};

TEST_F(Trades, AnOfferEndorsesItselfAndLocksTheSendersMargin) {
  ASSERT_EQ(make_offer(), MarketRefusal::kNone);
  EXPECT_TRUE(trade_.has_entered(0));
  EXPECT_EQ(trade_.round, 1u);
  EXPECT_EQ(held(1, Purse::kMargin), 1'000u);
  EXPECT_EQ(held(4, Purse::kPayment), 0u);
  EXPECT_EQ(trade_.due_ms, kNow + times_.round_ms);
}

TEST_F(Trades, ABuyersOfferLocksThePaymentToo) {
  ASSERT_EQ(make_offer(4), MarketRefusal::kNone);
  EXPECT_EQ(held(4, Purse::kPayment), legs(test_terms()).total());
}

TEST_F(Trades, OfferIsRefusedByNameAndBound) {
  const auto at = [&](const Entry& by, uint32_t open, int64_t now) {
    return offer(test_id(1), test_terms(), kTestOrgs, by, open, now, times_).refusal;
  };
  EXPECT_EQ(at(entry(9), 0, kNow), MarketRefusal::kNotAParty);
  EXPECT_EQ(at(entry(1), 0, kTestStart - times_.gate_ms), MarketRefusal::kTooLate);
  EXPECT_EQ(at(entry(1), 0, kTestStart - times_.gate_ms - 1), MarketRefusal::kNone);
  EXPECT_EQ(at(entry(1), kOpenTradesMax, kNow), MarketRefusal::kTooManyOpenTrades);
  EXPECT_EQ(at(entry(1), kOpenTradesMax - 1, kNow), MarketRefusal::kNone);
  EXPECT_EQ(at(entry(1, 999), 0, kNow), MarketRefusal::kMarginTooLow);
  EXPECT_EQ(at({1, 1'000, 1'000, true}, 0, kNow), MarketRefusal::kSuspended);
}

TEST_F(Trades, ACounterFreesTheOldLocksAndTakesTheSenders) {
  ASSERT_EQ(make_offer(4), MarketRefusal::kNone);
  ASSERT_EQ(endorse_by(2), MarketRefusal::kNone);
  TradeTerms lower = test_terms();
  lower.plant_price -= 1'000'000;
  EXPECT_EQ(take(counter(trade_, lower, entry(4), 0, kNow, times_)), MarketRefusal::kOwnTerms);
  ASSERT_EQ(take(counter(trade_, lower, entry(1), 0, kNow + 1, times_)), MarketRefusal::kNone);
  EXPECT_EQ(trade_.terms, lower);
  EXPECT_EQ(trade_.round, 2u);
  EXPECT_EQ(held(4, Purse::kPayment), 0u);
  EXPECT_EQ(held(4, Purse::kMargin), 0u);
  EXPECT_EQ(held(2, Purse::kMargin), 0u);
  EXPECT_EQ(held(1, Purse::kMargin), 1'000u);
  EXPECT_FALSE(trade_.has_entered(3));
  EXPECT_EQ(take(endorse(trade_, 1, entry(4), kNow + 2, times_)), MarketRefusal::kOtherTerms);
  EXPECT_EQ(take(endorse(trade_, 2, entry(1), kNow + 2, times_)), MarketRefusal::kAlreadyIn);
}

TEST_F(Trades, CountersEndWithTheLastRoundAndKeepTheParties) {
  ASSERT_EQ(make_offer(), MarketRefusal::kNone);
  TradeTerms other = test_terms();
  other.party[0] = 7;
  EXPECT_EQ(take(counter(trade_, other, entry(2), 0, kNow, times_)), MarketRefusal::kBadTerms);
  EXPECT_EQ(take(counter(trade_, test_terms(), entry(2), kOpenTradesMax, kNow, times_)),
            MarketRefusal::kTooManyOpenTrades);
  for (uint32_t round = 1; round < kRoundsMax; ++round) {
    ASSERT_EQ(take(counter(trade_, test_terms(), entry(1 + round % 2), 0, kNow, times_)), MarketRefusal::kNone);
  }
  EXPECT_EQ(trade_.round, kRoundsMax);
  EXPECT_EQ(take(counter(trade_, test_terms(), entry(1), 0, kNow, times_)), MarketRefusal::kTooManyRounds);
}

TEST_F(Trades, ARoundEndsAtItsDeadlineOrAtTheGate) {
  ASSERT_EQ(make_offer(), MarketRefusal::kNone);
  const int64_t end = trade_.due_ms;
  EXPECT_EQ(endorse(trade_, 1, entry(2), end, times_).refusal, MarketRefusal::kTooLate);
  EXPECT_EQ(endorse(trade_, 1, entry(2), end - 1, times_).refusal, MarketRefusal::kNone);
  EXPECT_EQ(counter(trade_, test_terms(), entry(2), 0, end, times_).refusal, MarketRefusal::kTooLate);
  EXPECT_EQ(decline(trade_, 2, end).refusal, MarketRefusal::kTooLate);
  EXPECT_EQ(due(trade_, false, end - 1).refusal, MarketRefusal::kWrongState);
  EXPECT_EQ(due(trade_, false, end).trade.state, TradeState::kLapsed);
  const int64_t gate = kTestStart - times_.gate_ms;
  EXPECT_EQ(offer(test_id(2), test_terms(), kTestOrgs, entry(1), 0, gate - 5, times_).trade.due_ms, gate);
}

TEST_F(Trades, WhatLapsesGivesEverythingBack) {
  const Book before = book_;
  ASSERT_EQ(make_offer(), MarketRefusal::kNone);
  ASSERT_EQ(endorse_by(4), MarketRefusal::kNone);
  ASSERT_EQ(take(decline(trade_, 3, kNow)), MarketRefusal::kNone);
  EXPECT_EQ(book_, before);
  commit();
  const std::vector<ParticipantId> three = {1, 2, 3};
  const std::vector<ParticipantId> four = {1, 2, 3, 4};
  EXPECT_EQ(cancel(trade_, three, kNow).refusal, MarketRefusal::kNotAllFour);
  EXPECT_EQ(cancel(trade_, four, kTestStart - times_.gate_ms).refusal, MarketRefusal::kTooLate);
  ASSERT_EQ(take(cancel(trade_, four, kNow)), MarketRefusal::kNone);
  EXPECT_EQ(book_, before);
}

TEST_F(Trades, ABuyerWithoutMoneyCannotEnter) {
  ASSERT_EQ(redeem(4, 1'000'000'000 - 2'000, book_), MarketRefusal::kNone);
  ASSERT_EQ(make_offer(), MarketRefusal::kNone);
  const Book before = book_;
  const TradeStep step = endorse(trade_, 1, entry(4), kNow, times_);
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(apply(step.money, book_), MarketRefusal::kInsufficientFunds);
  EXPECT_EQ(book_, before);
}

TEST_F(Trades, SettlementPaysTheLegsAndSevenEighthsOfTheUnusedMargin) {
  commit();
  EXPECT_EQ(trade_.due_ms, test_terms().end_ms() + times_.settle_ms);
  std::vector<TradeRecord*> mine = {&trade_};
  EXPECT_EQ(draw_margin(mine, 1, 100), 100u);  // an imbalance took it
  MoneyChange paid;
  paid.move(purse_of(1, Purse::kMargin), pool_of(Pool::kImbalance), 100);
  ASSERT_EQ(apply(paid, book_), MarketRefusal::kNone);
  ASSERT_EQ(take(due(trade_, false, trade_.due_ms)), MarketRefusal::kNone);
  const Legs pay = legs(test_terms());
  EXPECT_EQ(trade_.state, TradeState::kSettled);
  EXPECT_EQ(held(1, Purse::kMargin), 113u);  // 900 - floor(900 x 7/8)
  EXPECT_EQ(held(1, Purse::kBalance), 1'000'000'000 - 1'000 + pay.to[0] + 787);
  EXPECT_EQ(held(2, Purse::kBalance), 1'000'000'000 - 125 + pay.to[1]);
  EXPECT_EQ(held(4, Purse::kPayment), 0u);
  EXPECT_EQ(held(4, Purse::kBalance), 1'000'000'000 - 125 - pay.total());
  ASSERT_EQ(take(correct(trade_, trade_.due_ms - 1)), MarketRefusal::kNone);
  EXPECT_EQ(trade_.version, 2u);
  EXPECT_EQ(correct(trade_, trade_.due_ms).refusal, MarketRefusal::kTooLate);
  ASSERT_EQ(take(due(trade_, false, trade_.due_ms)), MarketRefusal::kNone);
  EXPECT_EQ(trade_.state, TradeState::kFinal);
  for (ParticipantId who : {1, 2, 3, 4}) EXPECT_EQ(held(who, Purse::kMargin), 0u);
}

TEST_F(Trades, ADisputedOneWaitsForTheRulingOrSevenDays) {
  commit();
  ASSERT_EQ(take(due(trade_, true, trade_.due_ms)), MarketRefusal::kNone);
  EXPECT_EQ(trade_.state, TradeState::kDisputed);
  EXPECT_GT(trade_.payment, 0u);
  EXPECT_EQ(trade_.due_ms, test_terms().end_ms() + times_.resolve_ms);
  EXPECT_EQ(resolve(trade_, trade_.due_ms).refusal, MarketRefusal::kTooLate);
  EXPECT_EQ(resolve(trade_, trade_.due_ms - 1).trade.state, TradeState::kSettled);
  ASSERT_EQ(take(due(trade_, true, trade_.due_ms)), MarketRefusal::kNone);
  EXPECT_EQ(trade_.state, TradeState::kSettled);
}

TEST_F(Trades, MarginsAreDrawnInTheOrderOfTheTradesAndNoFurtherThanTheyReach) {
  TradeRecord first, second;
  first.terms = second.terms = test_terms();
  first.margin = {10, 0, 0, 5};
  second.margin = {20, 0, 0, 5};
  std::vector<TradeRecord*> both = {&first, &second};
  EXPECT_EQ(draw_margin(both, 1, 15), 15u);
  EXPECT_EQ(first.margin[0], 0u);
  EXPECT_EQ(second.margin[0], 15u);
  EXPECT_EQ(draw_margin(both, 1, 100), 15u);
  EXPECT_EQ(draw_margin(both, 9, 100), 0u);
  EXPECT_EQ(first.margin[3], 5u);
}

}  // namespace
}  // namespace tieline::energy
