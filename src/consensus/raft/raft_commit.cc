// Commits, catch-up, epochs, checkpoints (docs/raft.md, "Committing" and "Epochs").

#include <algorithm>

#include "consensus/raft/raft.h"

namespace tieline::consensus {

// `proof.certificate` commits `block` and all its ancestors.
void Raft::committed(Hash block, CommitProof proof) {
  if (awaiting_epoch_ || is_committed(block)) return;
  if (!blocks_.contains(block) && proof.certificate.height <= tip_header_.height) return;  // long done
  if (const auto path = path_to_commit(block, proof)) emit_commit(*path, std::move(proof));
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
  advance(std::move(commit), std::move(proof));
  prune();
  if (awaiting_epoch_) withdraw();
  if (vote_.rejoining) maybe_finish_rejoin();
}

void Raft::prune() {
  prune_blocks();
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

// Terms run on over the end of an epoch, and so does leadership: an epoch is only a label of the log's entries, and all
// of them below are committed. With other members a majority of the old ones says nothing, so an election follows.
void Raft::enter_epoch(Committee committee, const Hash& start, const Header& start_header,
                       std::optional<CommitProof> proof) {
  const bool same_members = std::equal(committee.members().begin(), committee.members().end(),
                                       committee_.members().begin(), committee_.members().end(),
                                       [](const Member& a, const Member& b) { return a.id == b.id && a.key == b.key; });
  const bool leading = leads() && same_members;
  begin_epoch(std::move(committee), start, start_header, std::move(proof));
  pending_commit_.reset();
  appends_.clear();
  in_flight_.clear();
  hand_overs_.clear();
  withdraw();
  std::erase_if(blocks_, [&](const auto& entry) {
    return !entry.second.committed && entry.second.header.epoch < committee_.epoch();
  });
  renew_record();
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
  for (const Received& early : take_early()) on(early);
  maybe_append();
}

// --- catching up ----------------------------------------------------------------------------------------------------

void Raft::on(const CaughtUp& caught) {
  const auto chain = chain_of(caught, config_.params.commit_rule());
  if (!chain) return;
  emit_commit(*chain, caught.proof);
  retry_pending_commit();
  acknowledge_all();
  maybe_append();
}

void Raft::on(const Installed& installed) {
  if (installed.header.height <= tip_header_.height) return;
  if (leads()) follow(vote_.view, std::nullopt);
  appends_.clear();
  wanted_.reset();
  body_lost_ = vote_.last_vote && vote_.last_vote->height > installed.header.height;  // the log may still have it
  install(installed);
  trace("snapshot installed at " + std::to_string(tip_header_.height));
  // The body of what it acknowledged above the snapshot is gone from memory; the log still has it.
  if (vote_.last_vote && vote_.last_vote->height > tip_header_.height && participates())
    want_body(vote_.last_vote->block, vote_.last_vote->height, others());
  maybe_finish_rejoin();
}

}  // namespace tieline::consensus
