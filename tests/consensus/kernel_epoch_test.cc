// Epoch ends: void blocks, entering by any commit certificate, early and late messages.

#include <gtest/gtest.h>

#include "lone.h"

namespace tieline::testing {
namespace {

void short_epochs(ConsensusParams& p) { p.epoch_blocks = 2; }
void one_block(ConsensusParams& p) { p.epoch_blocks = 1; }

TEST(Epoch, EndsByContentAndGoesOnWithTheNextCommittee) {
  for (bool fast : {true, false}) {
    ClusterOptions o;
    o.params.fast_path = fast;
    o.params.epoch_blocks = 3;
    Cluster c(o);
    c.start();
    for (int i = 0; i < 12; ++i) {
      c.submit(3);
      ASSERT_TRUE(c.run_until_committed());
    }
    EXPECT_GE(c.node(0).engine->status().epoch, 3u);
    for (const Committed& b : c.node(0).chain) {
      const Header& h = c.info(b.block).block->header;
      EXPECT_FALSE(h.is_void);
      EXPECT_EQ(h.ends_epoch(), h.height % 3 == 0);
      EXPECT_EQ(h.epoch, (h.height - 1) / 3);
    }
    EXPECT_TRUE(c.violations.empty());
  }
}

// Fast path off: the last block needs a successor to be committed, and that must be void.
TEST(Epoch, VoidBlocksOnlyCommitTheLastOneAndAreNeverNumbered) {
  ClusterOptions o;
  o.params.fast_path = false;
  o.params.epoch_blocks = 1;
  Cluster c(o);
  size_t voids = 0;
  c.on_send = [&](const Node&, const Message& m) {
    const auto* p = std::get_if<Propose>(&m.payload);
    if (!p || !p->header.is_void) return;
    ++voids;
    EXPECT_EQ(p->header.tx_count, 0u);
    EXPECT_TRUE(p->evidence.empty());
  };
  c.start();
  c.submit(6);
  ASSERT_TRUE(c.run_until_committed());
  EXPECT_GE(voids, 1u);
  EXPECT_TRUE(c.node(0).chain[0].proof.second->child.is_void);
  EXPECT_TRUE(c.violations.empty());
}

TEST(Epoch, ANumberedBlockAboveTheLastOneOfItsEpochIsInvalid) {
  Lone t({.fast = false, .tune = one_block});
  const BlockPtr e = t.block(t.c.genesis(), "E");
  t.propose({0, 0, 0}, e, t.start());
  const BlockPtr more = t.block(e->digest, "more");
  t.propose({0, 0, 1}, more, t.justify(t.certificate({0, 0, 0}, e, 3)));
  EXPECT_EQ(t.confirmed(), e->digest);
  EXPECT_TRUE(t.view_change());
}

TEST(Epoch, IsEnteredByTwoCertificatesWithAVoidBlock) {
  Lone t({.fast = false, .tune = one_block});
  const BlockPtr e = t.block(t.c.genesis(), "E"), v = t.block(e->digest, "v", 0, 0, true);
  t.propose({0, 0, 0}, e, t.start());
  t.propose({0, 0, 1}, v, t.justify(t.certificate({0, 0, 0}, e, 3)));
  EXPECT_EQ(t.status().epoch, 0u);
  t.confirm(t.other(1), {0, 0, 1}, v);
  EXPECT_EQ(t.status().epoch, 1u);
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_EQ(t.status().high_slot, (Slot{1, 0, -1}));
  EXPECT_EQ(t.status().view, 0u);
}

TEST(Epoch, IsEnteredByCertificatesOnVoidBlocksAlone) {
  Lone t({.fast = false, .tune = one_block});
  const BlockPtr e = t.block(t.c.genesis(), "E"), v = t.block(e->digest, "v", 0, 0, true),
                 w = t.block(v->digest, "w", 0, 0, true);
  t.propose({0, 0, 0}, e, t.start());
  t.c.node(t.spare).held = {e->digest, v->digest, w->digest};
  // E's certificate is never seen alone; two void blocks of a later view stand above it.
  t.confirm(t.other(1), {0, 2, 0}, v);
  t.confirm(t.other(2), {0, 2, 0}, v);
  t.confirm(t.leader, {0, 2, 0}, v);
  t.confirm(t.other(1), {0, 2, 1}, w);
  t.confirm(t.other(2), {0, 2, 1}, w);
  t.confirm(t.leader, {0, 2, 1}, w);
  t.c.inject(t.me, t.other(1), make_message(Heartbeat{}));
  ASSERT_EQ(t.node().height(), 1u);
  EXPECT_EQ(t.node().chain[0].block, e->digest);
  EXPECT_EQ(t.node().chain[0].proof.path.size(), 1u) << "the void block's header leads from E to the certificate";
  EXPECT_EQ(t.status().epoch, 1u);
}

TEST(Epoch, IsEnteredByAFastQuorumOnAVoidBlock) {
  Lone t({.tune = one_block});
  const BlockPtr e = t.block(t.c.genesis(), "E"), v = t.block(e->digest, "v", 0, 0, true);
  t.c.node(t.spare).held = {e->digest, v->digest};
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.confirm(id, {0, 1, 1}, v);
  t.c.inject(t.me, t.other(1), make_message(Heartbeat{}));
  EXPECT_EQ(t.node().height(), 1u);
  EXPECT_EQ(t.status().epoch, 1u);
}

TEST(Epoch, TheLastVoteAndTheHighestCertificateStartAnew) {
  Lone t({.tune = one_block});
  const BlockPtr e = t.block(t.c.genesis(), "E");
  t.propose({0, 0, 0}, e, t.start());
  t.confirm(t.other(1), {0, 0, 0}, e);
  ASSERT_EQ(t.status().epoch, 1u);
  t.c.submit(2);
  t.c.run_for(700'000);
  ASSERT_TRUE(t.view_change());
  EXPECT_EQ(t.view_change()->epoch, 1u);
  EXPECT_EQ(t.view_change()->high_qc.slot, (Slot{1, 0, -1}));
  EXPECT_FALSE(t.view_change()->last_vote);
}

TEST(Epoch, AViewChangeOfTheLastEpochIsAnsweredWithTheCertificateOfItsEnd) {
  Lone t({.tune = one_block});
  const BlockPtr e = t.block(t.c.genesis(), "E");
  t.propose({0, 0, 0}, e, t.start());
  t.confirm(t.other(1), {0, 0, 0}, e);
  ASSERT_EQ(t.status().epoch, 1u);
  t.c.inject(t.me, t.other(2), t.view_change_of(t.other(2), 1, t.start()));
  ASSERT_EQ(t.sent_count<Decided>(), 1u);
  const Decided d = t.all<Decided>()[0];
  EXPECT_EQ(d.header, e->header);
  EXPECT_TRUE(
      verify_commit(d.proof, e->digest, CommitRule::kFastOrTwoChain, t.c.chain_id(), t.c.committee(0), t.c.verifier())
          .ok());
  // And whoever gets that answer enters.
  Lone late({.tune = one_block});
  late.c.node(late.spare).held.insert(late.block(late.c.genesis(), "E")->digest);
  late.c.inject(late.me, late.other(1), make_message(d));
  EXPECT_EQ(late.status().epoch, 1u);
}

TEST(Epoch, MessagesOfTheNextEpochWaitForIt) {
  Lone t({.tune = one_block});
  const BlockPtr e = t.block(t.c.genesis(), "E");
  const BlockPtr first = t.block(e->digest, "first", 1, 1);
  const Justify start{std::nullopt, Slot{1, 0, -1}, e->digest, 1};
  t.c.inject(t.me, t.c.leader(1, 0), t.proposal({1, 0, 0}, first, start));
  EXPECT_EQ(t.confirms(), 0u);
  t.propose({0, 0, 0}, e, t.start());
  t.confirm(t.other(1), {0, 0, 0}, e);
  ASSERT_EQ(t.status().epoch, 1u);
  if (t.c.leader(1, 0) != t.c.node(t.me).id) {
    EXPECT_EQ(t.confirmed(), first->digest);
  }
}

TEST(Epoch, MessagesOfALaterEpochAreDroppedAndLeadToCatchUp) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis());
  t.c.inject(t.me, t.other(1), t.confirm_message(t.other(1), {7, 0, 0}, a->digest, 1));
  EXPECT_TRUE(t.node().catching_up);
  EXPECT_EQ(t.status().epoch, 0u);
}

TEST(Epoch, AStartWithAnotherHeightIsRefused) {
  Lone t;
  Justify wrong = t.start();
  wrong.height = 5;
  t.propose({0, 0, 0}, t.block(t.c.genesis()), wrong);
  EXPECT_EQ(t.node().dropped("propose_wrong_justify"), 1u);
  t.c.inject(t.me, t.other(1), t.view_change_of(t.other(1), 1, wrong));
  EXPECT_EQ(t.node().dropped("view_change_wrong_start"), 1u);
}

TEST(Epoch, AViewChangeInsideAnEndingEpochKeepsItsEnd) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    ClusterOptions o;
    o.params.fast_path = seed % 2 == 0;
    o.params.epoch_blocks = 2;
    Cluster c(o);
    c.start();
    c.submit(2);
    // The leader of the moment falls silent somewhere around the end.
    c.run_for(static_cast<int64_t>(seed) * 400);
    const size_t leader = c.node(0).engine->status().primary.value() - kFirstId;
    c.isolate(leader);
    c.submit(12);
    c.run_until_height(3, 20'000'000);
    c.join(leader);
    EXPECT_TRUE(c.run_until_committed()) << seed;
    EXPECT_TRUE(c.violations.empty()) << c.violations.front();
  }
}

