// Commits, catch-up, epochs, checkpoints (docs/raft.md, "Committing" and "Epochs").

#include <algorithm>

#include "consensus/raft/raft.h"

namespace tieline::consensus {

bool Raft::executed(const Hash& block) const {
  auto at = blocks_.find(block);
  return at != blocks_.end() && (at->second.committed || (at->second.judged && at->second.valid));
}

bool Raft::is_committed(const Hash& block) const {
  auto at = blocks_.find(block);
  return at != blocks_.end() && at->second.committed;
}

// Digests above the tip down to `block`, parents first. None: a header is missing, or `block` is not above the tip.
std::optional<std::vector<Hash>> Raft::path_from_tip(const Hash& block, Hash& missing) const {
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
    if (node->second.committed || header.height <= tip_header_.height || path.size() > kCommitPathMax)
      return std::nullopt;
    path.push_back(at);
    at = header.parent;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

// False: the block can no longer be committed here, and the replica holds it no more.
bool Raft::may_hang_on_tip(const Hash& block) const {
  Hash missing;
  return block == tip_ || path_from_tip(block, missing) || !missing.is_zero();
}

// `proof.certificate` commits `block` and all its ancestors.
void Raft::committed(const Hash& block, CommitProof proof) {
  if (awaiting_epoch_ || is_committed(block)) return;
  if (!blocks_.contains(block) && proof.certificate.height <= tip_header_.height) return;  // long done
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
        out_->push_back(Broken{"a block is committed whose chain leaves this one: a validator did worse than crash"});
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
          Broken{"a certificate stands on a block that is invalid here: a validator did worse than crash, or this one "
                 "computes something else"});
      return;
    }
    if (n.judged) continue;
    wait();
    want_body(h, n.header.height, holders);
    return;
  }
  emit_commit(*path, std::move(proof));
}

void Raft::emit_commit(const std::vector<Hash>& chain, CommitProof proof) {
  if (chain.empty()) return;
  Commit commit;
  for (const Hash& h : chain) {
    BlockNode& n = blocks_.at(h);
    n.committed = true;
    commit.blocks.push_back(h);
    commit.headers.push_back(n.header);
  }
  tip_ = commit.blocks.back();
  tip_header_ = commit.headers.back();
  tip_proof_ = proof;
  commit.proof = std::move(proof);
  failures_ = 0;
  if (vote_.last_vote && vote_.last_vote->height <= tip_header_.height) body_lost_ = false;
  awaiting_epoch_ = tip_header_.ends_epoch();
  if (pending_commit_ && is_committed(pending_commit_->block)) pending_commit_.reset();
  trace("commit " + std::to_string(tip_header_.height));
  out_->push_back(std::move(commit));
  prune();
  if (awaiting_epoch_) withdraw();
  if (vote_.rejoining) maybe_finish_rejoin();
}

void Raft::retry_pending_commit() {
  if (!pending_commit_) return;
  PendingCommit pending = std::move(*pending_commit_);
  pending_commit_.reset();
  committed(pending.block, std::move(pending.proof));
}

void Raft::prune() {
  const Height recent = tip_header_.height > kRaftRecentBlocks ? tip_header_.height - kRaftRecentBlocks : 0;
  std::vector<Hash> left;
  for (const auto& [digest, n] : blocks_)
    if (n.committed ? n.header.height < recent : !may_hang_on_tip(digest)) left.push_back(digest);
  for (const Hash& digest : left)
    if (digest != tip_ && digest != epoch_start_) blocks_.erase(digest);
  for (auto& [digest, n] : blocks_)
    if (n.committed && digest != tip_) n.body.reset();
  appends_.erase(appends_.begin(), appends_.upper_bound(position()));
}

void Raft::on_decided(ValidatorId from, const Decided& d) {
  if (d.header.height <= tip_header_.height) return;
  if (d.header.epoch != committee_.epoch()) {
    if (d.header.epoch > committee_.epoch()) out_->push_back(Behind{d.header.height, d.header.epoch, {from}});
    return;
  }
  const Hash block = d.header.digest();
  if (!verify_commit(d.proof, block, config_.params.commit_rule(), config_.chain, committee_, *verifier_).ok())
    return drop(from, "decided_bad_proof");
  blocks_.try_emplace(block, BlockNode{d.header, nullptr, false, false, false});
  if (d.proof.path.empty()) committed(block, d.proof);
  if (d.header.epoch == committee_.epoch() && tip_header_.height < d.header.height)
    out_->push_back(Behind{d.header.height, d.header.epoch, {from}});
  maybe_append();
}

// --- epochs ---------------------------------------------------------------------------------------------------------

void Raft::on(const Applied& applied) {
  if (!applied.next_committee || applied.block != tip_) return;
  TL_CHECK(applied.header.ends_epoch() && applied.next_committee->epoch() == committee_.epoch() + 1);
  enter_epoch(*applied.next_committee, applied.block, applied.header, tip_proof_);
}

