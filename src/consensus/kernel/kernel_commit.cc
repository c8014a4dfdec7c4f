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

// Digests above the tip down to `block`, parents first. None: a header is missing, or `block` is not above the tip.
std::optional<std::vector<Hash>> Kernel::path_from_tip(const Hash& block, Hash& missing) const {
  std::vector<Hash> path;
  Hash at = block;
  missing = Hash{};
  while (at != tip_) {
    auto node = blocks_.find(at);
    if (node == blocks_.end()) {
      missing = at;
      return std::nullopt;
    }
    const Header& header = node->second.header;
    if (node->second.committed || header.height < tip_header_.height || path.size() > kCommitPathMax)
      return std::nullopt;
    path.push_back(at);
    at = header.parent;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

// False: the block can no longer be committed here, and the replica holds it no more.
bool Kernel::may_hang_on_tip(const Hash& block) const {
  Hash at = block;
  Height height = tip_header_.height + 1;  // of `at`
  while (at != tip_) {
    auto node = blocks_.find(at);
    if (node == blocks_.end()) return height > tip_header_.height;  // not known yet
    const Header& header = node->second.header;
    if (node->second.committed || header.height < tip_header_.height) return false;
    if (header.height == tip_header_.height && !header.is_void) return false;
    at = header.parent;
    height = header.is_void ? header.height : header.height - 1;
  }
  return true;
}

// `proof.certificate` (with its second) commits `block` and all its ancestors.
void Kernel::committed(Hash block, CommitProof proof) {
  if (awaiting_epoch_) return;
  auto node = blocks_.find(block);
  if (node != blocks_.end() && node->second.committed) return;
  if (node == blocks_.end() && proof.certificate.height < tip_header_.height) return;  // long done
  Hash missing;
  const auto path = path_from_tip(block, missing);
  const auto holders = ids_of(proof.certificate.signers);
  const auto wait = [&] {
    if (!pending_commit_ || pending_commit_->proof.certificate.slot < proof.certificate.slot)
      pending_commit_ = PendingCommit{block, proof};
  };
  if (!path) {
    if (missing.is_zero()) {
      if (proof.certificate.height > tip_header_.height)
        out_->push_back(Broken{"a block is committed whose chain leaves this one: more than f validators are faulty"});
      return;
    }
    wait();
    want_body(missing, 0, holders);
    out_->push_back(Behind{proof.certificate.height, committee_.epoch(), holders});
    return;
  }
  for (const Hash& h : *path) {
    const BlockNode& n = blocks_.at(h);
    if (n.judged && !n.valid) {
      out_->push_back(
          Broken{"a certificate stands on a block that is invalid here: more than f validators are faulty, or "
                 "this one computes something else"});
      return;
    }
    if (n.judged) continue;
    wait();
    want_body(h, n.header.height, holders);
    return;
  }
  emit_commit(*path, std::move(proof));
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
    size_t bytes = 0;
    if (n.body)
      for (const TxPtr& tx : n.body->txs) bytes += tx->bytes().size();
    full |=
        n.header.tx_count >= config_.params.block_tx_max || bytes * 10 >= size_t{config_.params.block_bytes_max} * 9;
    if (!n.body || n.body->evidence.empty()) continue;
    auto evidence = decoded<Evidence>(n.body->evidence, "evidence");
    if (!evidence.ok()) continue;
    for (const Equivocation& e : evidence->equivocations)
      std::erase_if(faults_, [&](const Equivocation& f) { return f.signer == e.signer && f.slot == e.slot; });
    carried.push_back(std::move(*evidence));
  }
  if (commit.blocks.empty()) return;
  tip_ = commit.blocks.back();
  tip_header_ = commit.headers.back();
  tip_slot_ = proof.certificate.slot;
  tip_proof_ = proof;
  commit.proof = std::move(proof);
  failures_ = 0;
  if (full) full_commit_us_ = now_.mono_us;
  if (tip_slot_.view == vote_.view) view_committed_ = true;
  if (vote_.last_vote && vote_.last_vote->height <= tip_header_.height) body_lost_ = false;
  awaiting_epoch_ = tip_header_.ends_epoch();
  if (pending_commit_)
    if (auto at = blocks_.find(pending_commit_->block); at != blocks_.end() && at->second.committed)
      pending_commit_.reset();
  trace("commit " + std::to_string(tip_header_.height));
  out_->push_back(std::move(commit));
  for (const Evidence& evidence : carried) evidence_committed(evidence);
  measure();
  prune();
  if (awaiting_epoch_) {
    tell_commit();
    withdraw();
  }
  if (vote_.rejoining) maybe_finish_rejoin();
}

void Kernel::retry_pending_commit() {
  if (!pending_commit_) return;
  PendingCommit pending = std::move(*pending_commit_);
  pending_commit_.reset();
  committed(pending.block, std::move(pending.proof));
}

void Kernel::prune() {
  const Height recent = tip_header_.height > kRecentBlocks ? tip_header_.height - kRecentBlocks : 0;
  std::vector<Hash> left;
  for (const auto& [digest, n] : blocks_)
    if (n.committed ? n.header.height < recent : !may_hang_on_tip(digest)) left.push_back(digest);
  for (const Hash& digest : left)
    if (digest != tip_ && digest != epoch_start_) blocks_.erase(digest);
  for (auto& [digest, n] : blocks_)
    if (n.committed && digest != tip_) n.body.reset();
  std::erase_if(certificates_of_, [&](const auto& entry) { return entry.second.height < recent; });
  // Slots below the committed one can no longer be decided anew; a few stay for CONFIRMs that come late.
  const Slot keep{tip_slot_.epoch, tip_slot_.view, std::max<int64_t>(tip_slot_.index - kSlotsKept, 0)};
  if (tip_slot_.epoch == committee_.epoch()) {
    quorum_certificates_.erase(quorum_certificates_.begin(), quorum_certificates_.lower_bound(keep));
    proposals_.erase(proposals_.begin(), proposals_.lower_bound(tip_slot_));
  }
}

// --- epochs ---------------------------------------------------------------------------------------------------------

void Kernel::on(const Applied& applied) {
  if (!applied.next_committee || applied.block != tip_) return;
  TL_CHECK(applied.header.ends_epoch() && applied.next_committee->epoch() == committee_.epoch() + 1);
  enter_epoch(*applied.next_committee, applied.block, applied.header, tip_proof_);
}

const Committee* Kernel::committee_at(Epoch epoch) const {
  if (epoch == committee_.epoch()) return &committee_;
  if (previous_committee_ && epoch == previous_committee_->epoch()) return &*previous_committee_;
  return nullptr;
}

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
  previous_committee_ = std::move(committee_);
  committee_ = std::move(committee);
  leaders_.clear();
  waits_.reset();
  desk_.new_epoch(committee_.epoch());
  measuring_.new_epoch();
  measuring_.new_view(now_);
  awaiting_epoch_ = false;
  epoch_start_ = start;
  epoch_base_ = start_header.height;
  epoch_start_ms_ = start_header.time_ms;
  epoch_start_header_ = start_header;
  epoch_start_proof_ = std::move(proof);
  if (vote_.epoch < committee_.epoch()) {
    vote_.epoch = committee_.epoch();
    vote_.view = 0;
    vote_.view_changing = false;
    vote_.last_vote.reset();
    vote_.voted_for.reset();
    body_lost_ = false;
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
  auto early = std::move(early_);
  early_.clear();
  for (auto& [from, messages] : early)
    for (const MessagePtr& message : messages) on(Received{from, message});
  maybe_propose();
}

// --- catching up ----------------------------------------------------------------------------------------------------

void Kernel::on(const CaughtUp& caught) {
  if (caught.headers.empty() || awaiting_epoch_) return;
  // What was committed here meanwhile is skipped.
  size_t first = 0;
  while (first < caught.headers.size() && caught.headers[first].height <= tip_header_.height) ++first;
  if (first == caught.headers.size() || caught.headers[first].parent != tip_) return;
  std::vector<Hash> chain;
  for (size_t i = first; i < caught.headers.size(); ++i) {
    const Header& h = caught.headers[i];
    if (h.epoch != committee_.epoch() || h.is_void || (i > first && h.parent != chain.back())) return;
    if (i + 1 < caught.headers.size() && h.ends_epoch()) return;
    chain.push_back(h.digest());
  }
  if (!verify_commit(caught.proof, chain.back(), config_.params.commit_rule(), config_.chain, committee_, *verifier_)
           .ok()) {
    drop(config_.self, "catch_up_bad_proof");
    return;
  }
  for (size_t i = 0; i < chain.size(); ++i) {
    BlockNode& n = blocks_[chain[i]];
    n.header = caught.headers[first + i];
    n.judged = n.valid = true;
  }
  const Certificate& newest = caught.proof.second ? caught.proof.second->certificate : caught.proof.certificate;
  emit_commit(chain, caught.proof);
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
  const bool new_epoch = installed.committee.epoch() != committee_.epoch();
  blocks_.clear();
  certificates_of_.clear();
  proposals_.clear();  // their blocks are gone: sent again, they are judged again
  pending_commit_.reset();
  body_lost_ = vote_.last_vote && vote_.last_vote->height > installed.header.height;  // the log may still have it
  tip_ = installed.block;
  tip_header_ = installed.header;
  tip_proof_ = installed.proof;
  tip_slot_ = installed.proof.certificate.slot;
  blocks_[tip_] = BlockNode{tip_header_, nullptr, true, true, true};
  awaiting_epoch_ = false;
  if (new_epoch) {
    Header start;
    start.height = installed.epoch_base;
    start.time_ms = installed.epoch_start_ms;
    enter_epoch(installed.committee, installed.epoch_start, start, {});
    previous_committee_.reset();
    epoch_start_header_.reset();
    if (tip_ == epoch_start_) {
      epoch_start_header_ = tip_header_;
      epoch_start_proof_ = tip_proof_;
    }
  }
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

void Kernel::on(const CheckpointReached& reached) {
  const Header* header = header_of(reached.block);
  const Epoch epoch = header ? header->epoch : committee_.epoch();
  const Committee* committee = committee_at(epoch);
  if (!committee || !committee->position_of(config_.self) || vote_.rejoining) return;
  CheckpointVote vote{config_.self, epoch, reached.height, reached.block, reached.state_root, {}};
  const Hash digest = checkpoint_digest(config_.chain, epoch, vote.height, vote.block, vote.state_root);
  vote.signature = tieline::sign_vote(committee->certificates(), *signer_, digest);
  send({}, make_message(vote), 0);  // it says what the chain says: a crash cannot make this node say two things
}

CheckpointVotes::Rules Kernel::checkpoint_rules(const Committee& committee) const {
  return {config_.chain, committee, *verifier_, config_.params.checkpoint_blocks, tip_header_.height};
}

void Kernel::on_checkpoint_vote(ValidatorId from, const CheckpointVote& vote) {
  if (const Committee* committee = committee_at(vote.epoch))
    note_checkpoint(from, checkpoints_.add(vote, vote.signer == from, checkpoint_rules(*committee)));
}

void Kernel::on_checkpoint(ValidatorId from, const CheckpointCert& certificate) {
  if (const Committee* committee = committee_at(certificate.epoch))
    note_checkpoint(from, checkpoints_.add(certificate, checkpoint_rules(*committee)));
}

void Kernel::note_checkpoint(ValidatorId from, CheckpointVotes::Added added) {
  if (added.refused != nullptr) return drop(from, added.refused);
  for (ValidatorId id : added.bad_shares) distrust(id, "checkpoint_bad_share");
  if (!added.certificate) return;
  trace("stable checkpoint " + std::to_string(added.certificate->height));
  out_->push_back(StableCheckpoint{std::move(*added.certificate)});
}

}  // namespace tieline::consensus
