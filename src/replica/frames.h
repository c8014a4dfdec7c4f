#pragma once
// What travels on a link between two validators (docs/formats/frames.md): u8 version, u8 kind, body in Borsh. A frame
// is decoded once; byte strings inside stay slices of the frame that came, so that a transaction is held once from the
// socket to the log. Everything is bounded before anything is allocated.
//
// Errors, each a stable code that is counted: frame_malformed, frame_unknown_version, frame_unknown_kind,
// frame_over_size.

#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/block.h"
#include "model/certificate.h"
#include "model/receipt.h"

namespace tieline::replica {

inline constexpr uint8_t kFrameVersion = 1;
inline constexpr size_t kFrameTransactionsMax = 65'536;  // in one batch
inline constexpr size_t kFrameBlocksMax = 1'024;         // in one answer to catch-up
inline constexpr size_t kFrameEntriesMax = 1'000'000;    // key-value pairs in one snapshot chunk
inline constexpr size_t kFrameLinksMax = 64;             // committee links in one offer
inline constexpr size_t kStateKeyBytesMax = 4'096;
inline constexpr size_t kStateValueBytesMax = 1024 * 1024;
// A block in transfer form: header and counts, evidence, transactions with their lengths.
inline constexpr size_t kBlockTransferBytesMax = 4'096 + kEvidenceBytesMax + kBlockBytesMax + 4 * kBlockTxMax;

struct ConsensusFrame {
  Blob message;
};
// The sender's word for a batch of its own: model/evidence.h, submission_digest over the ids in order.
struct BatchSeal {
  Epoch epoch = 0;
  Signature signature;
};
struct TransactionsFrame {
  std::vector<Blob> transactions;
  std::optional<BatchSeal> seal{};
};
struct TransactionsRequest {
  std::vector<TxId> ids;
};
struct TransactionsAnswer {
  std::vector<Blob> transactions;
  std::vector<TxId> missing;
};
struct BlockRequest {
  Hash digest;
};  // a block that may be uncommitted, whole
struct BlockAnswer {
  Hash digest;
  std::optional<Blob> block;  // transfer form; none: not had
};
struct BlocksRequest {
  Height from = 0;
};  // committed blocks, this height and up
// `proof` is of the last block; an answer never goes beyond an epoch's last block. With that one comes its link.
struct BlocksAnswer {
  Height from = 0;
  Height tip = 0;                    // where the sender stands
  std::vector<Blob> blocks;          // transfer form; empty: not had
  std::optional<CommitProof> proof;  // exactly if blocks is not empty
  std::optional<CommitteeLink> link;
};
struct SnapshotRequest {
  Height above = 0;
};  // any snapshot of a height above this
struct SnapshotOffer {
  struct Body {
    CheckpointCert certificate;
    Blob block;  // at the certificate's height, transfer form
    std::vector<TxResult> results;
    CommitProof proof;                 // that it is committed
    std::vector<CommitteeLink> links;  // from genesis; the last one is of the epoch before the block's
  };
  std::optional<Body> body;  // none: has no such snapshot
};
struct ChunkRequest {  // entries of kState at `height`, keys >= from
  Height height = 0;
  Bytes from;
};
struct Chunk {
  Height height = 0;
  Bytes from;
  bool had = false;  // false: the snapshot is gone
  bool last = false;
  std::vector<std::pair<Bytes, Bytes>> entries;  // ascending keys
};
// Blocks below a height, for who began with a snapshot: descending, of one epoch, each as it is stored.
struct HistoryRequest {
  Height below = 0;
};
struct HistoryAnswer {
  struct Entry {
    Blob block;  // transfer form
    std::vector<uint16_t> codes;
    CommitProof proof;
  };
  Height below = 0;
  std::vector<Entry> entries;        // empty: not had
  std::vector<CommitteeLink> links;  // from genesis to the committee of the entries' epoch
};
struct StatusFrame {
  Epoch epoch = 0;
  View view = 0;
  Height applied = 0;
  Hash tip;
  Height checkpoint = 0;  // stable; 0: none
};

// A PROPOSE on its way through neighbours (replica/relay.h), as whoever proposed it said it.
struct RelayFrame {
  ValidatorId origin = 0;
  SignerSet have;       // who is known to have it, by position in the committee of the proposal's epoch
  Signature signature;  // the origin's, over relay_digest
  Blob message;
};
// The answer to a relay frame; from the origin itself: there is such a proposal, and you will get it from others.
struct RelayHave {
  ValidatorId origin = 0;
  Slot slot;
  Hash message;
  SignerSet have;
};
struct RelayPull {
  Hash message;
};

using Frame = std::variant<ConsensusFrame, TransactionsFrame, TransactionsRequest, TransactionsAnswer, BlockRequest,
                           BlockAnswer, BlocksRequest, BlocksAnswer, SnapshotRequest, SnapshotOffer, ChunkRequest,
                           Chunk, StatusFrame, HistoryRequest, HistoryAnswer, RelayFrame, RelayHave, RelayPull>;

Result<Frame> decode_frame(const Blob& bytes, size_t bytes_max);
Blob encode_frame(const Frame& frame);

}  // namespace tieline::replica
