// Judging what is proposed: bodies from the pool, from the proposer, from others; verdicts that do not depend on luck;
// times that lie ahead are waited for.

#include "replica/judge_desk.h"

#include "crypto/hash.h"
#include "crypto/merkle.h"

#include "scripted.h"

namespace tieline::replica::testing {
namespace {

struct JudgeTest : ScriptedTest {
  TestChain chain{world_genesis()};

  Block block_of(std::vector<TxPtr> txs, int64_t after_ms = 500) {
    const BlockDraft d = chain.next(std::move(txs), after_ms);
    auto e = chain.ledger.execute(d, chain.tip, chain.view());
    EXPECT_TRUE(e.ok());
    return TestChain::block_of(d, *e);
  }
  static consensus::Judge ask_by_digest(const Block& b, std::vector<ValidatorId> holders = {2}) {
    consensus::Judge judge;
    judge.block = b.digest;
    judge.header.height = b.header.height;
    judge.known_by_digest = true;
    judge.holders = std::move(holders);
    return judge;
  }
  static Frame whole(const Block& b) {
    Writer w;
    encode_block(w, b);
    return BlockAnswer{b.digest, Blob(w.take())};
  }
  void expect_verdict(const Block& b, bool valid) {
    const auto verdicts = seen<consensus::Judged>();
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts[0].block, b.digest);
    EXPECT_EQ(verdicts[0].valid, valid) << verdicts[0].why;
    ASSERT_NE(verdicts[0].body, nullptr);
    EXPECT_EQ(verdicts[0].body->txs.size(), b.txs.size());
  }
  static TxPtr forged(const TxPtr& good) {
    Bytes bytes(good->bytes().view().begin(), good->bytes().view().end());
    bytes.back() ^= 1;
    auto bad = Transaction::parse(Blob(bytes));
    EXPECT_TRUE(bad.ok());
    return *bad;
  }
};

TEST_F(JudgeTest, ABodyInThePoolIsJudgedAtOnce) {
  const TxPtr a = tx(1), b = tx(2);
  verify(frame_from(0, TransactionsFrame{{a->bytes(), b->bytes()}}));
  const Block block = block_of({a, b});
  const Effects step = engine_says({ask(block)});
  EXPECT_TRUE(frames<TransactionsRequest>(step).empty());
  expect_verdict(block, true);
}

TEST_F(JudgeTest, WhatIsMissingIsAskedFromTheProposerAfterAWhile) {
  const TxPtr a = tx(1), b = tx(2);
  verify(frame_from(0, TransactionsFrame{{a->bytes()}}));
  const Block block = block_of({a, b});
  EXPECT_TRUE(frames<TransactionsRequest>(engine_says({ask(block)})).empty());
  const auto asked = frames<TransactionsRequest>(pass_us(Limits().fetch_wait_us));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].first, 2);
  EXPECT_EQ(asked[0].second.ids, std::vector<TxId>{b->id()});
  const Effects answer = frame_from(2, TransactionsAnswer{{b->bytes()}, {}});
  EXPECT_TRUE(seen<consensus::Judged>().empty());  // its signature is not checked yet
  ASSERT_EQ(all<VerifyJob>(answer).size(), 1u);
  verify(answer);
  expect_verdict(block, true);
}

TEST_F(JudgeTest, WhatArrivesByItselfIsNotFetched) {
  const TxPtr a = tx(1);
  const Block block = block_of({a});
  engine_says({ask(block)});
  pass_us(Limits().fetch_wait_us / 2);
  verify(frame_from(0, TransactionsFrame{{a->bytes()}}));
  expect_verdict(block, true);
  EXPECT_TRUE(frames<TransactionsRequest>(pass_us(Limits().fetch_wait_us)).empty());
}

TEST_F(JudgeTest, ASilentProposerCostsOneRetryThenOthersAreAsked) {
  const TxPtr a = tx(1);
  const Block block = block_of({a});
  engine_says({ask(block)});
  const auto asked = frames<TransactionsRequest>(pass_us(Limits().fetch_wait_us + 2 * Limits().fetch_retry_us));
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].first, 2);
  EXPECT_NE(asked[1].first, 2);
  EXPECT_NE(asked[2].first, asked[1].first);
  EXPECT_NE(asked[2].first, 2);
}

TEST_F(JudgeTest, WhoNoLongerHasTheTransactionsIsAskedForTheBlock) {
  const TxPtr a = tx(1);
  const Block block = block_of({a});
  engine_says({ask(block)});
  pass_us(Limits().fetch_wait_us);
  const auto asked = frames<BlockRequest>(frame_from(2, TransactionsAnswer{{}, {a->id()}}));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].first, 2) << "with two peers only the other one would ever be asked";
  EXPECT_EQ(asked[0].second.digest, block.digest);
  verify(frame_from(asked[0].first, whole(block)));
  expect_verdict(block, true);
}

