#include "consensus/raft/raft.h"

#include <algorithm>

#include "base/codec.h"
#include "crypto/hash.h"

namespace tieline::consensus {

Raft::Raft(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer, const Verifier& verifier)
    : config_(std::move(config)), signer_(&signer), verifier_(&verifier), checkpoints_(std::move(chain.stable)) {
  committee_ = std::move(chain.committee);
  tip_ = chain.tip_digest;
  tip_header_ = std::move(chain.tip);
  tip_proof_ = std::move(chain.tip_proof);
  epoch_start_ = chain.epoch_start;
  epoch_base_ = chain.epoch_base;
  epoch_start_proof_ = std::move(chain.epoch_start_proof);
  if (tip_ == epoch_start_) epoch_start_header_ = tip_header_;
  blocks_[tip_] = BlockNode{tip_header_, nullptr, true, true, true};

  if (recovered.vote) {
    vote_ = *recovered.vote;
    lsn_ = vote_.sequence;
  }
  if (recovered.damaged) {
    const uint64_t sequence = vote_.sequence;
    vote_ = VoteRecord{};
    vote_.sequence = sequence;
    vote_.rejoining = true;
  }
  // A record of a later epoch than the chain on disk stands as it is; nothing is signed until the chain is there.
  if (vote_.epoch < committee_.epoch()) {
    vote_.epoch = committee_.epoch();
    vote_.last_vote.reset();
  }
  for (Header& header : recovered.uncommitted) {
    const Hash digest = header.digest();
    blocks_.try_emplace(digest, BlockNode{std::move(header), nullptr, false, false, false});
  }
  body_lost_ =
      vote_.last_vote && vote_.last_vote->height > tip_header_.height && !blocks_.contains(vote_.last_vote->block);
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

bool Raft::participates() const {
  return !vote_.rejoining && vote_.epoch == committee_.epoch() && !awaiting_epoch_ && member();
}

std::vector<ValidatorId> Raft::others() const {
  std::vector<ValidatorId> out;
  for (const Member& m : committee_.members())
    if (m.id != config_.self) out.push_back(m.id);
  return out;
}

std::vector<ValidatorId> Raft::ids_of(const SignerSet& signers) const {
  std::vector<ValidatorId> out;
  for (size_t p : signers.positions())
    if (p < committee_.size() && committee_.at(p).id != config_.self) out.push_back(committee_.at(p).id);
  return out;
}

bool Raft::is_quorum_of(const std::set<ValidatorId>& ids) const {
  SignerSet set;
  for (ValidatorId id : ids)
    if (const auto p = committee_.position_of(id)) set.insert(*p);
  return committee_.is_quorum(set);
}

// --- durable records and messages -----------------------------------------------------------------------------------

Lsn Raft::persist(std::optional<Hash> body) {
  ++vote_.sequence;
  lsn_ = vote_.sequence;
  // A record ahead of the chain keeps its epoch: what it acknowledged there stands when the chain is there again.
  if (vote_.epoch <= committee_.epoch()) {
    vote_.epoch = committee_.epoch();
    vote_.high_slot = Slot{committee_.epoch(), 0, -1};  // a commit needs no record of its own: majorities hold it
    vote_.high_block = epoch_start_;
    vote_.high_height = epoch_base_;
  }
  out_->push_back(Persist{lsn_, vote_, body, {}, {}});
  return lsn_;
}

void Raft::send(std::vector<ValidatorId> to, Payload payload, Lsn after) {
  if (to.empty()) return;  // nobody else in the committee
  out_->push_back(Send{std::move(to), make_message(std::move(payload)), after});
}

void Raft::trace(std::string event) {
  if (config_.trace) out_->push_back(Trace{std::move(event)});
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
  if (epoch == committee_.epoch() + 1) {
    auto& queue = early_[from];
    if (queue.size() >= kRaftEarlyPerMemberMax) queue.pop_front();
    queue.push_back(message);
  }
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

void Raft::arm(TimerId id, std::optional<int64_t> deadline) {
  Timer& t = timers_[static_cast<size_t>(id)];
  if (t.deadline == deadline) return;
  t.deadline = deadline;
  out_->push_back(ArmTimer{id, ++t.generation, deadline});
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
  Timer& t = timers_[static_cast<size_t>(fired.id)];
  if (fired.generation != t.generation || !t.deadline) return;  // stale
  t.deadline.reset();
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
