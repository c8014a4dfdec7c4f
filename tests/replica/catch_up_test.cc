// Falling behind and coming back, by blocks and by snapshot, past peers that lie, say nothing, or have nothing.

#include "replica/chain_meta.h"
#include "replica/history.h"
#include "scripted.h"

namespace tieline::replica::testing {
namespace {

template <class F>
bool is(const Blob& frame) {
  auto decoded = decode_frame(frame, Limits().frame_bytes_max);
  return decoded.ok() && std::holds_alternative<F>(*decoded);
}

struct CatchUpTest : ::testing::Test {
  // Validator 3 sleeps while the others commit `blocks` blocks.
  void leave_behind(World& world, uint64_t blocks) {
    world.start_all();
    world.run_for(10'000);
    world.stop(3);
    for (uint64_t i = 0; i < blocks; ++i) {
      world.submit(0, {make_tx(world.genesis, 1, ++sent)});
      ASSERT_TRUE(world.run([&] { return world.committed(0) == sent; }));
    }
  }
  // Whoever answers validator 3 first with an F lies in every one. How often it did.
  template <class F>
  static std::shared_ptr<uint64_t> first_one_lies(World& world, const std::function<void(F&)>& lie) {
    auto lies = std::make_shared<uint64_t>(0);
    world.filter = [lie, lies, liar = std::optional<ValidatorId>()](ValidatorId from, ValidatorId to,
                                                                    Blob& frame) mutable {
      if (to != 3 || !is<F>(frame)) return true;
      if (!liar) liar = from;
      if (from != *liar) return true;
      F answer = std::get<F>(*decode_frame(frame, Limits().frame_bytes_max));
      lie(answer);
      frame = encode_frame(answer);
      ++*lies;
      return true;
    };
    return lies;
  }
  template <class F>
  static uint64_t come_back_past_a_liar(World& world, const std::function<void(F&)>& lie) {
    const auto lies = first_one_lies(world, lie);
    world.start(3);
    EXPECT_TRUE(world.run([&] { return world.height(3) == world.height(0); }, 60'000'000)) << world.height(3);
    EXPECT_GT(*lies, 0u);
    return *lies;
  }
  uint64_t sent = 0;
};

TEST_F(CatchUpTest, ASleeperComesBackByBlocksWhoseStateIsTheSame) {
  World world;
  leave_behind(world, 20);
  world.start(3);
  ASSERT_TRUE(world.run([&] { return world.height(3) == world.height(0); })) << world.height(3);
  EXPECT_GT(world.hosts[3].counts["blocks_caught_up"], 0u);
  EXPECT_EQ(world.hosts[3].counts["snapshots_installed"], 0u);
  world.run_for(50'000);
  EXPECT_EQ(state_root_of(world.hosts[3].store), state_root_of(world.hosts[0].store));
}

// A host that is woken for a time that has passed would do nothing else any more.
TEST(History, WithoutPeersItIsWokenForATimeToCome) {
  const PlainVerifier verifier;
  const Ledger ledger(world_genesis(), verifier);
  History history(ledger, verifier);
  Header header;
  header.height = 5;
  history.begin(header);
  const Limits limits;
  Effects effects;
  Context context{limits, Now{1'000'000, 0}, &effects};
  history.pump({1}, context);
  for (int64_t now_us : {5'000'000, 6'000'000}) {  // the peer gave no answer and is gone
    context.now.mono_us = now_us;
    history.pump({}, context);
    ASSERT_TRUE(history.deadline().has_value());
    EXPECT_GT(*history.deadline(), now_us);
  }
}

// Found before the engine is asked, each alone: of two liars only the first may ever be heard.
TEST_F(CatchUpTest, ALiarsBlocksAreRefusedAndOthersAreAsked) {
  using Lie = std::function<void(BlocksAnswer&)>;
  const Lie bad_block = [](BlocksAnswer& answer) {
    Bytes bytes(answer.blocks.at(0).view().begin(), answer.blocks.at(0).view().end());
    bytes[bytes.size() / 2] ^= 1;
    answer.blocks[0] = Blob(std::move(bytes));
  };
  const Lie bad_proof = [](BlocksAnswer& answer) { answer.proof.value().certificate.signatures.at(0).bytes[5] ^= 1; };
  for (const Lie& lie : {bad_block, bad_proof}) {
    World world;
    sent = 0;
    ASSERT_NO_FATAL_FAILURE(leave_behind(world, 12));
    const uint64_t lies = come_back_past_a_liar(world, lie);
    EXPECT_EQ(world.hosts[3].counts["catch_up_bad_blocks"], lies);
  }
}

TEST_F(CatchUpTest, BlocksThatDoNotBeginAtTheTipAreRefused) {
  World world;
  leave_behind(world, 12);
  size_t lies = 0;
  world.filter = [&](ValidatorId from, ValidatorId to, Blob& frame) {
    if (to != 3 || from == 2 || !is<BlocksAnswer>(frame)) return true;
    auto answer = std::get<BlocksAnswer>(*decode_frame(frame, Limits().frame_bytes_max));
    if (answer.blocks.size() < 2) return true;
    ++lies;
    answer.blocks.erase(answer.blocks.begin());  // a sound chain with a sound proof, but above another block
    frame = encode_frame(answer);
    return true;
  };
  world.start(3);
  ASSERT_TRUE(world.run([&] { return world.height(3) == world.height(0); }, 60'000'000)) << world.height(3);
  EXPECT_GT(lies, 0u);
  EXPECT_EQ(world.hosts[3].counts["catch_up_bad_blocks"], lies);
}

TEST_F(CatchUpTest, ASilentPeerIsLeftForAnother) {
  World world;
  leave_behind(world, 12);
  world.filter = [](ValidatorId from, ValidatorId to, Blob& frame) {
    return to != 3 || from == 2 || !(is<BlocksAnswer>(frame) || is<SnapshotOffer>(frame));
  };
  world.start(3);
  ASSERT_TRUE(world.run([&] { return world.height(3) == world.height(0); }, 60'000'000)) << world.height(3);
}

TEST_F(CatchUpTest, AWideGapIsClosedByASnapshotAndABadChunkLeadsToAnotherPeer) {
  Limits limits;
  limits.snapshot_after_blocks = 5;
  limits.snapshot_chunk_bytes = 100;
  World world(world_genesis(), limits);
  leave_behind(world, 20);
  uint64_t spoilt = 0;
  come_back_past_a_liar<Chunk>(world, [&](Chunk& chunk) {
    if (chunk.entries.empty() || chunk.entries.back().second.empty()) return;
    chunk.entries.back().second.back() ^= 1;
    ++spoilt;
  });
  EXPECT_GT(spoilt, 0u);
  EXPECT_GT(world.hosts[3].counts["snapshot_bad_chunk"], 0u);
  EXPECT_EQ(world.hosts[3].counts["snapshots_installed"], 1u);
  world.run_for(50'000);
  EXPECT_EQ(state_root_of(world.hosts[3].store), state_root_of(world.hosts[0].store));
}

// Voted for on a chain of uncommitted blocks, then a snapshot goes past most of it: what is above was promised to be
// held, and nobody else may have it.
TEST_F(CatchUpTest, ASnapshotLeavesTheLoggedBodiesAboveIt) {
  Limits limits;
  limits.snapshot_after_blocks = 5;
  World world(world_genesis(), limits);
  leave_behind(world, 22);
  const BlockPtr top = stored_block(world.hosts[0].store, world.height(0))->block;
  consensus::Judge ask;
  ask.block = top->digest;
  ask.header.height = top->header.height;
  ask.known_by_digest = true;
  ask.holders = {0};

  auto script = std::make_shared<Script>();
  std::optional<consensus::Installed> installed;
  size_t judged = 0;
  bool asked = false;
  script->react = [&](const consensus::Input& input, consensus::Effects& out) {
    if (std::holds_alternative<consensus::Received>(input) && !std::exchange(asked, true)) out.push_back(ask);
    if (const auto* verdict = std::get_if<consensus::Judged>(&input); verdict && verdict->valid && ++judged == 1) {
      consensus::VoteRecord vote;
      vote.sequence = 2;
      out.push_back(consensus::Persist{2, vote, top->digest, {}, {}});
      out.push_back(consensus::Behind{top->header.height, 0, {0}});
    }
    if (const auto* snapshot = std::get_if<consensus::Installed>(&input)) {
      installed = *snapshot;
      out.push_back(ask);
    }
  };
  world.make_engine = [&](Host&) -> EngineFactory {
    return [&](consensus::EngineConfig, consensus::ChainState, consensus::Recovered, const Verifier&) {
      return std::make_unique<ScriptedEngine>(script);
    };
  };
  bool answered = false;
  world.filter = [&](ValidatorId from, ValidatorId to, Blob& frame) {
    if (from == 3 && is<BlockAnswer>(frame))
      answered = std::get<BlockAnswer>(*decode_frame(frame, Limits().frame_bytes_max)).block.has_value();
    if (to != 3) return true;
    if (judged == 0) return !is<SnapshotOffer>(frame);
    return !installed || is<ConsensusFrame>(frame);  // from then on it is alone with its log
  };
  world.start(3);
  world.give(3, PeerFrame{0, encode_frame(ConsensusFrame{beat(1)->bytes})});
  ASSERT_TRUE(world.run([&] { return installed.has_value(); }));
  ASSERT_LT(installed->header.height, top->header.height);
  world.give(3, PeerFrame{0, encode_frame(BlockRequest{top->digest})});
  world.run_for(10'000'000);
  EXPECT_TRUE(answered);
  EXPECT_EQ(judged, 2u);
}

TEST_F(CatchUpTest, AnOfferWhoseCertificateOrResultsAreFalseIsRefused) {
  using Lie = std::function<void(SnapshotOffer&)>;
  const Lie bad_certificate = [](SnapshotOffer& offer) { offer.body.value().certificate.state_root.bytes[0] ^= 1; };
  const Lie bad_results = [](SnapshotOffer& offer) { offer.body.value().results.push_back({TxId{}, 0}); };
  for (const Lie& lie : {bad_certificate, bad_results}) {
    Limits limits;
    limits.snapshot_after_blocks = 5;
    World world(world_genesis(), limits);
    sent = 0;
    ASSERT_NO_FATAL_FAILURE(leave_behind(world, 20));
    const uint64_t lies = come_back_past_a_liar(world, lie);
    EXPECT_EQ(world.hosts[3].counts["snapshot_bad_offer"], lies);
  }
}

TEST_F(CatchUpTest, WithoutAnySnapshotBlocksCloseAWideGapToo) {
  Limits limits;
  limits.snapshot_after_blocks = 5;
  limits.catch_up_blocks_max = 3;
  World world(world_genesis(), limits);
  leave_behind(world, 30);
  world.filter = [](ValidatorId, ValidatorId, Blob& frame) {
    if (is<SnapshotOffer>(frame)) frame = encode_frame(SnapshotOffer{});
    return true;
  };
  world.start(3);
  ASSERT_TRUE(world.run([&] { return world.height(3) == world.height(0); }, 60'000'000)) << world.height(3);
  EXPECT_EQ(world.hosts[3].counts["snapshots_installed"], 0u);
}

TEST_F(CatchUpTest, TheHistoryBelowASnapshotIsFilledInPastALiar) {
  using Lie = std::function<void(HistoryAnswer&)>;
  const Lie bad_codes = [](HistoryAnswer& answer) {
    if (!answer.entries.empty()) answer.entries[0].codes.assign(answer.entries[0].codes.size(), 6);
  };
  const Lie bad_proof = [](HistoryAnswer& answer) {
    if (!answer.entries.empty()) answer.entries.back().proof.certificate.signatures.at(0).bytes[3] ^= 1;
  };
  for (const Lie& lie : {bad_codes, bad_proof}) {
    Genesis g = world_genesis();
    g.consensus.epoch_blocks = 6;
    g.consensus.epoch_ms = 1;
    Limits limits;
    limits.snapshot_after_blocks = 5;
    limits.catch_up_blocks_max = 4;
    World world(g, limits);
    sent = 0;
    ASSERT_NO_FATAL_FAILURE(leave_behind(world, 30));
    const auto lies = first_one_lies(world, lie);
    world.start(3);
    ASSERT_TRUE(world.run([&] { return world.height(3) == world.height(0); }));
    EXPECT_EQ(world.hosts[3].counts["snapshots_installed"], 1u);
    const auto whole = [&] { return stored_block(world.hosts[3].store, 1).ok(); };
    ASSERT_TRUE(world.run(whole, 60'000'000));
    EXPECT_GT(*lies, 0u);
    EXPECT_GT(world.hosts[3].counts["history_bad"], 0u);
    for (uint64_t s = 1; s <= sent; ++s) {
      const TxPtr tx = make_tx(world.genesis, 1, s);
      auto receipt = world.hosts[3].replica->receipt(tx->id());
      ASSERT_TRUE(receipt.ok()) << s << (receipt.ok() ? "" : receipt.error().why);
      EXPECT_TRUE(verify_receipt(encoded(*receipt), world.genesis, world.verifier).ok()) << s;
    }
    EXPECT_EQ(applied_tip(world.hosts[3].store)->height, world.height(3));
    EXPECT_FALSE(stored_history(world.hosts[3].store)->has_value());
  }
}

TEST_F(CatchUpTest, ARetryIsNotRefusedWhileTheHistoryIsNotWhole) {
  Limits limits;
  limits.snapshot_after_blocks = 5;
  World world(world_genesis(), limits);
  leave_behind(world, 20);
  bool withheld = true;
  world.filter = [&](ValidatorId, ValidatorId to, Blob& frame) {
    return to != 3 || !withheld || !is<HistoryAnswer>(frame);
  };
  world.start(3);
  ASSERT_TRUE(world.run([&] { return world.height(3) == world.height(0); }));
  ASSERT_EQ(world.hosts[3].counts["snapshots_installed"], 1u);
  world.submit(3, {make_tx(world.genesis, 1, 2), make_tx(world.genesis, 1, 3, 17)}, 4, 0);
  world.run_for(2'000'000);
  EXPECT_TRUE(world.hosts[3].outcomes.empty());
  withheld = false;
  ASSERT_TRUE(world.run([&] { return world.hosts[3].outcomes.size() == 2; }, 60'000'000));
  for (const TxOutcome& o : world.hosts[3].outcomes) EXPECT_EQ(o.committed, o.tag == 0);
}

TEST_F(CatchUpTest, AMissingCommitteeLinkIsAskedFor) {
  Genesis g = world_genesis();
  g.consensus.epoch_blocks = 4;
  g.consensus.epoch_ms = 1;
  World world(g);
  world.start_all();
  TxPtr last;
  for (uint64_t s = 1; s <= 6; ++s) {
    last = make_tx(world.genesis, 1, s);
    world.submit(0, {last});
    ASSERT_TRUE(world.run([&] { return world.committed(0) == s; }));
  }
  world.run_for(100'000);
  ASSERT_EQ(world.hosts[2].replica->status().engine.epoch, 1u);
  auto link = stored_link(world.hosts[2].store, 0);
  ASSERT_TRUE(link.has_value());
  StoreWrite write = link_write(*link);
  write.value.reset();
  world.hosts[2].store.apply({write});
  EXPECT_FALSE(world.hosts[2].replica->receipt(last->id()).ok());
  ASSERT_TRUE(world.run([&] { return stored_link(world.hosts[2].store, 0).has_value(); }));
  EXPECT_TRUE(world.hosts[2].replica->receipt(last->id()).ok());
}

TEST_F(CatchUpTest, LostTransactionsAreFetchedForTheProposalThatNamesThem) {
  World world;
  world.filter = [](ValidatorId, ValidatorId, Blob& frame) { return !is<TransactionsFrame>(frame); };
  world.start_all();
  world.run_for(10'000);
  const ValidatorId primary = world.hosts[0].replica->status().engine.primary.value();
  std::vector<TxPtr> txs;
  for (uint64_t s = 1; s <= 20; ++s) txs.push_back(make_tx(world.genesis, 1, s));
  world.submit(primary, txs);
  ASSERT_TRUE(world.run([&] { return world.committed(primary) == 20; }));
  const ValidatorId other = primary == 0 ? 1 : 0;
  EXPECT_GT(world.hosts[other].counts["fetches"], 0u);
  // What only one validator knows reaches the leader in the end, so nobody can keep it out.
  world.filter = [&](ValidatorId from, ValidatorId to, Blob& frame) {
    return !(is<TransactionsFrame>(frame) && from == other && to == primary) || world.now.mono_us > 4'000'000;
  };
  world.submit(other, {make_tx(world.genesis, 1, 21)});
  ASSERT_TRUE(world.run([&] { return world.committed(other) == 1; }));
}

}  // namespace
}  // namespace tieline::replica::testing
