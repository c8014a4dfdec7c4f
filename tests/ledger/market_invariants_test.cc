// The market's invariants over what a block writes: a sound block, then one record of it spoiled.

#include <gtest/gtest.h>

#include "ledger/market_invariants.h"
#include "market_chain.h"

namespace tieline::testing {
namespace {

using energy::Purse;

class MarketInvariants : public ::testing::Test {
 protected:
  // The block in which the last party endorses: money is locked, capacity reserved, deadlines set.
  MarketInvariants() {
    const energy::TradeTerms t = MarketChain::terms();
    id_ = chain_.next_id(kSeller);
    EXPECT_EQ(chain_.run({kSeller}, chain_.offer(kSeller, t)), TxCode::ok);
    for (ParticipantId who : {kGridCompany, kDistributor}) {
      EXPECT_EQ(chain_.run({who}, chain_.endorse(who, id_, t)), TxCode::ok);
    }
    EXPECT_EQ(chain_.run({kBuyer}, energy::Bond{1'000}), TxCode::ok);
    const auto last = chain_.act({kBuyer}, {chain_.endorse(kBuyer, id_, t), energy::Bond{1'000}});
    execution_ = *chain_.ledger.execute(chain_.next({last}), chain_.tip, chain_.view());
    EXPECT_EQ(execution_.results[0].code, number(TxCode::ok));
    writes_ = *execution_.writes;
  }
  std::string broken() {
    execution_.writes = std::make_shared<const WriteSet>(writes_);
    return chain_.ledger.broken_invariant(execution_, chain_.view(), chain_.tip).value_or("none");
  }
  template <class T, class Change>
  void change(const Bytes& name, Change spoil) {
    const Bytes key = state::key_of(name);
    T record = *decoded<T>(*writes_.at(key), "record");
    spoil(record);
    writes_[key] = encoded(record);
  }

  MarketChain chain_;
  energy::TradeId id_;
  Execution execution_;
  WriteSet writes_;
};

TEST_F(MarketInvariants, HoldForASoundBlock) { EXPECT_EQ(broken(), "none"); }

TEST_F(MarketInvariants, MoneyIsNeitherMadeNorLost) {
  change<energy::Account>(energy::account_name(kBuyer), [](energy::Account& a) { a[Purse::kBalance] += 1; });
  EXPECT_EQ(broken(), "money_conserved");
}

TEST_F(MarketInvariants, AnAccountThatIsForgottenIsMissed) {
  writes_.erase(state::key_of(energy::account_name(kBuyer)));
  EXPECT_NE(broken(), "none");
}

TEST_F(MarketInvariants, ATradeHoldsTheMarginThatIsLockedForIt) {
  change<energy::TradeRecord>(energy::trade_name(id_), [](energy::TradeRecord& t) { t.margin[3] -= 1; });
  EXPECT_EQ(broken(), "margin_conserved");
}

TEST_F(MarketInvariants, AndThePayment) {
  change<energy::TradeRecord>(energy::trade_name(id_), [](energy::TradeRecord& t) { t.payment += 1; });
  EXPECT_EQ(broken(), "payments_conserved");
}

TEST_F(MarketInvariants, StakeIsWhatTheRecordSays) {
  change<energy::StakeRecord>(energy::stake_name(kBuyer), [](energy::StakeRecord& s) { s.bonded += 1; });
  EXPECT_EQ(broken(), "stake_conserved");
}

TEST_F(MarketInvariants, CapacityIsReservedForCommittedTradesOnly) {
  const Bytes name = energy::reservation_name({kSeller, kFirstSlot});
  change<uint64_t>(name, [](uint64_t& wh) { wh -= 1; });
  EXPECT_EQ(broken(), "capacity_conserved");
}

TEST_F(MarketInvariants, WhatIsDueStandsInTheQueue) {
  change<energy::TradeRecord>(energy::trade_name(id_), [](energy::TradeRecord& t) { t.due_ms += 1; });
  EXPECT_EQ(broken(), "due_once");
  writes_ = *chain_.ledger.execute(chain_.next({}), chain_.tip, chain_.view())->writes;
  writes_[state::key_of(energy::trade_name(id_))] = std::nullopt;  // gone, and still in the queue
  EXPECT_NE(broken(), "none");
}

TEST_F(MarketInvariants, ATradeIsDueByTheTimesItKeeps) {
  change<energy::TradeRecord>(energy::trade_name(id_), [](energy::TradeRecord& t) { t.times.settle_ms -= 1; });
  EXPECT_EQ(broken(), "due_by_its_rules");
}

TEST_F(MarketInvariants, AnIntervalIsDueByTheRulesItKeeps) {
  change<energy::Interval>(energy::interval_name(kFirstSlot), [](energy::Interval& i) { i.rules.times.close_ms += 1; });
  EXPECT_EQ(broken(), "due_by_its_rules");
}

}  // namespace
}  // namespace tieline::testing
