// Terms, votes and who leads (docs/raft.md, "Terms and elections").

#include "raft_lone.h"

namespace tieline::testing {
namespace {

constexpr Slot kStart{0, 0, -1};

TEST(RaftElection, NobodysTermRisesWithoutPreVotesOfAMajority) {
  RaftLone t;
  t.c.run_for(20'000'000);
  ASSERT_GT(t.count<RequestVote>(), 5u);
  for (const RequestVote& r : t.all<RequestVote>()) EXPECT_TRUE(r.pre);
  t.answer(t.other(1), TermReplyKind::kPreVote, true, 0, 1);
  t.answer(t.other(1), TermReplyKind::kPreVote, true, 0, 1);
  EXPECT_EQ(t.status().view, 0u);
  t.answer(t.other(2), TermReplyKind::kPreVote, true, 0, 1);
  EXPECT_EQ(t.status().view, 1u);
  EXPECT_FALSE(t.last<RequestVote>().pre);
  EXPECT_FALSE(t.status().primary);
}

TEST(RaftElection, AMajorityOfVotesLeadsAndItsOwnCountsWhenItIsDurable) {
  RaftLone t;
  ASSERT_TRUE(t.c.run_until([&] { return t.count<RequestVote>() > 0; }, 5'000'000));
  t.c.hold_disk(0);
  for (size_t i = 1; i <= 2; ++i) t.answer(t.other(i), TermReplyKind::kPreVote, true, 0, 1);
  EXPECT_TRUE(t.last<RequestVote>().pre) << "it asks for votes of a term before its own vote is durable";
  for (size_t i = 1; i <= 2; ++i) t.answer(t.other(i), TermReplyKind::kVote, true, 1, 1);
  EXPECT_FALSE(t.status().primary);
  t.c.sync(0);
  EXPECT_EQ(t.status().primary, t.node().id);
}

TEST(RaftElection, APreVoteChangesNoTermAndPromisesNothing) {
  RaftLone t;
  t.ask(t.other(1), 7, kStart, true);
  EXPECT_TRUE(t.granted(TermReplyKind::kPreVote));
  EXPECT_EQ(t.status().view, 0u);
  t.ask(t.other(2), 7, kStart, true);
  EXPECT_TRUE(t.granted(TermReplyKind::kPreVote));
}

TEST(RaftElection, APreVoteIsDurableBeforeItLeaves) {
  RaftLone t;
  t.c.hold_disk(0);
  t.ask(t.other(1), 7, kStart, true);
  EXPECT_TRUE(t.replies(TermReplyKind::kPreVote).empty());
  t.c.sync(0);
  EXPECT_TRUE(t.granted(TermReplyKind::kPreVote));
  EXPECT_EQ(t.node().disk.record->pre_voted, 7u);
}

// Disruptive servers (thesis 4.2.3).
TEST(RaftElection, WhoHearsALeaderDeposesItForNobody) {
  RaftLone t;
  t.heartbeat(t.other(1), 1);
  t.ask(t.other(2), 2, kStart, true);
  EXPECT_FALSE(t.granted(TermReplyKind::kPreVote));
  t.ask(t.other(2), 9, kStart);
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
  EXPECT_EQ(t.status().view, 1u) << "a term was raised by somebody who was not heard";
  t.c.run_for(t.t0_us() + 1'000);
  t.ask(t.other(2), 9, kStart);
  EXPECT_TRUE(t.granted(TermReplyKind::kVote));
}

TEST(RaftElection, ALeaderThatHearsAMajorityAsksNobodyWhetherItMay) {
  RaftLone t;
  t.elect();
  t.ask(t.other(4), 5, kStart);
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
  EXPECT_EQ(t.status().primary, t.node().id);
  t.answer(t.other(4), TermReplyKind::kHeartbeat, false, 5, 1);  // but a higher term in an answer ends its own
  EXPECT_FALSE(t.status().primary);
  EXPECT_EQ(t.status().view, 5u);
}

TEST(RaftElection, OneVoteATerm) {
  RaftLone t;
  t.ask(t.other(1), 3, kStart);
  EXPECT_TRUE(t.granted(TermReplyKind::kVote));
  t.ask(t.other(2), 3, kStart);
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
  t.ask(t.other(1), 3, kStart);
  EXPECT_TRUE(t.granted(TermReplyKind::kVote)) << "the answer may have been lost";
  t.ask(t.other(2), 2, kStart);
  EXPECT_FALSE(t.granted(TermReplyKind::kVote)) << "an older term";
}

TEST(RaftElection, AVoteIsDurableBeforeItLeaves) {
  RaftLone t;
  t.c.hold_disk(0);
  t.ask(t.other(1), 3, kStart);
  t.ask(t.other(1), 3, kStart);
  EXPECT_TRUE(t.replies(TermReplyKind::kVote).empty());
  t.c.sync(0);
  EXPECT_EQ(t.replies(TermReplyKind::kVote).size(), 2u);
}

TEST(RaftElection, AVoteIsRememberedOverACrash) {
  RaftLone t;
  t.ask(t.other(1), 3, kStart);
  t.c.crash(0);
  t.c.restart(0);
  EXPECT_EQ(t.status().view, 3u);
  t.ask(t.other(2), 3, kStart);
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
  t.ask(t.other(1), 3, kStart);
  EXPECT_TRUE(t.granted(TermReplyKind::kVote));
}

TEST(RaftElection, NoVoteForALogThatEndsBelowItsOwn) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a"), b = t.block(a->digest, "b");
  t.append(t.other(1), {0, 1, 0}, a);
  t.append(t.other(1), {0, 1, 1}, b);
  ASSERT_EQ(t.count<CommitVote>(), 2u);
  t.c.run_for(t.t0_us() + 1'000);
  for (const bool pre : {true, false}) {
    const TermReplyKind kind = pre ? TermReplyKind::kPreVote : TermReplyKind::kVote;
    t.ask(t.other(2), 5, {0, 1, 0}, pre);
    EXPECT_FALSE(t.granted(kind)) << "shorter in the same term";
    t.ask(t.other(2), 5, {0, 1, 1}, pre);
    EXPECT_TRUE(t.granted(kind)) << "equal";
  }
  t.ask(t.other(3), 6, {0, 2, 0});
  EXPECT_TRUE(t.granted(TermReplyKind::kVote)) << "shorter, but of a later term";
}

// Over a crash too, and with the body torn off: what it acknowledged may be committed by its word.
TEST(RaftElection, ALogsEndIsRememberedOverACrashEvenWithoutItsBody) {
  RaftLone t;
  const BlockPtr a = t.block(t.c.genesis(), "a");
  t.append(t.other(1), {0, 1, 0}, a);
  t.c.crash(0);
  t.node().disk.bodies.clear();
  t.node().held.clear();
  t.c.restart(0);
  t.ask(t.other(2), 5, kStart);
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
  const size_t asked = t.count<RequestVote>();
  t.c.run_for(5'000'000);
  EXPECT_EQ(t.count<RequestVote>(), asked) << "it stands with a log that it does not hold";
  t.c.node(t.spare).held.insert(a->digest);
  t.c.run_for(5'000'000);
  ASSERT_GT(t.count<RequestVote>(), asked);
  EXPECT_EQ(t.last<RequestVote>().last, (Slot{0, 1, 0}));
}

// Pre-vote deadlock: with a higher term and a shorter log a member can neither lead nor follow.
TEST(RaftElection, ARefusalWithAHigherTermIsFollowedAtOnce) {
  RaftLone t;
  ASSERT_TRUE(t.c.run_until([&] { return t.count<RequestVote>() > 0; }, 5'000'000));
  t.answer(t.other(1), TermReplyKind::kPreVote, false, 5, 1);
  EXPECT_EQ(t.status().view, 5u);
  EXPECT_EQ(t.last<RequestVote>().term, 6u);
  EXPECT_TRUE(t.last<RequestVote>().pre);
}

// On a network slower than the time-out.
TEST(RaftElection, PreVotesAndVotesCountAsLongAsTheTermIsTheSame) {
  RaftLone t;
  ASSERT_TRUE(t.c.run_until([&] { return t.count<RequestVote>() > 2; }, 20'000'000));
  for (size_t i = 1; i <= 2; ++i) t.answer(t.other(i), TermReplyKind::kPreVote, true, 0, 1);
  ASSERT_TRUE(t.c.run_until([&] { return t.last<RequestVote>().pre; }, 20'000'000));
  for (size_t i = 1; i <= 2; ++i) t.answer(t.other(i), TermReplyKind::kVote, true, 1, 1);
  EXPECT_EQ(t.status().primary, t.node().id);
}

// Found by a schedule (raft_schedules_test, seed 721): a late vote made a leader that had stepped down lead the same
// term again, with other blocks in the slots it had filled.
TEST(RaftElection, WhoHasLedATermAndSteppedDownNeverLeadsItAgain) {
  RaftLone t;
  t.elect();
  ASSERT_TRUE(t.c.run_until([&] { return !t.status().primary; }, 10'000'000)) << "it hears nobody";
  const size_t appended = t.count<Propose>();
  for (size_t i = 1; i <= 4; ++i) t.answer(t.other(i), TermReplyKind::kVote, true, 1, 1);
  EXPECT_FALSE(t.status().primary);
  EXPECT_EQ(t.count<Propose>(), appended);
}

TEST(RaftElection, ALeaderThatHearsNoMajorityLeadsNoMore) {
  RaftLone t;
  t.elect();
  const auto lead_for = [&](size_t heard, int64_t us) {
    const int64_t end = t.c.now().mono_us + us;
    while (t.c.now().mono_us < end && t.status().primary) {
      for (size_t i = 1; i <= heard; ++i) t.answer(t.other(i), TermReplyKind::kHeartbeat, true, 1, 1);
      t.c.run_for(t.t0_us() / 4);
    }
    return t.status().primary.has_value();
  };
  const Slot first{0, 1, 0};
  const BlockPtr empty = t.c.info(t.last<Propose>().header.digest()).block;
  for (size_t i = 1; i <= 2; ++i) t.acknowledge(t.other(i), first, empty);
  ASSERT_EQ(t.node().height(), 1u);
  EXPECT_TRUE(lead_for(2, 10'000'000)) << "with itself, two others are a majority of five";
  EXPECT_FALSE(lead_for(1, 3'000'000));
}

// A leader whose clock is wrong appends what nobody accepts, and its heartbeats would keep it in power.
TEST(RaftElection, ALeaderThatCommitsNothingLeadsNoMore) {
  RaftLone t;
  t.elect();
  for (int i = 0; i < 60 && t.status().primary; ++i) {
    for (size_t k = 1; k <= 4; ++k) t.answer(t.other(k), TermReplyKind::kHeartbeat, true, 1, 1);
    t.c.run_for(t.t0_us() / 4);
  }
  EXPECT_FALSE(t.status().primary);
}

TEST(RaftElection, ARestartedLeaderFollows) {
  RaftLone t;
  t.elect();
  const size_t appended = t.count<Propose>();
  t.c.crash(0);
  t.c.restart(0);
  t.c.run_for(t.t0_us() / 2);
  EXPECT_FALSE(t.status().primary);
  EXPECT_EQ(t.count<Propose>(), appended);
}

TEST(RaftElection, TwoLeadersInATermAreMoreThanCrashes) {
  RaftLone t;
  t.heartbeat(t.other(1), 2);
  t.heartbeat(t.other(2), 2);
  EXPECT_EQ(t.node().broken.size(), 1u);
}

TEST(RaftElection, AVoteOfAnotherEpochIsNoVote) {
  RaftLone t;
  t.say(t.other(1), RequestVote{t.other(1), 1, 3, false, false, Slot{1, 2, 0}});
  EXPECT_FALSE(t.granted(TermReplyKind::kVote));
  t.say(t.other(2), RequestVote{t.other(1), 0, 3, false, false, kStart});
  EXPECT_EQ(t.node().dropped("request_vote_not_own"), 1u);
}

TEST(RaftCluster, AMemberThatWasCutOffDeposesNobodyWhenItIsBack) {
  ClusterOptions o = RaftLone::cluster_options(5);
  Cluster c(o);
  c.start();
  c.submit(3);
  ASSERT_TRUE(c.run_until_committed());
  const auto leader = *c.node(0).engine->status().primary;
  const View term = c.node(0).engine->status().view;
  const size_t away = (leader - kFirstId + 1) % 5;
  c.isolate(away);
  c.run_for(60'000'000);
  c.join(away);
  c.run_for(5'000'000);
  c.submit(3);
  ASSERT_TRUE(c.run_until_committed());
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(c.node(i).engine->status().view, term);
    EXPECT_EQ(c.node(i).engine->status().primary, leader);
  }
  EXPECT_TRUE(c.violations.empty());
}

// Leader stickiness after a partition: the old leader has stopped by itself, and follows when it is back.
TEST(RaftCluster, ALeaderThatIsCutOffMakesRoomAndItsUncommittedEntryIsReplaced) {
  Cluster c(RaftLone::cluster_options(5));
  c.start();
  c.submit(1);
  ASSERT_TRUE(c.run_until_committed());
  const size_t old = *c.node(0).engine->status().primary - kFirstId;
  c.isolate(old);
  c.submit(3);
  ASSERT_TRUE(c.run_until(
      [&] {
        const size_t next = old == 0 ? 1 : 0;
        return c.committed_txs(c.node(next)) == c.submitted();
      },
      30'000'000));
  c.run_for(2'000'000);
  EXPECT_NE(c.node(old).engine->status().primary, c.node(old).id) << "it leads nobody and does not notice";
  c.join(old);
  ASSERT_TRUE(c.run_until_committed());
  EXPECT_TRUE(c.violations.empty());
}

TEST(RaftCluster, OneAndTwoMembersDoToo) {
  for (const size_t n : {1, 2, 3}) {
    Cluster c(RaftLone::cluster_options(n));
    c.start();
    c.submit(9);
    EXPECT_TRUE(c.run_until_committed()) << n;
    EXPECT_TRUE(c.violations.empty()) << n;
  }
}

}  // namespace
}  // namespace tieline::testing
