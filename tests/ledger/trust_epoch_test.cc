// Trust in the committed state: what an epoch's evidence does to it, and when a committee has it.

#include <gtest/gtest.h>

#include "chain.h"
#include "evidence_makers.h"

namespace tieline::testing {
namespace {

Genesis weighed_genesis(size_t validators) {
  Genesis g = test_genesis(validators);
  g.consensus.engine = EngineKind::kTrustRaft;
  return g;
}

uint32_t trust_of(const TestChain& chain, ValidatorId id) {
  return chain.record<standing::TrustRecord>(state::trust_key(id)).trust;
}

TEST(TrustInState, StartsAsGenesisSaysWithEveryEngine) {
  for (EngineKind engine : {EngineKind::kCbft, EngineKind::kPbft, EngineKind::kRaft, EngineKind::kTrustRaft}) {
    Genesis genesis = test_genesis();
    genesis.consensus.engine = engine;
    const TestChain chain(genesis);
    for (ValidatorId id = 0; id < 4; ++id) EXPECT_EQ(trust_of(chain, id), kGenesisTrust) << engine_name(engine);
    EXPECT_EQ(committee_of(chain.view(), 0)->weighted(), engine == EngineKind::kTrustRaft);
    EXPECT_EQ(committee_of(chain.view(), 1)->weighted(), engine == EngineKind::kTrustRaft);
  }
}

TEST(TrustInState, MovesWithTheFirstBlockAfterAnEpochAndActsInTheEpochAfterThat) {
  TestChain chain(weighed_genesis(5));
  chain.add({}, 1'000);
  chain.commit(with_evidence(chain, {{certify(chain, {0, 0, 0}, 1, chain.tip.digest(), {0, 1, 2, 3})}, {}, {}}));
  chain.end_epoch();
  for (ValidatorId id = 0; id < 5; ++id) EXPECT_EQ(trust_of(chain, id), kGenesisTrust) << "the epoch runs";
  chain.add({}, 1'000);
  const uint32_t absent = standing::next_trust(kGenesisTrust, kTrustOne / 2);
  const uint32_t present = standing::next_trust(kGenesisTrust, kTrustOne);
  EXPECT_EQ(trust_of(chain, 0), present);
  EXPECT_EQ(trust_of(chain, 4), absent);
  EXPECT_EQ(committee_of(chain.view(), 1)->at(4).trust, kGenesisTrust) << "epoch 1 stands since genesis";
  EXPECT_EQ(committee_of(chain.view(), 2)->at(4).trust, absent);
  EXPECT_EQ(committee_of(chain.view(), 2)->at(0).trust, present);
}

TEST(TrustInState, OfAProvenLiarIsNothingForGood) {
  TestChain chain(weighed_genesis(5));
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 2, {0, 0, 1})}}));
  EXPECT_EQ(trust_of(chain, 2), 0u);
  EXPECT_EQ(committee_of(chain.view(), 1)->at(2).weight, 10u) << "the next epoch's committee stands already";
  chain.end_epoch();
  const Hash end = chain.tip.digest();
  const Height height = chain.tip.height;
  // It votes well ever after.
  chain.commit(with_evidence(chain, {{certify(chain, {0, 0, 4}, height, end, {0, 1, 2, 3, 4})}, {}, {}}));
  const Committee second = *committee_of(chain.view(), 2);
  EXPECT_EQ(second.at(2).weight, 0u);
  EXPECT_EQ(second.at(1).weight, 8u) << "four trusted are left, and they weigh alike";
  EXPECT_FALSE(second.weights_alarm());
  chain.end_epoch();
  chain.add({}, 1'000);
  EXPECT_EQ(trust_of(chain, 2), 0u);
  EXPECT_EQ(committee_of(chain.view(), 3)->at(2).weight, 0u);
}

TEST(TrustInState, AProofInAnEpochsFirstBlockActsAnEpochLater) {
  TestChain chain(weighed_genesis(5));
  chain.end_epoch();
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 2, {1, 0, 0})}}));
  EXPECT_EQ(trust_of(chain, 2), 0u);
  EXPECT_EQ(committee_of(chain.view(), 2)->at(2).trust, kGenesisTrust) << "drawn from the state at the end of epoch 0";
  chain.end_epoch();
  chain.add({}, 1'000);
  EXPECT_EQ(committee_of(chain.view(), 3)->at(2).trust, 0u);
}

TEST(TrustInState, OfTooFewLeavesEqualWeightsAndAnAlarm) {
  TestChain chain(weighed_genesis(4));
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 3, {0, 0, 1})}}));
  EXPECT_FALSE(committee_of(chain.view(), 1)->weights_alarm());
  chain.end_epoch();
  chain.add({}, 1'000);
  const Committee second = *committee_of(chain.view(), 2);
  EXPECT_TRUE(second.weights_alarm());
  for (const Member& m : second.members()) EXPECT_EQ(m.weight, 1u);
}

TEST(TrustInState, OfAnOrganisationThatWouldHoldAThirdIsLeftWhereItWas) {
  Genesis genesis = weighed_genesis(7);
  for (GenesisValidator& v : genesis.validators) v.org = static_cast<OrgId>(v.id <= 1 ? 0 : v.id);
  TestChain chain(genesis);
  // Both of organisation 0 stay trusted; one other is proven, so that they hold 2 of 6 parts.
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 6, {0, 0, 1})}}));
  chain.end_epoch();
  chain.add({}, 1'000);
  EXPECT_EQ(trust_of(chain, 6), 0u);
  const Committee second = *committee_of(chain.view(), 2);
  EXPECT_EQ(second.at(6).trust, kGenesisTrust) << "the table of the epoch before stays";
  EXPECT_EQ(second.at(6).weight, 14u);
  EXPECT_EQ(second.epoch(), 2u);
  // As soon as another one is gone too it is 2 of 5 parts: still refused.
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 5, {1, 0, 0})}}));
  chain.end_epoch();
  chain.add({}, 1'000);
  EXPECT_EQ(committee_of(chain.view(), 3)->at(5).trust, kGenesisTrust);
}

// The same certificates in one block or in many, and some late.
TEST(TrustInState, DoesNotDependOnHowEvidenceIsSpreadOverBlocks) {
  TestChain one(weighed_genesis(5));
  TestChain many(weighed_genesis(5));
  const std::vector<std::vector<size_t>> present = {{0, 1, 2, 3}, {0, 1, 2, 4}, {0, 1, 2, 3, 4}};
  const auto certificate = [&](const TestChain& chain, size_t i) {
    return certify(chain, {0, 0, static_cast<int64_t>(i)}, 1, Hash(), present[i]);
  };
  Evidence all;
  for (size_t i = 0; i < present.size(); ++i) all.certificates.push_back(certificate(one, i));
  one.commit(with_evidence(one, all));
  for (size_t i = 0; i < present.size(); ++i) many.commit(with_evidence(many, {{certificate(many, i)}, {}, {}}));
  for (TestChain* chain : {&one, &many}) {
    chain->end_epoch();
    chain->add({}, 1'000);
  }
  for (ValidatorId id = 0; id < 5; ++id) EXPECT_EQ(trust_of(one, id), trust_of(many, id));
  EXPECT_LT(trust_of(one, 3), trust_of(one, 0));
}

}  // namespace
}  // namespace tieline::testing
