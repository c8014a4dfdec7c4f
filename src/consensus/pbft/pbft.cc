#include "consensus/pbft/pbft.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::consensus::pbft {
namespace {

// The epoch whose committee a message is for; none: any.
template <class M>
std::optional<Epoch> epoch_of(const M& m) {
  if constexpr (std::is_same_v<M, Propose> || std::is_same_v<M, PrepareVote> || std::is_same_v<M, CommitVote>) {
    return m.slot.epoch;
  } else if constexpr (std::is_same_v<M, ViewChange> || std::is_same_v<M, NewView>) {
    return m.epoch;
  } else {
    return std::nullopt;
  }
}

}  // namespace

Pbft::Pbft(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer, const Verifier& verifier)
    : ChainedEngine(std::move(config), std::move(chain), signer, verifier) {
  high_ = Justify{std::nullopt, Slot{committee_.epoch(), 0, -1}, epoch_start_, epoch_base_};
  recover_record(recovered);
  if (renew_record()) {  // the chain moved past the epoch of the last vote
    vote_.view = 0;
    vote_.view_changing = false;
  } else if (vote_.epoch == committee_.epoch() && !vote_.high_slot.is_epoch_start()) {
    // Without its certificate if that was torn off: then it comes back with the others' messages.
    high_ = Justify{recovered.high_qc, vote_.high_slot, vote_.high_block, vote_.high_height};
    if (recovered.high_qc) prepared_[high_.slot] = *recovered.high_qc;
  } else if (vote_.epoch > committee_.epoch() && vote_.high_slot.epoch == vote_.epoch) {
    recorded_high_ = Justify{recovered.high_qc, vote_.high_slot, vote_.high_block, vote_.high_height};
  }
  persisted_high_ = high_.slot;
  if (tip_proof_ && tip_slot_.epoch == committee_.epoch())
    raise_high(
        Justify{tip_proof_->certificate, tip_slot_, tip_proof_->certificate.block, tip_proof_->certificate.height});
  recalled_ = Recalled{std::move(recovered.own_proposal), std::move(recovered.own_view_change)};
  recall();
  recover_blocks(std::move(recovered.uncommitted));
}

// Takes up the recovered messages, once the chain has reached the epoch of the vote they belong to.
void Pbft::recall() {
  if (vote_.epoch != committee_.epoch() || !recalled_) return;
  Recalled r = std::move(*recalled_);
  recalled_.reset();
  own_proposal_ = std::move(r.own_proposal);
  own_view_change_ = std::move(r.own_view_change);
  // It may have entered a later view by a certificate, which is not a durable step. A VIEW-CHANGE to a view that its P
  // has reached already would be refused by everyone.
  const bool beyond = high_.slot.view > vote_.view || (high_.slot.view == vote_.view && vote_.view_changing);
  if (!vote_.rejoining && high_.certificate && beyond) {
    vote_.view = high_.slot.view;
    vote_.view_changing = false;
    own_proposal_.reset();
    own_view_change_.reset();
  }
  if (!own_proposal_) return;
  const auto& p = std::get<Propose>(own_proposal_->payload);
  if (p.new_view && p.slot.view == vote_.view && !vote_.view_changing) new_view_ = p.new_view;
}

void Pbft::step(const Now& now, const Input& input, Effects& effects) {
  now_ = now;
  out_ = &effects;
  std::visit([this](const auto& i) { on(i); }, input);
  refresh_timers();
  out_ = nullptr;
}

EngineStatus Pbft::status() const {
  EngineStatus s;
  s.epoch = committee_.epoch();
  s.view = vote_.view;
  s.view_changing = vote_.view_changing;
  s.rejoining = vote_.rejoining;
  if (vote_.epoch == committee_.epoch()) s.primary = primary(vote_.view);
  s.high_slot = high_.slot;
  s.committed = tip_header_.height;
  return s;
}

// --- inputs ---------------------------------------------------------------------------------------------------------

void Pbft::on(const Started&) {
  view_entered_us_ = now_.mono_us;
  last_resend_us_ = now_.mono_us;
  if (vote_.rejoining) {
    const Lsn lsn = persist({}, {});
    trace("rejoin: state is damaged or gone, lsn " + std::to_string(lsn));
    send_rejoin_request();
    return;
  }
  for (const auto& [digest, node] : blocks_)
    if (!node.judged) want_body(digest, node.header.height, {});  // held in the log: judged again from there
  resume();
}