TEST_F(JudgeTest, AListThatIsNotTheBodyIsNoVerdictButAReasonToFetchTheBlock) {
  const TxPtr a = tx(1), b = tx(2);
  verify(frame_from(0, TransactionsFrame{{a->bytes(), b->bytes()}}));
  const Block block = block_of({a, b});
  auto judge = ask(block);
  std::swap(judge.txs[0], judge.txs[1]);
  const Effects step = engine_says({judge});
  EXPECT_TRUE(seen<consensus::Judged>().empty());
  ASSERT_EQ(frames<BlockRequest>(step).size(), 1u);
  frame_from(2, whole(block));
  expect_verdict(block, true);
}

TEST_F(JudgeTest, AForgedSignatureMakesTheBlockInvalid) {
  const TxPtr good = tx(1), bad = forged(tx(2));
  verify(frame_from(0, TransactionsFrame{{good->bytes()}}));
  const Block block = block_of({good, bad});
  engine_says({ask(block)});
  pass_us(Limits().fetch_wait_us);
  verify(frame_from(2, TransactionsAnswer{{bad->bytes()}, {}}));
  expect_verdict(block, false);
  // With it goes what shows it to anyone.
  const auto shown = seen<consensus::Judged>()[0].bad;
  ASSERT_TRUE(shown);
  EXPECT_EQ(sha256(shown->transaction), bad->id());
  EXPECT_TRUE(merkle_verify(block.header.tx_root, merkle_leaf(bad->id().view()), shown->index, 2, shown->path));
  // Asked again, the verdict stands.
  script->seen.clear();
  engine_says({ask_by_digest(block)});
  expect_verdict(block, false);
}

TEST_F(JudgeTest, AHeaderThatExecutionDoesNotYieldIsInvalid) {
  const TxPtr a = tx(1);
  verify(frame_from(0, TransactionsFrame{{a->bytes()}}));
  Block block = block_of({a});
  block.header.result_root = sha256(view_of("made up"));
  block.digest = block.header.digest();
  engine_says({ask(block)});
  expect_verdict(block, false);
}

TEST_F(JudgeTest, ATransactionNamedTwiceIsInvalidAndNoCrash) {
  const TxPtr a = tx(1);
  Block block = block_of({a});
  block.txs = {a, a};
  block.header.tx_count = 2;
  block.header.tx_root = tx_root(block.txs);
  block.digest = block.header.digest();
  engine_says({ask(block)});
  pass_us(Limits().fetch_wait_us);
  verify(frame_from(2, TransactionsAnswer{{a->bytes()}, {}}));
  expect_verdict(block, false);
}

TEST_F(JudgeTest, ABlockTimeAheadOfTheClockIsWaitedForAndNotRefused) {
  const int64_t drift_ms = genesis.consensus.drift_ms;
  const Block block = block_of({}, 1'000 + drift_ms + 3'000);
  engine_says({ask(block)});
  EXPECT_TRUE(seen<consensus::Judged>().empty());
  pass_us(2'900'000);
  EXPECT_TRUE(seen<consensus::Judged>().empty());
  pass_us(200'000);
  expect_verdict(block, true);
}

TEST_F(JudgeTest, AFreshBlockFromLongAgoGetsNoAnswerAndAnOldOneProposedAgainDoes) {
  advance_us((int64_t{genesis.consensus.drift_ms} + 2'000) * 1'000);
  const Block block = block_of({}, 10);
  const Effects step = engine_says({ask(block)});
  EXPECT_EQ(counted(step, "block_too_old"), 1u);
  EXPECT_TRUE(seen<consensus::Judged>().empty());
  auto again = ask(block);
  again.fresh = false;
  engine_says({again});
  expect_verdict(block, true);
}

TEST_F(JudgeTest, AMissingParentIsFetchedWhole) {
  const TxPtr a = tx(1), b = tx(2);
  const Block parent = block_of({a});
  chain.commit(chain.next({a}, 500));
  const Block child = block_of({b});
  verify(frame_from(0, TransactionsFrame{{b->bytes()}}));
  const Effects step = engine_says({ask(child)});
  const auto asked = frames<BlockRequest>(step);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].second.digest, parent.digest);
  verify(frame_from(2, whole(parent)));
  expect_verdict(child, true);
}

