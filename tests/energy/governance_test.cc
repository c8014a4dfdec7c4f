#include "energy/governance.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

std::vector<StakeRecord> stakes(const std::vector<std::pair<OrgId, uint64_t>>& list) {
  std::vector<StakeRecord> out;
  for (const auto& [org, bonded] : list) {
    out.push_back({static_cast<ParticipantId>(out.size() + 1), org, bonded, {}, 0});
  }
  return out;
}

bool below_a_third(const std::vector<uint64_t>& all, uint64_t cap) {
  uint128 sum = 0;
  for (uint64_t s : all) sum += std::min(s, cap);
  for (uint64_t s : all) {
    if (uint128{std::min(s, cap)} * 3 >= sum) return false;
  }
  return true;
}

TEST(StakeVotes, TheCapIsTheLargestThatLeavesEveryoneBelowAThird) {
  Rng rng(8);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<uint64_t> all(1 + rng.below(7));
    for (uint64_t& s : all) s = rng.below(rng.chance(300'000) ? 100 : 12);
    uint64_t expected = 0;
    uint64_t largest = 0;
    for (uint64_t s : all) largest = std::max(largest, s);
    for (uint64_t cap = 1; cap <= largest; ++cap) {
      if (below_a_third(all, cap)) expected = cap;
    }
    ASSERT_EQ(organisation_cap(all), expected) << round;
  }
}

TEST(StakeVotes, AreInProportionToStakeUntilAnOrganisationWouldHoldAThird) {
  EXPECT_EQ(votes_of(stakes({{1, 11}, {2, 20}, {3, 20}, {4, 25}})), (Votes{{1, 11}, {2, 20}, {3, 20}, {4, 25}}));
  // 100 of 160: cut to 29 beside 60; two owners share it by their stake.
  const Votes cut = votes_of(stakes({{1, 75}, {1, 25}, {2, 20}, {3, 20}, {4, 20}}));
  EXPECT_EQ(cut, (Votes{{1, 22}, {2, 7}, {3, 20}, {4, 20}, {5, 20}}));
  EXPECT_TRUE(votes_of(stakes({{1, 10}, {2, 20}, {3, 20}})).empty()) << "three cannot each be below a third";
}

TEST(StakeVotes, WhatUnbondsHasNoVotes) {
  auto all = stakes({{1, 10}, {2, 20}, {3, 20}, {4, 20}});
  all[0].unbonding = {{1'000, 50}};
  EXPECT_EQ(votes_of(all).at(1), 10u);
}

TEST(StakeVotes, SeatsGoByVotesAndNoOrganisationGetsAThirdOfThem) {
  auto all = stakes({{1, 30}, {1, 28}, {2, 25}, {3, 24}, {4, 23}, {5, 22}, {6, 21}});
  std::vector<Ballot> ballots;
  for (const StakeRecord& s : all) ballots.push_back({s.owner, s.owner});
  EXPECT_EQ(elect(4, ballots, all, 1, 0), (std::vector<ParticipantId>{1, 3, 4, 5}));
  all[2].jailed_until = 9;
  EXPECT_EQ(elect(4, ballots, all, 1, 8), (std::vector<ParticipantId>{1, 4, 5, 6}));
  EXPECT_EQ(elect(4, ballots, all, 1, 9), (std::vector<ParticipantId>{1, 3, 4, 5}));
  ballots.push_back({3, 7});  // the last ballot of a voter counts
  EXPECT_EQ(elect(4, ballots, all, 1, 9), (std::vector<ParticipantId>{7, 1, 4, 5}));
  EXPECT_EQ(elect(4, ballots, all, 23, 9), (std::vector<ParticipantId>{1, 4, 5})) << "too small a stake is not elected";
  ballots.push_back({99, 2});
  EXPECT_EQ(elect(4, ballots, all, 1, 9), (std::vector<ParticipantId>{7, 1, 4, 5})) << "without stake no votes";
}

Hash id(uint8_t n) {
  Hash h;
  h.bytes[0] = n;
  return h;
}
const Votes kVotes = {{1, 30}, {2, 30}, {3, 30}, {4, 30}};

Proposal proposal(ProposalKind kind) { return propose(id(1), kind, 1, kVotes, 0, 10).proposal; }
Proposal passed(ProposalKind kind) { return vote(vote(proposal(kind), 2, true, 10).proposal, 3, true, 11).proposal; }

TEST(Governance, MoreThanTwoThirdsPassAndThreeQuartersReplaceTheRegulator) {
  EXPECT_FALSE(enough(ProposalKind::kRules, 80, 120));
  EXPECT_TRUE(enough(ProposalKind::kRules, 81, 120));
  EXPECT_FALSE(enough(ProposalKind::kRegulatorSeat, 89, 120));
  EXPECT_TRUE(enough(ProposalKind::kRegulatorSeat, 90, 120));
  EXPECT_FALSE(enough(ProposalKind::kRules, 0, 0));
  EXPECT_EQ(vote(proposal(ProposalKind::kRules), 2, true, 10).proposal.state, ProposalState::kOpen);
  EXPECT_EQ(passed(ProposalKind::kRules).state, ProposalState::kPassed);
  EXPECT_EQ(passed(ProposalKind::kRules).passed, 11u);
}

TEST(Governance, OneVoteEachOfThoseWhoHadVotesWhenItWasMade) {
  const Proposal p = proposal(ProposalKind::kRules);
  EXPECT_EQ(propose(id(1), ProposalKind::kRules, 9, kVotes, 0, 10).refusal, MarketRefusal::kNoVotes);
  EXPECT_EQ(propose(id(1), ProposalKind::kRules, 1, kVotes, kProposalsMax, 10).refusal,
            MarketRefusal::kTooManyProposals);
  EXPECT_EQ(vote(p, 1, true, 10).refusal, MarketRefusal::kAlreadyVoted);
  EXPECT_EQ(vote(p, 9, true, 10).refusal, MarketRefusal::kNoVotes);
  const Proposal against = vote(p, 2, false, 10).proposal;
  EXPECT_EQ(against.in_favour, 30u);
  EXPECT_EQ(vote(against, 2, true, 10).refusal, MarketRefusal::kAlreadyVoted);
  EXPECT_EQ(vote(p, 2, true, 10 + kVotingEpochs).refusal, MarketRefusal::kTooLate);
  EXPECT_EQ(vote(passed(ProposalKind::kRules), 4, true, 11).refusal, MarketRefusal::kProposalState);
}

TEST(Governance, TheRegulatorVetoesMembershipAndRulesOnlyAndOnlyInTime) {
  for (auto kind : {ProposalKind::kMembership, ProposalKind::kRules}) {
    EXPECT_EQ(veto(passed(kind), 12).proposal.state, ProposalState::kVetoed);
    EXPECT_EQ(veto(passed(kind), 13).refusal, MarketRefusal::kTooLate);
    EXPECT_EQ(veto(proposal(kind), 10).refusal, MarketRefusal::kProposalState);
  }
  for (auto kind : {ProposalKind::kConfiscation, ProposalKind::kRestoreTrust, ProposalKind::kRegulatorSeat}) {
    EXPECT_EQ(veto(passed(kind), 12).refusal, MarketRefusal::kNoVeto);
  }
}

TEST(Governance, WhatPassedActsTwoEpochsLaterAndWhatDidNotFails) {
  EXPECT_EQ(advance(passed(ProposalKind::kRules), 12).refusal, MarketRefusal::kProposalState);
  EXPECT_EQ(advance(passed(ProposalKind::kRules), 13).proposal.state, ProposalState::kActed);
  EXPECT_EQ(advance(proposal(ProposalKind::kRules), 17).refusal, MarketRefusal::kProposalState);
  EXPECT_EQ(advance(proposal(ProposalKind::kRules), 18).proposal.state, ProposalState::kFailed);
  const Proposal vetoed = veto(passed(ProposalKind::kRules), 12).proposal;
  EXPECT_EQ(advance(vetoed, 99).refusal, MarketRefusal::kProposalState);
}

}  // namespace
}  // namespace tieline::energy
