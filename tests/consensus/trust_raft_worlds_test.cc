// Whole networks of trust_raft in the cases that trust itself brings: it is gamed and then betrayed, terms are
// inflated, weights change while members crash, and those who are trusted are down or are none. Engines only; the law
// that moves trust has its own tests (tests/standing/trust_test.cc), here a test says what the tables hold.

#include <gtest/gtest.h>

#include "cluster.h"
#include "consensus/trust_raft/candidates.h"

namespace tieline::testing {
namespace {

constexpr uint32_t kTrusted = kTrustedAbove + 1, kRegular = kRegularAbove + 1, kFaulty = 1;

ClusterOptions options_of(size_t n, uint32_t epoch_blocks = 1'000'000) {
  ClusterOptions o;
  o.n = n;
  o.params.engine = EngineKind::kTrustRaft;
  o.params.epoch_blocks = epoch_blocks;
  return o;
}

View highest_view(const Cluster& c) {
  View out = 0;
  for (size_t i = 0; i < c.nodes(); ++i)
    if (c.node(i).up && !c.node(i).byzantine) out = std::max(out, c.node(i).engine->status().view);
  return out;
}

Epoch epoch_of(const Cluster& c, size_t index) { return c.node(index).engine->status().epoch; }

// It is the most trusted of all and leads every epoch until it equivocates; two epochs later its trust is gone.
TEST(TrustWorlds, TrustGamedThenBetrayed) {
  constexpr size_t kGamer = 3;
  std::optional<Epoch> betrayed;
  ClusterOptions o = options_of(7, 4);
  o.trust = [&](Epoch epoch, size_t i) -> uint32_t {
    if (i != kGamer) return kTrusted;
    return betrayed && epoch >= *betrayed + 2 ? 0 : kTrustOne;
  };
  Cluster c(o);
  size_t led_after = 0, proofs = 0;
  c.on_send = [&](const Node& from, const Message& m) {
    const auto* p = std::get_if<Propose>(&m.payload);
    if (p == nullptr) return;
    if (from.index == kGamer && betrayed && p->slot.epoch >= *betrayed + 2) ++led_after;
    if (p->evidence.empty()) return;
    const auto evidence = decoded<Evidence>(p->evidence, "evidence");
    ASSERT_TRUE(evidence.ok());
    for (const Equivocation& proof : evidence->equivocations) proofs += proof.signer == c.node(kGamer).id;
  };
  c.start();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(c.leader_index(epoch_of(c, 0), 0), kGamer);
    c.submit(8);
    ASSERT_TRUE(c.run_until_committed());
  }
  // Now it is two at once, each heard by a half of the others, and some hear both.
  betrayed = epoch_of(c, 0);
  const size_t twin = c.add_twin(kGamer);
  c.filter = [&](const Node& from, const Node& to, const Message&) {
    const auto half = [&](const Node& liar, const Node& other) {
      return other.byzantine || other.index < 3 || (other.index % 2 == 0) == (liar.index == twin) ? Fate::kDeliver
                                                                                                  : Fate::kDrop;
    };
    if (from.byzantine) return half(from, to);
    return to.byzantine ? half(to, from) : Fate::kDeliver;
  };
  c.start_one(twin);
  for (int i = 0; i < 12; ++i) {
    c.submit(8);
    ASSERT_TRUE(c.run_until_committed(400'000'000)) << i;
  }
  EXPECT_GE(epoch_of(c, 0), *betrayed + 3);
  EXPECT_EQ(c.committee(*betrayed + 2).at(kGamer).weight, 0u);
  EXPECT_NE(c.leader_index(*betrayed + 2, 0), kGamer);
  EXPECT_EQ(led_after, 0u) << "nobody follows who is malicious";
  EXPECT_GT(proofs, 0u) << "and the proof of why is in blocks";
  EXPECT_TRUE(c.violations.empty()) << c.violations.front();
}

// f liars ask for ever higher terms, in signed requests, with a leader that works and with one that is down.
TEST(TrustWorlds, TermInflation) {
  constexpr size_t kLiar = 1;
  Cluster c(options_of(4));
  c.start();
  const size_t leader = c.leader_index(0, 0);
  const size_t liar = leader == kLiar ? kLiar + 1 : kLiar;
  c.node(liar).byzantine = true;
  const auto inflate = [&](View term) {
    for (size_t i = 0; i < c.nodes(); ++i) {
      if (i == liar) continue;
      ViewChange vc;
      vc.signer = c.node(liar).id;
      vc.view = term;
      vc.leader = vc.signer;
      vc.high_qc = Justify{std::nullopt, Slot{0, 0, -1}, c.genesis(), 0};
      const TestSigner signer(vc.signer);
      vc.timeout_signature = sign_vote(CertificateKind::kList, signer, timeout_digest(c.chain_id(), vc.kind, 0, term));
      vc.signature = signer.sign(view_change_digest(c.chain_id(), vc).view());
      c.inject(i, vc.signer, make_message(std::move(vc)));
    }
  };
  for (View term = 1; term < 40; ++term) {
    inflate(term * term);
    c.submit(1);
    ASSERT_TRUE(c.run_until_committed());
  }
  EXPECT_EQ(highest_view(c), 0u) << "one of four raises nobody's term";
  c.crash(leader);
  for (View term = 1; term < 40; ++term) {
    inflate(highest_view(c) + 1'000 * term);
    c.run_for(100'000);
  }
  EXPECT_LE(highest_view(c), 40u) << "no jump: a term rises by one, when a time-out ends";
  c.restart(leader);
  c.submit(4);
  EXPECT_TRUE(c.run_until_committed(400'000'000));
  EXPECT_LE(highest_view(c), 60u);
  EXPECT_TRUE(c.violations.empty()) << c.violations.front();
}

// The table turns over at every boundary, and somebody goes down in each epoch and comes back in a later one.
TEST(TrustWorlds, WeightsAtABoundaryUnderCrash) {
  for (size_t n : {4, 5, 7}) {
    ClusterOptions o = options_of(n, 3);
    o.trust = [n](Epoch epoch, size_t i) -> uint32_t {
      const size_t place = (i + epoch) % n;
      return place == 0 && n > 4 ? kFaulty : place % 3 == 1 ? kRegular : kTrusted;
    };
    Cluster c(o);
    c.start();
    std::set<uint64_t> weights;
    for (size_t round = 0; round < 24; ++round) {
      const size_t victim = round % n;
      // Some go down with a vote that is not on disk yet, and some in the middle of an epoch's last blocks.
      if (round % 2 == 1) c.hold_disk(victim);
      c.submit(1 + round % 5);
      c.run_for(static_cast<int64_t>(1'000 * (round % 7)));
      c.crash(victim);
      c.run_for(500'000);
      c.restart(victim, round % 3);
      ASSERT_TRUE(c.run_until_committed(400'000'000)) << "n = " << n << ", round " << round;
      weights.insert(c.committee(epoch_of(c, victim)).at(0).weight);
    }
    EXPECT_GE(epoch_of(c, 0), 5u);
    EXPECT_GE(weights.size(), n > 4 ? 2u : 1u) << "with a faulty one among them the trusted weigh more";
    EXPECT_TRUE(c.violations.empty()) << c.violations.front();
  }
}

// Two of seven are trusted and both are gone: after f+1 barren terms the regular stand, and the network goes on.
TEST(TrustWorlds, AllTrustedNodesDown) {
  ClusterOptions o = options_of(7);
  o.trust = [](Epoch, size_t i) -> uint32_t { return i < 2 ? kTrusted : kRegular; };
  Cluster c(o);
  c.start();
  c.submit(4);
  ASSERT_TRUE(c.run_until_committed());
  EXPECT_LT(c.leader_index(0, 0), 2u);
  c.crash(0);
  c.crash(1);
  c.submit(4);
  EXPECT_TRUE(c.run_until_committed(400'000'000));
  EXPECT_GT(highest_view(c), c.committee(0).count().f() + 1) << "not before the patience with the trusted was over";
  const auto leads = c.node(2).engine->status().primary;
  ASSERT_TRUE(leads);
  EXPECT_GE(*leads - kFirstId, 2);
  c.restart(0);
  c.restart(1);
  c.submit(4);
  EXPECT_TRUE(c.run_until_committed(400'000'000));
  EXPECT_TRUE(c.violations.empty()) << c.violations.front();
}

// From the second epoch on nobody is trusted: all weigh the same, there is an alarm, and the network goes on, also when
// the first leader goes down.
TEST(TrustWorlds, TrustedSetEmpty) {
  for (const uint32_t trust : {kRegular, kFaulty, uint32_t{0}}) {
    ClusterOptions o = options_of(4, 5);
    o.trust = [trust](Epoch epoch, size_t) -> uint32_t { return epoch < 1 ? kTrusted : trust; };
    Cluster c(o);
    c.start();
    EXPECT_FALSE(c.committee(0).weights_alarm());
    for (int i = 0; i < 8; ++i) {
      c.submit(4);
      ASSERT_TRUE(c.run_until_committed(400'000'000)) << trust;
    }
    const Committee table = c.committee(epoch_of(c, 0));
    ASSERT_GE(table.epoch(), 1u);
    EXPECT_TRUE(table.weights_alarm());
    for (const Member& m : table.members()) EXPECT_EQ(m.weight, 1u);
    const size_t first = c.leader_index(epoch_of(c, 0), 0);
    c.crash(first);
    for (int i = 0; i < 3; ++i) {
      c.submit(4);
      ASSERT_TRUE(c.run_until_committed(400'000'000)) << trust;
    }
    EXPECT_TRUE(c.violations.empty()) << c.violations.front();
  }
}

}  // namespace
}  // namespace tieline::testing
