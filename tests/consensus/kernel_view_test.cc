// View changes: who may leave when, what a VIEW-CHANGE must carry, what is acknowledged, what makes a NEW-VIEW.

#include <gtest/gtest.h>

#include "lone.h"

namespace tieline::testing {
namespace {

// The member leads view `view` of the cluster instead of following in views 0 and 1.
struct Next : Lone {
  explicit Next(LoneOptions options = {}) : Lone(options) {
    // me leads view 2 under the strict policy; views 0 and 1 belong to others.
    EXPECT_EQ(c.leader(0, 2), c.node(me).id);
  }
  void hear(ValidatorId from, MessagePtr m) { c.inject(me, from, std::move(m)); }
  void ack(ValidatorId by, const MessagePtr& vc) {
    const auto& v = std::get<ViewChange>(vc->payload);
    ViewChangeAck a{by, v.epoch, v.view, v.signer, vc->digest, {}};
    a.signature = sign(by, ack_digest(c.chain_id(), a));
    hear(by, make_message(a));
  }
  std::vector<NewView> new_views() const { return all<NewView>(); }
  std::vector<ViewChangeAck> acks() const { return all<ViewChangeAck>(); }
  void time_out() {
    c.submit(1);
    const View before = status().view;
    c.run_until([&] { return status().view > before; }, 60'000'000);
  }
};

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

// --- ACK ------------------------------------------------------------------------------------------------------------

TEST(Ack, IsGivenToAValidViewChangeAndNeverToOnesOwn) {
  Next t;
  t.time_out();
  const MessagePtr vc = t.view_change_of(t.other(1), 1, t.start());
  t.hear(t.other(1), vc);
  ASSERT_EQ(t.acks().size(), 1u);
  EXPECT_EQ(t.acks()[0].subject, t.other(1));
  EXPECT_EQ(t.acks()[0].view_change, vc->digest);
  EXPECT_EQ(t.node().dropped("ack_of_own"), 0u);
}

TEST(Ack, WaitsForTheBodyOfTheLastVote) {
  Next t;
  t.time_out();
  const BlockPtr a = t.block(t.c.genesis());
  t.hear(t.other(1), t.view_change_of(t.other(1), 1, t.start(), t.last_vote({0, 0, 0}, a)));
  EXPECT_TRUE(t.acks().empty());
  t.c.node(t.spare).held.insert(a->digest);
  t.hear(t.other(1), make_message(Heartbeat{}));
  EXPECT_EQ(t.acks().size(), 1u);
  EXPECT_TRUE(t.node().disk.bodies.contains(a->digest)) << "durable with the ACK";
}

TEST(Ack, IsNeverGivenToAVoteForAnInvalidBlock) {
  Next t;
  t.time_out();
  const BlockPtr a = t.block(t.c.genesis());
  t.c.mark_invalid(a->digest);
  t.c.node(t.spare).held.insert(a->digest);
  t.hear(t.other(1), t.view_change_of(t.other(1), 1, t.start(), t.last_vote({0, 0, 0}, a)));
  t.hear(t.other(1), make_message(Heartbeat{}));
  EXPECT_TRUE(t.acks().empty());
}

TEST(Ack, WaitsForTheNewViewOfALastVoteAtIndexZero) {
  Next t;
  std::vector<MessagePtr> v1;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) v1.push_back(t.view_change_of(id, 1, t.start()));
  const MessagePtr nv = t.new_view_of(1, v1, t.start());
  const BlockPtr a = t.block(t.c.genesis());
  t.c.node(t.spare).held.insert(a->digest);
  const auto vc = [&](ValidatorId id) {
    return t.view_change_of(id, 2, t.start(), t.last_vote({0, 1, 0}, a, nv->digest));
  };
  t.hear(t.other(1), vc(t.other(1)));
  t.hear(t.other(2), vc(t.other(2)));
  ASSERT_EQ(t.status().view, 2u) << "joined";
  t.hear(t.other(1), make_message(Heartbeat{}));
  EXPECT_TRUE(t.acks().empty());
  t.hear(t.other(1), nv);
  EXPECT_EQ(t.acks().size(), 2u);
}

TEST(Ack, IsNotGivenToAVoteThatTheNewViewDoesNotAllow) {
  Next t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), x = t.block(t.c.genesis(), "x");
  std::vector<MessagePtr> v1;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)})
    v1.push_back(t.view_change_of(id, 1, t.start(), t.last_vote({0, 0, 0}, a)));
  const MessagePtr nv = t.new_view_of(1, v1, t.start(), a->digest);  // a must be proposed again
  t.c.node(t.spare).held = {a->digest, x->digest};
  t.hear(t.c.leader(0, 1), nv);
  for (ValidatorId id : {t.other(1), t.other(2)})
    t.hear(id, t.view_change_of(id, 2, t.start(), t.last_vote({0, 1, 0}, x, nv->digest)));
  t.hear(t.other(1), make_message(Heartbeat{}));
  EXPECT_EQ(t.status().view, 2u);
  EXPECT_TRUE(t.acks().empty());
}

