#include "energy/money.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tieline::energy {
namespace {

Book book_with(uint64_t first, uint64_t second) {
  Book book;
  EXPECT_EQ(issue(1, first, book), MarketRefusal::kNone);
  EXPECT_EQ(issue(2, second, book), MarketRefusal::kNone);
  return book;
}

TEST(Money, IssueAndRedeemChangeWhatIsIssuedAndNothingElseDoes) {
  Book book = book_with(100, 50);
  EXPECT_EQ(book.issued, 150u);
  MoneyChange change;
  change.move(balance_of(1), purse_of(1, Purse::kMargin), 40);
  change.move(balance_of(1), purse_of(2, Purse::kStake), 30);
  change.move(balance_of(2), pool_of(Pool::kReward), 50);
  ASSERT_EQ(apply(change, book), MarketRefusal::kNone);
  EXPECT_EQ(book.issued, 150u);
  EXPECT_EQ(book.account(1)[Purse::kBalance], 30u);
  EXPECT_EQ(book.account(1)[Purse::kMargin], 40u);
  EXPECT_EQ(book.account(2)[Purse::kStake], 30u);
  EXPECT_EQ(book.pool(Pool::kReward), 50u);
  EXPECT_EQ(broken_money_invariant(book), "");
  EXPECT_EQ(redeem(1, 30, book), MarketRefusal::kNone);
  EXPECT_EQ(book.issued, 120u);
  EXPECT_EQ(broken_money_invariant(book), "");
}

TEST(Money, AChangeThatFailsAtItsEndChangesNothing) {
  Book book = book_with(100, 50);
  const Book before = book;
  MoneyChange change;
  change.move(balance_of(1), balance_of(3), 100);
  change.move(balance_of(3), pool_of(Pool::kReward), 60);
  change.move(balance_of(2), balance_of(1), 51);
  EXPECT_EQ(apply(change, book), MarketRefusal::kInsufficientFunds);
  EXPECT_EQ(book, before);
  MoneyChange debts;
  debts.move(balance_of(1), balance_of(2), 100);
  debts.owe(2, 7);
  debts.forgive(2, 8);
  EXPECT_EQ(apply(debts, book), MarketRefusal::kInsufficientFunds);
  EXPECT_EQ(book, before);
}

TEST(Money, OnlyLockedMoneyLeavesALock) {
  Book book = book_with(100, 50);
  MoneyChange change;
  change.move(purse_of(1, Purse::kPayment), balance_of(2), 1);
  EXPECT_EQ(apply(change, book), MarketRefusal::kInsufficientFunds);
}

TEST(Money, NoMoreIsIssuedThanTheBound) {
  Book book;
  EXPECT_EQ(issue(1, kIssuedMax, book), MarketRefusal::kNone);
  EXPECT_EQ(issue(1, 1, book), MarketRefusal::kOverIssued);
  EXPECT_EQ(redeem(1, 1, book), MarketRefusal::kNone);
  EXPECT_EQ(issue(2, 1, book), MarketRefusal::kNone);
  EXPECT_EQ(issue(2, 0, book), MarketRefusal::kZeroAmount);
}

TEST(Money, WhoHasDebtIsSuspendedUntilItIsPaid) {
  Book book = book_with(100, 50);
  MoneyChange change;
  change.owe(1, 30);
  ASSERT_EQ(apply(change, book), MarketRefusal::kNone);
  EXPECT_TRUE(book.account(1).suspended());
  EXPECT_EQ(broken_money_invariant(book), "") << "debt is no money";
  EXPECT_EQ(redeem(1, 1, book), MarketRefusal::kSuspended);
  EXPECT_EQ(repay(1, 31, book), MarketRefusal::kInsufficientFunds) << "more than is owed";
  EXPECT_EQ(repay(1, 30, book), MarketRefusal::kNone);
  EXPECT_FALSE(book.account(1).suspended());
  EXPECT_EQ(book.pool(Pool::kImbalance), 30u);
  EXPECT_EQ(redeem(1, 70, book), MarketRefusal::kNone);
  EXPECT_FALSE(book.accounts.contains(1)) << "an empty account is none";
}

TEST(Money, TheInvariantSeesALostUnit) {
  Book book = book_with(100, 50);
  book.accounts[1][Purse::kBalance] -= 1;
  EXPECT_NE(broken_money_invariant(book), "");
  book.pools[0] += 1;
  EXPECT_EQ(broken_money_invariant(book), "");
}

TEST(MarketRefusals, EachHasANumberANameAndAReasonOfItsOwn) {
  std::set<std::string> names;
  uint16_t last = 0;
  for (const MarketRefusalText& text : market_refusals()) {
    EXPECT_GT(static_cast<uint16_t>(text.refusal), last) << text.name;
    last = static_cast<uint16_t>(text.refusal);
    EXPECT_TRUE(names.insert(text.name).second) << text.name;
    EXPECT_GT(std::string(text.reason).size(), 10u);
    EXPECT_STREQ(market_refusal_name(text.refusal), text.name);
  }
}

}  // namespace
}  // namespace tieline::energy
