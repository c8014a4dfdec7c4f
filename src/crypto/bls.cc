#include "crypto/bls.h"

#include <cstring>
#include <utility>

#include "base/check.h"
#include "crypto/random.h"
#include "tieline_crypto.h"

namespace tieline::bls {
namespace {

std::vector<const uint8_t*> pointers(std::span<const Signature> signatures) {
  std::vector<const uint8_t*> out;
  out.reserve(signatures.size());
  for (const Signature& signature : signatures) out.push_back(signature.bytes.data());
  return out;
}

std::vector<const tc_bls_key*> handles(std::span<const ProvenKey* const> keys) {
  std::vector<const tc_bls_key*> out;
  out.reserve(keys.size());
  for (const ProvenKey* key : keys) out.push_back(key->key().handle());
  return out;
}

}  // namespace

void SecretKey::Free::operator()(tc_bls_signer* signer) const { tc_bls_signer_free(signer); }

SecretKey SecretKey::from_seed(std::span<const uint8_t, kSeedSize> seed) {
  tc_bls_signer* signer = tc_bls_signer_new(seed.data());
  TL_CHECK_MSG(signer != nullptr, "key generation takes any 32 bytes");
  return SecretKey(signer);
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
  tc_bls_sign(signer_.get(), message.data(), message.size(), out.bytes.data());
  return out;
}

PublicKey SecretKey::public_key() const {
  TL_CHECK_MSG(signer_ != nullptr, "the key was moved away");
  PublicKey out;
  tc_bls_signer_public(signer_.get(), out.bytes.data());
  return out;
}

Possession SecretKey::prove_possession() const {
  TL_CHECK_MSG(signer_ != nullptr, "the key was moved away");
  Possession out;
  tc_bls_prove_possession(signer_.get(), out.bytes.data());
  return out;
}

Result<VerifyingKey> VerifyingKey::parse(const PublicKey& key) {
  tc_bls_key* parsed = tc_bls_key_new(key.bytes.data());
  if (parsed == nullptr) {
    return Error{"bad_public_key",
                 "not a BLS public key: malformed, infinity or outside the subgroup G2: " + to_hex(key)};
  }
  return VerifyingKey(key, std::shared_ptr<const tc_bls_key>(parsed, [](const tc_bls_key* handle) {
                        tc_bls_key_free(const_cast<tc_bls_key*>(handle));
                      }));
}

Result<ProvenKey> ProvenKey::parse(const PublicKey& key, const Possession& proof) {
  auto parsed = VerifyingKey::parse(key);
  if (!parsed) return parsed.error();
  if (!verify_possession(*parsed, proof)) {
    return Error{"bad_possession", "the proof of possession does not verify under the BLS key " + to_hex(key)};
  }
  return ProvenKey(std::move(*parsed));
}

bool verify(const VerifyingKey& key, ByteView message, const Signature& signature) {
  return tc_bls_verify(key.handle(), message.data(), message.size(), signature.bytes.data());
}

bool verify_possession(const VerifyingKey& key, const Possession& proof) {
  return tc_bls_verify_possession(key.handle(), proof.bytes.data());
}

bool is_valid(const Signature& signature) { return tc_bls_signature_valid(signature.bytes.data()); }

PointFault fault_of(const Signature& signature) {
  switch (tc_bls_signature_fault(signature.bytes.data())) {
    case 0:
      return PointFault::kNone;
    case 2:
      return PointFault::kInfinity;
    case 3:
      return PointFault::kOffSubgroup;
    default:
      return PointFault::kMalformed;
  }
}

void verify_multiple(std::span<const Claim> claims, std::span<uint8_t> ok) {
  Seed seed;
  fill_random(seed);
  verify_multiple(claims, ok, seed);
}

void verify_multiple(std::span<const Claim> claims, std::span<uint8_t> ok, const Seed& seed) {
  TL_CHECK(claims.size() == ok.size());
  std::vector<std::vector<const tc_bls_key*>> keys;
  std::vector<tc_bls_claim> raw;
  keys.reserve(claims.size());
  raw.reserve(claims.size());
  for (const Claim& claim : claims) {
    keys.push_back(handles(claim.keys));
    raw.push_back({keys.back().data(),
                   keys.back().size(),
                   {claim.message.data(), claim.message.size()},
                   claim.aggregate.bytes.data()});
  }
  tc_bls_verify_multiple(raw.data(), raw.size(), seed.data(), ok.data());
}

Result<Signature> aggregate(std::span<const Signature> signatures) {
  Signature out;
  if (!tc_bls_aggregate(pointers(signatures).data(), signatures.size(), out.bytes.data())) {
    return Error{"bad_signature", "nothing to aggregate, or a BLS signature that is malformed or infinity"};
  }
  return out;
}

bool verify_aggregate(std::span<const ProvenKey* const> keys, ByteView message, const Signature& aggregate) {
  return tc_bls_verify_aggregate(handles(keys).data(), keys.size(), message.data(), message.size(),
                                 aggregate.bytes.data());
}

bool verify_aggregate(std::span<const AggregateItem> items, const Signature& aggregate) {
  std::vector<tc_bls_item> raw;
  raw.reserve(items.size());
  for (const AggregateItem& item : items) {
    raw.push_back({item.key->key().handle(), {item.message.data(), item.message.size()}});
  }
  return tc_bls_verify_distinct(raw.data(), raw.size(), aggregate.bytes.data());
}

Aggregation aggregate_shares(std::span<const ProvenKey* const> keys, std::span<const Signature> shares,
                             ByteView message) {
  TL_CHECK(keys.size() == shares.size());
  Aggregation out;
  out.accepted.resize(shares.size());
  Signature sum;
  if (tc_bls_aggregate_shares(handles(keys).data(), pointers(shares).data(), shares.size(), message.data(),
                              message.size(), out.accepted.data(), sum.bytes.data())) {
    out.aggregate = sum;
  }
  return out;
}

}  // namespace tieline::bls
