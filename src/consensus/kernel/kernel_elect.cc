// Elections, where leaders are elected (docs/trust-raft.md): one durable vote a term, requests, the election
// certificate, and how a member learns who leads. View changes of both engines are in kernel_view.cc.

#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

const Kernel::Waits& Kernel::waits() const {
  const int64_t timeout = timeout_us();
  const ValidatorId led_by = leader(vote_.view);
  if (!waits_ || waits_->view != vote_.view || waits_->timeout_us != timeout || waits_->led_by != led_by) {
    waits_ = Waits{vote_.view, timeout, led_by, 0, 0};
    waits_->patience_us = front_->patience_us(timeout, config_.params, committee_, config_.self, vote_.view, led_by);
    if (front_->elects() && position_of(config_.self))
      waits_->stand_delay_us = front_->stand_delay_us(timeout, committee_, config_.self, vote_.view);
  }
  return *waits_;
}

// --- candidates -----------------------------------------------------------------------------------------------------

// Whom it voted for last and what became of it decides as well: a liar that asks for every term before anyone else
// does would be elected for every term. So nobody gets a vote within f+1 terms of one that had to be left under it.
bool Kernel::may_vote_for(ValidatorId candidate, View term) const {
  if (!front_->may_stand(committee_, candidate, term, high_.slot.view) || equivocators_.contains(candidate))
    return false;
  const auto failed = failed_in_.find(candidate);
  return failed == failed_in_.end() || term > failed->second + committee_.count().f() + 1;
}

std::optional<ValidatorId> Kernel::best_request(View term) const {
  std::optional<ValidatorId> best;
  for (const auto& [id, views] : view_changes_) {
    const auto at = views.find(term);
    if (at == views.end() || !is_request(std::get<ViewChange>(at->second.message->payload))) continue;
    if (!may_vote_for(id, term) || (best && !front_->prefers(committee_, term, id, *best))) continue;
    best = id;
  }
  return best;
}

// Sent again byte for byte, as most are: the filter says so, and the message itself is there.
bool Kernel::seen_before(const Message& view_change) const {
  if (!front_->elects() || !requests_.may_hold(view_change.digest)) return false;
  const auto& vc = std::get<ViewChange>(view_change.payload);
  const auto views = view_changes_.find(vc.signer);
  if (views == view_changes_.end()) return false;
  const auto at = views->second.find(vc.view);
  return at != views->second.end() && at->second.message->digest == view_change.digest;
}

// The leader of the term that is being left, or whoever had the votes for it and did not lead.
void Kernel::note_failed_leader() {
  std::map<ValidatorId, SignerSet> votes;
  if (const ValidatorId led = leader(vote_.view); led != kNobody && !vote_.view_changing) failed_in_[led] = vote_.view;
  for (const auto& [id, views] : view_changes_) {
    const auto at = views.find(vote_.view);
    const auto position = position_of(id);
    if (at == views.end() || !position) continue;
    SignerSet& set = votes[std::get<ViewChange>(at->second.message->payload).leader];
    set.insert(*position);
  }
  votes.erase(kNobody);
  for (const auto& [candidate, set] : votes)
    if (committee_.is_quorum(set)) failed_in_[candidate] = vote_.view;
}

// --- votes ----------------------------------------------------------------------------------------------------------

// The one vote of this term: it is in the durable record before it leaves.
void Kernel::vote_for_candidate(ValidatorId candidate) {
  TL_CHECK(front_->elects() && vote_.view_changing && !vote_.voted_for);
  vote_.voted_for = candidate;
  // Another kind than before would only say two things about one cause.
  say_view_change(own_view_change_ ? std::get<ViewChange>(own_view_change_->payload).kind : ViewChangeKind::kJoined);
}

void Kernel::maybe_grant() {
  if (!participates() || !vote_.view_changing || vote_.voted_for || !may_leave_view()) return;
  if (const auto candidate = best_request(vote_.view)) vote_for_candidate(*candidate);
}

// A quorum voted for this member, in votes that came back or came in, each checked: that is its NEW-VIEW.
void Kernel::maybe_elected() {
  if (!participates() || !vote_.view_changing || vote_.voted_for != config_.self) return;
  NewView nv;
  nv.epoch = committee_.epoch();
  nv.view = vote_.view;
  SignerSet signers;
  std::vector<const ViewChange*> votes;
  for (const auto& [id, views] : view_changes_) {
    const auto at = views.find(vote_.view);
    const auto position = position_of(id);
    if (at == views.end() || !position) continue;
    const auto& vc = std::get<ViewChange>(at->second.message->payload);
    if (vc.leader != config_.self) continue;
    signers.insert(*position);
    votes.push_back(&vc);
    nv.entries.push_back(NewView::Entry{at->second.message, {}});
    if (vc.checkpoint && (!nv.checkpoint || vc.checkpoint->height > nv.checkpoint->height))
      nv.checkpoint = vc.checkpoint;
  }
  if (!committee_.is_quorum(signers)) return;
  const Selected selected = select(committee_.count(), summaries_of(votes), [this](View v) { return leader(v); });
  nv.justify_slot = selected.justify_slot;
  nv.justify_block = selected.justify_block;
  trace("elected for term " + std::to_string(vote_.view));
  announce(std::move(nv));
}

