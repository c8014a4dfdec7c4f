#pragma once
// The signature scheme of the simulator and the explorer: a keyed hash (SipHash-2-4, 128 bit) under a secret that only
// the key's owner's Signer holds. It fills the same types as Ed25519 and costs some 30 ns instead of 30 us. Nobody can
// forge: a Byzantine validator is handed its own Signer and never the table. The Verifier knows every secret, and only
// answers yes or no.
//
// Shares are tags too, and an aggregate is the sum of its signers' tags: who lacks one tag lacks the sum. As with BLS
// two signers can shift value between their shares without changing the sum, and a lone share then verifies nothing.
//
// With `real_crypto` the same keys are Ed25519 and BLS ones, derived from the same seed: some hundred times slower, and
// the code that a node runs.

#include <array>
#include <memory>
#include <vector>

#include "crypto/real_scheme.h"

namespace tieline {

struct SimSecret {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
};

// SipHash-2-4 with 128-bit output (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
std::array<uint64_t, 2> siphash128(const SimSecret& key, ByteView message);

class SimSigner final : public Signer {
 public:
  SimSigner(PublicKey key, bls::PublicKey bls_key, SimSecret secret, std::shared_ptr<const Signer> real = nullptr)
      : key_(key), bls_key_(bls_key), secret_(secret), real_(std::move(real)) {}
  Signature sign(ByteView message) const override;
  PublicKey public_key() const override { return key_; }
  bls::Signature sign_share(ByteView message) const override;
  bls::PublicKey bls_key() const override { return bls_key_; }

 private:
  PublicKey key_;
  bls::PublicKey bls_key_;
  SimSecret secret_;
  std::shared_ptr<const Signer> real_;
};

// Every key of one schedule. Key number i is the same for the same seed.
class SimKeys final : public Verifier {
 public:
  SimKeys(uint64_t seed, size_t count, bool real_crypto = false);
  const PublicKey& key(size_t index) const { return keys_[index]; }
  const bls::PublicKey& bls_key(size_t index) const { return bls_keys_[index]; }
  SimSigner signer(size_t index) const {
    return {keys_[index], bls_keys_[index], secrets_[index], real_ ? real_signers_[index] : nullptr};
  }
  size_t size() const { return keys_.size(); }

  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override;
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override;
  bool verify_aggregate(const AggregateItem& item) const override;
  void verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const override;
  bls::Aggregation aggregate(std::span<const bls::PublicKey* const> keys, std::span<const bls::Signature> shares,
                             ByteView message) const override;
  std::optional<bls::Signature> add(std::span<const bls::Signature> aggregates) const override;
  bls::PointFault fault_of(const bls::Signature& signature) const override;

 private:
  std::optional<bls::Signature> expected_sum(std::span<const bls::PublicKey* const> keys, ByteView message) const;
  std::vector<PublicKey> keys_;
  std::vector<bls::PublicKey> bls_keys_;
  std::vector<SimSecret> secrets_;
  std::vector<std::shared_ptr<const Signer>> real_signers_;
  std::unique_ptr<RealVerifier> real_;
};

}  // namespace tieline
