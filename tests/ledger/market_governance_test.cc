// Stake, votes and what they change, as transactions.

#include <gtest/gtest.h>

#include "evidence_makers.h"
#include "ledger/market_work.h"
#include "market_chain.h"

namespace tieline::testing {
namespace {

using energy::Pool;
using energy::ProposalKind;
using energy::Propose;
using energy::Purse;

constexpr uint64_t kStake = 100'000;

class Governance : public ::testing::Test {
 protected:
  Governance() {
    for (ParticipantId who : {kSeller, kGridCompany, kDistributor, kBuyer}) {
      EXPECT_EQ(chain_.run({who}, energy::Bond{kStake}), TxCode::ok);
    }
  }
  Hash propose(const Propose& proposal) {
    const Hash id = energy::proposal_id(chain_.ledger.chain(), kSeller, chain_.sequence[kSeller] + 1, 0);
    EXPECT_EQ(chain_.run({kSeller}, proposal), TxCode::ok);
    return id;
  }
  Hash passed(const Propose& proposal) {
    const Hash id = propose(proposal);
    for (ParticipantId who : {kGridCompany, kDistributor}) {
      EXPECT_EQ(chain_.run({who}, energy::CastVote{id, true}), TxCode::ok);
    }
    return id;
  }
  MarketNumbers numbers() const { return chain_.record<MarketNumbers>(state::market_numbers_key()); }
  void epochs(int n) {
    for (int i = 0; i < n; ++i) {
      chain_.end_epoch();
      chain_.add({}, 100);
    }
  }
  static Propose rule(const char* name, uint64_t value) {
    return {ProposalKind::kRules, energy::RuleChanges{{name, value}}};
  }
  static Propose rules(const energy::RuleChanges& changes) { return {ProposalKind::kRules, changes}; }

