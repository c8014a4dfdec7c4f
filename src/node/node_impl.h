#pragma once
// Private to node/: the parts of a running validator and how they hang together.
//   node.cc          opening, running, stopping
//   node_engine.cc   inputs, effects, timers
//   node_service.cc  what the api asks for
//   node_trace.cc    the trace of its engine, if it writes one

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <unordered_map>

#include "node/finality.h"
#include "node/node.h"
#include "node/trace_writer.h"
#include "node/workers.h"
#include "storage/folder_lock.h"
#include "trace/host.h"

namespace tieline::node {

class NodeImpl final : public Node, public NodeService {
 public:
  explicit NodeImpl(NodeConfig config);
  ~NodeImpl() override;
  Status open();

  // Node
  NodeService& service() override { return *this; }
  uint16_t links_port() const override { return links_->port(); }
  std::vector<net::LinkStats> link_stats() const override { return links_->stats(); }
  void on_stop(std::function<void()> handler) override { stop_handlers_.push_back(std::move(handler)); }
  Status run() override;
  void stop() override;

  // NodeService
  boost::asio::io_context& io() override { return *io_; }
  ClientId open_client(OutcomeHandler handler) override;
  void close_client(ClientId client) override;
  Status submit(ClientId client, uint64_t tag, std::vector<Blob> transactions) override;
  SubscriptionId subscribe_blocks(BlockHandler handler) override;
  void unsubscribe_blocks(SubscriptionId subscription) override;
  NodeStatus status() const override;
  const NodeMetrics& metrics() const override;
  const Ledger& ledger() const override { return replica_->ledger(); }
  const Genesis& genesis() const override { return config_.genesis; }
  StateView committed_state() const override { return replica_->committed_state(); }
  Result<Receipt> receipt(const TxId& id) const override { return replica_->receipt(id); }
  const Store& store() const override { return *store_; }

 private:
  using Outcomes = std::vector<replica::TxOutcome>;

  Status open_links();
  Result<std::unique_ptr<replica::Replica>> open_replica(replica::Config config, const replica::DiskImage& image);
  Status open_trace();
  void close_trace();
  void last_words(const char* line);
  void start_workers();
  void begin_stop();
  void fail(Error error);

  void feed(replica::Input input);        // and process it now, unless a step is under way
  void feed_later(replica::Input input);  // from a client: its answer must not come from within its call
  void drain();
  void step(replica::Input input);
  void carry_out(replica::Effects& effects);
  void carry_out(replica::SendFrame& effect);
  void carry_out(replica::LogAppend& effect);
  void carry_out(replica::LogTrim& effect);
  void carry_out(replica::VerifyJob& effect);
  void carry_out(replica::StoreApply& effect);
  void carry_out(replica::TxOutcome& effect);
  void carry_out(replica::BlockCommitted& effect);
  void carry_out(replica::Counted& effect);
  void carry_out(replica::Note& effect);
  void carry_out(replica::Fatal& effect);
  void deliver_outcomes();
  void arm_timer();
  void on_timer();

  NodeConfig config_;
  const int64_t started_ms_;
  std::unique_ptr<boost::asio::io_context> io_;
  std::optional<boost::asio::steady_timer> timer_;
  RealVerifier verifier_;

  std::optional<storage::FolderLock> lock_;
  std::unique_ptr<storage::RocksStore> store_;
  std::unique_ptr<storage::VoteLog> log_;
  std::unique_ptr<TraceWriter> trace_;  // none: no trace
  std::optional<trace::HostTrace> host_trace_;
  const trace::TracedEngine* traced_ = nullptr;  // in the replica
  std::thread::id engine_thread_;
  std::unique_ptr<replica::Replica> replica_;
  std::unique_ptr<net::PeerLinks> links_;
  std::unique_ptr<LogWriter> log_writer_;
  std::unique_ptr<StoreWriter> store_writer_;
  std::unique_ptr<SignatureChecker> checker_;

  std::deque<replica::Input> inputs_;
  replica::Effects effects_;
  bool draining_ = false;
  bool drain_posted_ = false;
  std::optional<int64_t> armed_us_;  // when the timer will fire
  bool stopping_ = false;            // no more inputs
  std::optional<Error> failure_;
  std::vector<std::function<void()>> stop_handlers_;

  // Handlers are held by shared pointers: one that is called may remove itself.
  std::unordered_map<ClientId, std::shared_ptr<OutcomeHandler>> clients_;
  std::map<SubscriptionId, std::shared_ptr<BlockHandler>> subscriptions_;
  uint64_t next_id_ = 1;
  std::vector<std::pair<ClientId, Outcomes>> outcomes_;  // of the step under way

  mutable NodeMetrics metrics_;
  FinalitySamples finality_;
  Height flushed_ = 0;
};

}  // namespace tieline::node
