// What is acknowledged of a view change, what makes a NEW-VIEW, and what is voted for under one.

#include <gtest/gtest.h>

#include "next_leader.h"

namespace tieline::testing {
namespace {

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

}  // namespace
}  // namespace tieline::testing
