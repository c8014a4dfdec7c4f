// Appending, acknowledging, committing, epochs (docs/raft.md, "Appending", "Committing", "Epochs").

#include "raft_lone.h"

#include "consensus/raft/raft.h"

namespace tieline::testing {
namespace {

constexpr Slot kFirst{0, 1, 0}, kSecond{0, 1, 1};

TEST(RaftAppend, AnEntryIsAcknowledgedOnceItIsDurable) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.c.hold_disk(0);
  t.append(t.other(1), kFirst, a);
  EXPECT_EQ(t.count<CommitVote>(), 0u);
  t.c.sync(0);
  ASSERT_EQ(t.count<CommitVote>(), 1u);
  EXPECT_EQ(t.last<CommitVote>().block, a->digest);
  EXPECT_EQ(t.last<CommitVote>().slot, kFirst);
  EXPECT_TRUE(t.node().disk.bodies.contains(a->digest));
  EXPECT_EQ(t.node().height(), 0u) << "an acknowledgement commits nothing";
}

TEST(RaftAppend, ALeaderOfAnOlderTermIsToldTheTermAndGetsNoAcknowledgement) {
  RaftLone t;
  t.heartbeat(t.other(2), 4);
  t.append(t.other(1), kFirst, t.block(t.c.genesis()));
  EXPECT_EQ(t.count<CommitVote>(), 0u);
  EXPECT_EQ(t.replies(TermReplyKind::kHeartbeat).back().term, 4u);
  EXPECT_FALSE(t.granted(TermReplyKind::kHeartbeat));
}

// Stale append reordering.
TEST(RaftAppend, AnOlderEntryThatComesLateTakesNothingBack) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.append(t.other(1), kFirst, a);
  t.append(t.other(1), kSecond, b);
  ASSERT_EQ(t.count<CommitVote>(), 2u);
  t.append(t.other(1), kFirst, a);
  EXPECT_EQ(t.count<CommitVote>(), 2u);
  EXPECT_EQ(t.status().high_slot, kSecond);
  t.append(t.other(1), kSecond, b);
  ASSERT_EQ(t.count<CommitVote>(), 3u) << "the last one again: its acknowledgement was lost";
  EXPECT_EQ(t.last<CommitVote>().slot, kSecond);
}

// With a leader whose clock is slow, the followers would hold its entries back, and all that a later leader appends
// above them (simulator, raft n=4, seed 2533).
TEST(RaftAppend, NoEntryIsRefusedForItsAge) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.append(t.other(1), kSecond, b);
  ASSERT_TRUE(t.node().judging.contains(b->digest));
  for (const auto& [block, judge] : t.node().judging) EXPECT_FALSE(judge.fresh);
}

TEST(RaftAppend, AnEntryWaitsForAllOfTheLogBelowIt) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.append(t.other(1), kSecond, b);
  EXPECT_EQ(t.count<CommitVote>(), 0u);
  t.c.node(t.spare).held.insert(a->digest);
  t.heartbeat(t.other(1), 1);
  ASSERT_EQ(t.count<CommitVote>(), 1u);
  EXPECT_EQ(t.last<CommitVote>().slot, kSecond);
  EXPECT_TRUE(t.node().disk.bodies.contains(a->digest)) << "all of it is durable";
}

TEST(RaftAppend, AnUncommittedEntryGivesWayToALaterLeaders) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.append(t.other(1), kFirst, a);
  t.append(t.other(2), {0, 2, 0}, b);
  ASSERT_EQ(t.count<CommitVote>(), 2u);
  EXPECT_EQ(t.last<CommitVote>().block, b->digest);
}

// Truncating committed entries.
TEST(RaftAppend, ACommittedEntryGivesWayToNobody) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.append(t.other(1), kFirst, a);
  t.decide(t.other(1), t.certificate(kFirst, a, {t.other(1), t.other(2), t.node().id}), a);
  ASSERT_EQ(t.node().height(), 1u);
  t.append(t.other(2), {0, 2, 0}, b);
  EXPECT_EQ(t.count<CommitVote>(), 1u);
  EXPECT_EQ(t.node().chain.back().block, a->digest);
}

