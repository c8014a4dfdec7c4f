// Commit rules, catch-up, epochs, checkpoints (docs/consensus.md, "Commit" and "Epochs").

#include <algorithm>

#include "consensus/kernel/kernel.h"

namespace tieline::consensus {

void Kernel::check_commit_rules(const Certificate& c) {
  if (config_.params.fast_path && committee_.is_fast(c.signers)) {
    committed(c.block, CommitProof{{}, c, {}});
    return;
  }
  const auto next_to = [&](int64_t step) {
    return quorum_certificates_.find(Slot{c.slot.epoch, c.slot.view, c.slot.index + step});
  };
  // This certificate is on the child of the one before it in the same view...
  if (auto lower = next_to(-1); lower != quorum_certificates_.end()) {
    const Header* child = header_of(c.block);
    if (!child)
      want_body(c.block, c.height, ids_of(c.signers));
    else if (child->parent == lower->second.block)
      committed(lower->second.block, CommitProof{{}, lower->second, CommitProof::Second{*child, c}});
  }
  // ...and the one after it may have come first.
  if (auto upper = next_to(1); upper != quorum_certificates_.end()) {
    const Header* child = header_of(upper->second.block);
    if (child && child->parent == c.block)
      committed(c.block, CommitProof{{}, c, CommitProof::Second{*child, upper->second}});
  }
}

// `proof.certificate` (with its second) commits `block` and all its ancestors.
void Kernel::committed(Hash block, CommitProof proof) {
  if (awaiting_epoch_) return;
  if (is_committed(block)) return;
  if (!blocks_.contains(block) && proof.certificate.height < tip_header_.height) return;  // long done
  if (const auto path = path_to_commit(block, proof)) emit_commit(*path, std::move(proof));
}

void Kernel::emit_commit(const std::vector<Hash>& chain, CommitProof proof) {
  Commit commit;
  std::vector<Evidence> carried;
  bool full = false, void_seen = false;
  for (const Hash& h : chain) {
    BlockNode& n = blocks_.at(h);
    if (n.header.is_void) {
      proof.path.push_back(n.header);  // a void block only commits the epoch's last block
      void_seen = true;
      continue;
    }
    TL_CHECK_MSG(!void_seen, "a numbered block above a void one");
    n.committed = true;
    commit.blocks.push_back(h);
    commit.headers.push_back(n.header);
    full |= is_full(n);
    if (!n.body || n.body->evidence.empty()) continue;
    auto evidence = decoded<Evidence>(n.body->evidence, "evidence");
    if (!evidence.ok()) continue;
    for (const Equivocation& e : evidence->equivocations)
      std::erase_if(faults_, [&](const Equivocation& f) { return f.signer == e.signer && f.slot == e.slot; });
    carried.push_back(std::move(*evidence));
  }
  if (commit.blocks.empty()) return;
  advance(std::move(commit), std::move(proof));
  if (full) full_commit_us_ = now_.mono_us;
  if (tip_slot_.view == vote_.view) view_committed_ = true;
  for (const Evidence& evidence : carried) evidence_committed(evidence);
  measure();
  prune();
  if (awaiting_epoch_) {
    tell_commit();
    withdraw();
  }
  if (vote_.rejoining) maybe_finish_rejoin();
}

void Kernel::prune() {
  prune_blocks();
  std::erase_if(certificates_of_, [&](const auto& entry) { return entry.second.height < oldest_recent(); });
  // Slots below the committed one can no longer be decided anew; a few stay for CONFIRMs that come late.
  const Slot keep{tip_slot_.epoch, tip_slot_.view, std::max<int64_t>(tip_slot_.index - kSlotsKept, 0)};
  if (tip_slot_.epoch == committee_.epoch()) {
    quorum_certificates_.erase(quorum_certificates_.begin(), quorum_certificates_.lower_bound(keep));
    proposals_.erase(proposals_.begin(), proposals_.lower_bound(tip_slot_));
  }
}

// --- epochs ---------------------------------------------------------------------------------------------------------

void Kernel::reset_epoch_state() {
  confirms_.clear();
  distrusted_.clear();
  proposals_.clear();
  quorum_certificates_.clear();
  equivocators_.clear();
  view_changes_.clear();
  acks_.clear();
  new_views_.clear();
  new_view_.reset();
  own_proposal_.reset();
  own_view_change_.reset();
  quorum_changing_us_.reset();
  pending_commit_.reset();
  wanted_.reset();
  out_->push_back(WantBlock{});
  view_committed_ = false;
  failures_ = 0;
  hand_overs_.clear();
  failed_in_.clear();
  requests_.clear();
  view_start_ms_.reset();
  std::erase_if(faults_, [&](const Equivocation& fault) { return fault.slot.epoch < committee_.epoch(); });
  std::erase_if(blocks_, [&](const auto& entry) {
    return !entry.second.committed && entry.second.header.epoch <= committee_.epoch();
  });
}

// On any certificate that commits the epoch's last block: view 0, highQC = that block at (e+1, 0, -1), no last vote.
void Kernel::enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                         std::optional<CommitProof> proof) {
  reset_epoch_state();
  begin_epoch(std::move(committee), start, start_header, std::move(proof));
  leaders_.clear();
  waits_.reset();
  desk_.new_epoch(committee_.epoch());
  measuring_.new_epoch();
  measuring_.new_view(now_);
  if (renew_record()) {
    vote_.view = 0;
    vote_.view_changing = false;
    vote_.voted_for.reset();
  }
  high_ = Justify{std::nullopt, Slot{committee_.epoch(), 0, -1}, epoch_start_, epoch_base_};
  // A node that voted in this epoch before a crash made it fall behind goes on from its record.
  if (recorded_high_ && recorded_high_->slot.epoch == committee_.epoch()) raise_high(*recorded_high_);
  persisted_high_ = high_.slot;
  view_entered_us_ = now_.mono_us;
  changing_us_ = now_.mono_us;
  heard_us_ = now_.mono_us;
  last_resend_us_ = now_.mono_us;
  trace("epoch " + std::to_string(committee_.epoch()));
  send_late(others(), desk_.own_late());  // nothing was signed while the epoch ended
  maybe_finish_rejoin();
  if (recalled_ && vote_.epoch == committee_.epoch()) {
    recall();
    resume();
  }
  for (const Received& early : take_early()) on(early);
  maybe_propose();
}

