// Whole validators, four in one process, over loopback with TLS and their disks: they agree, survive a stop, and refuse
// to start where they must not.
#include "node/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "network_folder.h"
#include "trace/check.h"

namespace tieline::node {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);
constexpr auto kLook = std::chrono::milliseconds(20);

// One validator and the thread it runs on.
class Running {
 public:
  explicit Running(NodeConfig config) {
    auto node = Node::open(std::move(config));
    EXPECT_TRUE(node.ok()) << node.error().why;
    node_ = std::move(*node);
    thread_ = std::thread([this] { result_ = node_->run(); });
  }
  ~Running() { EXPECT_TRUE(stop().ok()); }
  Status stop() {
    if (thread_.joinable()) {
      node_->stop();
      thread_.join();
    }
    return result_;
  }
  NodeService& service() { return node_->service(); }
  // Runs `work` on the node's thread and waits for what it returns.
  template <class Work>
  auto on_thread(Work work) -> decltype(work(std::declval<NodeService&>())) {
    std::promise<decltype(work(std::declval<NodeService&>()))> promise;
    boost::asio::post(service().io(), [&] { promise.set_value(work(service())); });
    return promise.get_future().get();
  }
  NodeStatus status() {
    return on_thread([](NodeService& s) { return s.status(); });
  }

 private:
  std::unique_ptr<Node> node_;
  std::thread thread_;
  Status result_;
};

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(kLook);
  }
  return false;
}

class NodeTest : public ::testing::Test {
 protected:
  void start(size_t i) { nodes_[i] = std::make_unique<Running>(net_.config(i)); }
  void start_all() {
    for (size_t i = 0; i < 4; ++i) start(i);
  }
  Blob transaction(uint64_t sequence) {
    TransactionDraft draft;
    draft.chain = net_.genesis().chain_id();
    draft.signatories = {1};
    draft.sequence = sequence;
    draft.timestamp_ms = wall_ms();
    draft.expiry_height = 10'000;
    draft.actions.push_back({ActionType::kData, Bytes{1, 2, 3}});
    const Signer* key = &net_.participant();
    return Blob(build_transaction(draft, std::span(&key, 1)));
  }
  // Submits to one validator and waits until each has its outcome; the outcomes, in order of their tags.
  std::vector<replica::TxOutcome> submit(size_t to, uint64_t first, uint64_t count) {
    struct Waiting {
      std::mutex mutex;
      std::vector<replica::TxOutcome> outcomes;
    };
    auto waiting = std::make_shared<Waiting>();
    std::vector<Blob> transactions;
    for (uint64_t i = 0; i < count; ++i) transactions.push_back(transaction(first + i));
    const ClientId client = nodes_[to]->on_thread([&](NodeService& s) {
      const ClientId id = s.open_client([waiting](const std::vector<replica::TxOutcome>& outcomes) {
        std::lock_guard lock(waiting->mutex);
        waiting->outcomes.insert(waiting->outcomes.end(), outcomes.begin(), outcomes.end());
      });
      EXPECT_TRUE(s.submit(id, 100, std::move(transactions)).ok());
      return id;
    });
    EXPECT_TRUE(eventually([&] {
      std::lock_guard lock(waiting->mutex);
      return waiting->outcomes.size() == count;
    }));
    nodes_[to]->on_thread([&](NodeService& s) {
      s.close_client(client);
      return 0;
    });
    std::lock_guard lock(waiting->mutex);
    std::sort(waiting->outcomes.begin(), waiting->outcomes.end(),
              [](const auto& a, const auto& b) { return a.tag < b.tag; });
    return waiting->outcomes;
  }
  Height height(size_t i) { return nodes_[i]->status().replica.applied; }

  NetworkFolder net_;
  std::unique_ptr<Running> nodes_[4];
};