TEST(RaftAppend, TheCertificateInTheNextEntryCommits) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.append(t.other(1), kFirst, a);
  const Certificate q = t.certificate(kFirst, a, {t.other(1), t.other(2), t.other(3)});
  t.append(t.other(1), kSecond, b, RaftLone::justify(q));
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_EQ(t.count<CommitVote>(), 2u);
}

TEST(RaftAppend, ACertificateBelowAMajorityCommitsNothing) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.append(t.other(1), kFirst, a);
  t.append(t.other(1), kSecond, b, RaftLone::justify(t.certificate(kFirst, a, {t.other(1), t.other(2)})));
  t.decide(t.other(1), t.certificate(kFirst, a, {t.other(1), t.other(2)}), a);
  EXPECT_EQ(t.node().height(), 0u);
  EXPECT_EQ(t.node().dropped("append_bad_certificate"), 1u);
  EXPECT_EQ(t.node().dropped("decided_bad_proof"), 1u);
}

TEST(RaftAppend, AnInvalidBlockIsNotAcknowledged) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.c.mark_invalid(a->digest);
  t.append(t.other(1), kFirst, a);
  EXPECT_EQ(t.count<CommitVote>(), 0u);
}

TEST(RaftAppend, AnEntryOfAnotherEpochWaitsForIt) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a");
  const BlockPtr far = t.c.build(a->digest, 1, false, 1, {}, "far");
  t.append(t.other(1), {1, 1, 0}, far);
  EXPECT_EQ(t.count<CommitVote>(), 0u);
  EXPECT_EQ(t.status().epoch, 0u);
}

// --- leading --------------------------------------------------------------------------------------------------------

struct RaftLead : RaftLone {
  explicit RaftLead(size_t n = 5) : RaftLone(n) {}
  BlockPtr appended(size_t i) { return c.info(all<Propose>().at(i).header.digest()).block; }
};

TEST(RaftLeading, TheFirstEntryOfATermIsEmptyWhenNothingIsLeftFromEarlierOnes) {
  RaftLead t;
  t.elect();
  ASSERT_EQ(t.count<Propose>(), 1u);
  EXPECT_EQ(t.all<Propose>()[0].slot, kFirst);
  EXPECT_EQ(t.all<Propose>()[0].header.tx_count, 0u);
  for (size_t i = 1; i <= 2; ++i) t.acknowledge(t.other(i), kFirst, t.appended(0));
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_EQ(t.count<Decided>(), 1u);
  t.c.run_for(1'000'000);
  EXPECT_EQ(t.count<Propose>(), 1u) << "nothing to do";
}

TEST(RaftLeading, AMajorityCommitsAndAMemberCountsOnce) {
  RaftLead t;
  t.elect();
  t.acknowledge(t.other(1), kFirst, t.appended(0));
  t.acknowledge(t.other(1), kFirst, t.appended(0));
  t.say(t.other(2), CommitVote{t.other(2), kFirst, 1, t.appended(0)->digest, Signature{}});
  t.say(t.other(2),
        CommitVote{t.other(3), kFirst, 1, t.appended(0)->digest, t.sign(t.other(3), kFirst, t.appended(0))});
  EXPECT_EQ(t.node().height(), 0u);
  EXPECT_EQ(t.node().dropped("acknowledgement_bad_signature"), 1u);
  EXPECT_EQ(t.node().dropped("acknowledgement_not_own"), 1u);
  t.acknowledge(t.other(2), kFirst, t.appended(0));
  EXPECT_EQ(t.node().height(), 1u);
}

TEST(RaftLeading, ItsOwnAcknowledgementCountsWhenItIsDurable) {
  RaftLead t(3);
  t.elect();
  t.acknowledge(t.other(1), kFirst, t.appended(0));
  ASSERT_EQ(t.node().height(), 1u);
  t.c.hold_disk(0);
  t.c.submit(1);
  ASSERT_EQ(t.count<Propose>(), 2u) << "others write while it does";
  t.acknowledge(t.other(1), kSecond, t.appended(1));
  EXPECT_EQ(t.node().height(), 1u);
  t.c.sync(0);
  EXPECT_EQ(t.node().height(), 2u);
}

