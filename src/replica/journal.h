#pragma once
// Writes the log: what a Persist names, in one append; the committed chain beside it; and what may be trimmed. Knows
// which records the current vote and the blocks not yet flushed to the store depend on, and writes the former again
// when they alone would keep an old log alive.

#include <map>
#include <optional>

#include "replica/block_tree.h"
#include "replica/log_format.h"
#include "replica/recovery.h"
#include "replica/replica.h"

namespace tieline::replica {

inline constexpr Lsn kRelogAfterRecords = 4'096;  // the vote's records lie this far behind all others: written again

class Journal {
 public:
  explicit Journal(Lsn next) : next_(next) {}

  // After a recovery: what the log holds of the vote, so that it can be written again.
  void recovered(const RecoveredLog& log);
  // The first record of a log, or of one that was found damaged.
  LogAppend begin(const consensus::VoteRecord& vote, bool reset);
  // `path`: the body that is named and its uncommitted ancestors, parents first; those not logged yet are.
  LogAppend persist(const consensus::Persist& persist, const std::vector<BlockNode*>& path);
  // No sync: a restart that does not find it catches up instead.
  LogAppend commit(BlockNode& node, const CommitProof& proof);
  void committed_in_log(Height height, Lsn body) { chain_.emplace(height, body); }

  void durable(Lsn lsn) { durable_ = lsn; }  // the log is, up to here

  // The store is on disk up to here; `uncommitted` is the oldest record that uncommitted bodies need. Nothing is cut
  // off while the newest vote is on its way to the disk: until it is there, a crash leaves the one before, which needs
  // its own records.
  void flushed(Height height, std::optional<Lsn> uncommitted, Effects& effects);

 private:
  void add_vote(RecordWriter& w, RecordType type);
  LogAppend close(RecordWriter& w, bool sync, bool sector);
  Lsn oldest_of_vote() const;
  void add_message(RecordWriter& w, const consensus::MessagePtr& message);

  Lsn next_;
  std::map<Height, Lsn> chain_;  // committed, not flushed: where the body stands
  struct Kept {
    Lsn lsn = 0;
    consensus::MessagePtr message;
  };
  consensus::VoteRecord vote_;
  Lsn vote_lsn_ = 0;
  std::optional<Certificate> high_qc_;
  Lsn high_qc_lsn_ = 0;
  std::optional<Kept> new_view_, proposal_, view_change_;
  Lsn durable_ = 0;
  Lsn trimmed_ = 0;
};

}  // namespace tieline::replica
