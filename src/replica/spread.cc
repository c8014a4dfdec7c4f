#include "replica/spread.h"

#include "replica/frames.h"

namespace tieline::replica {

void Spread::add(const Blob& transaction, Context& context, const std::vector<ValidatorId>& peers) {
  batch_.push_back(transaction);
  bytes_ += transaction.size() + sizeof(uint32_t);
  // After a pause the first one goes out with whatever this step adds to it; under load batches fill up.
  if (!deadline_) deadline_ = std::max(context.now.mono_us, last_flush_us_ + context.limits.spread_wait_us);
  if (bytes_ >= context.limits.spread_batch_bytes || batch_.size() >= kFrameTransactionsMax) flush(context, peers);
}

void Spread::pump(Context& context, const std::vector<ValidatorId>& peers) {
  if (deadline_ && context.now.mono_us >= *deadline_) flush(context, peers);
}

void Spread::flush(Context& context, const std::vector<ValidatorId>& peers) {
  if (!peers.empty()) {
    std::optional<BatchSeal> seal = seal_(batch_);
    context.send(peers, encode_frame(TransactionsFrame{std::move(batch_), std::move(seal)}), true);
  }
  batch_.clear();
  bytes_ = 0;
  deadline_.reset();
  last_flush_us_ = context.now.mono_us;
}

}  // namespace tieline::replica
