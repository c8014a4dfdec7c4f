#include "energy/statement.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

// Participants with money, and a statement that is settled against it. After every step the money has moved in the book
// exactly as the funds say.
class Statements : public ::testing::Test {
 protected:
  void give(ParticipantId who, uint64_t balance, uint64_t margin = 0) {
    ASSERT_EQ(issue(who, balance + margin, book_), MarketRefusal::kNone);
    MoneyChange lock;
    lock.move(balance_of(who), purse_of(who, Purse::kMargin), margin);
    ASSERT_EQ(apply(lock, book_), MarketRefusal::kNone);
  }
  FundsOfAll funds() const {
    FundsOfAll all;
    for (const auto& [who, account] : book_.accounts) {
      all.of[who] = {account[Purse::kMargin], account[Purse::kBalance], account.debt};
    }
    all.pool = book_.pool(Pool::kImbalance);
    return all;
  }
  void settle(const Charge& charge) {
    FundsOfAll after = funds();
    const StatementStep step = settle_charge(statement_, charge, after);
    ASSERT_EQ(apply(step.money, book_), MarketRefusal::kNone);
    ASSERT_EQ(broken_money_invariant(book_), "");
    const FundsOfAll found = funds();
    ASSERT_EQ(found.pool, after.pool);
    for (const auto& [who, f] : after.of) {
      const auto at = found.of.find(who);
      ASSERT_EQ(at == found.of.end() ? Funds{} : at->second, f) << who;
    }
    statement_ = step.statement;
    drawn_ = step.margin_drawn;
  }
  uint64_t balance(ParticipantId who) const { return book_.account(who)[Purse::kBalance]; }

  Book book_;
  Statement statement_;
  std::map<ParticipantId, uint64_t> drawn_;
};

Charge charge(std::map<ParticipantId, uint64_t> owed, std::vector<Weight> claims) { return {owed, claims}; }

TEST_F(Statements, TheMarginPaysFirstThenTheBalanceAndTheRestIsDebt) {
  give(1, 30, 50);
  settle(charge({{1, 100}}, {{2, 1}, {3, 2}}));
  EXPECT_EQ(drawn_, (std::map<ParticipantId, uint64_t>{{1, 50}}));
  EXPECT_EQ(balance(1), 0u);
  EXPECT_EQ(book_.account(1).debt, 20u);
  EXPECT_EQ(balance(2), 27u);  // of the 80 collected: 26.67 and 53.33
  EXPECT_EQ(balance(3), 53u);
  EXPECT_EQ(book_.pool(Pool::kImbalance), 0u);
}

