// View changes (docs/consensus.md, "View changes" and "View synchronisation"; paper 000 III.C).

#include <algorithm>
#include <set>

#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

// Nobody leaves for view + 1 before it can show that `view` is in use: it was entered by a NEW-VIEW or a certificate,
// or n-f members are changing to it. Otherwise liars could drive one node's view ahead of all others.
bool Kernel::view_proven() const { return !vote_.view_changing || quorum_changing_us_.has_value(); }

// A member that has gone further was here too: its VIEW-CHANGE to this view may be lost, and is not sent again.
SignerSet Kernel::members_changing_from(View view) const {
  SignerSet out;
  for (const auto& [id, views] : view_changes_)
    if (const auto at = position_of(id); at && !views.empty() && views.rbegin()->first >= view) out.insert(*at);
  return out;
}

void Kernel::note_quorum_changing() {
  if (!vote_.view_changing || quorum_changing_us_) return;
  if (committee_.holds_view_change_set(members_changing_from(vote_.view))) quorum_changing_us_ = now_.mono_us;
}

void Kernel::start_view_change(ViewChangeKind kind, View target, bool own_time_out) {
  TL_CHECK(participates() && target > vote_.view);
  if (!may_leave_view()) return trace("no view-change: what it would speak of is lost");
  withdraw();
  if (kind == ViewChangeKind::kTimeout) ++failures_;
  if (front_->elects() && kind != ViewChangeKind::kPlanned) note_failed_leader();
  vote_.view = target;
  vote_.view_changing = true;
  view_committed_ = false;
  new_view_.reset();
  view_start_ms_.reset();
  own_proposal_.reset();
  quorum_changing_us_.reset();
  acks_.erase(acks_.begin(), acks_.lower_bound(target));
  proposals_.erase(proposals_.begin(), proposals_.lower_bound(Slot{committee_.epoch(), target, 0}));
  changing_us_ = now_.mono_us;
  vote_.voted_for.reset();
  requests_.clear();
  if (front_->elects()) {
    vote_.voted_for = best_request(target);
    if (!vote_.voted_for && own_time_out && may_vote_for(config_.self, target)) vote_.voted_for = config_.self;
  }
  say_view_change(kind);
  note_quorum_changing();
  if (front_->elects())
    maybe_elected();
  else
    try_acks();
}

// Durable before it is sent. Where leaders are elected it names whom this member votes for, once it does.
void Kernel::say_view_change(ViewChangeKind kind) {
  const View target = vote_.view;
  ViewChange vc;
  vc.signer = config_.self;
  vc.epoch = committee_.epoch();
  vc.view = target;
  vc.leader = front_->elects() ? vote_.voted_for.value_or(kNobody) : leader(target);
  vc.kind = kind;
  // One of an earlier epoch cannot be checked by a member that restarted since.
  if (const auto& stable = checkpoints_.stable(); stable && stable->epoch == committee_.epoch()) vc.checkpoint = stable;
  vc.high_qc = high_;
  if (!front_->elects() && vote_.last_vote && vote_.last_vote->slot > high_.slot) vc.last_vote = vote_.last_vote;
  const Hash timeout = timeout_digest(config_.chain, kind, vc.epoch, target);
  vc.timeout_signature = sign_vote(timeout);
  const Hash digest = view_change_digest(config_.chain, vc);
  vc.signature = signer_->sign(digest.view());
  own_view_change_ = make_message(vc);
  const Lsn lsn = persist({}, {own_view_change_});
  last_resend_us_ = now_.mono_us;
  trace("view-change to " + std::to_string(target) +
        (vote_.voted_for ? " for " + std::to_string(*vote_.voted_for) : std::string()));
  const bool request = front_->elects() && vote_.voted_for == config_.self;
  send(request ? front_->request_order(config_.params, committee_, config_.self) : std::vector<ValidatorId>{},
       own_view_change_, lsn);
  send_new_view_of_vote(lsn);
}

// Its VIEW-CHANGE is gone from a damaged log. Where leaders are elected the record holds all that it said. Elsewhere a
// second one for this view could be another one than the first, and one for the next view would be without proof that
// this one is in use: it is silent, and counts towards f, until the others' NEW-VIEW or certificate.
void Kernel::repeat_grant() {
  if (front_->elects() && may_leave_view()) say_view_change(ViewChangeKind::kJoined);
}

