#pragma once
// What api/ (and nothing else) needs of a running validator. The node implements it (node/node.h); tests implement it
// with a fake.
//
// Threads: one thread runs io(), and with it the replica. Everything here is called on that thread, and every handler
// is called on it, unless it says "any thread". From elsewhere: boost::asio::post(service.io(), ...). The api runs its
// sockets on the same io(): what a client sends reaches the replica without a hand-over.
// Units: *_us microseconds (monotonic spans), *_ms milliseconds UTC.
// Errors: submit: overloaded (try again later; nothing was taken), stopping. receipt: not_found, not_applied_yet.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/histogram.h"
#include "replica/replica.h"

namespace boost::asio {
class io_context;
}

namespace tieline::node {

using ClientId = uint64_t;
using SubscriptionId = uint64_t;

// Outcomes of one client's transactions, in the order in which they became known; never empty. Those of one step of the
// replica come in one call, so that a stream can acknowledge them by range.
using OutcomeHandler = std::function<void(const std::vector<replica::TxOutcome>&)>;
// Every committed block, in order of height, after the replica has applied it in memory (status() and committed_state()
// show it already).
using BlockHandler = std::function<void(const replica::BlockCommitted&)>;

struct NodeStatus {
  std::string name;  // "validator-0"
  ValidatorId self = 0;
  int64_t started_ms = 0;
  replica::ReplicaStatus replica;
  Height flushed = 0;          // the store alone would survive power loss up to here; the log covers the rest
  double finality_p50_ms = 0;  // of the last kFinalitySamples blocks: proposal first seen here to committed here
  double finality_p99_ms = 0;
  bool stopping = false;
};
inline constexpr size_t kFinalitySamples = 4096;

// Monotone counters and spans since the start of the process, for /metrics.
struct NodeMetrics {
  Histogram fsync_us{kDiskBucketsUs};         // one write and fdatasync of the log
  Histogram verify_us{kVerifyBucketsUs};      // one signature, within its batch
  Histogram verify_batch{kBatchBuckets};      // signatures a batch
  Histogram apply_us{kDiskBucketsUs};         // one batch into the store
  Histogram step_us{kStepBucketsUs};          // one step of the replica and its effects
  Histogram finality_us{kFinalityBucketsUs};  // see NodeStatus
  Histogram block_txs{kBatchBuckets};         // transactions a block
  uint64_t blocks = 0;
  uint64_t transactions = 0;   // committed, results other than ok included
  uint64_t readings = 0;       // only those of transactions with result ok
  uint64_t verified = 0;       // signatures of transactions
  uint64_t verify_cpu_ns = 0;  // processor time of the worker for them
  uint64_t log_bytes = 0;
  uint64_t log_syncs = 0;
  std::map<std::string, uint64_t> counted;  // replica::Counted by name: dropped frames and why, view changes, fetches
  std::map<uint16_t, uint64_t> rejected;    // transactions by code (ledger/codes.h): in blocks, and at the door here
  size_t inputs_queued = 0;                 // waiting for the replica now
  size_t log_queued_bytes = 0;              // waiting for the disk now
  size_t verify_queued = 0;                 // signatures waiting now
  size_t apply_queued = 0;                  // blocks waiting for the store now
};

class NodeService {
 public:
  virtual ~NodeService() = default;

  virtual boost::asio::io_context& io() = 0;  // any thread

  // A stream of submissions (a connection, or one HTTP request). After close_client the handler is not called again;
  // what was submitted is still processed.
  virtual ClientId open_client(OutcomeHandler handler) = 0;
  virtual void close_client(ClientId client) = 0;
  // The i-th transaction has tag + i. Bytes as they came, nothing checked yet. Outcomes come later, never from within.
  virtual Status submit(ClientId client, uint64_t tag, std::vector<Blob> transactions) = 0;

  virtual SubscriptionId subscribe_blocks(BlockHandler handler) = 0;
  virtual void unsubscribe_blocks(SubscriptionId subscription) = 0;

  virtual NodeStatus status() const = 0;
  virtual const NodeMetrics& metrics() const = 0;
  virtual const Ledger& ledger() const = 0;
  virtual const Genesis& genesis() const = 0;  // any thread

  // The newest applied state: may be ahead of store().
  virtual StateView committed_state() const = 0;
  virtual Result<Receipt> receipt(const TxId& id) const = 0;
  // The store itself, for blocks, transactions and readings: usable from any thread; each call sees the newest applied
  // batch. Long scans take a snapshot().
  virtual const Store& store() const = 0;  // any thread
};

}  // namespace tieline::node
