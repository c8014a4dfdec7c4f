#pragma once
// Evidence in blocks: the only source of credit and trust. It verifies from signed bytes alone, against the committees
// of the block's own epoch and the one before. docs/formats/block.md. Sources: CONSENSUS.md 3, paper 000 Table I.
//
// Never evidence: drift, duplicates, expiry, a body that does not match its root, anything that only one link's peer
// has seen.

#include <functional>
#include <vector>

#include "model/certificate.h"

namespace tieline {

inline constexpr size_t kEvidenceCertificatesMax = 32;
inline constexpr size_t kEvidenceTimeoutsMax = 32;
inline constexpr size_t kEvidenceFaultsMax = 32;
inline constexpr size_t kEvidenceLateMax = 32;
inline constexpr size_t kEvidenceReportsMax = 32;
// Each may hold a whole transaction, so a block carries one of either kind and the others wait for the next.
inline constexpr size_t kEvidenceInvalidMax = 1;
inline constexpr size_t kEvidenceRejectedMax = 1;
inline constexpr size_t kMerklePathMax = 16;         // to one of 65,536 leaves: no block and no batch has more
inline constexpr size_t kHeaderProofBytesMax = 512;  // a header takes at most 255
inline constexpr uint16_t kNotMeasured = 0xffff;     // in the vectors of a report, in milliseconds

enum class ViewChangeKind : uint8_t { kTimeout = 1, kPlanned = 2, kJoined = 3 };

// SHA-256(tag "tieline/timeout/1", chain, kind, epoch, view): carries no signer, so signatures aggregate.
Hash timeout_digest(const ChainId& chain, ViewChangeKind kind, Epoch epoch, View view);

// At least f+1 members timed out towards `view`: the leader of view - 1 failed. Only kind timeout counts.
struct TimeoutProof {
  Epoch epoch = 0;
  View view = 0;
  SignerSet signers;
  std::vector<Signature> signatures;  // or the aggregate, as in a certificate
  std::optional<bls::Signature> aggregate{};
  bool operator==(const TimeoutProof&) const = default;
};

// Two votes of one member for one slot with different blocks: CONFIRMs (cbft) or PREPAREs (pbft). A proposal is its
// primary's vote.
struct Equivocation {
  ValidatorId signer = 0;
  Slot slot;
  struct Side {
    Height height = 0;
    Hash block;
    VoteSignature signature;  // a share of its own, never one out of a sum
    bool operator==(const Side&) const = default;
  };
  Side a, b;  // a.block < b.block
  bool operator==(const Equivocation&) const = default;
};

// A member's vote for a slot whose certificate in a block left it out: so no leader can hide who took part.
struct LateConfirm {
  ValidatorId signer = 0;
  Slot slot;
  Height height = 0;
  Hash block;
  VoteSignature signature;  // the vote's own, never one out of a sum: vote_digest of the deciding phase
  bool operator==(const LateConfirm&) const = default;
};

// What a member measured of the others, by position in the epoch's committee; of itself it says nothing. `window` rises
// with every report of a reporter: the number of blocks the epoch had.
struct MeasureReport {
  ValidatorId reporter = 0;
  Epoch epoch = 0;
  uint32_t window = 0;
  std::vector<uint16_t> rtt_ms;       // median round trip
  std::vector<uint16_t> interval_ms;  // median time between the blocks that member led, while there was work
  Signature signature;                // over report_digest
  bool operator==(const MeasureReport&) const = default;
};
// SHA-256(tag "tieline/measures/1", chain, all of the report but its signature).
Hash report_digest(const ChainId& chain, const MeasureReport& report);

// A transaction that may stand in no block and be handed on by nobody: its bytes are no transaction, or one of its
// signatures does not verify (all its signatories being registered). Shown under a Merkle root over transaction ids.
struct BadTransaction {
  Bytes transaction;
  uint32_t index = 0;
  std::vector<Hash> path;
  bool operator==(const BadTransaction&) const = default;
};

// A vote for a block that no correct member votes for. Without `bad` the header itself is what is wrong: its bytes are
// no header, or it is of another chain, epoch or height than the vote, or a void block with content.
struct InvalidBlock {
  ValidatorId signer = 0;
  Slot slot;
  Height height = 0;
  VoteSignature signature;  // of the choosing phase, over the digest of `header`
  Bytes header;             // what hashes to the block's digest
  std::optional<BadTransaction> bad;
  bool operator==(const InvalidBlock&) const = default;
};

// A member handed on, in a batch under its own signature, a transaction that does not verify.
struct RejectedSubmission {
  ValidatorId submitter = 0;
  Epoch epoch = 0;
  uint32_t count = 0;  // of the batch
  Hash root;           // Merkle root over the ids of the batch, as tx_root
  Signature signature;
  BadTransaction bad;
  bool operator==(const RejectedSubmission&) const = default;
};
// SHA-256(tag "tieline/submission/1", chain, submitter, epoch, count, root).
Hash submission_digest(const ChainId& chain, ValidatorId submitter, Epoch epoch, uint32_t count, const Hash& root);

struct Evidence {
  std::vector<Certificate> certificates;       // of ancestors, to show who took part; strictly ascending slots
  std::vector<TimeoutProof> timeouts;          // strictly ascending (epoch, view)
  std::vector<Equivocation> equivocations;     // strictly ascending (signer, slot)
  std::vector<LateConfirm> late{};             // strictly ascending (slot, signer)
  std::vector<MeasureReport> reports{};        // of the block's own epoch; strictly ascending reporter
  std::vector<InvalidBlock> invalid{};         // strictly ascending (signer, slot)
  std::vector<RejectedSubmission> rejected{};  // strictly ascending submitter
  bool empty() const {
    return certificates.empty() && timeouts.empty() && equivocations.empty() && late.empty() && reports.empty() &&
           invalid.empty() && rejected.empty();
  }
  bool operator==(const Evidence&) const = default;
};
void encode(Writer& w, const TimeoutProof& p);
void decode(Reader& r, TimeoutProof& p);
void encode(Writer& w, const Equivocation& e);
void decode(Reader& r, Equivocation& e);
void encode(Writer& w, const LateConfirm& c);
void decode(Reader& r, LateConfirm& c);
void encode(Writer& w, const MeasureReport& m);
void decode(Reader& r, MeasureReport& m);
void encode(Writer& w, const BadTransaction& b);
void decode(Reader& r, BadTransaction& b);
void encode(Writer& w, const InvalidBlock& b);
void decode(Reader& r, InvalidBlock& b);
void encode(Writer& w, const RejectedSubmission& s);
void decode(Reader& r, RejectedSubmission& s);
void encode(Writer& w, const Evidence& e);
void decode(Reader& r, Evidence& e);

// The key of a registered participant; null: not registered. Without it no bad signature of a transaction is proven.
using ParticipantKeys = std::function<const PublicKey*(ParticipantId)>;

// Errors: evidence_malformed (bounds, order), evidence_wrong_epoch, evidence_unknown_signer, evidence_below_threshold,
// evidence_bad_signature, evidence_not_bad (what it accuses of is no fault), and those of verify_certificate.
// `current` is the committee of the block's epoch, `previous` of the epoch before (null in epoch 0).
Status verify_evidence(const Evidence& e, CommitRule rule, const ChainId& chain, const Committee& current,
                       const Committee* previous, const Verifier& verifier, const ParticipantKeys& keys = {});

// One kind each; `committee` is that of the epoch it speaks of.
Status verify_timeout(const TimeoutProof& p, const ChainId& chain, const Committee& committee,
                      const Verifier& verifier);
Status verify_equivocation(const Equivocation& e, CommitRule rule, const ChainId& chain, const Committee& committee,
                           const Verifier& verifier);
Status verify_late_confirm(const LateConfirm& c, CommitRule rule, const ChainId& chain, const Committee& committee,
                           const Verifier& verifier);
Status verify_report(const MeasureReport& m, const ChainId& chain, const Committee& committee,
                     const Verifier& verifier);
Status verify_invalid_block(const InvalidBlock& b, CommitRule rule, const ChainId& chain, const Committee& committee,
                            const Verifier& verifier, const ParticipantKeys& keys);
Status verify_rejected(const RejectedSubmission& s, const ChainId& chain, const Committee& committee,
                       const Verifier& verifier, const ParticipantKeys& keys);

}  // namespace tieline
