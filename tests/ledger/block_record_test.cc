#include <gmock/gmock.h>

#include "chain.h"
#include "ledger/block_record.h"

namespace tieline::testing {
namespace {

CommitProof some_proof() {
  CommitProof proof;
  proof.certificate.height = 7;
  proof.certificate.signers.insert(2);
  proof.certificate.signatures.resize(1);
  return proof;
}

TEST(StoredBlocks, ComeBackAsTheyWereCommitted) {
  TestChain chain;
  const BlockDraft d =
      chain.next({chain.data(kUser, 1), chain.readings(kPlant, 1, {reading(kUserMeter, kStartS - 900)})});
  const auto e = chain.ledger.execute(d, chain.tip, chain.view());
  const Block block = TestChain::block_of(d, *e);
  chain.store.apply(chain.ledger.commit_batch(block, *e, some_proof()));
  const auto back = stored_block(chain.store, 1);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->block->header, e->header);
  EXPECT_EQ(back->block->digest, block.digest);
  ASSERT_EQ(back->block->txs.size(), 2u);
  EXPECT_EQ(back->block->txs[1]->bytes(), d.txs[1]->bytes());
  EXPECT_EQ(back->results, e->results);
  EXPECT_EQ(back->results[1].code, number(TxCode::not_owner));
  EXPECT_EQ(back->proof, some_proof());
  const auto tip = applied_tip(chain.store);
  EXPECT_EQ(tip->height, 1u);
  EXPECT_EQ(tip->digest, block.digest);
  EXPECT_EQ(tip->header, e->header);
  EXPECT_EQ(find_tx(chain.store, d.txs[1]->id())->index, 1u);
  EXPECT_EQ(find_tx(chain.store, TxId{}), std::nullopt);
}

TEST(StoredBlocks, AreReportedWhenAnyBitIsFlippedOrAByteIsMissing) {
  TestChain chain;
  const BlockDraft d = chain.next({chain.data(kUser, 1)});
  const auto e = chain.ledger.execute(d, chain.tip, chain.view());
  chain.store.apply(chain.ledger.commit_batch(TestChain::block_of(d, *e), *e, some_proof()));
  const Bytes whole = *chain.store.get(Column::kBlocks, block_key(1));
  const auto verdict = [&](const Bytes& bytes) {
    chain.store.apply({{Column::kBlocks, block_key(1), bytes}});
    const auto back = stored_block(chain.store, 1);
    return back.ok() ? std::string("ok") : back.error().code;
  };
  EXPECT_EQ(verdict(whole), "ok");
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    ASSERT_EQ(verdict(flipped), "corrupt_store") << "bit " << bit;
  }
  for (size_t length = 0; length < whole.size(); length += 7) {
    ASSERT_EQ(verdict(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length))), "corrupt_store");
  }
}

TEST(StoredBlocks, ARecordUnderAnotherHeightIsReported) {
  TestChain chain;
  chain.add({});
  chain.store.apply({{Column::kBlocks, block_key(2), chain.store.get(Column::kBlocks, block_key(1))}});
  EXPECT_EQ(stored_block(chain.store, 2).error().code, "corrupt_store");
}

TEST(StoredBlocks, OneThatIsNotThereIsNotFound) {
  TestChain chain;
  EXPECT_EQ(stored_block(chain.store, 1).error().code, "not_found");
  EXPECT_EQ(applied_tip(MemoryStore()), std::nullopt);
}

TEST(Restart, ALedgerOverTheSameStoreGoesOnAlike) {
  TestChain chain;
  chain.add({chain.data(kUser, 3), chain.readings(kUser, 4, {reading(kUserMeter, kStartS - 900)})}, 1'000);
  chain.end_epoch();
  chain.add({chain.data(kUser, 1)}, 1'000);

  PlainVerifier verifier;
  const Ledger again(test_genesis(), verifier);
  EXPECT_EQ(again.chain(), chain.ledger.chain());
  EXPECT_EQ(again.genesis_header(), chain.ledger.genesis_header());
  const Header tip = applied_tip(chain.store)->header;
  EXPECT_EQ(tip, chain.tip);
  for (const TxPtr& tx : {chain.data(kUser, 1), chain.data(kUser, 2), chain.data(kUser, 3),
                          chain.readings(kUser, 5, {reading(kUserMeter, kStartS - 900)})}) {
    const BlockDraft d = chain.next({tx});
    const auto one = chain.ledger.execute(d, tip, chain.view());
    const auto two = again.execute(d, tip, chain.view());
    ASSERT_TRUE(one.ok() && two.ok());
    EXPECT_EQ(one->header, two->header);
  }
  // Deduplication survives.
  EXPECT_EQ(again.execute(chain.next({chain.data(kUser, 3)}), tip, chain.view())->results[0].code,
            number(TxCode::duplicate));
}

TEST(GenesisState, HoldsParticipantsMetersAndTheFirstCommittees) {
  TestChain chain;
  EXPECT_EQ(chain.record<state::ParticipantRecord>(state::participant_key(kPlant)).name, "plant");
  EXPECT_EQ(chain.record<energy::MeterPoint>(state::meter_key(kSecondPlantMeter)).owner, kSecondPlant);
  EXPECT_EQ(committee_of(chain.view(), 0), chain.ledger.genesis().committee());
  EXPECT_EQ(committee_of(chain.view(), 1)->members(), chain.ledger.genesis().committee().members());
  EXPECT_EQ(applied_tip(chain.store)->digest, chain.ledger.genesis_header().digest());
  const Header h = chain.ledger.genesis_header();
  EXPECT_EQ(h.parent, chain.ledger.chain());
  EXPECT_EQ(h.time_ms, kStartMs);
}

}  // namespace
}  // namespace tieline::testing
