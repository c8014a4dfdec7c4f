#include "crypto/verified_cache.h"

#include <cstring>

#include "crypto/hash.h"

namespace tieline {

namespace {
// Everything the engines sign is a tagged digest; other lengths are checked but not remembered.
bool is_digest(ByteView message) { return message.size() == Hash::kSize; }

Hash claim_of(std::span<const bls::PublicKey* const> keys, ByteView message) {
  Bytes all;
  all.reserve(message.size() + keys.size() * bls::PublicKey::kSize);
  all.insert(all.end(), message.begin(), message.end());
  for (const bls::PublicKey* key : keys) all.insert(all.end(), key->bytes.begin(), key->bytes.end());
  return sha256(all);
}
}  // namespace

bool VerifiedCache::known(const PublicKey& key, ByteView message, const Signature& signature) const {
  if (!is_digest(message)) return false;
  for (const Generation* generation : {&young_, &old_}) {
    auto found = generation->find(signature);
    if (found != generation->end())
      return found->second.key == key &&
             std::memcmp(found->second.message.bytes.data(), message.data(), Hash::kSize) == 0;
  }
  return false;
}

void VerifiedCache::remember(const PublicKey& key, ByteView message, const Signature& signature) const {
  if (!is_digest(message)) return;
  if (young_.size() >= kGenerationMax) {
    old_ = std::move(young_);
    young_ = {};
  }
  Signed entry{key, {}};
  std::memcpy(entry.message.bytes.data(), message.data(), Hash::kSize);
  young_.insert_or_assign(signature, entry);
}

bool VerifiedCache::verify(const PublicKey& key, ByteView message, const Signature& signature) const {
  if (known(key, message, signature)) return true;
  if (!inner_.verify(key, message, signature)) return false;
  remember(key, message, signature);
  return true;
}

void VerifiedCache::verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const {
  std::vector<SignedItem> fresh;
  std::vector<size_t> places;
  for (size_t i = 0; i < items.size(); ++i) {
    ok[i] = known(items[i].key, items[i].message, items[i].signature);
    if (ok[i]) continue;
    fresh.push_back(items[i]);
    places.push_back(i);
  }
  if (fresh.empty()) return;
  Bytes results(fresh.size());
  inner_.verify_batch(fresh, results);
  for (size_t i = 0; i < fresh.size(); ++i) {
    ok[places[i]] = results[i];
    if (results[i]) remember(fresh[i].key, fresh[i].message, fresh[i].signature);
  }
}

bool VerifiedCache::known_sum(const Hash& claim, const bls::Signature& aggregate) const {
  for (const Sums* sums : {&young_sums_, &old_sums_})
    if (auto found = sums->find(aggregate); found != sums->end()) return found->second == claim;
  return false;
}

void VerifiedCache::remember_sum(const Hash& claim, const bls::Signature& aggregate) const {
  if (young_sums_.size() >= kGenerationMax) {
    old_sums_ = std::move(young_sums_);
    young_sums_ = {};
  }
  young_sums_.insert_or_assign(aggregate, claim);
}

void VerifiedCache::remember(const Hash& claim) const {
  if (young_claims_.size() >= kGenerationMax) {
    old_claims_ = std::move(young_claims_);
    young_claims_ = {};
  }
  young_claims_.insert(claim);
}

void VerifiedCache::remember_good(const bls::PublicKey& key, const Hash& message,
                                  const bls::Signature& signature) const {
  const std::array<const bls::PublicKey*, 1> keys = {&key};
  remember_sum(claim_of(keys, message.view()), signature);
}

bool VerifiedCache::verify_aggregate(const AggregateItem& item) const {
  if (!is_digest(item.message)) return inner_.verify_aggregate(item);
  const Hash claim = claim_of(item.keys, item.message);
  if (known_sum(claim, item.aggregate)) return true;
  if (!inner_.verify_aggregate(item)) return false;
  remember_sum(claim, item.aggregate);
  return true;
}

void VerifiedCache::verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const {
  std::vector<AggregateItem> fresh;
  std::vector<size_t> places;
  for (size_t i = 0; i < items.size(); ++i) {
    ok[i] = is_digest(items[i].message) && known_sum(claim_of(items[i].keys, items[i].message), items[i].aggregate);
    if (ok[i]) continue;
    fresh.push_back(items[i]);
    places.push_back(i);
  }
  if (fresh.empty()) return;
  Bytes results(fresh.size());
  inner_.verify_aggregates(fresh, results);
  for (size_t i = 0; i < fresh.size(); ++i) {
    ok[places[i]] = results[i];
    if (results[i] && is_digest(fresh[i].message))
      remember_sum(claim_of(fresh[i].keys, fresh[i].message), fresh[i].aggregate);
  }
}

bls::Aggregation VerifiedCache::aggregate(std::span<const bls::PublicKey* const> keys,
                                          std::span<const bls::Signature> shares, ByteView message) const {
  const bls::Aggregation out = inner_.aggregate(keys, shares, message);
  if (!out.aggregate || !is_digest(message)) return out;
  std::vector<const bls::PublicKey*> summed;
  for (size_t i = 0; i < keys.size(); ++i)
    if (out.accepted[i]) summed.push_back(keys[i]);
  remember_sum(claim_of(summed, message), *out.aggregate);
  return out;
}

}  // namespace tieline
