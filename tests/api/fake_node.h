#pragma once
// A validator without consensus for tests of the api: every submission becomes a block of a real ledger at once, unless
// a test says otherwise. It has the io thread that the api runs on.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "../ledger/chain.h"
#include "api/server.h"
#include "net/listen.h"
#include "node/node_service.h"

namespace tieline::testing {

// The chain's store, usable from any thread, as the node's is.
class LockedStore final : public Store {
 public:
  LockedStore(MemoryStore& store, std::mutex& mutex) : store_(store), mutex_(mutex) {}
  std::optional<Bytes> get(Column column, ByteView key) const override {
    std::lock_guard lock(mutex_);
    return store_.get(column, key);
  }
  void scan(Column column, ByteView from, ByteView to, bool descending,
            const std::function<bool(ByteView, ByteView)>& visit) const override {
    std::lock_guard lock(mutex_);
    store_.scan(column, from, to, descending, visit);
  }
  void apply(const StoreBatch& batch) override {
    std::lock_guard lock(mutex_);
    store_.apply(batch);
  }
  std::shared_ptr<const StoreReader> snapshot() const override {
    std::lock_guard lock(mutex_);
    return store_.snapshot();
  }

 private:
  MemoryStore& store_;
  std::mutex& mutex_;
};

class FakeNode final : public node::NodeService {
 public:
  enum class Mode { kCommit, kRefuse, kSilent };

  explicit FakeNode(const Genesis& genesis = test_genesis(), ValidatorId self = 0)
      : self_(self), chain(genesis), store_(chain.store, store_mutex_), guard_(boost::asio::make_work_guard(io_)) {
    thread_ = std::thread([this] { io_.run(); });
  }
  ~FakeNode() override {
    stop_server();
    guard_.reset();
    io_.stop();
    thread_.join();
  }

  // Runs `work` on the io thread and waits for it.
  template <class F>
  auto on_io(F work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto future = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return future.get();
  }
  Status serve(api::ServerConfig config) {
    return on_io([&]() -> Status {
      auto opened = api::Server::open(*this, std::move(config));
      if (!opened) return opened.error();
      server_ = *std::move(opened);
      return {};
    });
  }
  uint16_t port() const { return server_->port(); }
  void stop_server() {
    on_io([this] {
      server_.reset();
      return true;
    });
  }
  void commit(std::vector<TxPtr> txs) {
    on_io([&] {
      for (const TxPtr& tx : txs) seen_.insert(tx->id());
      commit_here(std::move(txs));
      return true;
    });
  }

  boost::asio::io_context& io() override { return io_; }
  node::ClientId open_client(node::OutcomeHandler handler) override {
    clients_[++next_id_] = std::move(handler);
    return next_id_;
  }
  void close_client(node::ClientId client) override { clients_.erase(client); }
  Status submit(node::ClientId client, uint64_t tag, std::vector<Blob> transactions) override {
    if (overloaded) return Error{"overloaded", "try again"};
    submitted += transactions.size();
    boost::asio::post(io_,
                      [this, client, tag, transactions = std::move(transactions)] { work(client, tag, transactions); });
    return {};
  }
  node::SubscriptionId subscribe_blocks(node::BlockHandler handler) override {
    blocks_[++next_id_] = std::move(handler);
    return next_id_;
  }
  void unsubscribe_blocks(node::SubscriptionId subscription) override { blocks_.erase(subscription); }
  node::NodeStatus status() const override {
    node::NodeStatus out;
    out.name = "validator-" + std::to_string(self_);
    out.self = self_;
    out.replica.engine.view = 3;
    out.replica.engine.primary = ValidatorId{2};
    out.replica.applied = chain.tip.height;
    out.replica.connected = connected;
    out.replica.told = told;
    out.finality_p50_ms = 4.5;
    out.finality_p99_ms = 9.5;
    return out;
  }
  const node::NodeMetrics& metrics() const override { return metrics_; }
  const Ledger& ledger() const override { return chain.ledger; }
  const Genesis& genesis() const override { return chain.ledger.genesis(); }
  StateView committed_state() const override { return chain.view(); }
  Result<Receipt> receipt(const TxId& id) const override {
    const auto place = find_tx(store_, id);
    if (!place) return Error{"not_found", "no such transaction"};
    auto block = stored_block(store_, place->height);
    if (!block) return block.error();
    Receipt out;
    out.chain = chain.ledger.chain();
    const ByteView bytes = block->block->txs[place->index]->bytes().view();
    out.transaction.assign(bytes.begin(), bytes.end());
    out.index = place->index;
    out.result = block->results[place->index];
    out.header = block->block->header;
    return out;
  }
  const Store& store() const override { return store_; }