TEST_F(JudgeTest, ABlockKnownByDigestIsFetchedFromHoldersUntilOneHasIt) {
  const TxPtr a = tx(1);
  const Block block = block_of({a});
  const Block other = block_of({tx(2)});
  auto asked = frames<BlockRequest>(engine_says({ask_by_digest(block, {3, 2})}));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].first, 3);
  asked = frames<BlockRequest>(frame_from(3, BlockAnswer{block.digest, std::nullopt}));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].first, 2);
  // Another block under this digest, and bytes that are none.
  auto lie = std::get<BlockAnswer>(whole(other));
  lie.digest = block.digest;
  EXPECT_EQ(counted(frame_from(2, lie), "fetched_block_wrong"), 1u);
  EXPECT_EQ(counted(frame_from(2, BlockAnswer{block.digest, Blob(Bytes{1, 2, 3})}), "fetched_block_wrong"), 1u);
  verify(frame_from(2, whole(block)));
  expect_verdict(block, true);
}

TEST_F(JudgeTest, WhatNobodyHasIsGivenUpInTheEnd) {
  consensus::Judge judge;
  judge.block = sha256(view_of("no such block"));
  judge.known_by_digest = true;
  engine_says({judge});
  const Effects effects = pass_us(kFetchesMax * kFetchSlowFactor * Limits().fetch_retry_us);
  EXPECT_EQ(counted(effects, "fetch_given_up"), 1u);
}

// --- building -------------------------------------------------------------------------------------------------------

struct BuilderTest : JudgeTest {
  consensus::WantBlock want(uint64_t ticket, bool allow_empty = false) {
    consensus::WantBlock w;
    w.ticket = ticket;
    w.parent = chain_state.tip_digest;
    w.parent_header = chain_state.tip;
    w.epoch = 0;
    w.allow_empty = allow_empty;
    return w;
  }
};

TEST_F(BuilderTest, TransactionsAreTakenInTheOrderInWhichTheyCameAndSpreadToAllPeers) {
  engine_says({want(1)});
  EXPECT_TRUE(seen<consensus::BlockBuilt>().empty());  // nothing worth proposing
  ClientSubmit submit{1, 0, {}};
  std::vector<TxPtr> txs;
  for (uint64_t i = 1; i <= 5; ++i) {
    txs.push_back(tx(i));
    submit.transactions.push_back(txs.back()->bytes());
  }
  const Effects spread = verify(give(submit));
  const auto sent = frames<TransactionsFrame>(spread);
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].second.transactions.size(), 5u);
  const auto built = seen<consensus::BlockBuilt>();
  ASSERT_EQ(built.size(), 1u);
  EXPECT_EQ(built[0].ticket, 1u);
  ASSERT_EQ(built[0].block->txs.size(), txs.size());
  for (size_t i = 0; i < txs.size(); ++i) EXPECT_EQ(built[0].block->txs[i]->id(), txs[i]->id());
  EXPECT_EQ(built[0].block->header.time_ms, now.wall_ms);
}

TEST_F(BuilderTest, WhatCameFromAPeerIsNeverPassedOn) {
  const Effects effects = verify(frame_from(0, TransactionsFrame{{tx(1)->bytes()}}));
  EXPECT_TRUE(frames<TransactionsFrame>(effects).empty());
}

TEST_F(BuilderTest, AnEmptyBlockIsBuiltOnlyWhenItIsAllowed) {
  engine_says({want(1, true)});
  const auto built = seen<consensus::BlockBuilt>();
  ASSERT_EQ(built.size(), 1u);
  EXPECT_TRUE(built[0].block->txs.empty());
}

TEST_F(BuilderTest, AWithdrawnWishIsNotFulfilled) {
  engine_says({want(1), consensus::WantBlock{}});
  verify(frame_from(0, TransactionsFrame{{tx(1)->bytes()}}));
  EXPECT_TRUE(seen<consensus::BlockBuilt>().empty());
}

