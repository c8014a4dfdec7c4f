#pragma once
// Takes a snapshot from one peer: its offer is checked down to genesis before anything is fetched, the state's chunks
// come in key order, and at the end the root must be the certificate's. A peer that lies or falls silent costs one
// attempt, never more; then another is asked.

#include <optional>
#include <vector>

#include "ledger/memory_store.h"
#include "ledger/state_tree.h"
#include "replica/context.h"
#include "replica/frames.h"

namespace tieline::replica {

inline constexpr int64_t kSnapshotWaitUs = 2'000'000;         // for an offer or a chunk
inline constexpr size_t kSnapshotBytesMax = size_t{4} << 30;  // of state, all chunks together

class SnapshotFetch {
 public:
  struct Fetched {
    CheckpointCert certificate;
    BlockPtr block;
    std::vector<TxResult> results;
    CommitProof proof;
    std::vector<CommitteeLink> links;
    Committee committee;                 // of the block's epoch
    std::shared_ptr<MemoryStore> state;  // Column::kState whole
  };

  SnapshotFetch(const Ledger& ledger, const Verifier& verifier) : ledger_(ledger), verifier_(verifier) {}

  bool active() const { return peer_.has_value(); }
  std::optional<ValidatorId> peer() const { return peer_; }
  void begin(ValidatorId peer, Height above, Context& context);
  // Each says false when the peer is of no use (any more); the fetch has ended then.
  bool on_offer(ValidatorId from, SnapshotOffer offer, Context& context);
  bool on_chunk(ValidatorId from, Chunk chunk, Context& context);
  std::optional<Fetched> take();  // once, when complete
  bool timed_out(const Context& context) const { return active() && context.now.mono_us >= deadline_us_; }
  void abandon();
  std::optional<int64_t> deadline() const;

 private:
  Status check_offer(SnapshotOffer::Body& body);
  void ask_chunk(Context& context);

  const Ledger& ledger_;
  const Verifier& verifier_;
  std::optional<ValidatorId> peer_;
  Height above_ = 0;
  int64_t deadline_us_ = 0;
  std::optional<Fetched> fetched_;  // once the offer is accepted
  StateRootBuilder root_;
  Bytes from_;  // next key to ask for
  size_t bytes_ = 0;
  bool complete_ = false;
};

}  // namespace tieline::replica
