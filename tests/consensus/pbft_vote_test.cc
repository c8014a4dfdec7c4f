// PBFT's normal case: pre-prepare, prepare, commit, and what is durable before what is said.

#include "pbft_lone.h"

namespace tieline::testing {
namespace {

TEST(PbftPrepare, FollowsAValidPrePrepareOnceItIsDurable) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.c.hold_disk(t.me);
  t.propose(t.first, a, t.start());
  EXPECT_EQ(t.prepares(), 0u);
  t.c.sync(t.me);
  EXPECT_EQ(t.prepares(), 1u);
  EXPECT_EQ(t.node().disk.record->last_vote->block, a->digest);
  EXPECT_TRUE(t.node().disk.bodies.contains(a->digest));
}

TEST(PbftPrepare, IsNotSignedAsAConfirmOrACommit) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(t.first, a, t.start());
  const PrepareVote v = t.all<PrepareVote>().at(0);
  const Certificate q = t.certificate_of(t.first, a, {t.c.node(t.me).id}, VotePhase::kPrepare);
  EXPECT_EQ(v.signature, VoteSignature(q.signatures.at(0)));
}

TEST(PbftPrepare, OneASlotAndAPrimaryThatEquivocatesIsLeft) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.propose(t.first, a, t.start());
  t.propose(t.first, b, t.start());
  EXPECT_EQ(t.prepares(), 1u);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->view, 1u);
}

TEST(PbftPrepare, OnlyAboveAPreparedParent) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest);
  t.propose(t.first, a, t.start());
  Justify low = t.justify(t.certificate(t.first, a, 2));
  t.propose(t.second, b, low);
  EXPECT_EQ(t.prepares(), 1u);
  EXPECT_EQ(t.node().dropped("propose_bad_certificate"), 1u);
  t.propose(t.second, b, t.justify(t.certificate(t.first, a, 3)));
  EXPECT_EQ(t.prepares(), 2u);
}

TEST(PbftPrepare, NeverForAVoidBlockOrOneAboveAnEpochsLast) {
  PbftLone t({.tune = [](ConsensusParams& p) { p.epoch_blocks = 1; }});
  const BlockPtr last = t.block(t.c.genesis());
  ASSERT_TRUE(last->header.ends_epoch());
  t.prepared(t.first, last, t.start());
  const BlockPtr closer = t.block(last->digest, "closer", 0, 0, true);
  t.propose(t.second, closer, t.justify(t.certificate(t.first, last, 3)));
  EXPECT_EQ(t.prepares(), 1u);
  EXPECT_EQ(t.node().dropped("propose_wrong_chain"), 1u);
}

TEST(PbftPrepare, AnInvalidBlockEndsTheView) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.c.mark_invalid(a->digest);
  t.propose(t.first, a, t.start());
  EXPECT_EQ(t.prepares(), 0u);
  EXPECT_TRUE(t.view_change());
}

TEST(PbftCommit, IsVotedWithAQuorumOfPreparesOnceTheCertificateIsDurable) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(t.first, a, t.start());
  EXPECT_EQ(t.commit_votes(), 0u) << "its own and the primary's are two of three";
  t.c.hold_disk(t.me);
  t.prepare(t.other(1), t.first, a);
  EXPECT_EQ(t.commit_votes(), 0u);
  t.c.sync(t.me);
  EXPECT_EQ(t.commit_votes(), 1u);
  ASSERT_TRUE(t.node().disk.high_qc);
  EXPECT_EQ(t.node().disk.high_qc->slot, t.first);
}

TEST(PbftCommit, AtFiveThreePreparesAreNoQuorum) {
  PbftLone t({.n = 5});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(t.first, a, t.start());
  t.prepare(t.other(1), t.first, a);
  EXPECT_EQ(t.commit_votes(), 0u);
  t.prepare(t.other(2), t.first, a);
  EXPECT_EQ(t.commit_votes(), 1u);
}

TEST(PbftCommit, AQuorumOfCommitsDecidesAndNothingLess) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.prepared(t.first, a, t.start());
  t.prepare(t.other(2), t.first, a);
  t.commit(t.other(1), t.first, a);
  EXPECT_EQ(t.height(), 0u) << "prepared by all, committed by two of three";
  t.commit(t.other(1), t.first, a);
  EXPECT_EQ(t.height(), 0u) << "the same member again";
  t.commit(t.leader, t.first, a);
  EXPECT_EQ(t.height(), 1u);
}

