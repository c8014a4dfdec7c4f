// Receipts, built from what is stored.

#include "crypto/merkle.h"
#include "replica/replica_impl.h"

namespace tieline::replica {

Result<Receipt> ReplicaImpl::receipt(const TxId& id) const {
  const std::optional<TxPlace> place = find_tx(store_, id);
  if (!place) {
    for (Height height = tree_->store_height() + 1; height <= tree_->tip().height; ++height)
      if (const BlockNode* node = tree_->committed_at(height))
        for (const TxResult& result : node->execution->results)
          if (result.id == id)
            return Error{"not_applied_yet", "the transaction is committed and not stored yet: ask again"};
    return Error{"not_found", "this validator knows no committed transaction with this id"};
  }
  Result<StoredBlock> stored = stored_block(store_, place->height);
  if (!stored.ok()) return stored.error();
  const Block& block = *stored->block;
  if (place->index >= block.txs.size() || stored->results.size() != block.txs.size())
    return Error{"corrupt_store", "the index names a transaction that its block does not hold"};
  Result<std::vector<CommitteeLink>> links = links_to(store_, ledger_.first_committee(), block.header.epoch);
  if (!links.ok()) return links.error();

  std::vector<Hash> tx_leaves, result_leaves;
  for (const TxPtr& tx : block.txs) tx_leaves.push_back(merkle_leaf(tx->id().view()));
  for (const TxResult& result : stored->results) result_leaves.push_back(merkle_leaf(encoded(result)));
  Receipt receipt;
  receipt.chain = ledger_.chain();
  const ByteView bytes = block.txs[place->index]->bytes().view();
  receipt.transaction.assign(bytes.begin(), bytes.end());
  receipt.index = place->index;
  receipt.tx_path = merkle_path(tx_leaves, place->index);
  receipt.result = stored->results[place->index];
  receipt.result_path = merkle_path(result_leaves, place->index);
  receipt.header = block.header;
  receipt.proof = std::move(stored->proof);
  receipt.links = std::move(*links);
  return receipt;
}

}  // namespace tieline::replica
