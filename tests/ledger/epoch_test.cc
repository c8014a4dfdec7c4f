#include <gmock/gmock.h>

#include "chain.h"
#include "evidence_makers.h"
#include "standing/leader.h"

namespace tieline::testing {
namespace {

using ::testing::HasSubstr;

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
  innocent.equivocations[0].b.signature.bytes[5] ^= 1;
  EXPECT_EQ(chain.refusal(with_evidence(chain, innocent)).code, "block_invalid");
  Evidence later{{certify(chain, {1, 0, 0}, 1, chain.tip.digest(), {0, 1, 2})}, {}, {}};
  EXPECT_EQ(chain.refusal(with_evidence(chain, later)).code, "block_invalid") << "of an epoch to come";
}

TEST(Evidence, HasOneSpelling) {
  TestChain chain;
  BlockDraft d = chain.next({});
  for (Bytes bytes : {Bytes{0}, Bytes(27, 0), Bytes(29, 0), Bytes(28, 0xff)}) {
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

TEST(Evidence, OfALateConfirmIsCountedInLaterBlocksAndEpochs) {
  TestChain chain;
  chain.commit(with_evidence(chain, {{certify(chain, {0, 0, 0}, 1, chain.tip.digest(), {0, 1, 3}),
                                      certify(chain, {0, 0, 1}, 2, chain.tip.digest(), {0, 1, 3})},
                                     {},
                                     {}}));
  EXPECT_TRUE(chain.view().get(state::page_key({0, 0, 0})));
  EXPECT_EQ(chain.record<standing::Tally>(state::tally_key()).current.members[2].absent_slots, 2u);
  const auto late = [&](int64_t index) {
    Evidence e;
    const Slot slot{0, 0, index};
    const Hash block = chain.tip.digest();
    const Hash digest = confirm_digest(chain.ledger.chain(), slot, 1, block);
    e.late = {{2, slot, 1, block, validator_key(2).sign(digest.view())}};
    return e;
  };
  chain.commit(with_evidence(chain, late(0)));
  const auto tally = chain.record<standing::Tally>(state::tally_key());
  EXPECT_EQ(tally.current.members[2].absent_slots, 1u);
  EXPECT_EQ(tally.current.members[2].signed_slots, 1u);
  Evidence forged = late(1);
  forged.late[0].signer = 1;
  EXPECT_EQ(chain.refusal(with_evidence(chain, forged)).code, "block_invalid");
  chain.end_epoch();
  chain.commit(with_evidence(chain, late(1)));  // of the epoch before, whose counters are closed
  EXPECT_EQ(chain.record<standing::EpochTally>(state::past_tally_key()).members[2].absent_slots, 1u);
  EXPECT_EQ(chain.record<standing::Tally>(state::tally_key()).current.members[2].signed_slots, 0u);
}

TEST(Evidence, PagesOfTheLateWindowGoWhenItMovesOn) {
  Genesis genesis = test_genesis();
  genesis.consensus.tenure_slots = 1;  // the window is two slots
  TestChain chain(genesis);
  const auto count = [&](View view) {
    chain.commit(
        with_evidence(chain, {{certify(chain, {chain.tip.ends_epoch() ? chain.tip.epoch + 1 : chain.tip.epoch, view, 0},
                                       1, chain.tip.digest(), {0, 1, 3})},
                              {},
                              {}}));
  };
  for (View v = 0; v < 3; ++v) count(v);
  EXPECT_FALSE(chain.view().get(state::page_key({0, 0, 0})));
  EXPECT_TRUE(chain.view().get(state::page_key({0, 1, 0})));
  EXPECT_TRUE(chain.view().get(state::page_key({0, 2, 0})));
  EXPECT_EQ(chain.record<standing::Tally>(state::tally_key()).window.size(), 2u);
}

// A vote of `signer` for a block of the test's making, whose transactions are `txs`.
InvalidBlock vote_for(const TestChain& chain, ValidatorId signer, const Slot& slot, const std::vector<TxPtr>& txs) {
  Header h;
  h.chain = chain.ledger.chain();
  h.height = 1;
  h.epoch = slot.epoch;
  h.tx_count = static_cast<uint32_t>(txs.size());
  h.tx_root = tx_root(txs);
  const Hash digest = confirm_digest(h.chain, slot, h.height, h.digest());
  return {signer, slot, h.height, validator_key(signer).sign(digest.view()), encoded(h), std::nullopt};
}

TEST(Evidence, OfAnInvalidBlockIsPunishedLikeEquivocationOnceASlot) {
  Genesis genesis = test_genesis();
  genesis.consensus.jail_epochs = 3;
  TestChain chain(genesis);
  const TxPtr good = chain.data(kPlant, 1);
  Bytes bytes(good->bytes().view().begin(), good->bytes().view().end());
  bytes.back() ^= 1;  // of the signature
  const TxPtr bad = *Transaction::parse(Blob(bytes));
  Evidence e;
  e.invalid = {vote_for(chain, 2, {0, 0, 1}, {bad})};
  e.invalid[0].bad = BadTransaction{bytes, 0, {}};
  chain.commit(with_evidence(chain, e));
  EXPECT_EQ(chain.record<standing::CreditRecord>(state::credit_key(2)).jailed_until, 5u);
  EXPECT_EQ(chain.record<standing::Tally>(state::tally_key()).current.members[2].invalid_blocks, 1u);
  chain.commit(with_evidence(chain, e));
  EXPECT_EQ(chain.record<standing::Tally>(state::tally_key()).current.members[2].invalid_blocks, 1u);

  Evidence innocent;
  innocent.invalid = {vote_for(chain, 1, {0, 0, 1}, {good})};
  innocent.invalid[0].bad = BadTransaction{Bytes(good->bytes().view().begin(), good->bytes().view().end()), 0, {}};
  EXPECT_THAT(chain.refusal(with_evidence(chain, innocent)).why, HasSubstr("every signature"));
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
  // Whoever writes a record: the committee two epochs later has it.
  Genesis genesis = test_genesis();
  genesis.credit.model = CreditModel::kFrozen;
  TestChain chain(genesis);
  standing::CreditRecord record = chain.record<standing::CreditRecord>(state::credit_key(1));
  record.credit = 12'345;
  chain.store.apply({{Column::kState, state::credit_key(1), encoded(record)}});
  chain.end_epoch();
  EXPECT_NE(committee_of(chain.view(), 1)->at(1).credit, 12'345u);
  chain.add({}, 1'000);
  EXPECT_EQ(committee_of(chain.view(), 2)->at(1).credit, 12'345u);
}

// --- credit
// ---------------------------------------------------------------------------------------------------------------

TimeoutProof timed_out(const TestChain& chain, Epoch epoch, View view, std::initializer_list<size_t> signers) {
  TimeoutProof proof;
  proof.epoch = epoch;
  proof.view = view;
  const Hash digest = timeout_digest(chain.ledger.chain(), ViewChangeKind::kTimeout, epoch, view);
  for (size_t p : signers) {
    proof.signers.insert(p);
    proof.signatures.push_back(validator_key(static_cast<ValidatorId>(p)).sign(digest.view()));
  }
  return proof;
}

Genesis with_credit(CreditModel model) {
  Genesis genesis = test_genesis();
  genesis.credit.model = model;
  return genesis;
}

standing::CreditRecord credit_of(const TestChain& chain, ValidatorId id) {
  return chain.record<standing::CreditRecord>(state::credit_key(id));
}

TEST(Credit, OfAFailedLeaderIsBelowTheOthersInTheCommitteeOfTheEpochAfterTheNext) {
  TestChain chain(with_credit(CreditModel::kLinear));
  const ValidatorId leader = standing::leader_of(chain.ledger.genesis().consensus, *committee_of(chain.view(), 0), 0);
  const auto other = static_cast<ValidatorId>((leader + 1) % 4);
  chain.commit(with_evidence(chain, {{}, {timed_out(chain, 0, 1, {0, 1})}, {}}));
  chain.end_epoch();
  EXPECT_EQ(credit_of(chain, leader), credit_of(chain, other)) << "credit moves at the boundary";
  chain.add({}, 1'000);
  EXPECT_LT(credit_of(chain, leader).credit, credit_of(chain, other).credit);
  EXPECT_EQ(committee_of(chain.view(), 1)->at(leader).credit, committee_of(chain.view(), 1)->at(other).credit);
  EXPECT_EQ(committee_of(chain.view(), 2)->at(leader).credit, credit_of(chain, leader).credit);
}

TEST(Credit, TheStateTellsWhyItMovedAndInWhichBlock) {
  TestChain chain(with_credit(CreditModel::kNetwork));
  const ValidatorId leader = standing::leader_of(chain.ledger.genesis().consensus, *committee_of(chain.view(), 0), 0);
  chain.add({}, 1'000);
  chain.commit(with_evidence(chain, {{}, {timed_out(chain, 0, 1, {0, 1})}, {}}));
  const Height height = chain.tip.height;
  chain.end_epoch();
  const Height end = chain.tip.height;
  EXPECT_FALSE(chain.record<standing::CreditEvents>(state::credit_events_key()).list.empty());
  chain.add({}, 1'000);
  const auto log = chain.record<standing::CreditLog>(state::credit_log_key(leader));
  ASSERT_EQ(log.entries.size(), 1u);
  EXPECT_EQ(log.entries[0].epoch, 0u);
  EXPECT_EQ(log.entries[0].end, end);
  EXPECT_EQ(log.entries[0].observed.failed_views, 1u);
  EXPECT_EQ(log.entries[0].credit, credit_of(chain, leader).credit);
  ASSERT_EQ(log.entries[0].events.size(), 1u);
  const standing::CreditEvent expected{standing::CreditEventKind::kFailedView, leader, height, 0, 0};
  EXPECT_EQ(log.entries[0].events[0], expected);
  EXPECT_TRUE(chain.record<standing::CreditEvents>(state::credit_events_key()).list.empty());
}

TEST(Credit, AProofTakesItAllAtOnce) {
  TestChain chain(with_credit(CreditModel::kNetwork));
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 2, {0, 0, 1})}}));
  EXPECT_EQ(credit_of(chain, 2).credit, 0u);
  chain.end_epoch();
  chain.add({}, 1'000);
  EXPECT_EQ(credit_of(chain, 2).credit, 0u) << "the model gives nothing back in the epoch of the proof";
  EXPECT_EQ(committee_of(chain.view(), 2)->at(2).credit, 0u);
}

TEST(Credit, AProofInAnEpochsFirstBlockComesAfterTheBoundary) {
  TestChain chain(with_credit(CreditModel::kNetwork));
  chain.end_epoch();
  chain.commit(with_evidence(chain, {{}, {}, {equivocation(chain, 2, {0, 0, 1})}}));
  EXPECT_EQ(credit_of(chain, 2).credit, 0u);
  EXPECT_GT(committee_of(chain.view(), 2)->at(2).credit, 0u) << "that committee follows from the state below";
}

TEST(Credit, TheWeightsInForceAreThoseOfTheState) {
  TestChain chain(with_credit(CreditModel::kNetwork));
  EXPECT_EQ(chain.record<CreditWeights>(state::credit_weights_key()), chain.ledger.genesis().credit.weights);
  CreditWeights others{1, std::vector<int32_t>(CreditWeights::size_of(1), 0)};
  others.values.back() = 8 * 65'536;  // good news of everybody
  chain.store.apply({{Column::kState, state::credit_weights_key(), encoded(others)}});
  chain.end_epoch();
  chain.add({}, 1'000);
  EXPECT_EQ(chain.record<standing::CreditLog>(state::credit_log_key(0)).entries[0].output, 65'514u);
}

}  // namespace
}  // namespace tieline::testing