TEST_F(Statements, ACorrectionMovesTheDifferenceAndNothingElse) {
  give(1, 1'000);
  settle(charge({{1, 300}}, {{2, 3}}));
  EXPECT_EQ(balance(2), 300u);
  settle(charge({{1, 200}}, {{2, 1}, {3, 1}}));
  EXPECT_EQ(balance(1), 800u);
  EXPECT_EQ(balance(2), 100u);
  EXPECT_EQ(balance(3), 100u);
  settle(charge({{2, 70}}, {{1, 1}}));
  EXPECT_EQ(balance(1), 1'000u) << "what could be collected";
  EXPECT_EQ(book_.account(2).debt, 70u) << "it paid 70, and gave back 30 of 100";
  settle(charge({}, {}));
  EXPECT_EQ(balance(1), 1'000u);
  for (ParticipantId who : {2, 3}) EXPECT_EQ(book_.account(who), Account{}) << who;
  EXPECT_EQ(book_.pool(Pool::kImbalance), 0u);
}

TEST_F(Statements, TheSameChargeAgainMovesNothing) {
  give(1, 50);
  settle(charge({{1, 300}}, {{2, 3}, {3, 4}}));
  const Book before = book_;
  const Statement same = statement_;
  settle(charge({{1, 300}}, {{2, 3}, {3, 4}}));
  EXPECT_EQ(book_, before);
  EXPECT_EQ(statement_, same);
}

TEST_F(Statements, AnUnpaidDebtIsCancelledBeforeAnythingIsRefunded) {
  give(1, 50);
  settle(charge({{1, 300}}, {{2, 1}}));
  EXPECT_EQ(book_.account(1).debt, 250u);
  settle(charge({{1, 100}}, {{2, 1}}));
  EXPECT_EQ(book_.account(1).debt, 50u);
  EXPECT_EQ(balance(1), 0u);
  EXPECT_EQ(balance(2), 50u);
  settle(charge({{1, 20}}, {{2, 1}}));
  EXPECT_EQ(book_.account(1).debt, 0u);
  EXPECT_EQ(balance(1), 30u);
  EXPECT_EQ(balance(2), 20u);
}

TEST_F(Statements, DebtsPaidLateFillUpWhatOthersCouldNotPay) {
  give(1, 50);
  settle(charge({{1, 80}}, {{2, 1}}));
  ASSERT_EQ(issue(1, 30, book_), MarketRefusal::kNone);
  ASSERT_EQ(repay(1, 30, book_), MarketRefusal::kNone);
  EXPECT_EQ(book_.pool(Pool::kImbalance), 30u);
  statement_ = {};  // another interval: 4 has nothing
  settle(charge({{4, 25}}, {{5, 1}}));
  EXPECT_EQ(balance(5), 25u) << "never more than is owed";
  EXPECT_EQ(book_.pool(Pool::kImbalance), 5u);
  EXPECT_EQ(book_.account(4).debt, 25u);
}

TEST_F(Statements, WhatCannotBeTakenBackIsDebtAndIsForgivenWhenItWasDueAfterAll) {
  give(1, 100);
  settle(charge({{1, 100}}, {{2, 1}}));
  ASSERT_EQ(redeem(2, 100, book_), MarketRefusal::kNone);
  settle(charge({{1, 0}}, {}));
  EXPECT_EQ(book_.account(2).debt, 100u);
  EXPECT_EQ(balance(1), 0u) << "there is nothing to refund from";
  settle(charge({{1, 100}}, {{2, 1}}));
  EXPECT_EQ(book_.account(2).debt, 0u);
}

TEST_F(Statements, WithMoneyEnoughTheWayToACorrectionDoesNotMatter) {
  Rng rng(5);
  const auto random_charge = [&rng] {
    Charge c;
    for (ParticipantId who = 1; who <= 6; ++who) {
      const uint64_t kind = rng.below(3);
      if (kind == 0) c.owed[who] = rng.below(10'000);
      if (kind == 1) c.claims.push_back({who, 1 + rng.below(1'000)});
    }
    if (c.claims.empty()) c.owed.clear();  // imbalances sum to 0: no short without a long
    return c;
  };
  for (int round = 0; round < 2'000; ++round) {
    book_ = {};
    statement_ = {};
    for (ParticipantId who = 1; who <= 6; ++who) give(who, 1'000'000);
    Charge last;
    for (uint64_t versions = 1 + rng.below(4); versions > 0; --versions) settle(last = random_charge());
    const Book by_corrections = book_;
    book_ = {};
    statement_ = {};
    for (ParticipantId who = 1; who <= 6; ++who) give(who, 1'000'000);
    settle(last);
    ASSERT_EQ(book_, by_corrections) << round;
  }
}

TEST_F(Statements, WithoutMoneyEnoughNothingIsLostAndNobodyGetsMoreThanItsShare) {
  Rng rng(6);
  for (int round = 0; round < 3'000; ++round) {
    book_ = {};
    statement_ = {};
    for (ParticipantId who = 1; who <= 5; ++who) give(who, 1 + rng.below(400), rng.below(200));
    for (int version = 0; version < 4; ++version) {
      Charge c;
      uint64_t owed = 0;
      for (ParticipantId who = 1; who <= 5; ++who) {
        if (rng.chance(400'000)) {
          owed += c.owed[who] = rng.below(500);
        } else {
          c.claims.push_back({who, 1 + rng.below(50)});
        }
      }
      if (c.claims.empty()) continue;
      settle(c);
      ASSERT_FALSE(HasFatalFailure());
      uint64_t received = 0;
      for (const auto& [who, line] : statement_.lines) {
        received += line.received - line.reclaimed;
      }
      ASSERT_LE(received, owed);
      const ParticipantId who = 1 + static_cast<ParticipantId>(rng.below(5));
      if (rng.chance(300'000)) (void)redeem(who, 1 + rng.below(100), book_);
      if (rng.chance(300'000)) (void)repay(who, 1 + rng.below(50), book_);
    }
  }
}

TEST_F(Statements, AChargeThatIsGoneIsTakenBackWhole) {
  give(1, 1'000);
  FundsOfAll all = funds();
  Charges first;
  first[{test_id(1), 1}] = charge({{1, 100}}, {{2, 1}});
  IntervalStep step = settle_all({}, first, all);
  ASSERT_EQ(apply(step.money, book_), MarketRefusal::kNone);
  EXPECT_EQ(step.statements.version, 1u);
  EXPECT_EQ(balance(2), 100u);
  step = settle_all(step.statements, {}, all);
  ASSERT_EQ(apply(step.money, book_), MarketRefusal::kNone);
  EXPECT_EQ(balance(1), 1'000u);
  EXPECT_TRUE(step.statements.of.empty());
  EXPECT_EQ(step.statements.version, 2u);
}

}  // namespace
}  // namespace tieline::energy
