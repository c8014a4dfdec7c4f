#include "energy/benefit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr Height kParent = 10'000;
const BenefitParams kParams{.lifetime = 1'000};
constexpr uint64_t kFresh = kParent + 1'000;  // expiry of a transaction that was sent just now

Hash hash_of(uint64_t n) {
  Hash h;
  for (size_t i = 0; i < 8; ++i) h.bytes[i] = static_cast<uint8_t>(n >> (8 * i));
  return h;
}

TxSummary tx(uint64_t id, OrgId org, uint64_t value, uint32_t bytes = 1'000) {
  TxSummary t;
  t.id = hash_of(id);
  t.org = org;
  t.signer = org;
  t.sequence = id;
  t.bytes = bytes;
  t.value = value;
  t.trust = kQ16;
  t.expiry = kFresh;
  return t;
}

std::vector<size_t> order(const std::vector<TxSummary>& txs, uint64_t parent = 1) {
  return block_order(txs, hash_of(parent), kParent, kParams);
}

int64_t points(int64_t n) { return n * static_cast<int64_t>(kQ16); }

TEST(Benefit, NominalWorthIsOnePointAndMoneyBuysAtMostThirtyOne) {
  EXPECT_EQ(score_of(tx(1, 1, 100'000), kParent, kParams), points(1));
  EXPECT_EQ(score_of(tx(1, 1, 250'000), kParent, kParams), points(5) / 2);
  EXPECT_EQ(score_of(tx(1, 1, UINT64_MAX), kParent, kParams), points(kPointsMax));
  EXPECT_EQ(score_of(tx(1, 1, 200'000, 2'000), kParent, kParams), points(1)) << "it is benefit per byte";
}

TEST(Benefit, WhatIsNotTrustedCountsAgainstItUnlessMarginCoversIt) {
  TxSummary t = tx(1, 1, 400'000);
  t.trust = kQ16 / 4;
  EXPECT_EQ(score_of(t, kParent, kParams), points(1) - points(3));
  t.margin = 300'000;
  EXPECT_EQ(score_of(t, kParent, kParams), points(1) - points(3) / 4);
  t.margin = 500'000;
  EXPECT_EQ(score_of(t, kParent, kParams), points(1));
  t.trust = 0;
  t.margin = 0;
  t.value = UINT64_MAX;
  EXPECT_EQ(score_of(t, kParent, kParams), points(kPointsMin));
}

TEST(Benefit, AgeIsAPointABlockAndFromTheLastOnNothingElseCounts) {
  TxSummary t = tx(1, 1, 100'000);
  t.expiry = kFresh - 10;
  EXPECT_EQ(score_of(t, kParent, kParams), points(11));
  t.expiry = kFresh + 10;
  EXPECT_EQ(score_of(t, kParent, kParams), points(1)) << "who states a later expiry is not younger than new";
  t.expiry = kFresh - 63;
  EXPECT_EQ(score_of(t, kParent, kParams), points(64));
  t.expiry = kFresh - 64;
  t.trust = 0;
  t.value = UINT64_MAX;
  EXPECT_EQ(score_of(t, kParent, kParams), points(64));
  t.expiry = 0;
  EXPECT_EQ(score_of(t, kParent, kParams), points(64));
}

TEST(Benefit, TheMoreUsefulComesFirstAndASignersSequenceIsKept) {
  std::vector<TxSummary> txs = {tx(1, 1, 100'000), tx(2, 2, 300'000), tx(3, 3, 200'000)};
  EXPECT_EQ(order(txs), (std::vector<size_t>{1, 2, 0}));
  txs[1].org = 1;
  txs[1].signer = 1;  // behind number 1 of the same signer now
  EXPECT_EQ(order(txs), (std::vector<size_t>{2, 0, 1}));
}

TEST(Benefit, TiesGoByTheParentSoThatNobodyIsAlwaysFirst) {
  const std::vector<TxSummary> txs = {tx(1, 1, 100'000), tx(2, 2, 100'000)};
  std::set<size_t> first;
  for (uint64_t parent = 0; parent < 20; ++parent) first.insert(order(txs, parent).front());
  EXPECT_EQ(first.size(), 2u);
}

TEST(Benefit, AnOrganisationGetsItsQuantumWhateverOthersOffer) {
  std::vector<TxSummary> txs;
  for (uint64_t i = 0; i < 100; ++i) txs.push_back(tx(i, 1, UINT64_MAX / 2));
  txs.push_back(tx(100, 2, 0));
  TxSummary large = tx(101, 3, 0, 10'000);
  txs.push_back(large);
  const auto got = order(txs);
  const auto at = [&](size_t tx) { return std::find(got.begin(), got.end(), tx) - got.begin(); };
  EXPECT_EQ(at(100), 4) << "after the rich one's first quantum of four transactions";
  EXPECT_LE(at(101), 4 + 1 + 4 + 4) << "what is larger than a quantum waits for its third round";
  EXPECT_GT(at(101), 4 + 1 + 4);
}

std::vector<TxSummary> random_pool(Rng& rng, size_t count) {
  std::vector<TxSummary> txs;
  std::map<ParticipantId, uint64_t> sequence;
  for (size_t i = 0; i < count; ++i) {
    TxSummary t = tx(rng.next(), static_cast<OrgId>(rng.below(5)), rng.below(3'000'000),
                     static_cast<uint32_t>(100 + rng.below(rng.chance(100'000) ? 60'000 : 2'000)));
    t.signer = static_cast<ParticipantId>(t.org * 10 + rng.below(3));
    t.sequence = ++sequence[t.signer];
    t.trust = static_cast<uint32_t>(rng.below(kQ16 + 1));
    t.margin = rng.below(3'000'000);
    t.expiry = kFresh - rng.below(100);
    txs.push_back(t);
  }
  return txs;
}

TEST(Benefit, IsTheSameForEveryOrderOfArrivalAndForEveryPrefix) {
  Rng rng(9);
  for (int round = 0; round < 300; ++round) {
    const std::vector<TxSummary> txs = random_pool(rng, 1 + rng.below(60));
    const auto got = order(txs);
    ASSERT_EQ(std::set<size_t>(got.begin(), got.end()).size(), txs.size());
    std::vector<TxSummary> prefix;
    const size_t length = 1 + rng.below(txs.size());
    for (size_t i = 0; i < length; ++i) prefix.push_back(txs[got[i]]);
    const std::vector<TxSummary> wanted = prefix;
    for (size_t i = prefix.size(); i > 1; --i) std::swap(prefix[i - 1], prefix[rng.below(i)]);
    const auto again = order(prefix);
    for (size_t i = 0; i < wanted.size(); ++i) ASSERT_EQ(prefix[again[i]].id, wanted[i].id) << round;
  }
}

TxSummary makes(TxSummary t, uint64_t name) {
  t.makes.push_back({hash_of(name), 1});
  return t;
}
TxSummary needs(TxSummary t, uint64_t name) {
  t.needs.push_back({hash_of(name), 1});
  return t;
}

TEST(Benefit, WhatBuildsOnAnotherComesAfterItHoweverGoodItIs) {
  const std::vector<TxSummary> txs = {needs(tx(1, 1, 3'000'000), 77), tx(2, 2, 300'000), makes(tx(3, 3, 0), 77)};
  EXPECT_EQ(order(txs), (std::vector<size_t>{1, 2, 0}));
  const std::vector<TxSummary> without = {txs[0], txs[1]};
  EXPECT_EQ(order(without), (std::vector<size_t>{0, 1})) << "what is not in the block is not waited for";
  EXPECT_EQ(order({needs(makes(tx(1, 1, 3'000'000), 77), 77), tx(2, 2, 0)}), (std::vector<size_t>{0, 1}))
      << "nobody waits for itself";
}

TEST(Benefit, OfOneNameOnlySoManyMakersAreWaitedFor) {
  std::vector<TxSummary> txs = {needs(tx(1, 9, 3'000'000), 77)};
  for (uint64_t i = 0; i < 10; ++i) txs.push_back(makes(tx(10 + i, static_cast<OrgId>(i), 0), 77));
  const auto got = order(txs);
  const auto at = [&](size_t tx) { return std::find(got.begin(), got.end(), tx) - got.begin(); };
  for (size_t maker = 1; maker <= kMakersMax; ++maker) EXPECT_LT(at(maker), at(0));
  EXPECT_LT(at(0), 10) << "it need not wait for all ten";
}

TEST(Benefit, WhoWaitsInACircleWaitsForNothing) {
  std::vector<TxSummary> txs = {needs(makes(tx(1, 1, 100'000), 1), 2), needs(makes(tx(2, 2, 300'000), 2), 1),
                                tx(3, 3, 200'000)};
  EXPECT_EQ(order(txs), (std::vector<size_t>{2, 1, 0}));
  // A signer whose second makes what its first needs.
  txs = {needs(tx(1, 1, 0), 5), makes(tx(2, 1, 0), 5), tx(3, 2, 0)};
  const auto got = order(txs);
  EXPECT_EQ(got.size(), 3u);
  EXPECT_LT(std::find(got.begin(), got.end(), 0u), std::find(got.begin(), got.end(), 1u));
}

TEST(Benefit, ManyThatBuildOnOthersAllComeAfterThemAndInOneOrder) {
  Rng rng(13);
  for (int round = 0; round < 300; ++round) {
    std::vector<TxSummary> txs = random_pool(rng, 40);
    for (size_t i = 1; i < txs.size(); ++i) {
      if (!rng.chance(400'000)) continue;
      const size_t maker = rng.below(i);
      txs[maker] = makes(txs[maker], maker);
      txs[i] = needs(txs[i], maker);
    }
    const auto got = order(txs);
    std::map<uint64_t, size_t> place;
    for (size_t i = 0; i < got.size(); ++i) place[got[i]] = i;
    ASSERT_EQ(place.size(), txs.size());
    for (size_t i = 0; i < txs.size(); ++i)
      for (const MadeName& name : txs[i].needs)
        for (size_t maker = 0; maker < i; ++maker) {
          if (name.id == hash_of(maker)) {
            ASSERT_LT(place[maker], place[i]) << round;
          }
        }
    // The same whatever order they are given in, as a leader orders anew what it has ordered.
    std::vector<TxSummary> again;
    for (const size_t i : got) again.push_back(txs[i]);
    std::vector<size_t> same(txs.size());
    for (size_t i = 0; i < same.size(); ++i) same[i] = i;
    ASSERT_EQ(order(again), same) << round;
  }
}

TEST(Benefit, ANumberThatStandsTwiceHasOneOrder) {
  TxSummary a = tx(1, 1, 0), b = tx(2, 1, 0);
  b.sequence = a.sequence;
  const auto ids = [&](const std::vector<TxSummary>& txs) {
    std::vector<Hash> out;
    for (const size_t i : order(txs)) out.push_back(txs[i].id);
    return out;
  };
  EXPECT_EQ(ids({a, b}), ids({b, a}));
}

TEST(Benefit, ASignersSequenceIsKeptInEveryOrder) {
  Rng rng(10);
  for (int round = 0; round < 300; ++round) {
    const std::vector<TxSummary> txs = random_pool(rng, 60);
    std::map<ParticipantId, uint64_t> last;
    for (size_t i : order(txs)) {
      ASSERT_EQ(txs[i].sequence, last[txs[i].signer] + 1);
      last[txs[i].signer] = txs[i].sequence;
    }
  }
}

// Blocks of 32 KiB from a pool that a rich flooder keeps full, for ever: as long as there is a quantum in a block for
// each organisation, everyone else's transactions are in the next block; and with so many rich organisations that there
// is not, in one of the blocks after its 64th (then only luck counts, which is drawn anew in every block).
int64_t blocks_waited(size_t rich_organisations, uint64_t seed) {
  constexpr uint64_t kBlockBytes = 32'768;
  Rng rng(seed);
  std::vector<TxSummary> pool;
  TxSummary poor = tx(1, 1, 0);
  poor.trust = 0;
  poor.value = 1'000'000;  // untrusted and uncovered: the least there is
  pool.push_back(poor);
  uint64_t next = 2;
  for (Height height = kParent; height < kParent + 5'000; ++height) {
    while (pool.size() < 40 * rich_organisations) {
      TxSummary t = tx(next++, static_cast<OrgId>(2 + rng.below(rich_organisations)), UINT64_MAX / 2);
      t.expiry = height + kParams.lifetime;
      pool.push_back(t);
    }
    std::vector<bool> taken(pool.size(), false);
    uint64_t bytes = 0;
    for (size_t i : block_order(pool, hash_of(rng.next()), height, kParams)) {
      if ((bytes += pool[i].bytes) > kBlockBytes) break;
      taken[i] = true;
    }
    if (taken[0]) return static_cast<int64_t>(height - kParent);
    std::vector<TxSummary> rest;
    for (size_t i = 0; i < pool.size(); ++i) {
      if (!taken[i]) rest.push_back(pool[i]);
    }
    pool = std::move(rest);
  }
  return -1;
}

TEST(Benefit, NobodyStarvesAndNobodyBuysTheQueue) {
  EXPECT_EQ(blocks_waited(1, 11), 0);
  EXPECT_EQ(blocks_waited(7, 12), 0) << "eight organisations, eight quanta in a block";
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const int64_t waited = blocks_waited(12, seed);
    EXPECT_GT(waited, 0);
    EXPECT_LE(waited, 64 + 20) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tieline::energy
