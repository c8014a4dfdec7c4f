#pragma once
// The three workers of a node, a thread each, beside the one that runs the replica: the log (one fdatasync for all that
// is queued), the store behind it, and signatures in batches. Results are handed to functions that are called on the
// worker's thread; the node posts them to its own. After `failed` a worker does nothing more.
//
// Units: microseconds.

#include <functional>
#include <set>
#include <thread>
#include <variant>

#include "crypto/scheme.h"
#include "node/work_queue.h"
#include "replica/replica.h"
#include "storage/rocks_store.h"
#include "storage/vote_log.h"

namespace tieline::node {

inline constexpr size_t kLogQueueBytesMax = 128 * 1024 * 1024;
inline constexpr size_t kLogBatchBytesMax = 16 * 1024 * 1024;  // in one sync
inline constexpr size_t kApplyQueueMax = 256;                  // blocks
inline constexpr size_t kVerifyQueueMax = 65'536;              // signatures
inline constexpr size_t kVerifyBatchMax = 512;
// Of private records in one check, by what they ask for (ledger/private_claims.h): what is left over is checked when a
// block executes it. Proposals wait behind this thread.
inline constexpr uint64_t kClaimWorkMaxUs = 100'000;

int64_t mono_us();
int64_t wall_ms();

class LogWriter {
 public:
  struct Written {
    std::optional<replica::Lsn> durable;  // the last lsn of a sync
    int64_t spent_us = 0;
    size_t bytes = 0;
  };
  LogWriter(storage::VoteLog& log, std::function<void(Written)> written, std::function<void(Error)> failed);
  ~LogWriter() { stop(false); }
  void push(replica::LogAppend append);
  void push(replica::LogTrim trim) { queue_.push(trim, 0); }
  void stop(bool finish);  // writes what is queued first, or drops it
  size_t queued_bytes() const { return queue_.weight(); }

 private:
  using Job = std::variant<replica::LogAppend, replica::LogTrim>;
  Status carry_out(std::vector<Job> jobs);
  Status write(std::vector<replica::LogAppend>& appends);

  storage::VoteLog& log_;
  std::function<void(Written)> written_;
  std::function<void(Error)> failed_;
  WorkQueue<Job> queue_{kLogQueueBytesMax};
  std::thread thread_;
};

class StoreWriter {
 public:
  struct Applied {
    replica::StoreApplied input;
    int64_t spent_us = 0;
  };
  StoreWriter(storage::RocksStore& store, std::function<void(Applied)> applied, std::function<void(Error)> failed);
  ~StoreWriter() { stop(false); }
  void push(replica::StoreApply apply) { queue_.push(std::move(apply), 1); }
  void stop(bool finish);
  size_t queued() const { return queue_.weight(); }

 private:
  storage::RocksStore& store_;
  std::function<void(Applied)> applied_;
  std::function<void(Error)> failed_;
  WorkQueue<replica::StoreApply> queue_{kApplyQueueMax};
  std::thread thread_;
};

class SignatureChecker {
 public:
  struct Checked {
    std::vector<replica::Verified> answers;  // one a job, in order
    size_t signatures = 0;                   // endorsements of trades among them
    int64_t cpu_ns = 0;                      // of this thread
  };
  SignatureChecker(const Verifier& verifier, std::function<void(Checked)> checked);
  ~SignatureChecker() { stop(); }
  void push(replica::VerifyJob job);
  void stop();
  size_t queued() const { return queue_.weight(); }

 private:
  Checked check(const std::vector<replica::VerifyJob>& jobs) const;
  // `unsigned_`: digests of transactions that a signatory did not sign. What they bring is not looked at.
  std::vector<uint8_t> check_claims(const std::vector<replica::VerifyJob>& jobs, const std::set<Hash>& unsigned_) const;

  const Verifier& verifier_;
  std::function<void(Checked)> checked_;
  WorkQueue<replica::VerifyJob> queue_{kVerifyQueueMax};
  std::thread thread_;
};

}  // namespace tieline::node
