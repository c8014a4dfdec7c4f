#include "crypto/ed25519_scheme.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "crypto/random.h"

namespace tieline {

size_t Ed25519Verifier::SecretHash::operator()(const PublicKey& key) const noexcept {
  uint64_t word[4];
  static_assert(sizeof(word) == PublicKey::kSize);
  std::memcpy(word, key.bytes.data(), sizeof(word));
  // Carter-Wegman style folding by 128-bit products with secret salts.
  const auto fold = [](uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  return fold(word[0] ^ salt[0], word[1] ^ salt[1]) ^ fold(word[2] ^ salt[2], word[3] ^ salt[3]);
}

namespace {

std::array<uint64_t, 4> random_salt() {
  std::array<uint64_t, 4> salt;
  fill_random({reinterpret_cast<uint8_t*>(salt.data()), sizeof(salt)});
  return salt;
}

}  // namespace

Ed25519Verifier::Ed25519Verifier(size_t cached_keys_max) : generation_max_(std::max<size_t>(1, cached_keys_max / 2)) {
  const auto salt = random_salt();
  const SecretHash hash{{salt[0], salt[1], salt[2], salt[3]}};
  young_ = Keys(0, hash);
  old_ = Keys(0, hash);
}

Ed25519Verifier::Found Ed25519Verifier::find_locked(const PublicKey& key) const {
  if (auto it = young_.find(key); it != young_.end()) return {it->second, false};
  if (auto it = old_.find(key); it != old_.end()) return {it->second, true};
  return {};
}

Ed25519Verifier::Found Ed25519Verifier::parse(const PublicKey& key) {
  auto parsed = ed25519::VerifyingKey::parse(key);
  if (!parsed) return {};
  return {std::move(*parsed), true};
}

void Ed25519Verifier::store(const ed25519::VerifyingKey& key) const {
  if (young_.size() >= generation_max_) {
    std::swap(young_, old_);
    young_.clear();
  }
  young_.try_emplace(key.public_key(), key);
}

bool Ed25519Verifier::verify(const PublicKey& key, ByteView message, const Signature& signature) const {
  Found found;
  {
    std::shared_lock lock(mutex_);
    found = find_locked(key);
  }
  if (!found.key) found = parse(key);
  if (!found.key || !ed25519::verify(*found.key, message, signature)) return false;
  if (found.store) {
    std::unique_lock lock(mutex_);
    store(*found.key);
  }
  return true;
}

void Ed25519Verifier::verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const {
  TL_CHECK(items.size() == ok.size());
  std::vector<Found> found(items.size());
  {
    std::shared_lock lock(mutex_);
    for (size_t i = 0; i < items.size(); ++i) found[i] = find_locked(items[i].key);
  }
  std::vector<ed25519::VerifyItem> batch;
  std::vector<size_t> position;  // of a batch item among the items
  batch.reserve(items.size());
  position.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    ok[i] = 0;
    if (!found[i].key) found[i] = parse(items[i].key);
    if (!found[i].key) continue;
    batch.push_back({&*found[i].key, items[i].message, &items[i].signature});
    position.push_back(i);
  }
  std::vector<uint8_t> verdict(batch.size());
  ed25519::verify_batch(batch, verdict);
  std::vector<const ed25519::VerifyingKey*> to_store;
  for (size_t j = 0; j < batch.size(); ++j) {
    const size_t i = position[j];
    ok[i] = verdict[j];
    if (verdict[j] == 1 && found[i].store) to_store.push_back(&*found[i].key);
  }
  if (to_store.empty()) return;
  std::unique_lock lock(mutex_);
  for (const auto* key : to_store) store(*key);
}

size_t Ed25519Verifier::cached_keys() const {
  std::shared_lock lock(mutex_);
  return young_.size() + old_.size();
}

}  // namespace tieline
