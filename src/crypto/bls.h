#pragma once
// BLS12-381 signatures that add up: many signatures over one message become one of 48 bytes. Minimal signature size
// (signatures in G1, keys in G2), ciphersuite BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_ of
// draft-irtf-cfrg-bls-signature, by blst. Points outside the subgroup and the point at infinity are refused everywhere.
//
// Adding keys up is sound only if every holder has proved that it knows its secret (else a rogue key, chosen as the
// difference to the others', signs for all). The types say so: only a ProvenKey can be part of a sum. Whether a signer
// occurs twice is the caller's question; here a key given twice counts twice on both sides of the equation.

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "crypto/keys.h"

struct tc_bls_key;
struct tc_bls_signer;

namespace tieline::bls {

inline constexpr size_t kSeedSize = 32;
using Seed = std::array<uint8_t, kSeedSize>;

// Wiped when destroyed. Signing is deterministic.
class SecretKey {
 public:
  static SecretKey from_seed(std::span<const uint8_t, kSeedSize> seed);  // KeyGen of the draft, without key_info
  static SecretKey generate();                                           // from the operating system's randomness
  static SecretKey generate(Seed& seed_out);                             // and its seed; the caller wipes it

  Signature sign(ByteView message) const;
  PublicKey public_key() const;
  Possession prove_possession() const;

 private:
  struct Free {
    void operator()(tc_bls_signer* signer) const;
  };
  explicit SecretKey(tc_bls_signer* signer) : signer_(signer) {}
  std::unique_ptr<tc_bls_signer, Free> signer_;
};

// A public key decompressed and checked once. A cheap copy shares it; usable from several threads.
class VerifyingKey {
 public:
  // Error "bad_public_key": malformed, infinity, or outside the subgroup.
  static Result<VerifyingKey> parse(const PublicKey& key);
  const PublicKey& public_key() const { return bytes_; }
  const tc_bls_key* handle() const { return key_.get(); }

 private:
  VerifyingKey(const PublicKey& bytes, std::shared_ptr<const tc_bls_key> key) : bytes_(bytes), key_(std::move(key)) {}
  PublicKey bytes_;
  std::shared_ptr<const tc_bls_key> key_;
};

// A key whose holder has proved possession of the secret.
class ProvenKey {
 public:
  // Errors "bad_public_key" and "bad_possession".
  static Result<ProvenKey> parse(const PublicKey& key, const Possession& proof);
  // For a key whose proof the committed chain has already checked.
  static ProvenKey assume(VerifyingKey key) { return ProvenKey(std::move(key)); }
  const VerifyingKey& key() const { return key_; }

 private:
  explicit ProvenKey(VerifyingKey key) : key_(std::move(key)) {}
  VerifyingKey key_;
};

bool verify(const VerifyingKey& key, ByteView message, const Signature& signature);
bool verify_possession(const VerifyingKey& key, const Possession& proof);

// Is it a point of the subgroup other than infinity? It says nothing about who signed what.
bool is_valid(const Signature& signature);
PointFault fault_of(const Signature& signature);

// The sum. Error "bad_signature" if there is none to add or one is malformed or infinity. Their subgroup is not checked
// here: whoever verifies the sum checks the sum's.
Result<Signature> aggregate(std::span<const Signature> signatures);

// Have all keys signed this one message? One pairing equation, whatever their number; false for no keys.
bool verify_aggregate(std::span<const ProvenKey* const> keys, ByteView message, const Signature& aggregate);

struct AggregateItem {
  const ProvenKey* key;
  ByteView message;
};
// Has each key signed its message? One pairing an item. Messages may repeat, since the keys are proven.
bool verify_aggregate(std::span<const AggregateItem> items, const Signature& aggregate);

// All these keys signed this message, says this sum.
struct Claim {
  std::vector<const ProvenKey*> keys;
  ByteView message;
  Signature aggregate;
};
// Sets ok[i] to 1 exactly if verify_aggregate() accepts claims[i], else to 0; ok.size() == claims.size(). One random
// combination of all equations, then a search by halves for the bad ones. The coefficients are never zero and come from
// the operating system's randomness and from the claims, or from a given seed, for runs that must be repeatable.
void verify_multiple(std::span<const Claim> claims, std::span<uint8_t> ok);
void verify_multiple(std::span<const Claim> claims, std::span<uint8_t> ok, const Seed& seed);

// Adds up votes over one message: all at once, and only if the sum does not verify by halves, down to the bad ones. A
// rejected share is evidence only by verify().
Aggregation aggregate_shares(std::span<const ProvenKey* const> keys, std::span<const Signature> shares,
                             ByteView message);

}  // namespace tieline::bls
