// Blocks on their way through neighbours: who is sent what, what is refused and by which code, who is left out when its
// lease ends, and that nothing is lost where relays say nothing or lie.

#include "replica/relay.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <set>

#include "crypto/sim_scheme.h"

namespace tieline::replica {
namespace {

using consensus::MessagePtr;

constexpr size_t kMembers = 7;  // on a line, 100 m from one to the next; f = 2, so three neighbours at least
constexpr int64_t kHeartbeatUs = 50'000;

struct Sent {
  std::vector<ValidatorId> to;
  Frame frame;
};

struct RelayTest : ::testing::Test {
  RelayTest() : keys(3, kMembers) {
    params.engine = EngineKind::kTrustRaft;
    params.timeout_ms = 150;
    ProximityParams& p = params.proximity.emplace();
    p.relay = true;
    p.region_m2 = 1;  // nobody is within Q1: the three nearest are neighbours
    p.lease_ms = 10'000;
    for (size_t i = 0; i < kMembers; ++i) p.positions.push_back({static_cast<uint32_t>(1'000 + 100 * i), 0});
  }
  Committee committee(Epoch epoch) const {
    std::vector<Member> members;
    for (size_t i = 0; i < kMembers; ++i) {
      Member m;
      m.id = static_cast<ValidatorId>(i);
      m.org = static_cast<OrgId>(i + 1);
      m.key = keys.key(i);
      m.bls_key = keys.bls_key(i);
      members.push_back(m);
    }
    return {epoch, Hash{}, std::move(members), FaultModel::kWeighted};
  }
  Relay& relay(ValidatorId id) {
    auto& slot = relays[id];
    if (!slot) {
      signers[id] = std::make_unique<SimSigner>(keys.signer(id));
      slot = std::make_unique<Relay>(params, chain, id, signers[id].get(), keys);
      slot->renew(committee(0), 0);
    }
    return *slot;
  }
  static MessagePtr propose(int64_t index, Epoch epoch = 0) {
    consensus::Propose p;
    p.slot = {epoch, 0, index};
    p.header.height = static_cast<Height>(index + 1);
    p.justify.slot = {epoch, 0, index - 1};
    if (index > 0) {  // only the start of an epoch needs none
      Certificate& c = p.justify.certificate.emplace();
      c.slot = p.justify.slot;
    }
    return consensus::make_message(std::move(p));
  }
  static Hash block_of(const MessagePtr& m) { return std::get<consensus::Propose>(m->payload).header.digest(); }
  RelayFrame frame(const MessagePtr& m, ValidatorId origin, std::set<size_t> have = {}) const {
    RelayFrame f{origin, {}, keys.signer(origin).sign(relay_digest(chain, origin, m->digest).view()), m->bytes};
    for (size_t at : have) f.have.insert(at);
    return f;
  }
  MessagePtr hear(ValidatorId me, ValidatorId from, const RelayFrame& f) {
    return relay(me).on_frame(from, f, consensus::decode_message(f.message), context);
  }
  void pump(ValidatorId me) { relay(me).pump(all, context); }
  void pass(int64_t us) { context.now.mono_us += us; }
  std::vector<Sent> sent() {
    std::vector<Sent> out;
    for (const Effect& e : effects)
      if (const auto* s = std::get_if<SendFrame>(&e)) out.push_back({s->to, *decode_frame(s->frame, s->frame.size())});
    effects.clear();
    return out;
  }
  template <class F>
  std::vector<std::pair<ValidatorId, F>> sent_of() {
    std::vector<std::pair<ValidatorId, F>> out;
    for (const Sent& s : sent())
      if (const auto* f = std::get_if<F>(&s.frame))
        for (ValidatorId to : s.to) out.emplace_back(to, *f);
    return out;
  }
  uint64_t counted(const std::string& code) const {
    uint64_t n = 0;
    for (const Effect& e : effects)
      if (const auto* c = std::get_if<Counted>(&e); c != nullptr && code == c->name) n += c->by;
    return n;
  }

  SimKeys keys;
  ConsensusParams params;
  const ChainId chain{};
  std::map<ValidatorId, std::unique_ptr<SimSigner>> signers;
  std::map<ValidatorId, std::unique_ptr<Relay>> relays;
  Limits limits;
  Effects effects;
  Context context{limits, {1'000'000, 0}, &effects};
  std::vector<ValidatorId> all{0, 1, 2, 3, 4, 5, 6};
};

TEST_F(RelayTest, TheLeaderSendsToItsNeighboursAndTellsTheOthers) {
  EXPECT_TRUE(relay(0).lead(propose(0), all, all, context).empty());
  std::set<ValidatorId> whole, told;
  for (const Sent& s : sent())
    for (ValidatorId to : s.to) (std::holds_alternative<RelayFrame>(s.frame) ? whole : told).insert(to);
  EXPECT_EQ(whole, (std::set<ValidatorId>{1, 2, 3}));
  EXPECT_EQ(told, (std::set<ValidatorId>{4, 5, 6}));
}

TEST_F(RelayTest, WhoIsNotConnectedOrStandsNowhereIsServedDirectly) {
  params.proximity->positions.resize(6);
  EXPECT_EQ(relay(0).lead(propose(0), all, {1, 2, 3, 4, 6}, context), (std::vector<ValidatorId>{5, 6}));
}

TEST_F(RelayTest, WithoutARelayInGenesisEverybodyIs) {
  params.proximity->relay = false;
  EXPECT_FALSE(relay(0).on());
  EXPECT_EQ(relay(0).lead(propose(0), all, all, context), all);
}

TEST_F(RelayTest, SentAgainItGoesToEverybodyAndSoDoTheNextOnes) {
  const MessagePtr first = propose(0);
  relay(0).lead(first, all, all, context);
  EXPECT_EQ(relay(0).lead(first, all, all, context), all);
  EXPECT_EQ(counted("relay_fallbacks"), 1u);
  for (uint32_t i = 0; i < kDirectAfterFallback; ++i)
    EXPECT_EQ(relay(0).lead(propose(1 + i), all, all, context), all) << i;
  EXPECT_TRUE(relay(0).lead(propose(1 + kDirectAfterFallback), all, all, context).empty()) << "then it tries again";
}

TEST_F(RelayTest, TheNearestHolderPassesItOnOnceItsEngineTookItAndNobodyElseDoes) {
  const MessagePtr m = propose(0);
  for (ValidatorId me : {ValidatorId{2}, ValidatorId{3}}) {
    ASSERT_NE(hear(me, 0, frame(m, 0, {0, 1, 2, 3})), nullptr);
    const auto answer = sent_of<RelayHave>();
    ASSERT_EQ(answer.size(), 1u);
    EXPECT_EQ(answer[0].first, 0);
    EXPECT_EQ(answer[0].second.have.count(), 4u);
    pump(me);
    EXPECT_TRUE(sent().empty()) << "the engine has not taken it";
    relay(me).accepted(block_of(m));
    pump(me);
    std::set<ValidatorId> to;
    for (const auto& [id, f] : sent_of<RelayFrame>()) {
      to.insert(id);
      EXPECT_EQ(f.have.count(), kMembers);
    }
    EXPECT_EQ(to, me == 3 ? (std::set<ValidatorId>{4, 5, 6}) : std::set<ValidatorId>{}) << me;
    relay(me).accepted(block_of(m));
    pump(me);
    EXPECT_TRUE(sent().empty()) << "once";
  }
}

TEST_F(RelayTest, WhoGotItFromARelayServesNobody) {
  const MessagePtr m = propose(0);
  ASSERT_NE(hear(4, 3, frame(m, 0, {0, 1, 2, 3, 4})), nullptr);
  relay(4).accepted(block_of(m));
  pump(4);
  EXPECT_TRUE(sent_of<RelayFrame>().empty());
}

TEST_F(RelayTest, WhoIsNotConnectedOrLostItsLeaseIsNotPassedAnything) {
  const MessagePtr m = propose(0);
  for (ValidatorId id : std::vector<ValidatorId>{0, 1, 2, 4, 5}) relay(3).heard(id);
  relay(3).renew(committee(0), 10'000);
  hear(3, 0, frame(m, 0, {0, 1, 2, 3}));
  relay(3).accepted(block_of(m));
  relay(3).pump({0, 1, 2, 5, 6}, context);
  const auto next = sent_of<RelayFrame>();
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].first, 5);
}

TEST_F(RelayTest, OneThatComesTwiceIsAnsweredAndSeenOnce) {
  const MessagePtr m = propose(0);
  EXPECT_NE(hear(4, 2, frame(m, 0)), nullptr);
  EXPECT_EQ(hear(4, 3, frame(m, 0)), nullptr);
  EXPECT_EQ(sent_of<RelayHave>().size(), 2u);
}

TEST_F(RelayTest, WhatIsWrongGetsItsCodeAndNothingElse) {
  const MessagePtr m = propose(5);
  const auto refused = [&](ValidatorId from, const RelayFrame& f, const char* code) {
    EXPECT_EQ(hear(4, from, f), nullptr) << code;
    EXPECT_EQ(counted(code), 1u) << code;
    EXPECT_TRUE(sent().empty()) << code;
  };
  RelayFrame forged = frame(m, 0);
  forged.signature = keys.signer(2).sign(relay_digest(chain, 0, m->digest).view());
  refused(2, forged, "relay_bad_signature");
  RelayFrame changed = frame(m, 0);
  changed.message = propose(6)->bytes;
  refused(2, changed, "relay_bad_signature");
  RelayFrame of_another = frame(m, 0);
  of_another.origin = 3;
  refused(2, of_another, "relay_bad_signature");
  refused(2, frame(consensus::make_message(consensus::Heartbeat{}), 0), "relay_not_a_proposal");
  RelayFrame garbage = frame(m, 0);
  garbage.message = Blob(Bytes(9, 1));
  refused(2, garbage, "relay_not_a_proposal");
  refused(kMembers, frame(m, 0), "relay_not_a_member");
  RelayFrame stranger = frame(m, 0);
  stranger.origin = kMembers;
  refused(2, stranger, "relay_not_a_member");
  refused(2, frame(propose(0, 2), 0), "relay_other_epoch");
  refused(2, frame(m, 0, {kMembers}), "relay_have_malformed");
  EXPECT_NE(hear(4, 2, frame(m, 0)), nullptr) << "and none of it spoilt the good one";
}

TEST_F(RelayTest, AnOldOneIsNotHandedToTheEngineAgain) {
  EXPECT_NE(hear(4, 2, frame(propose(5), 0)), nullptr);
  effects.clear();
  EXPECT_EQ(hear(4, 2, frame(propose(4), 0)), nullptr);
  EXPECT_EQ(counted("relay_old"), 1u);
  EXPECT_NE(hear(4, 2, frame(propose(4), 1)), nullptr) << "another's slots are its own";
}

TEST_F(RelayTest, ASecondContentOfASlotReachesTheEngineAndAThirdDoesNot) {
  const auto other = [](int64_t time_ms) {
    consensus::Propose p = std::get<consensus::Propose>(propose(5)->payload);
    p.header.time_ms = time_ms;
    return consensus::make_message(std::move(p));
  };
  EXPECT_NE(hear(4, 2, frame(propose(5), 0)), nullptr);
  EXPECT_NE(hear(4, 2, frame(other(7), 0)), nullptr) << "that is evidence";
  EXPECT_EQ(hear(4, 2, frame(other(8), 0)), nullptr);
}

TEST_F(RelayTest, WhoWasToldAndGetsNothingAsksTheLeaderThenThoseThatHaveIt) {
  const MessagePtr m = propose(0);
  RelayHave told{0, {0, 0, 0}, m->digest, {}};
  for (size_t at : {0, 1, 3}) told.have.insert(at);
  relay(5).on_have(0, told, context);
  const auto asked = [&](int64_t after_us) -> std::vector<ValidatorId> {
    pass(after_us);
    pump(5);
    std::vector<ValidatorId> whom;
    for (const auto& [to, pull] : sent_of<RelayPull>()) whom.push_back(to);
    return whom;
  };
  EXPECT_EQ(asked(kPullAfterHeartbeats * kHeartbeatUs - 1), std::vector<ValidatorId>{});
  EXPECT_EQ(asked(1), std::vector<ValidatorId>{0});
  EXPECT_EQ(asked(kHeartbeatUs), std::vector<ValidatorId>{1});
  EXPECT_EQ(asked(kHeartbeatUs), std::vector<ValidatorId>{3});
  EXPECT_EQ(asked(kHeartbeatUs), std::vector<ValidatorId>{}) << "each once";
  EXPECT_FALSE(relay(5).deadline());
}

TEST_F(RelayTest, WhatCameIsNotAskedForWhicheverWayItCame) {
  const MessagePtr by_relay = propose(0), directly = propose(1);
  for (const MessagePtr& m : {by_relay, directly}) {
    const auto& p = std::get<consensus::Propose>(m->payload);
    relay(5).on_have(0, {0, p.slot, m->digest, {}}, context);
  }
  hear(5, 3, frame(by_relay, 0));
  relay(5).came_directly(0, *directly);
  sent();
  pass(10 * kHeartbeatUs);
  pump(5);
  EXPECT_TRUE(sent_of<RelayPull>().empty());
}

TEST_F(RelayTest, OnlyTheAuthorAnnouncesAndOnlySoMuchIsAwaited) {
  for (int64_t i = 0; i < 10; ++i) relay(5).on_have(2, {0, {0, 0, i}, propose(i)->digest, {}}, context);
  EXPECT_FALSE(relay(5).deadline()) << "2 is not the author";
  for (int64_t i = 0; i < 10; ++i) relay(5).on_have(2, {2, {0, 0, i}, propose(i)->digest, {}}, context);
  pass(10 * kHeartbeatUs);
  pump(5);
  EXPECT_EQ(sent_of<RelayPull>().size(), kPullsMax);
}

TEST_F(RelayTest, APullIsAnsweredOnceWithTheAuthorsOwnSignature) {
  const MessagePtr m = propose(0);
  hear(4, 2, frame(m, 0));
  sent();
  relay(4).on_pull(5, {m->digest}, context);
  const auto answer = sent_of<RelayFrame>();
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(answer[0].first, 5);
  EXPECT_NE(hear(5, 4, answer[0].second), nullptr);
  effects.clear();
  relay(4).on_pull(5, {m->digest}, context);
  relay(4).on_pull(6, {propose(9)->digest}, context);
  EXPECT_EQ(counted("relay_pull_unknown"), 2u);
  EXPECT_TRUE(sent().empty());
}

TEST_F(RelayTest, WhoWasNotHeardForALeaseIsNoNeighbourUntilTheNextBoundary) {
  EXPECT_EQ(relay(0).neighbours(), (std::vector<ValidatorId>{1, 2, 3}));
  for (ValidatorId id : std::vector<ValidatorId>{1, 3, 4, 5, 6}) relay(0).heard(id);
  relay(0).renew(committee(0), 9'999);
  EXPECT_EQ(relay(0).neighbours(), (std::vector<ValidatorId>{1, 2, 3})) << "not before the boundary";
  relay(0).renew(committee(0), 10'000);
  EXPECT_EQ(relay(0).neighbours(), (std::vector<ValidatorId>{1, 3, 4}));
  EXPECT_EQ(relay(0).lead(propose(0), all, all, context), std::vector<ValidatorId>{2}) << "the leader serves it itself";
  for (ValidatorId id : std::vector<ValidatorId>{1, 2, 3, 4, 5, 6}) relay(0).heard(id);
  relay(0).renew(committee(0), 19'999);
  EXPECT_EQ(relay(0).neighbours(), (std::vector<ValidatorId>{1, 3, 4}));
  relay(0).renew(committee(0), 20'000);
  EXPECT_EQ(relay(0).neighbours(), (std::vector<ValidatorId>{1, 2, 3}));
}

TEST_F(RelayTest, OneOfTheNextEpochIsHandedToTheEngineAndPassedOnOnceItsEpochIsHere) {
  const MessagePtr m = propose(0, 1);
  ASSERT_NE(hear(3, 0, frame(m, 0, {0, 1, 2, 3})), nullptr);
  relay(3).accepted(block_of(m));
  sent();
  pump(3);
  EXPECT_TRUE(sent().empty());
  relay(3).renew(committee(1), 1);
  relay(3).accepted(block_of(m));
  pump(3);
  EXPECT_EQ(sent_of<RelayFrame>().size(), 3u);
}

TEST_F(RelayTest, SevenInALineAllHaveItAfterTwoHopsAndNobodyTwice) {
  const MessagePtr m = propose(0);
  std::deque<std::pair<ValidatorId, Sent>> wire;
  const auto leaves = [&](ValidatorId from) {
    for (Sent& s : sent()) wire.emplace_back(from, std::move(s));
  };
  relay(0).lead(m, all, all, context);
  leaves(0);
  std::set<ValidatorId> have{0};
  size_t frames = 0;
  while (!wire.empty()) {
    const auto [from, s] = std::move(wire.front());
    wire.pop_front();
    for (const ValidatorId to : s.to) {
      if (const auto* h = std::get_if<RelayHave>(&s.frame)) relay(to).on_have(from, *h, context);
      if (const auto* f = std::get_if<RelayFrame>(&s.frame)) {
        ++frames;
        if (hear(to, from, *f) != nullptr) {
          have.insert(to);
          relay(to).accepted(block_of(m));
        }
      }
      pump(to);
      leaves(to);
    }
  }
  EXPECT_EQ(have.size(), kMembers);
  EXPECT_EQ(frames, kMembers - 1);
}

}  // namespace
}  // namespace tieline::replica
