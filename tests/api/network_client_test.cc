#include "api/network_client.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "../free_port.h"
#include "fake_node.h"

namespace tieline::testing {
namespace {

// Four validators that do not agree on anything: enough to see whom the client asks.
class NetworkClients : public ::testing::Test {
 protected:
  void SetUp() override {
    genesis_ = test_genesis();
    const Hash pin = *net::certificate_pin(identity_for_tests().certificate);
    for (auto& validator : genesis_.validators) {
      validator.http = "127.0.0.1:" + std::to_string(free_port());
      validator.tls_pin = pin;
    }
    for (size_t i = 0; i < 4; ++i) {
      nodes_.push_back(std::make_unique<FakeNode>(genesis_, static_cast<ValidatorId>(i)));
      api::ServerConfig config = loopback_config();
      config.listen = genesis_.validators[i].http;
      const Status served = nodes_[i]->serve(config);
      ASSERT_TRUE(served.ok()) << (served.ok() ? "" : served.error().why);
    }
    options_.patience_ms = 2'000;  // enough for a handshake on a busy machine
    options_.give_up_ms = 30'000;
  }
  void open() {
    auto opened = api::NetworkClient::open(genesis_, options_);
    ASSERT_TRUE(opened.ok());
    client_ = *std::move(opened);
  }
  std::vector<Blob> batch(uint64_t first, size_t n) {
    return nodes_[0]->on_io([&] {
      std::vector<Blob> out;
      for (size_t i = 0; i < n; ++i) out.push_back(nodes_[0]->chain.data(kUser, first + i)->bytes());
      return out;
    });
  }
  void set(size_t i, FakeNode::Mode mode, TxCode code = TxCode::ok) {
    nodes_[i]->on_io([&] {
      nodes_[i]->mode = mode;
      nodes_[i]->refusal = number(code);
      return true;
    });
  }

  Genesis genesis_;
  std::vector<std::unique_ptr<FakeNode>> nodes_;
  api::NetworkOptions options_;
  std::unique_ptr<api::NetworkClient> client_;
};

TEST_F(NetworkClients, OneValidatorIsAskedWhenItAnswers) {
  open();
  auto outcomes = client_->submit_and_wait(batch(1, 20));
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().why;
  std::set<std::pair<Height, uint32_t>> places;  // how many batches they go in, and so how many blocks, is timing
  for (const auto& outcome : *outcomes) {
    EXPECT_TRUE(outcome.committed);
    places.emplace(outcome.height, outcome.index);
  }
  EXPECT_EQ(places.size(), 20u) << "each its own";
  EXPECT_TRUE(std::is_sorted(outcomes->begin(), outcomes->end(), [](const auto& a, const auto& b) {
    return std::pair(a.height, a.index) < std::pair(b.height, b.index);
  })) << "in the order given";
  EXPECT_EQ(nodes_[0]->submitted, 20u);
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(nodes_[i]->submitted, 0u);
  EXPECT_TRUE(client_->receipt((*outcomes)[3].id).ok());
}

TEST_F(NetworkClients, AValidatorThatKeepsSilentCannotCensor) {
  set(0, FakeNode::Mode::kSilent);
  open();
  auto outcomes = client_->submit_and_wait(batch(1, 20));
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().why;
  for (const auto& outcome : *outcomes) EXPECT_TRUE(outcome.committed);
  EXPECT_TRUE(client_->receipt((*outcomes)[0].id).ok()) << "another one is asked for what the first does not have";
}

TEST_F(NetworkClients, OneValidatorsRefusalIsNotEnough) {
  set(0, FakeNode::Mode::kRefuse, TxCode::unknown_signer);
  open();
  auto outcomes = client_->submit_and_wait(batch(1, 5));
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().why;
  for (const auto& outcome : *outcomes) EXPECT_TRUE(outcome.committed);
}

TEST_F(NetworkClients, WhatMoreThanFRefuseIsRefused) {
  for (size_t i = 0; i < 4; ++i) set(i, FakeNode::Mode::kRefuse, TxCode::bad_signature);
  open();
  auto outcomes = client_->submit_and_wait(batch(1, 5));
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().why;
  for (const auto& outcome : *outcomes) {
    EXPECT_FALSE(outcome.committed);
    EXPECT_EQ(outcome.code, number(TxCode::bad_signature));
  }
}

TEST_F(NetworkClients, AValidatorThatIsDownIsPassedOver) {
  nodes_[0]->stop_server();
  open();
  auto outcomes = client_->submit_and_wait(batch(1, 5));
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().why;
  EXPECT_TRUE(client_->get("/v1/status").ok());
}

TEST_F(NetworkClients, WhatABrokenStreamHeldGoesElsewhere) {
  set(0, FakeNode::Mode::kSilent);
  options_.patience_ms = 60'000;
  options_.give_up_ms = 20'000;
  open();
  ASSERT_TRUE(client_->submit(batch(1, 5), nullptr).ok());
  while (nodes_[0]->submitted < 5) std::this_thread::yield();
  nodes_[0]->stop_server();
  EXPECT_TRUE(client_->drain().ok());
}

TEST_F(NetworkClients, AFullPoolIsTriedAgain) {
  set(0, FakeNode::Mode::kRefuse, TxCode::pool_full);
  options_.patience_ms = 60'000;
  options_.give_up_ms = 20'000;
  open();
  ASSERT_TRUE(client_->submit(batch(1, 5), nullptr).ok());
  while (nodes_[0]->submitted < 15) std::this_thread::yield();
  set(0, FakeNode::Mode::kCommit);
  EXPECT_TRUE(client_->drain().ok());
}

TEST_F(NetworkClients, SubmittingAgainFindsWhatIsRecorded) {
  const std::vector<Blob> same = batch(1, 5);
  for (auto& node : nodes_) {
    std::vector<TxPtr> txs;
    for (const Blob& bytes : same) txs.push_back(*Transaction::parse(bytes));
    node->commit(std::move(txs));
  }
  open();
  auto again = client_->submit_and_wait(same);
  ASSERT_TRUE(again.ok()) << again.error().why;
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_TRUE((*again)[i].committed);
    EXPECT_EQ((*again)[i].height, 1u);
    EXPECT_EQ((*again)[i].index, i);
  }
}

TEST_F(NetworkClients, NoValidatorAtAllIsSaidSoon) {
  for (auto& node : nodes_) node->stop_server();
  options_.give_up_ms = 60'000;
  open();
  auto outcomes = client_->submit_and_wait(batch(1, 5));
  ASSERT_FALSE(outcomes.ok());
  EXPECT_EQ(outcomes.error().code, "no_validator");
  EXPECT_EQ(client_->get("/v1/status").error().code, "no_validator");
}

}  // namespace
}  // namespace tieline::testing
