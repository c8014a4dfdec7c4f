#include "replica/submission.h"

#include "crypto/hash.h"
#include "crypto/merkle.h"

namespace tieline::replica {
namespace {

std::vector<Hash> leaves_of(const std::vector<TxId>& ids) {
  std::vector<Hash> leaves;
  leaves.reserve(ids.size());
  for (const TxId& id : ids) leaves.push_back(merkle_leaf(id.view()));
  return leaves;
}

std::vector<TxId> ids_of(const std::vector<Blob>& transactions) {
  std::vector<TxId> ids;
  ids.reserve(transactions.size());
  for (const Blob& bytes : transactions) ids.push_back(sha256(bytes.view()));
  return ids;
}

}  // namespace

BadTransaction bad_transaction(const std::vector<TxId>& ids, size_t index, ByteView bytes) {
  return {Bytes(bytes.begin(), bytes.end()), static_cast<uint32_t>(index), merkle_path(leaves_of(ids), index)};
}

BatchSeal seal_batch(const std::vector<Blob>& transactions, const ChainId& chain, ValidatorId self, Epoch epoch,
                     const Signer& signer) {
  const Hash root = merkle_root(leaves_of(ids_of(transactions)));
  const Hash digest = submission_digest(chain, self, epoch, static_cast<uint32_t>(transactions.size()), root);
  return {epoch, signer.sign(digest.view())};
}

void Submissions::came(ValidatorId from, DecodedPtr batch) {
  batches_.push_back({from, std::move(batch)});
  if (batches_.size() > kSealedBatchesKept) batches_.pop_front();
}

RejectedSubmission Submissions::proof(const Batch& batch, size_t index) {
  const auto& frame = std::get<TransactionsFrame>(*batch.frame->frame);
  const std::vector<TxId> ids = ids_of(frame.transactions);
  return {batch.from,
          frame.seal->epoch,
          static_cast<uint32_t>(ids.size()),
          merkle_root(leaves_of(ids)),
          frame.seal->signature,
          bad_transaction(ids, index, frame.transactions[index].view())};
}

std::optional<RejectedSubmission> Submissions::find(const TxId& id) const {
  for (const Batch& batch : batches_) {
    const auto& parsed = batch.frame->transactions;
    for (size_t i = 0; i < parsed.size(); ++i)
      if (parsed[i] != nullptr && parsed[i]->id() == id) return proof(batch, i);
  }
  return std::nullopt;
}

std::optional<RejectedSubmission> Submissions::newest(size_t index) const {
  if (batches_.empty()) return std::nullopt;
  return proof(batches_.back(), index);
}

}  // namespace tieline::replica
