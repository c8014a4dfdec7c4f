// What the api asks of a running validator.
#include "node/node_impl.h"

namespace tieline::node {
namespace {
// Inputs that wait for the replica. Links and disk are bounded elsewhere; clients are bounded here.
constexpr size_t kInputsMax = 65'536;
}  // namespace

ClientId NodeImpl::open_client(OutcomeHandler handler) {
  const ClientId id = next_id_++;
  clients_.emplace(id, std::make_shared<OutcomeHandler>(std::move(handler)));
  return id;
}

void NodeImpl::close_client(ClientId client) {
  if (clients_.erase(client) > 0) feed_later(replica::ClientGone{client});
}

Status NodeImpl::submit(ClientId client, uint64_t tag, std::vector<Blob> transactions) {
  if (stopping_) return Error{"stopping", "this validator is being stopped"};
  if (inputs_.size() >= kInputsMax) return Error{"overloaded", "this validator has more to do than it can; try again"};
  TL_CHECK_MSG(clients_.contains(client), "submit from a client that is not open");
  feed_later(replica::ClientSubmit{client, tag, std::move(transactions)});
  return {};
}

SubscriptionId NodeImpl::subscribe_blocks(BlockHandler handler) {
  const SubscriptionId id = next_id_++;
  subscriptions_.emplace(id, std::make_shared<BlockHandler>(std::move(handler)));
  return id;
}

void NodeImpl::unsubscribe_blocks(SubscriptionId subscription) { subscriptions_.erase(subscription); }

NodeStatus NodeImpl::status() const {
  NodeStatus out;
  out.name = config_.settings.name;
  out.self = config_.self;
  out.started_ms = started_ms_;
  out.replica = replica_->status();
  out.flushed = flushed_;
  out.finality_p50_ms = finality_.percentile_ms(50);
  out.finality_p99_ms = finality_.percentile_ms(99);
  out.stopping = stopping_;
  return out;
}

const NodeMetrics& NodeImpl::metrics() const {
  metrics_.inputs_queued = inputs_.size();
  if (trace_) metrics_.counted["trace_bytes"] = trace_->bytes();
  if (log_writer_) metrics_.log_queued_bytes = log_writer_->queued_bytes();
  if (checker_) metrics_.verify_queued = checker_->queued();
  if (store_writer_) metrics_.apply_queued = store_writer_->queued();
  return metrics_;
}

}  // namespace tieline::node
