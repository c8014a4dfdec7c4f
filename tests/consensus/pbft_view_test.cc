// PBFT's view changes: what P and Q hold, what a NEW-VIEW must choose from them, who joins, what a restart and a rejoin
// may forget.

#include "consensus/pbft/new_view.h"
#include "pbft_lone.h"

namespace tieline::testing {
namespace {

// --- the choice, alone ----------------------------------------------------------------------------------------------

Hash named(const std::string& label) { return sha256(view_of(label)); }

ViewChange with(const Slot& p, const std::string& p_block, std::optional<Slot> q = {},
                const std::string& q_block = "") {
  ViewChange vc;
  vc.high_qc.slot = p;
  vc.high_qc.block = named(p_block);
  if (q) vc.last_vote = LastVote{*q, named(q_block), 9, {}, {}};
  return vc;
}

pbft::Chosen choice(const std::vector<ViewChange>& set, size_t n = 4) {
  std::vector<const ViewChange*> v;
  for (const ViewChange& vc : set) v.push_back(&vc);
  return pbft::choose(Quorum{n}, v);
}

TEST(PbftChoice, WithNothingPreparedIsANewChildOfTheEpochsStart) {
  const Slot start{0, 0, -1};
  const auto chosen = choice({with(start, "start"), with(start, "start", Slot{0, 0, 0}, "a"), with(start, "start")});
  EXPECT_EQ(chosen, (pbft::Chosen{start, named("start"), {}})) << "one of f+1 may lie about Q";
}

TEST(PbftChoice, TheHighestCertificatesBlockStandsAgain) {
  const auto chosen = choice({with({0, 0, 3}, "a"), with({0, 2, 0}, "b"), with({0, 1, 9}, "c")});
  EXPECT_EQ(chosen, (pbft::Chosen{{0, 2, 0}, named("b"), named("b")}));
}

TEST(PbftChoice, AChildThatFPlusOnePrePreparedStandsAgainInItsPlace) {
  const Slot next{0, 1, 4};
  EXPECT_EQ(choice({with({0, 1, 3}, "b", next, "c"), with({0, 1, 3}, "b", next, "c"), with({0, 1, 3}, "b")}).again,
            named("c"));
  EXPECT_EQ(choice({with({0, 1, 3}, "b", next, "c"), with({0, 1, 3}, "b"), with({0, 1, 3}, "b")}).again, named("b"));
  EXPECT_EQ(choice({with({0, 1, 3}, "b", next, "c"), with({0, 1, 3}, "b", next, "d"), with({0, 1, 3}, "b")}).again,
            named("b"))
      << "one each for two contents";
}

TEST(PbftChoice, WhatWasPrePreparedElsewhereThanRightAboveTheCertificateDoesNotCount) {
  const Slot other{0, 0, 8};
  EXPECT_EQ(choice({with({0, 0, 7}, "x", other, "y"), with({0, 0, 7}, "x", other, "y"), with({0, 1, 0}, "b")}).again,
            named("b"));
}

// --- VIEW-CHANGE ----------------------------------------------------------------------------------------------------

TEST(PbftViewChange, CarriesTheHighestCertificateAndWhatWasPrePreparedAboveIt) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis()), b = t.block(a->digest);
  t.prepared(t.first, a, t.start());
  t.propose(t.second, b, t.justify(t.certificate(t.first, a, 3)));
  t.time_out();
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->high_qc.slot, t.first);
  ASSERT_TRUE(t.view_change()->last_vote);
  EXPECT_EQ(t.view_change()->last_vote->block, b->digest);
}

TEST(PbftViewChange, IsDurableBeforeItIsSent) {
  PbftLone t;
  t.c.hold_disk(t.me);
  t.time_out();
  EXPECT_FALSE(t.view_change());
  t.c.sync(t.me);
  EXPECT_TRUE(t.view_change());
}

TEST(PbftViewChange, FPlusOneHigherOnesAreJoinedOneIsNot) {
  PbftLone t;
  t.hear(t.other(1), t.view_change_of(t.other(1), 3, t.start()));
  EXPECT_FALSE(t.view_change());
  t.hear(t.other(2), t.view_change_of(t.other(2), 2, t.start()));
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->view, 2u) << "the highest view that f+1 are at or above";
}

TEST(PbftViewChange, NotToAHigherViewBeforeThisOneIsProvenToBeInUse) {
  PbftLone t;
  t.time_out();
  t.c.run_for(20'000'000);
  EXPECT_EQ(t.status().view, 1u);
  t.hear(t.other(1), t.view_change_of(t.other(1), 1, t.start()));
  t.hear(t.other(2), t.view_change_of(t.other(2), 1, t.start()));
  t.c.run_for(20'000'000);
  EXPECT_EQ(t.status().view, 2u);
}

