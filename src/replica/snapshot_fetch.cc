#include "replica/snapshot_fetch.h"

namespace tieline::replica {

void SnapshotFetch::begin(ValidatorId peer, Height above, Context& context) {
  abandon();
  peer_ = peer;
  above_ = above;
  deadline_us_ = context.now.mono_us + kSnapshotWaitUs;
  context.send({peer}, encode_frame(SnapshotRequest{above}), false);
}

void SnapshotFetch::abandon() {
  peer_.reset();
  fetched_.reset();
  root_ = StateRootBuilder();
  from_.clear();
  bytes_ = 0;
  complete_ = false;
}

std::optional<int64_t> SnapshotFetch::deadline() const {
  if (!active()) return std::nullopt;
  return deadline_us_;
}

Status SnapshotFetch::check_offer(SnapshotOffer::Body& body) {
  Result<BlockPtr> block = decode_block(body.block);
  if (!block.ok()) return block.error();
  const Header& header = (*block)->header;
  const CheckpointCert& c = body.certificate;
  if (header.chain != ledger_.chain()) return Error{"wrong_chain", "a snapshot of another chain"};
  if (header.is_void || header.height <= above_ || c.height != header.height || c.block != (*block)->digest ||
      c.epoch != header.epoch)
    return Error{"snapshot_bad_offer", "the certificate is of another block"};
  if (result_root(body.results) != header.result_root) return Error{"snapshot_bad_offer", "the results are others"};
  Result<Committee> committee = follow_links(body.links, header.epoch, ledger_.genesis(), ledger_.chain(), verifier_);
  if (!committee.ok()) return committee.error();
  if (header.epoch > 0 && (body.links.empty() || body.links.back().header.epoch + 1 != header.epoch))
    return Error{"snapshot_bad_offer", "the link to the epoch is missing"};
  if (Status s = verify_checkpoint(c, ledger_.chain(), *committee, verifier_); !s.ok()) return s;
  const CommitRule rule = ledger_.genesis().consensus.commit_rule();
  if (Status s = verify_commit(body.proof, (*block)->digest, rule, ledger_.chain(), *committee, verifier_); !s.ok())
    return s;
  fetched_ = Fetched{c,
                     *block,
                     std::move(body.results),
                     std::move(body.proof),
                     std::move(body.links),
                     std::move(*committee),
                     std::make_shared<MemoryStore>()};
  return {};
}

bool SnapshotFetch::on_offer(ValidatorId from, SnapshotOffer offer, Context& context) {
  if (peer_ != from || fetched_) {
    context.count("snapshot_not_wanted");
    return true;
  }
  if (!offer.body) {
    abandon();
    return false;
  }
  if (Status s = check_offer(*offer.body); !s.ok()) {
    context.count("snapshot_bad_offer");
    context.note("snapshot offer of validator " + std::to_string(from) + " refused: " + s.error().why);
    abandon();
    return false;
  }
  ask_chunk(context);
  return true;
}

void SnapshotFetch::ask_chunk(Context& context) {
  deadline_us_ = context.now.mono_us + kSnapshotWaitUs;
  context.send({*peer_}, encode_frame(ChunkRequest{fetched_->block->header.height, from_}), false);
}

bool SnapshotFetch::on_chunk(ValidatorId from, Chunk chunk, Context& context) {
  if (peer_ != from || !fetched_ || complete_ || chunk.height != fetched_->block->header.height ||
      chunk.from != from_) {
    context.count("snapshot_not_wanted");
    return true;
  }
  const auto refuse = [&](const char* why) {
    context.count("snapshot_bad_chunk");
    context.note("snapshot of validator " + std::to_string(from) + " given up: " + why);
    abandon();
    return false;
  };
  if (!chunk.had) return refuse("it is gone there");
  if (chunk.entries.empty() && !chunk.last) return refuse("a chunk is empty");
  StoreBatch batch;
  batch.reserve(chunk.entries.size());
  for (auto& [key, value] : chunk.entries) {
    if (BytesLess()(key, from_)) return refuse("a key out of order");
    bytes_ += key.size() + value.size();
    if (bytes_ > kSnapshotBytesMax || !root_.add(key, value).ok()) return refuse("an entry out of order or over size");
    from_ = key;
    batch.push_back({Column::kState, std::move(key), std::move(value)});
  }
  from_.push_back(0);  // the least key above the last one
  fetched_->state->apply(batch);
  if (!chunk.last) {
    ask_chunk(context);
    return true;
  }
  if (root_.root() != fetched_->certificate.state_root)
    return refuse("its state has another root than the certificate");
  complete_ = true;
  return true;
}

std::optional<SnapshotFetch::Fetched> SnapshotFetch::take() {
  if (!complete_) return std::nullopt;
  std::optional<Fetched> out = std::move(fetched_);
  abandon();
  return out;
}

}  // namespace tieline::replica