// Whoever has to acknowledge a last vote at index 0 needs the NEW-VIEW it came with: n-f VIEW-CHANGEs, often the
// largest message there is. Not those who are known to hold it: they are changing with a vote under it too, or have
// acknowledged. (Only their newest VIEW-CHANGE tells: a member that was wiped and rejoined holds nothing older.)
void Kernel::send_new_view_of_vote(Lsn after) {
  const auto& vc = std::get<ViewChange>(own_view_change_->payload);
  if (!vc.last_vote || !vc.last_vote->new_view) return;
  const Hash& digest = *vc.last_vote->new_view;
  const auto kept = std::find_if(new_views_.begin(), new_views_.end(),
                                 [&](const MessagePtr& message) { return message->digest == digest; });
  if (kept == new_views_.end()) return;
  const auto holds = [&](ValidatorId id) {
    if (const auto views = view_changes_.find(id); views != view_changes_.end() && !views->second.empty()) {
      const auto& newest = std::get<ViewChange>(views->second.rbegin()->second.message->payload);
      if (newest.view >= vote_.view && newest.last_vote && newest.last_vote->new_view == digest) return true;
    }
    const auto acks = acks_.find(vote_.view);
    if (acks == acks_.end()) return false;
    const auto mine = acks->second.find(config_.self);
    return mine != acks->second.end() && mine->second.contains(id);
  };
  std::vector<ValidatorId> to;
  for (const Member& member : committee_.members())
    if (member.id != config_.self && !holds(member.id)) to.push_back(member.id);
  if (!to.empty()) send(std::move(to), *kept, after);
}

void Kernel::enter_view(View view, const char* by) {
  TL_CHECK(view >= vote_.view);
  if (vote_.rejoining || vote_.epoch != committee_.epoch()) return;
  if (new_view_ && std::get<NewView>(new_view_->payload).view != view) new_view_.reset();
  const bool later = view > vote_.view;
  if (later) {
    view_start_ms_.reset();
    own_proposal_.reset();
    withdraw();
    proposals_.erase(proposals_.begin(), proposals_.lower_bound(Slot{committee_.epoch(), view, 0}));
  }
  vote_.view = view;
  vote_.view_changing = false;
  vote_.voted_for.reset();
  if (front_->elects() && new_view_) vote_.voted_for = elected_by(std::get<NewView>(new_view_->payload));
  heard_us_ = now_.mono_us;
  view_committed_ = tip_slot_.epoch == committee_.epoch() && tip_slot_.view == view;
  view_entered_us_ = now_.mono_us;
  last_heartbeat_us_ = now_.mono_us;
  quorum_changing_us_.reset();
  trace(std::string("enter view ") + std::to_string(view) + " by " + by);
  measuring_.new_view(now_);
  if (later) send_late({leader(view)}, desk_.own_late());  // what the last leader left out, the next one puts in
  try_votes();
  maybe_propose();
}

// Planned: the certificate of this view's newest block shows that the view has had its time. Counts as no failure.
void Kernel::check_tenure() {
  if (!active() || high_.slot.view != vote_.view) return;
  const Header* header = header_of(high_.block);
  if (!header || !tenure_reached(*header, high_.slot)) return;
  trace("tenure ends");
  start_view_change(ViewChangeKind::kPlanned, vote_.view + 1);
}

// --- VIEW-CHANGE ----------------------------------------------------------------------------------------------------