TEST_F(NodeTest, FourValidatorsAgreeAndTheClientGetsReceipts) {
  start_all();
  const auto outcomes = submit(0, 1, 200);
  ASSERT_EQ(outcomes.size(), 200u);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].tag, 100 + i);
    EXPECT_TRUE(outcomes[i].committed);
    EXPECT_EQ(outcomes[i].code, 0);
  }
  const Height top = outcomes.back().height;
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(eventually([&] { return height(i) >= top; })) << i;
    auto receipt = nodes_[i]->on_thread([&](NodeService& s) { return s.receipt(outcomes[7].id); });
    // Behind the commit by the time that the store takes.
    EXPECT_TRUE(eventually([&] {
      receipt = nodes_[i]->on_thread([&](NodeService& s) { return s.receipt(outcomes[7].id); });
      return receipt.ok();
    })) << (receipt.ok() ? "" : receipt.error().why);
    const auto facts = verify_receipt(encoded(*receipt), net_.genesis(), RealVerifier());
    ASSERT_TRUE(facts.ok()) << facts.error().why;
    EXPECT_EQ(facts->txid, outcomes[7].id);
  }
  // A block that came by catch-up has no time of its proposal: more blocks, until one was seen to be proposed.
  uint64_t sent = 200;
  const auto metrics_now = [&] { return nodes_[0]->on_thread([](NodeService& s) { return s.metrics(); }); };
  EXPECT_TRUE(eventually([&] {
    submit(0, ++sent, 1);
    return metrics_now().finality_us.total() > 0;
  }));
  const auto metrics = metrics_now();
  EXPECT_EQ(metrics.transactions, sent);
  EXPECT_GE(metrics.verified, sent);
  EXPECT_GT(metrics.log_syncs, 0u);
  EXPECT_EQ(metrics.fsync_us.total(), metrics.log_syncs);
}

TEST_F(NodeTest, BlocksAreToldInOrderUntilOneUnsubscribes) {
  start_all();
  auto heights = std::make_shared<std::vector<Height>>();
  const SubscriptionId id = nodes_[1]->on_thread([&](NodeService& s) {
    return s.subscribe_blocks(
        [heights](const replica::BlockCommitted& b) { heights->push_back(b.block->header.height); });
  });
  submit(0, 1, 50);
  submit(0, 51, 50);
  EXPECT_TRUE(eventually([&] { return height(1) >= 2; }));
  const auto seen = nodes_[1]->on_thread([&](NodeService& s) {
    s.unsubscribe_blocks(id);
    return *heights;
  });
  ASSERT_GE(seen.size(), 2u);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 1);
  submit(0, 101, 10);
  EXPECT_TRUE(eventually([&] { return height(1) > seen.size(); }));
  EXPECT_EQ(nodes_[1]->on_thread([&](NodeService&) { return heights->size(); }), seen.size());
}

TEST_F(NodeTest, AStoppedValidatorComesBackWhereItWasAndCatchesUp) {
  start_all();
  submit(0, 1, 100);
  ASSERT_TRUE(eventually([&] { return height(3) >= 1; }));
  const Height before = height(3);
  EXPECT_TRUE(nodes_[3]->stop().ok());
  nodes_[3].reset();
  submit(0, 101, 100);
  const Height top = height(0);
  EXPECT_GT(top, before);
  start(3);
  EXPECT_GE(height(3), before);
  EXPECT_TRUE(eventually([&] { return height(3) >= top; }));
  EXPECT_FALSE(nodes_[3]->status().replica.engine.rejoining);
}

TEST_F(NodeTest, AllStoppedAtOnceGoOnTogether) {
  start_all();
  submit(0, 1, 100);
  const Height top = height(0);
  for (auto& node : nodes_) EXPECT_TRUE(node->stop().ok());
  for (auto& node : nodes_) node.reset();
  start_all();
  EXPECT_GE(height(0), top);
  const auto again = submit(1, 1, 1);  // a replay, over the restart
  EXPECT_FALSE(again[0].committed && again[0].code == 0);
  const auto outcomes = submit(2, 101, 50);
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.code, 0);
}

