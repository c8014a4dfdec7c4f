#include "replica/journal.h"

#include <algorithm>

namespace tieline::replica {

using consensus::MessagePtr;

void Journal::recovered(const RecoveredLog& log) {
  // Where these stand is not worth knowing: the first trim that is wanted writes them again.
  if (!log.engine.vote) return;
  vote_ = *log.engine.vote;
  vote_lsn_ = 1;
  durable_ = 1;
  high_qc_ = log.engine.high_qc;
  high_qc_lsn_ = 1;
  if (log.engine.new_view) new_view_ = Kept{1, log.engine.new_view};
  if (log.engine.own_proposal) proposal_ = Kept{1, log.engine.own_proposal};
  if (log.engine.own_view_change) view_change_ = Kept{1, log.engine.own_view_change};
}

void Journal::add_vote(RecordWriter& w, RecordType type) {
  vote_lsn_ = w.add(type, [&](Writer& out) { encode(out, vote_); });
}

LogAppend Journal::close(RecordWriter& w, bool sync, bool sector) {
  next_ = w.next();
  LogAppend append;
  append.lsn = next_ - 1;
  append.bytes = w.take();
  append.sync = sync;
  if (sector) append.vote_sector = encode_sector({vote_lsn_, vote_});
  return append;
}

LogAppend Journal::begin(const consensus::VoteRecord& vote, bool reset) {
  vote_ = vote;
  RecordWriter w(next_);
  add_vote(w, reset ? RecordType::kReset : RecordType::kVote);
  if (high_qc_) high_qc_lsn_ = w.add(RecordType::kCertificate, [&](Writer& out) { encode(out, *high_qc_); });
  return close(w, true, true);
}

void Journal::add_message(RecordWriter& w, const MessagePtr& message) {
  const Lsn lsn = w.add(RecordType::kMessage, [&](Writer& out) { out.raw(message->bytes.view()); });
  if (std::holds_alternative<consensus::NewView>(message->payload)) new_view_ = Kept{lsn, message};
  if (std::holds_alternative<consensus::Propose>(message->payload)) proposal_ = Kept{lsn, message};
  if (std::holds_alternative<consensus::ViewChange>(message->payload)) view_change_ = Kept{lsn, message};
}

LogAppend Journal::persist(const consensus::Persist& persist, const std::vector<BlockNode*>& path) {
  RecordWriter w(next_);
  for (BlockNode* node : path)
    if (node->logged == 0)
      node->logged = w.add(RecordType::kBody, [&](Writer& out) { encode_block(out, *node->block); });
  for (const MessagePtr& message : persist.messages) add_message(w, message);
  if (persist.high_qc) {
    high_qc_ = persist.high_qc;
    high_qc_lsn_ = w.add(RecordType::kCertificate, [&](Writer& out) { encode(out, *high_qc_); });
  }
  vote_ = persist.record;
  // Keep only what this vote still needs.
  if (vote_.high_slot.is_epoch_start()) high_qc_.reset();
  if (!vote_.last_vote || !vote_.last_vote->new_view) new_view_.reset();
  if (!vote_.view_changing) view_change_.reset();
  if (proposal_ &&
      (!vote_.last_vote || std::get<consensus::Propose>(proposal_->message->payload).slot != vote_.last_vote->slot))
    proposal_.reset();
  add_vote(w, RecordType::kVote);  // last: whole only if all it depends on is
  return close(w, true, true);
}

LogAppend Journal::commit(BlockNode& node, const CommitProof& proof) {
  RecordWriter w(next_);
  if (node.logged == 0) node.logged = w.add(RecordType::kBody, [&](Writer& out) { encode_block(out, *node.block); });
  const CommitRecord record{node.block->header.height, node.block->digest, proof};
  w.add(RecordType::kCommit, [&](Writer& out) { encode(out, record); });
  chain_[record.height] = node.logged;
  return close(w, false, false);
}

Lsn Journal::oldest_of_vote() const {
  Lsn oldest = vote_lsn_;
  if (high_qc_) oldest = std::min(oldest, high_qc_lsn_);
  for (const auto* kept : {&new_view_, &proposal_, &view_change_})
    if (*kept) oldest = std::min(oldest, (*kept)->lsn);
  return oldest;
}

void Journal::flushed(Height height, std::optional<Lsn> uncommitted, Effects& effects) {
  chain_.erase(chain_.begin(), chain_.upper_bound(height));
  Lsn needed = next_;
  if (uncommitted) needed = std::min(needed, *uncommitted);
  for (const auto& [at, lsn] : chain_) needed = std::min(needed, lsn);
  if (vote_lsn_ != 0) {
    if (needed > oldest_of_vote() + kRelogAfterRecords) {
      RecordWriter w(next_);
      for (auto* kept : {&new_view_, &proposal_, &view_change_})
        if (*kept) {
          const MessagePtr message = (*kept)->message;
          add_message(w, message);
        }
      if (high_qc_) high_qc_lsn_ = w.add(RecordType::kCertificate, [&](Writer& out) { encode(out, *high_qc_); });
      add_vote(w, RecordType::kVote);
      effects.emplace_back(close(w, true, true));
      return;  // trimmed when the store is flushed and the copies are durable
    }
    if (vote_lsn_ > durable_) return;
    needed = std::min(needed, oldest_of_vote());
  }
  if (needed <= trimmed_ + 1) return;
  trimmed_ = needed - 1;
  effects.emplace_back(LogTrim{needed});
}

}  // namespace tieline::replica
