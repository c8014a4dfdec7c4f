// Votes and certificates (docs/consensus.md, "Messages and rules").

#include <algorithm>

#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

void Kernel::on_propose(ValidatorId from, const MessagePtr& message) {
  const auto& p = std::get<Propose>(message->payload);
  const ValidatorId known = leader(p.slot.view);
  if (p.slot.index < 0 || (known != kNobody && from != known)) return drop(from, "propose_not_leader");
  if (p.header.chain != config_.chain || p.header.epoch != p.slot.epoch) {
    note_bad_header(from, p);
    return drop(from, "propose_wrong_chain");
  }
  const Hash block = p.header.digest();
  if (!voted_by(from, confirm_digest(config_.chain, p.slot, p.header.height, block), p.signature))
    return drop(from, "propose_bad_signature");
  // It is the primary's own vote, whatever becomes of the proposal.
  if (p.slot.view >= vote_.view && !justified(from, p, block)) return;
  add_confirm(from, p.slot, p.header.height, block, p.signature);
  if (p.slot.view < vote_.view) return;  // a left view: only its votes still count
  if (p.new_view) {
    keep_new_view(p.new_view);
    if (p.slot.view > vote_.view || vote_.view_changing) {
      new_view_ = p.new_view;
      enter_view(p.slot.view, "NEW-VIEW");
    } else if (known == kNobody) {
      new_view_ = p.new_view;
      learn_leader();
    }
  }
  if (p.justify.certificate) on_certificate(*p.justify.certificate);
  if (p.slot.view != vote_.view || vote_.view_changing) return;  // the certificate led on, or this node is leaving
  if (from != leader(vote_.view)) return ask_who_leads(from);    // elected, and this node did not see it
  hear_leader(from);

  auto [at, fresh] = proposals_.try_emplace(p.slot, message);
  if (fresh) measuring_.proposed(now_, from, oldest_us_);
  if (!fresh && std::get<Propose>(at->second->payload).header.digest() != block) return;  // the proof is in the votes
  blocks_.try_emplace(block, BlockNode{p.header, nullptr, false, false, false});
  if (from == config_.self) return;
  if (vote_.last_vote && vote_.last_vote->slot == p.slot && vote_.last_vote->block == block && active() && !body_lost_)
    return send(voters(), own_confirm(), lsn_);  // sent again because a CONFIRM was lost
  if (const BlockNode& node = blocks_.at(block); node.judged || node.committed) return try_vote(p.slot);
  if (!fresh) return;
  if (!executed(p.header.parent)) want_body(p.header.parent, p.header.height - (p.header.is_void ? 0 : 1), {from});
  const bool again = p.slot.index == 0 && p.new_view && std::get<NewView>(p.new_view->payload).repropose;
  out_->push_back(Judge{p.header, block, p.txs, p.evidence, false, !again, {from}});
}

// What a proposal rests on: at index 0 the Select of its NEW-VIEW, else the certificate of the slot before.
bool Kernel::justified(ValidatorId from, const Propose& p, const Hash& block) {
  const Justify& j = p.justify;
  const bool first_of_epoch = p.slot.view == 0 && p.slot.index == 0;
  if (p.slot.index == 0 && !first_of_epoch) {
    if (!p.new_view) return drop(from, "propose_without_new_view"), false;
    const auto& nv = std::get<NewView>(p.new_view->payload);
    if (nv.epoch != p.slot.epoch || nv.view != p.slot.view || !check_new_view(*p.new_view).ok() ||
        (front_->elects() && elected_by(nv) != from))
      return drop(from, "propose_bad_new_view"), false;
    if (j.slot != nv.justify_slot || j.block != nv.justify_block) return drop(from, "propose_wrong_justify"), false;
    if (nv.repropose ? block != *nv.repropose : p.header.parent != nv.justify_block)
      return drop(from, "propose_not_selected"), false;
  } else {
    if (p.new_view) return drop(from, "propose_with_new_view"), false;
    const Slot before{p.slot.epoch, p.slot.view, p.slot.index - 1};
    if (j.slot != before || p.header.parent != j.block) return drop(from, "propose_wrong_justify"), false;
  }
  if (j.slot.is_epoch_start()) {
    if (j.certificate || j.block != epoch_start_ || j.height != epoch_base_)
      return drop(from, "propose_wrong_justify"), false;
    return true;
  }
  if (!j.certificate || j.certificate->slot != j.slot || j.certificate->block != j.block ||
      j.certificate->height != j.height)
    return drop(from, "propose_wrong_justify"), false;
  if (Status s = check_certificate(*j.certificate); !s.ok()) return drop(from, "propose_bad_certificate"), false;
  return true;
}

Status Kernel::check_certificate(const Certificate& certificate) const {
  return verify_certificate(certificate, VotePhase::kConfirm, Threshold::kQuorum, config_.chain, committee_,
                            *verifier_);
}

