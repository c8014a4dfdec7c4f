#pragma once
// Fills the blocks that the engine wants to propose: ready transactions in their order, up to the genesis' bounds,
// without those that an uncommitted ancestor holds already. A block is built at once when nothing was built for
// block_wait_ms or when there is enough for a full one; otherwise the transactions of block_wait_ms share it.

#include <optional>

#include "replica/block_tree.h"
#include "replica/context.h"
#include "replica/pool.h"

namespace tieline::replica {

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

  const Ledger& ledger_;
  const Pool& pool_;
  BlockTree& tree_;
  std::optional<consensus::WantBlock> want_;
  std::optional<int64_t> deadline_;
  std::optional<int64_t> last_built_us_;
  std::optional<uint64_t> looked_at_;  // Pool::readied() when nothing fit above this parent
};

}  // namespace tieline::replica
