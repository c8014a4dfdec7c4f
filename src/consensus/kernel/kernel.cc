#include "consensus/kernel/kernel.h"

#include <algorithm>

#include "base/codec.h"
#include "standing/late_window.h"

namespace tieline::consensus {

Kernel::Kernel(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer,
               const Verifier& verifier)
    : ChainedEngine(std::move(config), std::move(chain), signer, verifier),
      front_(config_.params.engine == EngineKind::kTrustRaft ? &trust_raft_front_end() : &cbft_front_end()),
      desk_(config_.self, standing::late_window(config_.params, committee_)),
      measuring_(config_.self, config_.rejoin_nonce, config_.params),
      requests_(config_.rejoin_nonce) {
  high_ = Justify{std::nullopt, Slot{committee_.epoch(), 0, -1}, epoch_start_, epoch_base_};
  recover_record(recovered);
  if (renew_record()) {  // the chain moved past the epoch of the last vote
    vote_.view = 0;
    vote_.view_changing = false;
    vote_.voted_for.reset();
  } else if (recovered.high_qc && recovered.high_qc->slot.epoch == committee_.epoch()) {
    const Certificate& c = *recovered.high_qc;
    high_ = Justify{c, c.slot, c.block, c.height};
    quorum_certificates_[c.slot] = c;
  } else if (vote_.epoch == committee_.epoch() && !vote_.high_slot.is_epoch_start()) {
    high_ = Justify{std::nullopt, vote_.high_slot, vote_.high_block, vote_.high_height};  // the certificate is lost
  }
  if (vote_.epoch > committee_.epoch() && vote_.high_slot.epoch == vote_.epoch)
    recorded_high_ = Justify{recovered.high_qc, vote_.high_slot, vote_.high_block, vote_.high_height};
  persisted_high_ = high_.slot;
  if (tip_proof_ && tip_proof_->certificate.slot.epoch == committee_.epoch())
    raise_high(Justify{tip_proof_->certificate, tip_proof_->certificate.slot, tip_proof_->certificate.block,
                       tip_proof_->certificate.height});
  if (tip_proof_ && tip_proof_->second && tip_proof_->second->certificate.slot.epoch == committee_.epoch()) {
    const Certificate& c = tip_proof_->second->certificate;
    raise_high(Justify{c, c.slot, c.block, c.height});
  }
  recalled_ =
      Recalled{std::move(recovered.new_view), std::move(recovered.own_proposal), std::move(recovered.own_view_change)};
  recall();
  recover_blocks(std::move(recovered.uncommitted));
}

// Takes up the recovered messages, once the chain has reached the epoch of the vote they belong to.
void Kernel::recall() {
  if (vote_.epoch != committee_.epoch() || !recalled_) return;
  Recalled r = std::move(*recalled_);
  recalled_.reset();
  if (r.new_view && std::get<NewView>(r.new_view->payload).epoch == vote_.epoch) {
    new_views_.push_back(r.new_view);
    if (std::get<NewView>(r.new_view->payload).view == vote_.view) new_view_ = r.new_view;
  }
  own_proposal_ = std::move(r.own_proposal);
  own_view_change_ = std::move(r.own_view_change);
  // The power failed between a vote for a candidate and its record: the vote was not sent, and may be another one now.
  if (front_->elects() && own_view_change_ &&
      std::get<ViewChange>(own_view_change_->payload).leader != vote_.voted_for.value_or(kNobody))
    own_view_change_.reset();
  // It may have entered a later view by a certificate, which is not a durable step. A VIEW-CHANGE to a view that its
  // highQC has reached already would be refused by everyone.
  const bool beyond = high_.slot.view > vote_.view || (high_.slot.view == vote_.view && vote_.view_changing);
  if (vote_.rejoining || !high_.certificate || !beyond) return;
  vote_.view = high_.slot.view;
  vote_.view_changing = false;
  vote_.voted_for.reset();
  new_view_.reset();
  own_proposal_.reset();
  own_view_change_.reset();
}

void Kernel::step(const Now& now, const Input& input, Effects& effects) {
  now_ = now;
  out_ = &effects;
  std::visit([this](const auto& i) { on(i); }, input);
  refresh_timers();
  out_ = nullptr;
}

EngineStatus Kernel::status() const {
  EngineStatus s;
  s.epoch = committee_.epoch();
  s.view = vote_.view;
  s.view_changing = vote_.view_changing;
  s.rejoining = vote_.rejoining;
  if (vote_.epoch == committee_.epoch() && leader(vote_.view) != kNobody) s.primary = leader(vote_.view);
  s.high_slot = high_.slot;
  s.committed = tip_header_.height;
  return s;
}

bool Kernel::may_leave_view() const {
  if (!high_.certificate && !high_.slot.is_epoch_start()) return false;
  // A vote that carries no last vote speaks of the certificate alone.
  if (front_->elects() || !vote_.last_vote || vote_.last_vote->slot <= high_.slot) return true;
  return !body_lost_ && (!vote_.last_vote->new_view || kept_new_view(*vote_.last_vote->new_view));
}

ValidatorId Kernel::leader(View view) const {
  if (auto at = leaders_.find(view); at != leaders_.end()) return at->second;
  if (leaders_.size() >= kLeadersKept) leaders_.clear();
  if (const auto id = front_->appointed(config_.params, committee_, view))
    return leaders_.emplace(view, *id).first->second;
  return view == vote_.view && !vote_.view_changing ? vote_.voted_for.value_or(kNobody) : kNobody;
}

VoteSignature Kernel::sign_vote(const Hash& digest) const {
  return tieline::sign_vote(committee_.certificates(), *signer_, digest);
}

// --- inputs ---------------------------------------------------------------------------------------------------------

void Kernel::on(const Started&) {
  view_entered_us_ = now_.mono_us;
  changing_us_ = now_.mono_us;
  heard_us_ = now_.mono_us;
  measuring_.new_view(now_);
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
void Kernel::resume() {
  if (!participates()) return;
  want_lost_body();
  // It voted here before; whether the view works is for those who were awake to say.
  view_committed_ = !vote_.view_changing;
  if (vote_.view_changing) {
    if (own_view_change_) {
      view_changes_[config_.self][vote_.view] = ViewChangeEntry{own_view_change_, false};
      send({}, own_view_change_, lsn_);
    } else {
      repeat_grant();
    }
  } else if (own_proposal_ && std::get<Propose>(own_proposal_->payload).slot.view == vote_.view && is_leader()) {
    const auto& p = std::get<Propose>(own_proposal_->payload);
    proposals_[p.slot] = own_proposal_;
    blocks_.try_emplace(p.header.digest(), BlockNode{p.header, nullptr, false, false, false});
    send({}, own_proposal_, lsn_);  // the stored one, never a new one for that slot
  }
  maybe_propose();
}

void Kernel::on(const Received& r) {
  if (!r.message || !position_of(r.from)) {
    drop(r.from, "not_a_member");
    return;
  }
  const ValidatorId from = r.from;
  std::visit(
      [&](const auto& m) {
        using M = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<M, Propose>) {
          if (check_epoch(from, m.slot.epoch, r.message)) on_propose(from, r.message);
        } else if constexpr (std::is_same_v<M, Confirm>) {
          if (check_epoch(from, m.slot.epoch, r.message)) on_confirm(from, m);
        } else if constexpr (std::is_same_v<M, ViewChange>) {
          if (check_epoch(from, m.epoch, r.message)) on_view_change(from, r.message);
        } else if constexpr (std::is_same_v<M, ViewChangeAck>) {
          if (check_epoch(from, m.epoch, r.message)) on_ack(from, m);
        } else if constexpr (std::is_same_v<M, NewView>) {
          if (check_epoch(from, m.epoch, r.message)) on_new_view(from, r.message);
        } else if constexpr (std::is_same_v<M, CheckpointVote>) {
          on_checkpoint_vote(from, m);
        } else if constexpr (std::is_same_v<M, StableCertificate>) {
          on_checkpoint(from, m.certificate);
        } else if constexpr (std::is_same_v<M, Heartbeat>) {
          on_heartbeat(from, m);
        } else if constexpr (std::is_same_v<M, Decided>) {
          on_decided(from, m);
        } else if constexpr (std::is_same_v<M, RejoinRequest>) {
          on_rejoin_request(from, m);
        } else if constexpr (std::is_same_v<M, RejoinReply>) {
          on_rejoin_reply(from, r.message);
        } else if constexpr (std::is_same_v<M, LateConfirms>) {
          on_late(from, m);
        } else if constexpr (std::is_same_v<M, Probe>) {
          on_probe(from, m);
        } else if constexpr (std::is_same_v<M, Measured>) {
          on_measured(from, m);
        } else {
          drop(from, "message_of_another_engine");
        }
      },
      r.message->payload);
}

void Kernel::on(const Pending& p) { oldest_us_ = p.oldest_us; }

// --- timers ---------------------------------------------------------------------------------------------------------

int64_t Kernel::patience_us() const { return waits().patience_us; }

// Every deadline is derived from the state, once, at the end of a step: no handler has to remember to arm or disarm.
void Kernel::refresh_timers() {
  const int64_t t0 = t0_us();
  std::optional<int64_t> progress, passed_over, view_change, resend_at, heartbeat;
  if (active()) {
    // The view's own first commit is awaited even with nothing pending: its leader proposes at once.
    std::optional<int64_t> waiting = oldest_us_;
    if (!view_committed_ && vote_.view > 0) waiting = std::min(waiting.value_or(view_entered_us_), view_entered_us_);
    if (!may_leave_view()) waiting.reset();
    const int64_t news = front_->elects() ? certified_us_ : INT64_MIN;  // what a heartbeat may bring
    if (waiting) progress = std::max({*waiting, view_entered_us_, full_commit_us_, news}) + patience_us();
    if (!waiting && front_->silence_factor() > 0 && !is_leader() && may_leave_view())
      progress = std::max(heard_us_, view_entered_us_) + front_->silence_factor() * patience_us();
    if (oldest_us_ && waiting)
      passed_over =
          std::max(*oldest_us_, view_entered_us_) + std::max(t0 * config_.params.passed_over_factor, 2 * timeout_us());
    if (vote_.last_vote && vote_.last_vote->slot > high_.slot) resend_at = last_resend_us_ + timeout_us() / 2;
    if (is_leader()) heartbeat = last_heartbeat_us_ + front_->heartbeat_us(t0);
  } else if (participates()) {
    if (quorum_changing_us_ && may_leave_view()) view_change = *quorum_changing_us_ + patience_us();
    if (front_->elects() && !vote_.voted_for && may_leave_view() && may_vote_for(config_.self, vote_.view))
      progress = changing_us_ + waits().stand_delay_us;
    resend_at = last_resend_us_ + timeout_us() / 2;
  } else if (vote_.rejoining) {
    resend_at = last_resend_us_ + (t0 / 2 << std::min(rejoin_requests_ / kRejoinRequestsPerDoubling, kBackoffMax));
  }
  arm(TimerId::kProgress, progress);
  arm(TimerId::kPassedOver, passed_over);
  arm(TimerId::kViewChange, view_change);
  arm(TimerId::kResend, resend_at);
  arm(TimerId::kHeartbeat, heartbeat);
}

void Kernel::on(const TimerFired& fired) {
  if (!takes(fired)) return;
  switch (fired.id) {
    case TimerId::kProgress:
    case TimerId::kPassedOver:
      if (active()) {
        const bool own = fired.id == TimerId::kProgress;
        trace(own ? "timeout: no progress" : "timeout: a transaction was passed over");
        start_view_change(ViewChangeKind::kTimeout, vote_.view + 1, own);
      } else if (participates() && vote_.view_changing && !vote_.voted_for) {
        vote_for_candidate(config_.self);
      }
      return;
    case TimerId::kViewChange:
      if (participates() && vote_.view_changing && view_proven()) {
        trace("timeout: no NEW-VIEW");
        start_view_change(ViewChangeKind::kTimeout, vote_.view + 1, true);
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

void Kernel::resend() {
  if (vote_.rejoining) {
    send_rejoin_request();
  } else if (participates() && vote_.view_changing) {
    if (own_view_change_) {
      send({}, own_view_change_, lsn_);
      send_new_view_of_vote(lsn_);
    } else {
      repeat_grant();
    }
    for (const auto& [id, views] : view_changes_)
      if (auto at = views.find(vote_.view); at != views.end() && at->second.acked && id != config_.self)
        send_ack(*at->second.message);
  } else if (active() && vote_.last_vote && vote_.last_vote->slot > high_.slot && !body_lost_) {
    if (is_leader() && own_proposal_)
      send({}, own_proposal_, lsn_);
    else
      send(voters(), own_confirm(), lsn_);
  }
}

// --- VoteRecord -----------------------------------------------------------------------------------------------------

// What only raft writes takes no room in the records of others.
constexpr uint8_t kRejoiningFlag = 1, kVotedForFlag = 2, kPreVotedFlag = 4;

void encode(Writer& w, const VoteRecord& r) {
  w.u64(r.sequence);
  w.u64(r.epoch);
  w.u64(r.view);
  w.boolean(r.view_changing);
  encode(w, r.last_vote);
  encode(w, r.high_slot);
  w.u64(r.high_height);
  encode(w, r.high_block);
  w.u8(static_cast<uint8_t>((r.rejoining ? kRejoiningFlag : 0) | (r.voted_for ? kVotedForFlag : 0) |
                            (r.pre_voted != 0 ? kPreVotedFlag : 0)));
  if (r.voted_for) w.u16(*r.voted_for);
  if (r.pre_voted != 0) w.u64(r.pre_voted);
}

void decode(Reader& r, VoteRecord& record) {
  record.sequence = r.u64();
  record.epoch = r.u64();
  record.view = r.u64();
  record.view_changing = r.boolean();
  decode(r, record.last_vote);
  decode(r, record.high_slot);
  record.high_height = r.u64();
  decode(r, record.high_block);
  const uint8_t flags = r.u8();
  record.rejoining = (flags & kRejoiningFlag) != 0;
  record.voted_for.reset();
  record.pre_voted = 0;
  if ((flags & kVotedForFlag) != 0) record.voted_for = r.u16();
  if ((flags & kPreVotedFlag) != 0) {
    record.pre_voted = r.u64();
    if (record.pre_voted == 0) r.fail();
  }
  if (flags > (kRejoiningFlag | kVotedForFlag | kPreVotedFlag)) r.fail();
}

}  // namespace tieline::consensus
