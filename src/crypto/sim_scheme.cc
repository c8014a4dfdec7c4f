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

// A "point" is two words that add up; the other four follow from them, so that most byte strings are none.
using Words = std::array<uint64_t, 2>;

bls::Signature point_of(const Words& words) {
  bls::Signature out;
  for (uint64_t i = 0; i < 3; ++i) {
    store_le(out.bytes.data() + 16 * i, i == 0 ? words[0] : stretch(words[0] + i));
    store_le(out.bytes.data() + 16 * i + 8, i == 0 ? words[1] : stretch(words[1] + i));
  }
  return out;
}

Words words_of(const bls::Signature& s) {
  return {load_le<uint64_t>(s.bytes.data()), load_le<uint64_t>(s.bytes.data() + 8)};
}

bls::PointFault point_fault(const bls::Signature& s) {
  const Words words = words_of(s);
  if (point_of(words) != s) return bls::PointFault::kMalformed;
  return words == Words{0, 0} ? bls::PointFault::kInfinity : bls::PointFault::kNone;
}

Words sum_of(std::span<const bls::Signature> signatures) {
  Words sum{0, 0};
  for (const bls::Signature& s : signatures) {
    const Words words = words_of(s);
    sum[0] += words[0];
    sum[1] += words[1];
  }
  return sum;
}

bls::Signature share_of(const SimSecret& secret, ByteView message) {
  // Another secret than that of plain signatures, so that neither says anything about the other.
  const SimSecret own{secret.k0 ^ 0x5348415245ULL, secret.k1};
  return point_of(siphash128(own, message));
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

bls::Signature SimSigner::sign_share(ByteView message) const {
  return real_ ? real_->sign_share(message) : share_of(secret_, message);
}

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
  bls_keys_.resize(count);
  const auto draw = [&rng](auto& bytes) {
    for (size_t at = 0; at < bytes.size(); at += 8) store_le(bytes.data() + at, rng.next());
  };
  if (!real_crypto) {
    for (size_t i = 0; i < count; ++i) {
      draw(bls_keys_[i].bytes);
      store_le(bls_keys_[i].bytes.data(), i);
    }
    return;
  }
  bls::Seed batches{};
  draw(batches);
  real_ = std::make_unique<RealVerifier>(batches);
  for (size_t i = 0; i < count; ++i) {
    ed25519::Seed secret{};
    bls::Seed bls_secret{};
    draw(secret);
    draw(bls_secret);
    auto signer = std::make_shared<const RealSigner>(ed25519::SecretKey::from_seed(secret),
                                                     bls::SecretKey::from_seed(bls_secret));
    keys_[i] = signer->public_key();
    bls_keys_[i] = signer->bls_key();
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

// None: one of the keys is nobody's, or there is none.
std::optional<bls::Signature> SimKeys::expected_sum(std::span<const bls::PublicKey* const> keys,
                                                    ByteView message) const {
  if (keys.empty()) return std::nullopt;
  Words sum{0, 0};
  for (const bls::PublicKey* key : keys) {
    const uint64_t index = load_le<uint64_t>(key->bytes.data());
    if (index >= bls_keys_.size() || bls_keys_[index] != *key) return std::nullopt;
    const Words words = words_of(share_of(secrets_[index], message));
    sum[0] += words[0];
    sum[1] += words[1];
  }
  return point_of(sum);
}

bool SimKeys::verify_aggregate(const AggregateItem& item) const {
  if (real_) return real_->verify_aggregate(item);
  if (point_fault(item.aggregate) != bls::PointFault::kNone) return false;
  return expected_sum(item.keys, item.message) == item.aggregate;
}

void SimKeys::verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const {
  if (real_) return real_->verify_aggregates(items, ok);
  Verifier::verify_aggregates(items, ok);
}

bls::Aggregation SimKeys::aggregate(std::span<const bls::PublicKey* const> keys, std::span<const bls::Signature> shares,
                                    ByteView message) const {
  if (real_) return real_->aggregate(keys, shares, message);
  TL_CHECK(keys.size() == shares.size());
  std::vector<const bls::PublicKey*> usable_keys;
  std::vector<bls::Signature> usable;
  std::vector<size_t> places;
  for (size_t i = 0; i < shares.size(); ++i) {
    if (point_fault(shares[i]) != bls::PointFault::kNone) continue;
    usable_keys.push_back(keys[i]);
    usable.push_back(shares[i]);
    places.push_back(i);
  }
  bls::Aggregation out{std::nullopt, std::vector<uint8_t>(shares.size(), 0)};
  std::vector<bls::Signature> good;
  // By halves, as crypto-rs does: what is accepted is a set whose sum holds, not shares that hold.
  const auto judge = [&](const auto& self, size_t begin, size_t end) -> void {
    if (begin == end) return;
    const std::span keys_here(usable_keys.begin() + static_cast<ptrdiff_t>(begin),
                              usable_keys.begin() + static_cast<ptrdiff_t>(end));
    const std::span shares_here(usable.begin() + static_cast<ptrdiff_t>(begin),
                                usable.begin() + static_cast<ptrdiff_t>(end));
    const auto expected = expected_sum(keys_here, message);
    if (expected && words_of(*expected) == sum_of(shares_here)) {
      for (size_t i = begin; i < end; ++i) out.accepted[places[i]] = 1;
      good.insert(good.end(), shares_here.begin(), shares_here.end());
    } else if (end - begin > 1) {
      const size_t middle = begin + (end - begin) / 2;
      self(self, begin, middle);
      self(self, middle, end);
    }
  };
  judge(judge, 0, usable.size());
  out.aggregate = add(good);
  if (!out.aggregate) out.accepted.assign(shares.size(), 0);
  return out;
}

std::optional<bls::Signature> SimKeys::add(std::span<const bls::Signature> aggregates) const {
  if (real_) return real_->add(aggregates);
  if (aggregates.empty()) return std::nullopt;
  for (const bls::Signature& s : aggregates)
    if (point_fault(s) != bls::PointFault::kNone) return std::nullopt;
  const Words sum = sum_of(aggregates);
  if (sum == Words{0, 0}) return std::nullopt;
  return point_of(sum);
}

bls::PointFault SimKeys::fault_of(const bls::Signature& signature) const {
  return real_ ? real_->fault_of(signature) : point_fault(signature);
}

}  // namespace tieline
