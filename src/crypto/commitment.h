#pragma once
// Pedersen commitments C = vG + rH over ristretto255 (RFC 9496; curve25519-dalek). C hides v perfectly and binds its
// maker to it as long as nobody knows a logarithm between G and H: G is the group's generator, H what RFC 9496 derives
// from SHA-512("tieline/pedersen/h/1"). Commitments add up, and their openings with them:
//
//   sum(k_i C_i) + aG   opens with   sum(k_i v_i) + a   and   sum(k_i r_i)
//
// Values are integers of at most 128 bits, far below the group's order (about 2^252), so nothing wraps around.
// Encodings are canonical or refused; so is the identity, which hides nothing. A sum may be the identity all the same.

#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace tieline {

using Int128 = __int128;

using Commitment = FixedBytes<32, struct CommitmentTag>;
using Blinding = FixedBytes<32, struct BlindingTag>;  // a scalar below the group's order, little-endian; secret

// What opens a commitment.
struct Opening {
  uint64_t value = 0;
  Blinding blinding;
  bool operator==(const Opening&) const = default;
};

Commitment commitment_base();  // H

// HKDF-SHA512 to 64 bytes, reduced: no bias. The tag and info rules are those of hkdf_sha512.
Blinding derive_blinding(std::string_view tag, const Secret& secret, std::initializer_list<ByteView> info);
bool is_valid(const Blinding& blinding);      // canonical
bool is_valid(const Commitment& commitment);  // canonical, and not the identity

// Error "bad_blinding": not canonical. Blinding 0 hides nothing; it stands for public values.
Result<Commitment> commit(Int128 value, const Blinding& blinding);

// sum(weights[i] * commitments[i]) + added * G; as many weights as commitments. Error "bad_commitment".
Result<Commitment> combine(std::span<const Commitment> commitments, std::span<const Int128> weights, Int128 added = 0);
// sum(weights[i] * blindings[i]). Error "bad_blinding".
Result<Blinding> combine(std::span<const Blinding> blindings, std::span<const Int128> weights);

bool opens(const Commitment& commitment, Int128 value, const Blinding& blinding);

}  // namespace tieline
