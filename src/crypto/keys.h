#pragma once
// The keys and signatures that travel. Ed25519 (RFC 8032): 32 and 64 bytes. BLS12-381 (crypto/bls.h), whose signatures
// add up: 96 and 48 bytes. The simulator's cheap scheme fills the same types.

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace tieline {

using PublicKey = FixedBytes<32, struct PublicKeyTag>;
using Signature = FixedBytes<64, struct SignatureTag>;

namespace bls {

using PublicKey = FixedBytes<96, struct BlsPublicKeyTag>;    // a compressed point of G2
using Signature = FixedBytes<48, struct BlsSignatureTag>;    // a compressed point of G1
using Possession = FixedBytes<48, struct BlsPossessionTag>;  // proof of possession: a signature over the key itself

// What is wrong with the bytes of a signature before anyone asks who signed what.
enum class PointFault : uint8_t { kNone, kMalformed, kInfinity, kOffSubgroup };

// Votes over one message added up. What is accepted is a set whose sum verifies. A lone share in `accepted` need not
// verify by itself (two signers can shift value between their shares), so acceptance is no evidence.
struct Aggregation {
  std::optional<Signature> aggregate;  // none if nothing was accepted
  std::vector<uint8_t> accepted;       // by index, 1 or 0
};

}  // namespace bls
}  // namespace tieline
