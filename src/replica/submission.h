#pragma once
// Batches of transactions that a validator hands on, under its signature; and the proof that it handed on one that does
// not verify. The seal is looked at only then, so that an honest batch costs one signature and no check.

#include <deque>
#include <optional>
#include <vector>

#include "consensus/engine.h"
#include "crypto/scheme.h"
#include "replica/decoded.h"

namespace tieline::replica {

inline constexpr size_t kSealedBatchesKept = 64;  // whose transactions' signatures may still be with the verifier

// A transaction with its place under the Merkle root of a list.
BadTransaction bad_transaction(const std::vector<TxId>& ids, size_t index, ByteView bytes);

// What this validator says of a batch of its own.
BatchSeal seal_batch(const std::vector<Blob>& transactions, const ChainId& chain, ValidatorId self, Epoch epoch,
                     const Signer& signer);

class Submissions {
 public:
  void came(ValidatorId from, DecodedPtr batch);  // a TransactionsFrame with a seal
  // The proof against whoever handed this transaction on; unchecked. None: nobody did lately, or it was not sealed.
  std::optional<RejectedSubmission> find(const TxId& id) const;
  // The same for bytes that are no transaction, at this place of the newest batch.
  std::optional<RejectedSubmission> newest(size_t index) const;

 private:
  struct Batch {
    ValidatorId from = 0;
    DecodedPtr frame;
  };
  static RejectedSubmission proof(const Batch& batch, size_t index);

  std::deque<Batch> batches_;
};

}  // namespace tieline::replica