TEST_F(NodeTest, AWipedValidatorRejoinsAndOneThatNeverVotedDoesNot) {
  start_all();
  EXPECT_FALSE(nodes_[2]->status().replica.engine.rejoining);
  submit(0, 1, 50);
  EXPECT_TRUE(nodes_[2]->stop().ok());
  nodes_[2].reset();
  std::filesystem::remove_all(net_.folder(2) / "data");
  start(2);
  EXPECT_TRUE(nodes_[2]->status().replica.engine.rejoining);
  submit(0, 51, 50);
  EXPECT_TRUE(eventually([&] { return height(2) >= height(0); }));
}

TEST_F(NodeTest, TwoOnOneFolderAndAPortInUseAreRefusedByName) {
  start(0);
  auto second = Node::open(net_.config(0));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "folder_in_use");
  EXPECT_THAT(second.error().why, ::testing::HasSubstr((net_.folder(0) / "data").string()));

  NodeConfig other = net_.config(1);
  other.settings.links_listen = net_.genesis().validators[0].address;
  auto third = Node::open(std::move(other));
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, "port_in_use");
  // And nothing was left behind by the attempt that would keep it from starting.
  start(1);
}

TEST_F(NodeTest, AStoreOfAnotherChainIsRefused) {
  start(0);
  ASSERT_TRUE(eventually([&] { return applied_tip(nodes_[0]->service().store()).has_value(); }));
  EXPECT_TRUE(nodes_[0]->stop().ok());
  nodes_[0].reset();
  net_.genesis().time_ms += 1;
  net_.write_genesis();
  auto node = Node::open(net_.config(0));
  ASSERT_FALSE(node.ok());
  EXPECT_EQ(node.error().code, "wrong_chain");
}

// What a whole network wrote of itself holds, and a trace that ends for want of room ends alone.
TEST_F(NodeTest, TracesOfFourValidatorsHoldAndOneWithoutRoomStopsNobody) {
  for (size_t i = 0; i < 4; ++i) {
    NodeConfig config = net_.config(i);
    config.settings.trace_file = net_.root() / (std::to_string(i) + ".trace");
    if (i == 3) config.settings.trace_bytes_max = 4'000;
    nodes_[i] = std::make_unique<Running>(std::move(config));
  }
  submit(0, 1, 100);
  submit(1, 101, 100);
  EXPECT_TRUE(eventually([&] {
    return nodes_[3]->on_thread([](NodeService& s) { return s.metrics().counted.contains("trace_ended_trace_size"); });
  }));
  EXPECT_GT(nodes_[0]->on_thread([](NodeService& s) { return s.metrics().counted.at("trace_bytes"); }), 1'000u);
  const Height top = height(0);
  EXPECT_TRUE(eventually([&] { return height(3) >= top; }));
  for (auto& node : nodes_) EXPECT_TRUE(node->stop().ok());
  trace::NetworkFacts facts;
  for (size_t i = 0; i < 4; ++i) {
    const Bytes bytes = storage::read_whole(net_.root() / (std::to_string(i) + ".trace")).value();
    trace::FrameReader frames(trace::read_from(bytes));
    trace::CheckOptions options;
    options.genesis = &net_.genesis();
    auto summary = trace::check_trace(frames, facts, RealVerifier(), "validator " + std::to_string(i), options);
    ASSERT_TRUE(summary.ok());
    EXPECT_FALSE(summary->finding) << i << ": " << summary->finding->code << ": " << summary->finding->what;
    EXPECT_EQ(summary->ended, i == 3 ? "trace_size" : "stopped");
    if (i < 3) {
      EXPECT_GE(summary->height, top);
    }
  }
  EXPECT_GT(facts.committed.size(), top);
}

TEST_F(NodeTest, SubmissionsToAStoppedNodeAreRefused) {
  start(0);
  auto& service = nodes_[0]->service();
  const ClientId client =
      nodes_[0]->on_thread([](NodeService& s) { return s.open_client([](const std::vector<replica::TxOutcome>&) {}); });
  EXPECT_TRUE(nodes_[0]->stop().ok());
  const Status status = service.submit(client, 0, {transaction(1)});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "stopping");
}

}  // namespace
}  // namespace tieline::node
