// The checkers by themselves: each is shown what it is there for, and what looks like it and is none. A checker that
// never fires would make every run of the simulator clean.

#include "sim/checkers.h"

#include "../ledger/chain.h"
#include "consensus/messages.h"
#include "replica/frames.h"

namespace tieline::sim {
namespace {

using tieline::testing::test_genesis;
using tieline::testing::TestChain;
using tieline::testing::validator_key;

constexpr ValidatorId kLiar = 3;

struct CheckersTest : ::testing::Test {
  CheckersTest() : ledger(test_genesis(), verifier), checkers(ledger, verifier, 1U << kLiar) {}

  static ChainId chain() { return test_genesis().chain_id(); }
  Hash genesis_digest() const { return ledger.genesis_header().digest(); }
  static Hash block_name(const char* name) { return sha256(view_of(name)); }

  static TxPtr tx(uint64_t sequence) {
    TransactionDraft d;
    d.chain = chain();
    d.signatories = {1};
    d.sequence = sequence;
    d.expiry_height = 1'000;
    d.actions = {{ActionType::kData, Bytes(4, 1)}};
    return TestChain::make(d);
  }

  // A block above `parent`, with as many transactions of code 0.
  static replica::BlockCommitted block(Height height, const Hash& parent, std::vector<TxPtr> txs = {},
                                       Bytes evidence = {}) {
    auto b = std::make_shared<Block>();
    b->header.chain = chain();
    b->header.height = height;
    b->header.parent = parent;
    b->header.time_ms = static_cast<int64_t>(txs.size() + evidence.size());
    b->digest = b->header.digest();
    b->txs = std::move(txs);
    b->evidence = std::move(evidence);
    auto execution = std::make_shared<Execution>();
    for (const TxPtr& each : b->txs) execution->results.push_back({each->id(), 0});
    return {b, execution, nullptr, 0};
  }
  Hash commit(ValidatorId at, const replica::BlockCommitted& effect) {
    checkers.committed(at, effect);
    return effect.block->digest;
  }
  static Bytes accusation(ValidatorId of) {
    Evidence evidence;
    evidence.equivocations.push_back({of, Slot{0, 0, 0}, {1, block_name("a"), {}}, {1, block_name("b"), {}}});
    return encoded(evidence);
  }
  void confirm(ValidatorId from, ValidatorId signer, const Slot& slot, const char* name) {
    const auto message = consensus::make_message(consensus::Confirm{signer, slot, 1, block_name(name), {}});
    checkers.frame_left(from, SharedFrame(replica::encode_frame(replica::ConsensusFrame{message->bytes})));
  }
  Failure found() const { return checkers.finding() ? checkers.finding()->failure : Failure::kNone; }