void Kernel::on(const Judged& judged) {
  switch (take(judged)) {
    case Took::kNothing:
    case Took::kKnown:
      return;
    case Took::kBody:
      return maybe_propose();
    case Took::kJudged:
      break;
  }
  if (judged.bad) note_bad_transaction(judged.block, *judged.bad);
  if (body_lost_ && judged.valid && judged.block == vote_.last_vote->block) regain_last_vote();
  // A certificate may have waited for this header (two-chain) or this body (commit).
  std::vector<Certificate> waiting;
  for (const auto& [slot, certificate] : quorum_certificates_)
    if (certificate.block == judged.block) waiting.push_back(certificate);
  for (const Certificate& certificate : waiting) check_commit_rules(certificate);
  retry_pending_commit();
  try_votes();
  try_acks();
  maybe_propose();
}

// The body of a vote that was torn off in a crash is back: with it, and all else the vote rests on, it is cast again.
void Kernel::regain_last_vote() {
  body_lost_ = false;
  std::vector<MessagePtr> messages;
  for (const MessagePtr& nv : new_views_)
    if (vote_.last_vote->new_view == nv->digest) messages.push_back(nv);
  const Lsn lsn = persist(vote_.last_vote->block, std::move(messages));
  if (active() && vote_.last_vote->slot.view == vote_.view && may_leave_view()) send(voters(), own_confirm(), lsn);
}

void Kernel::try_votes() {
  std::vector<Slot> slots;
  for (auto it = proposals_.lower_bound(Slot{committee_.epoch(), vote_.view, 0}); it != proposals_.end(); ++it)
    slots.push_back(it->first);
  for (const Slot& slot : slots) try_vote(slot);
}

void Kernel::try_vote(const Slot& slot) {
  if (!active() || slot.view != vote_.view || slot.epoch != committee_.epoch()) return;
  if (vote_.last_vote && slot <= vote_.last_vote->slot) return;
  auto at = proposals_.find(slot);
  if (at == proposals_.end()) return;
  const MessagePtr message = at->second;
  const auto& p = std::get<Propose>(message->payload);
  const Hash block = p.header.digest();
  auto node = blocks_.find(block);
  if (node == blocks_.end() || !node->second.judged) {
    if (node == blocks_.end() || !node->second.committed) return;
  } else if (!node->second.valid) {
    trace("the primary proposed an invalid block");
    start_view_change(ViewChangeKind::kTimeout, vote_.view + 1);
    return;
  }
  if (slot.index > 0) {
    const Header* parent = header_of(p.header.parent);
    if (!parent || tenure_reached(*parent, p.justify.slot)) return;  // such a block's child belongs to the next view
  }
  raise_high(p.justify);
  vote_.last_vote = LastVote{slot, block, p.header.height, p.signature, {}};
  std::vector<MessagePtr> messages;
  if (p.new_view) {
    vote_.last_vote->new_view = p.new_view->digest;
    messages.push_back(p.new_view);
  }
  vote_.view_changing = false;
  body_lost_ = false;
  const Lsn lsn = persist(block, std::move(messages));
  last_resend_us_ = now_.mono_us;
  trace("vote");
  MessagePtr confirm = own_confirm();
  desk_.voted({config_.self, slot, p.header.height, block, std::get<Confirm>(confirm->payload).signature});
  send(voters(), std::move(confirm), lsn);
}

MessagePtr Kernel::own_confirm() const {
  const LastVote& v = *vote_.last_vote;
  const Hash digest = confirm_digest(config_.chain, v.slot, v.height, v.block);
  return make_message(Confirm{config_.self, v.slot, v.height, v.block, sign_vote(digest)});
}

std::vector<ValidatorId> Kernel::voters() const {
  const ValidatorId to = leader(vote_.view);
  if (!front_->leader_collects() || to == kNobody) return {};
  return {to};
}

void Kernel::on_confirm(ValidatorId from, const Confirm& c) {
  if (c.slot.index < 0) return drop(from, "confirm_malformed");
  if (c.slot < Slot{committee_.epoch(), 0, 0}) return;
  // A share waits unverified for the sum, but only if it came over its signer's own link: nobody else can take the
  // place of a member's vote with garbage, and one that did so itself is checked alone from then on.
  const bool waits = committee_.certificates() == CertificateKind::kBls && from == c.signer &&
                     std::holds_alternative<bls::Signature>(c.signature) && !distrusted_.contains(from);
  if (!waits && !voted_by(c.signer, confirm_digest(config_.chain, c.slot, c.height, c.block), c.signature))
    return drop(from, "confirm_bad_signature");
  add_confirm(c.signer, c.slot, c.height, c.block, c.signature, !waits);
}