TEST(RaftLeading, ItAppendsAheadOfWhatIsCommittedUpToTheWindow) {
  RaftLead t;
  t.elect();
  t.c.submit(100);
  ASSERT_EQ(t.count<Propose>(), static_cast<size_t>(kRaftWindow));
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(t.appended(i)->header.parent, t.appended(i - 1)->digest);
  // The third commits those below it as well.
  for (size_t i = 1; i <= 2; ++i) t.acknowledge(t.other(i), {0, 1, 2}, t.appended(2));
  EXPECT_EQ(t.node().height(), 3u);
  EXPECT_EQ(t.count<Propose>(), static_cast<size_t>(kRaftWindow) + 3);
}

TEST(RaftLeading, WhatAFollowerLacksIsSentAgain) {
  RaftLead t;
  t.elect();
  const size_t before = t.count<Propose>();
  t.c.run_for(t.t0_us() / 2 + 1'000);
  t.answer(t.other(1), TermReplyKind::kHeartbeat, true, 1, 1);
  EXPECT_EQ(t.count<Propose>(), before + 1);
  t.answer(t.other(1), TermReplyKind::kHeartbeat, true, 1, 1);
  EXPECT_EQ(t.count<Propose>(), before + 1) << "not with every heartbeat";
  for (size_t i = 1; i <= 2; ++i) t.acknowledge(t.other(i), kFirst, t.appended(0));
  const size_t told = t.count<Decided>();
  t.c.run_for(t.t0_us() / 2 + 1'000);
  t.answer(t.other(4), TermReplyKind::kHeartbeat, true, 1, 1);
  EXPECT_EQ(t.count<Decided>(), told + 1) << "it has not committed what is committed";
}

// Figure 8 of the Raft paper: a majority that holds an entry of an earlier term does not commit it, since who holds a
// later one could still replace it. In a slot of the leader's own term they do.
TEST(RaftLeading, AnOldEntryCommitsByAcknowledgementsOfItsOwnTermOnly) {
  RaftLead t;
  const BlockPtr old = t.block(t.c.genesis(), "old", 0);
  const Slot then{0, 2, 0}, now{0, 4, 0};
  t.append(t.other(1), then, old);
  t.answer(t.other(2), TermReplyKind::kHeartbeat, false, 3, 3);
  t.elect();
  ASSERT_EQ(t.count<Propose>(), 1u);
  EXPECT_EQ(t.last<Propose>().slot, now);
  EXPECT_EQ(t.last<Propose>().header.digest(), old->digest) << "the same block again, in a slot of this term";
  for (size_t i = 1; i <= 4; ++i) t.acknowledge(t.other(i), then, old);
  EXPECT_EQ(t.node().height(), 0u) << "all five hold it, of an earlier term";
  t.acknowledge(t.other(1), now, old);
  EXPECT_EQ(t.node().height(), 0u);
  t.acknowledge(t.other(2), now, old);
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_EQ(t.node().chain.back().proof.certificate.slot, now);
}

// And the other half of it: who acknowledged the old entry again refuses a log that ends in a term between.
TEST(RaftLeading, WhoAcknowledgedAnOldEntryAgainOutvotesATermBetween) {
  RaftLone t;
  const BlockPtr old = t.block(t.c.genesis(), "old");
  t.append(t.other(1), {0, 2, 0}, old);
  t.append(t.other(1), {0, 4, 0}, old);
  ASSERT_EQ(t.count<CommitVote>(), 2u);
  t.c.run_for(t.t0_us() + 1'000);
  t.ask(t.other(2), 5, {0, 3, 7});
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
}

// --- epochs ---------------------------------------------------------------------------------------------------------

TEST(RaftEpoch, TheLeaderGoesOnOverTheEndOfAnEpochAndNothingStandsAboveItsLastBlock) {
  ClusterOptions o = RaftLone::cluster_options(3);
  o.params.epoch_blocks = 3;
  Cluster c(o);
  c.start();
  c.submit(60);
  ASSERT_TRUE(c.run_until_committed());
  const View term = c.node(0).engine->status().view;
  EXPECT_EQ(term, 1u) << "no election";
  EXPECT_GE(c.node(0).engine->status().epoch, 4u);
  for (const Committed& each : c.node(0).chain) {
    const Header& h = c.info(each.block).block->header;
    EXPECT_FALSE(h.is_void);
    if (!h.ends_epoch()) continue;
    EXPECT_EQ(each.proof.certificate.block, each.block) << "a committee link needs its own";
  }
  EXPECT_TRUE(c.violations.empty());
}

TEST(RaftEpoch, AVoteHoldsOverTheEndOfAnEpoch) {
  ClusterOptions o = RaftLone::cluster_options(3);
  o.params.epoch_blocks = 1;
  Cluster c(o);
  c.start();
  ASSERT_TRUE(c.run_until([&] { return c.node(0).engine->status().epoch >= 1; }, 10'000'000));
  const ValidatorId leader = *c.node(0).engine->status().primary;
  const size_t me = leader == kFirstId ? 1 : 0;
  const auto other = static_cast<ValidatorId>(leader == kFirstId + 2 ? kFirstId + 1 : kFirstId + 2);
  for (size_t i = 0; i < 3; ++i)
    if (i != me) c.crash(i);
  c.run_for(500'000);
  const EngineStatus s = c.node(me).engine->status();
  std::vector<TermReply> replies;
  c.on_send = [&](const Node&, const Message& m) {
    if (const auto* r = std::get_if<TermReply>(&m.payload)) replies.push_back(*r);
  };
  c.inject(me, other == c.node(me).id ? leader : other,
           make_message(RequestVote{other == c.node(me).id ? leader : other, s.epoch, s.view, false, false,
                                    Slot{s.epoch, s.view, 9}}));
  ASSERT_FALSE(replies.empty());
  EXPECT_FALSE(replies.back().granted) << "it voted in this term, in the epoch before";
}

// A power cut took the chain back into an earlier epoch than that of its last acknowledgement.
TEST(RaftEpoch, ARecordAheadOfTheChainKeepsWhatItAcknowledged) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.append(t.other(1), {0, 1, 0}, a);
  ASSERT_EQ(t.count<CommitVote>(), 1u);
  t.c.crash(0);
  t.node().disk.record->epoch = 1;
  t.node().disk.record->last_vote = LastVote{Slot{1, 1, 7}, a->digest, 1, {}, {}};
  t.node().disk.bodies.clear();
  t.node().held.clear();
  t.c.restart(0);
  Effects effects;
  t.node().engine->step(Now{1'000'000, 0}, Judged{a->digest, true, "", a}, effects);  // the body is there again
  const auto persisted =
      std::find_if(effects.begin(), effects.end(), [](const Effect& e) { return std::holds_alternative<Persist>(e); });
  ASSERT_NE(persisted, effects.end());
  const VoteRecord& record = std::get<Persist>(*persisted).record;
  EXPECT_EQ(record.epoch, 1u);
  ASSERT_TRUE(record.last_vote.has_value());
  EXPECT_EQ(record.last_vote->slot, (Slot{1, 1, 7}));
}

TEST(RaftEpoch, AnEpochsLastBlockThatIsNotCommittedIsAppendedAgainByTheNextLeader) {
  ClusterOptions o = RaftLone::cluster_options(3);
  o.params.epoch_blocks = 2;
  Cluster c(o);
  c.start();
  c.submit(8);
  bool ended = false;
  c.filter = [&](const Node&, const Node&, const Message& m) {
    // Nobody hears what is acknowledged of the epoch's last block in the first term.
    const auto* vote = std::get_if<CommitVote>(&m.payload);
    if (!vote || vote->slot.view > 1) return Fate::kDeliver;
    const BlockInfo* info = c.find(vote->block);
    if (!info || !info->block->header.ends_epoch()) return Fate::kDeliver;
    ended = true;
    return Fate::kDrop;
  };
  ASSERT_TRUE(c.run_until([&] { return c.node(0).engine->status().epoch == 1; }, 60'000'000));
  EXPECT_TRUE(ended);
  const Committed& last = c.node(0).chain.at(1);
  EXPECT_EQ(last.proof.certificate.block, last.block);
  EXPECT_GT(last.proof.certificate.slot.view, 1u);
  EXPECT_EQ(last.proof.certificate.slot.index, 0);
  EXPECT_TRUE(c.violations.empty());
}

}  // namespace
}  // namespace tieline::testing
