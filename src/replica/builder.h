#pragma once
// Fills the blocks that the engine wants to propose: ready transactions in their order, up to the genesis' bounds,
// without those that an uncommitted ancestor holds already. With a market the order is that of the ledger
// (Ledger::in_order), among a choice of which every signer has its turn; without one it is that of their coming. A
// block is built at once when nothing was built for block_wait_ms or when there is enough for a full one; otherwise the
// transactions of block_wait_ms share it.

#include <optional>
#include <unordered_set>

#include "replica/block_tree.h"
#include "replica/context.h"
#include "replica/pool.h"

namespace tieline::replica {

// Of so many blocks' transactions the best are taken.
inline constexpr size_t kChoiceBlocks = 2;

class Builder {
 public:
  Builder(const Ledger& ledger, const Pool& pool, BlockTree& tree) : ledger_(ledger), pool_(pool), tree_(tree) {}

  void want(consensus::WantBlock want);  // replaces what was wanted; ticket 0 withdraws
  // Builds, executes and adds to the tree what is due.
  std::optional<consensus::BlockBuilt> pump(Context& context);
  std::optional<int64_t> deadline() const { return deadline_; }

 private:
  bool due(const Context& context);
  std::vector<TxPtr> collect(const Header& parent);
  std::vector<TxPtr> choice(const std::unordered_set<TxId>& taken);

  const Ledger& ledger_;
  const Pool& pool_;
  BlockTree& tree_;
  std::optional<consensus::WantBlock> want_;
  std::optional<int64_t> deadline_;
  std::optional<int64_t> last_built_us_;
  ParticipantId next_turn_ = 0;        // with whom the next choice begins
  std::optional<uint64_t> looked_at_;  // Pool::readied() when nothing fit above this parent
};

}  // namespace tieline::replica
