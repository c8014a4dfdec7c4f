#pragma once
// Closes the gap to peers that are ahead: committed blocks in runs within one epoch, or, when the gap is wide and a
// peer has one, a snapshot. Which peer is asked follows from what peers say of themselves; one that answers wrongly,
// with nothing or not at all is left alone for a while. Nothing here is trusted: a run is executed and its proof
// verified before the engine sees it.

#include <map>
#include <optional>

#include "replica/block_tree.h"
#include "replica/context.h"
#include "replica/frames.h"
#include "replica/snapshot_fetch.h"

namespace tieline::replica {

inline constexpr int64_t kCatchUpWaitUs = 2'000'000;    // for an answer
inline constexpr int64_t kCatchUpShunUs = 1'000'000;    // a peer that was of no use is not asked for this long
inline constexpr int64_t kSnapshotShunUs = 10'000'000;  // nor for a snapshot this long
inline constexpr int64_t kCatchUpPauseUs = 200'000;     // without a commit, before a small gap is taken for one
inline constexpr Height kCatchUpSlack = 4;              // further behind than this: at once

class CatchUp {
 public:
  CatchUp(const Ledger& ledger, const Verifier& verifier, BlockTree& tree)
      : ledger_(ledger), verifier_(verifier), tree_(tree), snapshot_(ledger, verifier) {}

  void on_status(ValidatorId from, const StatusFrame& status) { claims_[from] = status; }
  const std::map<ValidatorId, StatusFrame>& claims() const { return claims_; }
  void on_behind(const consensus::Behind& behind);
  void peer_gone(ValidatorId peer);
  void on_commit(const Context& context) { last_commit_us_ = context.now.mono_us; }

  // Asks whom it is time to ask.
  void pump(const std::vector<ValidatorId>& peers, Context& context);
  // A run of blocks above the tip: executed into the tree, ready for the engine. `committee` is that of the tip's
  // child.
  std::optional<consensus::CaughtUp> on_blocks(ValidatorId from, const BlocksAnswer& answer, const Committee& committee,
                                               Context& context);
  // The engine took what on_blocks gave, or it did not.
  void judged(bool taken, ValidatorId from, Context& context);
  void on_offer(ValidatorId from, SnapshotOffer offer, Context& context);
  std::optional<SnapshotFetch::Fetched> on_chunk(ValidatorId from, Chunk chunk, Context& context);

  bool active() const { return asked_.has_value() || snapshot_.active(); }
  Height best_claim() const;
  std::optional<int64_t> deadline() const;

 private:
  struct Asked {
    ValidatorId peer = 0;
    Height from = 0;
    int64_t deadline_us = 0;
  };
  bool shunned(ValidatorId peer, int64_t now_us) const;
  void shun(ValidatorId peer, Context& context);
  void no_snapshot(ValidatorId peer, Context& context);
  bool start_snapshot(const std::vector<ValidatorId>& peers, Context& context);

  const Ledger& ledger_;
  const Verifier& verifier_;
  BlockTree& tree_;
  SnapshotFetch snapshot_;
  std::map<ValidatorId, StatusFrame> claims_;
  std::map<ValidatorId, int64_t> shunned_until_us_;
  std::map<ValidatorId, int64_t> no_snapshot_until_us_;  // it offered none, or a bad one: blocks may do
  std::map<ValidatorId, bool> lacks_blocks_;             // said so: only a snapshot can come from it
  std::vector<ValidatorId> behind_holders_;              // of the last Behind, until the next commit
  bool behind_ = false;                                  // the engine said so
  Height behind_height_ = 0;                             // of what it knows to be committed; 0: of a later epoch
  bool urgent_ = false;                                  // and that it is more than a block or two
  std::optional<int64_t> look_again_us_;
  std::optional<Asked> asked_;
  int64_t last_commit_us_ = 0;
  size_t turn_ = 0;
};

// Committed blocks from `from` up, out of the store: at most `limits`, never beyond an epoch's last block.
BlocksAnswer make_blocks_answer(const StoreReader& store, const Limits& limits, Height from);

}  // namespace tieline::replica
