#include "model/certificate.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "fixtures.h"

namespace tieline {
namespace {

using testing::first_positions;
using testing::hash_of;
using testing::header_of;
using testing::positions;
using testing::TestCommittee;

class CertificateTest : public ::testing::Test {
 protected:
  std::string code(const Certificate& c, Threshold threshold = Threshold::kQuorum) const {
    return code(c, threshold, chain_, t_.committee);
  }
  std::string code(const Certificate& c, Threshold threshold, const ChainId& chain, const Committee& committee) const {
    Status s = verify_certificate(c, VotePhase::kConfirm, threshold, chain, committee, verifier_);
    return s.ok() ? "ok" : s.error().code;
  }
  Certificate certify(const SignerSet& signers) const { return t_.certify(chain_, slot_, 5, block_, signers); }

  const ChainId chain_ = hash_of("chain");
  const Slot slot_{0, 2, 7};
  const Hash block_ = hash_of("block");
  const TestCommittee t_{7};
  const RealVerifier verifier_;
};

TEST_F(CertificateTest, OfAQuorumVerifiesAndOfOneLessDoesNot) {
  EXPECT_EQ(code(certify(positions({0, 2, 3, 5, 6}))), "ok");
  EXPECT_EQ(code(certify(positions({0, 2, 3, 5}))), "certificate_below_quorum");
}

TEST_F(CertificateTest, EachThresholdHasItsOwnCount) {
  for (size_t n = 0; n <= 7; ++n) {
    const Certificate c = certify(first_positions(n));
    EXPECT_EQ(code(c, Threshold::kCorrect), n >= 3 ? "ok" : "certificate_below_quorum") << n;
    EXPECT_EQ(code(c, Threshold::kQuorum), n >= 5 ? "ok" : "certificate_below_quorum") << n;
    EXPECT_EQ(code(c, Threshold::kFast), n >= 6 ? "ok" : "certificate_below_quorum") << n;
  }
}

// A set of positions has no way to say one twice: more signatures than members of the set is all that can be tried.
TEST_F(CertificateTest, ADuplicateSignerCannotBeSaid) {
  Certificate c = certify(positions({0, 1, 2, 3}));
  EXPECT_FALSE(c.signers.insert(3));
  EXPECT_EQ(c.signers.count(), 4u);
  c.signatures.push_back(c.signatures.back());
  EXPECT_EQ(code(c), "certificate_malformed");
  EXPECT_FALSE(decoded<Certificate>(encoded(c), "certificate").ok());
}

TEST_F(CertificateTest, WithASignatureMissingIsMalformed) {
  Certificate c = certify(first_positions(5));
  c.signatures.pop_back();
  EXPECT_EQ(code(c), "certificate_malformed");
  EXPECT_FALSE(decoded<Certificate>(encoded(c), "certificate").ok());
}

TEST_F(CertificateTest, OneMembersSignatureInAnothersPlaceIsBad) {
  Certificate c = certify(first_positions(5));
  c.signatures[4] = c.signatures[3];
  EXPECT_EQ(code(c), "certificate_bad_signature");
  c = certify(first_positions(5));
  std::swap(c.signatures[0], c.signatures[1]);
  EXPECT_EQ(code(c), "certificate_bad_signature");
}

TEST_F(CertificateTest, OfAnotherChainIsBad) {
  EXPECT_EQ(code(certify(first_positions(5)), Threshold::kQuorum, hash_of("other chain"), t_.committee),
            "certificate_bad_signature");
}

TEST_F(CertificateTest, OfAnotherEpochIsRefusedBeforeItsSignatures) {
  const TestCommittee next(7, 1);
  EXPECT_EQ(code(certify(first_positions(5)), Threshold::kQuorum, chain_, next.committee), "certificate_wrong_epoch");
  Certificate moved = certify(first_positions(5));
  moved.slot.epoch = 1;
  EXPECT_EQ(code(moved), "certificate_wrong_epoch");
  EXPECT_EQ(code(moved, Threshold::kQuorum, chain_, next.committee), "certificate_bad_signature")
      << "the epoch is signed";
}

TEST_F(CertificateTest, WithASignerBeyondTheCommitteeIsRefused) {
  Certificate c = certify(first_positions(6));
  c.signers.erase(5);
  c.signers.insert(7);
  EXPECT_EQ(code(c), "certificate_unknown_signer");
}

TEST_F(CertificateTest, EveryFieldIsSigned) {
  const Certificate good = certify(first_positions(5));
  Certificate c = good;
  c.slot.view = 3;
  EXPECT_EQ(code(c), "certificate_bad_signature");
  c = good;
  c.slot.index = 8;
  EXPECT_EQ(code(c), "certificate_bad_signature");
  c = good;
  c.height = 6;
  EXPECT_EQ(code(c), "certificate_bad_signature");
  c = good;
  c.block = hash_of("another");
  EXPECT_EQ(code(c), "certificate_bad_signature");
  c = good;
  c.signatures[2].bytes[40] ^= 1;
  EXPECT_EQ(code(c), "certificate_bad_signature");
}

TEST_F(CertificateTest, OneBadSignatureAmongMoreThanAQuorumIsStillRefused) {
  Certificate c = certify(first_positions(7));
  c.signatures[6].bytes[0] ^= 1;
  EXPECT_EQ(code(c), "certificate_bad_signature");
}

TEST_F(CertificateTest, ForTheStartOfAnEpochDoesNotExist) {
  EXPECT_EQ(code(t_.certify(chain_, {0, 0, -1}, 5, block_, first_positions(5))), "certificate_malformed");
}

TEST_F(CertificateTest, HasOneEncoding) {
  const Certificate c = certify(positions({0, 2, 3, 5, 6}));
  testing::expect_canonical(c);
  testing::expect_garbage_is_harmless(encoded(c), testing::decode_and_encode<Certificate>, 5);
}

TEST_F(CertificateTest, ACheckpointNeedsAQuorumOfItsOwnEpoch) {
  const auto certify_checkpoint = [&](const SignerSet& signers) {
    CheckpointCert c{0, 128, block_, hash_of("state"), signers, {}};
    const Hash digest = checkpoint_digest(chain_, 0, 128, block_, hash_of("state"));
    for (size_t p : signers.positions()) c.signatures.push_back(t_.keys[p].sign(digest.view()));
    return c;
  };
  const auto check = [&](const CheckpointCert& c, const ChainId& chain) {
    Status s = verify_checkpoint(c, chain, t_.committee, verifier_);
    return s.ok() ? std::string("ok") : s.error().code;
  };
  CheckpointCert c = certify_checkpoint(first_positions(5));
  EXPECT_EQ(check(c, chain_), "ok");
  testing::expect_canonical(c);
  EXPECT_EQ(check(c, hash_of("other chain")), "certificate_bad_signature");
  EXPECT_EQ(check(certify_checkpoint(first_positions(4)), chain_), "certificate_below_quorum");
  CheckpointCert other = c;
  other.state_root = hash_of("another state");
  EXPECT_EQ(check(other, chain_), "certificate_bad_signature");
  other = c;
  other.epoch = 1;
  EXPECT_EQ(check(other, chain_), "certificate_wrong_epoch");
  other = certify_checkpoint(first_positions(6));
  other.signers.erase(5);
  other.signers.insert(9);
  EXPECT_EQ(check(other, chain_), "certificate_unknown_signer");
}

class CommitTest : public CertificateTest {
 protected:
  CommitTest() {
    Hash parent = hash_of("genesis");
    for (Height h = 1; h <= 4; ++h) {
      chain_of_blocks_.push_back(header_of(chain_, parent, h));
      parent = chain_of_blocks_.back().digest();
    }
  }
  const Header& block(Height height) const { return chain_of_blocks_.at(height - 1); }
  Certificate quorum(Height height, const Slot& slot, size_t signers = 5) const {
    return t_.certify(chain_, slot, block(height), first_positions(signers));
  }
  CommitProof two_chain(Height height) const {
    return {{}, quorum(height, {0, 2, 3}), CommitProof::Second{block(height + 1), quorum(height + 1, {0, 2, 4})}};
  }
  std::string commit_code(const CommitProof& proof, const Hash& block,
                          CommitRule rule = CommitRule::kFastOrTwoChain) const {
    Status s = verify_commit(proof, block, rule, chain_, t_.committee, verifier_);
    return s.ok() ? "ok" : s.error().code;
  }

