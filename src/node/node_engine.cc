// Inputs to the replica, and its effects on the world.
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "node/node_impl.h"

namespace tieline::node {
namespace {

// A list of readings begins with its count (u32, little-endian; model/transaction.h).
uint64_t readings_of(const Transaction& tx) {
  uint64_t out = 0;
  for (const Action& action : tx.actions()) {
    if (action.type != ActionType::kReadings) continue;
    Reader r(action.payload);
    out += r.u32();
  }
  return out;
}

}  // namespace

void NodeImpl::feed(replica::Input input) {
  if (stopping_) return;
  inputs_.push_back(std::move(input));
  if (!draining_) drain();
}

void NodeImpl::feed_later(replica::Input input) {
  if (stopping_) return;
  inputs_.push_back(std::move(input));
  if (draining_ || drain_posted_) return;
  drain_posted_ = true;
  boost::asio::post(*io_, [this] {
    drain_posted_ = false;
    if (!draining_) drain();
  });
}

void NodeImpl::drain() {
  draining_ = true;
  while (!inputs_.empty()) {
    replica::Input input = std::move(inputs_.front());
    inputs_.pop_front();
    step(std::move(input));
  }
  draining_ = false;
  if (!stopping_) arm_timer();
}

void NodeImpl::step(replica::Input input) {
  const int64_t begin = mono_us();
  effects_.clear();
  if (host_trace_) host_trace_->before(input);
  replica_->step(Now{begin, wall_ms()}, std::move(input), effects_);
  carry_out(effects_);
  deliver_outcomes();
  metrics_.step_us.observe(mono_us() - begin);
}

void NodeImpl::carry_out(replica::Effects& effects) {
  for (replica::Effect& effect : effects) {
    if (stopping_) return;
    if (host_trace_) host_trace_->carrying_out(effect);
    std::visit([this](auto& e) { carry_out(e); }, effect);
  }
}

void NodeImpl::carry_out(replica::SendFrame& effect) { links_->send(effect.to, effect.frame, effect.bulk); }
void NodeImpl::carry_out(replica::LogAppend& effect) { log_writer_->push(std::move(effect)); }
void NodeImpl::carry_out(replica::LogTrim& effect) { log_writer_->push(effect); }
void NodeImpl::carry_out(replica::VerifyJob& effect) { checker_->push(std::move(effect)); }
void NodeImpl::carry_out(replica::StoreApply& effect) { store_writer_->push(std::move(effect)); }
void NodeImpl::carry_out(replica::Counted& effect) { metrics_.counted[effect.name] += effect.by; }
void NodeImpl::carry_out(replica::Note& effect) { log::info("{}", effect.text); }
void NodeImpl::carry_out(replica::Fatal& effect) { fail({"replica_stopped", effect.why}); }

void NodeImpl::carry_out(replica::TxOutcome& effect) {
  if (!effect.committed && effect.code != 0) ++metrics_.rejected[effect.code];
  if (!clients_.contains(effect.client)) return;
  if (outcomes_.empty() || outcomes_.back().first != effect.client) {
    auto at = std::find_if(outcomes_.begin(), outcomes_.end(), [&](const auto& o) { return o.first == effect.client; });
    // The newest stands last: a step mostly answers one client after the other.
    if (at == outcomes_.end())
      outcomes_.emplace_back(effect.client, Outcomes{});
    else
      std::rotate(at, at + 1, outcomes_.end());
  }
  outcomes_.back().second.push_back(std::move(effect));
}

void NodeImpl::carry_out(replica::BlockCommitted& effect) {
  const Block& block = *effect.block;
  ++metrics_.blocks;
  metrics_.transactions += block.txs.size();
  metrics_.block_txs.observe(static_cast<int64_t>(block.txs.size()));
  for (size_t i = 0; i < block.txs.size() && i < effect.execution->results.size(); ++i) {
    const uint16_t code = effect.execution->results[i].code;
    if (code == 0)
      metrics_.readings += readings_of(*block.txs[i]);
    else
      ++metrics_.rejected[code];
  }
  if (effect.proposed_us > 0) {
    const int64_t span = mono_us() - effect.proposed_us;
    metrics_.finality_us.observe(span);
    finality_.add(span);
  }
  std::vector<std::shared_ptr<BlockHandler>> handlers;
  for (const auto& [id, handler] : subscriptions_) handlers.push_back(handler);
  for (const auto& handler : handlers) (*handler)(effect);
}

void NodeImpl::deliver_outcomes() {
  if (outcomes_.empty()) return;
  std::vector<std::pair<ClientId, Outcomes>> ready;
  ready.swap(outcomes_);
  for (const auto& [client, outcomes] : ready) {
    const auto at = clients_.find(client);
    if (at == clients_.end()) continue;
    const std::shared_ptr<OutcomeHandler> handler = at->second;
    (*handler)(outcomes);
  }
}

// The timer is moved only to an earlier time: one that fires too early costs a look at the clock, and most deadlines
// are pushed back long before they come.
void NodeImpl::arm_timer() {
  const std::optional<int64_t> next = replica_->next_deadline();
  if (!next || (armed_us_ && *armed_us_ <= *next)) return;
  armed_us_ = next;
  timer_->expires_at(std::chrono::steady_clock::time_point(std::chrono::microseconds(*next)));
  timer_->async_wait([this](const boost::system::error_code& error) {
    if (!error) on_timer();
  });
}

void NodeImpl::on_timer() {
  armed_us_.reset();
  if (stopping_) return;
  const std::optional<int64_t> next = replica_->next_deadline();
  if (next && *next <= mono_us())
    feed(replica::Wake{});
  else
    arm_timer();
}

}  // namespace tieline::node