// What can be checked from the message alone. The body of its last vote and that vote's NEW-VIEW come in ackable().
bool Kernel::check_view_change(ValidatorId from, const Message& message) {
  const auto& vc = std::get<ViewChange>(message.payload);
  const auto refuse = [&](const char* code) {
    drop(from, code);
    return false;
  };
  if (vc.view == 0) return refuse("view_change_wrong_leader");
  if (!front_->elects()) {
    if (vc.leader != leader(vc.view)) return refuse("view_change_wrong_leader");
  } else {
    if (vc.last_vote) return refuse("grant_with_last_vote");
    if (vc.leader != kNobody && !front_->may_stand(committee_, vc.leader, vc.view, vc.high_qc.slot.view))
      return refuse("grant_not_eligible");
  }
  if (!signed_by(vc.signer, signed_digest(config_.chain, message), vc.signature) ||
      !voted_by(vc.signer, timeout_digest(config_.chain, vc.kind, vc.epoch, vc.view), vc.timeout_signature))
    return refuse("view_change_bad_signature");
  const Justify& high = vc.high_qc;
  if (high.slot.epoch != vc.epoch || high.slot.view >= vc.view) return refuse("view_change_wrong_slot");
  if (high.slot.is_epoch_start()) {
    if (high.certificate || high.block != epoch_start_ || high.height != epoch_base_)
      return refuse("view_change_wrong_start");
  } else {
    if (!high.certificate || high.certificate->slot != high.slot || high.certificate->block != high.block ||
        high.certificate->height != high.height || !check_certificate(*high.certificate).ok())
      return refuse("view_change_bad_certificate");
  }
  if (vc.last_vote) {
    const LastVote& last = *vc.last_vote;
    if (last.slot <= high.slot || last.slot.epoch != vc.epoch || last.slot.view >= vc.view || last.slot.index < 0)
      return refuse("view_change_wrong_slot");
    if (last.slot.index > 0 && high.slot != Slot{last.slot.epoch, last.slot.view, last.slot.index - 1})
      return refuse("view_change_vote_without_certificate");
    if (last.new_view.has_value() != (last.slot.index == 0 && last.slot.view > 0))
      return refuse("view_change_wrong_new_view");
    if (!voted_by(leader(last.slot.view), confirm_digest(config_.chain, last.slot, last.height, last.block),
                  last.primary_signature))
      return refuse("view_change_bad_vote");
  }
  if (vc.checkpoint && !verify_checkpoint(*vc.checkpoint, config_.chain, committee_, *verifier_).ok())
    return refuse("view_change_bad_checkpoint");
  return true;
}

void Kernel::answer_lower_view(ValidatorId from, View view) {
  if (from == config_.self || vote_.epoch != committee_.epoch()) return;
  if (new_view_ && !vote_.view_changing)
    send({from}, new_view_, 0);
  else if (tip_proof_ && tip_slot_.epoch == committee_.epoch() && tip_slot_.view >= view)
    send({from}, make_message(Decided{tip_header_, *tip_proof_}), 0);
}

void Kernel::on_view_change(ValidatorId from, const MessagePtr& message) {
  const auto& vc = std::get<ViewChange>(message->payload);
  if (vc.view < vote_.view || (vc.view == vote_.view && !vote_.view_changing)) answer_lower_view(from, vc.view);
  if (vc.view < vote_.view) return;
  // Alone in a higher view, and behind: an idle network whose leader is gone would never tell it.
  if (vc.view > vote_.view && from != config_.self && tip_proof_ && tip_slot_.epoch == committee_.epoch() &&
      vc.high_qc.slot < tip_slot_)
    send({from}, make_message(Decided{tip_header_, *tip_proof_}), 0);
  if (seen_before(*message)) return;
  if (auto at = view_changes_.find(vc.signer); at != view_changes_.end()) {
    // The first one stands (where leaders are elected: the first that names one); sent again, its ACK may have been
    // lost.
    const auto known = at->second.find(vc.view);
    const bool names_one_now = known != at->second.end() && vc.leader != kNobody &&
                               std::get<ViewChange>(known->second.message->payload).leader == kNobody;
    if (known != at->second.end() && !names_one_now) {
      const ViewChangeEntry& entry = known->second;
      if (entry.acked && entry.message->digest == message->digest && vc.view == vote_.view && vote_.view_changing &&
          vc.signer != config_.self)
        send_ack(*entry.message);
      return;
    }
    if (at->second.size() >= kViewsPerMemberMax && vc.view < at->second.begin()->first) return;
  }
  if (!check_view_change(from, *message)) return;
  if (front_->elects()) requests_.insert(message->digest);
  auto& mine = view_changes_[vc.signer];
  mine[vc.view] = ViewChangeEntry{message, false};
  if (mine.size() > kViewsPerMemberMax) mine.erase(mine.begin());
  if (vc.high_qc.certificate) on_certificate(*vc.high_qc.certificate);
  // Two last votes for one slot under the primary's signature: it equivocated.
  if (vc.last_vote)
    if (const auto leader_id = leader(vc.last_vote->slot.view); position_of(leader_id))
      add_confirm(leader_id, vc.last_vote->slot, vc.last_vote->height, vc.last_vote->block,
                  vc.last_vote->primary_signature);
  if (vote_.rejoining) return;
  maybe_join();
  note_quorum_changing();
  if (front_->elects()) {
    maybe_grant();
    return maybe_elected();
  }
  try_acks();
}