// --- checkpoints ----------------------------------------------------------------------------------------------------

struct Checkpointing : Lone {
  Checkpointing()
      : Lone({.tune = [](ConsensusParams& p) {
          p.checkpoint_blocks = 1;
          p.epoch_blocks = 1;
        }}) {}
  void vote(ValidatorId id, Epoch epoch, Height height, const Hash& block, const Hash& root) {
    CheckpointVote v{id, epoch, height, block, root, {}};
    v.signature = sign(id, checkpoint_digest(c.chain_id(), epoch, height, block, root));
    c.inject(me, id, make_message(v));
  }
};

TEST(Checkpoint, AQuorumOfEqualVotesMakesOneStable) {
  Checkpointing t;
  const Hash b = t.c.genesis(), root = t.c.chain_id();
  t.vote(t.other(1), 0, 1, b, root);
  t.vote(t.other(2), 0, 1, b, t.c.genesis());
  t.vote(t.leader, 0, 1, b, root);
  EXPECT_TRUE(t.node().stable.empty()) << "two and one";
  t.vote(t.c.node(t.me).id, 0, 1, b, root);
  ASSERT_EQ(t.node().stable.size(), 1u);
  EXPECT_EQ(t.node().stable[0].signers.count(), 3u);
}

// One liar names the other epoch; its signature is good for that. It must not get into the certificate of the others.
TEST(Checkpoint, VotesOfDifferentEpochsAreNotMixed) {
  Checkpointing t;
  const BlockPtr e = t.block(t.c.genesis(), "E");
  t.propose({0, 0, 0}, e, t.start());
  t.confirm(t.other(1), {0, 0, 0}, e);
  ASSERT_EQ(t.status().epoch, 1u);
  const Hash root = t.c.chain_id();
  t.vote(t.other(2), 0, 3, e->digest, root);
  t.vote(t.other(1), 1, 3, e->digest, root);
  t.vote(t.leader, 1, 3, e->digest, root);
  EXPECT_TRUE(t.node().stable.empty());
  EXPECT_TRUE(t.c.violations.empty());
}

