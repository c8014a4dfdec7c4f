#pragma once
// Transactions that wait for a block: bounded by count, bytes and per signer, each held once whoever sent it. A
// transaction is `verifying` until its signatures are checked and then `ready`; ready ones keep the order in which they
// became so. The pool never looks at the state: who adds to it has pre-checked. Where blocks are ordered by benefit
// (a network with a market), the ready ones are listed by signer too, so that nobody's many hide another's few.

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "model/transaction.h"
#include "replica/replica.h"

namespace tieline::replica {

inline constexpr size_t kOriginsPerTxMax = 64;

// A client of this validator that waits for the outcome.
struct Origin {
  uint64_t client = 0;
  uint64_t tag = 0;
  bool operator==(const Origin&) const = default;
};

struct PoolEntry {
  TxPtr tx;
  bool ready = false;
  std::optional<ValidatorId> nudged_to;  // the leader to whom it was sent once more, because it waits long
  int64_t since_us = 0;                  // when it came; once ready: when it became so
  std::vector<Origin> origins;
};

class Pool {
 public:
  enum class Added { kNew, kKnown, kFull, kSignerFull };

  explicit Pool(const Limits& limits, bool with_turns = false) : limits_(limits), with_turns_(with_turns) {}

  // kKnown: it was there already, and the origin was noted with it.
  Added add(TxPtr tx, bool ready, std::optional<Origin> origin, int64_t now_us);
  const PoolEntry* find(const TxId& id) const;
  bool make_ready(const TxId& id, int64_t now_us);  // false: not there, or ready already
  void mark_nudged(const TxId& id, ValidatorId leader);
  std::optional<PoolEntry> remove(const TxId& id);
  void forget_client(uint64_t client);

  const std::list<PoolEntry>& ready() const { return ready_; }  // oldest first
  // One of each signer after the other, its lowest sequence number first, then the next one of each; beginning with the
  // first signer from `from` on. Until `visit` says false; yields the signer that it was called for last.
  ParticipantId by_turns(ParticipantId from, const std::function<bool(const PoolEntry&)>& visit) const;
  size_t size() const { return index_.size(); }
  size_t bytes() const { return bytes_; }
  size_t ready_count() const { return ready_.size(); }
  size_t ready_bytes() const { return ready_bytes_; }
  uint64_t readied() const { return readied_; }  // how many have ever become ready

 private:
  using Place = std::list<PoolEntry>::iterator;
  using OfSigner = std::map<std::pair<uint64_t, TxId>, Place>;  // by sequence number
  void take_turn(Place place);

  const Limits& limits_;
  const bool with_turns_;
  std::map<ParticipantId, OfSigner> turns_;  // ready ones
  std::list<PoolEntry> verifying_;
  std::list<PoolEntry> ready_;
  std::unordered_map<TxId, Place> index_;
  std::unordered_map<ParticipantId, size_t> per_signer_;
  size_t bytes_ = 0;
  size_t ready_bytes_ = 0;
  uint64_t readied_ = 0;
};

}  // namespace tieline::replica
