#pragma once
// The key and signature that travel: 32 and 64 bytes of Ed25519 (RFC 8032). The simulator's cheap scheme fills the same
// types. BLS has types of its own (crypto/bls.h).

#include "base/bytes.h"

namespace tieline {

using PublicKey = FixedBytes<32, struct PublicKeyTag>;
using Signature = FixedBytes<64, struct SignatureTag>;

}  // namespace tieline
