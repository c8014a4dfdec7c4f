#pragma once
// Signatures as the engines and the replica see them. The node puts Ed25519 and BLS behind these
// (crypto/real_scheme.h), the simulator a cheap scheme of its own; neither side of the interface knows which. A scheme
// without BLS need not say so: it accepts no aggregate and adds nothing up.

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/keys.h"

namespace tieline {

// A claim to check: `key` signed `message`. The message is not owned and must outlive the call it is passed to.
struct SignedItem {
  PublicKey key;
  ByteView message;
  Signature signature;
};

// Another claim: all these keys signed this one message, and this is the sum of their shares. Keys that are summed must
// be proven (crypto/bls.h): genesis and registration check the proof of possession, and nothing else names a key.
struct AggregateItem {
  std::vector<const bls::PublicKey*> keys;
  ByteView message;
  bls::Signature aggregate;
};

class Signer {
 public:
  virtual ~Signer() = default;
  virtual Signature sign(ByteView message) const = 0;  // the same message gives the same bytes
  virtual PublicKey public_key() const = 0;
  // A validator's signer only; others hold no BLS key and abort.
  virtual bls::Signature sign_share(ByteView message) const;
  virtual bls::PublicKey bls_key() const;
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual bool verify(const PublicKey& key, ByteView message, const Signature& signature) const = 0;
  // Sets ok[i] to 1 exactly if verify() would accept items[i], else to 0. ok.size() == items.size(). Duplicates are not
  // noticed: whoever counts signers counts distinct ones.
  virtual void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const = 0;

  // No key at all is false. With one key: is this share that signer's?
  virtual bool verify_aggregate(const AggregateItem& item) const;
  // Sets ok[i] to 1 exactly if verify_aggregate() would accept items[i], else to 0.
  virtual void verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const;
  // Adds up unverified shares and verifies the sum once; the bad ones are searched only if it does not hold.
  virtual bls::Aggregation aggregate(std::span<const bls::PublicKey* const> keys,
                                     std::span<const bls::Signature> shares, ByteView message) const;
  // The sum of aggregates that verified, over one message and of different signers; none: there is nothing to add or
  // it is infinity.
  virtual std::optional<bls::Signature> add(std::span<const bls::Signature> aggregates) const;
  virtual bls::PointFault fault_of(const bls::Signature& signature) const;

  // Claims of other kinds, by a digest of all that they say: whether this one was found good before. Who has no memory
  // forgets.
  virtual bool remembers(const Hash&) const { return false; }
  virtual void remember(const Hash&) const {}
};

}  // namespace tieline
