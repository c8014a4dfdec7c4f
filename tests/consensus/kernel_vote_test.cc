// The vote rule, both commit rules and the proposer: one member is looked at, the others are played by the test, so
// that every message is exactly what the test says.

#include <gtest/gtest.h>

#include "lone.h"

namespace tieline::testing {
namespace {

TEST(Vote, ConfirmsAValidProposalOfTheLeaderAfterItIsDurable) {
  Lone t;
  t.c.hold_disk(t.me);
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  EXPECT_EQ(t.confirmed(), std::nullopt) << "nothing leaves before the record is on disk";
  t.c.sync(t.me);
  EXPECT_EQ(t.confirmed(), a->digest);
  ASSERT_TRUE(t.node().disk.record->last_vote);
  EXPECT_EQ(t.node().disk.record->last_vote->slot, (Slot{0, 0, 0}));
  EXPECT_TRUE(t.node().disk.bodies.contains(a->digest)) << "the body is durable with the vote";
}

TEST(Vote, NeverTwiceInASlot) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.propose({0, 0, 0}, a, t.start());
  t.propose({0, 0, 0}, b, t.start());
  EXPECT_EQ(t.confirms(), 1u);
}

TEST(Vote, NotForASlotBelowTheLastVote) {
  Lone t;
  const auto chain = t.run_to(2);  // slots 0 and 1 certified
  t.propose({0, 0, 0}, t.block(t.c.genesis(), "late"), t.start());
  EXPECT_EQ(t.confirms(), 2u);
}

TEST(Vote, ASecondSlotNeedsTheCertificateOfTheFirst) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest);
  t.propose({0, 0, 0}, a, t.start());
  Certificate few = t.certificate({0, 0, 0}, a, 2);
  t.propose({0, 0, 1}, b, t.justify(few));
  EXPECT_EQ(t.node().dropped("propose_bad_certificate"), 1u) << "two of four are no quorum";
  Certificate other_slot = t.certificate({0, 1, 0}, a, 3);
  t.propose({0, 0, 1}, b, t.justify(other_slot));
  EXPECT_EQ(t.node().dropped("propose_wrong_justify"), 1u);
  t.propose({0, 0, 1}, b, t.start());
  EXPECT_EQ(t.node().dropped("propose_wrong_justify"), 2u);
  EXPECT_EQ(t.confirms(), 1u);
  t.propose({0, 0, 1}, b, t.justify(t.certificate({0, 0, 0}, a, 3)));
  EXPECT_EQ(t.confirms(), 2u);
}

TEST(Vote, ASignerCountedTwiceMakesNoCertificate) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest);
  t.propose({0, 0, 0}, a, t.start());
  Certificate twice = t.certificate({0, 0, 0}, a, 2);
  twice.signatures.push_back(twice.signatures.back());
  t.propose({0, 0, 1}, b, t.justify(twice));
  EXPECT_EQ(t.node().dropped("propose_bad_certificate"), 1u);
  EXPECT_EQ(t.confirms(), 1u);
}

TEST(Vote, TheBlockMustBeAChildOfTheCertifiedOne) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), other = t.block(t.c.genesis(), "other");
  t.propose({0, 0, 0}, a, t.start());
  t.propose({0, 0, 1}, t.block(other->digest), t.justify(t.certificate({0, 0, 0}, a, 3)));
  EXPECT_EQ(t.node().dropped("propose_wrong_justify"), 1u);
}

TEST(Vote, OnlyForTheLeaderOfTheView) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start(), nullptr, t.other(1));
  EXPECT_EQ(t.node().dropped("propose_not_leader"), 1u);
  EXPECT_EQ(t.confirms(), 0u);
}

TEST(Vote, IndexZeroOfALaterViewNeedsItsNewView) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 1, 0}, a, t.start(), nullptr, t.c.leader(0, 1));
  EXPECT_EQ(t.node().dropped("propose_without_new_view"), 1u);
  EXPECT_EQ(t.confirms(), 0u);
}

