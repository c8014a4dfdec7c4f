#include "model/receipt.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "receipt_fixture.h"

namespace tieline {
namespace {

using testing::first_positions;
using testing::hash_of;
using testing::TestCommittee;

class ReceiptTest : public ::testing::Test, protected testing::ReceiptWriter {
 protected:
  explicit ReceiptTest(CertificateKind kind = CertificateKind::kList) : ReceiptWriter(kind) {}
  std::string code(const Bytes& bytes, const Genesis& genesis) const {
    auto facts = verify_receipt(bytes, genesis, verifier_);
    return facts.ok() ? "ok" : facts.error().code;
  }
  std::string code(const Receipt& r) const { return code(encoded(r), genesis_); }

  void expect_every_bit_matters(const Receipt& r) const {
    const Bytes bytes = encoded(r);
    ASSERT_EQ(code(bytes, genesis_), "ok");
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      Bytes flipped = bytes;
      flipped[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      ASSERT_NE(code(flipped, genesis_), "ok") << "bit " << bit % 8 << " of byte " << bit / 8 << " of " << bytes.size();
    }
  }

  const RealVerifier verifier_;
};

TEST_F(ReceiptTest, OfAFastCommitVerifiesAndSaysWhatItProves) {
  const Receipt r = fast_receipt();
  auto facts = verify_receipt(encoded(r), genesis_, verifier_);
  ASSERT_TRUE(facts.ok()) << facts.error().why;
  EXPECT_EQ(facts->txid, sha256(r.transaction));
  EXPECT_EQ(facts->height, 9u);
  EXPECT_EQ(facts->time_ms, r.header.time_ms);
  EXPECT_EQ(facts->result_code, 0u);
  EXPECT_EQ(facts->signers, (std::vector<ValidatorId>{0, 1, 2}));
  EXPECT_EQ(facts->quorum, 3u);
  EXPECT_EQ(facts->committee, 4u);
}

TEST_F(ReceiptTest, ThroughLinksPathAndTwoChainVerifies) {
  auto facts = verify_receipt(encoded(deep_receipt()), genesis_, verifier_);
  ASSERT_TRUE(facts.ok()) << facts.error().code << ": " << facts.error().why;
  EXPECT_EQ(facts->quorum, 4u);
  EXPECT_EQ(facts->committee, 5u);
}

TEST_F(ReceiptTest, ProvesARefusalAsWellAsAnAcceptance) {
  Receipt r = with_block(transaction("household", 2, genesis_.chain_id()), 0, 12);
  r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(3));
  auto facts = verify_receipt(encoded(r), genesis_, verifier_);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->result_code, 12u);
}

TEST_F(ReceiptTest, WithAnyOneBitFlippedIsRefused) { expect_every_bit_matters(fast_receipt()); }

TEST_F(ReceiptTest, ThroughLinksWithAnyOneBitFlippedIsRefused) { expect_every_bit_matters(deep_receipt()); }

// Nothing but genesis differs: whoever checks a receipt goes through the same function.
class AggregateReceiptTest : public ReceiptTest {
 protected:
  AggregateReceiptTest() : ReceiptTest(CertificateKind::kBls) {}
};

TEST_F(AggregateReceiptTest, OfAFastCommitAndThroughLinksVerifies) {
  EXPECT_EQ(code(fast_receipt()), "ok");
  const Receipt deep = deep_receipt();
  EXPECT_EQ(code(deep), "ok");
  EXPECT_TRUE(deep.links[0].votes.empty());
  testing::expect_canonical(deep);
  EXPECT_LT(encoded(fast_receipt()).size(), encoded(ReceiptWriter().fast_receipt()).size());
}

TEST_F(AggregateReceiptTest, WithAnyOneBitFlippedIsRefused) { expect_every_bit_matters(fast_receipt()); }

// An aggregate over members that are not trusted yet cannot be checked without trusting their keys.
TEST_F(AggregateReceiptTest, ALinkSignedByAStrangerTooIsRefused) {
  Receipt r = deep_receipt();
  r.links[1] = link(epoch_of(4, 5), 4, epoch_of(5, 5).committee, 5);  // the fifth member joined after epoch 1
  EXPECT_EQ(code(r), "receipt_untrusted_committee");
  r.links[1] = link(epoch_of(4, 5), 4, epoch_of(5, 5).committee, 4);
  EXPECT_EQ(code(r), "ok") << "four that genesis knows are its quorum";
}

