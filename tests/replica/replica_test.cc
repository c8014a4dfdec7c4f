// Four whole validators with the real engine: transactions in, receipts out, crashes, wiped folders, epochs.

#include "world.h"

namespace tieline::replica::testing {
namespace {

std::vector<TxPtr> txs_of(const World& world, ParticipantId signer, uint64_t from, uint64_t to) {
  std::vector<TxPtr> out;
  for (uint64_t s = from; s < to; ++s) out.push_back(make_tx(world.genesis, signer, s));
  return out;
}

TEST(Replica, FourValidatorsCommitWhatClientsSendAndTellThemWhere) {
  World world;
  world.start_all();
  const auto txs = txs_of(world, 1, 1, 51);
  world.submit(0, txs);
  ASSERT_TRUE(world.run([&] { return world.committed(0) == 50; }));
  ASSERT_TRUE(world.run([&] { return world.level(world.height(0)); }));
  world.run_for(100'000);
  for (const TxOutcome& o : world.hosts[0].outcomes) {
    EXPECT_TRUE(o.committed);
    EXPECT_EQ(o.code, 0);
    const auto place = find_tx(world.hosts[2].store, txs[o.tag]->id());
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(place->height, o.height);
    EXPECT_EQ(place->index, o.index);
  }
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(world.hosts[i].replica->status().tip, world.hosts[0].replica->status().tip);
}

TEST(Replica, AReceiptVerifiesAgainstGenesisAlone) {
  World world;
  world.start_all();
  const auto txs = txs_of(world, 1, 1, 6);
  world.submit(2, txs);
  ASSERT_TRUE(world.run([&] { return world.committed(2) == 5; }));
  world.run_for(100'000);
  for (const TxPtr& tx : txs) {
    auto receipt = world.hosts[1].replica->receipt(tx->id());
    ASSERT_TRUE(receipt.ok()) << receipt.error().why;
    auto facts = verify_receipt(encoded(*receipt), world.genesis, world.verifier);
    ASSERT_TRUE(facts.ok()) << facts.error().why;
    EXPECT_EQ(facts->txid, tx->id());
  }
  EXPECT_EQ(world.hosts[1].replica->receipt(Hash{}).error().code, "not_found");
}

// How often each signature is checked.
class Watcher final : public Verifier {
 public:
  explicit Watcher(const Verifier& inner) : inner_(inner) {}
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    ++checks[{encoded(key), Bytes(message.begin(), message.end()), encoded(signature)}];
    return inner_.verify(key, message, signature);
  }
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override {
    for (size_t i = 0; i < items.size(); ++i) ok[i] = verify(items[i].key, items[i].message, items[i].signature);
  }
  mutable std::map<std::tuple<Bytes, Bytes, Bytes>, size_t> checks;

 private:
  const Verifier& inner_;
};

// A CONFIRM comes alone, in the next proposal's certificate, and once more as evidence in a block.
TEST(Replica, NoSignatureOfAValidatorIsCheckedTwice) {
  World world;
  const Watcher watcher(world.verifier);
  world.watcher = &watcher;
  world.start_all();
  for (uint64_t s = 1; s < 9; ++s) {
    world.submit(0, txs_of(world, 1, s, s + 1));
    ASSERT_TRUE(world.run([&] { return world.committed(0) == s; }));
  }
  ASSERT_TRUE(world.run([&] { return world.level(world.height(0)); }));
  ASSERT_GT(world.height(1), 3u);
  EXPECT_GT(watcher.checks.size(), 3 * world.height(1));
  for (const auto& [what, times] : watcher.checks) EXPECT_EQ(times, 1u);
}

TEST(Replica, ARetryOfACommittedTransactionIsAnsweredWithItsPlace) {
  World world;
  world.start_all();
  const auto txs = txs_of(world, 1, 1, 4);
  world.submit(0, txs);
  ASSERT_TRUE(world.run([&] { return world.committed(0) == 3; }));
  const TxOutcome first = world.hosts[0].outcomes[1];
  world.submit(3, {txs[first.tag]}, 9, 77);
  ASSERT_TRUE(world.run([&] { return !world.hosts[3].outcomes.empty(); }));
  const TxOutcome again = world.hosts[3].outcomes[0];
  EXPECT_TRUE(again.committed);
  EXPECT_EQ(again.client, 9u);
  EXPECT_EQ(again.tag, 77u);
  EXPECT_EQ(again.height, first.height);
  EXPECT_EQ(again.index, first.index);
}

TEST(Replica, ALostPrimaryIsReplacedAndNothingIsLost) {
  World world;
  world.start_all();
  world.submit(0, txs_of(world, 1, 1, 11));
  ASSERT_TRUE(world.run([&] { return world.committed(0) == 10; }));
  const ValidatorId primary = world.hosts[0].replica->status().engine.primary.value();
  world.stop(primary);
  const ValidatorId asked = primary == 1 ? 2 : 1;
  world.submit(asked, txs_of(world, 1, 11, 21));
  ASSERT_TRUE(world.run([&] { return world.committed(asked) == 10; }));
  EXPECT_GT(world.hosts[asked].replica->status().engine.view, 0u);
  world.start(primary);
  const Height height = world.height(asked);
  ASSERT_TRUE(world.run([&] { return world.height(primary) >= height; })) << world.height(primary);
}

TEST(Replica, AllStopAtOnceAndGoOnFromTheirLogs) {
  World world;
  world.start_all();
  world.submit(0, txs_of(world, 1, 1, 31));
  ASSERT_TRUE(world.run([&] { return world.committed(0) == 30; }));
  for (Host& host : world.hosts) world.stop(host.id);
  world.run_for(1'000);
  // The store forgets: everything must come back from the log.
  for (Host& host : world.hosts)
    for (size_t c = 0; c < kColumns; ++c) host.store.clear(static_cast<Column>(c));
  const auto flushed = world.hosts[0].segments.size();
  ASSERT_EQ(flushed, 1u);
  for (Host& host : world.hosts) host.flush = false;
  world.start_all();
  world.submit(3, txs_of(world, 1, 31, 41));
  ASSERT_TRUE(world.run([&] { return world.committed(3) == 10; }));
  for (const Host& host : world.hosts) EXPECT_EQ(host.counts.count("snapshots_installed"), 0u);
}

TEST(Replica, AWipedValidatorRejoinsBySnapshot) {
  Limits limits;
  limits.snapshot_after_blocks = 3;
  limits.snapshot_chunk_bytes = 64;
  World world(world_genesis(), limits);
  world.start_all();
  for (uint64_t i = 0; i < 12; ++i) {
    world.submit(0, txs_of(world, 1, 1 + i, 2 + i));
    ASSERT_TRUE(world.run([&] { return world.committed(0) == i + 1; }));
  }
  world.stop(3);
  world.wipe(3);
  world.start(3);
  ASSERT_TRUE(world.run([&] { return world.height(3) >= world.height(0) && world.height(3) > 8; })) << world.height(3);
  EXPECT_GT(world.hosts[3].counts["snapshots_installed"], 0u);
  for (uint64_t i = 12; i < 24; ++i) {
    world.submit(1, txs_of(world, 1, 1 + i, 2 + i));
    ASSERT_TRUE(world.run([&] { return world.committed(1) == i - 11; }));
  }
  ASSERT_TRUE(world.run([&] { return !world.hosts[3].replica->status().engine.rejoining; }));
  EXPECT_EQ(state_root_of(world.hosts[3].store), state_root_of(world.hosts[0].store));
}

// By its own height of 0 the transaction would expire too far ahead; the others record it.
TEST(Replica, AWipedValidatorRefusesNothingByTheHeightThatItHasLost) {
  World world;
  world.start_all();
  for (uint64_t i = 0; i < 3; ++i) {
    world.submit(0, txs_of(world, 1, 1 + i, 2 + i));
    ASSERT_TRUE(world.run([&] { return world.committed(0) == i + 1; }));
  }
  world.stop(3);
  world.wipe(3);
  world.start(3);
  const TxPtr late = make_tx(world.genesis, 1, 4, 16, world.height(0) + kTxLifetimeMax);
  world.submit(3, {late});
  ASSERT_TRUE(world.run([&] { return !world.hosts[3].outcomes.empty(); }));
  EXPECT_TRUE(world.hosts[3].outcomes[0].committed) << world.hosts[3].outcomes[0].code;
  EXPECT_TRUE(find_tx(world.hosts[0].store, late->id()).has_value());
  // What is too far ahead for all is refused as before.
  world.submit(0, {make_tx(world.genesis, 1, 5, 16, world.height(0) + kTxLifetimeMax + 1'000)});
  const auto code = [&] { return world.hosts[0].outcomes.back().code; };
  ASSERT_TRUE(world.run([&] { return code() != 0; }));
  EXPECT_EQ(code(), number(TxCode::expiry_too_far));
}

TEST(Replica, AValidatorThatHasJustStartedRefusesNothingBeforeItHasHeardAQuorum) {
  World world;
  world.start_all();
  world.submit(0, txs_of(world, 1, 1, 2));
  ASSERT_TRUE(world.run([&] { return world.committed(0) == 1 && world.height(3) == world.height(0); }));
  world.stop(3);
  for (uint64_t i = 0; i < 3; ++i) {
    world.submit(0, txs_of(world, 1, 2 + i, 3 + i));
    ASSERT_TRUE(world.run([&] { return world.committed(0) == i + 2; }));
  }
  world.start(3);
  ASSERT_LT(world.height(3), world.height(0));
  world.submit(3, {make_tx(world.genesis, 1, 5, 16, world.height(0) + kTxLifetimeMax)});
  ASSERT_TRUE(world.run([&] { return !world.hosts[3].outcomes.empty(); }));
  EXPECT_TRUE(world.hosts[3].outcomes[0].committed) << world.hosts[3].outcomes[0].code;
}

TEST(Replica, AnEmptyLogBesideAStoreThatHoldsBlocksIsNoFirstStart) {
  World world;
  world.start_all();
  world.submit(0, txs_of(world, 1, 1, 2));
  ASSERT_TRUE(world.run([&] { return world.committed(0) == 1 && world.height(3) == world.height(0); }));
  world.stop(3);
  Host& host = world.hosts[3];
  host.segments.clear();
  host.sectors.assign(2, Bytes(kVoteSectorBytes, 0));
  host.ever_started = false;  // the folder of the log looks as on the first day
  world.start(3);
  EXPECT_TRUE(host.replica->status().engine.rejoining);
}

class ReplicaEpochs : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(FastPath, ReplicaEpochs, ::testing::Bool(),
                         [](const auto& on) { return on.param ? "On" : "Off"; });

// With the fast path off an epoch's last block commits by a void block above it.
TEST_P(ReplicaEpochs, EndUnderLoadAndReceiptsOfLaterEpochsVerify) {
  Genesis g = world_genesis();
  g.consensus.epoch_blocks = 4;
  g.consensus.epoch_ms = 1;
  g.consensus.fast_path = GetParam();
  World world(g);
  world.start_all();
  std::vector<TxPtr> txs;
  for (uint64_t i = 0; i < 30; ++i) {
    txs.push_back(make_tx(world.genesis, 1, 1 + i));
    world.submit(static_cast<ValidatorId>(i % 4), {txs.back()});
    ASSERT_TRUE(world.run([&] { return world.committed(static_cast<ValidatorId>(i % 4)) == i / 4 + 1; })) << i;
  }
  EXPECT_GT(world.hosts[0].replica->status().engine.epoch, 3u);
  world.run_for(1'000'000);
  for (const Host& host : world.hosts) {
    EXPECT_EQ(host.counts.count("committee_link_missing"), 0u) << host.id;
    for (const TxPtr& tx : txs) {
      auto receipt = host.replica->receipt(tx->id());
      ASSERT_TRUE(receipt.ok()) << (receipt.ok() ? "" : receipt.error().why);
      auto facts = verify_receipt(encoded(*receipt), world.genesis, world.verifier);
      ASSERT_TRUE(facts.ok()) << (facts.ok() ? "" : facts.error().why);
    }
  }
  // A newcomer without a snapshot walks through all epochs block by block, and gives receipts of all of them.
  world.stop(2);
  world.wipe(2);
  world.filter = [](ValidatorId, ValidatorId, Blob& frame) {
    auto f = decode_frame(frame, 1 << 24);
    return !(f.ok() && std::holds_alternative<SnapshotOffer>(*f));
  };
  world.start(2);
  ASSERT_TRUE(world.run([&] { return world.height(2) >= world.height(0); }, 60'000'000)) << world.height(2);
  world.run_for(100'000);
  EXPECT_EQ(world.hosts[2].counts.count("committee_link_missing"), 0u);
  for (const TxPtr& tx : txs) {
    auto receipt = world.hosts[2].replica->receipt(tx->id());
    ASSERT_TRUE(receipt.ok()) << (receipt.ok() ? "" : receipt.error().why);
    EXPECT_TRUE(verify_receipt(encoded(*receipt), world.genesis, world.verifier).ok());
  }
}

// Frames are lost, validators stop and start: whatever a client was told is in every chain, and all chains are one.
TEST(Replica, ThroughLossAndRestartsNothingThatWasAcknowledgedIsLost) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Genesis g = world_genesis();
    g.consensus.epoch_blocks = 6;
    g.consensus.epoch_ms = 1;
    g.consensus.timeout_ms = 100;
    g.consensus.fast_path = seed % 2 == 0;
    Limits limits;
    limits.snapshot_after_blocks = 8;
    World world(g, limits);
    Rng rng(seed);
    world.filter = [&](ValidatorId, ValidatorId, Blob&) { return !rng.chance(100'000); };
    world.start_all();
    std::vector<TxPtr> txs;
    std::optional<ValidatorId> down;
    for (uint64_t i = 0; i < 60; ++i) {
      txs.push_back(make_tx(world.genesis, 1, 1 + i));
      for (Host& host : world.hosts)
        if (host.replica) world.submit(host.id, {txs.back()}, 1, i);
      world.run_for(rng.between(1'000, 60'000));
      if (down && rng.chance(300'000)) {
        world.start(*down);
        down.reset();
      } else if (!down && rng.chance(150'000)) {
        down = static_cast<ValidatorId>(rng.below(4));
        world.stop(*down);
        // A wiped validator counts as faulty until it has rejoined, and one may be.
        const bool whole = std::none_of(world.hosts.begin(), world.hosts.end(), [](const Host& host) {
          return host.replica && host.replica->status().engine.rejoining;
        });
        if (whole && rng.chance(200'000)) world.wipe(*down);
      }
    }
    if (down) world.start(*down);
    world.filter = nullptr;
    const auto all_in = [&] {
      for (const Host& host : world.hosts)
        for (const TxPtr& tx : txs)
          if (!find_tx(host.store, tx->id())) return false;
      return true;
    };
    // Clients ask again for what they were not told.
    for (int round = 0; round < 20 && !world.run(all_in, 3'000'000); ++round)
      for (Host& host : world.hosts)
        for (uint64_t i = 0; i < txs.size(); ++i)
          if (!find_tx(host.store, txs[i]->id())) world.submit(host.id, {txs[i]}, 2, i);
    for (const Host& host : world.hosts)
      for (const TxOutcome& o : host.outcomes)
        if (o.committed) {
          EXPECT_TRUE(find_tx(world.hosts[0].store, o.id).has_value()) << "seed " << seed;
        }
    const Height low = std::min({world.height(0), world.height(1), world.height(2), world.height(3)});
    for (Height h = 1; h <= low; ++h) {
      std::optional<Hash> digest;
      for (const Host& host : world.hosts) {
        auto stored = stored_block(host.store, h);
        if (!stored.ok()) continue;  // joined by snapshot
        if (digest) {
          EXPECT_EQ(*digest, stored->block->digest) << "seed " << seed << " height " << h;
        }
        digest = stored->block->digest;
      }
    }
    size_t missing = 0;
    for (const TxPtr& tx : txs) missing += !find_tx(world.hosts[0].store, tx->id());
    std::string where;
    for (const Host& host : world.hosts) {
      const auto status = host.replica->status();
      where += " | " + std::to_string(status.applied) + " view " + std::to_string(status.engine.view) +
               (status.engine.view_changing ? " changing" : "") + (status.engine.rejoining ? " rejoining" : "") +
               " pending " + std::to_string(status.pending);
    }
    EXPECT_EQ(missing, 0u) << "seed " << seed << where;
  }
}

}  // namespace
}  // namespace tieline::replica::testing
