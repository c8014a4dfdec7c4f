// Links: frames in order, loss as delay, sessions that end.

#include "sim/network.h"

#include <gtest/gtest.h>

namespace tieline::sim {
namespace {

TEST(Network, DeliversTheFramesOfALinkInOrder) {
  Network net(2, LatencyModel::kHeavyTail, 12'500, 1);
  ASSERT_TRUE(net.open(0, 1, 0));
  net.faults(0, 1).loss_ppm = 300'000;
  net.faults(0, 1).jitter_factor = 8;
  int64_t last = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto arrival = net.send(0, 1, 100, false, i * 100);
    ASSERT_GE(arrival.time_us, last);
    ASSERT_GT(arrival.time_us, i * 100);
    last = arrival.time_us;
  }
  EXPECT_GT(net.counts().lost, 0u);
  EXPECT_GT(net.counts().reordered, 0u);
}

TEST(Network, LetsConsensusFramesPassBulkOnes) {
  Network net(2, LatencyModel::kLocal, 200, 2);
  ASSERT_TRUE(net.open(0, 1, 0));
  bool passed = false;
  for (int i = 0; i < 200; ++i) {
    const auto bulk = net.send(0, 1, 100, true, i * 10'000);
    const auto vote = net.send(0, 1, 100, false, i * 10'000);
    passed |= vote.time_us < bulk.time_us;
  }
  EXPECT_TRUE(passed);
}

TEST(Network, ABigFrameTakesAsLongAsItsBytes) {
  Network net(2, LatencyModel::kLocal, 200, 3);
  ASSERT_TRUE(net.open(0, 1, 0));
  EXPECT_GE(net.send(0, 1, 20'000, false, 0).time_us, 100'000);
}

TEST(Network, ANewSessionHasANewGeneration) {
  Network net(3, LatencyModel::kLocal, 200, 4);
  ASSERT_TRUE(net.open(2, 1, 0));
  EXPECT_FALSE(net.open(1, 2, 0));
  const uint32_t generation = net.generation(1, 2);
  EXPECT_TRUE(net.close(1, 2));
  EXPECT_FALSE(net.close(2, 1));
  ASSERT_TRUE(net.open(1, 2, 5));
  EXPECT_NE(net.generation(2, 1), generation);
}

TEST(Network, OverlappingPartitionsEndWithTheLastOfThem) {
  Network net(2, LatencyModel::kLocal, 200, 5);
  net.block(0, 1, 1);
  net.block(0, 1, 1);
  net.block(0, 1, -1);
  EXPECT_TRUE(net.blocked(0, 1));
  EXPECT_FALSE(net.blocked(1, 0));
  net.block(0, 1, -1);
  EXPECT_FALSE(net.blocked(0, 1));
}

}  // namespace
}  // namespace tieline::sim