TEST(Vote, AnInvalidBlockChangesTheViewAtOnce) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.c.mark_invalid(a->digest);
  t.propose({0, 0, 0}, a, t.start());
  EXPECT_EQ(t.confirms(), 0u);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->view, 1u);
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kTimeout);
}

TEST(Vote, ABlockOfTheFutureIsWaitedForAndNotRefused) {
  Lone t;
  t.node().drift_ms = -1'000'000;  // this clock is far behind
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  EXPECT_EQ(t.confirms(), 0u);
  EXPECT_FALSE(t.view_change());
}

TEST(Vote, AnEquivocatingLeaderIsProvenAndLeft) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.propose({0, 0, 0}, a, t.start());
  t.propose({0, 0, 0}, b, t.start());
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->view, 1u);
  EXPECT_TRUE(t.traced("equivocation proven of validator " + std::to_string(t.leader)));
}

TEST(Vote, ALostConfirmIsSaidAgainForTheSameProposal) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  t.propose({0, 0, 0}, a, t.start());
  EXPECT_EQ(t.confirms(), 2u);
}

TEST(Commit, AFastQuorumCommitsInOneRound) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  EXPECT_EQ(t.node().height(), 0u) << "the leader's vote and one's own are two of three";
  t.confirm(t.other(1), {0, 0, 0}, a);
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_FALSE(t.node().chain[0].proof.second);
}

TEST(Commit, OneCertificateCommitsNothingWithTheFastPathOff) {
  Lone t({.fast = false});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  t.confirm(t.other(1), {0, 0, 0}, a);
  t.confirm(t.other(2), {0, 0, 0}, a);
  EXPECT_EQ(t.node().height(), 0u);
}

TEST(Commit, TwoCertificatesInARowOfOneViewCommitTheFirst) {
  Lone t({.fast = false});
  const auto chain = t.run_to(2);
  ASSERT_EQ(t.node().height(), 1u);
  EXPECT_EQ(t.node().chain[0].block, chain[0]->digest);
  EXPECT_TRUE(t.node().chain[0].proof.second);
}

TEST(Commit, AtSevenTheFastQuorumIsSixAndTheQuorumFive) {
  Lone t({.n = 7});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  for (size_t i = 1; i <= 3; ++i) t.confirm(t.other(i), {0, 0, 0}, a);
  EXPECT_EQ(t.status().high_slot, (Slot{0, 0, 0})) << "five are a certificate";
  EXPECT_EQ(t.node().height(), 0u);
  t.confirm(t.other(4), {0, 0, 0}, a);
  EXPECT_EQ(t.node().height(), 1u) << "six commit";
}

TEST(Commit, AtFiveAndSixThreeVotesAreNoQuorum) {
  for (size_t n : {5, 6}) {
    Lone t({.n = n});
    const BlockPtr a = t.block(t.c.genesis());
    t.propose({0, 0, 0}, a, t.start());
    t.confirm(t.other(1), {0, 0, 0}, a);
    EXPECT_EQ(t.status().high_slot, (Slot{0, 0, -1})) << "n = " << n;
    t.confirm(t.other(2), {0, 0, 0}, a);
    EXPECT_EQ(t.status().high_slot, (Slot{0, 0, 0})) << "n = " << n;
  }
}

TEST(Commit, NeverOnCertificatesOfTwoViews) {
  Lone t({.fast = false});
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest);
  t.propose({0, 0, 0}, a, t.start());
  t.propose({0, 0, 1}, b, t.justify(t.certificate({0, 0, 0}, a, 3)));
  ASSERT_EQ(t.confirmed(), b->digest);
  // The child is certified at the next index, but of view 1.
  for (size_t i = 0; i <= 2; ++i) t.confirm(i == 0 ? t.leader : t.other(i), {0, 1, 1}, b);
  EXPECT_EQ(t.status().high_slot, (Slot{0, 1, 1}));
  EXPECT_EQ(t.node().height(), 0u);
}

