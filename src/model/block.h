#pragma once
// Blocks. The digest D of a block is the hash of its header; the header covers everything that decides what the block
// means and nothing of how it was agreed (no view, no slot, no justification), so a block that is proposed again in a
// later view keeps its digest. docs/formats/block.md.

#include <optional>
#include <vector>

#include "model/ids.h"
#include "model/transaction.h"

namespace tieline {

inline constexpr uint8_t kHeaderVersion = 1;
inline constexpr size_t kHeaderBytesMin =
    1 + 1 + 32 + 32 + 8 + 8 + 8 + 4 + 4 * 32 + 1;  // 223; 255 in an epoch's last block
inline constexpr size_t kBlockTxMax = 8192;        // a decoder's bound; genesis sets the real MaxMessages below it
inline constexpr size_t kBlockBytesMax = 8 * 1024 * 1024;  // transactions of one block
inline constexpr size_t kEvidenceBytesMax = 256 * 1024;

struct Header {
  uint8_t version = kHeaderVersion;
  bool is_void = false;  // closes an epoch: empty, never committed, carries its parent's height
  ChainId chain;
  Hash parent;  // digest of the parent's header; genesis: the chain id
  Height height = 0;
  Epoch epoch = 0;
  int64_t time_ms = 0;  // block time, UTC, >= the parent's
  uint32_t tx_count = 0;
  Hash tx_root;                        // Merkle root over transaction ids in order
  Hash evidence_root;                  // SHA-256 of the evidence bytes
  Hash result_root;                    // Merkle root over encoded TxResults in order
  Hash writes_digest;                  // chained digest of the block's state writes (ledger/state.h)
  std::optional<Hash> next_committee;  // only in an epoch's last block: digest of the next committee
  bool operator==(const Header&) const = default;

  Hash digest() const;  // SHA-256(tag "tieline/block/1", encoding)
  bool ends_epoch() const { return next_committee.has_value(); }
};
void encode(Writer& w, const Header& h);
void decode(Reader& r, Header& h);

// A block as it is held: header, its digest (computed once), transactions in order, evidence bytes as signed over by
// the root. Immutable once made.
struct Block {
  Header header;
  Hash digest;
  std::vector<TxPtr> txs;
  Bytes evidence;  // encoded Evidence (model/evidence.h); empty in a void block
};
using BlockPtr = std::shared_ptr<const Block>;

// Log and transfer form: header, evidence, then u32 count and each transaction's bytes.
void encode_block(Writer& w, const Block& b);
// Checks both roots against the header: a body that does not match is refused. Transactions are slices of `bytes`.
// Errors: malformed, body_mismatch, and those of Transaction::parse.
Result<BlockPtr> decode_block(Blob bytes);

// Outcome of one transaction. Code "ok" or a stable refusal code; a refused transaction changes nothing but its
// signer's sequence window. Result leaf = merkle_leaf(encode(TxResult)).
struct TxResult {
  TxId id;
  uint16_t code = 0;  // ledger/codes.h
  bool operator==(const TxResult&) const = default;
};
void encode(Writer& w, const TxResult& r);
void decode(Reader& r, TxResult& result);

// Leaf = merkle_leaf(id).
Hash tx_root(const std::vector<TxPtr>& txs);
Hash result_root(const std::vector<TxResult>& results);

}  // namespace tieline