  // Only the io thread may touch what follows while the server runs.
  Mode mode = Mode::kCommit;
  uint16_t refusal = 0;
  bool overloaded = false;
  std::atomic<size_t> submitted{0};
  std::vector<ValidatorId> connected{1, 2, 3};
  std::vector<std::pair<ValidatorId, Height>> told;

 private:
  void work(node::ClientId client, uint64_t tag, const std::vector<Blob>& transactions) {
    if (mode == Mode::kSilent) return;
    std::vector<replica::TxOutcome> outcomes;
    std::vector<TxPtr> good;
    for (size_t i = 0; i < transactions.size(); ++i) {
      replica::TxOutcome outcome;
      outcome.client = client;
      outcome.tag = tag + i;
      auto tx = Transaction::parse(transactions[i]);
      if (mode == Mode::kRefuse)
        outcome.code = refusal;
      else if (!tx)
        outcome.code = number(TxCode::malformed);
      else if (!seen_.insert((*tx)->id()).second)
        outcome.code = number(TxCode::duplicate);
      else {
        outcome.id = (*tx)->id();
        outcome.committed = true;
        outcome.height = chain.tip.height + 1;
        outcome.index = static_cast<uint32_t>(good.size());
        good.push_back(*tx);
      }
      outcomes.push_back(outcome);
    }
    if (!good.empty()) {
      const auto codes = commit_here(good);
      size_t next = 0;
      for (auto& outcome : outcomes)
        if (outcome.committed) outcome.code = number(codes[next++]);
    }
    auto handler = clients_.find(client);
    if (handler != clients_.end()) node::OutcomeHandler(handler->second)(outcomes);
  }
  std::vector<TxCode> commit_here(std::vector<TxPtr> txs) {
    replica::BlockCommitted committed;
    auto block = std::make_shared<Block>();
    std::vector<TxCode> codes;
    {
      std::lock_guard lock(store_mutex_);
      block->txs = txs;
      codes = chain.add(std::move(txs));
      block->header = chain.tip;
      block->digest = chain.tip.digest();
    }
    committed.block = block;
    committed.execution = std::make_shared<Execution>(chain.last);
    CommitProof proof;
    proof.certificate.height = chain.tip.height;
    proof.certificate.slot = {chain.tip.epoch, 3, 0};
    for (size_t p : {0u, 1u, 3u}) proof.certificate.signers.insert(p);
    committed.proof = std::make_shared<CommitProof>(proof);
    for (const auto& [id, handler] : blocks_) handler(committed);
    return codes;
  }

  ValidatorId self_;

 public:
  TestChain chain;

 private:
  mutable std::mutex store_mutex_;
  LockedStore store_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::unique_ptr<api::Server> server_;
  std::map<node::ClientId, node::OutcomeHandler> clients_;
  std::map<node::SubscriptionId, node::BlockHandler> blocks_;
  std::set<TxId> seen_;
  uint64_t next_id_ = 0;
  node::NodeMetrics metrics_;
  std::thread thread_;
};

inline net::TlsIdentity identity_for_tests() {
  const int64_t now = std::time(nullptr);
  static const net::TlsIdentity identity = *net::make_identity("validator-0", now - 60, now + 3600);
  return identity;
}

inline api::ServerConfig loopback_config() {
  api::ServerConfig config;
  config.listen = "127.0.0.1:0";
  config.identity = identity_for_tests();
  return config;
}

}  // namespace tieline::testing