// --- catching up ----------------------------------------------------------------------------------------------------

void Kernel::on(const CaughtUp& caught) {
  const auto chain = chain_of(caught, config_.params.commit_rule());
  if (!chain) return;
  const Certificate& newest = caught.proof.second ? caught.proof.second->certificate : caught.proof.certificate;
  emit_commit(*chain, caught.proof);
  if (!awaiting_epoch_ && newest.slot.epoch == committee_.epoch()) {
    raise_high(Justify{newest, newest.slot, newest.block, newest.height});
    if (newest.slot.view > vote_.view || (newest.slot.view == vote_.view && vote_.view_changing))
      enter_view(newest.slot.view, "commit certificate");
  }
  retry_pending_commit();
  maybe_propose();
}

void Kernel::on(const Installed& installed) {
  if (installed.header.height <= tip_header_.height) return;
  certificates_of_.clear();
  proposals_.clear();  // their blocks are gone: sent again, they are judged again
  body_lost_ = vote_.last_vote && vote_.last_vote->height > installed.header.height;  // the log may still have it
  install(installed);
  const Certificate& c = installed.proof.certificate;
  if (c.slot.epoch == committee_.epoch() && check_certificate(c).ok()) {
    raise_high(Justify{c, c.slot, c.block, c.height});
    if (c.slot.view > vote_.view || (c.slot.view == vote_.view && vote_.view_changing))
      enter_view(c.slot.view, "snapshot");
  }
  want_lost_body();  // whoever asked for it before was forgotten with the blocks
  trace("snapshot installed at " + std::to_string(tip_header_.height));
  maybe_finish_rejoin();
}

void Kernel::on_decided(ValidatorId from, const Decided& d) {
  if (d.header.height <= tip_header_.height) return;
  if (d.header.epoch != committee_.epoch()) {
    if (d.header.epoch > committee_.epoch()) out_->push_back(Behind{d.header.height, d.header.epoch, {from}});
    return;
  }
  hear_leader(from);
  const Hash block = d.header.digest();
  if (!verify_commit(d.proof, block, config_.params.commit_rule(), config_.chain, committee_, *verifier_).ok())
    return drop(from, "decided_bad_proof");
  if (d.proof.path.empty()) {
    on_certificate(d.proof.certificate);
    if (d.proof.second && d.proof.second->certificate.slot.epoch == committee_.epoch()) {
      blocks_.try_emplace(d.proof.certificate.block, BlockNode{d.header, nullptr, false, false, false});
      blocks_.try_emplace(d.proof.second->certificate.block,
                          BlockNode{d.proof.second->child, nullptr, false, false, false});
      on_certificate(d.proof.second->certificate);
    }
  }
  if (d.header.epoch == committee_.epoch() && tip_header_.height < d.header.height)
    out_->push_back(Behind{d.header.height, d.header.epoch, {from}});
}

void Kernel::on_heartbeat(ValidatorId from, const Heartbeat& h) {
  if (from == config_.self) return;
  if (h.epoch > committee_.epoch() || h.committed > tip_header_.height)
    out_->push_back(Behind{h.committed, h.epoch, {from}});
  answer_heartbeat(from, h);
}

// --- checkpoints ----------------------------------------------------------------------------------------------------

void Kernel::on_checkpoint(ValidatorId from, const CheckpointCert& certificate) {
  if (const Committee* committee = committee_at(certificate.epoch))
    note_checkpoint(from, checkpoints_.add(certificate, checkpoint_rules(*committee)));
}

void Kernel::note_checkpoint(ValidatorId from, CheckpointVotes::Added added) {
  for (ValidatorId id : added.bad_shares) distrust(id, "checkpoint_bad_share");
  ChainedEngine::note_checkpoint(from, std::move(added));
}

}  // namespace tieline::consensus
