#pragma once
// The real signature scheme of a node: Ed25519 behind the interface of crypto/scheme.h.

#include <memory>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "crypto/ed25519.h"
#include "crypto/scheme.h"

namespace tieline {

class Ed25519Signer final : public Signer {
 public:
  explicit Ed25519Signer(ed25519::SecretKey key) : key_(std::move(key)), public_key_(key_.public_key()) {}
  Signature sign(ByteView message) const override { return key_.sign(message); }
  PublicKey public_key() const override { return public_key_; }

 private:
  ed25519::SecretKey key_;
  PublicKey public_key_;
};

// Keeps the decompressed keys of those whose signatures it has seen verify. Usable from several threads. Bytes that are
// no key verify nothing.
class Ed25519Verifier final : public Verifier {
 public:
  static constexpr size_t kCachedKeysMax = 16384;  // about 0.5 kB each

  explicit Ed25519Verifier(size_t cached_keys_max = kCachedKeysMax);
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override;
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override;

  size_t cached_keys() const;

 private:
  // Strangers choose their keys, so the bucket must not follow from the key alone.
  struct SecretHash {
    uint64_t salt[4];
    size_t operator()(const PublicKey& key) const noexcept;
  };
  using Keys = std::unordered_map<PublicKey, ed25519::VerifyingKey, SecretHash>;
  struct Found {
    std::optional<ed25519::VerifyingKey> key;  // none: the bytes are no key
    bool store = false;                        // to be kept once a signature under it has verified
  };
  Found find_locked(const PublicKey& key) const;  // under at least a shared lock; empty if not cached
  static Found parse(const PublicKey& key);
  void store(const ed25519::VerifyingKey& key) const;

  const size_t generation_max_;
  // Two generations: when the young one is full it becomes the old one. A key in use is copied back into the young one
  // in time, and one that is not is forgotten, without a list to maintain on every hit.
  mutable std::shared_mutex mutex_;
  mutable Keys young_;
  mutable Keys old_;
};

}  // namespace tieline
