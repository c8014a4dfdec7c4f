// Batches handed on under a seal, and what is shown of one that holds a transaction that does not verify.

#include "replica/submission.h"

#include "scripted.h"

namespace tieline::replica::testing {
namespace {

struct SubmissionTest : ScriptedTest {
  static Blob forged(const TxPtr& good) {
    Bytes bytes(good->bytes().view().begin(), good->bytes().view().end());
    bytes.back() ^= 1;
    return Blob(std::move(bytes));
  }
  TransactionsFrame sealed(std::vector<Blob> batch, ValidatorId by) const {
    const BatchSeal seal = seal_batch(batch, genesis.chain_id(), by, 0, validator_key(by));
    return {std::move(batch), seal};
  }
  std::vector<RejectedSubmission> accused() const {
    std::vector<RejectedSubmission> out;
    for (const consensus::Input& input : script->seen)
      if (const auto* r = std::get_if<consensus::SubmissionRejected>(&input)) out.push_back(r->proof);
    return out;
  }
};

TEST_F(SubmissionTest, WhoeverHandsOnABadSignatureUnderItsSealIsShown) {
  const Blob bad = forged(tx(2));
  verify(frame_from(2, sealed({tx(1)->bytes(), bad}, 2)));
  const auto proofs = accused();
  ASSERT_EQ(proofs.size(), 1u);
  EXPECT_EQ(proofs[0].submitter, 2);
  EXPECT_EQ(proofs[0].bad.transaction, Bytes(bad.view().begin(), bad.view().end()));
  EXPECT_TRUE(verify_rejected(proofs[0], genesis.chain_id(), chain_state.committee, verifier, [&](ParticipantId id) {
                return &genesis.participants[id - 1].key;
              }).ok());
}

TEST_F(SubmissionTest, AndWhoHandsOnWhatIsNoTransaction) {
  frame_from(2, sealed({tx(1)->bytes(), Blob(Bytes{1, 2, 3})}, 2));
  ASSERT_EQ(accused().size(), 1u);
  EXPECT_EQ(accused()[0].bad.index, 1u);
}

TEST_F(SubmissionTest, AnHonestBatchAccusesNobody) {
  verify(frame_from(2, sealed({tx(1)->bytes(), tx(2)->bytes()}, 2)));
  EXPECT_TRUE(accused().empty());
}

TEST_F(SubmissionTest, WithoutASealOrUnderAnothersNobodyIsAccused) {
  const Blob bad = forged(tx(1));
  verify(frame_from(2, TransactionsFrame{{bad}, std::nullopt}));
  EXPECT_TRUE(accused().empty());
  verify(frame_from(2, sealed({forged(tx(2))}, 3)));  // sealed with validator 3's key, sent by 2
  EXPECT_TRUE(accused().empty());
  TransactionsFrame broken = sealed({tx(3)->bytes()}, 2);
  broken.transactions[0] = forged(tx(3));  // changed on the way
  verify(frame_from(2, broken));
  EXPECT_TRUE(accused().empty());
}

TEST_F(SubmissionTest, OnlyTheNewestBatchesAreKept) {
  Submissions kept;
  const auto batch = [&](uint64_t sequence) {
    return decode_whole(encode_frame(sealed({tx(sequence)->bytes()}, 2)), Limits().frame_bytes_max);
  };
  kept.came(2, batch(1));
  EXPECT_TRUE(kept.find(tx(1)->id()));
  for (uint64_t i = 0; i < kSealedBatchesKept; ++i) kept.came(2, batch(2 + i));
  EXPECT_FALSE(kept.find(tx(1)->id()));
  EXPECT_TRUE(kept.find(tx(2)->id()));
}

}  // namespace
}  // namespace tieline::replica::testing
