#include <gmock/gmock.h>

#include "chain.h"

namespace tieline::testing {
namespace {

using ::testing::HasSubstr;

Certificate certify(const TestChain& chain, const Slot& slot, Height height, const Hash& block,
                    std::initializer_list<size_t> positions) {
  Certificate c{slot, height, block, {}, {}};
  const Hash digest = confirm_digest(chain.ledger.chain(), slot, height, block);
  for (size_t p : positions) {
    c.signers.insert(p);
    c.signatures.push_back(validator_key(static_cast<ValidatorId>(p)).sign(digest.view()));
  }
  return c;
}

Equivocation equivocation(const TestChain& chain, ValidatorId signer, const Slot& slot) {
  Equivocation e;
  e.signer = signer;
  e.slot = slot;
  e.a.block.bytes[0] = 1;
  e.b.block.bytes[0] = 2;
  for (Equivocation::Side* side : {&e.a, &e.b}) {
    side->height = 3;
    const Hash digest = confirm_digest(chain.ledger.chain(), slot, side->height, side->block);
    side->signature = validator_key(signer).sign(digest.view());
  }
  return e;
}

BlockDraft with_evidence(const TestChain& chain, const Evidence& evidence) {
  BlockDraft d = chain.next({}, 1'000);
  d.evidence = encoded(evidence);
  return d;
}

BlockDraft void_block(const Header& parent) {
  BlockDraft d;
  d.is_void = true;
  d.parent = parent.digest();
  d.height = parent.height;
  d.epoch = parent.epoch;
  d.time_ms = parent.time_ms;
  return d;
}

TEST(Epochs, AnEpochEndsWithTheFirstBlockThatHasEnoughBlocksAndEnoughTime) {
  TestChain blocks;  // 5 blocks and 4,000 ms; here time is short
  for (int i = 0; i < 9; ++i) {
    blocks.add({}, 400);
    EXPECT_FALSE(blocks.tip.ends_epoch()) << i;
  }
  blocks.add({}, 400);
  EXPECT_TRUE(blocks.tip.ends_epoch());

  TestChain time;  // and here blocks are
  for (int i = 0; i < 4; ++i) {
    time.add({}, 4'000);
    EXPECT_FALSE(time.tip.ends_epoch()) << i;
  }
  time.add({}, 0);
  EXPECT_TRUE(time.tip.ends_epoch());
}

TEST(Epochs, TheBoundOnTimeIsExact) {
  TestChain chain;
  for (int i = 0; i < 5; ++i) chain.add({}, 0);
  chain.add({}, 3'999);
  EXPECT_FALSE(chain.tip.ends_epoch());
  chain.add({}, 1);
  EXPECT_TRUE(chain.tip.ends_epoch());
}

TEST(Epochs, TheNextEpochCountsFromTheLastBlockOfTheOneBefore) {
  TestChain chain;
  chain.end_epoch();
  const Header end = chain.tip;
  EXPECT_EQ(end.height, 5u);
  EXPECT_EQ(state::next_epoch(chain.view(), end, end.digest()), (state::EpochRecord{1, 5, end.time_ms, end.digest()}));
  chain.add({}, 1'000);
  EXPECT_EQ(chain.tip.epoch, 1u);
  EXPECT_EQ(chain.record<state::EpochRecord>(state::epoch_key()),
            (state::EpochRecord{1, 5, end.time_ms, end.digest()}));
  EXPECT_EQ(state::next_epoch(chain.view(), chain.tip, chain.tip.digest()).epoch, 1u);
  chain.end_epoch();
  EXPECT_EQ(chain.tip.height, 10u);
}

TEST(Epochs, TheLastBlockNamesTheCommitteeOfTheNextEpoch) {
  TestChain chain;
  const auto promised = committee_of(chain.view(), 1);
  ASSERT_TRUE(promised.has_value());
  chain.end_epoch();
  EXPECT_EQ(chain.tip.next_committee, promised->digest());
  EXPECT_EQ(chain.last.next_committee, promised);
  EXPECT_EQ(promised->epoch(), 1u);
  EXPECT_NE(promised->seed(), chain.ledger.genesis().committee().seed());
}

TEST(Epochs, TheCommitteesOfThePreviousTheRunningAndTheNextEpochAreKept) {
  TestChain chain;
  for (int e = 0; e < 4; ++e) chain.end_epoch();
  chain.add({}, 1'000);
  ASSERT_EQ(chain.tip.epoch, 4u);
  for (Epoch e = 0; e < 8; ++e) {
    const auto committee = committee_of(chain.view(), e);
    EXPECT_EQ(committee.has_value(), e >= 3 && e <= 5) << e;
    EXPECT_EQ(committee ? committee->epoch() : e, e);
  }
}

TEST(Epochs, EveryEpochHasASeedOfItsOwnThatFollowsFromTheChain) {
  TestChain chain;
  chain.end_epoch();
  const Hash end = chain.tip.digest();
  const Hash seed1 = committee_of(chain.view(), 1)->seed();
  chain.add({}, 1'000);
  EXPECT_EQ(committee_of(chain.view(), 2)->seed(), standing::next_seed(seed1, end));
}

// --- void blocks
// ------------------------------------------------------------------------------------------------------------

TEST(VoidBlocks, FollowAnEpochsEndAndEachOtherAndChangeNothing) {
  TestChain chain;
  chain.end_epoch();
  const auto first = chain.ledger.execute(void_block(chain.tip), chain.tip, chain.view());
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->writes->empty());
  EXPECT_EQ(first->header.writes_digest, chain.tip.writes_digest);
  EXPECT_EQ(first->header.height, chain.tip.height);
  EXPECT_FALSE(first->header.ends_epoch());
  EXPECT_EQ(chain.ledger.broken_invariant(*first, chain.view(), chain.tip), std::nullopt);
  const BlockDraft second = void_block(first->header);
  const auto e = chain.ledger.execute(second, first->header, chain.view());
  ASSERT_TRUE(e.ok());
  EXPECT_TRUE(chain.ledger.judge(TestChain::block_of(second, *e), first->header, chain.view()).ok());
}

TEST(VoidBlocks, AreInvalidAnywhereElseAndWithAnyContent) {
  TestChain chain;
  chain.add({});
  EXPECT_THAT(chain.refusal(void_block(chain.tip)).why, HasSubstr("epoch's last block"));
  chain.end_epoch();
  const auto refused = [&](auto change, const char* why) {
    BlockDraft d = void_block(chain.tip);
    change(d);
    EXPECT_THAT(chain.refusal(d).why, HasSubstr(why));
  };
  refused([](BlockDraft& d) { d.height += 1; }, "height");
  refused([](BlockDraft& d) { d.epoch += 1; }, "epoch");
  refused([](BlockDraft& d) { d.time_ms -= 1; }, "time");
  refused([&](BlockDraft& d) { d.txs = {chain.data(kUser, 1)}; }, "content");
  refused([](BlockDraft& d) { d.evidence = encoded(Evidence{}); }, "content");
}

TEST(VoidBlocks, NoNumberedBlockFollowsOneOrStaysInAnEndedEpoch) {
  TestChain chain;
  chain.end_epoch();
  BlockDraft stays = chain.next({});
  stays.epoch = chain.tip.epoch;
  EXPECT_THAT(chain.refusal(stays).why, HasSubstr("epoch"));
  const Header closer = chain.ledger.execute(void_block(chain.tip), chain.tip, chain.view())->header;
  BlockDraft child = chain.next({});
  child.parent = closer.digest();
  for (Epoch epoch : {chain.tip.epoch, chain.tip.epoch + 1}) {
    child.epoch = epoch;
    const auto e = chain.ledger.execute(child, closer, chain.view());
    ASSERT_FALSE(e.ok());
    EXPECT_THAT(e.error().why, HasSubstr("void"));
  }
}

// --- evidence
// ---------------------------------------------------------------------------------------------------------------

TEST(Evidence, OfCertificatesIsCountedByValidator) {
  TestChain chain;
  chain.add({}, 1'000);
  chain.commit(with_evidence(chain, {{certify(chain, {0, 0, 0}, 1, chain.tip.digest(), {0, 1, 3})}, {}, {}}));
  const auto tally = chain.record<standing::Tally>(state::tally_key());
  EXPECT_EQ(tally.current.members[3].signed_slots, 1u);
  EXPECT_EQ(tally.current.members[2].absent_slots, 1u);
}

TEST(Evidence, ThatDoesNotVerifyMakesTheBlockInvalid) {
  TestChain chain;
  Evidence few{{certify(chain, {0, 0, 0}, 1, chain.tip.digest(), {0, 1})}, {}, {}};
  EXPECT_THAT(chain.refusal(with_evidence(chain, few)).why, HasSubstr("evidence"));
  Evidence forged{{certify(chain, {0, 0, 0}, 1, chain.tip.digest(), {0, 1, 2})}, {}, {}};
  forged.certificates[0].signatures[1].bytes[0] ^= 1;
  EXPECT_EQ(chain.refusal(with_evidence(chain, forged)).code, "block_invalid");
  Evidence innocent{{}, {}, {equivocation(chain, 2, {0, 0, 1})}};
  std::get<Signature>(innocent.equivocations[0].b.signature).bytes[5] ^= 1;
  EXPECT_EQ(chain.refusal(with_evidence(chain, innocent)).code, "block_invalid");
  Evidence later{{certify(chain, {1, 0, 0}, 1, chain.tip.digest(), {0, 1, 2})}, {}, {}};
  EXPECT_EQ(chain.refusal(with_evidence(chain, later)).code, "block_invalid") << "of an epoch to come";
}

TEST(Evidence, HasOneSpelling) {
  TestChain chain;
  BlockDraft d = chain.next({});
  for (Bytes bytes : {Bytes{0}, Bytes(11, 0), Bytes(13, 0), Bytes(12, 0xff)}) {
    d.evidence = bytes;
    EXPECT_EQ(chain.refusal(d).code, "block_invalid");
  }
  d.evidence = encoded(Evidence{});
  EXPECT_TRUE(chain.ledger.execute(d, chain.tip, chain.view()).ok());
}

TEST(Evidence, OfEquivocationJailsFromTheEpochAfterTheNext) {
  Genesis genesis = test_genesis();
  genesis.consensus.jail_epochs = 3;
  TestChain chain(genesis);
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 2, {0, 0, 1})}}));
  EXPECT_EQ(chain.record<standing::CreditRecord>(state::credit_key(2)).jailed_until, 5u);
  EXPECT_EQ(chain.record<standing::Tally>(state::tally_key()).current.members[2].equivocations, 1u);
  EXPECT_EQ(committee_of(chain.view(), 1)->at(2).jailed_until, 0u) << "the next epoch's committee stands already";
  chain.end_epoch();
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 2, {0, 0, 1})}}));  // the same proof again
  const auto credit = chain.record<standing::CreditRecord>(state::credit_key(2));
  EXPECT_EQ(credit.jailed_until, 5u);
  EXPECT_EQ(committee_of(chain.view(), 2)->at(2).jailed_until, 5u);
  EXPECT_EQ(committee_of(chain.view(), 2)->at(1).jailed_until, 0u);
}

