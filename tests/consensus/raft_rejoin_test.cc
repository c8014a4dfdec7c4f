// A validator whose durable state is damaged or gone (docs/raft.md, "Rejoin").

#include "raft_lone.h"

namespace tieline::testing {
namespace {

constexpr Slot kStart{0, 0, -1};

struct RaftWiped : RaftLone {
  explicit RaftWiped(size_t n) : RaftLone(n) {
    c.wipe(0);
    sent.clear();
  }
  void boot_answer(ValidatorId from, View view) {
    RejoinReply r;
    r.signer = from;
    r.nonce = nonce();
    r.view = view;
    r.signature = TestSigner(from).sign(rejoin_reply_digest(c.chain_id(), r).view());
    say(from, std::move(r));
  }
  Hash nonce() {
    if (count<RejoinRequest>() == 0) c.run_for(t0_us());
    return last<RejoinRequest>().nonce;
  }
};

TEST(RaftRejoin, UntilItHasRejoinedItNeitherVotesNorAcknowledgesNorStands) {
  RaftWiped t(3);
  t.ask(t.other(1), 5, kStart);
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
  t.ask(t.other(1), 5, kStart, true);
  EXPECT_FALSE(t.granted(TermReplyKind::kPreVote));
  t.append(t.other(1), {0, 5, 0}, t.block(t.c.genesis()));
  EXPECT_EQ(t.count<CommitVote>(), 0u);
  t.c.run_for(20'000'000);
  EXPECT_EQ(t.count<RequestVote>(), 0u);
  EXPECT_TRUE(t.status().rejoining);
}

TEST(RaftRejoin, NeedsACommitOfATermAboveTheAnswersOfAMajorityOfOthers) {
  RaftWiped t(5);
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.boot_answer(t.other(1), 4);
  t.boot_answer(t.other(2), 6);
  t.append(t.other(1), {0, 9, 0}, a);
  t.decide(t.other(1), t.certificate({0, 9, 0}, a, {t.other(1), t.other(2), t.other(3)}), a);
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_TRUE(t.status().rejoining) << "two answers of five";
  t.boot_answer(t.other(3), 9);
  EXPECT_TRUE(t.status().rejoining) << "not higher than 9";
  t.append(t.other(2), {0, 10, 0}, b);
  t.decide(t.other(2), t.certificate({0, 10, 0}, b, {t.other(1), t.other(2), t.other(3)}), b);
  EXPECT_FALSE(t.status().rejoining);
  EXPECT_EQ(t.node().disk.record->view, 10u);
  EXPECT_FALSE(t.node().disk.record->rejoining);
  ASSERT_TRUE(t.node().disk.record->last_vote.has_value());
  EXPECT_EQ(t.node().disk.record->last_vote->slot, (Slot{0, 10, 0}));
}

TEST(RaftRejoin, TheLowestAnswersOfAMajorityDecide) {
  RaftWiped t(5);
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.boot_answer(t.other(4), 100);
  t.boot_answer(t.other(1), 8);
  t.boot_answer(t.other(1), 4);
  t.boot_answer(t.other(2), 3);
  t.boot_answer(t.other(3), 3);
  t.append(t.other(1), {0, 5, 0}, a);
  t.decide(t.other(1), t.certificate({0, 5, 0}, a, {t.other(1), t.other(2), t.other(3)}), a);
  EXPECT_FALSE(t.status().rejoining);
}

TEST(RaftRejoin, AfterwardsItVotesInNoTermUpToTheOneItCameBackIn) {
  RaftWiped t(3);
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.boot_answer(t.other(1), 4);
  t.boot_answer(t.other(2), 4);
  t.append(t.other(1), {0, 5, 0}, a);
  t.decide(t.other(1), t.certificate({0, 5, 0}, a, {t.other(1), t.other(2)}), a);
  ASSERT_FALSE(t.status().rejoining);
  t.c.run_for(t.t0_us() + 1'000);
  t.ask(t.other(2), 4, {0, 5, 0});
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
  t.ask(t.other(2), 6, {0, 4, 0});
  EXPECT_FALSE(t.granted(TermReplyKind::kVote)) << "a log that ends below what it may have acknowledged";
  t.ask(t.other(2), 7, {0, 5, 0});
  EXPECT_TRUE(t.granted(TermReplyKind::kVote));
}

// Found by a schedule (raft_schedules_test, seed 459).
TEST(RaftRejoin, TheLeaderOfTheTermBeforeIsForgotten) {
  RaftWiped t(3);
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.boot_answer(t.other(1), 4);
  t.boot_answer(t.other(2), 4);
  t.append(t.other(1), {0, 4, 0}, a);
  t.c.node(t.spare).held.insert(a->digest);
  t.decide(t.other(2), t.certificate({0, 5, 0}, a, {t.other(1), t.other(2)}), a);
  ASSERT_FALSE(t.status().rejoining);
  EXPECT_EQ(t.status().view, 5u);
  t.append(t.other(2), {0, 5, 1}, b);
  EXPECT_TRUE(t.node().broken.empty());
  EXPECT_EQ(t.count<CommitVote>(), 1u);
}

TEST(RaftRejoin, AnAnswerOfAnEarlierStartDoesNotCount) {
  RaftWiped t(3);
  RejoinReply r;
  r.signer = t.other(1);
  r.nonce = t.c.genesis();
  r.signature = TestSigner(t.other(1)).sign(rejoin_reply_digest(t.c.chain_id(), r).view());
  t.say(t.other(1), r);
  t.boot_answer(t.other(2), 0);
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.append(t.other(1), {0, 5, 0}, a);
  t.decide(t.other(1), t.certificate({0, 5, 0}, a, {t.other(1), t.other(2)}), a);
  EXPECT_TRUE(t.status().rejoining);
}

// Who stood for a term held pre-votes of a majority: they are what the answers are about.
TEST(RaftRejoin, APreVoteIsInTheAnswerAlsoAfterACrash) {
  RaftLone t;
  t.ask(t.other(1), 9, kStart, true);
  t.c.crash(0);
  t.c.restart(0);
  RejoinRequest r{t.other(2), t.c.genesis(), 0, {}};
  r.signature = TestSigner(t.other(2)).sign(rejoin_request_digest(t.c.chain_id(), r).view());
  t.say(t.other(2), r);
  ASSERT_EQ(t.count<RejoinReply>(), 1u);
  EXPECT_EQ(t.last<RejoinReply>().view, 9u);
  EXPECT_EQ(t.status().view, 0u);
}

TEST(RaftRejoin, TheSecondRequestMakesTheLeaderRenewItsTerm) {
  RaftLone t;
  t.elect();
  const BlockPtr first = t.c.info(t.last<Propose>().header.digest()).block;
  for (size_t i = 1; i <= 2; ++i) t.acknowledge(t.other(i), {0, 1, 0}, first);
  RejoinRequest r{t.other(4), t.c.genesis(), 0, {}};
  r.signature = TestSigner(t.other(4)).sign(rejoin_request_digest(t.c.chain_id(), r).view());
  const size_t asked = t.count<RequestVote>();
  t.say(t.other(4), r);
  EXPECT_EQ(t.count<RequestVote>(), asked);
  t.c.run_for(t.t0_us() / 2);
  t.say(t.other(4), r);
  ASSERT_EQ(t.count<RequestVote>(), asked + 1);
  EXPECT_TRUE(t.last<RequestVote>().planned);
  EXPECT_TRUE(t.last<RequestVote>().pre);
  EXPECT_EQ(t.status().primary, t.node().id) << "it leads on meanwhile";
  for (size_t i = 1; i <= 2; ++i) t.answer(t.other(i), TermReplyKind::kPreVote, true, 1, 2);
  for (size_t i = 1; i <= 2; ++i) t.answer(t.other(i), TermReplyKind::kVote, true, 2, 2);
  EXPECT_EQ(t.status().view, 2u);
  EXPECT_EQ(t.last<Propose>().slot, (Slot{0, 2, 0}));
}

TEST(RaftRejoin, WhoHearsALeaderStillHelpsItToRenewItsTerm) {
  RaftLone t;
  t.heartbeat(t.other(1), 1);
  t.ask(t.other(1), 2, kStart, true, true);
  EXPECT_TRUE(t.granted(TermReplyKind::kPreVote));
  t.ask(t.other(1), 2, kStart, false, true);
  EXPECT_TRUE(t.granted(TermReplyKind::kVote));
}

TEST(RaftRejoin, AWipedMemberComesBackInAnIdleNetwork) {
  for (const size_t n : {3, 5}) {
    Cluster c(RaftLone::cluster_options(n));
    c.start();
    c.submit(5);
    ASSERT_TRUE(c.run_until_committed());
    for (size_t i = 0; i < Quorum{n, FaultModel::kCrash}.f(); ++i) c.wipe(i);
    ASSERT_TRUE(c.run_until(
        [&] {
          for (size_t i = 0; i < n; ++i)
            if (c.node(i).engine->status().rejoining) return false;
          return true;
        },
        60'000'000))
        << n;
    c.submit(3);
    EXPECT_TRUE(c.run_until_committed());
    EXPECT_TRUE(c.violations.empty());
  }
}

}  // namespace
}  // namespace tieline::testing