TEST_F(AggregateReceiptTest, ALinkWithTooFewOrOfTheOtherKindIsRefused) {
  Receipt r = deep_receipt();
  r.links[0] = link(epoch_of(0), 0, epoch_of(1).committee, 2);
  EXPECT_EQ(code(r), "receipt_untrusted_committee");
  r = deep_receipt();
  const testing::TestCommittee list(4, 0, "validator", 0);
  r.links[0] = link(list, 0, epoch_of(1).committee, 3);
  EXPECT_EQ(code(r), "receipt_untrusted_committee");
  r = deep_receipt();
  std::swap(r.links[0].signers[0], r.links[0].signers[1]);
  EXPECT_EQ(code(r), "receipt_untrusted_committee");
}

TEST_F(ReceiptTest, CutOrPaddedIsRefused) {
  const Bytes bytes = encoded(fast_receipt());
  for (size_t n = 0; n < bytes.size(); ++n) {
    ASSERT_EQ(code(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n)), genesis_),
              "receipt_malformed");
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(code(longer, genesis_), "receipt_malformed");
  EXPECT_EQ(code(Bytes(kReceiptBytesMax + 1), genesis_), "receipt_malformed");
}

TEST_F(ReceiptTest, HasOneEncoding) {
  testing::expect_canonical(fast_receipt());
  testing::expect_garbage_is_harmless(encoded(deep_receipt()), testing::decode_and_encode<Receipt>, 8);
}

TEST_F(ReceiptTest, OfAnotherNetworkIsRefused) {
  Genesis other = genesis_;
  other.network = "another";
  EXPECT_EQ(code(encoded(fast_receipt()), other), "receipt_wrong_chain");
}

TEST_F(ReceiptTest, OfATransactionSignedForAnotherChainIsRefused) {
  Receipt r = with_block(transaction("household", 2, hash_of("other chain")), 0);
  r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(3));
  EXPECT_EQ(code(r), "receipt_wrong_chain");
}

TEST_F(ReceiptTest, OfAHeaderThatSaysAnotherChainOrIsVoidIsRefused) {
  Receipt r = fast_receipt();
  r.header.chain = hash_of("other chain");
  r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(3));
  EXPECT_EQ(code(r), "receipt_wrong_chain");
  r = fast_receipt();
  r.header.is_void = true;
  r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(3));
  EXPECT_EQ(code(r), "receipt_bad_path");
}

TEST_F(ReceiptTest, OfATransactionWhoseSignatureOrSignerIsWrongIsRefused) {
  Receipt r = with_block(transaction("solar-park", 2, genesis_.chain_id()), 0);
  r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(3));
  EXPECT_EQ(code(r), "receipt_bad_signature") << "signed by someone else's key";
  r = with_block(transaction("stranger", 3, genesis_.chain_id()), 0);
  r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(3));
  EXPECT_EQ(code(r), "receipt_bad_signature") << "nobody in genesis has this id";
}

TEST_F(ReceiptTest, WithAMarketByAKeyThatCameAfterGenesisIsOnTheValidatorsWord) {
  Genesis genesis = genesis_with(CertificateKind::kList);
  genesis.market.emplace();
  const testing::ReceiptWriter writer(genesis);
  for (const ParticipantId signer : {2, 3}) {
    const Bytes tx = writer.transaction(signer == 2 ? "solar-park" : "stranger", signer, genesis.chain_id());
    Receipt r = writer.with_block(tx, 0);
    r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(3));
    EXPECT_EQ(code(encoded(r), genesis), "ok");
    r.transaction.back() ^= 1;
    EXPECT_EQ(code(encoded(r), genesis), "receipt_bad_result") << "its bytes are still those of the block";
  }
}