// f+1 members at or above w hold a correct one: join the highest such w.
void Kernel::maybe_join() {
  if (!participates()) return;
  std::vector<std::pair<View, size_t>> highest;
  for (const auto& [id, views] : view_changes_)
    if (const auto at = position_of(id); at && !views.empty() && views.rbegin()->first > vote_.view)
      highest.emplace_back(views.rbegin()->first, *at);
  std::sort(highest.begin(), highest.end(), std::greater<>());
  SignerSet behind_it;
  for (const auto& [w, position] : highest) {
    behind_it.insert(position);
    if (committee_.holds_correct(behind_it)) return start_view_change(ViewChangeKind::kJoined, w);
  }
}

// --- ACK ------------------------------------------------------------------------------------------------------------

// 'I checked certificates, NEW-VIEW, Select and execution of the body, and hold body and NEW-VIEW.'
bool Kernel::ackable(const ViewChange& vc) {
  if (!vc.last_vote) return true;
  const LastVote& last = *vc.last_vote;
  std::vector<ValidatorId> holders{vc.signer};
  if (const ValidatorId primary = leader(last.slot.view); primary != vc.signer) holders.push_back(primary);
  auto node = blocks_.find(last.block);
  if (node == blocks_.end() || !(node->second.judged || node->second.committed)) {
    want_body(last.block, last.height, holders);
    return false;
  }
  const BlockNode& n = node->second;
  if (!n.committed && !n.valid) return false;
  if (n.header.height != last.height || n.header.epoch != last.slot.epoch) return false;
  if (last.slot.index > 0) return n.header.parent == vc.high_qc.block;
  if (last.slot.view == 0) return n.header.parent == epoch_start_;
  const NewView* nv = kept_new_view(*last.new_view);
  if (!nv || nv->view != last.slot.view || nv->epoch != last.slot.epoch) return false;
  if (vc.high_qc.slot < nv->justify_slot) return false;  // it forgot what it was shown: without this it forks at n = 7
  return nv->repropose ? *nv->repropose == last.block : n.header.parent == nv->justify_block;
}

void Kernel::try_acks() {
  if (front_->elects() || !participates() || !vote_.view_changing) return;  // votes are not acknowledged
  std::vector<MessagePtr> ready;
  for (auto& [id, views] : view_changes_) {
    auto at = views.find(vote_.view);
    if (at == views.end() || at->second.acked) continue;
    if (!ackable(std::get<ViewChange>(at->second.message->payload))) continue;
    at->second.acked = true;
    ready.push_back(at->second.message);
  }
  for (const MessagePtr& message : ready) {
    const auto& vc = std::get<ViewChange>(message->payload);
    if (vc.last_vote) {
      std::vector<MessagePtr> messages;
      if (vc.last_vote->new_view)
        for (const MessagePtr& nv : new_views_)
          if (nv->digest == *vc.last_vote->new_view) messages.push_back(nv);
      persist(vc.last_vote->block, std::move(messages));
    }
    if (vc.signer != config_.self) send_ack(*message);  // the sender counts without
  }
  maybe_new_view();
}

void Kernel::send_ack(const Message& view_change) {
  const auto& vc = std::get<ViewChange>(view_change.payload);
  ViewChangeAck ack{config_.self, vc.epoch, vc.view, vc.signer, view_change.digest, {}};
  const Hash digest = ack_digest(config_.chain, ack);
  ack.signature = signer_->sign(digest.view());
  send({leader(vc.view)}, make_message(ack), lsn_);  // lsn_: body and NEW-VIEW are in that record or an earlier one
}

void Kernel::on_ack(ValidatorId from, const ViewChangeAck& ack) {
  if (front_->elects()) return drop(from, "message_of_another_engine");
  if (ack.view < vote_.view || ack.view > vote_.view + kViewsPerMemberMax || leader(ack.view) != config_.self) return;
  if (ack.signer == ack.subject) return drop(from, "ack_of_own");
  if (!position_of(ack.subject) || !signed_by(ack.signer, ack_digest(config_.chain, ack), ack.signature))
    return drop(from, "ack_bad_signature");
  acks_[ack.view][ack.subject][ack.signer] = ack;
  maybe_new_view();
}

