// Crashes and restarts in every state; what a validator must not forget, and that it goes on.

#include <gtest/gtest.h>

#include "lone.h"

namespace tieline::testing {
namespace {

void reboot(Lone& t, size_t lose_applied = 0) {
  t.c.crash(t.me);
  t.sent.clear();
  t.c.restart(t.me, lose_applied);
}

TEST(Restart, TheVoteOfASlotIsRememberedAndSaidAgain) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.propose({0, 0, 0}, a, t.start());
  reboot(t);
  t.propose({0, 0, 0}, b, t.start());
  EXPECT_EQ(t.confirms(), 0u) << "a second vote in the slot";
}

TEST(Restart, TheVoteIsConfirmedAgainForTheSameBlock) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.propose({0, 0, 0}, a, t.start());
  reboot(t);
  t.propose({0, 0, 0}, a, t.start());
  EXPECT_EQ(t.confirmed(), a->digest);
}

TEST(Restart, AVoteThatWasNotDurableWasNeverSent) {
  Lone t;
  t.c.hold_disk(t.me);
  t.propose({0, 0, 0}, t.block(t.c.genesis(), "a"), t.start());
  EXPECT_EQ(t.confirms(), 0u);
  reboot(t);
  const BlockPtr b = t.block(t.c.genesis(), "b");
  t.propose({0, 0, 0}, b, t.start());
  EXPECT_EQ(t.confirmed(), b->digest) << "so another may be cast";
}

