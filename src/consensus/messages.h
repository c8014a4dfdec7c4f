#pragma once
// What validators say to each other about agreement. Wire form: u8 message type, then the fields in order
// (docs/formats/messages.md). Signatures are over tagged digests of the bytes; a decoded message keeps its bytes, so
// that it is sent again, hashed and stored as it came.

#include <memory>
#include <variant>

#include "model/certificate.h"
#include "model/evidence.h"

namespace tieline::consensus {

inline constexpr size_t kMessageBytesMax = 16 * 1024 * 1024;
inline constexpr size_t kNewViewBytesMax = 8 * 1024 * 1024;
inline constexpr size_t kLatePerMessageMax = 32;

struct Message;
using MessagePtr = std::shared_ptr<const Message>;

// What extends what: a certificate of the parent's slot, or (nothing) the start of the epoch, whose block every member
// of the epoch knows from the committed chain.
struct Justify {
  std::optional<Certificate> certificate;  // none: slot (epoch, 0, -1)
  Slot slot;
  Hash block;
  Height height = 0;
  bool operator==(const Justify&) const = default;
};

// The last vote as it travels in a VIEW-CHANGE.
struct LastVote {
  Slot slot;
  Hash block;
  Height height = 0;
  VoteSignature primary_signature;  // the primary's CONFIRM signature on it
  std::optional<Hash> new_view;     // digest of the NEW-VIEW under which it was proposed; index 0 of views > 0 only
  bool operator==(const LastVote&) const = default;
};

// Encoded as the certificate alone, or as slot, block and height where there is none: a Justify whose other fields
// differ from its certificate cannot be said on the wire.
void encode(Writer& w, const Justify& j);
void decode(Reader& r, Justify& j);
void encode(Writer& w, const LastVote& v);
void decode(Reader& r, LastVote& v);

struct Propose {
  Slot slot;
  Header header;
  std::vector<TxId> txs;
  Bytes evidence;
  Justify justify;
  MessagePtr new_view;      // at index 0 of every view but an epoch's first
  VoteSignature signature;  // the primary's CONFIRM signature
};
struct Confirm {
  ValidatorId signer = 0;
  Slot slot;
  Height height = 0;
  Hash block;
  VoteSignature signature;
};
struct ViewChange {
  ValidatorId signer = 0;
  Epoch epoch = 0;
  View view = 0;           // the view it changes to
  ValidatorId leader = 0;  // L: must equal leader(epoch, view)
  ViewChangeKind kind = ViewChangeKind::kTimeout;
  std::optional<CheckpointCert> checkpoint;
  Justify high_qc;
  std::optional<LastVote> last_vote;  // only if last_vote.slot > high_qc.slot
  VoteSignature timeout_signature;    // over timeout_digest(kind, epoch, view)
  Signature signature;                // over all of the above
};
struct ViewChangeAck {
  ValidatorId signer = 0;  // i
  Epoch epoch = 0;
  View view = 0;
  ValidatorId subject = 0;  // j
  Hash view_change;         // digest of j's VIEW-CHANGE
  Signature signature;
};
struct NewView {
  Epoch epoch = 0;
  View view = 0;
  struct Ack {
    ValidatorId signer = 0;
    Signature signature;
  };
  struct Entry {
    MessagePtr view_change;
    std::vector<Ack> acks;  // f+1 with the sender's own implied, ascending signer
  };
  std::vector<Entry> entries;                // V, ascending signer
  std::optional<CheckpointCert> checkpoint;  // X
  Slot justify_slot;                         // J
  Hash justify_block;
  std::optional<Hash> repropose;  // Select(V); none: a new child of J
  Signature signature;            // the new primary's
};
// PBFT: the sender accepted this block as the slot's (PREPARE), and: it knows, durably, that a quorum did (COMMIT).
struct PrepareVote {
  ValidatorId signer = 0;
  Slot slot;
  Height height = 0;
  Hash block;
  VoteSignature signature;  // over vote_digest(VotePhase::kPrepare)
};
struct CommitVote {
  ValidatorId signer = 0;
  Slot slot;
  Height height = 0;
  Hash block;
  VoteSignature signature;  // over vote_digest(VotePhase::kCommit)
};
struct CheckpointVote {
  ValidatorId signer = 0;
  Epoch epoch = 0;
  Height height = 0;
  Hash block;
  Hash state_root;
  VoteSignature signature;
};
struct Heartbeat {  // of the leader when idle; of anyone as an answer: where the sender stands
  Epoch epoch = 0;
  View view = 0;
  Height committed = 0;
};
// A block is committed: the answer to whoever is behind or still in an earlier epoch or view.
struct Decided {
  Header header;
  CommitProof proof;
};
struct RejoinRequest {
  ValidatorId signer = 0;
  Hash nonce;
  Epoch epoch = 0;  // the epoch it believes in; only for the count of one hand-over a member an epoch
  Signature signature;
};
struct RejoinReply {
  ValidatorId signer = 0;
  Hash nonce;
  Epoch epoch = 0;  // durable
  View view = 0;
  // Proof that the view is in use: f+1 VIEW-CHANGEs >= view, or a NEW-VIEW or certificate of view - 1 or later, or n-f
  // VIEW-CHANGEs of view - 1. Empty for view 0.
  std::vector<MessagePtr> view_changes;
  std::optional<Certificate> certificate;
  Signature signature;
};

// A stable checkpoint, for whoever missed its votes, where shares cannot be told apart any more.
struct StableCertificate {
  CheckpointCert certificate;
};

// Raft: a candidate asks for votes of its term, or (pre) whether it would get them. Unsigned, like its answer: links
// are authenticated, and raft survives crashes only.
struct RequestVote {
  ValidatorId candidate = 0;
  Epoch epoch = 0;
  View term = 0;         // that it would lead
  bool pre = false;      // promises nothing, and touches nobody's term
  bool planned = false;  // the leader renews its own term: that one hears a leader is no reason to refuse
  Slot last;             // where its log ends
};
enum class TermReplyKind : uint8_t { kHeartbeat = 1, kPreVote = 2, kVote = 3 };
struct TermReply {
  Epoch epoch = 0;
  View term = 0;  // the sender's
  TermReplyKind kind = TermReplyKind::kHeartbeat;
  bool granted = false;
  View asked = 0;             // the term that was asked for, or the heartbeat's
  ValidatorId candidate = 0;  // whom it answers
  Slot last;                  // where the sender's log ends
  Height committed = 0;       // and how far it has committed
};

// What evidence is made of. A member whose vote a certificate in a block left out says it again, to all:
struct LateConfirms {
  std::vector<LateConfirm> votes;  // at most kLatePerMessageMax
};
// A round trip is measured by a number nobody can guess, sent back at once.
struct Probe {
  uint64_t number = 0;
  bool answer = false;
};
struct Measured {
  MeasureReport report;
};

using Payload = std::variant<Propose, Confirm, ViewChange, ViewChangeAck, NewView, CheckpointVote, Heartbeat, Decided,
                             RejoinRequest, RejoinReply, PrepareVote, CommitVote, RequestVote, TermReply, LateConfirms,
                             Probe, Measured, StableCertificate>;

// Immutable once made. `bytes` is the wire form (the type is its first byte), `digest` = SHA-256(tag
// "tieline/msg/1", bytes).
struct Message {
  Payload payload;
  Blob bytes;
  Hash digest;
};

MessagePtr make_message(Payload payload);          // encodes
Result<MessagePtr> decode_message(Blob bytes);     // errors: oversized, unknown_type, malformed
const char* message_name(const Message& message);  // "PROPOSE", "CONFIRM", ...

// Digests under the signatures (the CONFIRM's is model/certificate.h, the timeout's model/evidence.h).
Hash view_change_digest(const ChainId& chain, const ViewChange& m);
Hash ack_digest(const ChainId& chain, const ViewChangeAck& m);
Hash new_view_digest(const ChainId& chain, const NewView& m);
Hash rejoin_request_digest(const ChainId& chain, const RejoinRequest& m);
Hash rejoin_reply_digest(const ChainId& chain, const RejoinReply& m);
// The same out of the bytes of a message of one of these kinds, which end with the signature: nothing is encoded again.
Hash signed_digest(const ChainId& chain, const Message& message);

}  // namespace tieline::consensus
