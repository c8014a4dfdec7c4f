#pragma once
// What a validator signs with and everybody checks with outside of simulations: Ed25519, and BLS for the shares of
// certificates.

#include "crypto/bls_scheme.h"
#include "crypto/ed25519_scheme.h"

namespace tieline {

class RealSigner final : public Signer {
 public:
  RealSigner(ed25519::SecretKey key, bls::SecretKey bls_key)
      : plain_(std::move(key)), shares_(std::move(bls_key)), bls_key_(shares_.public_key()) {}
  Signature sign(ByteView message) const override { return plain_.sign(message); }
  PublicKey public_key() const override { return plain_.public_key(); }
  bls::Signature sign_share(ByteView message) const override { return shares_.sign(message); }
  bls::PublicKey bls_key() const override { return bls_key_; }

 private:
  Ed25519Signer plain_;
  bls::SecretKey shares_;
  bls::PublicKey bls_key_;
};

// Usable from several threads.
class RealVerifier final : public Verifier {
 public:
  explicit RealVerifier(std::optional<bls::Seed> batch_seed = {}) : keyring_(batch_seed) {}
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    return plain_.verify(key, message, signature);
  }
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override {
    plain_.verify_batch(items, ok);
  }
  bool verify_aggregate(const AggregateItem& item) const override { return keyring_.verify_aggregate(item); }
  void verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const override {
    keyring_.verify_aggregates(items, ok);
  }
  bls::Aggregation aggregate(std::span<const bls::PublicKey* const> keys, std::span<const bls::Signature> shares,
                             ByteView message) const override {
    return keyring_.aggregate(keys, shares, message);
  }
  std::optional<bls::Signature> add(std::span<const bls::Signature> aggregates) const override;
  bls::PointFault fault_of(const bls::Signature& signature) const override { return bls::fault_of(signature); }

 private:
  Ed25519Verifier plain_;
  BlsKeyring keyring_;
};

}  // namespace tieline
