// Inputs of the host, and the loop that lets the parts go on until nothing moves.

#include <algorithm>

#include "replica/replica_impl.h"

namespace tieline::replica {

void ReplicaImpl::step(const Now& now, Input input, Effects& effects) {
  if (dead_) return;
  context_.now = now;
  context_.effects = &effects;
  std::visit([this](const auto& i) { on(i); }, input);
  settle();
  context_.effects = nullptr;
}

void ReplicaImpl::settle() {
  if (!started_) return;
  run_engine();
  for (bool moved = true; moved && !dead_;) {
    for (consensus::Judged& judged : desk_->pump(peers_, context_)) feed(std::move(judged));
    if (auto built = builder_->pump(context_)) feed(std::move(*built));
    feed_pending();
    moved = !inbox_.empty();
    run_engine();
  }
  if (dead_) return;
  verify_.pump(context_);
  spread_.pump(context_, peers_);
  relay_.pump(peers_, context_);
  catch_up_->pump(peers_, context_);
  if (!catch_up_->active()) history_.pump(peers_, context_);
}

void ReplicaImpl::on(const Start&) {
  TL_CHECK(!started_);
  started_ = true;
  for (Effect& effect : at_start_) context_.emit(std::move(effect));
  at_start_.clear();
  catch_up_->on_commit(context_);
  next_status_us_ = context_.now.mono_us + config_.limits.status_interval_us;
  next_nudge_us_ = context_.now.mono_us;
  feed(consensus::Started{});
}

void ReplicaImpl::on(const PeerUp& input) {
  checkpoint_told_.erase(input.peer);
  if (input.peer == config_.self || std::find(peers_.begin(), peers_.end(), input.peer) != peers_.end()) return;
  peers_.insert(std::upper_bound(peers_.begin(), peers_.end(), input.peer), input.peer);
  send_status({input.peer});
}

void ReplicaImpl::on(const PeerDown& input) {
  std::erase(peers_, input.peer);
  catch_up_->peer_gone(input.peer);
}

void ReplicaImpl::on(const LogDurable& input) {
  if (first_write_ && input.lsn >= *first_write_) first_write_.reset();
  gate_.log_durable(input.lsn);
  journal_->durable(input.lsn);
  release();
}

void ReplicaImpl::on(const StoreApplied& input) {
  tree_->store_reached(input.height);
  if (!history_.settled())
    if (auto mark = stored_history(store_); mark.ok()) history_.in_store(std::move(*mark));
  if (!input.snapshot) return;
  if (auto reached = checkpoints_.on_snapshot(input.height, input.snapshot)) feed(std::move(*reached));
}

void ReplicaImpl::on(const StoreFlushed& input) {
  std::optional<Lsn> needed = tree_->oldest_logged();
  if (const auto kept = desk_->oldest_kept()) needed = std::min(needed.value_or(*kept), *kept);
  journal_->flushed(input.height, needed, *context_.effects);
}

void ReplicaImpl::on(const Wake&) { run_timers(); }

void ReplicaImpl::run_timers() {
  if (!started_) return;
  const int64_t now_us = context_.now.mono_us;
  for (size_t id = 0; id < timers_.size(); ++id) {
    Timer& timer = timers_[id];
    if (!timer.deadline_us || *timer.deadline_us > now_us) continue;
    timer.deadline_us.reset();
    feed(consensus::TimerFired{static_cast<consensus::TimerId>(id), timer.generation});
  }
  if (now_us >= next_status_us_) {
    next_status_us_ = now_us + config_.limits.status_interval_us;
    send_status(peers_);
    ask_for_link();
    if (!deferred_.empty()) look_again();
  }
  if (now_us >= next_nudge_us_) {
    next_nudge_us_ = now_us + int64_t{config_.genesis.consensus.timeout_ms} * kMicrosPerMilli / 4;
    nudge();
  }
}

void ReplicaImpl::send_status(std::vector<ValidatorId> to) {
  const consensus::EngineStatus engine = engine_->status();
  const auto& stable = checkpoints_.newest_stable();
  const StatusFrame status{engine.epoch, engine.view, tree_->tip().height, tree_->tip_digest(),
                           stable != nullptr ? stable->header.height : 0};
  context_.send(std::move(to), encode_frame(status), false);
}

// Without the link to the running epoch's committee there is no receipt: it comes with the epoch's first block.
void ReplicaImpl::ask_for_link() {
  const Epoch epoch = committee_.epoch();
  if (epoch == 0 || peers_.empty() || tree_->tip().epoch != epoch || stored_link(store_, epoch - 1)) return;
  const ValidatorId peer = peers_[link_turn_++ % peers_.size()];
  context_.count("committee_links_asked");
  context_.send({peer}, encode_frame(HistoryRequest{epoch_start_.header.height + 2}), true);
}

std::optional<int64_t> ReplicaImpl::next_deadline() const {
  if (!started_ || dead_) return std::nullopt;
  int64_t at = next_status_us_;
  const auto consider = [&at](const std::optional<int64_t>& deadline) {
    if (deadline && *deadline < at) at = *deadline;
  };
  if (pool_.ready_count() > 0) consider(next_nudge_us_);
  for (const Timer& timer : timers_) consider(timer.deadline_us);
  consider(verify_.deadline(config_.limits));
  consider(spread_.deadline());
  consider(relay_.deadline());
  consider(builder_->deadline());
  consider(desk_->deadline());
  consider(catch_up_->deadline());
  if (!catch_up_->active()) consider(history_.deadline());
  return at;
}

ReplicaStatus ReplicaImpl::status() const {
  ReplicaStatus status;
  status.engine = engine_->status();
  status.applied = tree_->tip().height;
  status.tip = tree_->tip_digest();
  status.tip_time_ms = tree_->tip().time_ms;
  if (const auto& stable = checkpoints_.stable()) {
    status.checkpoint = stable->height;
    status.state_root = stable->state_root;
  }
  status.pending = pool_.size();
  status.connected = peers_;
  for (const auto& [peer, claim] : catch_up_->claims()) status.told.emplace_back(peer, claim.applied);
  status.catching_up = catch_up_->active();
  status.history_from = history_.from();
  return status;
}

}  // namespace tieline::replica
