#pragma once
// Nothing is verified twice: a Verifier that remembers signatures it has found good. A CONFIRM that came alone, came
// again inside a certificate and comes once more as evidence in a block costs one check. Pure: it changes only the
// cost.

#include <unordered_map>

#include "crypto/scheme.h"

namespace tieline::consensus {

class VerifiedCache : public Verifier {
 public:
  explicit VerifiedCache(const Verifier& inner) : inner_(inner) {}
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override;
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override;

 private:
  static constexpr size_t kGenerationMax = 16'384;  // entries a generation; two are kept
  struct Signed {
    PublicKey key;
    Hash message;
  };
  using Generation = std::unordered_map<Signature, Signed>;  // looked up only, never iterated
  bool known(const PublicKey& key, ByteView message, const Signature& signature) const;
  void remember(const PublicKey& key, ByteView message, const Signature& signature) const;

  const Verifier& inner_;
  mutable Generation young_, old_;
};

}  // namespace tieline::consensus