const Committee* Raft::committee_at(Epoch epoch) const {
  if (epoch == committee_.epoch()) return &committee_;
  if (previous_committee_ && epoch == previous_committee_->epoch()) return &*previous_committee_;
  return nullptr;
}

// Terms run on over the end of an epoch, and so does leadership: an epoch is only a label of the log's entries, and all
// of them below are committed. With other members a majority of the old ones says nothing, so an election follows.
void Raft::enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                       std::optional<CommitProof> proof) {
  const bool same_members = std::equal(committee.members().begin(), committee.members().end(),
                                       committee_.members().begin(), committee_.members().end(),
                                       [](const Member& a, const Member& b) { return a.id == b.id && a.key == b.key; });
  const bool leading = leads() && same_members;
  previous_committee_ = std::move(committee_);
  committee_ = std::move(committee);
  awaiting_epoch_ = false;
  epoch_start_ = start;
  epoch_base_ = start_header.height;
  epoch_start_header_ = start_header;
  epoch_start_proof_ = std::move(proof);
  pending_commit_.reset();
  appends_.clear();
  in_flight_.clear();
  renewals_.clear();
  withdraw();
  std::erase_if(blocks_, [&](const auto& entry) {
    return !entry.second.committed && entry.second.header.epoch < committee_.epoch();
  });
  if (vote_.epoch < committee_.epoch()) {
    vote_.epoch = committee_.epoch();
    vote_.last_vote.reset();
    body_lost_ = false;
  }
  if (!leading && role_ != Role::kFollower) follow(vote_.view, std::nullopt);
  if (!same_members) leader_.reset();
  if (!leading) heard_us_ = now_.mono_us;
  next_index_ = 0;
  head_ = tip_;
  head_ends_epoch_ = false;
  first_ = false;
  trace("epoch " + std::to_string(committee_.epoch()));
  maybe_finish_rejoin();
  want_lost_body();
  auto early = std::move(early_);
  early_.clear();
  for (auto& [from, messages] : early)
    for (const MessagePtr& message : messages) on(Received{from, message});
  maybe_append();
}

// --- catching up ----------------------------------------------------------------------------------------------------

void Raft::on(const CaughtUp& caught) {
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
           .ok())
    return drop(config_.self, "catch_up_bad_proof");
  for (size_t i = 0; i < chain.size(); ++i) {
    BlockNode& n = blocks_[chain[i]];
    n.header = caught.headers[first + i];
    n.judged = n.valid = true;
  }
  emit_commit(chain, caught.proof);
  retry_pending_commit();
  acknowledge_all();
  maybe_append();
}

void Raft::on(const Installed& installed) {
  if (installed.header.height <= tip_header_.height) return;
  if (leads()) follow(vote_.view, std::nullopt);
  blocks_.clear();
  appends_.clear();
  pending_commit_.reset();
  wanted_.reset();
  body_lost_ = vote_.last_vote && vote_.last_vote->height > installed.header.height;  // the log may still have it
  tip_ = installed.block;
  tip_header_ = installed.header;
  tip_proof_ = installed.proof;
  blocks_[tip_] = BlockNode{tip_header_, nullptr, true, true, true};
  awaiting_epoch_ = false;
  trace("snapshot installed at " + std::to_string(tip_header_.height));
  if (installed.committee.epoch() != committee_.epoch()) {
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
  // The body of what it acknowledged above the snapshot is gone from memory; the log still has it.
  if (vote_.last_vote && vote_.last_vote->height > tip_header_.height && participates())
    want_body(vote_.last_vote->block, vote_.last_vote->height, others());
  maybe_finish_rejoin();
}

// --- checkpoints ----------------------------------------------------------------------------------------------------

void Raft::on(const CheckpointReached& reached) {
  auto node = blocks_.find(reached.block);
  const Epoch epoch = node != blocks_.end() ? node->second.header.epoch : committee_.epoch();
  const Committee* committee = committee_at(epoch);
  if (!committee || !committee->position_of(config_.self) || vote_.rejoining) return;
  CheckpointVote vote{config_.self, epoch, reached.height, reached.block, reached.state_root, {}};
  const Hash digest = checkpoint_digest(config_.chain, epoch, vote.height, vote.block, vote.state_root);
  vote.signature = signer_->sign(digest.view());
  // It says what the chain says: a crash cannot make this member say two things.
  out_->push_back(Send{{}, make_message(vote), 0});
}

void Raft::on_checkpoint_vote(ValidatorId from, const CheckpointVote& vote) {
  const Committee* committee = committee_at(vote.epoch);
  if (!committee) return;
  auto added =
      checkpoints_.add(vote, vote.signer == from,
                       {config_.chain, *committee, *verifier_, config_.params.checkpoint_blocks, tip_header_.height});
  if (added.refused) drop(from, added.refused);
  if (!added.certificate) return;
  trace("stable checkpoint " + std::to_string(vote.height));
  out_->push_back(StableCheckpoint{std::move(*added.certificate)});
}

}  // namespace tieline::consensus
