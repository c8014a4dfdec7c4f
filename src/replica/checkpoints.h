#pragma once
// State roots at checkpoint heights, and the store's snapshots that are kept to be handed to who is far behind. A root
// is computed on the snapshot that came with the checkpoint's block, however far the chain has moved on by then.

#include <deque>
#include <optional>

#include "ledger/state_tree.h"
#include "replica/context.h"
#include "replica/frames.h"

namespace tieline::replica {

inline constexpr size_t kStableSnapshotsKept = 2;
inline constexpr size_t kSnapshotsKept = 6;  // with those that are not stable yet

class Checkpoints {
 public:
  struct Kept {
    Header header;
    Hash digest;
    Hash root;
    std::shared_ptr<const StoreReader> state;
    std::optional<CheckpointCert> stable;
  };

  explicit Checkpoints(uint32_t every) : every_(every) {}
  bool is_checkpoint(Height height) const { return height > 0 && height % every_ == 0; }

  void load(const StoreReader& state);  // a start, or an installed snapshot: forgets what waits
  void committed(const Header& header, const Hash& digest, std::shared_ptr<const WriteSet> writes);
  // The snapshot of a checkpoint's height came: its root.
  std::optional<consensus::CheckpointReached> on_snapshot(Height height, std::shared_ptr<const StoreReader> state);
  void on_stable(const CheckpointCert& certificate);

  const std::optional<CheckpointCert>& stable() const { return stable_; }
  void restore_stable(std::optional<CheckpointCert> certificate) { stable_ = std::move(certificate); }
  const Kept* newest_stable() const;  // whose snapshot is kept
  const Kept* kept_at(Height height) const;

 private:
  struct Waiting {
    Header header;
    Hash digest;
    std::shared_ptr<const WriteSet> writes;
  };
  const uint32_t every_;
  StateTree tree_;
  std::deque<Waiting> waiting_;  // committed since the last root
  std::deque<Kept> kept_;        // ascending
  std::optional<CheckpointCert> stable_;
};

// Answers from a kept snapshot. `store` has the links.
SnapshotOffer make_offer(const Checkpoints::Kept* kept, const StoreReader& store, const Committee& genesis);
Chunk make_chunk(const Checkpoints::Kept* kept, const ChunkRequest& request, size_t bytes_max);

}  // namespace tieline::replica