TEST(Checkpoint, FarAheadOrOffTheGridIsRefused) {
  Lone t({.tune = short_epochs});
  CheckpointVote v{t.other(1), 0, 16 * 100, t.c.genesis(), t.c.genesis(), {}};
  t.c.inject(t.me, t.other(1), make_message(v));
  v.height = 3;
  t.c.inject(t.me, t.other(1), make_message(v));
  EXPECT_EQ(t.node().dropped("checkpoint_out_of_range"), 2u);
}

// After a restart the committee of the epoch before is unknown: what needs it must not be part of a VIEW-CHANGE.
TEST(Checkpoint, AViewChangeCarriesNoneOfAnEarlierEpoch) {
  Checkpointing t;
  const BlockPtr e = t.block(t.c.genesis(), "E");
  const Hash root = t.c.chain_id();
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.vote(id, 0, 1, e->digest, root);
  ASSERT_EQ(t.node().stable.size(), 1u);
  t.propose({0, 0, 0}, e, t.start());
  t.confirm(t.other(1), {0, 0, 0}, e);
  ASSERT_EQ(t.status().epoch, 1u);
  t.c.submit(4);
  t.c.run_for(700'000);
  ASSERT_TRUE(t.view_change());
  EXPECT_FALSE(t.view_change()->checkpoint);
}

}  // namespace
}  // namespace tieline::testing