TEST_F(BuilderTest, TransactionsOfUncommittedAncestorsAreLeftOut) {
  verify(frame_from(0, TransactionsFrame{{tx(1)->bytes(), tx(2)->bytes()}}));
  engine_says({want(1)});
  auto built = seen<consensus::BlockBuilt>();
  ASSERT_EQ(built.size(), 1u);
  ASSERT_EQ(built[0].block->txs.size(), 2u);
  const BlockPtr parent = built[0].block;
  verify(frame_from(0, TransactionsFrame{{tx(3)->bytes()}}));
  script->seen.clear();
  auto next = want(2);
  next.parent = parent->digest;
  next.parent_header = parent->header;
  engine_says({next});
  pass_us(int64_t{genesis.consensus.block_wait_ms} * 1'000);
  built = seen<consensus::BlockBuilt>();
  ASSERT_EQ(built.size(), 1u);
  ASSERT_EQ(built[0].block->txs.size(), 1u);
  EXPECT_EQ(built[0].block->txs[0]->id(), tx(3)->id());
}

TEST_F(BuilderTest, OneBlockTakesNoSequenceNumberTwice) {
  const TxPtr a = tx(1, 16), b = tx(1, 17);
  ASSERT_NE(a->id(), b->id());
  verify(frame_from(0, TransactionsFrame{{a->bytes(), b->bytes()}}));
  engine_says({want(1)});
  const auto built = seen<consensus::BlockBuilt>();
  ASSERT_EQ(built.size(), 1u);
  EXPECT_EQ(built[0].block->txs.size(), 1u);
}

TEST_F(BuilderTest, ABusyLeaderLetsTransactionsShareABlock) {
  verify(frame_from(0, TransactionsFrame{{tx(1)->bytes()}}));
  engine_says({want(1)});
  const BlockPtr first = seen<consensus::BlockBuilt>().at(0).block;
  script->seen.clear();
  auto next = want(2);
  next.parent = first->digest;
  next.parent_header = first->header;
  verify(frame_from(0, TransactionsFrame{{tx(2)->bytes()}}));
  engine_says({next});
  EXPECT_TRUE(seen<consensus::BlockBuilt>().empty());
  verify(frame_from(0, TransactionsFrame{{tx(3)->bytes()}}));
  EXPECT_TRUE(seen<consensus::BlockBuilt>().empty());
  pass_us(int64_t{genesis.consensus.block_wait_ms} * 1'000);
  ASSERT_EQ(seen<consensus::BlockBuilt>().size(), 1u);
  EXPECT_EQ(seen<consensus::BlockBuilt>()[0].block->txs.size(), 2u);
}

// --- the door -------------------------------------------------------------------------------------------------------

struct DoorTest : ScriptedTest {};

TEST_F(DoorTest, EachRefusalHasItsCodeAndNothingElseHappens) {
  const TxPtr good = tx(1);
  Bytes forged(good->bytes().view().begin(), good->bytes().view().end());
  forged.back() ^= 1;
  Genesis other = genesis;
  other.network = "another";
  const TxPtr wrong_chain = make_tx(other, 1, 1);
  const TxPtr unknown = make_tx(genesis, 99, 1);
  ClientSubmit submit{5, 100, {}};
  submit.transactions = {Blob(Bytes{1, 2, 3}), Blob(Bytes(kTxBytesMax + 1, 0)), wrong_chain->bytes(), unknown->bytes(),
                         Blob(forged)};
  const Effects door = give(submit);
  const Effects checked = verify(door);
  std::map<uint64_t, uint16_t> codes;
  for (const Effects* effects : {&door, &checked}) {
    for (const TxOutcome* o : all<TxOutcome>(*effects)) {
      EXPECT_EQ(o->client, 5u);
      EXPECT_FALSE(o->committed);
      codes[o->tag] = o->code;
    }
  }
  const std::map<uint64_t, uint16_t> wanted{{100, number(TxCode::malformed)},
                                            {101, number(TxCode::over_size)},
                                            {102, number(TxCode::wrong_chain)},
                                            {103, number(TxCode::unknown_signer)},
                                            {104, number(TxCode::bad_signature)}};
  EXPECT_EQ(codes, wanted);
  EXPECT_EQ(replica->status().pending, 0u);
}

TEST_F(DoorTest, TheOldestPendingTransactionIsWhatTheEngineHearsOf) {
  verify(frame_from(0, TransactionsFrame{{tx(1)->bytes()}}));
  ASSERT_EQ(seen<consensus::Pending>().size(), 1u);
  EXPECT_EQ(seen<consensus::Pending>()[0].oldest_us, now.mono_us);
  advance_us(100);
  verify(frame_from(0, TransactionsFrame{{tx(2)->bytes()}}));
  EXPECT_EQ(seen<consensus::Pending>().size(), 1u);  // still the same one
}

TEST_F(DoorTest, AClientThatIsGoneHearsNothing) {
  const TxPtr whole = tx(1);
  Bytes forged(whole->bytes().view().begin(), whole->bytes().view().end());
  forged.back() ^= 1;
  const Effects door = give(ClientSubmit{5, 1, {Blob(forged)}});
  give(ClientGone{5});
  EXPECT_TRUE(all<TxOutcome>(verify(door)).empty());
}

}  // namespace
}  // namespace tieline::replica::testing
