#pragma once
// The signature scheme of the simulator and the explorer: a keyed hash (SipHash-2-4, 128 bit) under a secret that only
// the key's owner's Signer holds. It fills the same types as Ed25519 and costs some 30 ns instead of 30 us. Nobody can
// forge: a Byzantine validator is handed its own Signer and never the table. The Verifier knows every secret, and only
// answers yes or no.
//
// With `real_crypto` the same keys are Ed25519 ones, derived from the same seed: some hundred times slower, and the
// code that a node runs.

#include <array>
#include <memory>
#include <vector>

#include "crypto/ed25519_scheme.h"

namespace tieline {

struct SimSecret {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
};

// SipHash-2-4 with 128-bit output (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
std::array<uint64_t, 2> siphash128(const SimSecret& key, ByteView message);

class SimSigner final : public Signer {
 public:
  SimSigner(PublicKey key, SimSecret secret, std::shared_ptr<const Signer> real = nullptr)
      : key_(key), secret_(secret), real_(std::move(real)) {}
  Signature sign(ByteView message) const override;
  PublicKey public_key() const override { return key_; }

 private:
  PublicKey key_;
  SimSecret secret_;
  std::shared_ptr<const Signer> real_;
};

// Every key of one schedule. Key number i is the same for the same seed.
class SimKeys final : public Verifier {
 public:
  SimKeys(uint64_t seed, size_t count, bool real_crypto = false);
  const PublicKey& key(size_t index) const { return keys_[index]; }
  SimSigner signer(size_t index) const {
    return {keys_[index], secrets_[index], real_ ? real_signers_[index] : nullptr};
  }
  size_t size() const { return keys_.size(); }

  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override;
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override;

 private:
  std::vector<PublicKey> keys_;
  std::vector<SimSecret> secrets_;
  std::vector<std::shared_ptr<const Signer>> real_signers_;
  std::unique_ptr<Ed25519Verifier> real_;
};

}  // namespace tieline