// Forks at n = 7 without it: such a vote hides the certificate that its NEW-VIEW showed.
TEST(Ack, NeedsAHighestCertificateNoLowerThanTheNewViewsJ) {
  Next t({.n = 7});
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  const Certificate qa = t.certificate({0, 0, 0}, a, 5);
  std::vector<MessagePtr> v1;
  const Committee committee = t.c.committee(0);
  for (const Member& m : committee.members())
    if (v1.size() < 5) v1.push_back(t.view_change_of(m.id, 1, v1.empty() ? t.justify(qa) : t.start()));
  const MessagePtr nv = t.new_view_of(1, v1, t.justify(qa));
  t.c.node(t.spare).held = {a->digest, b->digest};
  t.hear(t.c.leader(0, 1), nv);
  ASSERT_EQ(t.status().view, 1u);
  const LastVote last = t.last_vote({0, 1, 0}, b, nv->digest);
  t.hear(t.other(1), t.view_change_of(t.other(1), 2, t.start(), last));
  t.hear(t.other(2), t.view_change_of(t.other(2), 2, t.start(), last));
  t.hear(t.other(3), t.view_change_of(t.other(3), 2, t.justify(qa), last));
  t.hear(t.other(1), make_message(Heartbeat{}));
  ASSERT_EQ(t.status().view, 2u);
  ASSERT_EQ(t.acks().size(), 1u);
  EXPECT_EQ(t.acks()[0].subject, t.other(3));
}

TEST(Ack, ALastVoteAboveIndexZeroNeedsTheCertificateOfTheSlotBefore) {
  Next t;
  t.time_out();
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.hear(t.other(1), t.view_change_of(t.other(1), 1, t.start(), t.last_vote({0, 0, 1}, b)));
  EXPECT_EQ(t.node().dropped("view_change_vote_without_certificate"), 1u);
}

TEST(Ack, ALastVoteMustExtendItsCertificate) {
  Next t;
  t.time_out();
  const BlockPtr a = t.block(t.c.genesis(), "a"), x = t.block(t.c.genesis(), "x"), y = t.block(x->digest, "y");
  t.c.node(t.spare).held = {a->digest, x->digest, y->digest};
  t.hear(t.other(1),
         t.view_change_of(t.other(1), 1, t.justify(t.certificate({0, 0, 0}, a, 3)), t.last_vote({0, 0, 1}, y)));
  t.hear(t.other(1), make_message(Heartbeat{}));
  EXPECT_TRUE(t.acks().empty());
}

TEST(Ack, ANewViewThatALastVoteNeedsIsNeverPushedOut) {
  Next t;
  std::vector<MessagePtr> v1;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) v1.push_back(t.view_change_of(id, 1, t.start()));
  const MessagePtr nv = t.new_view_of(1, v1, t.start());
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 1, 0}, a, t.start(), nv);
  ASSERT_EQ(t.confirms(), 1u);
  // Its leader signs forty more, all valid: other ACKs, other VIEW-CHANGEs.
  const Committee committee = t.c.committee(0);
  for (int i = 0; i < 40; ++i) {
    std::vector<MessagePtr> v = v1;
    ViewChange changed = std::get<ViewChange>(v1[0]->payload);
    changed.kind = i % 2 ? ViewChangeKind::kPlanned : ViewChangeKind::kJoined;
    CheckpointCert cert{0, static_cast<Height>(16 * (i + 1)), a->digest, a->digest, {}, {}};
    for (size_t p = 0; p < 3; ++p) {
      cert.signers.insert(p);
      cert.signatures.push_back(Lone::sign(
          committee.at(p).id, checkpoint_digest(t.c.chain_id(), 0, cert.height, cert.block, cert.state_root)));
    }
    changed.checkpoint = cert;
    v[0] = t.signed_view_change(changed);
    NewView other = t.unsigned_new_view(1, v, t.start());
    other.checkpoint = cert;
    t.hear(t.c.leader(0, 1), t.signed_new_view(other));
  }
  EXPECT_EQ(t.node().dropped("new_view_invalid"), 0u);
  t.sent.clear();
  t.time_out();
  ASSERT_TRUE(t.view_change());
  ASSERT_TRUE(t.view_change()->last_vote);
  EXPECT_EQ(t.view_change()->last_vote->new_view, nv->digest);
  ASSERT_FALSE(t.new_views().empty()) << "it must still be there to be shown";
}

