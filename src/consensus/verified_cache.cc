#include "consensus/verified_cache.h"

#include <cstring>

namespace tieline::consensus {

namespace {
// Everything the engines sign is a tagged digest; other lengths are checked but not remembered.
bool is_digest(ByteView message) { return message.size() == Hash::kSize; }
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

}  // namespace tieline::consensus
