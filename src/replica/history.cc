#include "replica/history.h"

#include <algorithm>

#include "ledger/block_record.h"

namespace tieline::replica {

StoreWrite History::begin(const Header& header) {
  mark_.reset();
  if (header.height > 1) mark_ = HistoryMark{header.height, header.parent};
  stored_ = mark_;  // the store is no further, even if the older blocks come before it has taken up the snapshot
  asked_.reset();
  shunned_until_us_.clear();
  return history_write(mark_);
}

void History::pump(const std::vector<ValidatorId>& peers, Context& context) {
  const int64_t now_us = context.now.mono_us;
  if (asked_ && now_us >= asked_->deadline_us) {
    shunned_until_us_[asked_->peer] = now_us + kHistoryShunUs;
    asked_.reset();
  }
  if (!mark_ || asked_) return;
  if (next_us_ && now_us < *next_us_) return;
  next_us_ = now_us + kHistoryPauseUs;
  for (size_t i = 0; i < peers.size(); ++i) {
    const ValidatorId peer = peers[(turn_ + i) % peers.size()];
    auto shunned = shunned_until_us_.find(peer);
    if (shunned != shunned_until_us_.end() && now_us < shunned->second) continue;
    turn_ += i + 1;
    asked_ = Asked{peer, now_us + kHistoryWaitUs};
    context.send({peer}, encode_frame(HistoryRequest{mark_->from}), true);
    return;
  }
  if (!peers.empty()) next_us_ = now_us + kHistoryShunUs;
}

std::optional<int64_t> History::deadline() const {
  if (!mark_) return std::nullopt;
  if (asked_) return asked_->deadline_us;
  return next_us_;
}

Status History::take(const HistoryAnswer& answer, StoreBatch& batch, HistoryMark& mark) const {
  std::optional<Committee> committee;
  for (const HistoryAnswer::Entry& entry : answer.entries) {
    Result<BlockPtr> decoded = decode_block(entry.block);
    if (!decoded.ok()) return decoded.error();
    const Block& block = **decoded;
    const Header& header = block.header;
    if (block.digest != mark.parent || header.height + 1 != mark.from)
      return Error{"history_bad", "a block is not the parent of the one above it"};
    if (entry.codes.size() != block.txs.size()) return Error{"history_bad", "results are missing"};
    Execution execution;
    execution.header = header;
    execution.writes = std::make_shared<const WriteSet>();
    for (size_t i = 0; i < block.txs.size(); ++i) execution.results.push_back({block.txs[i]->id(), entry.codes[i]});
    if (result_root(execution.results) != header.result_root) return Error{"history_bad", "the results are others"};
    if (!committee) {
      Result<Committee> linked =
          follow_links(answer.links, header.epoch, ledger_.genesis(), ledger_.chain(), verifier_);
      if (!linked.ok()) return linked.error();
      committee = std::move(*linked);
    }
    if (header.epoch != committee->epoch()) return Error{"history_bad", "blocks of more than one epoch"};
    if (Status s = verify_commit(entry.proof, block.digest, ledger_.genesis().consensus.commit_rule(), ledger_.chain(),
                                 *committee, verifier_);
        !s.ok())
      return s;
    for (StoreWrite& write : ledger_.commit_batch(block, execution, entry.proof))
      if (write.column != Column::kMeta) batch.push_back(std::move(write));  // the applied height stays where it is
    mark = HistoryMark{header.height, header.parent};
  }
  for (const CommitteeLink& link : answer.links) batch.push_back(link_write(link));
  return {};
}

void History::on_answer(ValidatorId from, const HistoryAnswer& answer, Height tip, Context& context) {
  if (!mark_ || !asked_ || asked_->peer != from || answer.below != mark_->from)
    return context.count("history_not_wanted");
  asked_.reset();
  next_us_ = context.now.mono_us + kHistoryPauseUs;
  StoreBatch batch;
  HistoryMark mark = *mark_;
  if (Status s = take(answer, batch, mark); !s.ok() || answer.entries.empty()) {
    if (!s.ok()) {
      context.count("history_bad");
      context.note("older blocks of validator " + std::to_string(from) + " refused: " + s.error().why);
    }
    shunned_until_us_[from] = context.now.mono_us + kHistoryShunUs;
    return;
  }
  mark_.reset();
  if (mark.from > 1) mark_ = mark;
  batch.push_back(history_write(mark_));
  context.count("blocks_filled_in", answer.entries.size());
  if (!mark_) context.note("the history below the snapshot is whole");
  context.emit(StoreApply{tip, std::move(batch), false, false});
}

HistoryAnswer make_history_answer(const StoreReader& store, const Committee& genesis, Height below, size_t blocks_max) {
  HistoryAnswer answer;
  answer.below = below;
  size_t bytes = 0;
  std::optional<Epoch> epoch;
  for (Height at = below; at > 1 && answer.entries.size() < std::min(blocks_max, kFrameBlocksMax); --at) {
    Result<BlockRecord> record = read_block_record(store, at - 1);
    if (!record.ok()) break;
    Reader r(record->block.view());
    Header header;
    decode(r, header);
    if (!r.ok() || (epoch && header.epoch != *epoch)) break;
    bytes += record->block.size();
    if (!answer.entries.empty() && bytes > kHistoryBytesMax) break;
    epoch = header.epoch;
    answer.entries.push_back({std::move(record->block), std::move(record->codes), std::move(record->proof)});
  }
  if (!epoch) return answer;
  Result<std::vector<CommitteeLink>> links = links_to(store, genesis, *epoch);
  if (links.ok()) {
    answer.links = std::move(*links);
  } else {
    answer.entries.clear();
  }
  return answer;
}

}  // namespace tieline::replica
