// Frames of peers. Whatever is wrong with one is counted by its code and costs nothing but the frame.

#include <algorithm>

#include "ledger/members.h"
#include "replica/replica_impl.h"

namespace tieline::replica {
namespace {

constexpr const char* kFrameCodes[] = {"frame_malformed", "frame_unknown_version", "frame_unknown_kind",
                                       "frame_over_size"};

}  // namespace

void ReplicaImpl::on(const PeerFrame& input) {
  // Else blocks learnt from others could be in the store before the log holds anything, and after a power cut that
  // would look like a log that was lost.
  if (first_write_) return context_.count("frame_too_early");
  const DecodedPtr decoded =
      input.decoded != nullptr ? input.decoded : decode_whole(input.frame, config_.limits.frame_bytes_max);
  if (!decoded->frame.ok()) {
    for (const char* code : kFrameCodes)
      if (decoded->frame.error().code == code) context_.count(code);
    return;
  }
  if (decoded->message) return on_message(input.from, *decoded->message);
  if (const auto* batch = std::get_if<TransactionsFrame>(&*decoded->frame)) {
    const StateView state = tree_->committed_view();
    if (batch->seal) submissions_.came(input.from, decoded);
    for (size_t i = 0; i < batch->transactions.size(); ++i) {
      if (batch->seal && decoded->transactions[i] == nullptr) accuse(submissions_.newest(i));
      take_transaction(batch->transactions[i], decoded->transactions[i], std::nullopt, state);
    }
    return;
  }
  std::visit(
      [&](const auto& frame) {
        using F = std::decay_t<decltype(frame)>;
        if constexpr (!std::is_same_v<F, ConsensusFrame> && !std::is_same_v<F, TransactionsFrame>)
          on_frame(input.from, frame);
      },
      *decoded->frame);
}

// What was handed on under a signature and does not verify is evidence, where that can be shown to anyone.
void ReplicaImpl::accuse(std::optional<RejectedSubmission> proof) {
  if (!proof) return;
  const StateView state = tree_->committed_view();
  const Header& tip = tree_->tip();
  // Of an epoch that has not begun here not all keys are known.
  const bool begun = proof->epoch <= (tip.ends_epoch() ? tip.epoch + 1 : tip.epoch);
  const std::optional<Committee> committee = committee_of(state, proof->epoch);
  if (!begun || !committee ||
      !verify_rejected(*proof, ledger_.chain(), *committee, verifier_, evidence_keys(ledger_, state)).ok())
    return context_.count("rejected_submission_unproven");
  context_.count("rejected_submissions");
  feed(consensus::SubmissionRejected{std::move(*proof)});
}

void ReplicaImpl::on_message(ValidatorId from, const Result<consensus::MessagePtr>& message) {
  if (!message.ok()) return context_.count("message_malformed");
  feed(consensus::Received{from, *message});
}

void ReplicaImpl::on_frame(ValidatorId from, const TransactionsRequest& frame) {
  TransactionsAnswer answer;
  size_t bytes = 0;
  for (const TxId& id : frame.ids) {
    const PoolEntry* entry = pool_.find(id);
    if (entry != nullptr && entry->ready && bytes < kBlockBytesMax) {
      bytes += entry->tx->bytes().size();
      answer.transactions.push_back(entry->tx->bytes());
    } else {
      answer.missing.push_back(id);
    }
  }
  context_.send({from}, encode_frame(answer), true);
}

void ReplicaImpl::on_frame(ValidatorId, const TransactionsAnswer& frame) { desk_->on_transactions(frame, context_); }

void ReplicaImpl::on_frame(ValidatorId from, const BlockRequest& frame) {
  BlockAnswer answer{frame.digest, std::nullopt};
  BlockPtr block;
  if (const BlockNode* node = tree_->find(frame.digest)) {
    block = node->block;
  } else if (const auto height = tree_->height_of_committed(frame.digest)) {
    block = load_committed(*height);
  } else {
    block = desk_->kept(frame.digest);
  }
  if (block != nullptr) {
    Writer w;
    encode_block(w, *block);
    answer.block = Blob(w.take());
  }
  context_.send({from}, encode_frame(answer), true);
}

void ReplicaImpl::on_frame(ValidatorId, const BlockAnswer& frame) { desk_->on_block(frame, context_); }

void ReplicaImpl::on_frame(ValidatorId from, const BlocksRequest& frame) {
  context_.send({from}, encode_frame(make_blocks_answer(store_, config_.limits, frame.from)), true);
}

void ReplicaImpl::on_frame(ValidatorId from, const BlocksAnswer& frame) {
  std::optional<consensus::CaughtUp> run = catch_up_->on_blocks(from, frame, committee_, context_);
  if (!run) return;
  const Header& last = run->headers.back();
  if (frame.link && last.ends_epoch() && frame.link->header == last &&
      follow_links({*frame.link}, last.epoch + 1, ledger_.genesis(), ledger_.chain(), verifier_).ok())
    offered_link_ = frame.link;
  const Height before = tree_->tip().height;
  feed(std::move(*run));
  run_engine();
  catch_up_->judged(tree_->tip().height > before, from, context_);
}

void ReplicaImpl::on_frame(ValidatorId from, const SnapshotRequest& frame) {
  const Checkpoints::Kept* kept = checkpoints_.newest_stable();
  if (kept != nullptr && kept->header.height <= frame.above) kept = nullptr;
  context_.send({from}, encode_frame(make_offer(kept, store_, ledger_.first_committee())), true);
}

void ReplicaImpl::on_frame(ValidatorId from, const SnapshotOffer& frame) { catch_up_->on_offer(from, frame, context_); }

void ReplicaImpl::on_frame(ValidatorId from, const ChunkRequest& frame) {
  const Chunk chunk = make_chunk(checkpoints_.kept_at(frame.height), frame, config_.limits.snapshot_chunk_bytes);
  context_.send({from}, encode_frame(chunk), true);
}

void ReplicaImpl::on_frame(ValidatorId from, const Chunk& frame) {
  if (auto fetched = catch_up_->on_chunk(from, frame, context_)) install(std::move(*fetched));
}

void ReplicaImpl::on_frame(ValidatorId from, const HistoryRequest& frame) {
  const HistoryAnswer answer =
      make_history_answer(store_, ledger_.first_committee(), frame.below, config_.limits.catch_up_blocks_max);
  context_.send({from}, encode_frame(answer), true);
}

bool ReplicaImpl::take_link(const HistoryAnswer& frame) {
  const Epoch epoch = committee_.epoch();
  if (epoch == 0 || frame.below != epoch_start_.header.height + 2 || frame.links.empty()) return false;
  const CommitteeLink& link = frame.links.back();
  if (link.header != epoch_start_.header || stored_link(store_, epoch - 1)) return false;
  if (!follow_links({link}, epoch, ledger_.genesis(), ledger_.chain(), verifier_).ok()) return false;
  context_.emit(StoreApply{tree_->tip().height, {link_write(link)}, false, false});
  return true;
}

void ReplicaImpl::on_frame(ValidatorId from, const HistoryAnswer& frame) {
  if (take_link(frame)) return;
  history_.on_answer(from, frame, tree_->tip().height, context_);
}

void ReplicaImpl::on_frame(ValidatorId from, const StatusFrame& frame) {
  catch_up_->on_status(from, frame);
  share_checkpoint(from, frame);
}

// CHECKPOINT votes are said once, and a peer that was down then would never hear of it. Whoever has that block gets the
// votes of the newest stable checkpoint, as they were signed, once a checkpoint; or, where they were added up, the sum.
void ReplicaImpl::share_checkpoint(ValidatorId peer, const StatusFrame& status) {
  const auto& stable = checkpoints_.stable();
  if (!stable || status.checkpoint >= stable->height || status.applied < stable->height) return;
  Height& told = checkpoint_told_[peer];
  if (told >= stable->height) return;
  const std::optional<Committee> committee = committee_of(tree_->committed_view(), stable->epoch);
  if (!committee) return;
  told = stable->height;
  if (stable->aggregate) {
    const auto whole = consensus::make_message(consensus::StableCertificate{*stable});
    return context_.send({peer}, encode_frame(ConsensusFrame{whole->bytes}), false);
  }
  size_t i = 0;
  for (size_t position : stable->signers.positions()) {
    const consensus::CheckpointVote vote{
        committee->at(position).id, stable->epoch,          stable->height, stable->block,
        stable->state_root,         stable->signatures[i++]};
    context_.send({peer}, encode_frame(ConsensusFrame{consensus::make_message(vote)->bytes}), false);
  }
}

}  // namespace tieline::replica