  std::vector<Header> chain_of_blocks_;
};

TEST_F(CommitTest, AFastQuorumAloneCommits) {
  const CommitProof proof{{}, quorum(1, {0, 0, 0}, 6), std::nullopt};
  EXPECT_EQ(commit_code(proof, block(1).digest()), "ok");
}

TEST_F(CommitTest, AQuorumAloneDoesNotCommit) {
  const CommitProof proof{{}, quorum(1, {0, 0, 0}, 5), std::nullopt};
  EXPECT_EQ(commit_code(proof, block(1).digest()), "certificate_below_quorum");
}

TEST_F(CommitTest, WhereGenesisHasTheFastPathOffOneCertificateNeverCommits) {
  const CommitProof proof{{}, quorum(1, {0, 0, 0}, 7), std::nullopt};
  EXPECT_EQ(commit_code(proof, block(1).digest(), CommitRule::kTwoChain), "commit_fast_disabled");
}

TEST_F(CommitTest, TwoQuorumsInNeighbouringSlotsCommitWithAndWithoutTheFastPath) {
  EXPECT_EQ(commit_code(two_chain(2), block(2).digest(), CommitRule::kFastOrTwoChain), "ok");
  EXPECT_EQ(commit_code(two_chain(2), block(2).digest(), CommitRule::kTwoChain), "ok");
}

TEST_F(CommitTest, AQuorumOfCommitsDecidesAloneAndNoOtherVotesDo) {
  const auto rule = CommitRule::kCommitQuorum;
  const auto of = [&](VotePhase phase, size_t signers) {
    return CommitProof{{}, t_.certify(chain_, {0, 0, 0}, block(1), first_positions(signers), phase), std::nullopt};
  };
  EXPECT_EQ(commit_code(of(VotePhase::kCommit, 5), block(1).digest(), rule), "ok");
  EXPECT_EQ(commit_code(of(VotePhase::kCommit, 4), block(1).digest(), rule), "certificate_below_quorum");
  EXPECT_EQ(commit_code(of(VotePhase::kPrepare, 7), block(1).digest(), rule), "certificate_bad_signature");
  EXPECT_EQ(commit_code(of(VotePhase::kConfirm, 7), block(1).digest(), rule), "certificate_bad_signature");
  EXPECT_EQ(commit_code(of(VotePhase::kCommit, 7), block(1).digest()), "certificate_bad_signature")
      << "a COMMIT is no CONFIRM";
  EXPECT_EQ(commit_code(two_chain(2), block(2).digest(), rule), "commit_second_unused");
}

TEST_F(CommitTest, WhereMembersOnlyCrashAMajorityOfCommitsDecides) {
  const Committee crash(0, t_.committee.seed(), t_.committee.members(), FaultModel::kCrash);
  for (size_t signers : {3, 4}) {
    const Certificate c = t_.certify(chain_, {0, 0, 0}, block(1), first_positions(signers), VotePhase::kCommit);
    const Status s = verify_commit({{}, c, {}}, block(1).digest(), CommitRule::kCommitQuorum, chain_, crash, verifier_);
    EXPECT_EQ(s.ok(), signers == 4) << signers;
  }
}

TEST_F(CommitTest, AnAncestorIsCommittedThroughThePath) {
  CommitProof proof = two_chain(3);
  proof.path = {block(2), block(3)};
  EXPECT_EQ(commit_code(proof, block(1).digest()), "ok");
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_bad_path") << "the path starts at the child";
  proof.path = {block(3)};
  EXPECT_EQ(commit_code(proof, block(1).digest()), "commit_bad_path") << "a gap";
  proof.path = {block(2)};
  EXPECT_EQ(commit_code(proof, block(1).digest()), "commit_bad_path") << "too short";
  proof.path = {};
  EXPECT_EQ(commit_code(proof, block(1).digest()), "commit_bad_path") << "another block";
}

TEST_F(CommitTest, AVoidBlockAboveAnEpochsLastOneCommitsIt) {
  Header last = header_of(chain_, hash_of("parent"), 9);
  last.next_committee = hash_of("next");
  Header closer = header_of(chain_, last.digest(), 9);
  closer.is_void = true;
  const CommitProof proof{{closer}, t_.certify(chain_, {0, 1, 6}, closer, first_positions(6)), std::nullopt};
  EXPECT_EQ(commit_code(proof, last.digest()), "ok");
}

TEST_F(CommitTest, APathOfAnotherEpochOrChainIsRefused) {
  for (const auto& [chain, epoch] : {std::pair{chain_, Epoch{1}}, std::pair{hash_of("other chain"), Epoch{0}}}) {
    const Header child = header_of(chain, block(1).digest(), 2, epoch);
    const CommitProof proof{{child}, t_.certify(chain_, {0, 0, 1}, child, first_positions(7)), std::nullopt};
    EXPECT_EQ(commit_code(proof, block(1).digest()), "commit_bad_path");
  }
}

TEST_F(CommitTest, ACertificateWithAnotherHeightThanThePathsEndIsRefused) {
  CommitProof proof{{block(2)}, t_.certify(chain_, {0, 0, 1}, 3, block(2).digest(), first_positions(7)), std::nullopt};
  EXPECT_EQ(commit_code(proof, block(1).digest()), "commit_bad_path");
}

TEST_F(CommitTest, APathLongerThanItsBoundIsRefused) {
  CommitProof proof;
  Hash parent = block(1).digest();
  const auto extend = [&] {
    proof.path.push_back(header_of(chain_, parent, 1 + proof.path.size()));
    parent = proof.path.back().digest();
    proof.certificate = t_.certify(chain_, {0, 0, 1}, proof.path.back(), first_positions(7));
  };
  while (proof.path.size() < kCommitPathMax) extend();
  EXPECT_EQ(commit_code(proof, block(1).digest()), "ok");
  EXPECT_TRUE(decoded<CommitProof>(encoded(proof), "proof").ok());
  extend();
  EXPECT_EQ(commit_code(proof, block(1).digest()), "commit_bad_path");
  EXPECT_FALSE(decoded<CommitProof>(encoded(proof), "proof").ok());
}

TEST_F(CommitTest, TwoQuorumsAcrossViewsDoNotCommit) {
  CommitProof proof = two_chain(2);
  proof.second->certificate = quorum(3, {0, 3, 0});
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_slot");
  proof.second->certificate = quorum(3, {0, 3, 4});
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_slot") << "the next index, but in another view";
  proof.second->certificate = quorum(3, {0, 2, 5});
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_slot") << "a slot was skipped";
  proof.second->certificate = quorum(3, {0, 2, 3});
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_slot") << "the same slot";
  proof.second->certificate = quorum(3, {1, 2, 4});
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_slot") << "another epoch";
}

TEST_F(CommitTest, TheSecondCertificateMustBeOnTheChild) {
  CommitProof proof = two_chain(2);
  proof.second = CommitProof::Second{block(4), quorum(4, {0, 2, 4})};
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_child") << "a grandchild";
  proof = two_chain(2);
  proof.second->certificate = quorum(4, {0, 2, 4});
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_child") << "a certificate of another block";
  const Header foreign = header_of(chain_, block(2).digest(), 3, 1);
  proof.second = CommitProof::Second{foreign, t_.certify(chain_, {0, 2, 4}, foreign, first_positions(5))};
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_child") << "a child in another epoch";
  const Header other_chain = header_of(hash_of("other chain"), block(2).digest(), 3);
  proof.second = CommitProof::Second{other_chain, t_.certify(chain_, {0, 2, 4}, other_chain, first_positions(5))};
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_child") << "a child of another chain";
  proof.second = CommitProof::Second{block(3), t_.certify(chain_, {0, 2, 4}, 4, block(3).digest(), first_positions(5))};
  EXPECT_EQ(commit_code(proof, block(2).digest()), "commit_wrong_child") << "a child at another height";
}

TEST_F(CommitTest, BothCertificatesOfATwoChainMustVerify) {
  CommitProof proof = two_chain(2);
  proof.certificate = quorum(2, {0, 2, 3}, 4);
  EXPECT_EQ(commit_code(proof, block(2).digest()), "certificate_below_quorum");
  proof = two_chain(2);
  proof.second->certificate = quorum(3, {0, 2, 4}, 4);
  EXPECT_EQ(commit_code(proof, block(2).digest()), "certificate_below_quorum");
  proof = two_chain(2);
  proof.second->certificate.signatures[0].bytes[1] ^= 4;
  EXPECT_EQ(commit_code(proof, block(2).digest()), "certificate_bad_signature");
}

TEST_F(CommitTest, AProofHasOneEncoding) {
  CommitProof proof = two_chain(2);
  proof.path = {block(2)};
  testing::expect_canonical(proof);
  testing::expect_garbage_is_harmless(encoded(proof), testing::decode_and_encode<CommitProof>, 6);
  proof.second.reset();
  testing::expect_canonical(proof);
}

}  // namespace
}  // namespace tieline