  MarketChain chain_;
};

TEST_F(Governance, ARuleThatPassedActsTwoEpochsLater) {
  const Hash id = passed(rule("market.price_cap", 500));
  EXPECT_EQ(chain_.run({kBuyer}, energy::CastVote{id, true}), TxCode::proposal_state);
  epochs(1);
  EXPECT_EQ(numbers().price_cap, 1'000'000'000u);
  epochs(1);
  EXPECT_EQ(numbers().price_cap, 500u);
  EXPECT_EQ(chain_.run({kAuthority}, energy::PublishPrice{kFirstSlot, 501}), TxCode::bad_price);
  EXPECT_EQ(chain_.run({kAuthority}, energy::PublishPrice{kFirstSlot, 500}), TxCode::ok);
  EXPECT_FALSE(StateSource(chain_.view()).read(proposal_content_name(id)).has_value());
  EXPECT_EQ(chain_.run({kBuyer}, energy::CastVote{id, true}), TxCode::unknown_proposal);
}

TEST_F(Governance, TheRegulatorMayVetoItUntilThen) {
  const Hash id = passed(rule("market.price_cap", 500));
  EXPECT_EQ(chain_.run({kSeller}, energy::Veto{id}), TxCode::not_authorised);
  EXPECT_EQ(chain_.run({kRegulating}, energy::Veto{id}), TxCode::ok);
  epochs(3);
  EXPECT_EQ(numbers().price_cap, 1'000'000'000u);
}

TEST_F(Governance, AnUnknownRuleOrAValueOutOfBoundsOrOutOfOrderIsNoProposal) {
  const uint64_t close = numbers().close_ms;
  for (const Propose& p :
       {rule("market.close_ms", 1), rule("price_cap", 5), rule("market.loss_hi_ppm", 900'000),
        rule("market.loss_lo_ppm", 200'000), rule("market.round_ms", 0), rule("market.final_ms", UINT64_MAX),
        rule("market.final_ms", 367ULL * 86'400'000), rule("market.settle_ms", close),
        rules({{"market.close_ms", close + 1}, {"market.settle_ms", close + 1}}),
        rules({{"market.price_cap", 5}, {"market.submit_ms", close + 1}})}) {
    EXPECT_EQ(chain_.run({kSeller}, p), TxCode::bad_proposal);
  }
  EXPECT_EQ(chain_.run({kSeller}, Propose{ProposalKind::kConfiscation, ParticipantId{99}}),
            TxCode::unknown_participant);
  EXPECT_EQ(chain_.run({kPoor}, rule("market.price_cap", 5)), TxCode::no_votes);
}

TEST_F(Governance, EveryRuleMayChangeButHowFastMarketTimePasses) {
  for (const MarketNumber& number : market_numbers()) {
    const std::string name = rule_name(number);
    const bool changes = changed(numbers(), {{name, numbers().*number.value}}).has_value();
    EXPECT_EQ(changes, name != "market.time_rate") << name;
    EXPECT_FALSE(changed(numbers(), {{name, number.most + 1}}).has_value()) << name;
  }
}

// All deadlines a thousandth of what they were: one by one they would have to be voted in their order.
TEST_F(Governance, RulesChangeTogetherAndWhatIsUnderWayKeepsItsOwn) {
  const energy::TradeId before = chain_.commit_trade();
  const int64_t due = chain_.trade(before)->due_ms;
  const MarketNumbers old = numbers();
  const uint64_t hour = 3'600'000;
  passed(rules({{"market.submit_ms", hour},
                {"market.close_ms", 2 * hour},
                {"market.settle_ms", 3 * hour},
                {"market.resolve_ms", 4 * hour},
                {"market.final_ms", 5 * hour}}));
  epochs(1);
  EXPECT_EQ(numbers(), old);
  epochs(1);
  EXPECT_EQ(numbers().final_ms, 5 * hour);
  EXPECT_EQ(chain_.trade(before)->due_ms, due);
  energy::TradeTerms later = MarketChain::terms();
  later.first_slot += 8;
  const energy::TradeId after = chain_.commit_trade(later);
  EXPECT_EQ(chain_.trade(after)->due_ms, later.end_ms() + static_cast<int64_t>(3 * hour));
  chain_.until(later.end_ms() + static_cast<int64_t>(5 * hour));
  EXPECT_FALSE(chain_.trade(after).has_value()) << "it is FINAL";
  EXPECT_EQ(chain_.trade(before)->state, energy::TradeState::kCommitted) << "the earlier one has not settled yet";
  chain_.until(due);
  EXPECT_EQ(chain_.trade(before)->state, energy::TradeState::kSettled);
}

// Each goes with the rules as they are, and not with the other: whole changes are judged again when they act.
TEST_F(Governance, AChangeThatNoLongerGoesWithTheOthersChangesNothing) {
  const MarketNumbers old = numbers();
  passed(rule("market.submit_ms", old.close_ms));
  passed(rules({{"market.close_ms", old.submit_ms}, {"market.price_cap", 77}}));
  epochs(2);
  EXPECT_EQ(numbers().submit_ms, old.close_ms);
  EXPECT_EQ(numbers().close_ms, old.close_ms);
  EXPECT_EQ(numbers().price_cap, old.price_cap) << "not even the part that would have gone";
}

TEST_F(Governance, StakeComesBackAfterItsTime) {
  EXPECT_EQ(chain_.run({kBuyer}, energy::Withdraw{}), TxCode::not_unbonded);
  EXPECT_EQ(chain_.run({kBuyer}, energy::Unbond{kStake - 1}), TxCode::stake_too_small);
  EXPECT_EQ(chain_.run({kBuyer}, energy::Unbond{kStake}), TxCode::ok);
  epochs(static_cast<int>(energy::kUnbondingEpochs));
  EXPECT_EQ(chain_.run({kBuyer}, energy::Withdraw{}), TxCode::not_unbonded);
  epochs(1);
  EXPECT_EQ(chain_.run({kBuyer}, energy::Withdraw{}), TxCode::ok);
  EXPECT_EQ(chain_.balance(kBuyer), kMoney);
}

TEST_F(Governance, TwoVotesForOneSlotCostTheStakeByProofAndFeedTheRewards) {
  const Equivocation proof = equivocation(chain_, 1, {chain_.tip.epoch, 0, 1});
  Equivocation forged = proof;
  std::get<Signature>(forged.b.signature).bytes[5] ^= 1;
  EXPECT_EQ(chain_.run({kPoor}, energy::Confiscate{kGridCompany, forged}), TxCode::bad_proof);
  EXPECT_EQ(chain_.run({kPoor}, energy::Confiscate{kSeller, proof}), TxCode::unknown_participant) << "not its stake";
  EXPECT_EQ(chain_.account(kGridCompany)[Purse::kStake], kStake);
  EXPECT_EQ(chain_.run({kPoor}, energy::Confiscate{kGridCompany, proof}), TxCode::ok);
  EXPECT_EQ(chain_.account(kGridCompany)[Purse::kStake], 0u);
  EXPECT_EQ(chain_.market().book().pool(Pool::kReward), kStake);
  epochs(1);
  const uint64_t paid = kStake / kRewardEpochs;
  EXPECT_EQ(chain_.market().book().pool(Pool::kReward), kStake - paid);
  EXPECT_EQ(chain_.balance(kSeller) + chain_.balance(kDistributor) + chain_.balance(kBuyer),
            3 * (kMoney - kStake) + paid);
}

TEST_F(Governance, APenaltyIsTheRegulatorsAndTrustComesBackByVoteOnly) {
  EXPECT_EQ(chain_.run({kSeller}, energy::Penalise{kBuyer, 10, {}}), TxCode::not_authorised);
  EXPECT_EQ(chain_.run({kRegulating}, energy::Penalise{kBuyer, 10, {}}), TxCode::ok);
  EXPECT_EQ(chain_.account(kBuyer)[Purse::kStake], kStake - 50);
  EXPECT_EQ(chain_.market().trust_of(kBuyer).trust, 0u);
  passed({ProposalKind::kRestoreTrust, kBuyer});
  epochs(2);
  EXPECT_EQ(chain_.market().trust_of(kBuyer).trust, energy::kTrustStart);
}

TEST_F(Governance, AConfiscationThatPassedActs) {
  passed({ProposalKind::kConfiscation, kBuyer});
  epochs(2);
  EXPECT_EQ(chain_.account(kBuyer)[Purse::kStake], 0u);
}

}  // namespace
}  // namespace tieline::testing