// --- NEW-VIEW -------------------------------------------------------------------------------------------------------

// Three VIEW-CHANGEs to view 1; the first shows a prepared block.
struct Change : PbftLone {
  Change() {
    a = block(c.genesis(), "a");
    c.node(spare).held.insert(a->digest);
    high = justify(certificate(first, a, 3));
    set = {view_change_of(c.node(0).id, 1, high), view_change_of(c.node(1).id, 1, start()),
           view_change_of(c.node(3).id, 1, start())};
  }
  size_t refused() { return node().dropped("new_view_invalid"); }
  void say(const MessagePtr& nv) { hear(c.leader(0, 1), nv); }
  BlockPtr a;
  Justify high;
  std::vector<MessagePtr> set;
  const Slot again{0, 1, 0};
};

TEST(PbftNewView, IsMadeOfNMinusFViewChangesAndProposesThePreparedBlockAgain) {
  PbftLone t;  // leads view 2
  const BlockPtr a = t.block(t.c.genesis());
  t.prepared(t.first, a, t.start());
  t.hear(t.other(1), t.view_change_of(t.other(1), 2, t.start()));
  t.hear(t.other(2), t.view_change_of(t.other(2), 2, t.start()));
  ASSERT_EQ(t.sent_count<NewView>(), 1u) << "the two, and its own that joined them";
  EXPECT_EQ(t.all<NewView>().at(0).repropose, a->digest);
  ASSERT_EQ(t.proposals().size(), 1u);
  EXPECT_EQ(t.proposals().at(0).header.digest(), a->digest) << "the same digest";
  EXPECT_EQ(t.proposals().at(0).slot, (Slot{0, 2, 0}));
}

TEST(PbftNewView, ThatChoosesWhatPSaysIsEntered) {
  Change t;
  const MessagePtr nv = t.new_view_of(1, t.set, t.high, t.a->digest);
  t.say(nv);
  EXPECT_EQ(t.refused(), 0u);
  EXPECT_EQ(t.status().view, 1u);
  t.propose(t.again, t.a, t.high, nv);
  EXPECT_EQ(t.prepares(), 1u);
}

TEST(PbftNewView, ThatForgetsAPreparedBlockIsRefused) {
  Change t;
  t.say(t.new_view_of(1, t.set, t.start()));
  t.say(t.new_view_of(1, t.set, t.high));
  t.say(t.new_view_of(1, t.set, t.high, t.block(t.c.genesis(), "b")->digest));
  EXPECT_EQ(t.refused(), 3u);
  EXPECT_EQ(t.status().view, 0u);
}

TEST(PbftNewView, OfFewerThanNMinusFOrOfOneMemberTwiceIsRefused) {
  Change t;
  t.say(t.new_view_of(1, {t.set[0], t.set[1]}, t.high, t.a->digest));
  EXPECT_EQ(t.refused(), 1u);
  t.say(t.new_view_of(1, {t.set[0], t.set[1], t.set[1]}, t.high, t.a->digest));
  EXPECT_EQ(t.refused(), 2u);
}

TEST(PbftNewView, WithACertificateBelowAQuorumIsRefused) {
  Change t;
  const Justify forged = t.justify(t.certificate(t.first, t.a, 2));
  t.set[0] = t.view_change_of(t.c.node(0).id, 1, forged);
  t.say(t.new_view_of(1, t.set, forged, t.a->digest));
  EXPECT_EQ(t.refused(), 1u);
}

TEST(PbftNewView, AnotherBlockThanTheChosenOneGetsNoPrepare) {
  Change t;
  const MessagePtr nv = t.new_view_of(1, t.set, t.high, t.a->digest);
  const BlockPtr child = t.block(t.a->digest, "child");
  t.propose(t.again, child, t.high, nv);
  EXPECT_EQ(t.prepares(), 0u);
  EXPECT_EQ(t.node().dropped("propose_not_selected"), 1u);
}

TEST(PbftNewView, CommitsShowThatABlockWasPrepared) {
  Change t;
  const Justify committed = t.justify(t.commits(t.first, t.a));
  t.set[0] = t.view_change_of(t.c.node(0).id, 1, committed);
  t.say(t.new_view_of(1, t.set, committed, t.a->digest));
  EXPECT_EQ(t.status().view, 1u);
}

