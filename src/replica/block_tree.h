#pragma once
// The executed blocks above what the store is known to hold: uncommitted ones by digest, in a tree above the tip, and
// committed ones whose batch the store has not acknowledged yet. The state after any of them is the store's with the
// write sets on the way laid over it, so nothing reaches the store before commit.

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ledger/ledger.h"
#include "replica/log_format.h"

namespace tieline::replica {

inline constexpr size_t kRecentCommitsMax = 1'024;  // committed digests that are remembered with their heights

struct BlockNode {
  BlockPtr block;
  std::shared_ptr<const Execution> execution;
  int64_t seen_us = 0;  // when this validator first saw the proposal; 0: caught up or recovered
  Lsn logged = 0;       // of its body's record; 0: not in the log
};

class BlockTree {
 public:
  BlockTree(const StoreReader& store, Header tip, Hash tip_digest);

  const Header& tip() const { return tip_; }  // the last committed block
  const Hash& tip_digest() const { return tip_digest_; }

  // Uncommitted blocks. The parent of what is added is the tip or a node.
  void add(BlockNode node);
  BlockNode* find(const Hash& digest);
  const BlockNode* find(const Hash& digest) const;
  // The header of a block on which another can be executed: the tip or a node; null: neither.
  const Header* parent_header(const Hash& digest) const;
  StateView view_at(const Hash& digest) const;  // after the tip or a node
  StateView committed_view() const { return view_at(tip_digest_); }
  // Uncommitted nodes from the child of the tip down to `digest`, parents first; empty for the tip itself.
  std::vector<BlockNode*> path_to(const Hash& digest);
  std::optional<Lsn> oldest_logged() const;      // the least lsn among bodies of uncommitted blocks
  std::vector<const BlockNode*> logged() const;  // uncommitted, their bodies in the log; parents first

  // `digest` is a node and a child of the tip: it becomes the tip; what does not descend from it is dropped.
  const BlockNode& commit(const Hash& digest);
  void store_reached(Height height);  // the store holds everything up to here
  // A snapshot was installed: the state below is read from `base` until the store holds it.
  void install(Header tip, const Hash& tip_digest, std::shared_ptr<const StoreReader> base);

  // Committed blocks: still held here, or at which height to look into the store.
  const BlockNode* committed_at(Height height) const;
  std::optional<Height> height_of_committed(const Hash& digest) const;
  void remember_commit(const Hash& digest, Height height);
  Height store_height() const { return store_height_; }

 private:
  struct Pending {
    Height height = 0;
    BlockNode node;
  };
  const StoreReader& base() const { return installed_ ? *installed_ : store_; }

  const StoreReader& store_;
  std::shared_ptr<const StoreReader> installed_;
  Height installed_height_ = 0;
  Header tip_;
  Hash tip_digest_;
  Height store_height_ = 0;
  std::unordered_map<Hash, BlockNode> nodes_;
  std::deque<Hash> order_;       // of nodes_, as they were added: parents first
  std::deque<Pending> pending_;  // committed, ascending
  std::unordered_map<Hash, Height> recent_;
  std::deque<Hash> recent_order_;
};

}  // namespace tieline::replica
