// View changes (docs/pbft.md, "View changes"). A VIEW-CHANGE carries P as high_qc, the member's highest certificate,
// and Q as last_vote, the block that it pre-prepared above P. Signatures stand in for the paper's MACs and ACKs: every
// receiver of a NEW-VIEW checks all that it rests on.

#include <algorithm>

#include "base/check.h"
#include "consensus/pbft/pbft.h"

namespace tieline::consensus::pbft {

void Pbft::note_quorum_changing() {
  if (!vote_.view_changing || quorum_changing_us_) return;
  size_t here = 0;  // whoever has gone further was here too
  for (const auto& [id, views] : view_changes_) here += !views.empty() && views.rbegin()->first >= vote_.view;
  if (here >= committee_.count().view_change()) quorum_changing_us_ = now_.mono_us;
}

void Pbft::start_view_change(ViewChangeKind kind, View target) {
  TL_CHECK(participates() && target > vote_.view);
  if (!may_leave_view()) return trace("no view-change: the certificate it would speak of is lost");
  withdraw();
  if (kind == ViewChangeKind::kTimeout) ++failures_;
  vote_.view = target;
  vote_.view_changing = true;
  view_committed_ = false;
  new_view_.reset();
  own_proposal_.reset();
  quorum_changing_us_.reset();
  proposals_.erase(proposals_.begin(), proposals_.lower_bound(Slot{committee_.epoch(), target, 0}));

  ViewChange vc;
  vc.signer = config_.self;
  vc.epoch = committee_.epoch();
  vc.view = target;
  vc.leader = primary(target);
  vc.kind = kind;
  // One of an earlier epoch cannot be checked by a member that restarted since.
  if (const auto& stable = checkpoints_.stable(); stable && stable->epoch == committee_.epoch()) vc.checkpoint = stable;
  vc.high_qc = high_;
  if (vote_.last_vote && vote_.last_vote->slot > high_.slot && !body_lost_) vc.last_vote = vote_.last_vote;
  const Hash timeout = timeout_digest(config_.chain, kind, vc.epoch, target);
  vc.timeout_signature = signer_->sign(timeout.view());
  const Hash digest = view_change_digest(config_.chain, vc);
  vc.signature = signer_->sign(digest.view());
  own_view_change_ = make_message(vc);
  const Lsn lsn = persist({}, {own_view_change_});
  last_resend_us_ = now_.mono_us;
  trace("view-change to " + std::to_string(target));
  send({}, own_view_change_, lsn);
  note_quorum_changing();
}

void Pbft::enter_view(View view, const char* by) {
  TL_CHECK(view >= vote_.view);
  if (vote_.rejoining || vote_.epoch != committee_.epoch()) return;
  if (new_view_ && std::get<NewView>(new_view_->payload).view != view) new_view_.reset();
  if (view > vote_.view) {
    own_proposal_.reset();
    withdraw();
    proposals_.erase(proposals_.begin(), proposals_.lower_bound(Slot{committee_.epoch(), view, 0}));
  }
  vote_.view = view;
  vote_.view_changing = false;
  view_committed_ = tip_slot_.epoch == committee_.epoch() && tip_slot_.view == view;
  view_entered_us_ = now_.mono_us;
  last_heartbeat_us_ = now_.mono_us;
  quorum_changing_us_.reset();
  trace(std::string("enter view ") + std::to_string(view) + " by " + by);
  try_commits();
  try_prepares();
  maybe_propose();
}

// --- VIEW-CHANGE ----------------------------------------------------------------------------------------------------

// The code of the first thing that is wrong in it; none: it is good. It can all be checked from the message alone.
const char* Pbft::wrong_in(const Message& message) const {
  const auto& vc = std::get<ViewChange>(message.payload);
  if (vc.view == 0 || vc.leader != primary(vc.view)) return "view_change_wrong_leader";
  if (!signed_by(vc.signer, signed_digest(config_.chain, message), vc.signature) ||
      !voted_by(vc.signer, timeout_digest(config_.chain, vc.kind, vc.epoch, vc.view), vc.timeout_signature))
    return "view_change_bad_signature";
  const Justify& high = vc.high_qc;  // P
  if (high.slot.epoch != vc.epoch || high.slot.view >= vc.view) return "view_change_wrong_slot";
  if (high.slot.is_epoch_start()) {
    if (high.certificate || high.block != epoch_start_ || high.height != epoch_base_) return "view_change_wrong_start";
  } else if (!high.certificate || high.certificate->slot != high.slot || high.certificate->block != high.block ||
             high.certificate->height != high.height || !prepared(*high.certificate)) {
    return "view_change_bad_certificate";
  }
  if (vc.last_vote) {  // Q
    const LastVote& last = *vc.last_vote;
    if (last.slot <= high.slot || last.slot.epoch != vc.epoch || last.slot.view >= vc.view || last.slot.index < 0 ||
        last.new_view)
      return "view_change_wrong_slot";
    if (!voted_by(primary(last.slot.view),
                  vote_digest(VotePhase::kPrepare, config_.chain, last.slot, last.height, last.block),
                  last.primary_signature))
      return "view_change_bad_vote";
  }
  if (vc.checkpoint && !verify_checkpoint(*vc.checkpoint, config_.chain, committee_, *verifier_).ok())
    return "view_change_bad_checkpoint";
  return nullptr;
}

void Pbft::answer_lower_view(ValidatorId from, View view) {
  if (from == config_.self || vote_.epoch != committee_.epoch()) return;
  if (new_view_ && !vote_.view_changing)
    send({from}, new_view_, 0);
  else if (tip_proof_ && tip_slot_.epoch == committee_.epoch() && tip_slot_.view >= view)
    send({from}, make_message(Decided{tip_header_, *tip_proof_}), 0);
}

void Pbft::on_view_change(ValidatorId from, const MessagePtr& message) {
  const auto& vc = std::get<ViewChange>(message->payload);
  if (vc.view < vote_.view || (vc.view == vote_.view && !vote_.view_changing)) answer_lower_view(from, vc.view);
  if (vc.view < vote_.view) return;
  // Alone in a higher view, and behind: an idle network whose primary is gone would never tell it.
  if (vc.view > vote_.view && from != config_.self && tip_proof_ && tip_slot_.epoch == committee_.epoch() &&
      vc.high_qc.slot < tip_slot_)
    send({from}, make_message(Decided{tip_header_, *tip_proof_}), 0);
  if (auto at = view_changes_.find(vc.signer); at != view_changes_.end()) {
    if (at->second.contains(vc.view)) return;  // the first one stands
    if (at->second.size() >= kViewsPerMemberMax && vc.view < at->second.begin()->first) return;
  }
  if (const char* code = wrong_in(*message)) return drop(from, code);
  auto& mine = view_changes_[vc.signer];
  mine[vc.view] = message;
  if (mine.size() > kViewsPerMemberMax) mine.erase(mine.begin());
  if (vc.high_qc.certificate) on_prepared(*vc.high_qc.certificate);
  // Two pre-prepares for one slot under the primary's signature: it equivocated.
  if (vc.last_vote && vc.epoch == committee_.epoch())
    add_prepare(primary(vc.last_vote->slot.view), vc.last_vote->slot, vc.last_vote->height, vc.last_vote->block,
                vc.last_vote->primary_signature);
  if (vote_.rejoining || vc.epoch != committee_.epoch()) return;
  maybe_join();
  note_quorum_changing();
  maybe_new_view();
}

// f+1 members at or above w hold a correct one: join the highest such w.
void Pbft::maybe_join() {
  if (!participates()) return;
  std::vector<View> highest;
  for (const auto& [id, views] : view_changes_)
    if (!views.empty()) highest.push_back(views.rbegin()->first);
  const size_t need = committee_.count().correct();
  if (highest.size() < need) return;
  std::nth_element(highest.begin(), highest.begin() + static_cast<ptrdiff_t>(need - 1), highest.end(),
                   std::greater<>());
  const View w = highest[need - 1];
  if (w > vote_.view) start_view_change(ViewChangeKind::kJoined, w);
}

// --- NEW-VIEW -------------------------------------------------------------------------------------------------------

void Pbft::maybe_new_view() {
  if (!participates() || !vote_.view_changing || !is_primary()) return;
  NewView nv;
  nv.epoch = committee_.epoch();
  nv.view = vote_.view;
  std::vector<const ViewChange*> set;
  for (const auto& [id, views] : view_changes_) {
    const auto at = views.find(vote_.view);
    if (at == views.end() || set.size() == committee_.count().view_change()) continue;
    nv.entries.push_back(NewView::Entry{at->second, {}});
    set.push_back(&std::get<ViewChange>(at->second->payload));
  }
  if (set.size() < committee_.count().view_change()) return;
  for (const ViewChange* vc : set)
    if (vc->checkpoint && (!nv.checkpoint || vc->checkpoint->height > nv.checkpoint->height))
      nv.checkpoint = vc->checkpoint;
  const Chosen chosen = choose(committee_.count(), set);
  nv.justify_slot = chosen.justify_slot;
  nv.justify_block = chosen.justify_block;
  nv.repropose = chosen.again;
  const Hash digest = new_view_digest(config_.chain, nv);
  nv.signature = signer_->sign(digest.view());
  new_view_ = make_message(std::move(nv));
  trace("new-view");
  send(others(), new_view_, lsn_);
  enter_view(vote_.view, "own NEW-VIEW");
}

Status Pbft::check_new_view(const Message& message) const {
  const auto& nv = std::get<NewView>(message.payload);
  const auto bad = [](const char* why) { return Error{"new_view_invalid", why}; };
  if (new_view_ && new_view_->digest == message.digest) return {};  // it comes alone, and in the first pre-prepare
  if (nv.epoch != committee_.epoch() || nv.view == 0) return bad("another epoch, or view 0");
  if (!signed_by(primary(nv.view), signed_digest(config_.chain, message), nv.signature))
    return bad("not signed by the view's primary");
  if (nv.entries.size() != committee_.count().view_change()) return bad("V is not n-f VIEW-CHANGEs");
  std::optional<CheckpointCert> checkpoint;
  std::vector<const ViewChange*> set;
  for (const auto& entry : nv.entries) {
    const auto& vc = std::get<ViewChange>(entry.view_change->payload);
    if (!set.empty() && vc.signer <= set.back()->signer) return bad("a member counted twice");
    if (vc.epoch != nv.epoch || vc.view != nv.view) return bad("a VIEW-CHANGE to another view");
    if (!entry.acks.empty()) return bad("ACKs, which pbft with signatures does not have");
    if (const char* code = wrong_in(*entry.view_change)) return bad(code);
    if (vc.checkpoint && (!checkpoint || vc.checkpoint->height > checkpoint->height)) checkpoint = vc.checkpoint;
    set.push_back(&vc);
  }
  if (nv.checkpoint != checkpoint) return bad("X is not the newest checkpoint in V");
  const Chosen said{nv.justify_slot, nv.justify_block, nv.repropose};
  if (said != choose(committee_.count(), set)) return bad("it does not choose what P and Q say");
  return {};
}

void Pbft::on_new_view(ValidatorId from, const MessagePtr& message) {
  if (from == config_.self) return;
  const auto& nv = std::get<NewView>(message->payload);
  if (nv.view < vote_.view || (nv.view == vote_.view && !vote_.view_changing)) return;
  if (const Status s = check_new_view(*message); !s.ok()) return drop(from, "new_view_invalid");
  new_view_ = message;
  enter_view(nv.view, "NEW-VIEW");
}

}  // namespace tieline::consensus::pbft
