#pragma once
// Nothing is verified twice: a Verifier that remembers signatures and aggregates it has found good. A CONFIRM that came
// alone, came again inside a certificate and comes once more as evidence in a block costs one check. Pure: it changes
// only the cost. For one thread.

#include <unordered_map>
#include <unordered_set>

#include "crypto/scheme.h"

namespace tieline {

class VerifiedCache : public Verifier {
 public:
  explicit VerifiedCache(const Verifier& inner) : inner_(inner) {}
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override;
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override;
  bool verify_aggregate(const AggregateItem& item) const override;
  void verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const override;
  bls::Aggregation aggregate(std::span<const bls::PublicKey* const> keys, std::span<const bls::Signature> shares,
                             ByteView message) const override;
  std::optional<bls::Signature> add(std::span<const bls::Signature> aggregates) const override {
    return inner_.add(aggregates);
  }
  // What another thread has verified: a single key's signature over this message.
  void remember_good(const bls::PublicKey& key, const Hash& message, const bls::Signature& signature) const;
  bool remembers(const Hash& claim) const override {
    return young_claims_.contains(claim) || old_claims_.contains(claim);
  }
  void remember(const Hash& claim) const override;
  bls::PointFault fault_of(const bls::Signature& signature) const override { return inner_.fault_of(signature); }

 private:
  static constexpr size_t kGenerationMax = 16'384;  // entries a generation; two are kept
  struct Signed {
    PublicKey key;
    Hash message;
  };
  using Generation = std::unordered_map<Signature, Signed>;  // looked up only, never iterated
  bool known(const PublicKey& key, ByteView message, const Signature& signature) const;
  void remember(const PublicKey& key, ByteView message, const Signature& signature) const;

  // An aggregate is remembered with what it was good for: one digest of message and keys, in their order.
  using Sums = std::unordered_map<bls::Signature, Hash>;  // looked up only, never iterated
  bool known_sum(const Hash& claim, const bls::Signature& aggregate) const;
  void remember_sum(const Hash& claim, const bls::Signature& aggregate) const;

  const Verifier& inner_;
  mutable Generation young_, old_;
  mutable Sums young_sums_, old_sums_;
  using Claims = std::unordered_set<Hash>;  // looked up only, never iterated
  mutable Claims young_claims_, old_claims_;
};

}  // namespace tieline
