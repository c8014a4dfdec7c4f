#include "paper/world.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "consensus/engine.h"
#include "sim/schedule.h"

namespace tieline::paper {
namespace {

WorldOptions small() {
  WorldOptions o;
  o.blocks = 40;
  o.seed = 1;
  return o;
}

TEST(MeasuringWorld, CommitsFullBlocksAndCountsThem) {
  const Measured m = measure(small());
  ASSERT_TRUE(m.reached) << m.what;
  EXPECT_FALSE(m.fork);
  EXPECT_EQ(m.height, 40u);
  EXPECT_EQ(m.consensus_us.size(), 40u);
  EXPECT_GT(m.valid_transactions, 20u * 30u);
  EXPECT_LE(m.valid_transactions, 20u * 40u);
  EXPECT_GT(m.milli_tps(), 0);
  // A block needs at least a PROPOSE and a CONFIRM on the way, of a millisecond each.
  for (const int64_t us : m.consensus_us) EXPECT_GT(us, 1'000);
}

TEST(MeasuringWorld, TheSameOptionsGiveTheSameNumbers) {
  const Measured a = measure(small());
  const Measured b = measure(small());
  EXPECT_EQ(a.last_commit_us, b.last_commit_us);
  EXPECT_EQ(a.consensus_us, b.consensus_us);
  EXPECT_EQ(a.client_us, b.client_us);
  WorldOptions other = small();
  other.seed = 2;
  EXPECT_NE(measure(other).last_commit_us, a.last_commit_us);
}

TEST(MeasuringWorld, ChargesForWork) {
  WorldOptions dear = small();
  dear.costs.verify_ns *= 20;
  EXPECT_GT(measure(dear).last_commit_us, measure(small()).last_commit_us);
  WorldOptions slow_disk = small();
  slow_disk.costs.sync_ns += 5'000'000;
  EXPECT_GT(measure(slow_disk).last_commit_us, measure(small()).last_commit_us + 40 * 5'000);
  WorldOptions thin = small();
  thin.link_bits_per_s = 1'000'000;
  EXPECT_GT(measure(thin).last_commit_us, measure(small()).last_commit_us);
}

TEST(MeasuringWorld, ABlockOfCbftCostsNTimesNMinusOneMessages) {
  for (const size_t n : {4u, 7u, 10u}) {
    WorldOptions o = small();
    o.validators = n;
    o.count_from = 10;
    o.count_to = 29;
    const Measured m = measure(o);
    ASSERT_TRUE(m.reached) << m.what;
    uint64_t messages = 0;
    for (const auto& [name, count] : m.agreement) messages += count.messages;
    EXPECT_EQ(messages, 20u * n * (n - 1)) << n;
  }
}

TEST(MeasuringWorld, WithoutTheFastPathACommitTakesTwoRounds) {
  WorldOptions o = small();
  o.latency = sim::LatencyModel::kNormal20;
  const Measured fast = measure(o);
  o.fast_path = false;
  const Measured slow = measure(o);
  ASSERT_TRUE(fast.reached && slow.reached) << fast.what << slow.what;
  const auto least = [](const Measured& m) { return *std::min_element(m.everyone_us.begin(), m.everyone_us.end()); };
  EXPECT_GT(least(slow), least(fast) + 20'000);  // two delays of 20 ms more, on the whole
}

TEST(MeasuringWorld, ABlockOfPbftCostsTwiceThat) {
  if (!consensus::engine_is_built(EngineKind::kPbft)) GTEST_SKIP() << "no pbft in this build";
  for (const size_t n : {4u, 7u}) {
    WorldOptions o = small();
    o.engine = EngineKind::kPbft;
    o.validators = n;
    o.count_from = 10;
    o.count_to = 29;
    const Measured m = measure(o);
    ASSERT_TRUE(m.reached) << m.what;
    uint64_t messages = 0;
    for (const auto& [name, count] : m.agreement) messages += count.messages;
    EXPECT_EQ(messages, 20u * 2 * n * (n - 1)) << n;
  }
}

TEST(MeasuringWorld, PbftMovesItsPrimaryWithTheEpochAndBearsWhatCbftBears) {
  if (!consensus::engine_is_built(EngineKind::kPbft)) GTEST_SKIP() << "no pbft in this build";
  sim::catch_broken_invariants();
  WorldOptions o = small();
  o.engine = EngineKind::kPbft;
  o.tenure_by_epoch = true;
  o.limit_us = 60'000'000;
  o.bad = 1;
  o.bad_percent = 100;
  const Measured bad = measure(o);
  EXPECT_TRUE(bad.reached) << bad.what;
  EXPECT_GT(bad.bad_tenures, 0u);
  o.bad.reset();
  o.silent = {2};
  EXPECT_TRUE(measure(o).reached);
  o.silent = {2, 3};
  EXPECT_FALSE(measure(o).reached);
  o.silent = {};
  o.tenure_slots = 5;
  o.coalition = {0};
  const Measured one = measure(o);
  EXPECT_TRUE(one.reached) << one.what;
  EXPECT_FALSE(one.fork);
  o.coalition = {0, 1};
  EXPECT_TRUE(measure(o).fork);
}

TEST(MeasuringWorld, ABadPrimaryCostsThroughput) {
  WorldOptions good = small();
  good.blocks = 200;
  good.bad = 1;
  WorldOptions bad = good;
  bad.bad_percent = 100;
  const Measured a = measure(good);
  const Measured b = measure(bad);
  ASSERT_TRUE(a.reached && b.reached) << b.what;
  EXPECT_EQ(a.bad_tenures, 0u);
  EXPECT_GT(b.bad_tenures, 0u);
  EXPECT_LT(b.milli_tps(), a.milli_tps());
}

TEST(MeasuringWorld, FSilentAreBorneAndOneMoreIsNot) {
  WorldOptions o = small();
  o.blocks = 20;
  o.limit_us = 60'000'000;
  o.silent = {2};
  EXPECT_TRUE(measure(o).reached);
  o.silent = {2, 3};
  const Measured stalled = measure(o);
  EXPECT_FALSE(stalled.reached);
  EXPECT_FALSE(stalled.fork);
}

TEST(MeasuringWorld, TwoOfFourThatEquivocateForkAndOneDoesNot) {
  sim::catch_broken_invariants();
  WorldOptions o = small();
  o.limit_us = 60'000'000;
  o.tenure_slots = 5;
  o.coalition = {0};
  const Measured one = measure(o);
  EXPECT_TRUE(one.reached) << one.what;
  EXPECT_FALSE(one.fork);
  o.coalition = {0, 1};
  EXPECT_TRUE(measure(o).fork);
}

}  // namespace
}  // namespace tieline::paper