TEST(PbftNewView, ABlockThatIsCommittedAgainDoesNotEndTheBackOff) {
  ClusterOptions o;
  o.params.engine = EngineKind::kPbft;
  Cluster c(o);
  c.start();
  c.submit(4);
  ASSERT_TRUE(c.run_until_height(1));
  // So slow that a block found again makes it in one time-out, and a new one after it does not.
  c.latency = [] { return int64_t{120'000}; };
  c.submit(4);
  EXPECT_TRUE(c.run_until_committed(120'000'000));
  EXPECT_TRUE(c.violations.empty());
}

// --- restart and rejoin ---------------------------------------------------------------------------------------------

TEST(PbftRestart, TheVoteOfASlotIsRememberedAndSaidAgain) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(t.c.genesis(), "b");
  t.propose(t.first, a, t.start());
  t.c.crash(t.me);
  t.c.restart(t.me);
  t.propose(t.first, b, t.start());
  EXPECT_EQ(t.prepares(), 1u);
  t.c.run_for(600'000);
  ASSERT_GE(t.prepares(), 2u);
  for (const PrepareVote& v : t.all<PrepareVote>()) EXPECT_EQ(v.block, a->digest);
}

TEST(PbftRestart, ThePreparedCertificateIsRemembered) {
  PbftLone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.prepared(t.first, a, t.start());
  ASSERT_EQ(t.commit_votes(), 1u);
  t.c.crash(t.me);
  t.c.restart(t.me);
  t.time_out();
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->high_qc.slot, t.first);
}

// A network of four in which the last one lost its disk.
struct Wiped {
  Wiped() : c(options()) {
    c.start();
    c.submit(8);
    EXPECT_TRUE(c.run_until_committed());
    c.wipe(3);
  }
  static ClusterOptions options() {
    ClusterOptions o;
    o.params.engine = EngineKind::kPbft;
    o.trace = true;
    return o;
  }
  Cluster c;
};

TEST(PbftRejoin, SignsNothingUntilAHigherViewCommitsAndThenTakesItsSlot) {
  Wiped t;
  std::vector<std::pair<bool, Slot>> said;
  t.c.on_send = [&](const Node& n, const Message& m) {
    const bool rejoining = n.engine->status().rejoining;
    if (n.index != 3) return;
    if (const auto* v = std::get_if<PrepareVote>(&m.payload)) said.push_back({rejoining, v->slot});
    if (const auto* v = std::get_if<CommitVote>(&m.payload)) said.push_back({rejoining, v->slot});
    if (const auto* v = std::get_if<ViewChange>(&m.payload)) said.push_back({rejoining, v->high_qc.slot});
  };
  ASSERT_TRUE(t.c.run_until([&] { return !t.c.node(3).engine->status().rejoining; }, 60'000'000))
      << "an idle network hands over, and commits its tip again in the next view";
  EXPECT_GE(t.c.node(3).engine->status().view, 1u);
  t.c.submit(8);
  EXPECT_TRUE(t.c.run_until_committed());
  for (const auto& [rejoining, slot] : said) {
    EXPECT_FALSE(rejoining);
    EXPECT_GE(slot.view, 1u);
  }
  EXPECT_TRUE(t.c.violations.empty());
}

TEST(PbftRejoin, ACommitInTheViewOfTheAnswersIsNotEnough) {
  Wiped t;
  t.c.filter = [](const Node&, const Node&, const Message& m) {
    return std::holds_alternative<ViewChange>(m.payload) ? Fate::kDrop : Fate::kDeliver;  // no hand-over
  };
  for (int i = 0; i < 20; ++i) {
    t.c.submit(2);
    t.c.run_for(100'000);
  }
  EXPECT_TRUE(t.c.node(3).engine->status().rejoining);
}

// --- epochs ---------------------------------------------------------------------------------------------------------

TEST(PbftEpoch, ThePrimaryMovesOnByOneWithEveryEpochAndADeadOneCostsOneTimeOutInN) {
  ClusterOptions o;
  o.params.engine = EngineKind::kPbft;
  o.params.epoch_blocks = 2;
  Cluster c(o);
  for (Epoch e = 0; e < 8; ++e) EXPECT_EQ(c.leader_index(e, 0), e % 4);
  c.start();
  c.crash(1);
  size_t timeouts = 0;
  c.on_send = [&](const Node& n, const Message& m) {
    const auto* vc = std::get_if<ViewChange>(&m.payload);
    timeouts += vc && n.index == 0 && vc->kind == ViewChangeKind::kTimeout;
  };
  for (int i = 0; i < 32; ++i) {
    c.submit(4);
    ASSERT_TRUE(c.run_until_committed());
  }
  EXPECT_GE(c.node(0).engine->status().epoch, 12u);
  EXPECT_LE(timeouts, 8u);
  EXPECT_TRUE(c.violations.empty());
}

}  // namespace
}  // namespace tieline::testing