TEST(Restart, TheOwnProposalIsSentAgainAndNeverANewOne) {
  Lone t({.lead = true});
  t.c.submit(1);
  ASSERT_EQ(t.proposals().size(), 1u);
  const Propose before = t.proposals()[0];
  reboot(t);
  t.c.submit(5);
  t.c.run_for(300'000);
  ASSERT_FALSE(t.proposals().empty());
  for (const Propose& p : t.proposals()) {
    EXPECT_EQ(p.slot, before.slot);
    EXPECT_EQ(p.header, before.header);
  }
  t.confirm(t.other(1), before.slot, before.header);
  t.confirm(t.other(2), before.slot, before.header);
  EXPECT_EQ(t.proposals().back().slot, (Slot{0, 0, 1})) << "and it goes on from there";
}

TEST(Restart, TheOwnViewChangeIsSentAgainByteForByte) {
  Lone t;
  t.propose({0, 0, 0}, t.block(t.c.genesis()), t.start());
  t.c.submit(2);
  t.c.run_for(600'000);
  Hash before;
  for (const MessagePtr& m : t.sent)
    if (std::holds_alternative<ViewChange>(m->payload)) before = m->digest;
  reboot(t);
  ASSERT_TRUE(t.view_change());
  for (const MessagePtr& m : t.sent)
    if (std::holds_alternative<ViewChange>(m->payload)) {
      EXPECT_EQ(m->digest, before);
    }
  EXPECT_TRUE(t.status().view_changing);
  EXPECT_EQ(t.status().view, 1u);
}

// Only damage can take it away alone. A second one for this view could differ from the first, and one for the next view
// would come without proof that this one is in use, which a rejoining member relies on.
TEST(Restart, InPlaceOfALostViewChangeNothingIsSaid) {
  Lone t;
  t.c.submit(2);
  t.c.hold_disk(t.me);
  t.c.run_for(600'000);
  ASSERT_FALSE(t.view_change()) << "not durable";
  t.c.crash(t.me, true);
  t.sent.clear();
  t.c.restart(t.me);
  t.c.run_for(600'000);
  EXPECT_FALSE(t.view_change());
  EXPECT_TRUE(t.status().view_changing);
  EXPECT_EQ(t.status().view, 1u);
}

TEST(Restart, NoVoteInAViewThatWasLeft) {
  Lone t;
  t.c.submit(1);
  t.c.run_for(600'000);
  ASSERT_EQ(t.status().view, 1u);
  reboot(t);
  t.propose({0, 0, 0}, t.block(t.c.genesis()), t.start());
  EXPECT_EQ(t.confirms(), 0u);
}

TEST(Restart, TheHighestCertificateIsRemembered) {
  Lone t({.fast = false});
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest);
  t.propose({0, 0, 0}, a, t.start());
  t.propose({0, 0, 1}, b, t.justify(t.certificate({0, 0, 0}, a, 3)));
  reboot(t);
  EXPECT_EQ(t.status().high_slot, (Slot{0, 0, 0}));
  t.c.submit(3);
  t.c.run_for(600'000);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->high_qc.slot, (Slot{0, 0, 0}));
  ASSERT_TRUE(t.view_change()->last_vote);
  EXPECT_EQ(t.view_change()->last_vote->slot, (Slot{0, 0, 1}));
}

TEST(Restart, TheNewViewOfTheLastVoteIsRemembered) {
  Lone t;
  std::vector<MessagePtr> v;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) v.push_back(t.view_change_of(id, 1, t.start()));
  const MessagePtr nv = t.new_view_of(1, v, t.start());
  t.propose({0, 1, 0}, t.block(t.c.genesis()), t.start(), nv);
  ASSERT_EQ(t.confirms(), 1u);
  reboot(t);
  t.c.submit(2);
  t.c.run_for(600'000);
  ASSERT_TRUE(t.view_change());
  ASSERT_TRUE(t.view_change()->last_vote);
  EXPECT_EQ(t.view_change()->last_vote->new_view, nv->digest);
  EXPECT_EQ(t.sent_count<NewView>(), 1u) << "shown along with the VIEW-CHANGE";
}

// The certificate of a later view is no durable step, but its block may be applied: the highQC must not pass the view.
TEST(Restart, AViewEnteredByACertificateIsEnteredAgain) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.c.node(t.spare).held.insert(a->digest);
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.confirm(id, {0, 3, 0}, a);
  ASSERT_EQ(t.node().height(), 1u);
  reboot(t);
  EXPECT_EQ(t.status().view, 3u);
  EXPECT_EQ(t.status().high_slot, (Slot{0, 3, 0}));
  t.c.submit(2);
  t.c.run_for(600'000);
  ASSERT_TRUE(t.view_change());
  EXPECT_GT(t.view_change()->view, t.view_change()->high_qc.slot.view) << "else everybody would refuse it";
}

// The record is of epoch 1 while the store has not yet executed the end of epoch 0.
TEST(Restart, ARecordAheadOfTheChainIsTakenUpWhole) {
  Lone t({.fast = true, .tune = [](ConsensusParams& p) { p.epoch_blocks = 1; }});
  const BlockPtr e = t.block(t.c.genesis(), "E");
  ASSERT_TRUE(e->header.ends_epoch());
  t.propose({0, 0, 0}, e, t.start());
  t.confirm(t.other(1), {0, 0, 0}, e);
  ASSERT_EQ(t.status().epoch, 1u);
  t.c.submit(3);
  t.c.run_for(700'000);
  ASSERT_TRUE(t.view_change());
  ASSERT_EQ(t.view_change()->epoch, 1u);
  reboot(t, 1);
  EXPECT_EQ(t.status().epoch, 0u);
  // It catches up; the block's body and proof come from another.
  t.c.node(t.spare).held.insert(e->digest);
  CommitProof proof{{}, t.certificate({0, 0, 0}, e, 3), {}};
  t.c.inject(t.me, t.other(1), make_message(Decided{e->header, proof}));
  ASSERT_EQ(t.status().epoch, 1u);
  EXPECT_EQ(t.status().view, 1u);
  EXPECT_TRUE(t.status().view_changing);
  ASSERT_TRUE(t.view_change()) << "without its VIEW-CHANGE, n-f could never be reached with one more down";
  EXPECT_EQ(t.view_change()->epoch, 1u);
}

// What it writes while the chain is still behind its record must not put the chain's highest certificate into it.
TEST(Restart, ARecordAheadOfTheChainKeepsItsHighestCertificate) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.propose({0, 0, 0}, a, t.start());
  ASSERT_EQ(t.confirms(), 1u);
  t.c.crash(t.me);
  VoteRecord& record = *t.node().disk.record;
  record.epoch = 1;
  record.high_slot = Slot{1, 0, 3};
  record.high_block = a->digest;
  record.high_height = 1;
  record.last_vote = LastVote{Slot{1, 0, 4}, a->digest, 1, {}, {}};
  t.node().disk.bodies.clear();
  t.node().held.clear();
  t.c.restart(t.me);
  Effects effects;
  t.node().engine->step(Now{1'000'000, 0}, Judged{a->digest, true, "", a}, effects);  // the body is there again
  const auto persisted =
      std::find_if(effects.begin(), effects.end(), [](const Effect& e) { return std::holds_alternative<Persist>(e); });
  ASSERT_NE(persisted, effects.end());
  EXPECT_EQ(std::get<Persist>(*persisted).record.high_slot, (Slot{1, 0, 3}));
  EXPECT_FALSE(std::get<Persist>(*persisted).high_qc.has_value());
}

TEST(Restart, AVoteWhoseBodyWasTornOffStandsAndIsConfirmedOnceTheBodyIsBack) {
  Lone t;
  t.c.hold_disk(t.me);
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.propose({0, 0, 0}, a, t.start());
  t.c.crash(t.me, true);
  t.node().held.clear();
  t.sent.clear();
  t.c.restart(t.me);
  t.c.submit(1);
  t.c.run_for(3'000'000);
  EXPECT_FALSE(t.view_change()) << "it could not show what it voted for";
  t.propose({0, 0, 0}, a, t.start());
  EXPECT_EQ(t.confirmed(), a->digest);
  EXPECT_TRUE(t.node().disk.bodies.contains(a->digest));

  Lone u;
  u.c.hold_disk(u.me);
  u.propose({0, 0, 0}, u.block(u.c.genesis(), "a"), u.start());
  u.c.crash(u.me, true);
  u.node().held.clear();
  u.sent.clear();
  u.c.restart(u.me);
  u.propose({0, 0, 0}, u.block(u.c.genesis(), "b"), u.start());
  EXPECT_EQ(u.confirms(), 0u) << "the vote stands";
}

TEST(Restart, ATornOffBodyIsFetchedFromWhoeverHasIt) {
  Lone t;
  t.c.hold_disk(t.me);
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.propose({0, 0, 0}, a, t.start());
  t.c.crash(t.me, true);
  t.node().held.clear();
  t.c.node(t.spare).held.insert(a->digest);
  t.c.restart(t.me);
  t.c.submit(1);
  t.c.run_for(3'000'000);
  EXPECT_TRUE(t.view_change()) << "with the body back it may leave the view";
  EXPECT_TRUE(t.node().disk.bodies.contains(a->digest));
}

// Its own tip must be proposed again, but after a restart only the replica has the body.
TEST(Restart, ALeaderProposesItsAppliedTipAgain) {
  ClusterOptions o;
  Cluster c(o);
  c.start();
  std::vector<size_t> order;
  for (View v = 0; v < 4; ++v) order.push_back(c.leader_index(0, v));
  // Only the next leader learns the votes that commit the block.
  c.filter = [&](const Node&, const Node& to, const Message& m) {
    return std::holds_alternative<Confirm>(m.payload) && to.index != order[1] ? Fate::kDrop : Fate::kDeliver;
  };
  c.submit(1);
  c.run_until([&] { return c.node(order[1]).height() == 1; }, 400'000);
  ASSERT_EQ(c.node(order[1]).height(), 1u);
  c.crash(order[1]);
  c.crash(order[0]);
  c.restart(order[1]);
  // Its own VIEW-CHANGE, which holds the certificate, gets no ACK: V is made of the others'.
  c.restart(order[0]);
  const ValidatorId knows = c.node(order[1]).id;
  std::vector<Propose> proposals;
  c.on_send = [&](const Node& from, const Message& m) {
    if (const auto* p = std::get_if<Propose>(&m.payload); p && from.index == order[1]) proposals.push_back(*p);
  };
  c.filter = [&](const Node&, const Node&, const Message& m) {
    if (const auto* a = std::get_if<ViewChangeAck>(&m.payload))
      return a->subject == knows ? Fate::kDrop : Fate::kDeliver;
    if (const auto* vc = std::get_if<ViewChange>(&m.payload)) return vc->signer == knows ? Fate::kDrop : Fate::kDeliver;
    return std::holds_alternative<Confirm>(m.payload) || std::holds_alternative<Heartbeat>(m.payload) ? Fate::kDrop
                                                                                                      : Fate::kDeliver;
  };
  c.submit(1);
  c.run_until([&] { return !proposals.empty(); }, 10'000'000);
  ASSERT_FALSE(proposals.empty());
  EXPECT_EQ(proposals[0].slot, (Slot{0, 1, 0}));
  EXPECT_EQ(proposals[0].header.digest(), c.node(order[1]).chain[0].block);
  c.heal();
  EXPECT_TRUE(c.run_until_committed());
  EXPECT_TRUE(c.violations.empty());
}

TEST(Restart, AllAtOnceAndTheBlockInFlightIsNotLost) {
  for (bool fast : {true, false}) {
    ClusterOptions o;
    o.params.fast_path = fast;
    Cluster c(o);
    c.start();
    c.filter = [](const Node&, const Node&, const Message& m) {
      return std::holds_alternative<Confirm>(m.payload) ? Fate::kDrop : Fate::kDeliver;
    };
    c.submit(1);
    c.run_for(50'000);
    for (size_t i = 0; i < 4; ++i) c.crash(i);
    for (size_t i = 0; i < 4; ++i) c.restart(i);
    c.heal();
    EXPECT_TRUE(c.run_until_committed());
    EXPECT_EQ(c.node(0).height(), fast ? 1u : 1u);
    EXPECT_TRUE(c.violations.empty());
  }
}

// --- rejoin ---------------------------------------------------------------------------------------------------------

struct Rejoining : Lone {
  explicit Rejoining(LoneOptions options = {}) : Lone(options) {
    c.wipe(me);
    nonce = all<RejoinRequest>().back().nonce;
  }
  void reply(ValidatorId id, View view, std::vector<MessagePtr> proof = {}) {
    RejoinReply r;
    r.signer = id;
    r.nonce = nonce;
    r.view = view;
    r.view_changes = std::move(proof);
    r.signature = sign(id, rejoin_reply_digest(c.chain_id(), r));
    c.inject(me, id, make_message(r));
  }
  void decide(const Slot& slot, const BlockPtr& b) {
    c.node(spare).held.insert(b->digest);
    c.inject(me, other(1), make_message(Decided{b->header, CommitProof{{}, certificate(slot, b, 3), {}}}));
  }
  Hash nonce;
};

TEST(Rejoin, SignsNothingAboutAgreementBeforeItIsDone) {
  Rejoining t;
  EXPECT_TRUE(t.status().rejoining);
  t.propose({0, 0, 0}, t.block(t.c.genesis()), t.start());
  for (size_t i = 1; i <= 2; ++i) t.c.inject(t.me, t.other(i), t.view_change_of(t.other(i), 1, t.start()));
  t.c.submit(1);
  t.c.run_for(20'000'000);
  EXPECT_EQ(t.confirms(), 0u);
  EXPECT_FALSE(t.view_change());
  EXPECT_EQ(t.sent_count<ViewChangeAck>(), 0u);
  EXPECT_GE(t.sent_count<RejoinRequest>(), 10u) << "it asks until it is answered";
}

TEST(Rejoin, NeedsACommitInAViewStrictlyHigherThanAllAnswers) {
  Rejoining t;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.reply(id, 1);
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.decide({0, 1, 0}, a);
  ASSERT_EQ(t.node().height(), 1u);
  EXPECT_TRUE(t.status().rejoining) << "higher or equal forks";
  t.decide({0, 2, 0}, t.block(a->digest, "b"));
  ASSERT_EQ(t.node().height(), 2u);
  EXPECT_FALSE(t.status().rejoining);
  EXPECT_EQ(t.status().view, 2u);
}

TEST(Rejoin, TakesTheCertificatesSlotAsItsLastVote) {
  Rejoining t;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.reply(id, 0);
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.decide({0, 1, 3}, a);
  ASSERT_FALSE(t.status().rejoining);
  ASSERT_TRUE(t.node().disk.record->last_vote);
  EXPECT_EQ(t.node().disk.record->last_vote->slot, (Slot{0, 1, 3})) << "an empty one forks";
  EXPECT_FALSE(t.node().disk.record->rejoining);
  t.propose({0, 1, 2}, t.block(t.c.genesis(), "late"), t.start());
  EXPECT_EQ(t.confirms(), 0u);
}

TEST(Rejoin, NeedsTheAnswersOfNMinusFOthers) {
  Rejoining t;
  t.reply(t.leader, 0);
  t.reply(t.other(1), 0);
  t.decide({0, 1, 0}, t.block(t.c.genesis(), "a"));
  EXPECT_TRUE(t.status().rejoining);
  t.reply(t.other(2), 0);
  EXPECT_FALSE(t.status().rejoining);
}

TEST(Rejoin, AnAnswerToAnotherNonceDoesNotCount) {
  Rejoining t;
  t.nonce.bytes[0] ^= 1;
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.reply(id, 0);
  t.decide({0, 1, 0}, t.block(t.c.genesis(), "a"));
  EXPECT_TRUE(t.status().rejoining);
}

TEST(Rejoin, AViewWithoutProofDoesNotCount) {
  Rejoining t;
  t.reply(t.leader, 0);
  t.reply(t.other(1), 0);
  t.reply(t.other(2), 9);  // a liar would keep it out for ever, or it is asked again
  t.decide({0, 5, 0}, t.block(t.c.genesis(), "a"));
  EXPECT_TRUE(t.status().rejoining);
  std::vector<MessagePtr> proof{t.view_change_of(t.other(1), 4, t.start()), t.view_change_of(t.other(2), 4, t.start())};
  Rejoining u;
  u.reply(u.leader, 0);
  u.reply(u.other(1), 0);
  u.reply(u.other(2), 4, proof);
  u.decide({0, 5, 0}, u.block(u.c.genesis(), "a"));
  EXPECT_FALSE(u.status().rejoining);
}

TEST(Rejoin, AMemberThatCouldNotProveItsViewAtFirstIsHeardAgain) {
  Rejoining t;
  t.reply(t.leader, 0);
  t.reply(t.other(1), 0);
  t.reply(t.other(2), 4);
  t.reply(t.other(2), 4, {t.view_change_of(t.other(1), 4, t.start()), t.view_change_of(t.other(2), 4, t.start())});
  t.decide({0, 5, 0}, t.block(t.c.genesis(), "a"));
  EXPECT_FALSE(t.status().rejoining);
}

TEST(Rejoin, ANewViewInsteadOfAViewChangeProvesNothingAndHarmsNobody) {
  Rejoining t;
  const MessagePtr nv = t.new_view_of(4, {t.view_change_of(t.other(1), 4, t.start())}, t.start());
  t.reply(t.leader, 0);
  t.reply(t.other(1), 0);
  t.reply(t.other(2), 4, {nv, nv});
  t.decide({0, 5, 0}, t.block(t.c.genesis(), "a"));
  EXPECT_TRUE(t.status().rejoining);
}

TEST(Rejoin, SurvivesARestart) {
  Rejoining t;
  reboot(t);
  EXPECT_TRUE(t.status().rejoining);
  EXPECT_EQ(t.sent_count<RejoinRequest>(), 1u);
}

TEST(Rejoin, TheRequestIsAnsweredDurablyAndTheSecondOneHandsOver) {
  Lone t;
  const ValidatorId who = t.other(1);
  RejoinRequest r{who, t.c.genesis(), 0, {}};
  r.signature = Lone::sign(who, rejoin_request_digest(t.c.chain_id(), r));
  t.c.inject(t.me, who, make_message(r));
  ASSERT_EQ(t.sent_count<RejoinReply>(), 1u);
  EXPECT_EQ(t.all<RejoinReply>()[0].nonce, r.nonce);
  EXPECT_FALSE(t.view_change());
  t.c.run_for(300'000);
  t.c.inject(t.me, who, make_message(r));
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kPlanned);
}

// Simulator, n = 4: hand-overs count as no failure, so with a fixed pause they would end every view of a slow network
// before it commits anything.
TEST(Rejoin, ThePauseBetweenTwoHandOversDoubles) {
  Lone t({.fast = false});
  const ValidatorId who = t.other(1);
  RejoinRequest r{who, t.c.genesis(), 0, {}};
  r.signature = Lone::sign(who, rejoin_request_digest(t.c.chain_id(), r));
  const BlockPtr a = t.block(t.c.genesis());
  t.c.node(t.spare).held.insert(a->digest);
  // Enters `view` by a certificate, so that it is active, and is asked twice.
  const auto ask_in = [&](View view) {
    const auto high = Lone::justify(t.certificate({0, view, 0}, a, 3));
    t.c.inject(t.me, t.other(2), t.view_change_of(t.other(2), view + 1, high));
    EXPECT_EQ(t.status().view, view);
    EXPECT_FALSE(t.status().view_changing);
    t.c.inject(t.me, who, make_message(r));
    t.c.run_for(200'000);
    t.c.inject(t.me, who, make_message(r));
    return t.status().view_changing && t.view_change()->kind == ViewChangeKind::kPlanned;
  };
  ASSERT_TRUE(ask_in(10));
  t.c.run_for(9'000'000);
  EXPECT_FALSE(ask_in(20)) << "16 T0 are over, 32 are not";
  t.c.run_for(8'000'000);
  EXPECT_TRUE(ask_in(30));
}

TEST(Rejoin, AWipedMemberOfAnIdleNetworkComesBackAndThenCountsAgain) {
  for (bool fast : {true, false}) {
    ClusterOptions o;
    o.params.fast_path = fast;
    Cluster c(o);
    c.start();
    c.submit(3);
    ASSERT_TRUE(c.run_until_committed());
    const size_t who = c.leader_index(0, 0);
    c.wipe(who);
    EXPECT_TRUE(c.run_until([&] { return !c.node(who).engine->status().rejoining; }, 60'000'000));
    c.crash((who + 1) % 4);
    c.submit(3);
    EXPECT_TRUE(c.run_until_committed()) << "three of four, the wiped one among them";
    EXPECT_TRUE(c.violations.empty());
  }
}

}  // namespace
}  // namespace tieline::testing