  tieline::testing::PlainVerifier verifier;
  Ledger ledger;
  Checkers checkers;
};

TEST_F(CheckersTest, OneChainCommittedByAllIsNoFinding) {
  Hash parent = genesis_digest();
  for (Height height = 1; height <= 3; ++height) {
    const auto next = block(height, parent, {tx(height)});
    for (const ValidatorId at : {ValidatorId{0}, ValidatorId{1}, ValidatorId{2}}) parent = commit(at, next);
  }
  checkers.acknowledged(tx(2)->id(), 2, 0);
  checkers.settle_acknowledged(true);
  EXPECT_EQ(found(), Failure::kNone);
  EXPECT_EQ(checkers.height(), 3u);
}

TEST_F(CheckersTest, TwoBlocksAtOneHeightAreAFork) {
  commit(0, block(1, genesis_digest()));
  commit(1, block(1, genesis_digest(), {tx(1)}));
  EXPECT_EQ(found(), Failure::kFork);
}

TEST_F(CheckersTest, ABlockOnAnotherParentIsAFork) {
  commit(0, block(1, genesis_digest()));
  commit(0, block(2, block_name("another")));
  EXPECT_EQ(found(), Failure::kFork);
}

TEST_F(CheckersTest, ToStandWhereNobodyCommittedIsAFork) {
  const Hash first = commit(0, block(1, genesis_digest()));
  checkers.standing(1, 1, first);
  EXPECT_EQ(found(), Failure::kNone);
  checkers.standing(1, 1, block_name("another"));
  EXPECT_EQ(found(), Failure::kFork);
}

TEST_F(CheckersTest, AHeightSkippedOrRepeatedIsFound) {
  const auto first = block(1, genesis_digest());
  commit(0, first);
  commit(0, first);
  EXPECT_EQ(found(), Failure::kCommitOrder);
}

TEST_F(CheckersTest, TwoConfirmsForOneSlotAreADoubleVoteAndTheSameTwiceIsNone) {
  confirm(1, 1, {0, 0, 0}, "a");
  confirm(1, 1, {0, 0, 0}, "a");
  confirm(1, 1, {0, 0, 1}, "b");
  confirm(2, 2, {0, 0, 0}, "b");
  confirm(2, 1, {0, 0, 0}, "b");  // passed on for another, whose link it is not
  EXPECT_EQ(found(), Failure::kNone);
  confirm(1, 1, {0, 0, 0}, "b");
  EXPECT_EQ(found(), Failure::kDoubleVote);
}

TEST_F(CheckersTest, AnAccusationOfACorrectValidatorIsWrongAndOfALiarRight) {
  const Hash first = commit(0, block(1, genesis_digest(), {}, accusation(kLiar)));
  EXPECT_EQ(found(), Failure::kNone);
  commit(0, block(2, first, {}, accusation(0)));
  EXPECT_EQ(found(), Failure::kWrongEvidence);
}

TEST_F(CheckersTest, SoIsOneOfAnInvalidBlockOrASubmission) {
  const auto with = [](ValidatorId invalid, ValidatorId rejected) {
    Evidence e;
    e.invalid.emplace_back();
    e.invalid[0].signer = invalid;
    e.rejected.emplace_back();
    e.rejected[0].submitter = rejected;
    return encoded(e);
  };
  const Hash first = commit(0, block(1, genesis_digest(), {}, with(kLiar, kLiar)));
  EXPECT_EQ(found(), Failure::kNone);
  const Checkers before = checkers;
  commit(0, block(2, first, {}, with(kLiar, 0)));
  EXPECT_EQ(found(), Failure::kWrongEvidence);
  checkers = before;
  commit(0, block(2, first, {}, with(0, kLiar)));
  EXPECT_EQ(found(), Failure::kWrongEvidence);
}

TEST_F(CheckersTest, ALateConfirmIsOfAVoteThatWasCast) {
  confirm(1, 1, {0, 0, 0}, "a");
  const auto late = [](ValidatorId signer, const Slot& slot, const char* name) {
    Evidence e;
    e.late.push_back({signer, slot, 1, block_name(name), {}});
    return encoded(e);
  };
  const Hash first = commit(0, block(1, genesis_digest(), {}, late(1, {0, 0, 0}, "a")));
  const Hash second = commit(0, block(2, first, {}, late(kLiar, {0, 0, 5}, "a")));
  EXPECT_EQ(found(), Failure::kNone) << "a liar may say it voted";
  const Checkers before = checkers;
  commit(0, block(3, second, {}, late(1, {0, 0, 0}, "b")));
  EXPECT_EQ(found(), Failure::kWrongEvidence);
  checkers = before;
  commit(0, block(3, second, {}, late(1, {0, 0, 1}, "a")));
  EXPECT_EQ(found(), Failure::kWrongEvidence);
}

TEST_F(CheckersTest, ALateConfirmThatNobodySawLeaveCountsBySignature) {
  const auto late = [](const Slot& slot, const char* name) {
    const Hash vote =
        vote_digest(deciding_phase(test_genesis().consensus.commit_rule()), chain(), slot, 1, block_name(name));
    Evidence e;
    e.late.push_back({1, slot, 1, block_name(name), VoteSignature{validator_key(1).sign(vote.view())}});
    return encoded(e);
  };
  const Hash first = commit(0, block(1, genesis_digest(), {}, late({0, 0, 0}, "a")));
  EXPECT_EQ(found(), Failure::kNone);
  commit(0, block(2, first, {}, late({0, 0, 0}, "b")));
  EXPECT_EQ(found(), Failure::kDoubleVote);
}

TEST_F(CheckersTest, ATransactionRecordedTwiceIsInvalid) {
  const Hash first = commit(0, block(1, genesis_digest(), {tx(1)}));
  commit(0, block(2, first, {tx(1)}));
  EXPECT_EQ(found(), Failure::kInvalid);
}

TEST_F(CheckersTest, ATransactionThatNeverShouldBeRecordedIsInvalid) {
  checkers.must_not_be_recorded(tx(1)->id());
  commit(0, block(1, genesis_digest(), {tx(1)}));
  EXPECT_EQ(found(), Failure::kInvalid);
}

TEST_F(CheckersTest, AnAcknowledgementMayComeBeforeItsBlockAndIsLostOnceTheBlockIsAnother) {
  checkers.acknowledged(tx(1)->id(), 1, 0);
  checkers.settle_acknowledged(false);
  EXPECT_EQ(found(), Failure::kNone);
  commit(0, block(1, genesis_digest(), {tx(2)}));
  checkers.settle_acknowledged(false);
  EXPECT_EQ(found(), Failure::kLostAck);
}

TEST_F(CheckersTest, AnAcknowledgementOfABlockThatNeverComesIsLost) {
  checkers.acknowledged(tx(1)->id(), 1, 0);
  checkers.settle_acknowledged(true);
  EXPECT_EQ(found(), Failure::kLostAck);
}

TEST_F(CheckersTest, AnAcknowledgementOfAnotherPlaceOrCodeIsLost) {
  commit(0, block(1, genesis_digest(), {tx(1)}));
  checkers.acknowledged(tx(1)->id(), 1, 8);
  checkers.settle_acknowledged(false);
  EXPECT_EQ(found(), Failure::kLostAck);
}

}  // namespace
}  // namespace tieline::sim