void Kernel::add_confirm(ValidatorId signer, const Slot& slot, Height height, const Hash& block,
                         const VoteSignature& vote, bool checked) {
  const auto position = position_of(signer);
  TL_CHECK(
      position.has_value());  // it is the peer of the link, or its vote was just verified under the committee's key
  const auto added = confirms_.add(*position, signer, slot, height, block, vote, checked);
  if (added.evidence && sides_verify(*added.evidence)) note_equivocation(*added.evidence);
  if (!added.fresh || !committee_.is_quorum(added.signers)) return;
  if (committee_.certificates() == CertificateKind::kBls) {
    // One equation when there is a quorum and one when it is fast; what comes later waits until evidence asks for it.
    if (const auto known = quorum_certificates_.find(slot);
        known != quorum_certificates_.end() && known->second.block == block) {
      const bool fast = config_.params.fast_path && !committee_.is_fast(known->second.signers);
      if (!fast || !committee_.is_fast(added.signers)) return;
    }
    settle(slot, block);
  }
  const auto certificate = confirms_.certificate(slot, block);
  if (certificate && committee_.is_quorum(certificate->signers)) on_certificate(*certificate);
}

// Adds up the shares for the block and drops the bad ones, whose senders are known by their links.
void Kernel::settle(const Slot& slot, const Hash& block) {
  for (size_t position : confirms_.settle(slot, block, config_.chain, committee_, *verifier_))
    distrust(committee_.at(position).id, "confirm_bad_share");
}

void Kernel::distrust(ValidatorId id, const char* code) {
  distrusted_.insert(id);
  drop(id, code);
}

// That two shares were accepted, in sums, proves nothing about one signer: each side must verify alone.
bool Kernel::sides_verify(const Equivocation& candidate) {
  if (committee_.certificates() == CertificateKind::kList) return true;
  const auto position = position_of(candidate.signer);
  bool both = true;
  for (const Equivocation::Side* side : {&candidate.a, &candidate.b}) {
    const Hash digest = confirm_digest(config_.chain, candidate.slot, side->height, side->block);
    if (verify_vote(committee_, *position, digest, side->signature, *verifier_)) continue;
    both = false;
    confirms_.remove(*position, candidate.slot, side->height, side->block);
    distrust(candidate.signer, "confirm_bad_share");
  }
  return both;
}

void Kernel::note_equivocation(const Equivocation& proof) {
  trace("equivocation proven of validator " + std::to_string(proof.signer));
  equivocators_.insert(proof.signer);
  for (const Equivocation& known : faults_)
    if (known.signer == proof.signer && known.slot == proof.slot) return;
  if (faults_.size() < kFaultsPending) faults_.push_back(proof);
  if (active() && proof.signer == leader(vote_.view) && proof.signer != config_.self && proof.slot.view == vote_.view)
    start_view_change(ViewChangeKind::kTimeout, vote_.view + 1);
}

void Kernel::raise_high(const Justify& justify) {
  const bool regained = justify.slot == high_.slot && justify.certificate && !high_.certificate;
  if (justify.slot > high_.slot) certified_us_ = now_.mono_us;
  if (justify.slot > high_.slot || regained) high_ = justify;
  if (regained) persisted_high_ = Slot{};
}

// Every quorum of verified CONFIRMs comes through here: assembled here, or carried by a proposal or a proof.
void Kernel::on_certificate(const Certificate& certificate) {
  TL_CHECK(certificate.slot.epoch == committee_.epoch());
  auto [at, fresh] = quorum_certificates_.try_emplace(certificate.slot, certificate);
  if (!fresh) {
    // One certificate a slot: two would mean more than f Byzantine members, or a broken rule.
    if (at->second.block != certificate.block) {
      out_->push_back(Broken{"two certificates for one slot: more than f validators are faulty"});
      return;
    }
    if (certificate.signers.count() <= at->second.signers.count()) return;
    at->second = certificate;
  }
  auto& best = certificates_of_[certificate.block];
  if (certificate.slot > best.slot || certificate.signers.count() > best.signers.count()) best = certificate;
  raise_high(Justify{certificate, certificate.slot, certificate.block, certificate.height});
  if (certificate.slot.view > vote_.view || (certificate.slot.view == vote_.view && vote_.view_changing))
    enter_view(certificate.slot.view, "certificate");
  check_commit_rules(certificate);
  if (committee_.epoch() != certificate.slot.epoch) return;  // that was the epoch's last block
  if (fresh)
    confirms_.forget_below(Slot{certificate.slot.epoch, certificate.slot.view, certificate.slot.index - kSlotsKept});
  check_tenure();
  maybe_propose();
}

// By slots or by block time, counted from the view's start: the block its first proposal extends.
bool Kernel::tenure_reached(const Header& header, const Slot& slot) {
  if (slot.epoch != committee_.epoch() || slot.view != vote_.view || slot.index < 0) return false;
  // A term of one slot commits nothing; an election can take longer than the tenure, and every term would be one.
  if (front_->elects() && slot.index == 0) return false;
  if (slot.index + 1 >= static_cast<int64_t>(config_.params.tenure_slots)) return true;
  if (vote_.view == 0) view_start_ms_ = epoch_start_ms_;
  if (!view_start_ms_ && new_view_)
    if (const Header* start = header_of(std::get<NewView>(new_view_->payload).justify_block))
      view_start_ms_ = start->time_ms;
  if (!view_start_ms_) return false;  // entered by a certificate: the others count
  return header.time_ms - *view_start_ms_ >= static_cast<int64_t>(config_.params.tenure_ms);
}

}  // namespace tieline::consensus
