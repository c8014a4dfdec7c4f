#pragma once
// Certificates: a set of members that signed one CONFIRM. `verify_certificate` is the one function through which every
// check of a certificate goes (duplicate signers, wrong chain, wrong epoch, below quorum, bad signature).
// A CommitProof shows that a block is committed; docs/formats/certificate.md.

#include <optional>
#include <vector>

#include "crypto/keys.h"
#include "crypto/scheme.h"
#include "model/block.h"
#include "model/committee.h"
#include "model/ids.h"

namespace tieline {

inline constexpr size_t kCommitPathMax = 4096;

// What a CONFIRM signs: SHA-256(tag "tieline/confirm/1", chain, slot, height, block). No timestamp, no signer: equal
// for all signers.
Hash confirm_digest(const ChainId& chain, const Slot& slot, Height height, const Hash& block);

struct Certificate {
  Slot slot;
  Height height = 0;
  Hash block;
  SignerSet signers;
  std::vector<Signature> signatures;  // one a signer, in ascending position
  bool operator==(const Certificate&) const = default;
};
void encode(Writer& w, const Certificate& c);
void decode(Reader& r, Certificate& c);

enum class Threshold { kCorrect, kQuorum, kFast };
// Errors: certificate_wrong_epoch, certificate_below_quorum, certificate_unknown_signer, certificate_bad_signature,
// certificate_malformed.
Status verify_certificate(const Certificate& c, Threshold threshold, const ChainId& chain, const Committee& committee,
                          const Verifier& verifier);

// Block `certificate.block` is committed by a fast quorum alone, or by a quorum and a quorum on its child in the next
// slot of the same view. `path` leads from the child of the block that is to be proven down to certificate.block
// (empty when they are the same).
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
// path is off), and those of verify_certificate.
Status verify_commit(const CommitProof& proof, const Hash& block, bool fast_path, const ChainId& chain,
                     const Committee& committee, const Verifier& verifier);

// A quorum's signatures on a checkpoint: SHA-256(tag "tieline/checkpoint/1", chain, epoch, height, block, state_root).
struct CheckpointCert {
  Epoch epoch = 0;
  Height height = 0;
  Hash block;
  Hash state_root;
  SignerSet signers;
  std::vector<Signature> signatures;
  bool operator==(const CheckpointCert&) const = default;
};
void encode(Writer& w, const CheckpointCert& c);
void decode(Reader& r, CheckpointCert& c);
Hash checkpoint_digest(const ChainId& chain, Epoch epoch, Height height, const Hash& block, const Hash& state_root);
// Errors: those of verify_certificate.
Status verify_checkpoint(const CheckpointCert& c, const ChainId& chain, const Committee& committee,
                         const Verifier& verifier);

}  // namespace tieline
