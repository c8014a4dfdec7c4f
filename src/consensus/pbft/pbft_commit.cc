// Commits, catch-up, epochs, checkpoints (docs/pbft.md, "Commit" and "Epochs").

#include <algorithm>

#include "base/check.h"
#include "consensus/pbft/pbft.h"

namespace tieline::consensus::pbft {

// `proof.certificate`, of COMMITs, commits `block` and all its ancestors.
void Pbft::committed(Hash block, CommitProof proof) {
  if (awaiting_epoch_) return;
  if (is_committed(block)) return committed_again(proof);
  if (!blocks_.contains(block) && proof.certificate.height <= tip_header_.height) return;  // long done
  if (const auto path = path_to_commit(block, proof)) emit_commit(*path, std::move(proof));
}

// A new view commits the block it found again. That shows that the view works, and it is what a rejoining member waits
// for.
void Pbft::committed_again(const CommitProof& proof) {
  const Slot& slot = proof.certificate.slot;
  if (slot.epoch != committee_.epoch()) return;
  // No reason to end the back-off: where T0 is too short for a new block, the block found again still makes it.
  if (slot.view == vote_.view) view_committed_ = true;
  if (proof.certificate.block != tip_ || slot <= tip_slot_) return;
  tip_slot_ = slot;
  tip_proof_ = proof;
  if (vote_.rejoining) maybe_finish_rejoin();
}

void Pbft::emit_commit(const std::vector<Hash>& chain, CommitProof proof) {
  Commit commit;
  bool full = false;
  for (const Hash& h : chain) {
    BlockNode& n = blocks_.at(h);
    n.committed = true;
    commit.blocks.push_back(h);
    commit.headers.push_back(n.header);
    full |= is_full(n);
    if (!n.body || n.body->evidence.empty()) continue;
    if (const auto evidence = decoded<Evidence>(n.body->evidence, "evidence"); evidence.ok())
      for (const Equivocation& e : evidence->equivocations)
        std::erase_if(faults_, [&](const Equivocation& f) { return f.signer == e.signer && f.slot == e.slot; });
  }
  if (commit.blocks.empty()) return;
  advance(std::move(commit), std::move(proof));
  if (full) full_commit_us_ = now_.mono_us;
  if (tip_slot_.view == vote_.view) view_committed_ = true;
  prune();
  if (awaiting_epoch_) withdraw();
  if (vote_.rejoining) maybe_finish_rejoin();
}

void Pbft::prune() {
  prune_blocks();
  std::erase_if(commits_of_, [&](const auto& entry) { return entry.second.height < oldest_recent(); });
  if (tip_slot_.epoch != committee_.epoch()) return;
  const Slot keep{tip_slot_.epoch, tip_slot_.view, std::max<int64_t>(tip_slot_.index - kSlotsKept, 0)};
  prepared_.erase(prepared_.begin(), prepared_.lower_bound(keep));
  proposals_.erase(proposals_.begin(), proposals_.lower_bound(tip_slot_));
}

// --- epochs ---------------------------------------------------------------------------------------------------------

void Pbft::reset_epoch_state() {
  prepares_.clear();
  commits_.clear();
  committed_to_.reset();
  proposals_.clear();
  prepared_.clear();
  view_changes_.clear();
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
  std::erase_if(faults_, [&](const Equivocation& fault) { return fault.slot.epoch < committee_.epoch(); });
  std::erase_if(blocks_, [&](const auto& entry) {
    return !entry.second.committed && entry.second.header.epoch <= committee_.epoch();
  });
}

// On any certificate that commits the epoch's last block: view 0, P = that block at (e+1, 0, -1), no last vote.
void Pbft::enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                       std::optional<CommitProof> proof) {
  reset_epoch_state();
  begin_epoch(std::move(committee), start, start_header, std::move(proof));
  if (renew_record()) {
    vote_.view = 0;
    vote_.view_changing = false;
  }
  high_ = Justify{std::nullopt, Slot{committee_.epoch(), 0, -1}, epoch_start_, epoch_base_};
  // A member that voted in this epoch before a crash made it fall behind goes on from its record.
  if (recorded_high_ && recorded_high_->slot.epoch == committee_.epoch()) {
    raise_high(*recorded_high_);
    if (recorded_high_->certificate) prepared_[recorded_high_->slot] = *recorded_high_->certificate;
  }
  persisted_high_ = high_.slot;
  view_entered_us_ = now_.mono_us;
  last_resend_us_ = now_.mono_us;
  trace("epoch " + std::to_string(committee_.epoch()));
  maybe_finish_rejoin();
  if (recalled_ && vote_.epoch == committee_.epoch()) {
    recall();
    resume();
  }
  for (const Received& early : take_early()) on(early);
  maybe_propose();
}

// --- catching up ----------------------------------------------------------------------------------------------------

void Pbft::on(const CaughtUp& caught) {
  const auto chain = chain_of(caught, CommitRule::kCommitQuorum);
  if (!chain) return;
  emit_commit(*chain, caught.proof);
  if (!awaiting_epoch_) on_prepared(caught.proof.certificate);
  retry_pending_commit();
  maybe_propose();
}

void Pbft::on(const Installed& installed) {
  if (installed.header.height <= tip_header_.height) return;
  commits_of_.clear();
  proposals_.clear();  // their blocks are gone: sent again, they are judged again
  body_lost_ = body_lost_ && vote_.last_vote->height > installed.header.height;
  install(installed);
  const Certificate& c = installed.proof.certificate;
  if (c.slot.epoch == committee_.epoch() && prepared(c)) on_prepared(c);
  trace("snapshot installed at " + std::to_string(tip_header_.height));
  maybe_finish_rejoin();
}

void Pbft::on_decided(ValidatorId from, const Decided& d) {
  const bool newer = d.header.height > tip_header_.height;
  if (!newer && !(d.header.height == tip_header_.height && d.proof.certificate.slot > tip_slot_)) return;
  if (d.header.epoch != committee_.epoch()) {
    if (d.header.epoch > committee_.epoch()) out_->push_back(Behind{d.header.height, d.header.epoch, {from}});
    return;
  }
  const Hash block = d.header.digest();
  if (d.proof.certificate.slot.epoch != d.header.epoch || !d.proof.path.empty() ||
      !verify_commit(d.proof, block, CommitRule::kCommitQuorum, config_.chain, committee_, *verifier_).ok())
    return drop(from, "decided_bad_proof");
  if (newer) blocks_.try_emplace(block, BlockNode{d.header, nullptr, false, false, false});
  on_committed(d.proof.certificate);
  if (d.header.epoch == committee_.epoch() && tip_header_.height < d.header.height)
    out_->push_back(Behind{d.header.height, d.header.epoch, {from}});
}

void Pbft::on_heartbeat(ValidatorId from, const Heartbeat& h) {
  if (from == config_.self) return;
  if (h.epoch > committee_.epoch() || h.committed > tip_header_.height)
    out_->push_back(Behind{h.committed, h.epoch, {from}});
}

}  // namespace tieline::consensus::pbft
