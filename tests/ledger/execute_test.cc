#include <gmock/gmock.h>

#include "base/rng.h"
#include "chain.h"
#include "energy/rules.h"
#include "ledger/execute.h"

namespace tieline::testing {
namespace {

using ::testing::ElementsAre;

TEST(Execute, AnEmptyBlockCountsItselfOnly) {
  TestChain chain;
  EXPECT_TRUE(chain.add({}).empty());
  EXPECT_EQ(state::totals(chain.view()), (state::Totals{.blocks = 1}));
}

TEST(Execute, DataAndReadingsAreAcceptedAndCounted) {
  TestChain chain;
  EXPECT_THAT(chain.add({chain.data(kUser, 1), chain.readings(kPlant, 1, {reading(kPlantMeter, kStartS - 900)})}),
              ElementsAre(TxCode::ok, TxCode::ok));
  EXPECT_EQ(state::totals(chain.view()), (state::Totals{.blocks = 1, .transactions = 2, .accepted = 2, .readings = 1}));
  EXPECT_EQ(chain.series(kPlantMeter).total_wh, 100u);
  EXPECT_EQ(chain.signer(kUser).window.highest(), 1u);
  EXPECT_EQ(chain.signer(kUser).timestamp_ms, kStartMs);
}

// --- refused without a trace
// ----------------------------------------------------------------------------------------------

struct Untraced {
  const char* what;
  TxCode code;
  std::function<void(const TestChain&, TransactionDraft&)> change;
};

class RefusedWithoutATrace : public ::testing::TestWithParam<Untraced> {};

TEST_P(RefusedWithoutATrace, GetsItsCodeAndChangesNothingOfTheSigner) {
  TestChain chain;
  ASSERT_EQ(chain.add_one(chain.data(kUser, 976)), TxCode::ok);
  ASSERT_EQ(chain.add_one(chain.data(kUser, 1'500)), TxCode::ok);
  const auto before = chain.signer(kUser);
  TransactionDraft d = chain.draft(kUser, 1'501);
  GetParam().change(chain, d);
  EXPECT_EQ(chain.add_one(TestChain::make(d)), GetParam().code);
  EXPECT_EQ(chain.signer(kUser), before);
  EXPECT_EQ(state::totals(chain.view()).void_of_effect, 1u);
  EXPECT_EQ(find_tx(chain.store, TestChain::make(d)->id()), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    EachCode, RefusedWithoutATrace,
    ::testing::Values(
        Untraced{"WrongChain", TxCode::wrong_chain,
                 [](const TestChain&, TransactionDraft& d) { d.chain.bytes[0] ^= 1; }},
        Untraced{"UnknownSigner", TxCode::unknown_signer,
                 [](const TestChain&, TransactionDraft& d) { d.signatories = {99}; }},
        Untraced{"SignerZero", TxCode::unknown_signer,
                 [](const TestChain&, TransactionDraft& d) { d.signatories = {0}; }},
        Untraced{"UnknownCosigner", TxCode::unknown_signer,
                 [](const TestChain&, TransactionDraft& d) {
                   d.signatories = {kUser, 99};
                 }},
        Untraced{"Expired", TxCode::expired,
                 [](const TestChain& c, TransactionDraft& d) { d.expiry_height = c.tip.height; }},
        Untraced{"ExpiryTooFar", TxCode::expiry_too_far,
                 [](const TestChain& c, TransactionDraft& d) { d.expiry_height = c.tip.height + kTxLifetimeMax + 1; }},
        Untraced{"Duplicate", TxCode::duplicate, [](const TestChain&, TransactionDraft& d) { d.sequence = 1'500; }},
        Untraced{"SequenceTooOld", TxCode::sequence_too_old,
                 [](const TestChain&, TransactionDraft& d) { d.sequence = 1'500 - 1'024; }},
        Untraced{"SequenceZero", TxCode::sequence_too_old,
                 [](const TestChain&, TransactionDraft& d) { d.sequence = 0; }},
        Untraced{"SequenceTooFar", TxCode::sequence_too_far,
                 [](const TestChain&, TransactionDraft& d) { d.sequence = 1'500 + 1'025; }}),
    [](const auto& test) { return test.param.what; });

TEST(Execute, TheEdgesOfExpiryAndSequenceAreInside) {
  TestChain chain;
  ASSERT_EQ(chain.add_one(chain.data(kUser, 1'024)), TxCode::ok);
  TransactionDraft last = chain.draft(kUser, 1'024 + 1'024);
  last.expiry_height = chain.tip.height + 1;
  EXPECT_EQ(chain.add_one(TestChain::make(last)), TxCode::ok);
  TransactionDraft far = chain.draft(kUser, 1'025);
  far.expiry_height = chain.tip.height + kTxLifetimeMax;
  EXPECT_EQ(chain.add_one(TestChain::make(far)), TxCode::ok);
}

TEST(Execute, AReplayIsRefusedAcrossBlocksAndInsideOne) {
  TestChain chain;
  const TxPtr tx = chain.data(kUser, 1);
  EXPECT_EQ(chain.add_one(tx), TxCode::ok);
  EXPECT_EQ(chain.add_one(tx), TxCode::duplicate);
  TransactionDraft other = chain.draft(kUser, 2);
  const TxPtr first = TestChain::make(other);
  other.actions[0].payload.push_back(9);
  EXPECT_THAT(chain.add({first, TestChain::make(other)}), ElementsAre(TxCode::ok, TxCode::duplicate));
  // The index leads to where it counted.
  EXPECT_EQ(find_tx(chain.store, tx->id())->height, 1u);
}

// --- refused for good
// -----------------------------------------------------------------------------------------------------

struct Final {
  const char* what;
  TxCode code;
  std::function<void(const TestChain&, TransactionDraft&)> change;
};

void set_readings(TransactionDraft& d, const std::vector<Reading>& list) {
  d.actions = {{ActionType::kReadings, encode_readings(list)}};
}

class RefusedForGood : public ::testing::TestWithParam<Final> {};

TEST_P(RefusedForGood, UsesUpTheSequenceNumberAndChangesNothingElse) {
  Genesis genesis = test_genesis();
  genesis.ledger.stale_s = 30 * 86'400;
  TestChain chain(genesis);
  Reading registered = reading(kPlantMeter, kStartS - 9'000);
  registered.register_wh = 5'000;
  ASSERT_EQ(chain.add_one(chain.readings(kPlant, 1, {registered})), TxCode::ok);
  const auto before = chain.signer(kPlant);
  const auto series = chain.series(kPlantMeter);
  TransactionDraft d = chain.draft(kPlant, 2);
  set_readings(d, {reading(kPlantMeter, kStartS - 1'800)});
  GetParam().change(chain, d);
  const TxPtr tx = TestChain::make(d);
  EXPECT_EQ(chain.add_one(tx), GetParam().code);
  EXPECT_EQ(chain.series(kPlantMeter), series);
  const auto after = chain.signer(kPlant);
  EXPECT_EQ(after.used, before.used + 1);
  EXPECT_EQ(after.timestamp_ms, before.timestamp_ms) << "a refused transaction moves no clock";
  EXPECT_EQ(state::totals(chain.view()).refused, 1u);
  EXPECT_TRUE(find_tx(chain.store, tx->id()).has_value()) << "it has a receipt of refusal";
  EXPECT_EQ(chain.add_one(tx), TxCode::duplicate) << "and is final";
}

INSTANTIATE_TEST_SUITE_P(EachCode, RefusedForGood,
                         ::testing::Values(Final{"TimestampFuture", TxCode::timestamp_future,
                                                 [](const TestChain& c, TransactionDraft& d) {
                                                   d.timestamp_ms = c.tip.time_ms + 100 + 600'001;
                                                 }},
                                           Final{"TimestampLargest", TxCode::timestamp_future,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   d.timestamp_ms = INT64_MAX;
                                                 }},
                                           Final{"TimestampOld", TxCode::timestamp_old,
                                                 [](const TestChain& c, TransactionDraft& d) {
                                                   d.timestamp_ms = *c.signer(kPlant).timestamp_ms - 600'001;
                                                 }},
                                           Final{"TimestampSmallest", TxCode::timestamp_old,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   d.timestamp_ms = INT64_MIN;
                                                 }},
                                           Final{"Malformed", TxCode::malformed,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   d.actions[0].payload.push_back(0);
                                                 }},
                                           Final{"NoReadings", TxCode::malformed,
                                                 [](const TestChain&, TransactionDraft& d) { set_readings(d, {}); }},
                                           Final{"UnknownMeter", TxCode::unknown_meter,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(77, kStartS - 900)});
                                                 }},
                                           Final{"MeterZero", TxCode::unknown_meter,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(0, kStartS - 900)});
                                                 }},
                                           Final{"NotOwner", TxCode::not_owner,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(kUserMeter, kStartS - 900)});
                                                 }},
                                           Final{"NotAllowed", TxCode::not_allowed,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   d.signatories = {kPlant, kRegulator};
                                                   set_readings(d, {reading(kRegulatorMeter, kStartS - 900)});
                                                 }},
                                           Final{"MisalignedInterval", TxCode::misaligned_interval,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(kPlantMeter, kStartS - 901)});
                                                 }},
                                           Final{"BadDuration", TxCode::bad_duration,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(kPlantMeter, kStartS - 1'800, 1, 901)});
                                                 }},
                                           Final{"FutureInterval", TxCode::future_interval,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(kPlantMeter, kStartS + 9'000)});
                                                 }},
                                           Final{"Stale", TxCode::stale,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(kPlantMeter, kStartS - 40 * 86'400)});
                                                 }},
                                           Final{"OverCapacity", TxCode::over_capacity,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(kPlantMeter, kStartS - 1'800, 255'001)});
                                                 }},
                                           Final{"Overlap", TxCode::overlap,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(kPlantMeter, kStartS - 9'900, 1, 1'800)});
                                                 }},
                                           Final{"OverlapWithin", TxCode::overlap,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   set_readings(d, {reading(kPlantMeter, kStartS - 1'800),
                                                                    reading(kPlantMeter, kStartS - 1'800)});
                                                 }},
                                           Final{"BadRegister", TxCode::bad_register,
                                                 [](const TestChain&, TransactionDraft& d) {
                                                   Reading r = reading(kPlantMeter, kStartS - 1'800);
                                                   r.register_wh = 4'999;
                                                   set_readings(d, {r});
                                                 }}),
                         [](const auto& test) { return test.param.what; });

TEST(Execute, ATimestampBefore1970IsOldFromTheFirstTransactionOn) {
  for (int64_t time : {int64_t{-1}, INT64_MIN}) {
    TestChain chain;
    TransactionDraft d = chain.draft(kUser, 1);
    d.timestamp_ms = time;
    EXPECT_EQ(chain.add_one(TestChain::make(d)), TxCode::timestamp_old);
    EXPECT_EQ(chain.add_one(chain.data(kUser, 2)), TxCode::ok);
  }
}

TEST(Execute, TimestampsMayComeOutOfOrderWithinTheSlack) {
  TestChain chain;
  TransactionDraft d = chain.draft(kUser, 1);
  d.timestamp_ms = chain.tip.time_ms + 100 + 600'000;  // as far ahead of the block as is allowed
  EXPECT_EQ(chain.add_one(TestChain::make(d)), TxCode::ok);
  const int64_t newest = d.timestamp_ms;
  d = chain.draft(kUser, 2);
  d.timestamp_ms = newest - 600'000;
  EXPECT_EQ(chain.add_one(TestChain::make(d)), TxCode::ok);
  EXPECT_EQ(chain.signer(kUser).timestamp_ms, newest) << "the highest stays";
}

TEST(Execute, WhatLiesBeforeAMetersOpenHistoryHasACodeOfItsOwn) {
  TestChain chain;
  std::vector<Reading> gaps;
  for (int i = 0; i <= static_cast<int>(energy::kRunsMax); ++i)
    gaps.push_back(reading(kUserMeter, kStartS - 1'000'800 + 1'800 * i));
  ASSERT_EQ(chain.add_one(chain.readings(kUser, 1, gaps)), TxCode::ok);
  EXPECT_EQ(chain.add_one(chain.readings(kUser, 2, {reading(kUserMeter, kStartS - 1'001'700)})), TxCode::before_window);
  EXPECT_EQ(chain.add_one(chain.readings(kUser, 3, {reading(kUserMeter, kStartS - 900)})), TxCode::ok);
}

TEST(Execute, ATransactionCountsWhollyOrNotAtAll) {
  TestChain chain;
  std::vector<Reading> list;
  for (int i = 1; i <= 20; ++i) list.push_back(reading(i % 2 == 0 ? kUserMeter : kUserMeter2, kStartS - 900 * i));
  std::vector<Reading> spoiled = list;
  spoiled.push_back(reading(kPlantMeter, kStartS - 900));  // not the user's
  EXPECT_THAT(chain.add({chain.readings(kUser, 1, {reading(kUserMeter, kStartS - 9'000'000)}),
                         chain.readings(kUser, 2, spoiled), chain.readings(kUser, 3, list)}),
              ElementsAre(TxCode::ok, TxCode::not_owner, TxCode::ok));
  EXPECT_EQ(chain.series(kUserMeter).readings, 11u);
  EXPECT_EQ(chain.series(kUserMeter2).readings, 10u);
}

TEST(Execute, TwoActionsCountTogether) {
  TestChain chain;
  TransactionDraft d = chain.draft(kUser, 1);
  d.actions = {{ActionType::kReadings, encode_readings({reading(kUserMeter, kStartS - 900)})},
               {ActionType::kReadings, encode_readings({reading(kUserMeter, kStartS - 900)})}};
  EXPECT_EQ(chain.add_one(TestChain::make(d)), TxCode::overlap);
  EXPECT_EQ(chain.series(kUserMeter).readings, 0u);
  d = chain.draft(kUser, 2);
  d.actions = {{ActionType::kReadings, encode_readings({reading(kUserMeter, kStartS - 900)})},
               {ActionType::kData, Bytes{}},
               {ActionType::kReadings, encode_readings({reading(kUserMeter, kStartS - 1'800)})}};
  EXPECT_EQ(chain.add_one(TestChain::make(d)), TxCode::ok);
  EXPECT_EQ(chain.series(kUserMeter).readings, 2u);
}

TEST(Execute, AGatewayRecordsForWhoeverSignsWithIt) {
  TestChain chain;
  TransactionDraft d = chain.draft(kPlant, 1);
  d.signatories = {kPlant, kUser};
  set_readings(d, {reading(kPlantMeter, kStartS - 900), reading(kUserMeter, kStartS - 900)});
  EXPECT_EQ(chain.add_one(TestChain::make(d)), TxCode::ok);
  EXPECT_EQ(chain.signer(kPlant).used, 1u);
  EXPECT_EQ(chain.signer(kUser).used, 0u) << "the first signatory alone pays the sequence number";
}

TEST(Execute, ImportAndExportOfAMeterAreRecordedApart) {
  TestChain chain;
  Reading out = reading(kUserMeter, kStartS - 900);
  out.obis = Obis::kExport;
  EXPECT_EQ(chain.add_one(chain.readings(kUser, 1, {reading(kUserMeter, kStartS - 900), out})), TxCode::ok);
  EXPECT_EQ(chain.series(kUserMeter, Obis::kExport).readings, 1u);
}

// --- whole blocks
// -----------------------------------------------------------------------------------------------------------

TEST(Execute, ABlockWithTheSameTransactionTwiceIsInvalid) {
  TestChain chain;
  const TxPtr tx = chain.data(kUser, 1);
  EXPECT_THAT(chain.refusal(chain.next({tx, chain.data(kPlant, 1), tx})).why, ::testing::HasSubstr("twice"));
  EXPECT_THAT(chain.refusal(chain.next({tx, tx})).why, ::testing::HasSubstr("twice"));
}

TEST(Execute, ABlockKeepsToItsBounds) {
  Genesis genesis = test_genesis();
  genesis.consensus.block_tx_max = 2;
  genesis.consensus.block_bytes_max = 100'000;
  TestChain chain(genesis);
  EXPECT_EQ(chain.refusal(chain.next({chain.data(kUser, 1), chain.data(kUser, 2), chain.data(kUser, 3)})).code,
            "block_invalid");
  TransactionDraft big = chain.draft(kUser, 1);
  big.actions[0].payload.assign(60'000, 7);
  TransactionDraft big2 = big;
  big2.sequence = 2;
  EXPECT_EQ(chain.add_one(TestChain::make(big)), TxCode::ok);
  EXPECT_THAT(chain.refusal(chain.next({TestChain::make(big), TestChain::make(big2)})).why,
              ::testing::HasSubstr("bytes"));
}

TEST(Execute, ABlockStandsRightAboveItsParent) {
  TestChain chain;
  chain.add({});
  const auto refused = [&](auto change, const char* why) {
    BlockDraft d = chain.next({});
    change(d);
    EXPECT_THAT(chain.refusal(d).why, ::testing::HasSubstr(why));
  };
  refused([](BlockDraft& d) { d.parent.bytes[3] ^= 1; }, "parent");
  refused([](BlockDraft& d) { d.height += 1; }, "height");
  refused([](BlockDraft& d) { d.height -= 1; }, "height");
  refused([](BlockDraft& d) { d.epoch += 1; }, "epoch");
  refused([&](BlockDraft& d) { d.time_ms = chain.tip.time_ms - 1; }, "time");
  refused([&](BlockDraft& d) { d.time_ms = kBlockTimeMsMax + 1; }, "time");
  BlockDraft same_time = chain.next({}, 0);
  EXPECT_TRUE(chain.ledger.execute(same_time, chain.tip, chain.view()).ok());
}

// --- determinism
// ------------------------------------------------------------------------------------------------------------

std::vector<TxPtr> random_block(TestChain& chain, Rng& rng) {
  std::vector<TxPtr> txs;
  std::set<TxId> ids;
  for (size_t n = rng.below(12); n > 0; --n) {
    const auto signer = static_cast<ParticipantId>(1 + rng.below(4));
    const uint64_t sequence = chain.signer(signer).window.highest() + rng.below(20);
    TxPtr tx;
    if (rng.chance(300'000)) {
      tx = chain.data(signer, sequence);
    } else {
      std::vector<Reading> list;
      for (size_t r = 1 + rng.below(5); r > 0; --r) {
        list.push_back(
            reading(static_cast<MeterId>(1 + rng.below(5)), kStartS - 900 * rng.between(1, 300), rng.below(300'000)));
      }
      tx = chain.readings(signer, sequence, list);
    }
    if (ids.insert(tx->id()).second) txs.push_back(tx);
  }
  return txs;
}

TEST(Execute, TwoExecutionsOfTheSameChainAgreeInEveryBit) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    TestChain one, two;
    Rng rng(seed);
    for (int block = 0; block < 30; ++block) {
      const BlockDraft d = one.next(random_block(one, rng), static_cast<int64_t>(rng.below(1'000)));
      one.commit(d);
      two.commit(d);
      ASSERT_EQ(one.tip, two.tip) << "seed " << seed;
    }
  }
}

TEST(Execute, AnOverlayOfUncommittedBlocksGivesWhatTheStoreWouldGive) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    TestChain chain;
    Rng rng(seed);
    const auto base = chain.store.snapshot();
    std::vector<std::shared_ptr<const WriteSet>> layers;
    Header parent = chain.tip;
    for (int block = 0; block < 12; ++block) {
      const BlockDraft d = chain.next(random_block(chain, rng), 700);
      const auto over = chain.ledger.execute(d, parent, StateView(*base, layers));
      ASSERT_TRUE(over.ok());
      chain.commit(d);
      ASSERT_EQ(over->header, chain.tip);
      layers.insert(layers.begin(), over->writes);
      parent = over->header;
    }
  }
}

TEST(Execute, TransactionsThatHaveNothingInCommonChangeTheStateAlikeInAnyOrder) {
  TestChain chain;
  std::vector<TxPtr> txs = {chain.data(kRegulator, 1), chain.readings(kPlant, 1, {reading(kPlantMeter, kStartS - 900)}),
                            chain.readings(kUser, 1, {reading(kUserMeter, kStartS - 900)}),
                            chain.readings(kSecondPlant, 1, {reading(kUserMeter2, kStartS - 900)})};
  std::sort(txs.begin(), txs.end(), [](const TxPtr& a, const TxPtr& b) { return a->id() < b->id(); });
  const auto first = chain.ledger.execute(chain.next(txs), chain.tip, chain.view());
  do {
    const auto e = chain.ledger.execute(chain.next(txs), chain.tip, chain.view());
    ASSERT_EQ(*e->writes, *first->writes);
    ASSERT_EQ(e->header.writes_digest, first->header.writes_digest);
  } while (
      std::next_permutation(txs.begin(), txs.end(), [](const TxPtr& a, const TxPtr& b) { return a->id() < b->id(); }));
}

TEST(Execute, DeclarationsPassTheirRulesAndChangeNoReading) {
  Genesis genesis = test_genesis();
  genesis.participants[0].cost_lo = 30'000'000;
  genesis.participants[0].cost_hi = 60'000'000;
  TestChain chain(genesis);
  const auto said = [&](uint64_t sequence, ParticipantId by, const std::vector<Declaration>& list) {
    TransactionDraft d = chain.draft(by, sequence);
    d.actions = {{ActionType::kDeclarations, encode_declarations(list)}};
    return TestChain::make(d);
  };
  Declaration cost;
  cost.meter = kPlantMeter;
  cost.start_s = kStartS - 900;
  cost.duration_s = 900;
  cost.value = 45'000'000;
  EXPECT_EQ(chain.add_one(said(1, kPlant, {cost})), TxCode::ok);
  Declaration high = cost;
  high.value = 60'000'001;
  EXPECT_EQ(chain.add_one(said(2, kPlant, {cost, high})), TxCode::cost_band);
  EXPECT_EQ(chain.add_one(said(3, kPlant, {})), TxCode::malformed);
  cost.kind = DeclarationKind::kLineCapacity;
  EXPECT_EQ(chain.add_one(said(4, kPlant, {cost})), TxCode::not_allowed);
  EXPECT_EQ(chain.add_one(said(1, kUser, {high})), TxCode::not_owner);
  EXPECT_EQ(chain.signer(kPlant).used, 4u);
  EXPECT_EQ(state::totals(chain.view()).readings, 0u);
}

// The plant registered 1 MW: 250,000 Wh a slot, and a change of 90 % of it.
TEST(Execute, AJumpOfPowerIsRefusedAndTheSeriesStaysAsItWas) {
  TestChain chain;
  EXPECT_EQ(chain.add_one(chain.readings(kPlant, 1, {reading(kPlantMeter, kStartS - 3'600, 10'000)})), TxCode::ok);
  const auto before = chain.series(kPlantMeter);
  EXPECT_EQ(
      chain.add_one(chain.readings(
          kPlant, 2, {reading(kPlantMeter, kStartS - 2'700, 200'000), reading(kPlantMeter, kStartS - 1'800, 430'000)})),
      TxCode::over_capacity);
  EXPECT_EQ(chain.add_one(chain.readings(kPlant, 3, {reading(kPlantMeter, kStartS - 2'700, 240'000)})), TxCode::ramp);
  EXPECT_EQ(chain.series(kPlantMeter), before);
  EXPECT_EQ(chain.add_one(chain.readings(kPlant, 4, {reading(kPlantMeter, kStartS - 2'700, 200'000)})), TxCode::ok);
}

TEST(Execute, TheDigestOfWritesIsChainedAndSeesEveryByte) {
  WriteSet writes;
  writes[{0, 1, 'a'}] = Bytes{1};
  writes[{0, 2, 'b'}] = std::nullopt;
  const Hash parent = sha256(view_of("parent"));
  const Hash digest = state::writes_digest(parent, writes);
  EXPECT_NE(digest, state::writes_digest(sha256(view_of("other")), writes));
  WriteSet other = writes;
  other[{0, 2, 'b'}] = Bytes{};
  EXPECT_NE(digest, state::writes_digest(parent, other)) << "deleted is not empty";
  other = writes;
  other[{0, 1, 'a'}] = Bytes{2};
  EXPECT_NE(digest, state::writes_digest(parent, other));
}

}  // namespace
}  // namespace tieline::testing