// The replica forgets what does not hang on its tip; an ACK that named such a body would claim what is not so.
TEST(Ack, IsNotGivenToAVoteOnABranchThatWasLeft) {
  Next t({.fast = false});
  const BlockPtr x = t.block(t.c.genesis(), "x"), y = t.block(x->digest, "y");
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  const Certificate qx = t.certificate({0, 0, 0}, x, 3);
  t.propose({0, 0, 0}, x, t.start());
  t.propose({0, 0, 1}, y, t.justify(qx));
  t.c.node(t.spare).held = {a->digest, b->digest, x->digest, y->digest};
  t.c.inject(
      t.me, t.other(1),
      make_message(Decided{a->header, CommitProof{{},
                                                  t.certificate({0, 1, 0}, a, 3),
                                                  CommitProof::Second{b->header, t.certificate({0, 1, 1}, b, 3)}}}));
  ASSERT_EQ(t.node().height(), 1u);
  for (size_t i = 1; i <= 2; ++i)
    t.hear(t.other(i), t.view_change_of(t.other(i), 2, t.justify(qx), t.last_vote({0, 0, 1}, y)));
  ASSERT_EQ(t.status().view, 2u);
  EXPECT_TRUE(t.acks().empty());
  EXPECT_TRUE(t.c.violations.empty()) << t.c.violations.front();
}

// --- NEW-VIEW -------------------------------------------------------------------------------------------------------

TEST(NewView, NeedsNMinusFViewChangesEachWithFPlusOneAcks) {
  Next t;
  const MessagePtr a = t.view_change_of(t.other(1), 2, t.start()), b = t.view_change_of(t.other(2), 2, t.start());
  t.hear(t.other(1), a);
  t.hear(t.other(2), b);
  ASSERT_EQ(t.status().view, 2u);
  EXPECT_TRUE(t.new_views().empty()) << "its own VIEW-CHANGE has no ACK of another yet";
  const auto own = [&] {
    for (const MessagePtr& m : t.sent)
      if (const auto* vc = std::get_if<ViewChange>(&m->payload); vc && vc->view == 2) return m;
    return MessagePtr();
  }();
  ASSERT_TRUE(own);
  t.ack(t.c.node(t.me).id, own);
  EXPECT_EQ(t.node().dropped("ack_of_own"), 1u);
  EXPECT_TRUE(t.new_views().empty());
  t.ack(t.other(1), own);
  ASSERT_EQ(t.new_views().size(), 1u);
  const NewView nv = t.new_views()[0];
  EXPECT_EQ(nv.entries.size(), 3u);
  for (const auto& entry : nv.entries) EXPECT_EQ(entry.acks.size(), 1u);
  ASSERT_FALSE(t.proposals().empty()) << "a leader that enters by NEW-VIEW proposes at once, even an empty block";
  EXPECT_EQ(t.proposals()[0].slot, (Slot{0, 2, 0}));
  EXPECT_TRUE(t.proposals()[0].new_view);
}

