#pragma once
// Evidence in blocks: the only source of credit and trust. It verifies from signed bytes alone, against the committees
// of the block's own epoch and the one before. docs/formats/block.md.

#include <vector>

#include "model/certificate.h"

namespace tieline {

inline constexpr size_t kEvidenceCertificatesMax = 32;
inline constexpr size_t kEvidenceTimeoutsMax = 32;
inline constexpr size_t kEvidenceFaultsMax = 32;

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

struct Evidence {
  std::vector<Certificate> certificates;    // of ancestors, to show who took part; strictly ascending slots
  std::vector<TimeoutProof> timeouts;       // strictly ascending (epoch, view)
  std::vector<Equivocation> equivocations;  // strictly ascending (signer, slot)
  bool empty() const { return certificates.empty() && timeouts.empty() && equivocations.empty(); }
  bool operator==(const Evidence&) const = default;
};
void encode(Writer& w, const TimeoutProof& p);
void decode(Reader& r, TimeoutProof& p);
void encode(Writer& w, const Equivocation& e);
void decode(Reader& r, Equivocation& e);
void encode(Writer& w, const Evidence& e);
void decode(Reader& r, Evidence& e);

// Errors: evidence_malformed (bounds, order), evidence_wrong_epoch, evidence_unknown_signer, evidence_below_threshold,
// evidence_bad_signature, and those of verify_certificate.
// `current` is the committee of the block's epoch, `previous` of the epoch before (null in epoch 0).
Status verify_evidence(const Evidence& e, CommitRule rule, const ChainId& chain, const Committee& current,
                       const Committee* previous, const Verifier& verifier);
Status verify_equivocation(const Equivocation& e, CommitRule rule, const ChainId& chain, const Committee& committee,
                           const Verifier& verifier);

}  // namespace tieline
