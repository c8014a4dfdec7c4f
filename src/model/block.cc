#include "model/block.h"

#include "crypto/hash.h"
#include "crypto/merkle.h"

namespace tieline {
namespace {

constexpr size_t kTxBytesMin = 4;  // its length

Error mismatch(const char* what) {
  return Error{"body_mismatch", std::string("the block's body is not that of its header: ") + what + " differs"};
}

}  // namespace

void encode(Writer& w, const Header& h) {
  w.u8(h.version);
  w.boolean(h.is_void);
  encode(w, h.chain);
  encode(w, h.parent);
  w.u64(h.height);
  w.u64(h.epoch);
  w.i64(h.time_ms);
  w.u32(h.tx_count);
  encode(w, h.tx_root);
  encode(w, h.evidence_root);
  encode(w, h.result_root);
  encode(w, h.writes_digest);
  encode(w, h.next_committee);
}

void decode(Reader& r, Header& h) {
  h.version = r.u8();
  if (h.version != kHeaderVersion) return r.fail();
  h.is_void = r.boolean();
  decode(r, h.chain);
  decode(r, h.parent);
  h.height = r.u64();
  h.epoch = r.u64();
  h.time_ms = r.i64();
  h.tx_count = r.u32();
  decode(r, h.tx_root);
  decode(r, h.evidence_root);
  decode(r, h.result_root);
  decode(r, h.writes_digest);
  decode(r, h.next_committee);
  if (h.tx_count > kBlockTxMax) r.fail();
}

Hash Header::digest() const {
  Writer w(256);
  encode(w, *this);
  return tagged_hash("tieline/block/1", {w.view()});
}

void encode_block(Writer& w, const Block& b) {
  encode(w, b.header);
  w.bytes(b.evidence);
  w.u32(static_cast<uint32_t>(b.txs.size()));
  for (const TxPtr& tx : b.txs) w.bytes(tx->bytes().view());
}

Result<BlockPtr> decode_block(Blob bytes) {
  const Error malformed{"malformed", "malformed block: its bytes end early, are left over, or break a bound"};
  Reader r(bytes.view());
  auto block = std::make_shared<Block>();
  decode(r, block->header);
  const ByteView evidence = r.bytes(kEvidenceBytesMax);
  block->evidence.assign(evidence.begin(), evidence.end());
  const size_t count = r.count(kBlockTxMax, kTxBytesMin);
  block->txs.reserve(count);
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    const ByteView raw = r.bytes(kTxBytesMax);
    if (!r.ok()) return malformed;
    total += raw.size();
    if (total > kBlockBytesMax) return malformed;
    auto tx = Transaction::parse(bytes.slice(r.offset() - raw.size(), raw.size()));
    if (!tx.ok()) return tx.error();
    block->txs.push_back(std::move(*tx));
  }
  if (!r.done()) return malformed;
  if (block->header.tx_count != count) return mismatch("the number of transactions");
  if (block->header.tx_root != tx_root(block->txs)) return mismatch("the transaction root");
  if (block->header.evidence_root != sha256(block->evidence)) return mismatch("the evidence root");
  block->digest = block->header.digest();
  return BlockPtr(std::move(block));
}

void encode(Writer& w, const TxResult& r) {
  encode(w, r.id);
  w.u16(r.code);
}

void decode(Reader& r, TxResult& result) {
  decode(r, result.id);
  result.code = r.u16();
}

// The id is a hash, but goes through merkle_leaf like any other data, so that no id can pass as an inner node.
Hash tx_root(const std::vector<TxPtr>& txs) {
  std::vector<Hash> leaves;
  leaves.reserve(txs.size());
  for (const TxPtr& tx : txs) leaves.push_back(merkle_leaf(tx->id().view()));
  return merkle_root(leaves);
}

Hash result_root(const std::vector<TxResult>& results) {
  std::vector<Hash> leaves;
  leaves.reserve(results.size());
  for (const TxResult& result : results) leaves.push_back(merkle_leaf(encoded(result)));
  return merkle_root(leaves);
}

}  // namespace tieline
