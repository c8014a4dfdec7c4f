#pragma once
// BLS as a Verifier needs it (crypto/scheme.h): over the bytes of keys, each decompressed and checked once and then
// kept. The keys are those of committees, whose possession genesis or registration has proved.

#include <shared_mutex>
#include <unordered_map>

#include "crypto/bls.h"
#include "crypto/scheme.h"

namespace tieline {

// Usable from several threads. Bytes that are no key verify nothing.
class BlsKeyring {
 public:
  // Committees have at most 256 members and change slowly; a decompressed key takes about 0.4 kB.
  static constexpr size_t kCachedKeysMax = 4'096;

  // With a seed the coefficients of batches come from it instead of the system's randomness.
  explicit BlsKeyring(std::optional<bls::Seed> batch_seed = {}) : batch_seed_(batch_seed) {}

  bool verify_aggregate(const AggregateItem& item) const;
  void verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const;
  bls::Aggregation aggregate(std::span<const bls::PublicKey* const> keys, std::span<const bls::Signature> shares,
                             ByteView message) const;
  size_t cached_keys() const;

 private:
  using Keys = std::vector<std::shared_ptr<const bls::ProvenKey>>;  // null: the bytes are no key
  Keys find(std::span<const bls::PublicKey* const> keys) const;

  const std::optional<bls::Seed> batch_seed_;
  mutable std::shared_mutex mutex_;
  mutable std::unordered_map<bls::PublicKey, std::shared_ptr<const bls::ProvenKey>> known_;  // looked up only
};

}  // namespace tieline
