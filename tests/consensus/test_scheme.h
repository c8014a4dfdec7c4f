#pragma once
// A cheap signature scheme for engine tests: a keyed hash whose key is the public key. Anyone could forge it, so a test
// that plays a liar only signs with the liar's own TestSigner. Shares are keyed hashes too, and add up as two words.

#include <algorithm>
#include <string>

#include "crypto/hash.h"
#include "crypto/scheme.h"
#include "model/ids.h"

#include "../sum_scheme.h"

namespace tieline::testing {

inline PublicKey test_key(ValidatorId id) {
  PublicKey key;
  key.bytes = sha256(view_of("test key " + std::to_string(id))).bytes;
  return key;
}

inline Signature test_signature(const PublicKey& key, ByteView message) {
  const Hash half = tagged_hash("test/signature", {key.view(), message});
  Signature out;
  std::copy(half.bytes.begin(), half.bytes.end(), out.bytes.begin());
  std::copy(half.bytes.begin(), half.bytes.end(), out.bytes.begin() + Hash::kSize);
  return out;
}

inline bls::PublicKey test_bls_key(ValidatorId id) {
  bls::PublicKey key;
  const PublicKey plain = test_key(id);
  std::copy(plain.bytes.begin(), plain.bytes.end(), key.bytes.begin());
  return key;
}

class TestSigner : public Signer {
 public:
  explicit TestSigner(ValidatorId id) : key_(test_key(id)), bls_key_(test_bls_key(id)) {}
  Signature sign(ByteView message) const override { return test_signature(key_, message); }
  PublicKey public_key() const override { return key_; }
  bls::Signature sign_share(ByteView message) const override { return test_share(bls_key_, message); }
  bls::PublicKey bls_key() const override { return bls_key_; }

 private:
  PublicKey key_;
  bls::PublicKey bls_key_;
};

class TestVerifier : public SumVerifier {
 public:
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    return test_signature(key, message) == signature;
  }
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override {
    for (size_t i = 0; i < items.size(); ++i) ok[i] = verify(items[i].key, items[i].message, items[i].signature);
  }
};

}  // namespace tieline::testing
