#include "consensus/raft/raft.h"

#include <algorithm>

#include "base/codec.h"
#include "crypto/hash.h"

namespace tieline::consensus {

Raft::Raft(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer, const Verifier& verifier)
    : ChainedEngine(std::move(config), std::move(chain), signer, verifier) {
  recover_record(recovered);
  renew_record();  // one of a later epoch than the chain on disk stands as it is: nothing is signed until it is there
  recover_blocks(std::move(recovered.uncommitted));
}

void Raft::step(const Now& now, const Input& input, Effects& effects) {
  now_ = now;
  out_ = &effects;
  std::visit([this](const auto& i) { on(i); }, input);
  refresh_timers();
  out_ = nullptr;
}

EngineStatus Raft::status() const {
  EngineStatus s;
  s.epoch = committee_.epoch();
  s.view = vote_.view;
  s.view_changing = !leader_;
  s.rejoining = vote_.rejoining;
  s.primary = leader_;
  s.high_slot = position();
  s.committed = tip_header_.height;
  return s;
}

bool Raft::is_quorum_of(const std::set<ValidatorId>& ids) const {
  SignerSet set;
  for (ValidatorId id : ids)
    if (const auto p = committee_.position_of(id)) set.insert(*p);
  return committee_.is_quorum(set);
}

// --- durable records and messages -----------------------------------------------------------------------------------

Lsn Raft::persist(std::optional<Hash> body) {
  // A record ahead of the chain keeps its epoch: what it acknowledged there stands when the chain is there again.
  if (vote_.epoch <= committee_.epoch()) vote_.epoch = committee_.epoch();
  // A commit needs no record of its own: majorities hold it.
  return write_record(Justify{{}, Slot{committee_.epoch(), 0, -1}, epoch_start_, epoch_base_}, body, {});
}

void Raft::send(std::vector<ValidatorId> to, Payload payload, Lsn after) {
  if (to.empty()) return;  // nobody else in the committee
  ChainedEngine::send(std::move(to), make_message(std::move(payload)), after);
}

// --- inputs ---------------------------------------------------------------------------------------------------------

void Raft::on(const Started&) {
  heard_us_ = now_.mono_us;
  last_resend_us_ = now_.mono_us;
  if (vote_.rejoining) {
    persist({});
    trace("rejoin: state is damaged or gone");
    send_rejoin_request();
    return;
  }
  for (const auto& [digest, node] : blocks_)
    if (!node.judged) want_body(digest, node.header.height, {});  // held in the log: judged again from there
  want_lost_body();
}

// Entries and acknowledgements of another epoch never meet this epoch's committee. Those of the next one wait for it.
bool Raft::epoch_is_mine(ValidatorId from, Epoch epoch, const MessagePtr& message) {
  if (epoch == committee_.epoch()) return true;
  if (epoch < committee_.epoch()) return false;
  if (epoch == committee_.epoch() + 1) keep_early(from, message);
  if (!awaiting_epoch_) out_->push_back(Behind{0, epoch, {from}});
  return false;
}

void Raft::on(const Received& r) {
  if (!r.message || !committee_.position_of(r.from)) return drop(r.from, "not_a_member");
  const ValidatorId from = r.from;
  std::visit(
      [&](const auto& m) {
        using M = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<M, Propose>) {
          on_append(from, r.message);
        } else if constexpr (std::is_same_v<M, CommitVote>) {
          on_acknowledgement(from, m);
        } else if constexpr (std::is_same_v<M, RequestVote>) {
          on_request_vote(from, m);
        } else if constexpr (std::is_same_v<M, TermReply>) {
          on_term_reply(from, m);
        } else if constexpr (std::is_same_v<M, Heartbeat>) {
          on_heartbeat(from, m);
        } else if constexpr (std::is_same_v<M, Decided>) {
          on_decided(from, m);
        } else if constexpr (std::is_same_v<M, CheckpointVote>) {
          on_checkpoint_vote(from, m);
        } else if constexpr (std::is_same_v<M, RejoinRequest>) {
          on_rejoin_request(from, m);
        } else if constexpr (std::is_same_v<M, RejoinReply>) {
          on_rejoin_reply(from, m);
        } else {
          drop(from, "not_raft");
        }
      },
      r.message->payload);
}

// --- timers ---------------------------------------------------------------------------------------------------------

// Between one and two time-outs, another one each time and for each member (the thesis' 9.3), from a hash: the same run
// gives the same draws.
int64_t Raft::election_timeout_us() const {
  Writer w(64);
  w.u16(config_.self);
  w.u64(vote_.view);
  w.u64(attempts_);
  encode(w, tip_);
  const Hash draw = tagged_hash("tieline/raft-timeout/1", {w.view()});
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof(number); ++i) number = number << 8 | draw.bytes[i];
  const int64_t base = timeout_us();
  return base + static_cast<int64_t>(number % static_cast<uint64_t>(base));
}

// Every deadline is derived from the state, once, at the end of a step: no handler has to remember to arm or disarm.
void Raft::refresh_timers() {
  std::optional<int64_t> progress, heartbeat, resend;
  if (leads()) {
    progress = heard_us_ + t0_us();
    heartbeat = last_heartbeat_us_ + t0_us() / kRaftHeartbeatsPerT0;
  } else if (participates()) {
    progress = heard_us_ + election_timeout_us();
    if (body_lost_) resend = last_resend_us_ + t0_us() / 2;
  } else if (vote_.rejoining) {
    resend = last_resend_us_ + t0_us() / 2;
  }
  arm(TimerId::kProgress, progress);
  arm(TimerId::kHeartbeat, heartbeat);
  arm(TimerId::kResend, resend);
}

void Raft::on(const TimerFired& fired) {
  if (!takes(fired)) return;
  switch (fired.id) {
    case TimerId::kProgress:
      return leads() ? on_leader_timer() : on_election_timer();
    case TimerId::kHeartbeat:
      return say_heartbeat();
    case TimerId::kResend:
      last_resend_us_ = now_.mono_us;
      return vote_.rejoining ? send_rejoin_request() : want_lost_body();
    default:
      TL_CHECK_MSG(false, "a timer that raft never arms fired");
  }
}

}  // namespace tieline::consensus
