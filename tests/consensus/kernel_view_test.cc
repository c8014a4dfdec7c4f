// View changes: who may leave when, what a VIEW-CHANGE must carry, and how a view ends.

#include <gtest/gtest.h>

#include "next_leader.h"

namespace tieline::testing {
namespace {

TEST(ViewChange, ComesWithTheTimeOutOfTheOldestPendingTransaction) {
  Lone t;
  t.c.run_for(10'000'000);
  EXPECT_FALSE(t.view_change()) << "an idle network is no failure";
  t.c.submit(1);
  t.c.run_for(499'000);
  EXPECT_FALSE(t.view_change());
  t.c.run_for(2'000);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kTimeout);
  EXPECT_EQ(t.view_change()->leader, t.c.leader(0, 1));
}

TEST(ViewChange, IsDurableBeforeItIsSent) {
  Lone t;
  t.c.hold_disk(t.me);
  t.c.submit(1);
  t.c.run_for(600'000);
  EXPECT_FALSE(t.view_change());
  t.c.sync(t.me);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.node().disk.record->view, 1u);
  EXPECT_TRUE(t.node().disk.record->view_changing);
}

TEST(ViewChange, IsSentAgainByteForByte) {
  Lone t;
  t.c.submit(1);
  t.c.run_for(2'500'000);
  std::set<Hash> digests;
  for (const MessagePtr& m : t.sent)
    if (std::holds_alternative<ViewChange>(m->payload)) digests.insert(m->digest);
  EXPECT_GE(t.sent_count<ViewChange>(), 5u);
  EXPECT_EQ(digests.size(), 1u);
}

TEST(ViewChange, IsSentAgainMoreSeldomAsTheTimeOutGrows) {
  Next t;
  t.time_out();
  for (View v = 1; v < 4; ++v) {
    t.hear(t.other(1), t.view_change_of(t.other(1), v, t.start()));
    t.hear(t.other(2), t.view_change_of(t.other(2), v, t.start()));
    t.c.run_until([&] { return t.status().view > v; }, 100'000'000);
  }
  t.sent.clear();
  t.c.run_for(20'100'000);  // alone in view 4; the time-out is 8 s by now
  EXPECT_EQ(t.sent_count<ViewChange>(), 5u) << "every 4 s: a slow network must not drown in what it has not read yet";
}

TEST(ViewChange, BringsTheNewViewOfItsVoteToThoseOnlyWhoMayLackIt) {
  Next t;
  std::vector<MessagePtr> v1;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) v1.push_back(t.view_change_of(id, 1, t.start()));
  const MessagePtr nv = t.new_view_of(1, v1, t.start());
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 1, 0}, a, t.start(), nv);
  ASSERT_EQ(t.confirms(), 1u);
  t.sent.clear();
  t.time_out();
  EXPECT_EQ(t.sent_count<NewView>(), 1u) << "nobody is known to hold it";
  const auto vote = t.last_vote({0, 1, 0}, a, nv->digest);
  t.hear(t.other(1), t.view_change_of(t.other(1), 2, t.start(), vote));
  t.sent.clear();
  t.c.run_for(900'000);
  ASSERT_GE(t.sent_count<ViewChange>(), 1u);
  EXPECT_EQ(t.sent_count<NewView>(), t.sent_count<ViewChange>()) << "two others may lack it";
  t.hear(t.leader, t.view_change_of(t.leader, 2, t.start(), vote));
  t.hear(t.other(2), t.view_change_of(t.other(2), 3, t.start(), vote));  // ahead of it, so that no NEW-VIEW comes of it
  t.sent.clear();
  t.c.run_for(900'000);
  EXPECT_GE(t.sent_count<ViewChange>(), 1u);
  EXPECT_EQ(t.sent_count<NewView>(), 0u) << "all voted under it";
}

TEST(ViewChange, NotToAHigherViewWithoutProofThatThisOneIsInUse) {
  Lone t;
  t.c.submit(1);
  t.c.run_for(60'000'000);
  EXPECT_EQ(t.status().view, 1u) << "alone it must wait in view 1, however long";
  t.c.inject(t.me, t.other(1), t.view_change_of(t.other(1), 1, t.start()));
  t.c.run_for(60'000'000);
  EXPECT_EQ(t.status().view, 1u) << "two of four are not n-f";
  t.c.inject(t.me, t.other(2), t.view_change_of(t.other(2), 1, t.start()));
  t.c.run_for(60'000'000);
  EXPECT_EQ(t.status().view, 2u) << "n-f are: the timer runs; in view 2 it is alone again";
}

TEST(ViewChange, AMemberThatWentFurtherCountsAsHavingBeenHere) {
  Lone t;
  t.c.submit(1);
  t.c.run_for(600'000);
  t.c.inject(t.me, t.other(1), t.view_change_of(t.other(1), 1, t.start()));
  t.c.inject(t.me, t.other(2), t.view_change_of(t.other(2), 2, t.start()));
  t.c.run_for(3'000'000);
  EXPECT_EQ(t.status().view, 2u) << "else its lost VIEW-CHANGE to view 1 would hold everybody there for ever";
}

TEST(ViewChange, AProofOnceHeldIsNotLostWhenItsSendersGoOn) {
  Lone t;
  t.c.submit(1);
  t.c.run_for(600'000);
  t.c.inject(t.me, t.other(1), t.view_change_of(t.other(1), 1, t.start()));
  t.c.inject(t.me, t.other(2), t.view_change_of(t.other(2), 1, t.start()));
  for (View v = 2; v < 8; ++v) t.c.inject(t.me, t.other(2), t.view_change_of(t.other(2), v, t.start()));
  const size_t before = t.c.events;
  t.c.run_for(3'000'000);
  EXPECT_EQ(t.status().view, 2u);
  EXPECT_LT(t.c.events - before, 100u) << "no timer may fire over and over without effect";
}

TEST(ViewChange, FPlusOneHigherOnesAreJoined) {
  Lone t;
  t.c.inject(t.me, t.other(1), t.view_change_of(t.other(1), 5, t.start()));
  EXPECT_EQ(t.status().view, 0u) << "one may lie";
  t.c.inject(t.me, t.other(2), t.view_change_of(t.other(2), 3, t.start()));
  EXPECT_EQ(t.status().view, 3u) << "the highest view that f+1 have reached";
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kJoined);
}

TEST(ViewChange, BackOffDoublesIsCappedAndEndsWithACommit) {
  Next t;
  t.time_out();
  std::vector<int64_t> spans;
  for (View v = 1; v < 10; ++v) {
    const int64_t from = t.c.now().mono_us;
    t.hear(t.other(1), t.view_change_of(t.other(1), v, t.start()));
    t.hear(t.other(2), t.view_change_of(t.other(2), v, t.start()));
    t.c.run_until([&] { return t.status().view > v; }, 100'000'000);
    spans.push_back((t.c.now().mono_us - from) / 1'000);
  }
  EXPECT_EQ(spans, (std::vector<int64_t>{1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 32'000, 32'000, 32'000}));
  const BlockPtr a = t.block(t.c.genesis());
  t.c.node(t.spare).held.insert(a->digest);
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.confirm(id, {0, 0, 0}, a);
  ASSERT_EQ(t.node().height(), 1u);
  const View v = t.status().view;
  const int64_t from = t.c.now().mono_us;
  t.hear(t.other(1), t.view_change_of(t.other(1), v, t.start()));
  t.hear(t.other(2), t.view_change_of(t.other(2), v, t.start()));
  t.c.run_until([&] { return t.status().view > v; }, 100'000'000);
  EXPECT_EQ((t.c.now().mono_us - from) / 1'000, 500);
}

TEST(ViewChange, CarriesTheLastVoteOnlyAboveTheHighestCertificate) {
  Lone t({.fast = false});
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest);
  t.propose({0, 0, 0}, a, t.start());
  t.propose({0, 0, 1}, b, t.justify(t.certificate({0, 0, 0}, a, 3)));
  t.c.submit(5);
  t.c.run_for(600'000);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->high_qc.slot, (Slot{0, 0, 0}));
  ASSERT_TRUE(t.view_change()->last_vote);
  EXPECT_EQ(t.view_change()->last_vote->slot, (Slot{0, 0, 1}));

  Lone certified({.fast = false});
  certified.run_to(2);
  certified.c.submit(5);
  certified.c.run_for(700'000);
  ASSERT_TRUE(certified.view_change());
  EXPECT_EQ(certified.view_change()->high_qc.slot, (Slot{0, 0, 1}));
  EXPECT_FALSE(certified.view_change()->last_vote);
}

TEST(ViewChange, AnsweredWithTheNewViewOfALaterOne) {
  Next t;
  std::vector<MessagePtr> v;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) v.push_back(t.view_change_of(id, 1, t.start()));
  t.hear(t.c.leader(0, 1), t.new_view_of(1, v, t.start()));
  ASSERT_EQ(t.status().view, 1u);
  t.sent.clear();
  t.hear(t.leader, v[0]);
  EXPECT_EQ(t.new_views().size(), 1u);
}

TEST(ViewChange, OnlyThePeerItselfIsAnswered) {
  Next t;
  std::vector<MessagePtr> v;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) v.push_back(t.view_change_of(id, 1, t.start()));
  t.hear(t.c.leader(0, 1), t.new_view_of(1, v, t.start()));
  std::vector<ValidatorId> answered;
  t.c.filter = [&](const Node&, const Node& to, const Message& m) {
    if (std::holds_alternative<NewView>(m.payload)) answered.push_back(to.id);
    return Fate::kDrop;
  };
  // Somebody else's name on an unsigned message, and nobody's.
  ViewChange forged = t.unsigned_view_change(t.c.node(t.spare).id, 1, t.start());
  t.hear(t.other(1) == forged.signer ? t.other(2) : t.other(1), make_message(forged));
  forged.signer = 65'000;
  t.hear(t.other(1), make_message(forged));
  for (ValidatorId id : answered) EXPECT_NE(id, forged.signer);
  EXPECT_TRUE(answered.empty() || answered.front() != t.c.node(t.spare).id);
}

TEST(ViewChange, OfAMemberThatIsBehindIsAnsweredWithTheNewestCommitEvenIfItsViewIsHigher) {
  Next t;
  const auto chain = t.run_to(2);
  ASSERT_EQ(t.node().height(), 2u);
  t.hear(t.other(1), t.view_change_of(t.other(1), 3, t.start()));
  ASSERT_EQ(t.sent_count<Decided>(), 1u) << "an idle network whose leader is gone would never tell it";
  EXPECT_EQ(t.all<Decided>()[0].header, chain[1]->header);
  t.hear(t.other(2), t.view_change_of(t.other(2), 1, t.justify(t.certificate({0, 0, 1}, chain[1], 3))));
  EXPECT_EQ(t.sent_count<Decided>(), 1u) << "that one is not behind";
}

TEST(View, ACertificateOfALaterViewIsEnoughToEnterIt) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  for (size_t i = 1; i <= 2; ++i) t.confirm(t.other(i), {0, 3, 0}, a);
  EXPECT_EQ(t.status().view, 0u);
  t.confirm(t.leader, {0, 3, 0}, a);
  EXPECT_EQ(t.status().view, 3u);
}

TEST(View, TenureEndsByIndexAsAPlannedMoveWhichIsNoFailure) {
  Lone t({.tune = [](ConsensusParams& p) { p.tenure_slots = 2; }});
  t.run_to(1);
  EXPECT_FALSE(t.view_change());
  t.run_to(2);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kPlanned);
  EXPECT_EQ(t.view_change()->high_qc.slot, (Slot{0, 0, 1}));
}

TEST(View, APlannedMoveDoesNotLengthenTheNextTimeOut) {
  Lone t({.tune = [](ConsensusParams& p) { p.tenure_slots = 2; }});
  t.run_to(2);
  ASSERT_EQ(t.status().view, 1u);
  const int64_t from = t.c.now().mono_us;
  for (size_t i = 1; i <= 2; ++i) t.c.inject(t.me, t.other(i), t.view_change_of(t.other(i), 1, t.start()));
  t.c.run_until([&] { return t.status().view > 1; }, 10'000'000);
  EXPECT_EQ((t.c.now().mono_us - from) / 1'000, 500) << "T0, not doubled";
}

TEST(View, AfterItsTenureNoChildIsVotedForInTheView) {
  Lone t({.tune = [](ConsensusParams& p) { p.tenure_ms = 2'000; }});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  t.c.run_for(1'500'000);
  const BlockPtr b = t.block(a->digest);
  t.propose({0, 0, 1}, b, t.justify(t.certificate({0, 0, 0}, a, 3)));
  EXPECT_EQ(t.confirmed(), b->digest) << "the first block past the bound";
  const BlockPtr d = t.block(b->digest);
  t.propose({0, 0, 2}, d, t.justify(t.certificate({0, 0, 1}, b, 3)));
  EXPECT_EQ(t.confirmed(), b->digest);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kPlanned);
}

TEST(View, AfterItsTenureNoChildIsVotedForThoughTheCertificateCameBeforeTheBlock) {
  Lone t({.fast = false, .tune = [](ConsensusParams& p) { p.tenure_slots = 2; }});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  const BlockPtr b = t.block(a->digest);
  for (const ValidatorId id : {t.other(1), t.other(2), t.leader}) t.confirm(id, {0, 0, 1}, b);
  t.c.run_for(100'000);
  ASSERT_EQ(t.status().high_slot, (Slot{0, 0, 1}));
  ASSERT_FALSE(t.view_change()) << "by its certificate alone nobody knows what the block is";
  const BlockPtr d = t.block(b->digest);
  t.propose({0, 0, 1}, b, t.justify(t.certificate({0, 0, 0}, a, 3)));
  t.propose({0, 0, 2}, d, t.justify(t.certificate({0, 0, 1}, b, 3)));
  EXPECT_NE(t.confirmed(), d->digest);
}

// Until its own CONFIRM of the block is durable nothing else tells it that the view has had its time.
TEST(View, AfterItsTenureNoChildIsVotedForWhileTheVoteBeforeWaitsForTheDisk) {
  Lone t({.fast = false, .tune = [](ConsensusParams& p) { p.tenure_slots = 2; }});
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  const BlockPtr b = t.block(a->digest);
  for (const ValidatorId id : {t.other(1), t.other(2), t.leader}) t.confirm(id, {0, 0, 1}, b);
  t.c.hold_disk(t.me);
  const BlockPtr d = t.block(b->digest);
  t.propose({0, 0, 1}, b, t.justify(t.certificate({0, 0, 0}, a, 3)));
  t.propose({0, 0, 2}, d, t.justify(t.certificate({0, 0, 1}, b, 3)));
  ASSERT_FALSE(t.view_change());
  t.c.sync(t.me);
  EXPECT_EQ(t.confirmed(), b->digest);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kPlanned);
}

TEST(View, ALeaderThatPassesATransactionOverIsLeftHoweverMuchItCommits) {
  Lone t({.tune = [](ConsensusParams& p) {
    p.block_tx_max = 1;
    p.passed_over_factor = 4;
  }});
  t.c.submit(1'000);
  Hash parent = t.c.genesis();
  Justify j = t.start();
  for (int64_t i = 0; i < 40 && !t.view_change(); ++i) {
    const BlockPtr b = t.block(parent, "full", 1);
    t.propose({0, 0, i}, b, j);
    t.confirm(t.other(1), {0, 0, i}, b);
    j = t.justify(t.certificate({0, 0, i}, b, 3));
    parent = b->digest;
    t.c.input(t.me, Pending{1'000'000});  // the first one is still waiting
    t.c.run_for(100'000);
  }
  ASSERT_TRUE(t.view_change());
  EXPECT_TRUE(t.traced("passed over"));
  EXPECT_GT(t.node().height(), 10u) << "full blocks restart the other timer";
}

// Else its factor of T0 would end every view of a network on which nothing commits that fast (simulator, n = 7, seed
// 300784).
TEST(View, OneTransactionMayBePassedOverForNoLessThanTheTimeOutAsItStands) {
  Next t;
  t.time_out();
  View view = 1;
  for (; view < 6; ++view) {
    t.hear(t.other(1), t.view_change_of(t.other(1), view, t.start()));
    t.hear(t.other(2), t.view_change_of(t.other(2), view, t.start()));
    t.c.run_until([&] { return t.status().view > view; }, 100'000'000);
  }
  while (t.c.leader_index(0, view) == t.me) ++view;
  std::vector<MessagePtr> v;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) v.push_back(t.view_change_of(id, view, t.start()));
  t.hear(t.c.leader(0, view), t.new_view_of(view, v, t.start()));
  ASSERT_EQ(t.status().view, view);
  ASSERT_FALSE(t.status().view_changing);
  const int64_t from = t.c.now().mono_us;
  t.c.input(t.me, Pending{from});
  t.c.run_until([&] { return t.status().view > view; }, 100'000'000);
  EXPECT_EQ((t.c.now().mono_us - from) / 1'000, 32'000) << "64 T0, far more than the 16 of passed_over_factor";
  EXPECT_FALSE(t.traced("passed over"));
}

}  // namespace
}  // namespace tieline::testing
