#pragma once
// What a member puts under a vote (CONFIRM, PREPARE, COMMIT, checkpoint, time-out): an Ed25519 signature of 64 bytes
// or, where genesis has certificates = bls, a share of 48 bytes that adds up with the others'. Wire form: u8
// CertificateKind, then the bytes (docs/formats/certificate.md).

#include <variant>

#include "base/codec.h"
#include "crypto/scheme.h"
#include "model/committee.h"

namespace tieline {

using VoteSignature = std::variant<Signature, bls::Signature>;

inline constexpr size_t kVoteSignatureBytesMin = 1 + bls::Signature::kSize;

void encode(Writer& w, const VoteSignature& s);
void decode(Reader& r, VoteSignature& s);

// `digest` is what the vote signs.
VoteSignature sign_vote(CertificateKind kind, const Signer& signer, const Hash& digest);
// Checked alone, whatever others signed. False too if it is of another kind than the committee's certificates. A share
// that verifies here is its member's, and evidence; one that was only accepted in a sum is not.
bool verify_vote(const Committee& committee, size_t position, const Hash& digest, const VoteSignature& signature,
                 const Verifier& verifier);

}  // namespace tieline