TEST(Commit, ACertificateThatComesBetweenTwoOthersCommitsBoth) {
  Lone t({.fast = false});
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest), d = t.block(b->digest);
  t.propose({0, 0, 0}, a, t.start());
  t.propose({0, 0, 1}, b, t.justify(t.certificate({0, 0, 0}, a, 3)));
  // Everybody's votes for the third are here before the second's certificate.
  for (size_t i = 0; i <= 2; ++i) t.confirm(i == 0 ? t.leader : t.other(i), {0, 0, 2}, d);
  EXPECT_EQ(t.node().height(), 0u);
  t.propose({0, 0, 2}, d, t.justify(t.certificate({0, 0, 1}, b, 3)));
  EXPECT_EQ(t.node().height(), 2u);
}

TEST(Commit, VotesOfALeftViewStillCount) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  t.c.submit(1);
  t.c.run_until([&] { return t.view_change().has_value(); }, 5'000'000);
  ASSERT_TRUE(t.view_change());
  t.confirm(t.other(1), {0, 0, 0}, a);
  EXPECT_EQ(t.node().height(), 1u);
}

TEST(Commit, WhoeverVotedForAnotherBlockCommitsTheCertifiedOne) {
  Lone t;
  const BlockPtr mine = t.block(t.c.genesis(), "mine"), theirs = t.block(t.c.genesis(), "theirs");
  t.propose({0, 0, 0}, mine, t.start());
  t.c.node(t.spare).held.insert(theirs->digest);  // somebody has the body
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.confirm(id, {0, 0, 0}, theirs);
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_EQ(t.node().chain.at(0).block, theirs->digest);
}

TEST(Commit, ACommittedBlockWhoseBodyIsMissingIsFetchedFirst) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.confirm(id, {0, 0, 0}, a);
  EXPECT_EQ(t.node().height(), 0u);
  t.c.node(t.spare).held.insert(a->digest);
  t.c.inject(t.me, t.other(1), make_message(Heartbeat{0, 0, 0}));  // any step: the replica looks again
  EXPECT_EQ(t.node().height(), 1u);
}

TEST(Commit, ACommitOnAChainThatLeavesOursIsReportedAsBroken) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), x = t.block(t.c.genesis(), "x"), y = t.block(x->digest, "y");
  t.propose({0, 0, 0}, a, t.start());
  t.confirm(t.other(1), {0, 0, 0}, a);
  ASSERT_EQ(t.node().height(), 1u);
  t.c.node(t.spare).held = {x->digest, y->digest};
  t.c.inject(t.me, t.other(1), make_message(Decided{y->header, CommitProof{{}, t.certificate({0, 0, 7}, y, 3), {}}}));
  t.c.inject(t.me, t.other(1),
             make_message(Decided{y->header, CommitProof{{x->header, y->header}, t.certificate({0, 0, 7}, y, 3), {}}}));
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_TRUE(t.node().chain[0].block == a->digest);
}

TEST(Commit, TwoCertificatesForOneSlotAreReportedAsBroken) {
  Lone t({.fast = false});
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  for (const ValidatorId id : {t.other(1), t.other(2), t.leader}) t.confirm(id, {0, 0, 0}, a);
  EXPECT_TRUE(t.node().broken.empty());
  for (const ValidatorId id : {t.other(1), t.other(2), t.leader}) t.confirm(id, {0, 0, 0}, b);
  EXPECT_EQ(t.node().broken.size(), 1u);
}

TEST(Propose, OneSlotIsOutstanding) {
  Lone t({.lead = true});
  t.c.submit(20);
  EXPECT_EQ(t.proposals().size(), 1u);
  const Propose p = t.proposals().back();
  t.confirm(t.other(1), p.slot, p.header);
  EXPECT_EQ(t.proposals().size(), 1u) << "two of four";
  t.confirm(t.other(2), p.slot, p.header);
  ASSERT_EQ(t.proposals().size(), 2u);
  EXPECT_EQ(t.proposals().back().slot, (Slot{0, 0, 1}));
  EXPECT_EQ(t.proposals().back().justify.slot, (Slot{0, 0, 0}));
}

