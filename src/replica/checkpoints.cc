#include "replica/checkpoints.h"

#include <algorithm>

#include "replica/chain_meta.h"

namespace tieline::replica {

void Checkpoints::load(const StoreReader& state) {
  tree_.load(state);
  waiting_.clear();
  kept_.clear();
}

void Checkpoints::committed(const Header& header, const Hash& digest, std::shared_ptr<const WriteSet> writes) {
  waiting_.push_back({header, digest, std::move(writes)});
}

std::optional<consensus::CheckpointReached> Checkpoints::on_snapshot(Height height,
                                                                     std::shared_ptr<const StoreReader> state) {
  std::optional<Waiting> at;
  while (!waiting_.empty() && waiting_.front().header.height <= height) {
    tree_.mark(*waiting_.front().writes);
    if (waiting_.front().header.height == height) at = std::move(waiting_.front());
    waiting_.pop_front();
  }
  if (!at) return std::nullopt;  // from before an installed snapshot
  const Hash root = tree_.root(*state);
  kept_.push_back({at->header, at->digest, root, std::move(state), std::nullopt});
  if (stable_ && stable_->height == height && stable_->block == at->digest) kept_.back().stable = stable_;
  if (kept_.size() > kSnapshotsKept) kept_.pop_front();
  return consensus::CheckpointReached{height, at->digest, root};
}

void Checkpoints::on_stable(const CheckpointCert& certificate) {
  if (!stable_ || certificate.height > stable_->height) stable_ = certificate;
  size_t stable = 0;
  for (Kept& kept : kept_) {
    if (kept.header.height == certificate.height && kept.digest == certificate.block) kept.stable = certificate;
    stable += kept.stable.has_value();
  }
  while (stable > kStableSnapshotsKept) {
    stable -= kept_.front().stable.has_value();
    kept_.pop_front();
  }
}

const Checkpoints::Kept* Checkpoints::newest_stable() const {
  for (auto it = kept_.rbegin(); it != kept_.rend(); ++it)
    if (it->stable) return &*it;
  return nullptr;
}

const Checkpoints::Kept* Checkpoints::kept_at(Height height) const {
  for (const Kept& kept : kept_)
    if (kept.header.height == height && kept.stable) return &kept;
  return nullptr;
}

SnapshotOffer make_offer(const Checkpoints::Kept* kept, const StoreReader& store, const Committee& genesis) {
  SnapshotOffer offer;
  if (kept == nullptr) return offer;
  Result<StoredBlock> stored = stored_block(*kept->state, kept->header.height);
  Result<std::vector<CommitteeLink>> links = links_to(store, genesis, kept->header.epoch);
  if (!stored.ok() || !links.ok()) return offer;
  Writer w;
  encode_block(w, *stored->block);
  offer.body = SnapshotOffer::Body{*kept->stable, Blob(w.take()), std::move(stored->results), std::move(stored->proof),
                                   std::move(*links)};
  return offer;
}

Chunk make_chunk(const Checkpoints::Kept* kept, const ChunkRequest& request, size_t bytes_max) {
  Chunk chunk{request.height, request.from, kept != nullptr, kept != nullptr, {}};
  if (kept == nullptr) return chunk;
  size_t bytes = 0;
  kept->state->scan(Column::kState, request.from, {}, false, [&](ByteView key, ByteView value) {
    if (bytes >= bytes_max || chunk.entries.size() >= kFrameEntriesMax) {
      chunk.last = false;
      return false;
    }
    bytes += key.size() + value.size();
    chunk.entries.emplace_back(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
    return true;
  });
  return chunk;
}

}  // namespace tieline::replica
