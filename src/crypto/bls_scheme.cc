#include "crypto/bls_scheme.h"

#include <mutex>

#include "base/check.h"

namespace tieline {
namespace {

std::vector<const bls::ProvenKey*> pointers(const std::vector<std::shared_ptr<const bls::ProvenKey>>& keys) {
  std::vector<const bls::ProvenKey*> out;
  for (const auto& key : keys)
    if (key) out.push_back(key.get());
  return out;
}

}  // namespace

BlsKeyring::Keys BlsKeyring::find(std::span<const bls::PublicKey* const> keys) const {
  Keys out(keys.size());
  bool complete = true;
  {
    std::shared_lock lock(mutex_);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (auto at = known_.find(*keys[i]); at != known_.end()) out[i] = at->second;
      complete &= out[i] != nullptr;
    }
  }
  if (complete) return out;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (out[i]) continue;
    auto parsed = bls::VerifyingKey::parse(*keys[i]);
    if (parsed.ok()) out[i] = std::make_shared<const bls::ProvenKey>(bls::ProvenKey::assume(std::move(*parsed)));
  }
  std::unique_lock lock(mutex_);
  if (known_.size() + keys.size() > kCachedKeysMax) known_.clear();
  for (size_t i = 0; i < keys.size(); ++i)
    if (out[i]) known_.try_emplace(*keys[i], out[i]);
  return out;
}

size_t BlsKeyring::cached_keys() const {
  std::shared_lock lock(mutex_);
  return known_.size();
}

bool BlsKeyring::verify_aggregate(const AggregateItem& item) const {
  const Keys keys = find(item.keys);
  const auto proven = pointers(keys);
  return proven.size() == keys.size() && bls::verify_aggregate(proven, item.message, item.aggregate);
}

void BlsKeyring::verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const {
  TL_CHECK(items.size() == ok.size());
  std::vector<Keys> kept;
  std::vector<bls::Claim> claims;
  std::vector<size_t> places;  // of a claim among the items
  for (size_t i = 0; i < items.size(); ++i) {
    ok[i] = 0;
    kept.push_back(find(items[i].keys));
    bls::Claim claim{pointers(kept.back()), items[i].message, items[i].aggregate};
    if (claim.keys.size() != kept.back().size()) continue;
    claims.push_back(std::move(claim));
    places.push_back(i);
  }
  std::vector<uint8_t> verdict(claims.size());
  if (batch_seed_) {
    bls::verify_multiple(claims, verdict, *batch_seed_);
  } else {
    bls::verify_multiple(claims, verdict);
  }
  for (size_t j = 0; j < claims.size(); ++j) ok[places[j]] = verdict[j];
}

bls::Aggregation BlsKeyring::aggregate(std::span<const bls::PublicKey* const> keys,
                                       std::span<const bls::Signature> shares, ByteView message) const {
  TL_CHECK(keys.size() == shares.size());
  const Keys found = find(keys);
  std::vector<bls::Signature> usable;
  std::vector<size_t> places;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) continue;
    usable.push_back(shares[i]);
    places.push_back(i);
  }
  const bls::Aggregation sum = bls::aggregate_shares(pointers(found), usable, message);
  bls::Aggregation out{sum.aggregate, std::vector<uint8_t>(shares.size(), 0)};
  for (size_t j = 0; j < places.size(); ++j) out.accepted[places[j]] = sum.accepted[j];
  return out;
}

}  // namespace tieline