TEST(Evidence, CountersOfAnEndedEpochAreKeptAsThePast) {
  TestChain chain;
  chain.add({}, 1'000);
  chain.commit(with_evidence(chain, {{certify(chain, {0, 0, 0}, 1, chain.tip.digest(), {0, 1, 3})}, {}, {}}));
  chain.end_epoch();
  const auto ended = chain.record<standing::Tally>(state::tally_key());
  const Hash end = chain.tip.digest();
  const Height height = chain.tip.height;
  // A certificate of the epoch before is evidence in the next one.
  chain.commit(with_evidence(chain, {{certify(chain, {0, 0, 4}, height, end, {0, 1, 2})}, {}, {}}));
  EXPECT_EQ(chain.record<standing::EpochTally>(state::past_tally_key()), ended.current);
  const auto now = chain.record<standing::Tally>(state::tally_key());
  EXPECT_EQ(now.current.epoch, 1u);
  EXPECT_EQ(now.current.members[3].absent_slots, 1u);
}

TEST(Evidence, CreditIsReadFromTheCommittedTable) {
  // What the credit model will do: write a record. The committee two epochs later has it.
  TestChain chain;
  standing::CreditRecord record = chain.record<standing::CreditRecord>(state::credit_key(1));
  record.credit = 12'345;
  chain.store.apply({{Column::kState, state::credit_key(1), encoded(record)}});
  chain.end_epoch();
  EXPECT_NE(committee_of(chain.view(), 1)->at(1).credit, 12'345u);
  chain.add({}, 1'000);
  EXPECT_EQ(committee_of(chain.view(), 2)->at(1).credit, 12'345u);
}

}  // namespace
}  // namespace tieline::testing
