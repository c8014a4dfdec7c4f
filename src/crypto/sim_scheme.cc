#include "crypto/sim_scheme.h"

#include "base/check.h"
#include "base/rng.h"

namespace tieline {
namespace {

uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

struct SipState {
  uint64_t v0, v1, v2, v3;
  void round() {
    v0 += v1;
    v1 = rotl(v1, 13);
    v1 ^= v0;
    v0 = rotl(v0, 32);
    v2 += v3;
    v3 = rotl(v3, 16);
    v3 ^= v2;
    v0 += v3;
    v3 = rotl(v3, 21);
    v3 ^= v0;
    v2 += v1;
    v1 = rotl(v1, 17);
    v1 ^= v2;
    v2 = rotl(v2, 32);
  }
};

uint64_t stretch(uint64_t x) {  // the finaliser of SplitMix64: a bijection, so no bit of the tag is lost
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

Signature tag_of(const SimSecret& secret, ByteView message) {
  const auto tag = siphash128(secret, message);
  Signature out;
  for (uint64_t i = 0; i < 4; ++i) {
    store_le(out.bytes.data() + 16 * i, i == 0 ? tag[0] : stretch(tag[0] + i));
    store_le(out.bytes.data() + 16 * i + 8, i == 0 ? tag[1] : stretch(tag[1] + i));
  }
  return out;
}

}  // namespace

std::array<uint64_t, 2> siphash128(const SimSecret& key, ByteView message) {
  SipState s{key.k0 ^ 0x736f6d6570736575ULL, key.k1 ^ 0x646f72616e646f6dULL ^ 0xee, key.k0 ^ 0x6c7967656e657261ULL,
             key.k1 ^ 0x7465646279746573ULL};
  const size_t size = message.size();
  const size_t whole = size - size % 8;
  for (size_t at = 0; at < whole; at += 8) {
    const uint64_t word = load_le<uint64_t>(message.data() + at);
    s.v3 ^= word;
    s.round();
    s.round();
    s.v0 ^= word;
  }
  uint64_t last = static_cast<uint64_t>(size) << 56;
  for (size_t i = whole; i < size; ++i) last |= static_cast<uint64_t>(message[i]) << (8 * (i - whole));
  s.v3 ^= last;
  s.round();
  s.round();
  s.v0 ^= last;
  s.v2 ^= 0xee;
  for (int i = 0; i < 4; ++i) s.round();
  const uint64_t low = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
  s.v1 ^= 0xdd;
  for (int i = 0; i < 4; ++i) s.round();
  return {low, s.v0 ^ s.v1 ^ s.v2 ^ s.v3};
}

Signature SimSigner::sign(ByteView message) const { return real_ ? real_->sign(message) : tag_of(secret_, message); }

SimKeys::SimKeys(uint64_t seed, size_t count, bool real_crypto) {
  TL_CHECK(count > 0 && count <= UINT32_MAX);
  Rng rng(seed ^ 0x5349474e41545552ULL);
  keys_.resize(count);
  secrets_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    secrets_[i].k0 = rng.next();
    secrets_[i].k1 = rng.next();
    // The number of the key, so that a verifier finds it without a search, and bits of its own.
    store_le(keys_[i].bytes.data(), i);
    for (size_t word = 1; word < 4; ++word) store_le(keys_[i].bytes.data() + 8 * word, rng.next());
  }
  if (!real_crypto) return;
  real_ = std::make_unique<Ed25519Verifier>();
  for (size_t i = 0; i < count; ++i) {
    ed25519::Seed secret{};
    for (size_t word = 0; word < 4; ++word) store_le(secret.data() + 8 * word, rng.next());
    auto signer = std::make_shared<const Ed25519Signer>(ed25519::SecretKey::from_seed(secret));
    keys_[i] = signer->public_key();
    real_signers_.push_back(std::move(signer));
  }
}

bool SimKeys::verify(const PublicKey& key, ByteView message, const Signature& signature) const {
  if (real_) return real_->verify(key, message, signature);
  const uint64_t index = load_le<uint64_t>(key.bytes.data());
  if (index >= keys_.size() || keys_[index] != key) return false;
  return tag_of(secrets_[index], message) == signature;
}

void SimKeys::verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const {
  TL_CHECK(items.size() == ok.size());
  for (size_t i = 0; i < items.size(); ++i) ok[i] = verify(items[i].key, items[i].message, items[i].signature) ? 1 : 0;
}

}  // namespace tieline
