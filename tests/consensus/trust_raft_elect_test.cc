// Elections: who stands, who is voted for, what an election certificate must hold, what a leader has to show.

#include <gtest/gtest.h>

#include "consensus/trust_raft/request_filter.h"
#include "crypto/hash.h"
#include "trust_raft_lone.h"

namespace tieline::testing {
namespace {

// --- who may lead: pure functions of the table ----------------------------------------------------------------------

Committee committee_of(const std::vector<uint32_t>& trust, const std::vector<uint32_t>& jailed_until = {}) {
  std::vector<Member> members;
  for (size_t i = 0; i < trust.size(); ++i) {
    Member m;
    m.id = static_cast<ValidatorId>(kFirstId + i);
    m.org = static_cast<OrgId>(i);
    m.key = test_key(m.id);
    m.trust = trust[i];
    if (i < jailed_until.size()) m.jailed_until = jailed_until[i];
    members.push_back(m);
  }
  return Committee(3, tagged_hash("seed", {}), std::move(members), FaultModel::kWeighted);
}
constexpr uint32_t kTrusted = kTrustedAbove + 1, kRegular = kRegularAbove + 1, kFaulty = 1;

TEST(Candidates, TheMostTrustedLeadsAnEpochsFirstTerm) {
  EXPECT_EQ(most_trusted(committee_of({kTrusted, kTrusted + 5, kTrusted, kRegular})), kFirstId + 1);
  EXPECT_EQ(most_trusted(committee_of({kTrusted, kTrusted + 5, kTrusted, kRegular}, {9, 9, 0, 0})), kFirstId + 2)
      << "a jailed one does not";
  std::set<ValidatorId> drawn;
  for (size_t n = 4; n < 100; ++n) drawn.insert(most_trusted(committee_of(std::vector<uint32_t>(n, kTrusted))));
  EXPECT_GT(drawn.size(), 2u) << "equals are drawn, not taken in order";
}

TEST(Candidates, OnlyTheTrustedStandUntilNothingWasCertifiedForLong) {
  const Committee c = committee_of({kTrusted, kTrusted, kTrusted, kTrusted, kRegular, kFaulty, kTrusted}, {0, 0, 0, 4});
  const View f = c.count().f();
  ASSERT_EQ(f, 2u);
  const ValidatorId trusted = kFirstId, jailed = kFirstId + 3, regular = kFirstId + 4, faulty = kFirstId + 5;
  for (View barren = 1; barren <= 3 * (f + 1); ++barren) {
    const auto stands = [&](ValidatorId id) { return may_stand(c, id, 10 + barren, 10); };
    EXPECT_TRUE(stands(trusted));
    EXPECT_EQ(stands(regular), barren > f + 1) << barren;
    EXPECT_EQ(stands(faulty), barren > 2 * (f + 1)) << barren;
    EXPECT_EQ(stands(jailed), barren > 2 * (f + 1)) << barren;
  }
  EXPECT_FALSE(may_stand(c, trusted, 10, 10)) << "the term has a certificate already";
  EXPECT_FALSE(may_stand(c, 99, 11, 10)) << "no member";
}

TEST(Candidates, ComeInOneOrderForAllByClassThenByDraw) {
  const Committee c = committee_of({kRegular, kTrusted, kFaulty, kTrusted, kTrusted, kRegular, kTrusted});
  std::set<ValidatorId> first;
  for (View term = 1; term < 40; ++term) {
    std::set<size_t> ranks;
    for (const Member& m : c.members()) {
      const size_t rank = rank_of(c, term, m.id);
      ranks.insert(rank);
      if (rank == 0) first.insert(m.id);
      EXPECT_EQ(rank < 4, trust_class(m.trust) == TrustClass::kTrusted);
    }
    EXPECT_EQ(ranks.size(), c.size());
  }
  EXPECT_EQ(first.size(), 4u) << "each of the trusted comes first in some term";
}

TEST(Candidates, BlocksGoToTheMoreTrustedFirst) {
  const Committee c = committee_of({kRegular, kTrusted, kFaulty, kTrusted + 7, kTrusted});
  EXPECT_EQ(trust_raft_front_end().order(c), (std::vector<ValidatorId>{13, 11, 14, 10, 12}));
  EXPECT_TRUE(cbft_front_end().order(c).empty());
}

TEST(RequestFilter, NeverMissesWhatItHoldsAndSeldomClaimsWhatItDoesNot) {
  RequestFilter filter(tagged_hash("secret", {}));
  const auto nth = [](uint64_t i) {
    Writer w;
    w.u64(i);
    return tagged_hash("message", {w.view()});
  };
  for (uint64_t i = 0; i < 512; ++i) filter.insert(nth(i));
  for (uint64_t i = 0; i < 512; ++i) EXPECT_TRUE(filter.may_hold(nth(i)));
  size_t claimed = 0;
  for (uint64_t i = 1'000; i < 101'000; ++i) claimed += filter.may_hold(nth(i));
  EXPECT_GT(claimed, 1'000u);
  EXPECT_LT(claimed, 4'000u) << "(1 - exp(-4 512 / 4096))^4 = 2.4 %";
  filter.clear();
  EXPECT_FALSE(filter.may_hold(nth(0)));
}

TEST(RequestFilter, OfAnotherProcessHasOtherBits) {
  RequestFilter a(tagged_hash("a", {})), b(tagged_hash("b", {}));
  const auto nth = [](uint64_t i) {
    Writer w;
    w.u64(i);
    return tagged_hash("message", {w.view()});
  };
  for (uint64_t i = 0; i < 512; ++i) {
    a.insert(nth(i));
    b.insert(nth(i));
  }
  size_t both = 0, one = 0;
  for (uint64_t i = 1'000; i < 101'000; ++i) {
    both += a.may_hold(nth(i)) && b.may_hold(nth(i));
    one += a.may_hold(nth(i));
  }
  EXPECT_LT(both * 10, one) << "who finds a false hit in one has found none in the other";
}

TEST(Candidates, WaitBetweenOneAndTwoTimeOuts) {
  const Committee c = committee_of(std::vector<uint32_t>(10, kTrusted));
  std::set<int64_t> waits;
  for (const Member& m : c.members())
    for (View view = 0; view < 20; ++view) {
      const int64_t us = trust_raft_front_end().patience_us(150'000, ConsensusParams{}, c, m.id, view, kNobody);
      EXPECT_GE(us, 150'000);
      EXPECT_LT(us, 300'000);
      waits.insert(us / 10'000);
    }
  EXPECT_EQ(waits.size(), 15u) << "spread over all of it";
}

TEST(Candidates, WithTheTriggerTheNearestToTheLeaderLeavesFirst) {
  const Committee c = committee_of(std::vector<uint32_t>(5, kTrusted));
  ConsensusParams params;
  params.engine = EngineKind::kTrustRaft;
  ProximityParams& p = params.proximity.emplace();
  p.trigger = true;
  p.positions.resize(kFirstId);
  for (uint32_t x : {500, 0, 400, 520, 900}) p.positions.push_back({x, 0});
  const auto at = [](int i) { return static_cast<ValidatorId>(kFirstId + i); };
  const ValidatorId leader = at(0);
  const auto wait = [&](int i) { return trust_raft_front_end().patience_us(150'000, params, c, at(i), 3, leader); };
  EXPECT_EQ(wait(3), 150'000);
  EXPECT_LT(wait(3), wait(2));
  EXPECT_LT(wait(2), wait(4));
  EXPECT_LT(wait(4), wait(1));
  EXPECT_LT(wait(1), 300'000);
  EXPECT_EQ(trust_raft_front_end().request_order(params, c, leader),
            (std::vector<ValidatorId>{at(3), at(2), at(4), at(1), leader}));
  // Switched off, or with a leader that is not known: as drawn.
  const int64_t drawn = trust_raft_front_end().patience_us(150'000, ConsensusParams{}, c, at(2), 3, leader);
  EXPECT_EQ(trust_raft_front_end().patience_us(150'000, params, c, at(2), 3, kNobody), drawn);
  p.trigger = false;
  EXPECT_EQ(wait(2), drawn);
  EXPECT_TRUE(trust_raft_front_end().request_order(params, c, leader).empty());
}

// --- standing and voting --------------------------------------------------------------------------------------------

TEST(TrustRaftElection, WhoTimesOutWithNoRequestStandsAndCarriesItsCertificateOnly) {
  TrustRaftLone t;
  const auto chain = t.run_to(3);
  t.time_out();
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.voted_for(), t.self());
  EXPECT_EQ(t.view_change()->view, 1u);
  EXPECT_EQ(t.view_change()->high_qc.slot, (Slot{0, 0, 1}));
  EXPECT_FALSE(t.view_change()->last_vote) << "nothing is committed by votes alone";
}

TEST(TrustRaftElection, WhoTimesOutWithARequestGrantsIt) {
  TrustRaftLone t;
  t.request(t.other(1), 1, t.start());
  EXPECT_FALSE(t.view_change()) << "a request moves nobody";
  t.time_out();
  EXPECT_EQ(t.voted_for(), t.other(1));
}

TEST(TrustRaftElection, OneVoteATermAlsoOverARestart) {
  TrustRaftLone t;
  t.request(t.other(1), 1, t.start());
  t.time_out();
  t.request(t.other(2), 1, t.start());
  t.c.crash(t.me);
  t.c.restart(t.me);
  t.request(t.other(2), 1, t.start());
  t.c.run_for(3'000'000);
  for (const ViewChange& vc : t.all<ViewChange>()) EXPECT_EQ(vc.leader, t.other(1));
  EXPECT_TRUE(t.c.violations.empty());
}

TEST(TrustRaftElection, AVoteIsDurableBeforeItIsSent) {
  TrustRaftLone t;
  t.request(t.other(1), 1, t.start());
  t.c.hold_disk(t.me);
  t.time_out();
  EXPECT_FALSE(t.view_change());
  t.c.crash(t.me);
  t.c.restart(t.me);
  EXPECT_EQ(t.status().view, 0u) << "what did not leave may be forgotten";
  t.c.node(t.me).hold_disk = false;
  t.time_out();
  EXPECT_EQ(t.node().disk.record->voted_for, t.voted_for());
}

TEST(TrustRaftElection, AVoteThatWasTornOffIsSaidAgainOnceItsCertificateIsBack) {
  TrustRaftLone t;
  const auto chain = t.run_to(1);
  t.request(t.other(1), 1, t.start());
  const Certificate first = t.certificate({0, 0, 0}, chain[0], 3);
  t.confirm(t.other(2), {0, 0, 0}, chain[0]);  // with the leader's and other(1)'s: it knows the certificate
  t.c.hold_disk(t.me);
  t.time_out();
  t.c.crash(t.me, true);  // of what it wrote the record alone is left
  t.node().hold_disk = false;
  ASSERT_EQ(t.node().disk.record->voted_for, t.other(1));
  t.c.restart(t.me);
  t.c.run_for(2'000'000);
  EXPECT_FALSE(t.view_change()) << "it cannot carry the certificate that it knew";
  t.hear(t.other(2), t.vote(t.other(2), 1, t.other(2), t.justify(first)));
  t.c.run_for(2'000'000);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.voted_for(), t.other(1));
  EXPECT_EQ(t.view_change()->high_qc.slot, first.slot);
}

TEST(TrustRaftElection, AVoteWhoseRecordWasTornOffWasNotGiven) {
  TrustRaftLone t;
  ChainState chain;
  chain.tip = t.c.info(t.c.genesis()).block->header;
  chain.tip_digest = chain.epoch_start = t.c.genesis();
  chain.committee = t.c.committee(0);
  Recovered log;
  log.vote.emplace();
  log.vote->sequence = 1;
  log.vote->view = 1;
  log.vote->view_changing = true;
  log.vote->high_block = t.c.genesis();
  log.own_view_change = t.vote(t.self(), 1, t.other(1), t.start());
  const TestSigner signer(t.self());
  const auto engine =
      make_engine({t.c.chain_id(), t.c.options().params, t.self(), {}, false}, chain, log, signer, t.c.verifier());
  Effects effects;
  engine->step(t.c.now(), Started{}, effects);
  size_t said = 0;
  for (const Effect& effect : effects)
    if (const auto* send = std::get_if<Send>(&effect))
      if (const auto* vc = std::get_if<ViewChange>(&send->message->payload)) {
        ++said;
        EXPECT_EQ(vc->leader, kNobody) << "it may have to vote for another yet";
      }
  EXPECT_EQ(said, 1u);
}

TEST(TrustRaftElection, WhoIsCarriedAlongStandsOnlyAfterAWhileAndGrantsAtOnce) {
  TrustRaftLone t;
  // f+1 have left term 0, and none of them stands.
  t.hear(t.other(1), t.vote(t.other(1), 1, kNobody, t.start()));
  EXPECT_EQ(t.status().view, 0u) << "one member may lie about its time-out";
  t.hear(t.other(2), t.vote(t.other(2), 1, kNobody, t.start()));
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kJoined);
  EXPECT_EQ(t.voted_for(), kNobody);
  t.request(t.leader, 1, t.start());
  EXPECT_EQ(t.voted_for(), kNobody) << "it was left: not for f+1 terms";
  t.request(t.other(1), 1, t.start());
  EXPECT_EQ(t.voted_for(), t.other(1)) << "the one that now asks; it had named nobody";
}

TEST(TrustRaftElection, WhoIsCarriedAlongAndHearsNoRequestStands) {
  TrustRaftLone t;
  t.hear(t.other(1), t.vote(t.other(1), 1, kNobody, t.start()));
  t.hear(t.other(2), t.vote(t.other(2), 1, kNobody, t.start()));
  const int64_t turn = trust_raft_front_end().stand_delay_us(500'000, t.c.committee(0), t.self(), 1);
  t.c.run_for(turn - 1);
  if (turn > 0) {
    EXPECT_EQ(t.voted_for(), kNobody);
  }
  t.c.run_for(1);
  EXPECT_EQ(t.voted_for(), t.self());
}

TEST(TrustRaftElection, TheFirstVoteOfATermThatNamesSomebodyStands) {
  TrustRaftLone t;
  t.time_out();
  ASSERT_EQ(t.voted_for(), t.self());
  t.hear(t.other(1), t.vote(t.other(1), 1, t.other(2), t.start()));
  t.hear(t.other(1), t.vote(t.other(1), 1, t.self(), t.start()));  // a second vote of one member
  t.hear(t.leader, t.vote(t.leader, 1, t.self(), t.start()));
  EXPECT_EQ(t.sent_count<NewView>(), 0u);
  t.hear(t.other(2), t.vote(t.other(2), 1, kNobody, t.start()));
  t.hear(t.other(2), t.vote(t.other(2), 1, t.self(), t.start()));  // its first
  EXPECT_EQ(t.sent_count<NewView>(), 1u);
}

TEST(TrustRaftElection, OneMemberRaisesNobodysTerm) {
  TrustRaftLone t;
  for (View term : {1, 2, 100, 1'000}) t.request(t.other(1), term, t.start());
  t.c.run_for(400'000);
  EXPECT_EQ(t.status().view, 0u);
  t.time_out();
  EXPECT_EQ(t.status().view, 1u);
  t.c.run_for(60'000'000);
  EXPECT_EQ(t.status().view, 1u) << "two of four are no proof that term 1 is in use";
}

TEST(TrustRaftElection, WhoWasElectedAndFailedGetsNoVoteForTheNextTerms) {
  TrustRaftLone t;
  const ValidatorId eager = t.other(1);
  for (View term = 1; term <= 4; ++term) t.request(eager, term, t.start());
  t.time_out();
  ASSERT_EQ(t.voted_for(), eager);
  t.hear(t.leader, t.vote(t.leader, 1, eager, t.start()));  // with its own: a quorum
  t.hear(t.other(2), t.vote(t.other(2), 1, eager, t.start()));
  t.c.run_until([&] { return t.status().view == 2; }, 60'000'000);
  EXPECT_EQ(t.voted_for(), t.self()) << "it had its term, and nothing came of it";
  t.hear(t.leader, t.vote(t.leader, 2, t.leader, t.start()));
  t.hear(t.other(2), t.vote(t.other(2), 2, t.leader, t.start()));
  t.c.run_until([&] { return t.status().view == 3; }, 60'000'000);
  EXPECT_EQ(t.voted_for(), t.self());
  t.hear(t.leader, t.vote(t.leader, 3, t.leader, t.start()));
  t.hear(t.other(2), t.vote(t.other(2), 3, t.leader, t.start()));
  t.c.run_until([&] { return t.status().view == 4; }, 60'000'000);
  EXPECT_EQ(t.voted_for(), eager) << "f+1 terms later it may try again";
}

TEST(TrustRaftElection, VotesThatSayTooMuchOrForNobodyEligibleAreRefused) {
  TrustRaftLone t;
  const auto chain = t.run_to(2);
  ViewChange vc = t.unsigned_view_change(t.other(1), 1, t.start());
  vc.leader = t.other(1);
  vc.last_vote = t.last_vote({0, 0, 0}, chain[0]);
  t.hear(t.other(1), t.signed_view_change(vc));
  EXPECT_EQ(t.node().dropped("grant_with_last_vote"), 1u);
  t.hear(t.other(1), t.vote(t.other(1), 1, 99, t.start()));
  EXPECT_EQ(t.node().dropped("grant_not_eligible"), 1u);
  t.hear(t.other(1), t.vote(t.other(1), 0, t.other(1), t.start()));
  EXPECT_EQ(t.node().dropped("view_change_wrong_leader"), 1u);
  ViewChange replayed = t.unsigned_view_change(t.other(2), 1, t.start());
  replayed.leader = t.other(1);
  ViewChange elsewhere = replayed;
  elsewhere.view = 2;
  const MessagePtr message = t.signed_view_change(elsewhere);
  const auto& signed_elsewhere = std::get<ViewChange>(message->payload);
  replayed.signature = signed_elsewhere.signature;
  replayed.timeout_signature = signed_elsewhere.timeout_signature;
  t.hear(t.other(2), make_message(replayed));
  EXPECT_EQ(t.node().dropped("view_change_bad_signature"), 1u) << "a vote of one term is none of another";
  EXPECT_EQ(t.sent_count<ViewChange>(), 0u);
}

// --- the election certificate ---------------------------------------------------------------------------------------

TEST(TrustRaftElection, TheElectedExtendsTheHighestCertificateOfItsVotes) {
  TrustRaftLone t;
  const auto chain = t.run_to(3);  // its own highest certificate is of index 1
  t.time_out();
  const Certificate newer = t.certificate({0, 0, 2}, chain[2], 3);
  t.hear(t.other(1), t.vote(t.other(1), 1, t.self(), t.start()));
  EXPECT_TRUE(t.proposals().empty());
  t.hear(t.other(2), t.vote(t.other(2), 1, t.self(), t.justify(newer)));
  ASSERT_EQ(t.proposals().size(), 1u);
  const Propose p = t.proposals().front();
  EXPECT_EQ(p.slot, (Slot{0, 1, 0}));
  EXPECT_EQ(p.header.parent, chain[2]->digest);
  EXPECT_EQ(p.justify.slot, newer.slot);
  ASSERT_TRUE(p.new_view);
  EXPECT_EQ(std::get<NewView>(p.new_view->payload).entries.size(), 3u);
}

TEST(TrustRaftElection, AVoterFollowsTheCertificateEvenBelowItsOwn) {
  TrustRaftLone t;
  const auto chain = t.run_to(3);
  // A quorum without this member knows of index 0 only: nothing above it can be committed.
  const Justify low = t.justify(t.certificate({0, 0, 0}, chain[0], 3));
  const BlockPtr other_way = t.block(chain[0]->digest, "other way");
  t.propose({0, 1, 0}, other_way, low, t.election(1, t.other(1), low), t.other(1));
  EXPECT_EQ(t.confirmed(), other_way->digest) << "refusing would deadlock on hidden locks";
}

TEST(TrustRaftElection, NoFewerThanAQuorumOfVotesOfOneTermForOneElectsIt) {
  TrustRaftLone t;
  const ValidatorId x = t.other(1), y = t.other(2);
  const auto v = [&](ValidatorId id, View term, ValidatorId to) { return t.vote(id, term, to, t.start()); };
  const BlockPtr b = t.block(t.c.genesis());
  const auto refused = [&](const std::vector<MessagePtr>& votes, ValidatorId by) {
    const size_t before = t.node().dropped("propose_bad_new_view");
    t.propose({0, 1, 0}, b, t.start(), t.election(1, by, votes, t.start()), by);
    return t.node().dropped("propose_bad_new_view") == before + 1;
  };
  EXPECT_TRUE(refused({v(x, 1, x), v(y, 1, x)}, x)) << "two of four";
  EXPECT_TRUE(refused({v(x, 1, x), v(y, 1, x), v(t.leader, 2, x)}, x)) << "a vote of another term";
  EXPECT_TRUE(refused({v(x, 1, x), v(y, 1, y), v(t.leader, 1, x)}, x)) << "a vote for another";
  EXPECT_TRUE(refused({v(x, 1, x), v(y, 1, x), v(t.leader, 1, x)}, y)) << "another leads with it";
  EXPECT_TRUE(refused({v(x, 1, kNobody), v(y, 1, kNobody), v(t.leader, 1, kNobody)}, x)) << "votes for nobody";
  ViewChange forged = t.unsigned_view_change(t.leader, 1, t.start());
  forged.leader = x;
  forged.timeout_signature = t.sign(x, t.c.genesis());
  EXPECT_TRUE(refused({v(x, 1, x), v(y, 1, x), make_message(forged)}, x)) << "nobody signed it";
  EXPECT_EQ(t.confirms(), 0u);
  EXPECT_EQ(t.status().view, 0u);
  t.propose({0, 1, 0}, b, t.start(), t.election(1, x, t.start()), x);
  EXPECT_EQ(t.confirmed(), b->digest);
}

TEST(TrustRaftElection, ACertificateThatForgetsTheHighestOfItsVotesIsRefused) {
  TrustRaftLone t;
  const auto chain = t.run_to(3);
  const Justify high = t.justify(t.certificate({0, 0, 1}, chain[1], 3));
  std::vector<MessagePtr> votes;
  for (const ValidatorId id : {t.leader, t.other(1)}) votes.push_back(t.vote(id, 1, t.other(1), t.start()));
  votes.push_back(t.vote(t.other(2), 1, t.other(1), high));
  const size_t before = t.confirms();
  t.propose({0, 1, 0}, t.block(t.c.genesis(), "forgetful"), t.start(), t.election(1, t.other(1), votes, t.start()),
            t.other(1));
  EXPECT_EQ(t.confirms(), before);
  EXPECT_EQ(t.node().dropped("propose_bad_new_view"), 1u);
}

// --- leading and being led ------------------------------------------------------------------------------------------

TEST(TrustRaft, VotesGoToTheLeaderAlone) {
  TrustRaftLone t;
  size_t to_another = 0;
  t.c.filter = [&](const Node& from, const Node& to, const Message& m) {
    to_another += from.index == t.me && to.id != t.leader && std::holds_alternative<Confirm>(m.payload);
    return Fate::kDeliver;
  };
  t.run_to(2);
  EXPECT_EQ(t.confirms(), 2u);
  EXPECT_EQ(to_another, 0u) << "one that is no leader is up, and gets none";
}

TEST(TrustRaft, TheLeaderOfATermEnteredByACertificateIsAskedFor) {
  TrustRaftLone t;
  const ValidatorId x = t.other(1);
  const BlockPtr a = t.block(t.c.genesis(), "a");
  const Certificate first = t.certificate({0, 1, 0}, a, 3);
  const BlockPtr b = t.block(a->digest, "b");
  t.c.node(t.spare).held.insert(a->digest);
  t.propose({0, 1, 1}, b, t.justify(first), nullptr, x);
  EXPECT_EQ(t.status().view, 1u) << "the certificate shows the term";
  EXPECT_FALSE(t.status().primary) << "but not whose it is";
  EXPECT_EQ(t.confirms(), 0u);
  ASSERT_EQ(t.sent_count<Heartbeat>(), 1u) << "so it asks";
  t.hear(x, t.election(1, x, t.start()));
  EXPECT_EQ(t.status().primary, x);
  t.propose({0, 1, 1}, b, t.justify(first), nullptr, x);
  EXPECT_EQ(t.confirmed(), b->digest);
}

TEST(TrustRaft, WhoeverHoldsTheElectionCertificateAnswersTheQuestion) {
  TrustRaftLone t;
  const BlockPtr b = t.block(t.c.genesis());
  t.propose({0, 1, 0}, b, t.start(), t.election(1, t.other(1), t.start()), t.other(1));
  t.sent.clear();
  t.hear(t.other(2), make_message(Heartbeat{0, 1, 0}));
  EXPECT_EQ(t.sent_count<NewView>(), 1u);
  t.hear(t.other(1), make_message(Heartbeat{0, 1, 0}));
  EXPECT_EQ(t.sent_count<NewView>(), 1u) << "the leader's own heartbeat is no question";
}

TEST(TrustRaft, ASilentLeaderIsLeftThoughNothingIsPendingAndOneThatBeatsIsNot) {
  TrustRaftLone t;
  for (int i = 0; i < 100; ++i) {
    t.hear(t.leader, make_message(Heartbeat{0, 0, 0}));
    t.c.run_for(500'000);
  }
  EXPECT_EQ(t.status().view, 0u);
  t.c.run_for(2 * kSilenceFactor * 500'000);
  EXPECT_EQ(t.status().view, 1u);
}

TEST(TrustRaft, HeartbeatsDoNotKeepALeaderThatLeavesATransactionLying) {
  TrustRaftLone t;
  t.c.submit(1);
  for (int i = 0; i < 11; ++i) {
    t.hear(t.leader, make_message(Heartbeat{0, 0, 0}));
    t.c.run_for(100'000);
  }
  EXPECT_EQ(t.status().view, 1u) << "no news came with them";
}

TEST(TrustRaft, ATermIsNotOverBeforeItsSecondSlot) {
  LoneOptions o;
  o.tune = [](ConsensusParams& p) { p.tenure_ms = 100; };
  TrustRaftLone t(o);
  t.c.run_for(500'000);  // longer than the tenure before anything is proposed
  const auto chain = t.run_to(2);
  EXPECT_EQ(t.confirms(), 2u) << "two slots in a row are what commits";
  EXPECT_EQ(t.status().view, 0u);
  t.propose({0, 0, 2}, t.block(chain[1]->digest), t.justify(t.certificate({0, 0, 1}, chain[1], 3)));
  EXPECT_EQ(t.confirms(), 2u);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->kind, ViewChangeKind::kPlanned);
}

TEST(TrustRaft, AnIdleLeaderTellsWhatIsCommittedWithoutAProposal) {
  LoneOptions o;
  o.lead = true;
  TrustRaftLone t(o);
  t.c.submit(1);
  t.c.run_for(10'000);
  ASSERT_EQ(t.proposals().size(), 1u);
  for (size_t i = 0; i < 2; ++i) {
    const Propose p = t.proposals().back();
    t.confirm(t.other(1), p.slot, p.header);
    t.confirm(t.other(2), p.slot, p.header);
    t.c.run_for(10'000);
  }
  EXPECT_EQ(t.node().height(), 1u) << "two certificates in a row";
  ASSERT_EQ(t.sent_count<Decided>(), 1u) << "nobody else has seen the votes";
  EXPECT_TRUE(t.all<Decided>().front().proof.second);
  EXPECT_EQ(t.proposals().size(), 2u) << "no further empty block";
}

}  // namespace
}  // namespace tieline::testing
