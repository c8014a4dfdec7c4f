#pragma once
// Public-key encryption: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, by the
// crate `hpke`. One message a key schedule; the sender is not authenticated, whoever needs that signs inside.
//
// Sealing takes its randomness (the RFC's ikmE, here the encapsulation seed) from the caller. With the seed anyone can
// repeat a sealing bit by bit, which is how a complaint about a payload that does not open is judged: so a seed is used
// for one payload only and shown to the judge alone.

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace tieline::seal {

inline constexpr size_t kTagSize = 16;

using PublicKey = FixedBytes<32, struct SealPublicKeyTag>;
using Encapsulation = FixedBytes<32, struct SealEncapsulationTag>;

struct Sealed {
  Encapsulation enc;
  Bytes cipher;  // the plaintext's size + kTagSize
  bool operator==(const Sealed&) const = default;
};

// `info` names what the payload belongs to and must be the same on both sides; so must `aad`. Error "bad_seal_key": the
// key is a point of small order, under which the shared secret is no secret.
Result<Sealed> seal(const PublicKey& receiver, const Secret& seed, ByteView info, ByteView aad, ByteView plain);

class SecretKey {
 public:
  static SecretKey derive(const Secret& ikm);  // the RFC's DeriveKeyPair
  static SecretKey generate();

  const PublicKey& public_key() const { return public_key_; }
  // Error "does_not_open": other key, other info or aad, or any bit changed. Nothing tells which.
  Result<Bytes> open(const Sealed& sealed, ByteView info, ByteView aad) const;

 private:
  SecretKey(const Secret& secret, const PublicKey& public_key) : secret_(secret), public_key_(public_key) {}
  Secret secret_;
  PublicKey public_key_;
};

}  // namespace tieline::seal