TEST(PbftCommit, OfASlotCommitsItsAncestors) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest);
  t.prepared(t.first, a, t.start());
  t.prepared(t.second, b, t.justify(t.certificate(t.first, a, 3)));
  EXPECT_EQ(t.commit_votes(), 2u) << "pipelined: the second slot does not wait for the first one's COMMITs";
  t.commit(t.leader, t.second, b);
  t.commit(t.other(1), t.second, b);
  EXPECT_EQ(t.height(), 2u);
  EXPECT_FALSE(t.node().chain.at(0).proof.second);
}

TEST(PbftCommit, IsNotVotedInAViewThatIsLeft) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(t.first, a, t.start());
  t.time_out();
  ASSERT_TRUE(t.view_change());
  t.prepare(t.other(1), t.first, a);
  EXPECT_EQ(t.commit_votes(), 0u) << "its VIEW-CHANGE did not speak of this certificate";
  t.c.crash(t.me);
  t.c.restart(t.me);
  t.prepare(t.other(1), t.first, a);
  t.prepare(t.other(2), t.first, a);
  t.prepare(t.leader, t.first, a);
  EXPECT_EQ(t.commit_votes(), 0u) << "nor after a restart";
}

TEST(PbftCommit, OfOthersStillCountsInALeftView) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose(t.first, a, t.start());
  t.time_out();
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.commit(id, t.first, a);
  EXPECT_EQ(t.height(), 1u);
}

TEST(PbftCommit, TwoPreparedBlocksInASlotStopTheValidator) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.prepared(t.first, a, t.start());
  t.hear(t.other(1), make_message(Decided{b->header, {{}, t.commits(t.first, b), {}}}));
  EXPECT_EQ(t.node().broken.size(), 1u);
}

TEST(PbftCommit, BelowAnInstalledSnapshotNothingIsBroken) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  Installed snapshot{b->header, b->digest, t.c.committee(0), t.c.genesis(), 0, 0, {{}, t.commits(t.second, b), {}}};
  t.c.input(t.me, snapshot);
  // The pre-prepare and the COMMITs of the block below come late: the engine knows its header, the replica is past it.
  t.hear(t.other(1), make_message(Decided{b->header, {{}, t.commits(t.second, b), {}}}));
  t.propose(t.first, a, t.start());
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.commit(id, t.first, a);
  EXPECT_TRUE(t.node().broken.empty());
}

TEST(PbftLead, TheNextSlotIsPrePreparedAsSoonAsThisOneIsPrepared) {
  PbftLone t({.lead = true});
  t.c.submit(12);
  ASSERT_EQ(t.proposals().size(), 1u);
  const BlockPtr a = t.c.info(t.proposals().at(0).header.digest()).block;
  t.prepare(t.other(1), t.first, a);
  EXPECT_EQ(t.proposals().size(), 1u);
  t.prepare(t.other(2), t.first, a);
  ASSERT_EQ(t.proposals().size(), 2u) << "no COMMIT has come yet";
  EXPECT_EQ(t.proposals().at(1).justify.slot, t.first);
  EXPECT_EQ(t.height(), 0u);
}

TEST(PbftLead, AfterACrashTheStoredPrePrepareIsSentAndNeverANewOne) {
  PbftLone t({.lead = true});
  t.c.submit(4);
  const Hash before = t.proposals().at(0).header.digest();
  t.c.crash(t.me);
  t.c.submit(4);
  t.c.restart(t.me);
  t.c.run_for(400'000);
  ASSERT_GE(t.proposals().size(), 2u);
  for (const Propose& p : t.proposals()) EXPECT_EQ(p.header.digest(), before);
}

TEST(PbftLead, NothingIsProposedAboveAnEpochsLastBlockUntilItIsCommitted) {
  PbftLone t({.lead = true, .tune = [](ConsensusParams& p) { p.epoch_blocks = 1; }});
  t.c.submit(12);
  const BlockPtr last = t.c.info(t.proposals().at(0).header.digest()).block;
  ASSERT_TRUE(last->header.ends_epoch());
  t.prepare(t.other(1), t.first, last);
  t.prepare(t.other(2), t.first, last);
  EXPECT_EQ(t.proposals().size(), 1u);
  t.commit(t.other(1), t.first, last);
  t.commit(t.other(2), t.first, last);
  EXPECT_EQ(t.status().epoch, 1u);
}

TEST(PbftMessages, OfAnotherEngineAreDropped) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.confirm(t.other(1), t.first, a);
  EXPECT_EQ(t.node().dropped("message_of_another_engine"), 1u);
}

}  // namespace
}  // namespace tieline::testing
