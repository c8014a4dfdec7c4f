#pragma once
// Ed25519 (RFC 8032) with the verification rules of ZIP-215: single and batch verification accept exactly the same
// signatures, which RFC 8032 leaves open and consensus needs. Crate ed25519-zebra on curve25519-dalek, whose AVX-512 or
// AVX2 code is chosen at run time. Secret keys do not leave their class.

#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/keys.h"

struct tc_ed25519_key;
struct tc_ed25519_signer;

namespace tieline::ed25519 {

inline constexpr size_t kSeedSize = 32;
using Seed = std::array<uint8_t, kSeedSize>;

// Wiped when destroyed. Signing is deterministic.
class SecretKey {
 public:
  static SecretKey from_seed(std::span<const uint8_t, kSeedSize> seed);
  static SecretKey generate();  // from the operating system's randomness
  // A new key together with its seed, for whoever writes a key file. The caller wipes the seed.
  static SecretKey generate(Seed& seed_out);

  Signature sign(ByteView message) const;
  PublicKey public_key() const;

 private:
  struct Free {
    void operator()(tc_ed25519_signer* signer) const;
  };
  explicit SecretKey(tc_ed25519_signer* signer) : signer_(signer) {}
  std::unique_ptr<tc_ed25519_signer, Free> signer_;
};

// A public key decompressed once. A cheap copy shares it; usable from several threads.
class VerifyingKey {
 public:
  // Error "bad_public_key": the bytes are no point of the curve. ZIP-215 accepts every point, weak ones too.
  static Result<VerifyingKey> parse(const PublicKey& key);

  const PublicKey& public_key() const { return bytes_; }
  // Under a key of small order anyone can sign, and a key with a second spelling looks like two keys. Neither comes out
  // of key generation: refuse them where keys are registered.
  bool is_weak() const;
  const tc_ed25519_key* handle() const { return key_.get(); }

 private:
  VerifyingKey(const PublicKey& bytes, std::shared_ptr<const tc_ed25519_key> key)
      : bytes_(bytes), key_(std::move(key)) {}
  PublicKey bytes_;
  std::shared_ptr<const tc_ed25519_key> key_;
};

bool verify(const VerifyingKey& key, ByteView message, const Signature& signature);

struct VerifyItem {
  const VerifyingKey* key;
  ByteView message;
  const Signature* signature;
};

// Sets ok[i] to 1 exactly if verify() accepts items[i], else to 0; ok.size() == items.size(). One check of the whole
// batch, then a bounded search for the bad ones: a hostile batch costs about twice what its items cost one by
// one. The coefficients come from the operating system's randomness and from the items.
void verify_batch(std::span<const VerifyItem> items, std::span<uint8_t> ok);
// The same with a given seed instead of the system's randomness, for runs that must be repeatable.
void verify_batch(std::span<const VerifyItem> items, std::span<uint8_t> ok, std::span<const uint8_t, kSeedSize> seed);

// Which code this CPU gets: "avx512ifma", "avx2" or "serial".
std::string_view backend();

}  // namespace tieline::ed25519