ValidatorId Kernel::elected_by(const NewView& nv) {
  return nv.entries.empty() ? kNobody : std::get<ViewChange>(nv.entries.front().view_change->payload).leader;
}

// An election certificate: a quorum's votes of one term for its signer, and the highest certificate among them.
Status Kernel::check_grants(const NewView& nv) const {
  const auto bad = [](const char* why) { return Error{"new_view_invalid", why}; };
  const ValidatorId elected = elected_by(nv);
  if (elected == kNobody || !signed_by(elected, new_view_digest(config_.chain, nv), nv.signature))
    return bad("not signed by the elected");
  if (nv.repropose) return bad("no election forces a content");
  SignerSet signers;
  std::vector<const ViewChange*> votes;
  std::optional<CheckpointCert> checkpoint;
  for (const NewView::Entry& entry : nv.entries) {
    const auto& vc = std::get<ViewChange>(entry.view_change->payload);
    if (vc.epoch != nv.epoch || vc.view != nv.view) return bad("a vote of another term");
    if (vc.leader != elected) return bad("a vote for another candidate");
    if (vc.last_vote || !entry.acks.empty()) return bad("a vote with more than a vote says");
    if (vc.high_qc.slot.epoch != nv.epoch || vc.high_qc.slot.view >= nv.view)
      return bad("a highQC of another epoch or term");
    if (!front_->may_stand(committee_, elected, vc.view, vc.high_qc.slot.view))
      return bad("a vote for one who may not stand");
    if (!signed_by(vc.signer, view_change_digest(config_.chain, vc), vc.signature)) return bad("a vote is not signed");
    if (!signers.insert(*position_of(vc.signer))) return bad("votes of one member counted twice");
    if (vc.checkpoint && (!checkpoint || vc.checkpoint->height > checkpoint->height)) checkpoint = vc.checkpoint;
    votes.push_back(&vc);
  }
  if (!committee_.is_quorum(signers)) return bad("no quorum voted for it");
  if (nv.checkpoint != checkpoint) return bad("X is not the newest checkpoint in V");
  const Selected selected = select(committee_.count(), summaries_of(votes), [this](View v) { return leader(v); });
  if (selected.justify_slot != nv.justify_slot || selected.justify_block != nv.justify_block)
    return bad("J is not the highest of the votes");
  return {};
}

// --- who leads ------------------------------------------------------------------------------------------------------

// It got into this term by a certificate, which does not say who leads; now new_view_ does.
void Kernel::learn_leader() {
  if (vote_.view_changing || vote_.rejoining || vote_.epoch != committee_.epoch()) return;
  vote_.voted_for = elected_by(std::get<NewView>(new_view_->payload));
  heard_us_ = now_.mono_us;
  trace("learns that " + std::to_string(*vote_.voted_for) + " leads");
  send_late({leader(vote_.view)}, desk_.own_late());
  try_votes();
  maybe_propose();
}

// By turns whoever behaves as if it led, and somebody else: the leader may have restarted and lost its certificate.
void Kernel::ask_who_leads(ValidatorId claims) {
  if (now_.mono_us - asked_us_ < timeout_us() / 2) return;
  asked_us_ = now_.mono_us;
  const ValidatorId other = committee_.at(asks_++ / 2 % committee_.size()).id;
  const ValidatorId to = asks_ % 2 == 0 && other != config_.self ? other : claims;
  send({to}, make_message(Heartbeat{committee_.epoch(), vote_.view, tip_header_.height}), 0);
}

void Kernel::hear_leader(ValidatorId from) {
  if (active() && from == leader(vote_.view)) heard_us_ = now_.mono_us;
}

// A leader's heartbeat, or the question who leads.
void Kernel::answer_heartbeat(ValidatorId from, const Heartbeat& h) {
  if (!front_->elects() || h.epoch != committee_.epoch() || vote_.epoch != committee_.epoch()) return;
  hear_leader(from);
  if (from == leader(vote_.view) && h.view == vote_.view) return;
  if (new_view_ && !vote_.view_changing && h.view <= vote_.view) return send({from}, new_view_, 0);
  const bool unknown = active() && h.view == vote_.view && leader(vote_.view) == kNobody;
  if (participates() && (unknown || h.view > vote_.view)) ask_who_leads(from);
}

// The others have seen no votes: while no proposal is due that would carry the certificate, it goes by itself.
void Kernel::tell_commit() {
  if (!front_->leader_collects() || told_ >= tip_header_.height || !tip_proof_) return;
  if (vote_.view_changing || vote_.rejoining || !is_leader()) return;
  told_ = tip_header_.height;
  std::vector<ValidatorId> to = front_->order(committee_);
  std::erase(to, config_.self);
  send(std::move(to), make_message(Decided{tip_header_, *tip_proof_}), 0);
}

}  // namespace tieline::consensus
