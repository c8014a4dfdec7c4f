#include "replica/builder.h"

#include <algorithm>
#include <set>

namespace tieline::replica {

void Builder::want(consensus::WantBlock want) {
  want_.reset();
  if (want.ticket != 0) want_ = std::move(want);
  deadline_.reset();
  looked_at_.reset();
}

bool Builder::due(const Context& context) {
  deadline_.reset();
  if (want_->allow_empty || want_->is_void) return true;
  if (pool_.ready_count() == 0 || looked_at_ == pool_.readied()) return false;
  const ConsensusParams& params = ledger_.genesis().consensus;
  size_t below = 0;  // transactions that wait in uncommitted ancestors
  for (const BlockNode* node : tree_.path_to(want_->parent)) below += node->block->txs.size();
  const bool enough =
      pool_.ready_count() >= below + params.block_tx_max || pool_.ready_bytes() >= params.block_bytes_max;
  if (enough || !last_built_us_) return true;
  const int64_t at = *last_built_us_ + int64_t{params.block_wait_ms} * kMicrosPerMilli;
  if (context.now.mono_us >= at) return true;
  deadline_ = at;
  return false;
}

// With a market: of every signer some.
std::vector<TxPtr> Builder::choice(const std::unordered_set<TxId>& taken) {
  const ConsensusParams& params = ledger_.genesis().consensus;
  std::vector<TxPtr> choice;
  size_t bytes = 0;
  const ParticipantId last = pool_.by_turns(next_turn_, [&](const PoolEntry& entry) {
    if (taken.contains(entry.tx->id())) return true;
    choice.push_back(entry.tx);
    bytes += entry.tx->bytes().size();
    return choice.size() < kChoiceBlocks * params.block_tx_max && bytes < kChoiceBlocks * params.block_bytes_max;
  });
  next_turn_ = last + 1;
  return choice;
}

std::vector<TxPtr> Builder::collect(const Header& parent) {
  const ConsensusParams& params = ledger_.genesis().consensus;
  std::unordered_set<TxId> taken;
  for (const BlockNode* node : tree_.path_to(want_->parent))
    for (const TxPtr& tx : node->block->txs) taken.insert(tx->id());
  const StateView state = tree_.view_at(want_->parent);
  std::set<std::pair<ParticipantId, uint64_t>> used;
  std::vector<TxPtr> txs;
  size_t bytes = 0;
  const auto take = [&](const TxPtr& tx) {  // false: no more
    if (txs.size() >= params.block_tx_max) return false;
    const size_t size = tx->bytes().size();
    if (bytes + size > params.block_bytes_max) return false;
    if (taken.contains(tx->id()) || used.contains({tx->signer(), tx->sequence()})) return true;
    if (ledger_.precheck(*tx, state, parent) != 0) return true;
    used.emplace(tx->signer(), tx->sequence());
    bytes += size;
    txs.push_back(tx);
    return true;
  };
  if (!ledger_.genesis().market) {
    for (const PoolEntry& entry : pool_.ready())
      if (!take(entry.tx)) break;
    return txs;
  }
  const std::vector<TxPtr> ordered = ledger_.in_order(choice(taken), parent, state);
  for (const TxPtr& tx : ordered)
    if (!take(tx)) break;
  return txs.size() == ordered.size() ? txs : ledger_.in_order(std::move(txs), parent, state);
}

std::optional<consensus::BlockBuilt> Builder::pump(Context& context) {
  if (!want_) return std::nullopt;
  const Header* parent = tree_.parent_header(want_->parent);
  if (parent == nullptr || !due(context)) return std::nullopt;

  BlockDraft draft;
  draft.is_void = want_->is_void;
  draft.parent = want_->parent;
  draft.height = parent->height + (want_->is_void ? 0 : 1);
  draft.epoch = want_->epoch;
  draft.time_ms = std::max(parent->time_ms, context.now.wall_ms);
  if (!want_->is_void) {
    draft.txs = collect(*parent);
    if (draft.txs.empty() && !want_->allow_empty) {
      looked_at_ = pool_.readied();
      return std::nullopt;
    }
    draft.evidence = encoded(want_->evidence);
  }
  const StateView state = tree_.view_at(want_->parent);
  Result<Execution> executed = ledger_.execute(draft, *parent, state);
  if (!executed.ok() && !want_->is_void && !want_->evidence.empty()) {
    // Evidence is welcome but not worth a block: without it the block must go through.
    context.count("evidence_left_out");
    context.note("evidence left out of a block: " + executed.error().why);
    draft.evidence = encoded(Evidence{});
    executed = ledger_.execute(draft, *parent, state);
  }
  const uint64_t ticket = want_->ticket;
  want_.reset();
  if (!executed.ok()) {
    context.count("block_not_built");
    context.note("no block could be built: " + executed.error().why);
    return std::nullopt;
  }
  last_built_us_ = context.now.mono_us;
  auto execution = std::make_shared<Execution>(std::move(*executed));
  auto block = std::make_shared<Block>();
  block->header = execution->header;
  block->digest = block->header.digest();
  block->txs = std::move(draft.txs);
  block->evidence = std::move(draft.evidence);
  tree_.add({block, std::move(execution), context.now.mono_us, 0});
  return consensus::BlockBuilt{ticket, std::move(block)};
}

}  // namespace tieline::replica