TEST(NewView, IsMadeWithoutAMemberThatIsProvenToHaveEquivocated) {
  Next t;
  t.propose({0, 0, 0}, t.block(t.c.genesis(), "a"), t.start());
  t.propose({0, 0, 0}, t.block(t.c.genesis(), "b"), t.start());
  ASSERT_EQ(t.status().view, 1u);
  t.hear(t.other(1), t.view_change_of(t.other(1), 2, t.start()));
  t.hear(t.leader, t.view_change_of(t.leader, 2, t.start()));
  ASSERT_EQ(t.status().view, 2u);
  for (const MessagePtr& m : std::vector<MessagePtr>(t.sent))
    if (const auto* vc = std::get_if<ViewChange>(&m->payload); vc && vc->view == 2) t.ack(t.other(1), m);
  EXPECT_TRUE(t.new_views().empty()) << "without the liar there are only two";
  t.hear(t.other(2), t.view_change_of(t.other(2), 2, t.start()));
  ASSERT_EQ(t.new_views().size(), 1u);
  const NewView nv = t.new_views()[0];
  for (const auto& entry : nv.entries) EXPECT_NE(std::get<ViewChange>(entry.view_change->payload).signer, t.leader);
}

TEST(NewView, AnAckForAnotherViewChangeOfTheMemberDoesNotCount) {
  Next t;
  const MessagePtr a = t.view_change_of(t.other(1), 2, t.start()), b = t.view_change_of(t.other(2), 2, t.start());
  t.hear(t.other(1), a);
  t.hear(t.other(2), b);
  const MessagePtr wrong = t.view_change_of(t.c.node(t.me).id, 2, t.start(), {}, ViewChangeKind::kPlanned);
  t.ack(t.other(1), wrong);
  EXPECT_TRUE(t.new_views().empty());
}

struct Received3 : Next {
  Received3() {
    for (ValidatorId id : {leader, other(1), other(2)}) v.push_back(view_change_of(id, 1, start()));
  }
  bool accepted(const NewView& nv) {
    hear(c.leader(0, 1), signed_new_view(nv));
    return status().view == 1;
  }
  std::vector<MessagePtr> v;
};

TEST(NewView, OfNMinusFValidEntriesIsAccepted) {
  Received3 t;
  EXPECT_TRUE(t.accepted(t.unsigned_new_view(1, t.v, t.start())));
}

TEST(NewView, OfFewerEntriesIsRefused) {
  Received3 t;
  t.v.pop_back();
  EXPECT_FALSE(t.accepted(t.unsigned_new_view(1, t.v, t.start())));
  EXPECT_EQ(t.node().dropped("new_view_invalid"), 1u);
}

TEST(NewView, OfFPlusOneEntriesIsRefused) {
  Received3 t;
  t.v.resize(2);
  EXPECT_FALSE(t.accepted(t.unsigned_new_view(1, t.v, t.start())));
}

TEST(NewView, OfMoreThanNMinusFEntriesIsRefused) {
  Received3 t;
  t.v.push_back(t.view_change_of(t.c.node(t.me).id, 1, t.start()));
  EXPECT_FALSE(t.accepted(t.unsigned_new_view(1, t.v, t.start())));
}

TEST(NewView, WithOneMemberTwiceIsRefused) {
  Received3 t;
  NewView nv = t.unsigned_new_view(1, t.v, t.start());
  nv.entries[1] = nv.entries[0];
  EXPECT_FALSE(t.accepted(nv));
}

TEST(NewView, WithoutEnoughAcksIsRefused) {
  Received3 t;
  NewView nv = t.unsigned_new_view(1, t.v, t.start());
  nv.entries[1].acks.clear();
  EXPECT_FALSE(t.accepted(nv));
}

TEST(NewView, WithAnAckOfTheSenderItselfIsRefused) {
  Received3 t;
  NewView nv = t.unsigned_new_view(1, t.v, t.start());
  const auto& vc = std::get<ViewChange>(nv.entries[1].view_change->payload);
  const ViewChangeAck own{vc.signer, 0, 1, vc.signer, nv.entries[1].view_change->digest, {}};
  nv.entries[1].acks = {{vc.signer, Lone::sign(vc.signer, ack_digest(t.c.chain_id(), own))}};
  EXPECT_FALSE(t.accepted(nv));
}

