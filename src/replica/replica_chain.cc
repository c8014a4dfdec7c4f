// Committed blocks: their way into the store, what clients hear, checkpoints, the end of an epoch, installed snapshots.

#include <algorithm>

#include "replica/replica_impl.h"

namespace tieline::replica {

// The last block's proof proves its ancestors too, with the headers between as its path.
void ReplicaImpl::commit(const consensus::Commit& commit) {
  TL_CHECK(commit.blocks.size() == commit.headers.size() && !commit.blocks.empty());
  for (size_t i = 0; i < commit.blocks.size(); ++i) {
    CommitProof proof = commit.proof;
    proof.path.insert(proof.path.begin(), commit.headers.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                      commit.headers.end());
    if (!commit_block(commit.blocks[i], proof, 0)) return;
  }
}

// `logged_commit`: the log holds its commit record already (a restart).
bool ReplicaImpl::commit_block(const Hash& digest, const CommitProof& proof, Lsn logged_commit) {
  BlockNode* node = tree_->find(digest);
  if (node == nullptr || node->block->header.parent != tree_->tip_digest()) {
    die("the engine commits a block that was not executed above the tip: " + to_hex(digest));
    return false;
  }
  const Block& block = *node->block;
  const Header& header = block.header;
  if (auto broken = ledger_.broken_invariant(*node->execution, tree_->committed_view(), tree_->tip())) {
    die("invariant broken at height " + std::to_string(header.height) + ": " + *broken);
    return false;
  }
  StoreBatch batch = ledger_.commit_batch(block, *node->execution, proof);
  if (header.ends_epoch()) end_epoch(*node, proof, batch);
  if (logged_commit == 0) {
    context_.emit(journal_->commit(*node, proof));
  } else {
    journal_->committed_in_log(header.height, node->logged);
  }
  const BlockNode& done = tree_->commit(digest);
  tip_proof_ = proof;
  checkpoints_.committed(header, digest, done.execution->writes);
  context_.emit(StoreApply{header.height, std::move(batch), checkpoints_.is_checkpoint(header.height), false});
  settle_outcomes(block, done.execution->results);
  context_.emit(BlockCommitted{done.block, done.execution, std::make_shared<CommitProof>(proof), done.seen_us});
  desk_->forget_below_tip();
  catch_up_->on_commit(context_);
  relay_.renew(committee_, header.time_ms);
  feed(consensus::Applied{header, digest, done.execution->next_committee});
  return true;
}

void ReplicaImpl::end_epoch(const BlockNode& node, const CommitProof& proof, StoreBatch& batch) {
  const Header& header = node.block->header;
  TL_CHECK(node.execution->next_committee.has_value());
  const Committee& next = *node.execution->next_committee;
  // The certificate that commits it stands on itself, or on a void block above it; then one seen on the way is needed.
  std::optional<CommitteeLink> link;
  if (proof.certificate.block == node.block->digest) {
    link = make_link(header, proof.certificate, committee_, next);
  } else if (auto seen = certificates_seen_.find(node.block->digest); seen != certificates_seen_.end()) {
    link = make_link(header, seen->second, committee_, next);
  } else if (offered_link_ && offered_link_->header == header) {
    link = std::move(offered_link_);
  }
  offered_link_.reset();
  if (link) {
    batch.push_back(link_write(*link));
  } else {
    context_.count("committee_link_missing");
  }
  epoch_start_ = EpochStart{header.epoch + 1, header, proof};
  batch.push_back(epoch_start_write(epoch_start_));
  committee_ = next;
}

void ReplicaImpl::note_certificate(const Certificate& certificate) {
  if (!certificates_seen_.emplace(certificate.block, certificate).second) return;
  certificates_order_.push_back(certificate.block);
  if (certificates_order_.size() > kCertificatesSeenMax) {
    certificates_seen_.erase(certificates_order_.front());
    certificates_order_.pop_front();
  }
}

BlockPtr ReplicaImpl::load_committed(Height height) const {
  if (const BlockNode* node = tree_->committed_at(height)) return node->block;
  Result<StoredBlock> stored = stored_block(store_, height);
  return stored.ok() ? stored->block : nullptr;
}

// A checked snapshot becomes the committed state, at once here and in the store with the next batch.
void ReplicaImpl::install(SnapshotFetch::Fetched fetched) {
  const Header& header = fetched.block->header;
  const Hash& digest = fetched.block->digest;
  if (header.height <= tree_->tip().height) return;  // overtaken by blocks
  const StateView state(*fetched.state);
  std::optional<Committee> committee = fetched.committee;
  EpochStart start;
  if (header.ends_epoch()) {
    committee = committee_of(state, header.epoch + 1);
    if (!committee || committee->digest() != *header.next_committee)
      return context_.count("snapshot_without_committee");
    start = EpochStart{header.epoch + 1, header, fetched.proof};
  } else if (header.epoch == 0) {
    start = EpochStart{0, ledger_.genesis_header(), std::nullopt};
  } else {
    start = EpochStart{header.epoch, fetched.links.back().header, std::nullopt};
  }
  Execution execution;
  execution.header = header;
  execution.results = std::move(fetched.results);
  execution.writes = std::make_shared<const WriteSet>();
  StoreBatch batch = ledger_.commit_batch(*fetched.block, execution, fetched.proof);
  fetched.state->scan(Column::kState, {}, {}, false, [&](ByteView key, ByteView value) {
    batch.push_back({Column::kState, Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end())});
    return true;
  });
  batch.push_back(epoch_start_write(start));
  batch.push_back(stable_write(fetched.certificate));
  batch.push_back(history_.begin(header));
  for (const CommitteeLink& link : fetched.links) batch.push_back(link_write(link));
  if (header.ends_epoch() && fetched.proof.certificate.block == digest)
    batch.push_back(link_write(make_link(header, fetched.proof.certificate, fetched.committee, *committee)));
  context_.emit(StoreApply{header.height, std::move(batch), false, true});
  context_.count("snapshots_installed");
  context_.note("installed a snapshot of height " + std::to_string(header.height));

  committee_ = *committee;
  epoch_start_ = std::move(start);
  tip_proof_ = fetched.proof;
  // What stands in the log above the snapshot was voted for or acknowledged here, and nobody else may have it.
  for (const BlockNode* node : tree_->logged()) desk_->keep(node->block, node->logged);
  tree_->install(header, digest, fetched.state);
  checkpoints_.load(*fetched.state);
  checkpoints_.restore_stable(fetched.certificate);
  desk_->forget_below_tip();
  builder_->want({});
  catch_up_->on_commit(context_);
  relay_.renew(committee_, header.time_ms);
  pending_checked_.reset();

  consensus::Installed installed;
  installed.header = header;
  installed.block = digest;
  installed.committee = committee_;
  installed.epoch_start = epoch_start_.header.digest();
  installed.epoch_base = epoch_start_.header.height;
  installed.epoch_start_ms = epoch_start_.header.time_ms;
  installed.proof = std::move(fetched.proof);
  feed(std::move(installed));
}

}  // namespace tieline::replica
