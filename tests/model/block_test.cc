#include "model/block.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "crypto/merkle.h"
#include "fixtures.h"

namespace tieline {
namespace {

using testing::hash_of;
using testing::header_of;

TxPtr tx_of(uint64_t sequence) {
  TransactionDraft draft;
  draft.chain = hash_of("chain");
  draft.signatories = {1};
  draft.sequence = sequence;
  draft.expiry_height = 10;
  draft.actions = {{ActionType::kData, Bytes(3, static_cast<uint8_t>(sequence))}};
  const Ed25519Signer key = testing::signer_of("participant1");
  const Signer* keys[] = {&key};
  return *Transaction::parse(Blob(build_transaction(draft, keys)));
}

Block block_of(std::vector<TxPtr> txs) {
  Block b;
  b.header = header_of(hash_of("chain"), hash_of("parent"), 5);
  b.evidence = encoded(Evidence());
  b.header.tx_count = static_cast<uint32_t>(txs.size());
  b.header.tx_root = tx_root(txs);
  b.header.evidence_root = sha256(b.evidence);
  b.txs = std::move(txs);
  b.digest = b.header.digest();
  return b;
}

Bytes bytes_of(const Block& b) {
  Writer w;
  encode_block(w, b);
  return w.take();
}

std::optional<Bytes> decode_and_encode_block(const Bytes& bytes) {
  auto block = decode_block(Blob(bytes));
  if (!block.ok()) return std::nullopt;
  return bytes_of(**block);
}

std::string code_of(const Bytes& bytes) {
  auto block = decode_block(Blob(bytes));
  return block.ok() ? "ok" : block.error().code;
}

TEST(Header, HasOneEncodingOfKnownSize) {
  Header h = header_of(hash_of("chain"), hash_of("parent"), 5);
  EXPECT_EQ(encoded(h).size(), kHeaderBytesMin);
  testing::expect_canonical(h);
  h.is_void = true;
  h.next_committee = hash_of("next");
  EXPECT_EQ(encoded(h).size(), kHeaderBytesMin + 32);
  testing::expect_canonical(h);
  testing::expect_garbage_is_harmless(encoded(h), testing::decode_and_encode<Header>, 3);
}

TEST(Header, DigestCoversEveryBit) {
  const Header h = header_of(hash_of("chain"), hash_of("parent"), 5);
  const Bytes bytes = encoded(h);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    auto other = decoded<Header>(flipped, "header");
    ASSERT_FALSE(other.ok() && other->digest() == h.digest()) << bit;
  }
}

TEST(Header, OfAnotherVersionOrWithTooManyTransactionsIsRefused) {
  Header h = header_of(hash_of("chain"), hash_of("parent"), 5);
  h.version = 2;
  EXPECT_FALSE(decoded<Header>(encoded(h), "header").ok());
  h.version = 1;
  h.tx_count = kBlockTxMax + 1;
  EXPECT_FALSE(decoded<Header>(encoded(h), "header").ok());
}

TEST(Block, ComesBackAsItWas) {
  const Block b = block_of({tx_of(1), tx_of(2), tx_of(3)});
  const Bytes bytes = bytes_of(b);
  auto back = decode_block(Blob(bytes));
  ASSERT_TRUE(back.ok()) << back.error().why;
  EXPECT_EQ((*back)->header, b.header);
  EXPECT_EQ((*back)->digest, b.header.digest());
  EXPECT_EQ((*back)->evidence, b.evidence);
  ASSERT_EQ((*back)->txs.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ((*back)->txs[i]->id(), b.txs[i]->id());
}

TEST(Block, TransactionsAreSlicesOfTheBlocksBytes) {
  const Blob blob(bytes_of(block_of({tx_of(1), tx_of(2)})));
  auto block = decode_block(blob);
  ASSERT_TRUE(block.ok());
  for (const TxPtr& tx : (*block)->txs) {
    EXPECT_GE(tx->bytes().data(), blob.data());
    EXPECT_LE(tx->bytes().data() + tx->bytes().size(), blob.data() + blob.size());
  }
}

TEST(Block, HasOneEncodingAndNoBitOfItsBodyCanChange) {
  const Bytes bytes = bytes_of(block_of({tx_of(1), tx_of(2)}));
  testing::expect_canonical_bytes(bytes, decode_and_encode_block);
  for (size_t bit = 8 * kHeaderBytesMin; bit < 8 * bytes.size(); ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    ASSERT_NE(code_of(flipped), "ok") << "bit " << bit;
  }
  testing::expect_garbage_is_harmless(bytes, decode_and_encode_block, 4);
}

TEST(Block, WhoseBodyIsNotItsHeadersIsRefused) {
  Block b = block_of({tx_of(1), tx_of(2)});
  std::swap(b.txs[0], b.txs[1]);
  EXPECT_EQ(code_of(bytes_of(b)), "body_mismatch") << "another order";
  b = block_of({tx_of(1), tx_of(2)});
  b.txs.pop_back();
  EXPECT_EQ(code_of(bytes_of(b)), "body_mismatch") << "one transaction less";
  b = block_of({tx_of(1)});
  b.evidence.push_back(0);
  EXPECT_EQ(code_of(bytes_of(b)), "body_mismatch") << "other evidence";
  b = block_of({tx_of(1)});
  b.header.tx_count = 2;
  EXPECT_EQ(code_of(bytes_of(b)), "body_mismatch") << "another count";
}

TEST(Block, WithTooMuchEvidenceIsRefused) {
  Block b = block_of({});
  b.evidence.assign(kEvidenceBytesMax, 0);
  b.header.evidence_root = sha256(b.evidence);
  EXPECT_EQ(code_of(bytes_of(b)), "ok");
  b.evidence.push_back(0);
  b.header.evidence_root = sha256(b.evidence);
  EXPECT_EQ(code_of(bytes_of(b)), "malformed");
}

TEST(Block, WithMoreBytesOfTransactionsThanItsBoundIsRefused) {
  TransactionDraft draft;
  draft.chain = hash_of("chain");
  draft.signatories = {1};
  draft.actions = {{ActionType::kData, Bytes(60'000)}};
  const Ed25519Signer key = testing::signer_of("participant1");
  const Signer* keys[] = {&key};
  const TxPtr large = *Transaction::parse(Blob(build_transaction(draft, keys)));
  std::vector<TxPtr> txs(kBlockBytesMax / large->bytes().size(), large);
  EXPECT_EQ(code_of(bytes_of(block_of(txs))), "ok");
  txs.push_back(large);
  EXPECT_EQ(code_of(bytes_of(block_of(txs))), "malformed");
}

TEST(TxResult, HasOneEncodingOf34Bytes) {
  const TxResult r{hash_of("id"), 7};
  EXPECT_EQ(encoded(r).size(), 34u);
  testing::expect_canonical(r);
}

TEST(Roots, AreMerkleRootsOverLeavesInOrder) {
  const std::vector<TxPtr> txs = {tx_of(1), tx_of(2), tx_of(3)};
  std::vector<Hash> leaves;
  std::vector<TxResult> results;
  std::vector<Hash> result_leaves;
  for (const TxPtr& tx : txs) {
    leaves.push_back(merkle_leaf(tx->id().view()));
    results.push_back({tx->id(), 0});
    result_leaves.push_back(merkle_leaf(encoded(results.back())));
  }
  EXPECT_EQ(tx_root(txs), merkle_root(leaves));
  EXPECT_EQ(result_root(results), merkle_root(result_leaves));
  EXPECT_EQ(tx_root({}), sha256(ByteView{}));
  results[1].code = 1;
  EXPECT_NE(result_root(results), merkle_root(result_leaves));
}

}  // namespace
}  // namespace tieline
