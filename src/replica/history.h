#pragma once
// Who began with a snapshot fetches the blocks below it afterwards, downwards and without hurry, so that every
// validator can answer for every transaction and no history is lost when one after the other is set up anew. Each block
// is known by the digest that its child names; its results stand under its root, its proof is verified with its epoch's
// committee.

#include <map>
#include <optional>

#include "replica/chain_meta.h"
#include "replica/context.h"
#include "replica/frames.h"

namespace tieline::replica {

inline constexpr int64_t kHistoryPauseUs = 20'000;       // between an answer and the next request
inline constexpr int64_t kHistoryWaitUs = 2'000'000;     // for an answer
inline constexpr int64_t kHistoryShunUs = 10'000'000;    // a peer that was of no use
inline constexpr size_t kHistoryBytesMax = 1024 * 1024;  // of blocks in one answer

class History {
 public:
  History(const Ledger& ledger, const Verifier& verifier) : ledger_(ledger), verifier_(verifier) {}

  void restore(std::optional<HistoryMark> mark) { mark_ = stored_ = std::move(mark); }
  // Begins below the block of a snapshot; what is to be stored with it.
  StoreWrite begin(const Header& header);
  // What was handed to the store counts once it is there: until then it is not found.
  bool settled() const { return mark_ == stored_; }
  void in_store(std::optional<HistoryMark> mark) { stored_ = std::move(mark); }
  bool whole() const { return !mark_ && !stored_; }
  Height from() const { return std::max(mark_ ? mark_->from : 1, stored_ ? stored_->from : 1); }

  void pump(const std::vector<ValidatorId>& peers, Context& context);
  // Checks and stores; `tip` is the height that the store is brought to anyway.
  void on_answer(ValidatorId from, const HistoryAnswer& answer, Height tip, Context& context);
  std::optional<int64_t> deadline() const;

 private:
  Status take(const HistoryAnswer& answer, StoreBatch& batch, HistoryMark& mark) const;

  const Ledger& ledger_;
  const Verifier& verifier_;
  std::optional<HistoryMark> mark_;    // as far as blocks are known
  std::optional<HistoryMark> stored_;  // as far as the store has them
  struct Asked {
    ValidatorId peer = 0;
    int64_t deadline_us = 0;
  };
  std::optional<Asked> asked_;
  std::optional<int64_t> next_us_;
  std::map<ValidatorId, int64_t> shunned_until_us_;
  size_t turn_ = 0;
};

HistoryAnswer make_history_answer(const StoreReader& store, const Committee& genesis, Height below, size_t blocks_max);

}  // namespace tieline::replica
