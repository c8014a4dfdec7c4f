// Pre-prepare, prepare, commit (docs/pbft.md, "Normal case").

#include <algorithm>

#include "base/check.h"
#include "consensus/pbft/pbft.h"

namespace tieline::consensus::pbft {

void Pbft::on_pre_prepare(ValidatorId from, const MessagePtr& message) {
  const auto& p = std::get<Propose>(message->payload);
  if (p.slot.index < 0 || from != primary(p.slot.view)) return drop(from, "propose_not_leader");
  if (p.header.chain != config_.chain || p.header.epoch != p.slot.epoch || p.header.is_void)
    return drop(from, "propose_wrong_chain");
  const Hash block = p.header.digest();
  if (!voted_by(from, vote_digest(VotePhase::kPrepare, config_.chain, p.slot, p.header.height, block), p.signature))
    return drop(from, "propose_bad_signature");
  if (p.slot.view >= vote_.view && !justified(from, p, block)) return;
  add_prepare(from, p.slot, p.header.height, block,
              p.signature);  // it is the primary's PREPARE, whatever becomes of it
  if (p.slot.epoch != committee_.epoch() || p.slot.view < vote_.view) return;
  if (p.new_view && (p.slot.view > vote_.view || vote_.view_changing)) {
    new_view_ = p.new_view;
    enter_view(p.slot.view, "NEW-VIEW");
  }
  if (p.justify.certificate) on_prepared(*p.justify.certificate);
  if (p.slot.epoch != committee_.epoch() || p.slot.view != vote_.view || vote_.view_changing) return;

  auto [at, fresh] = proposals_.try_emplace(p.slot, message);
  if (!fresh && std::get<Propose>(at->second->payload).header.digest() != block) return;  // the proof is in the votes
  blocks_.try_emplace(block, BlockNode{p.header, nullptr, false, false, false});
  if (from == config_.self) return;
  if (vote_.last_vote && vote_.last_vote->slot == p.slot && vote_.last_vote->block == block && active() &&
      !body_lost_) {
    // Sent again because votes were lost: both of this member's.
    send({from}, own_prepare(), lsn_);
    if (committed_to_ && *committed_to_ >= p.slot)
      if (auto slot = prepared_.find(p.slot); slot != prepared_.end())
        send({from}, own_commit(p.slot, slot->second.height, slot->second.block), lsn_);
    return;
  }
  if (const BlockNode& node = blocks_.at(block); node.judged || node.committed) return try_prepare(p.slot);
  if (!fresh) return;
  if (!executed(p.header.parent)) want_body(p.header.parent, p.header.height - 1, {from});
  const bool again = p.new_view && std::get<NewView>(p.new_view->payload).repropose;
  out_->push_back(Judge{p.header, block, p.txs, p.evidence, false, !again, {from}});
}

// What a pre-prepare rests on: at index 0 the choice of its NEW-VIEW, else the prepared certificate of the slot before.
bool Pbft::justified(ValidatorId from, const Propose& p, const Hash& block) {
  const Justify& j = p.justify;
  const auto refuse = [&](const char* code) {
    drop(from, code);
    return false;
  };
  if (p.slot.index == 0 && p.slot.view > 0) {
    if (!p.new_view) return refuse("propose_without_new_view");
    const auto& nv = std::get<NewView>(p.new_view->payload);
    if (nv.epoch != p.slot.epoch || nv.view != p.slot.view || !check_new_view(*p.new_view).ok())
      return refuse("propose_bad_new_view");
    if (j.slot != nv.justify_slot || j.block != nv.justify_block) return refuse("propose_wrong_justify");
    if (nv.repropose && block != *nv.repropose) return refuse("propose_not_selected");
    // J's block itself, or a child of it: f+1 members that say so hold a correct one, but the header is here to look
    // at.
    if (block != j.block && p.header.parent != j.block) return refuse("propose_not_selected");
  } else {
    if (p.new_view) return refuse("propose_with_new_view");
    const Slot before{p.slot.epoch, p.slot.view, p.slot.index - 1};
    if (j.slot != before || p.header.parent != j.block) return refuse("propose_wrong_justify");
  }
  if (j.slot.is_epoch_start()) {
    if (j.certificate || j.block != epoch_start_ || j.height != epoch_base_) return refuse("propose_wrong_justify");
    return true;
  }
  if (!j.certificate || j.certificate->slot != j.slot || j.certificate->block != j.block ||
      j.certificate->height != j.height)
    return refuse("propose_wrong_justify");
  return prepared(*j.certificate) || refuse("propose_bad_certificate");
}

// A quorum's PREPAREs; a quorum's COMMITs say the same and more.
bool Pbft::prepared(const Certificate& certificate) const {
  for (VotePhase phase : {VotePhase::kPrepare, VotePhase::kCommit})
    if (verify_certificate(certificate, phase, Threshold::kQuorum, config_.chain, committee_, *verifier_).ok())
      return true;
  return false;
}

void Pbft::on(const Judged& judged) {
  switch (take(judged)) {
    case Took::kNothing:
    case Took::kKnown:
      return;
    case Took::kBody:
      return maybe_propose();
    case Took::kJudged:
      break;
  }
  retry_pending_commit();
  try_commits();
  try_prepares();
  maybe_propose();
}

// --- PREPARE --------------------------------------------------------------------------------------------------------

void Pbft::try_prepares() {
  std::vector<Slot> slots;
  for (auto it = proposals_.lower_bound(Slot{committee_.epoch(), vote_.view, 0}); it != proposals_.end(); ++it)
    slots.push_back(it->first);
  for (const Slot& slot : slots) try_prepare(slot);
}

void Pbft::try_prepare(const Slot& slot) {
  if (!active() || slot.view != vote_.view || slot.epoch != committee_.epoch()) return;
  if (vote_.last_vote && slot <= vote_.last_vote->slot) return;
  auto at = proposals_.find(slot);
  if (at == proposals_.end()) return;
  const MessagePtr message = at->second;
  const auto& p = std::get<Propose>(message->payload);
  const Hash block = p.header.digest();
  auto node = blocks_.find(block);
  if (node == blocks_.end() || !(node->second.judged || node->second.committed)) return;
  if (!node->second.committed && !node->second.valid) {
    trace("the primary proposed an invalid block");
    start_view_change(ViewChangeKind::kTimeout, vote_.view + 1);
    return;
  }
  raise_high(p.justify);
  vote_.last_vote = LastVote{slot, block, p.header.height, p.signature, {}};
  body_lost_ = false;
  const Lsn lsn = persist(block, {});
  last_resend_us_ = now_.mono_us;
  trace("prepare " + std::to_string(slot.index));
  send({}, own_prepare(), lsn);
}

MessagePtr Pbft::own_prepare() const {
  const LastVote& v = *vote_.last_vote;
  const Hash digest = vote_digest(VotePhase::kPrepare, config_.chain, v.slot, v.height, v.block);
  return make_message(PrepareVote{config_.self, v.slot, v.height, v.block, signer_->sign(digest.view())});
}

void Pbft::on_prepare(ValidatorId from, const PrepareVote& v) {
  if (v.slot.index < 0) return drop(from, "prepare_malformed");
  if (!voted_by(v.signer, vote_digest(VotePhase::kPrepare, config_.chain, v.slot, v.height, v.block), v.signature))
    return drop(from, "prepare_bad_signature");
  answer_late_vote(from, v.signer, v.slot);
  add_prepare(v.signer, v.slot, v.height, v.block, v.signature);
}

void Pbft::add_prepare(ValidatorId signer, const Slot& slot, Height height, const Hash& block,
                       const VoteSignature& vote) {
  const auto position = committee_.position_of(signer);
  TL_CHECK(position.has_value());  // its signature was just verified under the committee's key
  const auto added = prepares_.add(*position, signer, slot, height, block, vote);
  if (added.evidence) note_equivocation(*added.evidence);
  if (added.fresh && added.count == committee_.count().quorum()) on_prepared(*prepares_.certificate(slot, block));
}

void Pbft::note_equivocation(const Equivocation& proof) {
  trace("equivocation proven of validator " + std::to_string(proof.signer));
  for (const Equivocation& known : faults_)
    if (known.signer == proof.signer && known.slot == proof.slot) return;
  if (faults_.size() < kFaultsPending) faults_.push_back(proof);
  if (active() && proof.signer == primary(vote_.view) && proof.signer != config_.self && proof.slot.view == vote_.view)
    start_view_change(ViewChangeKind::kTimeout, vote_.view + 1);
}

void Pbft::raise_high(const Justify& justify) {
  const bool regained = justify.slot == high_.slot && justify.certificate && !high_.certificate;
  if (justify.slot > high_.slot || regained) high_ = justify;
  if (regained) persisted_high_ = Slot{};
}

// Every certificate that shows a slot as prepared comes through here: assembled here, or carried by a message.
void Pbft::on_prepared(const Certificate& c) {
  TL_CHECK(c.slot.epoch == committee_.epoch());
  auto [at, fresh] = prepared_.try_emplace(c.slot, c);
  if (!fresh && at->second.block != c.block) {
    out_->push_back(Broken{"two blocks are prepared in one slot: more than f validators are faulty"});
    return;
  }
  raise_high(Justify{c, c.slot, c.block, c.height});
  if (!fresh) return;
  if (c.slot.view > vote_.view || (c.slot.view == vote_.view && vote_.view_changing))
    enter_view(c.slot.view, "certificate");
  try_commits();
  const Slot keep{c.slot.epoch, c.slot.view, c.slot.index - kSlotsKept};
  prepares_.forget_below(keep);
  commits_.forget_below(keep);
  maybe_propose();
}

// --- COMMIT ---------------------------------------------------------------------------------------------------------

// A COMMIT for every slot of this view that a quorum prepared, in order, once its block is executed here. What it
// promises is in the log first: this member's VIEW-CHANGE to any later view shows this certificate or a higher one.
void Pbft::try_commits() {
  if (!active() || !may_leave_view()) return;
  const Slot first{committee_.epoch(), vote_.view, 0};
  auto at =
      committed_to_ && *committed_to_ >= first ? prepared_.upper_bound(*committed_to_) : prepared_.lower_bound(first);
  std::vector<MessagePtr> messages;
  std::optional<Hash> body;
  for (; at != prepared_.end() && at->first.view == vote_.view; ++at) {
    const Certificate& c = at->second;
    const auto node = blocks_.find(c.block);
    if (node == blocks_.end() || !(node->second.judged || node->second.committed)) {
      if (c.height > tip_header_.height) {
        want_body(c.block, c.height, ids_of(c.signers));
        break;  // in order: the ones above need this one too
      }
      continue;  // committed long ago, and forgotten
    }
    if (!node->second.committed && !node->second.valid) {
      out_->push_back(
          Broken{"a quorum prepared a block that is invalid here: more than f validators are faulty, or this "
                 "one computes something else"});
      return;
    }
    if (c.height > tip_header_.height) body = c.block;
    committed_to_ = at->first;
    messages.push_back(own_commit(at->first, c.height, c.block));
  }
  if (messages.empty()) return;
  const Lsn lsn = persist(body, {});
  last_resend_us_ = now_.mono_us;
  trace("commit-vote " + std::to_string(committed_to_->index));
  for (MessagePtr& message : messages) send({}, std::move(message), lsn);
}

MessagePtr Pbft::own_commit(const Slot& slot, Height height, const Hash& block) const {
  const Hash digest = vote_digest(VotePhase::kCommit, config_.chain, slot, height, block);
  return make_message(CommitVote{config_.self, slot, height, block, signer_->sign(digest.view())});
}

void Pbft::on_commit_vote(ValidatorId from, const CommitVote& v) {
  if (v.slot.index < 0) return drop(from, "commit_malformed");
  if (!voted_by(v.signer, vote_digest(VotePhase::kCommit, config_.chain, v.slot, v.height, v.block), v.signature))
    return drop(from, "commit_bad_signature");
  answer_late_vote(from, v.signer, v.slot);
  const auto added = commits_.add(*committee_.position_of(v.signer), v.signer, v.slot, v.height, v.block, v.signature);
  if (added.fresh && added.count >= committee_.count().quorum()) on_committed(*commits_.certificate(v.slot, v.block));
}

// Whoever still votes where the tip is committed already has not heard of it.
void Pbft::answer_late_vote(ValidatorId from, ValidatorId signer, const Slot& slot) {
  if (from != signer || from == config_.self || !tip_proof_ || slot.epoch != tip_slot_.epoch || slot > tip_slot_)
    return;
  auto& answered = late_answered_us_[from];
  if (now_.mono_us - answered < t0_us() / 2) return;
  answered = now_.mono_us;
  send({from}, make_message(Decided{tip_header_, *tip_proof_}), 0);
}

// A quorum's COMMITs: the slot's block and all its ancestors are committed.
void Pbft::on_committed(const Certificate& c) {
  auto& best = commits_of_[c.block];
  if (c.slot > best.slot || c.signers.count() > best.signers.count()) best = c;
  on_prepared(c);
  if (c.slot.epoch == committee_.epoch()) committed(c.block, CommitProof{{}, c, {}});
}

}  // namespace tieline::consensus::pbft