// Goes on from the durable record: says again, byte for byte, what it said last.
void Pbft::resume() {
  if (!participates()) return;
  // It voted here before; whether the view works is for those who were awake to say.
  view_committed_ = !vote_.view_changing;
  if (vote_.view_changing) {
    if (own_view_change_) {
      view_changes_[config_.self][vote_.view] = own_view_change_;
      send({}, own_view_change_, lsn_);
    }
  } else if (own_proposal_ && std::get<Propose>(own_proposal_->payload).slot.view == vote_.view && is_primary()) {
    const auto& p = std::get<Propose>(own_proposal_->payload);
    proposals_[p.slot] = own_proposal_;
    blocks_.try_emplace(p.header.digest(), BlockNode{p.header, nullptr, false, false, false});
    send({}, own_proposal_, lsn_);  // the stored one, never a new one for that slot
  }
  try_commits();
  maybe_propose();
}

void Pbft::on(const Received& r) {
  if (!r.message || !committee_.position_of(r.from)) return drop(r.from, "not_a_member");
  std::visit(
      [&](const auto& m) {
        const std::optional<Epoch> epoch = epoch_of(m);
        if (!epoch || check_epoch(r.from, *epoch, r.message)) receive(r.from, r.message, m);
      },
      r.message->payload);
}

// --- timers ---------------------------------------------------------------------------------------------------------

// Every deadline is derived from the state, once, at the end of a step: no handler has to remember to arm or disarm.
void Pbft::refresh_timers() {
  std::optional<int64_t> progress, passed_over, view_change, resend_at, heartbeat;
  if (active()) {
    // The view's own first commit is awaited even with nothing pending: its primary proposes at once.
    std::optional<int64_t> waiting = oldest_us_;
    if (!view_committed_ && vote_.view > 0) waiting = std::min(waiting.value_or(view_entered_us_), view_entered_us_);
    if (!may_leave_view()) waiting.reset();
    if (waiting) progress = std::max({*waiting, view_entered_us_, full_commit_us_}) + timeout_us();
    if (oldest_us_ && waiting)
      passed_over = std::max(*oldest_us_, view_entered_us_) +
                    std::max(t0_us() * config_.params.passed_over_factor, 2 * timeout_us());
    const bool voted = vote_.last_vote && vote_.last_vote->slot > tip_slot_;
    if (voted || (committed_to_ && *committed_to_ > tip_slot_)) resend_at = last_resend_us_ + t0_us() / 2;
    if (is_primary()) heartbeat = last_heartbeat_us_ + t0_us();
  } else if (participates()) {
    if (quorum_changing_us_ && may_leave_view()) view_change = *quorum_changing_us_ + timeout_us();
    resend_at = last_resend_us_ + t0_us() / 2;
  } else if (vote_.rejoining) {
    resend_at = last_resend_us_ + t0_us() / 2;
  }
  arm(TimerId::kProgress, progress);
  arm(TimerId::kPassedOver, passed_over);
  arm(TimerId::kViewChange, view_change);
  arm(TimerId::kResend, resend_at);
  arm(TimerId::kHeartbeat, heartbeat);
}

void Pbft::on(const TimerFired& fired) {
  if (!takes(fired)) return;
  switch (fired.id) {
    case TimerId::kProgress:
    case TimerId::kPassedOver:
      if (active()) {
        trace(fired.id == TimerId::kProgress ? "timeout: no progress" : "timeout: a transaction was passed over");
        start_view_change(ViewChangeKind::kTimeout, vote_.view + 1);
      }
      return;
    case TimerId::kViewChange:
      if (participates() && vote_.view_changing && view_proven()) {
        trace("timeout: no NEW-VIEW");
        start_view_change(ViewChangeKind::kTimeout, vote_.view + 1);
      }
      return;
    case TimerId::kResend:
      last_resend_us_ = now_.mono_us;
      resend();
      return;
    case TimerId::kHeartbeat:
      last_heartbeat_us_ = now_.mono_us;
      send({}, make_message(Heartbeat{committee_.epoch(), vote_.view, tip_header_.height}), 0);
      return;
    case TimerId::kCount:
      break;
  }
  TL_CHECK_MSG(false, "a timer that does not exist fired");
}

void Pbft::resend() {
  if (vote_.rejoining) return send_rejoin_request();
  if (participates() && vote_.view_changing && own_view_change_) return send({}, own_view_change_, lsn_);
  if (!active()) return;
  if (vote_.last_vote && vote_.last_vote->slot > tip_slot_ && vote_.last_vote->slot.view == vote_.view && !body_lost_)
    send({}, is_primary() && own_proposal_ ? own_proposal_ : own_prepare(), lsn_);
  if (!committed_to_ || *committed_to_ <= tip_slot_) return;
  if (auto at = prepared_.find(*committed_to_); at != prepared_.end())
    send({}, own_commit(at->first, at->second.height, at->second.block), lsn_);
}

}  // namespace tieline::consensus::pbft