TEST(NewView, WithOneAckTwiceIsRefused) {
  Next t({.n = 7});
  std::vector<MessagePtr> v;
  for (const ValidatorId id : {t.leader, t.other(1), t.other(2), t.other(3), t.other(4)})
    v.push_back(t.view_change_of(id, 1, t.start()));
  const NewView good = t.unsigned_new_view(1, v, t.start());
  ASSERT_EQ(good.entries[1].acks.size(), 2u);
  NewView bad = good;
  bad.entries[1].acks[1] = bad.entries[1].acks[0];
  t.hear(t.c.leader(0, 1), t.signed_new_view(bad));
  EXPECT_EQ(t.status().view, 0u);
  t.hear(t.c.leader(0, 1), t.signed_new_view(good));
  EXPECT_EQ(t.status().view, 1u);
}

TEST(NewView, WithABadAckSignatureIsRefused) {
  Received3 t;
  NewView nv = t.unsigned_new_view(1, t.v, t.start());
  nv.entries[1].acks[0].signature.bytes[0] ^= 1;
  EXPECT_FALSE(t.accepted(nv));
}

TEST(NewView, WithAnotherJThanSelectsIsRefused) {
  Received3 t;
  const BlockPtr a = t.block(t.c.genesis());
  t.v[0] = t.view_change_of(t.leader, 1, t.justify(t.certificate({0, 0, 0}, a, 3)));
  EXPECT_FALSE(t.accepted(t.unsigned_new_view(1, t.v, t.start()))) << "J is the highest, not any";
}

TEST(NewView, WithAnotherContentThanSelectsIsRefused) {
  Received3 t;
  const BlockPtr a = t.block(t.c.genesis());
  t.v[0] = t.view_change_of(t.leader, 1, t.start(), t.last_vote({0, 0, 0}, a));
  EXPECT_FALSE(t.accepted(t.unsigned_new_view(1, t.v, t.start()))) << "the vote is left out";
  EXPECT_TRUE(t.accepted(t.unsigned_new_view(1, t.v, t.start(), a->digest)));
}

TEST(NewView, ThatHoldsAProvenEquivocatorIsRefused) {
  Received3 t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.v[1] = t.view_change_of(t.other(1), 1, t.start(), t.last_vote({0, 0, 0}, a));
  t.v[2] = t.view_change_of(t.other(2), 1, t.start(), t.last_vote({0, 0, 0}, b));
  EXPECT_FALSE(t.accepted(t.unsigned_new_view(1, t.v, t.start())));
  EXPECT_FALSE(t.accepted(t.unsigned_new_view(1, t.v, t.start(), a->digest)));
}

TEST(NewView, NotSignedByTheViewsLeaderIsRefused) {
  Received3 t;
  NewView nv = t.unsigned_new_view(1, t.v, t.start());
  ASSERT_NE(t.leader, t.c.leader(0, 1));
  nv.signature = Lone::sign(t.leader, new_view_digest(t.c.chain_id(), nv));
  t.hear(t.leader, make_message(nv));
  EXPECT_EQ(t.status().view, 0u);
}

TEST(NewView, AReproposalKeepsItsDigestAndMayBeOld) {
  Received3 t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.v[0] = t.view_change_of(t.leader, 1, t.start(), t.last_vote({0, 0, 0}, a));
  const MessagePtr nv = t.new_view_of(1, t.v, t.start(), a->digest);
  t.c.run_for(1'000'000);
  t.propose({0, 1, 0}, b, t.start(), nv);
  EXPECT_EQ(t.node().dropped("propose_not_selected"), 1u);
  EXPECT_EQ(t.confirms(), 0u);
  t.propose({0, 1, 0}, a, t.start(), nv);
  EXPECT_EQ(t.confirmed(), a->digest);
}

TEST(NewView, ANewChildMustExtendJ) {
  Received3 t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), x = t.block(t.c.genesis(), "x");
  const Certificate qa = t.certificate({0, 0, 0}, a, 3);
  t.v[0] = t.view_change_of(t.leader, 1, t.justify(qa));
  const MessagePtr nv = t.new_view_of(1, t.v, t.justify(qa));
  t.propose({0, 1, 0}, x, t.justify(qa), nv);
  EXPECT_EQ(t.node().dropped("propose_not_selected"), 1u);
  t.propose({0, 1, 0}, t.block(a->digest), t.start(), nv);
  EXPECT_EQ(t.node().dropped("propose_wrong_justify"), 1u);
  t.propose({0, 1, 0}, t.block(a->digest), t.justify(qa), nv);
  EXPECT_EQ(t.node().dropped("propose_wrong_justify"), 1u);
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
