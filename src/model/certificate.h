#pragma once
// Certificates: a set of members that signed one vote (CONFIRM, PREPARE or COMMIT). `verify_certificate` is the one
// function through which every check of a certificate goes (duplicate signers, wrong chain, wrong epoch, below quorum,
// bad signature). The signatures are a list of Ed25519 ones or one BLS aggregate, as genesis says for the whole chain.
// A CommitProof shows that a block is committed; docs/formats/certificate.md.

#include <optional>
#include <vector>

#include "crypto/keys.h"
#include "crypto/scheme.h"
#include "model/block.h"
#include "model/committee.h"
#include "model/ids.h"
#include "model/vote_signature.h"

namespace tieline {

inline constexpr size_t kCommitPathMax = 4096;

// What a vote means; each has a tag of its own, so that no vote of one kind counts as another.
enum class VotePhase : uint8_t {
  kConfirm = 1,  // cbft: the only kind
  kPrepare = 2,  // pbft: the block is the one proposed for this slot
  kCommit = 3,   // pbft: a quorum prepared it, durably known to the signer; raft: the signer's log holds it
};

// What a vote signs: SHA-256(tag, chain, slot, height, block), the tag being "tieline/confirm/1", "tieline/prepare/1"
// or "tieline/commit/1". No timestamp, no signer: equal for all signers.
Hash vote_digest(VotePhase phase, const ChainId& chain, const Slot& slot, Height height, const Hash& block);
inline Hash confirm_digest(const ChainId& chain, const Slot& slot, Height height, const Hash& block) {
  return vote_digest(VotePhase::kConfirm, chain, slot, height, block);
}

struct Certificate {
  Slot slot;
  Height height = 0;
  Hash block;
  SignerSet signers;
  std::vector<Signature> signatures;  // one a signer, in ascending position; empty with an aggregate
  std::optional<bls::Signature> aggregate{};
  bool operator==(const Certificate&) const = default;
};
void encode(Writer& w, const Certificate& c);
void decode(Reader& r, Certificate& c);

enum class Threshold { kCorrect, kQuorum, kFast };
// Errors: certificate_wrong_epoch, certificate_below_quorum, certificate_unknown_signer, certificate_bad_signature,
// certificate_malformed, certificate_wrong_kind (a list where genesis has aggregates, or the other way round), and of
// an aggregate's point certificate_bad_point, certificate_infinity, certificate_off_subgroup.
Status verify_certificate(const Certificate& c, VotePhase phase, Threshold threshold, const ChainId& chain,
                          const Committee& committee, const Verifier& verifier);

// The part of verify_certificate that all signed sets share: are these signers members, and did all of them sign
// `digest`? Whether they are enough is the caller's question, to be asked first. Same errors.
Status verify_signatures(const SignerSet& signers, const std::vector<Signature>& signatures,
                         const std::optional<bls::Signature>& aggregate, const Hash& digest, const Committee& committee,
                         const Verifier& verifier);
// Wire form: the set, u8 CertificateKind, then a list of signatures or the 48 bytes of the aggregate.
void encode_signatures(Writer& w, const SignerSet& signers, const std::vector<Signature>& signatures,
                       const std::optional<bls::Signature>& aggregate);
void decode_signatures(Reader& r, SignerSet& signers, std::vector<Signature>& signatures,
                       std::optional<bls::Signature>& aggregate);

// What commits a block (ConsensusParams::commit_rule): certificates over CONFIRMs on two slots in a row, or also one of
// a fast quorum (cbft with the fast path); or one quorum's COMMITs (pbft; raft, where it proves the commit as long as
// members only crash).
enum class CommitRule : uint8_t { kTwoChain = 1, kFastOrTwoChain = 2, kCommitQuorum = 3 };
// The votes that certificates in blocks, commit proofs and receipts are made of.
constexpr VotePhase deciding_phase(CommitRule rule) {
  return rule == CommitRule::kCommitQuorum ? VotePhase::kCommit : VotePhase::kConfirm;
}
// The votes of which a correct member casts one a slot, so that two of them are an equivocation.
constexpr VotePhase choosing_phase(CommitRule rule) {
  return rule == CommitRule::kCommitQuorum ? VotePhase::kPrepare : VotePhase::kConfirm;
}

// Block `certificate.block` is committed by a fast quorum's CONFIRMs or a quorum's COMMITs alone, or by a quorum's
// CONFIRMs and a quorum's on its child in the next slot of the same view; the rule says which. `path` leads from the
// child of the block that is to be proven down to certificate.block (empty when they are the same).
struct CommitProof {
  std::vector<Header> path;
  Certificate certificate;
  struct Second {
    Header child;
    Certificate certificate;
    bool operator==(const Second&) const = default;
  };
  std::optional<Second> second;
  bool operator==(const CommitProof&) const = default;
};
void encode(Writer& w, const CommitProof& p);
void decode(Reader& r, CommitProof& p);

// Errors: commit_bad_path, commit_wrong_child, commit_wrong_slot, commit_fast_disabled (one certificate, and the fast
// path is off), commit_second_unused (two, where one decides), and those of verify_certificate.
Status verify_commit(const CommitProof& proof, const Hash& block, CommitRule rule, const ChainId& chain,
                     const Committee& committee, const Verifier& verifier);

// A quorum's signatures on a checkpoint: SHA-256(tag "tieline/checkpoint/1", chain, epoch, height, block, state_root).
struct CheckpointCert {
  Epoch epoch = 0;
  Height height = 0;
  Hash block;
  Hash state_root;
  SignerSet signers;
  std::vector<Signature> signatures;
  std::optional<bls::Signature> aggregate{};
  bool operator==(const CheckpointCert&) const = default;
};
void encode(Writer& w, const CheckpointCert& c);
void decode(Reader& r, CheckpointCert& c);
Hash checkpoint_digest(const ChainId& chain, Epoch epoch, Height height, const Hash& block, const Hash& state_root);
// Errors: those of verify_certificate.
Status verify_checkpoint(const CheckpointCert& c, const ChainId& chain, const Committee& committee,
                         const Verifier& verifier);

}  // namespace tieline
