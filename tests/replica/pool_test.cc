// The pool's bounds and order, and the queue that batches signatures.

#include "replica/pool.h"

#include "replica/verify_queue.h"
#include "world.h"

namespace tieline::replica::testing {
namespace {

struct PoolFixture : ::testing::Test {
  Genesis genesis = world_genesis();
  Limits limits;
  TxPtr tx(uint64_t sequence, ParticipantId signer = 1, size_t payload = 16) {
    return make_tx(genesis, signer, sequence, payload);
  }
};
using PoolTest = PoolFixture;
using VerifyQueueTest = PoolFixture;

TEST_F(PoolTest, KeepsTheOrderInWhichTransactionsBecameReady) {
  Pool pool(limits);
  const TxPtr a = tx(1), b = tx(2), c = tx(3);
  for (const TxPtr& t : {a, b, c}) EXPECT_EQ(pool.add(t, false, std::nullopt, 0), Pool::Added::kNew);
  EXPECT_TRUE(pool.make_ready(c->id(), 10));
  EXPECT_TRUE(pool.make_ready(a->id(), 20));
  EXPECT_FALSE(pool.make_ready(a->id(), 30));
  ASSERT_EQ(pool.ready().size(), 2u);
  EXPECT_EQ(pool.ready().front().tx, c);
  EXPECT_EQ(pool.ready().back().tx, a);
  EXPECT_EQ(pool.ready_bytes(), a->bytes().size() + c->bytes().size());
  EXPECT_EQ(pool.size(), 3u);
}

TEST_F(PoolTest, RefusesWhatIsBeyondItsBoundsAndTakesAgainAfterRemoval) {
  limits.pool_transactions_max = 2;
  Pool pool(limits);
  const TxPtr a = tx(1), b = tx(2), c = tx(3);
  EXPECT_EQ(pool.add(a, true, std::nullopt, 0), Pool::Added::kNew);
  EXPECT_EQ(pool.add(b, true, std::nullopt, 0), Pool::Added::kNew);
  EXPECT_EQ(pool.add(c, true, std::nullopt, 0), Pool::Added::kFull);
  EXPECT_TRUE(pool.remove(a->id()).has_value());
  EXPECT_FALSE(pool.remove(a->id()).has_value());
  EXPECT_EQ(pool.add(c, true, std::nullopt, 0), Pool::Added::kNew);
}

TEST_F(PoolTest, InTurnsEverySignerComesWithItsLowestNumberFirst) {
  Pool pool(limits, true);
  const TxPtr a3 = tx(3, 1), a1 = tx(1, 1), a2 = tx(2, 1), b9 = tx(9, 2), c4 = tx(4, 3);
  for (const TxPtr& t : {a3, a1, b9, c4}) pool.add(t, true, std::nullopt, 0);
  pool.add(a2, false, std::nullopt, 0);
  const auto seen = [&](ParticipantId from, size_t most, ParticipantId& last) {
    std::vector<TxPtr> got;
    last = pool.by_turns(from, [&](const PoolEntry& e) {
      got.push_back(e.tx);
      return got.size() < most;
    });
    return got;
  };
  ParticipantId last = 0;
  EXPECT_EQ(seen(0, 9, last), (std::vector<TxPtr>{a1, b9, c4, a3})) << "what is not verified is not there";
  pool.make_ready(a2->id(), 1);
  EXPECT_EQ(seen(2, 2, last), (std::vector<TxPtr>{b9, c4}));
  EXPECT_EQ(last, 3u);
  EXPECT_EQ(seen(last + 1, 9, last), (std::vector<TxPtr>{a1, b9, c4, a2, a3})) << "behind the last comes the first";
  for (const TxPtr& t : {a1, b9}) pool.remove(t->id());
  EXPECT_EQ(seen(0, 9, last), (std::vector<TxPtr>{a2, c4, a3}));
}

TEST_F(PoolTest, BytesAreBounded) {
  const TxPtr big = tx(1, 1, 1'000), other = tx(2, 1, 1'000);
  limits.pool_bytes_max = big->bytes().size() + other->bytes().size() - 1;
  Pool pool(limits);
  EXPECT_EQ(pool.add(big, true, std::nullopt, 0), Pool::Added::kNew);
  EXPECT_EQ(pool.add(other, true, std::nullopt, 0), Pool::Added::kFull);
  pool.remove(big->id());
  EXPECT_EQ(pool.bytes(), 0u);
  EXPECT_EQ(pool.ready_bytes(), 0u);
  EXPECT_EQ(pool.add(other, true, std::nullopt, 0), Pool::Added::kNew);
}

TEST_F(PoolTest, OneSignerCannotFillThePool) {
  limits.pool_per_signer_max = 2;
  Pool pool(limits);
  EXPECT_EQ(pool.add(tx(1), true, std::nullopt, 0), Pool::Added::kNew);
  EXPECT_EQ(pool.add(tx(2), true, std::nullopt, 0), Pool::Added::kNew);
  EXPECT_EQ(pool.add(tx(3), true, std::nullopt, 0), Pool::Added::kSignerFull);
  EXPECT_EQ(pool.add(tx(1, 2), true, std::nullopt, 0), Pool::Added::kNew);
}

TEST_F(PoolTest, ADuplicateOnlyNotesWhoElseWaits) {
  Pool pool(limits);
  const TxPtr a = tx(1);
  EXPECT_EQ(pool.add(a, false, Origin{1, 5}, 0), Pool::Added::kNew);
  EXPECT_EQ(pool.add(a, false, Origin{2, 6}, 0), Pool::Added::kKnown);
  EXPECT_EQ(pool.add(a, false, Origin{2, 6}, 0), Pool::Added::kKnown);
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_EQ(pool.find(a->id())->origins.size(), 2u);
  for (uint64_t i = 0; i < 2 * kOriginsPerTxMax; ++i) pool.add(a, false, Origin{3, i}, 0);
  EXPECT_EQ(pool.find(a->id())->origins.size(), kOriginsPerTxMax);
  pool.forget_client(3);
  EXPECT_EQ(pool.find(a->id())->origins.size(), 2u);
}

std::vector<const VerifyJob*> jobs_of(const Effects& effects) {
  std::vector<const VerifyJob*> out;
  for (const Effect& e : effects)
    if (const auto* job = std::get_if<VerifyJob>(&e)) out.push_back(job);
  return out;
}

TEST_F(VerifyQueueTest, AnIdleVerifierGetsWorkAtOnceAndABusyOneGetsBatches) {
  limits.verify_batch_min = 3;
  limits.verify_batch_max = 4;
  Effects effects;
  Context context{limits, {}, &effects};
  VerifyQueue queue;
  const std::vector<PublicKey> key{participant_key(1).public_key()};
  queue.add(tx(1), key, false, 0);
  queue.pump(context);
  ASSERT_EQ(jobs_of(effects).size(), 1u);  // idle: one is enough
  queue.add(tx(2), key, false, 0);
  queue.add(tx(3), key, false, 0);
  queue.pump(context);
  EXPECT_EQ(jobs_of(effects).size(), 1u);  // busy, and too few
  ASSERT_TRUE(queue.deadline(limits).has_value());
  EXPECT_EQ(*queue.deadline(limits), limits.verify_wait_us);
  for (uint64_t i = 4; i < 12; ++i) queue.add(tx(i), key, false, 0);
  queue.pump(context);
  ASSERT_EQ(jobs_of(effects).size(), kVerifyJobsInFlight);  // the second is full, and no third
  EXPECT_EQ(jobs_of(effects)[1]->items.size(), 4u);
  EXPECT_FALSE(queue.deadline(limits).has_value());
  const auto done = queue.finish({jobs_of(effects)[0]->ticket, {1}});
  ASSERT_EQ(done.size(), 1u);
  EXPECT_TRUE(done[0].ok);
}

TEST_F(VerifyQueueTest, EverySignatureOfATransactionMustBeGood) {
  limits.verify_batch_max = 8;
  for (const std::vector<uint8_t>& answer : std::vector<std::vector<uint8_t>>{{1, 1}, {0, 1}, {1, 0}, {0, 0}}) {
    Effects effects;
    Context context{limits, {}, &effects};
    VerifyQueue queue;
    TransactionDraft draft;
    draft.signatories = {1, 2};
    draft.sequence = 1;
    draft.actions = {{ActionType::kData, Bytes(4, 1)}};
    queue.add(TestChain::make(draft), {participant_key(1).public_key(), participant_key(2).public_key()}, false, 0);
    queue.pump(context);
    ASSERT_EQ(jobs_of(effects).size(), 1u);
    const auto done = queue.finish({jobs_of(effects)[0]->ticket, answer});
    ASSERT_EQ(done.size(), 1u);
    EXPECT_EQ(done[0].ok, answer == std::vector<uint8_t>({1, 1}));
  }
}

TEST_F(VerifyQueueTest, WhatABlockWaitsForGoesFirstAndNothingIsCheckedTwice) {
  limits.verify_batch_max = 1;
  Effects effects;
  Context context{limits, {}, &effects};
  VerifyQueue queue;
  const std::vector<PublicKey> key{participant_key(1).public_key()};
  const TxPtr slow = tx(1), late = tx(2), urgent = tx(3);
  queue.add(slow, key, false, 0);
  queue.add(late, key, false, 0);
  queue.add(late, key, false, 0);
  queue.add(urgent, key, true, 0);
  queue.hurry(late->id());
  queue.pump(context);
  auto jobs = jobs_of(effects);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0]->items[0].digest, urgent->signed_digest());
  EXPECT_EQ(jobs[1]->items[0].digest, late->signed_digest());
  EXPECT_TRUE(queue.holds(late->id()));
  queue.finish({jobs[0]->ticket, {1}});
  queue.finish({jobs[1]->ticket, {0}});
  effects.clear();
  queue.pump(context);
  jobs = jobs_of(effects);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0]->items[0].digest, slow->signed_digest());
  EXPECT_FALSE(queue.holds(late->id()));
}

}  // namespace
}  // namespace tieline::replica::testing
