#include "crypto/ed25519.h"

#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"
#include "crypto/random.h"
#include "tieline_crypto.h"

namespace tieline::ed25519 {

void SecretKey::Free::operator()(tc_ed25519_signer* signer) const { tc_ed25519_signer_free(signer); }

SecretKey SecretKey::from_seed(std::span<const uint8_t, kSeedSize> seed) {
  return SecretKey(tc_ed25519_signer_new(seed.data()));
}

SecretKey SecretKey::generate() {
  Seed seed;
  SecretKey key = generate(seed);
  explicit_bzero(seed.data(), seed.size());
  return key;
}

SecretKey SecretKey::generate(Seed& seed_out) {
  fill_random(seed_out);
  return from_seed(seed_out);
}

Signature SecretKey::sign(ByteView message) const {
  TL_CHECK_MSG(signer_ != nullptr, "the key was moved away");
  Signature out;
  tc_ed25519_sign(signer_.get(), message.data(), message.size(), out.bytes.data());
  return out;
}

PublicKey SecretKey::public_key() const {
  TL_CHECK_MSG(signer_ != nullptr, "the key was moved away");
  PublicKey out;
  tc_ed25519_signer_public(signer_.get(), out.bytes.data());
  return out;
}

Result<VerifyingKey> VerifyingKey::parse(const PublicKey& key) {
  tc_ed25519_key* parsed = tc_ed25519_key_new(key.bytes.data());
  if (parsed == nullptr)
    return Error{"bad_public_key", "not an Ed25519 public key: no point of the curve: " + to_hex(key)};
  return VerifyingKey(key, std::shared_ptr<const tc_ed25519_key>(parsed, [](const tc_ed25519_key* handle) {
                        tc_ed25519_key_free(const_cast<tc_ed25519_key*>(handle));
                      }));
}

bool VerifyingKey::is_weak() const { return tc_ed25519_key_is_weak(key_.get()); }

bool verify(const VerifyingKey& key, ByteView message, const Signature& signature) {
  return tc_ed25519_verify(key.handle(), message.data(), message.size(), signature.bytes.data());
}

void verify_batch(std::span<const VerifyItem> items, std::span<uint8_t> ok) {
  Seed seed;
  fill_random(seed);
  verify_batch(items, ok, seed);
}

void verify_batch(std::span<const VerifyItem> items, std::span<uint8_t> ok, std::span<const uint8_t, kSeedSize> seed) {
  TL_CHECK(items.size() == ok.size());
  std::vector<tc_ed25519_item> raw;
  raw.reserve(items.size());
  for (const VerifyItem& item : items) {
    raw.push_back({item.key->handle(), item.message.data(), item.message.size(), item.signature->bytes.data()});
  }
  tc_ed25519_verify_batch(raw.data(), raw.size(), seed.data(), ok.data());
}

std::string_view backend() { return tc_ed25519_backend(); }

}  // namespace tieline::ed25519
