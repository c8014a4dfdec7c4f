#include "energy/stake.h"

#include <gtest/gtest.h>

#include "energy/governance.h"

namespace tieline::energy {
namespace {

class Stakes : public ::testing::Test {
 protected:
  Stakes() {
    EXPECT_EQ(issue(1, 1'000, book_), MarketRefusal::kNone);
    stake_.owner = 1;
  }
  MarketRefusal take(const StakeStep& step) {
    if (!step.ok()) return step.refusal;
    const MarketRefusal money = apply(step.money, book_);
    if (money != MarketRefusal::kNone) return money;
    stake_ = step.stake;
    EXPECT_EQ(stake_.total(), book_.account(1)[Purse::kStake]);
    EXPECT_EQ(broken_money_invariant(book_), "");
    return MarketRefusal::kNone;
  }
  Book book_;
  StakeRecord stake_;
};

TEST_F(Stakes, AStakeIsAtLeastTheLeastOrNothing) {
  EXPECT_EQ(take(bond(stake_, 99, 100)), MarketRefusal::kStakeTooSmall);
  EXPECT_EQ(take(bond(stake_, 0, 100)), MarketRefusal::kZeroAmount);
  EXPECT_EQ(take(bond(stake_, 1'001, 100)), MarketRefusal::kInsufficientFunds);
  EXPECT_EQ(take(bond(stake_, 150, 100)), MarketRefusal::kNone);
  EXPECT_EQ(take(unbond(stake_, 51, 100, 5)), MarketRefusal::kStakeTooSmall);
  EXPECT_EQ(take(unbond(stake_, 151, 100, 5)), MarketRefusal::kInsufficientFunds);
  EXPECT_EQ(take(unbond(stake_, 50, 100, 5)), MarketRefusal::kNone);
  EXPECT_EQ(take(unbond(stake_, 100, 100, 5)), MarketRefusal::kNone);
}

TEST_F(Stakes, UnbondingTakesMoreThanThirtyTwoEpochs) {
  ASSERT_EQ(take(bond(stake_, 500, 100)), MarketRefusal::kNone);
  ASSERT_EQ(take(unbond(stake_, 200, 100, 5)), MarketRefusal::kNone);
  ASSERT_EQ(take(unbond(stake_, 300, 100, 6)), MarketRefusal::kNone);
  EXPECT_EQ(take(withdraw(stake_, 5 + 32)), MarketRefusal::kNotUnbonded);
  ASSERT_EQ(take(withdraw(stake_, 5 + 33)), MarketRefusal::kNone);
  EXPECT_EQ(book_.account(1)[Purse::kBalance], 700u);
  ASSERT_EQ(take(withdraw(stake_, 6 + 33)), MarketRefusal::kNone);
  EXPECT_EQ(book_.account(1)[Purse::kBalance], 1'000u);
}

TEST_F(Stakes, NoMoreThanSoManyUnbondingsAtATime) {
  ASSERT_EQ(take(bond(stake_, 500, 1)), MarketRefusal::kNone);
  for (size_t i = 0; i < kUnbondingsMax; ++i) ASSERT_EQ(take(unbond(stake_, 1, 1, 5)), MarketRefusal::kNone);
  EXPECT_EQ(take(unbond(stake_, 1, 1, 5)), MarketRefusal::kTooManyUnbondings);
}

TEST_F(Stakes, AProofTakesTheWholeStakeAlsoWhatUnbonds) {
  ASSERT_EQ(take(bond(stake_, 500, 100)), MarketRefusal::kNone);
  ASSERT_EQ(take(unbond(stake_, 200, 100, 5)), MarketRefusal::kNone);
  ASSERT_EQ(take(confiscate(stake_)), MarketRefusal::kNone);
  EXPECT_EQ(book_.pool(Pool::kReward), 500u);
  EXPECT_EQ(stake_.total(), 0u);
}

TEST_F(Stakes, JailIsNeverShortened) {
  EXPECT_EQ(jail(jail(stake_, 9), 4).jailed_until, 9u);
  EXPECT_EQ(jail(stake_, 9).total(), stake_.total()) << "an invalid block alone costs no stake";
}

TEST_F(Stakes, AForgeryCostsFiveTimesItsValueFromStakeThenMarginThenBalanceThenDebt) {
  ASSERT_EQ(take(bond(stake_, 300, 100)), MarketRefusal::kNone);
  ASSERT_EQ(take(unbond(stake_, 100, 100, 5)), MarketRefusal::kNone);
  MoneyChange lock;
  lock.move(balance_of(1), purse_of(1, Purse::kMargin), 100);
  ASSERT_EQ(apply(lock, book_), MarketRefusal::kNone);

  const Penalty small = penalise(stake_, book_.account(1), 50);
  EXPECT_EQ(small.collected, 250u);
  EXPECT_EQ(small.stake.bonded, 0u);
  EXPECT_EQ(small.stake.unbonding, (std::vector<Unbonding>{{50, 38}}));
  EXPECT_EQ(small.margin_drawn, 0u);
  EXPECT_EQ(small.debt, 0u);

  const Penalty large = penalise(stake_, book_.account(1), 250);  // 1250 of 1000
  EXPECT_EQ(large.collected, 1'000u);
  EXPECT_EQ(large.margin_drawn, 100u);
  EXPECT_EQ(large.debt, 250u);
  ASSERT_EQ(apply(large.money, book_), MarketRefusal::kNone);
  EXPECT_EQ(book_.pool(Pool::kReward), 1'000u);
  EXPECT_EQ(book_.account(1).debt, 250u);
  EXPECT_EQ(broken_money_invariant(book_), "");
  EXPECT_EQ(penalise(StakeRecord{1, 0, 0, {}, 0}, book_.account(1), UINT64_MAX).debt, kDebtMax - 250);
}

TEST_F(Stakes, RewardsAreSplitByBondedStake) {
  ASSERT_EQ(issue(2, 100, book_), MarketRefusal::kNone);
  MoneyChange fees;
  fees.move(balance_of(2), pool_of(Pool::kReward), 100);
  ASSERT_EQ(apply(fees, book_), MarketRefusal::kNone);
  const std::vector<StakeRecord> stakes = {{1, 1, 200, {{900, 40}}, 0}, {2, 2, 100, {}, 0}, {3, 3, 0, {}, 0}};
  ASSERT_EQ(apply(pay_rewards(100, stakes), book_), MarketRefusal::kNone);
  EXPECT_EQ(book_.account(1)[Purse::kBalance], 1'067u);
  EXPECT_EQ(book_.account(2)[Purse::kBalance], 33u);
  EXPECT_TRUE(pay_rewards(100, {}).movements.empty()) << "with no stake the pool waits";
}

}  // namespace
}  // namespace tieline::energy