// --- NEW-VIEW -------------------------------------------------------------------------------------------------------

std::vector<Summary> Kernel::summaries_of(const std::vector<const ViewChange*>& set) {
  std::vector<Summary> out;
  for (const ViewChange* vc : set)
    out.push_back(Summary{vc->signer, vc->high_qc.slot, vc->high_qc.block, vc->last_vote});
  return out;
}

void Kernel::maybe_new_view() {
  if (!participates() || !vote_.view_changing || !is_leader()) return;
  const size_t need_acks = committee_.count().correct() - 1;  // the sender counts as one of its f+1
  std::vector<NewView::Entry> candidates;
  for (const auto& [id, views] : view_changes_) {
    auto at = views.find(vote_.view);
    if (at == views.end() || !at->second.acked || equivocators_.contains(id)) continue;
    NewView::Entry entry{at->second.message, {}};
    const auto& acks_here = acks_[vote_.view];
    if (auto acks = acks_here.find(id); acks != acks_here.end())
      for (const auto& [signer, ack] : acks->second)
        if (ack.view_change == at->second.message->digest && entry.acks.size() < need_acks)
          entry.acks.push_back(NewView::Ack{signer, ack.signature});
    if (entry.acks.size() == need_acks) candidates.push_back(std::move(entry));
  }
  const size_t need = committee_.count().view_change();
  std::set<ValidatorId> excluded;
  while (true) {
    std::vector<NewView::Entry> entries;
    std::vector<const ViewChange*> set;
    for (const NewView::Entry& entry : candidates) {
      const auto& vc = std::get<ViewChange>(entry.view_change->payload);
      if (excluded.contains(vc.signer) || entries.size() == need) continue;
      entries.push_back(entry);
      set.push_back(&vc);
    }
    if (entries.size() < need) return;
    const Selected selected = select(committee_.count(), summaries_of(set), [this](View v) { return leader(v); });
    if (selected.must_exclude) {
      excluded.insert(*selected.must_exclude);
      continue;
    }
    NewView nv;
    nv.epoch = committee_.epoch();
    nv.view = vote_.view;
    nv.entries = std::move(entries);
    for (const ViewChange* vc : set)
      if (vc->checkpoint && (!nv.checkpoint || vc->checkpoint->height > nv.checkpoint->height))
        nv.checkpoint = vc->checkpoint;
    nv.justify_slot = selected.justify_slot;
    nv.justify_block = selected.justify_block;
    if (selected.repropose) nv.repropose = selected.repropose->block;
    return announce(std::move(nv));
  }
}

void Kernel::announce(NewView nv) {
  const Hash digest = new_view_digest(config_.chain, nv);
  nv.signature = signer_->sign(digest.view());
  const MessagePtr message = make_message(std::move(nv));
  keep_new_view(message);
  new_view_ = message;
  trace("new-view");
  send(others(), message, lsn_);
  enter_view(vote_.view, "own NEW-VIEW");
}