TEST_F(ReceiptTest, AtAnotherPlaceOfTheBlockIsRefused) {
  Receipt r = fast_receipt();
  r.index = 0;
  EXPECT_EQ(code(r), "receipt_bad_path");
  r = fast_receipt();
  r.tx_path.push_back(hash_of("more"));
  EXPECT_EQ(code(r), "receipt_bad_path");
  r = fast_receipt();
  r.tx_path.pop_back();
  EXPECT_EQ(code(r), "receipt_bad_path");
}

TEST_F(ReceiptTest, WithAnotherResultThanTheBlocksIsRefused) {
  Receipt r = fast_receipt();
  r.result.code = 1;
  EXPECT_EQ(code(r), "receipt_bad_result");
  r = fast_receipt();
  r.result.id = hash_of("another transaction");
  EXPECT_EQ(code(r), "receipt_bad_result");
  r = fast_receipt();
  r.result_path[0] = hash_of("x");
  EXPECT_EQ(code(r), "receipt_bad_result");
}

TEST_F(ReceiptTest, WithTheTransactionSwappedForAnotherIsRefused) {
  Receipt r = fast_receipt();
  r.transaction = transaction("household", 2, genesis_.chain_id(), 99);
  EXPECT_EQ(code(r), "receipt_bad_result");
  r.result.id = sha256(r.transaction);
  EXPECT_EQ(code(r), "receipt_bad_path");
}

TEST_F(ReceiptTest, WithoutEnoughVotesIsRefused) {
  Receipt r = fast_receipt();
  r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, r.header, first_positions(2));
  EXPECT_EQ(code(r), "certificate_below_quorum");
}

TEST_F(ReceiptTest, WithACertificateOfAnotherHeightIsRefused) {
  Receipt r = fast_receipt();
  r.proof.certificate = epoch_of(0).certify(r.chain, {0, 0, 4}, 10, r.header.digest(), first_positions(3));
  EXPECT_EQ(code(r), "commit_bad_path");
}

TEST_F(ReceiptTest, OfAFastCommitIsRefusedWhereGenesisHasTheFastPathOff) {
  Genesis slow = genesis_;
  slow.consensus.fast_path = false;
  Receipt r = fast_receipt();
  // Another genesis is another chain, so everything is signed anew for it.
  Receipt other = r;
  other.chain = other.header.chain = slow.chain_id();
  other.transaction = transaction("household", 2, slow.chain_id());
  auto tx = *Transaction::parse(Blob::copy_of(other.transaction));
  other.index = 0;
  other.tx_path = {};
  other.result_path = {};
  other.result = {tx->id(), 0};
  other.header.tx_count = 1;
  other.header.tx_root = tx_root({tx});
  other.header.result_root = result_root({other.result});
  other.proof.certificate = epoch_of(0).certify(other.chain, {0, 0, 4}, other.header, first_positions(4));
  EXPECT_EQ(code(encoded(other), slow), "commit_fast_disabled");
}

class LinksTest : public ReceiptTest {
 protected:
  std::string follow(const std::vector<CommitteeLink>& links, Epoch epoch) const {
    auto committee = follow_links(links, epoch, genesis_, genesis_.chain_id(), verifier_);
    return committee.ok() ? "ok" : committee.error().code;
  }
  const std::string untrusted_ = "receipt_untrusted_committee";
};

TEST_F(LinksTest, NoneAreNeededForEpochZeroOnly) {
  EXPECT_EQ(follow({}, 0), "ok");
  EXPECT_EQ(follow({}, 1), untrusted_);
}

TEST_F(LinksTest, MaySkipEpochs) { EXPECT_EQ(follow({link(epoch_of(0), 6, epoch_of(7).committee)}, 7), "ok"); }

TEST_F(LinksTest, MustEndExactlyWhereAskedFor) {
  EXPECT_EQ(follow({link(epoch_of(0), 6, epoch_of(7).committee)}, 6), untrusted_);
  EXPECT_EQ(follow({link(epoch_of(0), 6, epoch_of(7).committee)}, 8), untrusted_);
}

TEST_F(LinksTest, NeedAQuorumOfTheTrustedCommitteeUnderItsKeys) {
  EXPECT_EQ(follow({link(epoch_of(0), 0, epoch_of(1).committee, 2)}, 1), untrusted_);
  const TestCommittee strangers(4, 0, "stranger", 0);
  EXPECT_EQ(follow({link(strangers, 0, epoch_of(1).committee)}, 1), untrusted_) << "the right ids, other keys";
  const TestCommittee outsiders(4, 0, "validator", 50);
  EXPECT_EQ(follow({link(outsiders, 0, epoch_of(1).committee)}, 1), untrusted_) << "ids that are not trusted";
}

