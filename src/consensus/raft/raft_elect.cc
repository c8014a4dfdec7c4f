// Elections (docs/raft.md, "Terms and elections"): pre-vote, one durable vote a term, the up-to-date check, leader
// stickiness, check quorum.

#include <algorithm>

#include "consensus/raft/raft.h"

namespace tieline::consensus {

// Never lower than anything this member acknowledged, or a majority could elect a leader without it.
Slot Raft::position() const {
  Slot last{committee_.epoch(), 0, -1};
  // A certificate above the tip (blocks between were lost in a crash) says nothing of what is held here.
  if (tip_proof_ && tip_proof_->certificate.block == tip_ && tip_proof_->certificate.slot > last)
    last = tip_proof_->certificate.slot;
  if (vote_.last_vote && vote_.last_vote->slot > last) last = vote_.last_vote->slot;
  return last;
}

std::optional<Raft::LogEnd> Raft::log_end() const {
  const Slot at = position();
  if (!vote_.last_vote || vote_.last_vote->slot < at || is_committed(vote_.last_vote->block)) return LogEnd{at, tip_};
  if (body_lost_ || !executed(vote_.last_vote->block)) return std::nullopt;
  Hash missing;
  if (!path_from_tip(vote_.last_vote->block, missing)) return std::nullopt;
  return LogEnd{at, vote_.last_vote->block};
}

// The newer term, or this term's leader has become known. Nothing of it needs to be durable: only votes,
// acknowledgements and promises do, and each carries the term into its record.
void Raft::follow(View term, std::optional<ValidatorId> leader) {
  TL_CHECK(term >= vote_.view);
  if (term > vote_.view) {
    vote_.view = term;
    vote_.voted_for.reset();
    leader_.reset();
    appends_.clear();
    votes_.clear();
    led_ = false;
  }
  if (leads()) trace("steps down");
  role_ = Role::kFollower;
  planned_ = false;
  in_flight_.clear();
  withdraw();
  if (leader && leader_ != leader) trace("follows " + std::to_string(*leader) + " in term " + std::to_string(term));
  leader_ = leader;
}

// A message that only the leader of that term sends. False: it leads no more.
bool Raft::hear_leader(ValidatorId from, Epoch epoch, View term) {
  if (term < vote_.view) {
    reply(from, TermReplyKind::kHeartbeat, false, term, 0);
    return false;
  }
  if (term == vote_.view && leader_ && leader_ != from) {
    out_->push_back(Broken{"two leaders in one term: a validator did worse than crash"});
    return false;
  }
  if (term > vote_.view || leader_ != from) follow(term, from);
  if (epoch == committee_.epoch() || epoch == committee_.epoch() + 1) {
    heard_us_ = now_.mono_us;
    ++attempts_;
  }
  return true;
}

void Raft::reply(ValidatorId to, TermReplyKind kind, bool granted, View asked, Lsn after) {
  send({to}, TermReply{committee_.epoch(), vote_.view, kind, granted, asked, to, position(), tip_header_.height},
       after);
}

// --- standing -------------------------------------------------------------------------------------------------------

void Raft::on_election_timer() {
  heard_us_ = now_.mono_us;
  ++attempts_;
  if (!participates()) return;
  // A candidate with the pre-votes of a majority that still did not lead: the network is slower than the time-out.
  if (role_ == Role::kCandidate) ++failures_;
  role_ = Role::kFollower;
  leader_.reset();
  start_pre_vote(false);
}

// Asks whether it would be elected, without touching anyone's term: a member that was cut off cannot depose a leader
// when it comes back (thesis 9.6).
void Raft::start_pre_vote(bool planned) {
  if (!log_end()) {
    trace("does not stand: it does not hold what it acknowledged");
    return;
  }
  if (asked_ != vote_.view + 1 || planned) {  // late answers to an earlier round for the same term still count
    asked_ = vote_.view + 1;
    pre_votes_.clear();
  }
  if (!planned) role_ = Role::kPreCandidate;
  planned_ = planned;
  pre_votes_.insert(config_.self);
  trace("pre-vote for term " + std::to_string(asked_));
  if (is_quorum_of(pre_votes_)) return start_election(planned);
  send(others(), RequestVote{config_.self, committee_.epoch(), asked_, true, planned, position()}, 0);
}

void Raft::start_election(bool planned) {
  follow(vote_.view + 1, std::nullopt);
  role_ = Role::kCandidate;
  heard_us_ = now_.mono_us;
  ++attempts_;
  vote_.voted_for = config_.self;
  const Lsn lsn = persist({});
  trace("stands for term " + std::to_string(vote_.view));
  // Its own vote counts when it comes back, durable.
  send({config_.self},
       TermReply{committee_.epoch(), vote_.view, TermReplyKind::kVote, true, vote_.view, config_.self, position(), 0},
       lsn);
  send(others(), RequestVote{config_.self, committee_.epoch(), vote_.view, false, planned, position()}, lsn);
}

void Raft::lead() {
  role_ = Role::kLeader;
  leader_ = config_.self;
  led_ = true;
  heard_us_ = now_.mono_us;
  contact_us_.clear();
  for (const Member& m : committee_.members()) contact_us_[m.id] = now_.mono_us;
  in_flight_.clear();
  resent_us_.clear();
  appends_.clear();
  next_index_ = 0;
  head_ = log_end()->block;
  head_ends_epoch_ = false;
  first_ = true;
  trace("leads term " + std::to_string(vote_.view));
  say_heartbeat();
  maybe_append();
}

// --- voting ---------------------------------------------------------------------------------------------------------

void Raft::on_request_vote(ValidatorId from, const RequestVote& request) {
  if (from == config_.self || request.candidate != from) return drop(from, "request_vote_not_own");
  const TermReplyKind kind = request.pre ? TermReplyKind::kPreVote : TermReplyKind::kVote;
  if (request.epoch > committee_.epoch()) out_->push_back(Behind{0, request.epoch, {from}});
  const bool same_epoch = request.epoch == committee_.epoch();
  if (request.epoch < committee_.epoch() && epoch_start_header_ && epoch_start_proof_)
    send({from}, Decided{*epoch_start_header_, *epoch_start_proof_}, 0);
  // Who hears a leader deposes it for nobody (thesis 4.2.3), unless the leader itself asks.
  const bool content = leads() || (leader_ && now_.mono_us - heard_us_ < t0_us());
  if (!participates() || !same_epoch || (content && !request.planned) || request.term < vote_.view)
    return reply(from, kind, false, request.term, 0);
  if (request.pre) {
    const bool granted = request.term > vote_.view && request.last >= position();
    Lsn after = 0;
    // Durable before it is said: a member that lost its disk asks for the highest term anyone may have led.
    if (granted && request.term > vote_.pre_voted) {
      vote_.pre_voted = request.term;
      after = persist({});
    } else if (granted) {
      after = lsn_;
    }
    return reply(from, kind, granted, request.term, after);
  }
  if (request.term > vote_.view) follow(request.term, std::nullopt);
  const bool free = !vote_.voted_for || *vote_.voted_for == from;
  if (!free || leader_ || request.last < position()) return reply(from, kind, false, request.term, 0);
  Lsn after = lsn_;
  if (!vote_.voted_for) {
    vote_.voted_for = from;
    after = persist({});
  }
  role_ = Role::kFollower;
  heard_us_ = now_.mono_us;
  ++attempts_;
  trace("votes for " + std::to_string(from) + " in term " + std::to_string(request.term));
  reply(from, kind, true, request.term, after);
}

void Raft::on_term_reply(ValidatorId from, const TermReply& m) {
  if (m.epoch > committee_.epoch()) out_->push_back(Behind{0, m.epoch, {from}});
  if (m.term > vote_.view) {
    const bool stood = role_ == Role::kPreCandidate;
    follow(m.term, std::nullopt);
    if (stood && participates()) start_pre_vote(false);  // at once: the term was the only thing in the way
    return;
  }
  if (leads() && m.term == vote_.view) contact_us_[from] = now_.mono_us;
  switch (m.kind) {
    case TermReplyKind::kPreVote:
      if (!m.granted || m.asked != asked_ || asked_ != vote_.view + 1) return;
      if (role_ != Role::kPreCandidate && !(leads() && planned_)) return;
      pre_votes_.insert(from);
      if (is_quorum_of(pre_votes_) && participates() && log_end()) start_election(planned_);
      return;
    case TermReplyKind::kVote:
      // Also when it has begun to ask for the next term: on a slow network votes come late.
      if (led_ || leader_ || !m.granted || m.asked != vote_.view || vote_.voted_for != config_.self) return;
      votes_.insert(from);
      if (is_quorum_of(votes_) && participates() && log_end()) lead();
      return;
    case TermReplyKind::kHeartbeat:
      break;
  }
  if (!leads() || m.epoch > committee_.epoch() || from == config_.self) return;
  // What it lacks is sent again, once in half a time-out: the newest entry brings its parents with it.
  int64_t& resent = resent_us_.try_emplace(from, INT64_MIN / 2).first->second;
  if (now_.mono_us - resent < t0_us() / 2) return;
  if (m.committed < tip_header_.height && tip_proof_ && tip_proof_->certificate.slot.epoch == tip_header_.epoch) {
    resent = now_.mono_us;
    send({from}, Decided{tip_header_, *tip_proof_}, 0);
  }
  if (in_flight_.empty() || m.epoch != committee_.epoch()) return;
  const Appended& newest = in_flight_.rbegin()->second;
  if (m.last < Slot{committee_.epoch(), vote_.view, in_flight_.rbegin()->first} &&
      now_.mono_us - newest.since_us >= t0_us() / 2) {
    resent = now_.mono_us;
    out_->push_back(Send{{from}, newest.message, 0});
  }
}

// --- leading and being led ------------------------------------------------------------------------------------------

void Raft::say_heartbeat() {
  last_heartbeat_us_ = now_.mono_us;
  send(others(), Heartbeat{committee_.epoch(), vote_.view, tip_header_.height}, 0);
}

void Raft::on_heartbeat(ValidatorId from, const Heartbeat& h) {
  if (from == config_.self) return;
  if (!hear_leader(from, h.epoch, h.view)) return;
  if (h.epoch > committee_.epoch() || h.committed > tip_header_.height + kRaftWindow)
    out_->push_back(Behind{h.committed, h.epoch, {from}});
  reply(from, TermReplyKind::kHeartbeat, true, h.view, 0);
}

// Check quorum (thesis 6.2): a leader that hears no majority, or cannot get an entry committed, makes room.
void Raft::on_leader_timer() {
  heard_us_ = now_.mono_us;
  std::set<ValidatorId> heard{config_.self};
  for (const auto& [id, at] : contact_us_)
    if (now_.mono_us - at <= kRaftContactFactor * timeout_us()) heard.insert(id);
  const bool alone = !is_quorum_of(heard);
  const bool stalled =
      !in_flight_.empty() && now_.mono_us - in_flight_.begin()->second.since_us > kRaftStallFactor * timeout_us();
  if (!alone && !stalled) return;
  trace(alone ? "leads nobody" : "nothing of its commits");
  if (stalled) ++failures_;
  ++attempts_;
  follow(vote_.view, std::nullopt);
}

}  // namespace tieline::consensus
