#pragma once
// One validator of the measuring world, with the queues at which its work waits.

#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "crypto/sim_scheme.h"
#include "replica/replica.h"
#include "sim/disk.h"
#include "sim/sim_store.h"

namespace tieline::paper {

// Signatures made and checked by the engine, counted so that they can be charged.
class CountingSigner final : public Signer {
 public:
  explicit CountingSigner(SimSigner signer) : signer_(signer) {}
  Signature sign(ByteView message) const override {
    ++made_;
    return signer_.sign(message);
  }
  PublicKey public_key() const override { return signer_.public_key(); }
  bls::Signature sign_share(ByteView message) const override {
    ++shares_;
    return signer_.sign_share(message);
  }
  bls::PublicKey bls_key() const override { return signer_.bls_key(); }
  uint64_t made() const { return made_; }
  uint64_t shares() const { return shares_; }

 private:
  SimSigner signer_;
  mutable uint64_t made_ = 0, shares_ = 0;
};

class CountingVerifier final : public Verifier {
 public:
  explicit CountingVerifier(const SimKeys& keys) : keys_(keys) {}
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    ++single_;
    return keys_.verify(key, message, signature);
  }
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override {
    ++calls_;
    batched_ += items.size();
    keys_.verify_batch(items, ok);
  }
  bool verify_aggregate(const AggregateItem& item) const override {
    ++aggregates_;
    summed_ += item.keys.size();
    return keys_.verify_aggregate(item);
  }
  bls::Aggregation aggregate(std::span<const bls::PublicKey* const> keys, std::span<const bls::Signature> shares,
                             ByteView message) const override {
    ++aggregates_;
    summed_ += keys.size();
    return keys_.aggregate(keys, shares, message);
  }
  std::optional<bls::Signature> add(std::span<const bls::Signature> aggregates) const override {
    return keys_.add(aggregates);
  }
  bls::PointFault fault_of(const bls::Signature& signature) const override { return keys_.fault_of(signature); }
  uint64_t single() const { return single_; }
  uint64_t calls() const { return calls_; }
  uint64_t batched() const { return batched_; }
  uint64_t aggregates() const { return aggregates_; }  // pairing equations, good sums taken for granted
  uint64_t summed() const { return summed_; }          // keys added up for them

 private:
  const SimKeys& keys_;
  mutable uint64_t single_ = 0, calls_ = 0, batched_ = 0;
  mutable uint64_t aggregates_ = 0, summed_ = 0;
};

// Serves one thing after the other. Times in nanoseconds, so that small costs add up; events are in microseconds.
class Server {
 public:
  // Work of `cost` that arrives at `now_us`; returns when it is done, rounded up.
  int64_t serve(int64_t now_us, int64_t cost_ns) {
    free_ns_ = std::max(free_ns_, now_us * 1'000) + cost_ns;
    return (free_ns_ + 999) / 1'000;
  }

 private:
  int64_t free_ns_ = 0;
};

struct Host {
  Host(ValidatorId validator, const SimKeys& keys)
      : id(validator), signer(keys.signer(validator)), verifier(keys), disk(kSegmentBytes) {}
  static constexpr size_t kSegmentBytes = 64 * 1024;

  ValidatorId id;
  CountingSigner signer;
  CountingVerifier verifier;
  sim::Disk disk;
  sim::SimStore store;
  std::unique_ptr<replica::Replica> replica;  // none: silent, or stopped
  std::deque<replica::Input> inbox;
  replica::Effects effects;  // of the step under way; carried out when its time has passed
  bool busy = false;
  bool woken = false;  // a Wake is in the inbox
  int64_t wake_us = std::numeric_limits<int64_t>::max();
  Server processor, checker, card, store_thread;
  std::deque<replica::StoreApply> applies;
  Height stored_height = 0;
  std::map<uint64_t, std::vector<uint8_t>> verified;  // by ticket
  std::set<Hash> executed;                            // blocks charged for, of the last heights
};

}  // namespace tieline::paper
