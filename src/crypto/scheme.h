#pragma once
// Signatures as the engines and the replica see them. The node puts Ed25519 behind these (crypto/ed25519_scheme.h), the
// simulator a cheap scheme of its own; neither side of the interface knows which.

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "crypto/keys.h"

namespace tieline {

// A claim to check: `key` signed `message`. The message is not owned and must outlive the call it is passed to.
struct SignedItem {
  PublicKey key;
  ByteView message;
  Signature signature;
};

class Signer {
 public:
  virtual ~Signer() = default;
  virtual Signature sign(ByteView message) const = 0;  // the same message gives the same bytes
  virtual PublicKey public_key() const = 0;
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual bool verify(const PublicKey& key, ByteView message, const Signature& signature) const = 0;
  // Sets ok[i] to 1 exactly if verify() would accept items[i], else to 0. ok.size() == items.size(). Duplicates are not
  // noticed: whoever counts signers counts distinct ones.
  virtual void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const = 0;
};

}  // namespace tieline