TEST(Propose, NothingWhenThereIsNothingToPropose) {
  Lone t({.lead = true});
  t.c.run_for(5'000'000);
  EXPECT_TRUE(t.proposals().empty());
  EXPECT_GE(t.sent_count<Heartbeat>(), 8u) << "an idle leader says where it stands every T0";
}

TEST(Propose, IdleAtMostTwoEmptyBlocksFollowAFullOne) {
  Lone t({.lead = true, .fast = false});
  t.c.submit(1);
  for (int i = 0; i < 6 && static_cast<size_t>(i) < t.proposals().size(); ++i) {
    const Propose p = t.proposals()[i];
    t.confirm(t.other(1), p.slot, p.header);
    t.confirm(t.other(2), p.slot, p.header);
  }
  EXPECT_EQ(t.proposals().size(), 2u) << "the block and one empty block, which commits it";
  EXPECT_EQ(t.node().height(), 1u);
}

TEST(Propose, ItsOwnVoteCountsOnlyOnceItIsDurable) {
  Lone t({.lead = true});
  t.c.hold_disk(t.me);
  t.c.submit(1);
  EXPECT_TRUE(t.proposals().empty());
  t.c.sync(t.me);
  ASSERT_EQ(t.proposals().size(), 1u);
}

TEST(Propose, IsSentAgainUntilItIsCertified) {
  Lone t({.lead = true});
  t.c.submit(1);
  t.c.run_for(400'000);
  EXPECT_GE(t.proposals().size(), 2u);
  EXPECT_EQ(t.proposals().front().header, t.proposals().back().header);
}

TEST(Propose, CarriesWhoTookPartBelowAndProofsOfEquivocationThatVerify) {
  Lone t({.lead = true});
  t.c.submit(1'000);
  for (int i = 0; i < 3; ++i) {
    const Propose p = t.proposals().back();
    if (i == 1) {  // somebody votes twice
      t.confirm(t.other(1), p.slot, t.block(p.header.parent, "twice"));
    }
    t.confirm(t.other(1), p.slot, p.header);
    t.confirm(t.other(2), p.slot, p.header);
  }
  Evidence all;
  for (const Propose& p : t.proposals()) {
    if (p.evidence.empty()) continue;
    const auto e = decoded<Evidence>(p.evidence, "evidence");
    ASSERT_TRUE(e.ok());
    EXPECT_TRUE(
        verify_evidence(*e, CommitRule::kTwoChain, t.c.chain_id(), t.c.committee(0), nullptr, t.c.verifier()).ok());
    all.certificates.insert(all.certificates.end(), e->certificates.begin(), e->certificates.end());
    all.equivocations.insert(all.equivocations.end(), e->equivocations.begin(), e->equivocations.end());
  }
  ASSERT_FALSE(all.certificates.empty());
  EXPECT_EQ(all.certificates.front().slot, (Slot{0, 0, 0})) << "the grandparent's certificate";
  ASSERT_FALSE(all.equivocations.empty());
  EXPECT_EQ(all.equivocations.front().signer, t.other(1));
}

TEST(Engine, ABlockBuiltForAWithdrawnTicketIsIgnored) {
  Lone t({.lead = true});
  t.c.submit(1);
  const size_t before = t.proposals().size();
  t.c.input(t.me, BlockBuilt{77, t.block(t.c.genesis(), "stray")});
  EXPECT_EQ(t.proposals().size(), before);
}

TEST(Engine, AStaleTimerDoesNothing) {
  Lone t;
  t.c.submit(1);
  t.c.input(t.me, TimerFired{TimerId::kProgress, 0});
  t.c.input(t.me, TimerFired{TimerId::kProgress, 1'000});
  EXPECT_FALSE(t.view_change());
}

}  // namespace
}  // namespace tieline::testing
