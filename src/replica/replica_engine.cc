// The driver: carries out the engine's effects in order.

#include <algorithm>

#include "replica/replica_impl.h"

namespace tieline::replica {

void ReplicaImpl::run_engine() {
  while (!inbox_.empty() && !dead_) {
    const consensus::Input input = std::move(inbox_.front());
    inbox_.pop_front();
    engine_effects_.clear();
    engine_->step(context_.now, input, engine_effects_);
    for (consensus::Effect& effect : engine_effects_) {
      if (dead_) return;
      std::visit([this](auto& e) { carry_out(e); }, effect);
    }
    release();
  }
}

void ReplicaImpl::release() {
  while (std::optional<consensus::Send> send = gate_.next_send()) send_out(*send);
  while (std::optional<consensus::Commit> next = gate_.next_commit()) {
    commit(*next);
    if (dead_) return;
  }
}

void ReplicaImpl::carry_out(consensus::Persist& effect) {
  std::vector<BlockNode*> path;
  if (effect.body) {
    path = tree_->path_to(*effect.body);
    const bool held = !path.empty() || *effect.body == tree_->tip_digest() || tree_->height_of_committed(*effect.body);
    if (!held) return die("the engine votes on a block whose body is not held: " + to_hex(*effect.body));
  }
  if (effect.high_qc) note_certificate(*effect.high_qc);
  LogAppend append = journal_->persist(effect, path);
  gate_.persisted(effect.lsn, append.lsn);
  context_.emit(std::move(append));
}

void ReplicaImpl::carry_out(consensus::Send& effect) { gate_.hold(std::move(effect)); }

void ReplicaImpl::send_out(const consensus::Send& send) {
  std::vector<ValidatorId> to;
  bool self = send.to.empty();
  if (send.to.empty()) {
    for (const Member& member : committee_.members()) to.push_back(member.id);
  } else {
    to = send.to;
    self = std::find(to.begin(), to.end(), config_.self) != to.end();
  }
  std::erase(to, config_.self);
  if (relay_.on() && std::holds_alternative<consensus::Propose>(send.message->payload))
    to = relay_.lead(send.message, to, peers_, context_);
  context_.send(std::move(to), encode_frame(ConsensusFrame{send.message->bytes}), false);
  if (self) feed(consensus::Received{config_.self, send.message});
}

void ReplicaImpl::carry_out(consensus::ArmTimer& effect) {
  timers_[static_cast<size_t>(effect.id)] = Timer{effect.generation, effect.deadline_us};
}

void ReplicaImpl::carry_out(consensus::WantBlock& effect) { builder_->want(std::move(effect)); }

void ReplicaImpl::carry_out(consensus::Judge& effect) {
  relay_.accepted(effect.block);
  desk_->ask(effect, context_);
}

void ReplicaImpl::carry_out(consensus::Commit& effect) { gate_.hold(std::move(effect)); }

void ReplicaImpl::carry_out(consensus::Behind& effect) { catch_up_->on_behind(effect); }

void ReplicaImpl::carry_out(consensus::StableCheckpoint& effect) {
  checkpoints_.on_stable(effect.certificate);
  context_.emit(StoreApply{tree_->tip().height, {stable_write(effect.certificate)}, false, false});
}

void ReplicaImpl::carry_out(consensus::Drop& effect) { context_.count(effect.code); }

void ReplicaImpl::carry_out(consensus::Trace& effect) {
  if (config_.record_trace) context_.note("trace " + effect.event);
}

void ReplicaImpl::carry_out(consensus::Broken& effect) { die(effect.why); }

void ReplicaImpl::die(std::string why) {
  dead_ = true;
  context_.emit(Fatal{std::move(why)});
}

// --- the oldest pending transaction ---------------------------------------------------------------------------------

// The first in line that could be executed now. What can not any more leaves the pool here.
std::optional<int64_t> ReplicaImpl::oldest_pending() {
  size_t looked = 0;
  std::vector<std::pair<TxId, uint16_t>> gone;
  std::optional<int64_t> oldest;
  std::optional<StateView> state;
  for (const PoolEntry& entry : pool_.ready()) {
    const TxId& id = entry.tx->id();
    if (pending_checked_ && pending_checked_->id == id && pending_checked_->tip == tree_->tip_digest()) {
      oldest = entry.since_us;
      break;
    }
    if (++looked > kNudgeScanMax) break;
    if (!state) state = tree_->committed_view();
    const uint16_t code = ledger_.precheck(*entry.tx, *state, tree_->tip());
    if (code == 0) {
      pending_checked_ = PendingChecked{id, tree_->tip_digest()};
      oldest = entry.since_us;
      break;
    }
    const bool hopeless = context_.now.mono_us - entry.since_us > kPassLaterMaxUs && !is_behind();
    if (hopeless || !may_pass_later(code)) gone.emplace_back(id, code);
  }
  for (const auto& [id, code] : gone) {
    std::optional<PoolEntry> entry = pool_.remove(id);
    refuse_unless_committed(id, code, std::move(entry->origins));
  }
  return oldest;
}

void ReplicaImpl::feed_pending() {
  const std::optional<int64_t> oldest = oldest_pending();
  if (oldest == pending_fed_) return;
  pending_fed_ = oldest;
  feed(consensus::Pending{oldest});
}

}  // namespace tieline::replica