// V is exactly n-f VIEW-CHANGEs, each with f+1 ACKs, and Select over them gives what it says. Each entry's certificates
// and bodies were checked whole by one of its ACKers who is correct; nothing nests deeper.
Status Kernel::check_new_view(const Message& message) const {
  const auto& nv = std::get<NewView>(message.payload);
  const auto bad = [](const char* why) { return Error{"new_view_invalid", why}; };
  for (const MessagePtr& known : new_views_)
    if (known->digest == message.digest) return {};
  if (nv.epoch != committee_.epoch() || nv.view == 0) return bad("wrong epoch or view");
  if (front_->elects()) return check_grants(nv);
  if (!signed_by(leader(nv.view), signed_digest(config_.chain, message), nv.signature))
    return bad("not signed by the view's leader");
  if (nv.entries.size() != committee_.count().view_change()) return bad("V is not exactly n-f VIEW-CHANGEs");
  std::vector<const ViewChange*> set;
  std::optional<CheckpointCert> checkpoint;
  for (const auto& entry : nv.entries) {
    const auto& vc = std::get<ViewChange>(entry.view_change->payload);
    if (vc.epoch != nv.epoch || vc.view != nv.view || vc.leader != leader(nv.view))
      return bad("a VIEW-CHANGE of another view");
    if (!set.empty() && vc.signer <= set.back()->signer) return bad("VIEW-CHANGEs are not in ascending order");
    if (!signed_by(vc.signer, signed_digest(config_.chain, *entry.view_change), vc.signature))
      return bad("a VIEW-CHANGE is not signed");
    if (vc.high_qc.slot.epoch != nv.epoch || vc.high_qc.slot.view >= nv.view)
      return bad("a highQC of another epoch or view");
    if (entry.acks.size() + 1 != committee_.count().correct()) return bad("a VIEW-CHANGE without f+1 ACKs");
    std::optional<ValidatorId> last;
    for (const auto& ack : entry.acks) {
      if (ack.signer == vc.signer || (last && ack.signer <= *last)) return bad("ACKs of one member counted twice");
      last = ack.signer;
      const ViewChangeAck full{ack.signer, vc.epoch, vc.view, vc.signer, entry.view_change->digest, {}};
      if (!signed_by(ack.signer, ack_digest(config_.chain, full), ack.signature)) return bad("an ACK is not signed");
    }
    if (vc.checkpoint && (!checkpoint || vc.checkpoint->height > checkpoint->height)) checkpoint = vc.checkpoint;
    set.push_back(&vc);
  }
  if (nv.checkpoint != checkpoint) return bad("X is not the newest checkpoint in V");
  const Selected selected = select(committee_.count(), summaries_of(set), [this](View v) { return leader(v); });
  if (selected.must_exclude) return bad("V contains a leader that V proves to have equivocated");
  if (selected.justify_slot != nv.justify_slot || selected.justify_block != nv.justify_block)
    return bad("J is not Select(V)'s");
  const std::optional<Hash> repropose =
      selected.repropose ? std::optional<Hash>(selected.repropose->block) : std::nullopt;
  if (repropose != nv.repropose) return bad("the content is not Select(V)'s");
  return {};
}

void Kernel::keep_new_view(const MessagePtr& message) {
  for (const MessagePtr& known : new_views_)
    if (known->digest == message->digest) return;
  new_views_.push_back(message);
  // A primary can sign any number of valid ones for its view. Those that a last vote refers to stay, or nobody could
  // acknowledge that vote any more; they are bounded by the VIEW-CHANGEs kept.
  for (auto it = new_views_.begin(); it != new_views_.end() && new_views_.size() > kNewViewsKept;)
    it = *it == message || new_view_needed((*it)->digest) ? std::next(it) : new_views_.erase(it);
}

bool Kernel::new_view_needed(const Hash& digest) const {
  if (new_view_ && new_view_->digest == digest) return true;
  if (vote_.last_vote && vote_.last_vote->new_view == digest) return true;
  for (const auto& [id, views] : view_changes_)
    for (const auto& [view, entry] : views) {
      const auto& vc = std::get<ViewChange>(entry.message->payload);
      if (view >= vote_.view && vc.last_vote && vc.last_vote->new_view == digest) return true;
    }
  return false;
}

const NewView* Kernel::kept_new_view(const Hash& digest) const {
  for (const MessagePtr& known : new_views_)
    if (known->digest == digest) return &std::get<NewView>(known->payload);
  return nullptr;
}

void Kernel::on_new_view(ValidatorId from, const MessagePtr& message) {
  if (from == config_.self) return;
  const auto& nv = std::get<NewView>(message->payload);
  if (const Status s = check_new_view(*message); !s.ok()) return drop(from, "new_view_invalid");
  keep_new_view(message);
  // Its content is an order of its own signed statements: two NEW-VIEWs of a view differ in V, and either may be used.
  if (nv.view > vote_.view || (nv.view == vote_.view && vote_.view_changing)) {
    new_view_ = message;
    enter_view(nv.view, "NEW-VIEW");
  } else if (nv.view == vote_.view && leader(vote_.view) == kNobody) {
    new_view_ = message;
    learn_leader();
  } else if (!front_->elects()) {
    try_acks();  // a last vote at index 0 may have waited for it
  }
}

}  // namespace tieline::consensus