TEST_F(LinksTest, AreJudgedByTheCommitteeReachedSoFar) {
  const TestCommittee second(5, 2, "fresh", 20);
  EXPECT_EQ(follow({link(epoch_of(0), 1, second.committee), link(second, 2, epoch_of(3).committee, 4)}, 3), "ok");
  EXPECT_EQ(follow({link(epoch_of(0), 1, second.committee), link(second, 2, epoch_of(3).committee, 3)}, 3), untrusted_)
      << "three of five are no quorum";
  EXPECT_EQ(follow({link(epoch_of(0), 1, second.committee), link(epoch_of(0), 2, epoch_of(3).committee)}, 3),
            untrusted_);
}

TEST_F(LinksTest, NeverLeadBackwards) {
  EXPECT_EQ(follow({link(epoch_of(0), 4, epoch_of(5).committee), link(epoch_of(5), 3, epoch_of(4).committee)}, 4),
            untrusted_);
}

TEST_F(LinksTest, RefuseDuplicateAndUnorderedVotes) {
  CommitteeLink l = link(epoch_of(0), 0, epoch_of(1).committee);
  l.votes[2] = l.votes[1];
  EXPECT_EQ(follow({l}, 1), untrusted_);
  l = link(epoch_of(0), 0, epoch_of(1).committee);
  std::swap(l.votes[0], l.votes[1]);
  EXPECT_EQ(follow({l}, 1), untrusted_);
}

TEST_F(LinksTest, RefuseABadVoteEvenBesideAQuorum) {
  CommitteeLink l = link(epoch_of(0), 0, epoch_of(1).committee, 4);
  ASSERT_EQ(follow({l}, 1), "ok");
  l.votes[3].signature.bytes[5] ^= 1;
  EXPECT_EQ(follow({l}, 1), untrusted_);
}

// All of these are signed by the trusted quorum as they stand: a lie of a quorum that is one no longer must not help.
TEST_F(LinksTest, MustBeTheLastBlockOfAnEpochAndBringTheCommitteeThatItNames) {
  const auto follow_changed = [&](const std::function<void(CommitteeLink&)>& change, Epoch to = 1) {
    return follow({link(epoch_of(0), 0, epoch_of(1).committee, 3, change)}, to);
  };
  ASSERT_EQ(follow_changed([](CommitteeLink&) {}), "ok");
  EXPECT_EQ(follow_changed([&](CommitteeLink& l) { l.next = epoch_of(1, 5).committee; }), untrusted_);
  EXPECT_EQ(follow({link(epoch_of(0), 0, epoch_of(2).committee)}, 2), untrusted_)
      << "the next epoch's committee, not a later one's";
  EXPECT_EQ(follow_changed([](CommitteeLink& l) { l.header.next_committee.reset(); }), untrusted_);
  EXPECT_EQ(follow_changed([](CommitteeLink& l) { l.header.is_void = true; }), untrusted_);
  EXPECT_EQ(follow_changed([](CommitteeLink& l) { l.header.chain = hash_of("other chain"); }), untrusted_);
  EXPECT_EQ(follow_changed([](CommitteeLink& l) { l.slot.epoch = 1; }), untrusted_) << "confirmed in another epoch";
  EXPECT_EQ(follow_changed([](CommitteeLink& l) { l.slot = {0, 0, -1}; }), untrusted_) << "nobody votes there";
}

TEST_F(LinksTest, ThatLeadNowhereDoNotCrash) {
  EXPECT_EQ(follow({CommitteeLink{}}, 1), untrusted_);
  EXPECT_EQ(follow({link(epoch_of(0), 0, Committee())}, 1), untrusted_);
  EXPECT_EQ(follow({link(epoch_of(0), UINT64_MAX, Committee())}, 0), untrusted_) << "the epoch after the last one is 0";
}

}  // namespace
}  // namespace tieline
