// Certificates that are one BLS aggregate: everything that a list is refused for, and what only a sum can be.

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

bls::Signature point(const std::string& hex) { return fixed_from_hex<48, struct bls::BlsSignatureTag>(hex).value(); }

class AggregateTest : public ::testing::Test {
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
  const TestCommittee t_{7, 0, "validator", 10, CertificateKind::kBls};
  const RealVerifier verifier_;
};

TEST_F(AggregateTest, OfAQuorumVerifiesAndOfOneLessDoesNot) {
  EXPECT_EQ(code(certify(positions({0, 2, 3, 5, 6}))), "ok");
  EXPECT_EQ(code(certify(positions({0, 2, 3, 5}))), "certificate_below_quorum");
  EXPECT_EQ(code(certify(first_positions(6)), Threshold::kFast), "ok");
  EXPECT_EQ(code(certify(first_positions(5)), Threshold::kFast), "certificate_below_quorum");
  EXPECT_EQ(code(certify({})), "certificate_below_quorum");
}

TEST_F(AggregateTest, IsFortyEightBytesAndABitmap) {
  const Certificate c = certify(first_positions(5));
  EXPECT_EQ(encoded(c).size(), 24u + 8 + 32 + (1 + 1) + 1 + 48);
  testing::expect_canonical(c);
  testing::expect_garbage_is_harmless(encoded(c), testing::decode_and_encode<Certificate>, 5);
}

TEST_F(AggregateTest, TheSetSaysWhoSignedAndNothingElseDoes) {
  Certificate c = certify(first_positions(5));
  c.signers.insert(5);
  EXPECT_EQ(code(c), "certificate_bad_signature") << "one more than signed";
  c = certify(first_positions(6));
  c.signers.erase(5);
  EXPECT_EQ(code(c), "certificate_bad_signature") << "one less than signed";
  c.signers.insert(6);
  EXPECT_EQ(code(c), "certificate_bad_signature") << "another than signed";
}

// A set cannot say a signer twice; a sum can hold a share twice, and then is not the signers' sum.
TEST_F(AggregateTest, AShareThatCountsTwiceIsRefused) {
  Certificate c = certify(first_positions(4));
  const Hash digest = confirm_digest(chain_, slot_, 5, block_);
  c.aggregate = bls::aggregate(std::vector<bls::Signature>{*c.aggregate, t_.keys[3].sign_share(digest.view())}).value();
  EXPECT_EQ(code(c), "certificate_below_quorum");
  c.signers.insert(4);
  EXPECT_EQ(code(c), "certificate_bad_signature");
}

TEST_F(AggregateTest, OfAnotherChainEpochOrContentIsRefused) {
  const Certificate good = certify(first_positions(5));
  EXPECT_EQ(code(good, Threshold::kQuorum, hash_of("other chain"), t_.committee), "certificate_bad_signature");
  const TestCommittee next(7, 1, "validator", 10, CertificateKind::kBls);
  EXPECT_EQ(code(good, Threshold::kQuorum, chain_, next.committee), "certificate_wrong_epoch");
  Certificate c = good;
  c.slot.epoch = 1;
  EXPECT_EQ(code(c, Threshold::kQuorum, chain_, next.committee), "certificate_bad_signature") << "the epoch is signed";
  c = good;
  c.height = 6;
  EXPECT_EQ(code(c), "certificate_bad_signature");
  c = good;
  c.block = hash_of("another");
  EXPECT_EQ(code(c), "certificate_bad_signature");
  c = good;
  c.signers.erase(4);
  c.signers.insert(7);
  EXPECT_EQ(code(c), "certificate_unknown_signer");
}

TEST_F(AggregateTest, PointsThatProveNothingAreRefusedByName) {
  Certificate c = certify(first_positions(5));
  c.aggregate = point("c0" + std::string(94, '0'));
  EXPECT_EQ(code(c), "certificate_infinity");
  c.aggregate = point("80" + std::string(92, '0') + "04");
  EXPECT_EQ(code(c), "certificate_off_subgroup");
  c.aggregate = bls::Signature();
  EXPECT_EQ(code(c), "certificate_bad_point");
}

TEST_F(AggregateTest, AListDoesNotCountWhereGenesisHasAggregatesNorTheOtherWayRound) {
  const TestCommittee list(7);
  EXPECT_EQ(code(list.certify(chain_, slot_, 5, block_, first_positions(5))), "certificate_wrong_kind");
  EXPECT_EQ(code(certify(first_positions(5)), Threshold::kQuorum, chain_, list.committee), "certificate_wrong_kind");
  Certificate both = certify(first_positions(5));
  both.signatures.resize(5);
  EXPECT_EQ(code(both), "certificate_malformed");
}

// Member 6 chooses its key as its own minus the sum of the others': the sum of all seven is then its own alone, and its
// one share would be the aggregate of all. It cannot prove that it knows the secret of such a key.
TEST_F(AggregateTest, ARogueKeyFailsAtProofOfPossession) {
  const Genesis good = testing::genesis_of(4);
  ASSERT_TRUE(good.validate().ok());
  Genesis g = good;
  // A key whose secret nobody knows: another's, negated. Its owner's best tries at a proof are all refused.
  std::vector<Bytes> proofs = {good.validators[3].bls_proof, good.validators[0].bls_proof};
  Bytes negated_proof = good.validators[0].bls_proof;
  negated_proof[0] ^= 0x20;
  proofs.push_back(negated_proof);
  proofs.push_back(Bytes(48, 0));
  g.validators[3].bls_key = good.validators[0].bls_key;
  g.validators[3].bls_key[0] ^= 0x20;
  for (const Bytes& proof : proofs) {
    g.validators[3].bls_proof = proof;
    const Status s = g.validate();
    ASSERT_FALSE(s.ok());
    EXPECT_EQ(s.error().code, "bad_possession");
    EXPECT_NE(s.error().why.find("validator-3"), std::string::npos) << s.error().why;
  }
  // What it would be good for: with the two keys cancelling out, whoever else signs speaks for both.
  Committee committee = g.committee();
  const Hash digest = confirm_digest(chain_, {0, 0, 0}, 1, block_);
  Certificate forged{
      {0, 0, 0}, 1, block_, positions({0, 1, 3}), {}, testing::member_of("validator1").sign_share(digest.view())};
  committee = Committee(0, committee.seed(), committee.members(), FaultModel::kByzantine, CertificateKind::kBls);
  EXPECT_TRUE(verify_certificate(forged, VotePhase::kConfirm, Threshold::kQuorum, chain_, committee, verifier_).ok())
      << "a committee that let such a key in would be lost; genesis and registration are where it is kept out";
}

TEST_F(AggregateTest, ACheckpointAndATimeoutAreAggregatesToo) {
  CheckpointCert c{0, 128, block_, hash_of("state"), first_positions(5), {}};
  t_.sign(checkpoint_digest(chain_, 0, 128, block_, hash_of("state")), c.signers, c.signatures, c.aggregate);
  EXPECT_TRUE(verify_checkpoint(c, chain_, t_.committee, verifier_).ok());
  testing::expect_canonical(c);
  c.state_root = hash_of("another");
  EXPECT_EQ(verify_checkpoint(c, chain_, t_.committee, verifier_).error().code, "certificate_bad_signature");

  TimeoutProof p{0, 3, first_positions(3), {}};
  t_.sign(timeout_digest(chain_, ViewChangeKind::kTimeout, 0, 3), p.signers, p.signatures, p.aggregate);
  testing::expect_canonical(p);
  Evidence e;
  e.timeouts = {p};
  const auto check = [&] {
    Status s = verify_evidence(e, CommitRule::kFastOrTwoChain, chain_, t_.committee, nullptr, verifier_);
    return s.ok() ? std::string("ok") : s.error().code;
  };
  EXPECT_EQ(check(), "ok");
  e.timeouts[0].view = 4;
  EXPECT_EQ(check(), "evidence_bad_signature");
}

// Two signers shift value between their shares: the sum holds, neither share does, and neither is evidence.
TEST_F(AggregateTest, OnlyAShareThatVerifiesAloneIsEvidence) {
  const Hash one = confirm_digest(chain_, slot_, 5, hash_of("a")), two = confirm_digest(chain_, slot_, 5, hash_of("b"));
  Equivocation e{10,
                 slot_,
                 {5, hash_of("a"), t_.keys[0].sign_share(one.view())},
                 {5, hash_of("b"), t_.keys[0].sign_share(two.view())}};
  if (e.b.block < e.a.block) std::swap(e.a, e.b);
  const auto check = [&] {
    Status s = verify_equivocation(e, CommitRule::kFastOrTwoChain, chain_, t_.committee, verifier_);
    return s.ok() ? std::string("ok") : s.error().code;
  };
  EXPECT_EQ(check(), "ok");
  testing::expect_canonical(e);
  auto& share = std::get<bls::Signature>(e.a.signature);
  share = bls::aggregate(std::vector<bls::Signature>{share, t_.keys[1].sign_share(hash_of("shift").view())}).value();
  EXPECT_EQ(check(), "evidence_bad_signature");
  e.a.signature = t_.keys[0].sign(one.view());
  EXPECT_EQ(check(), "evidence_bad_signature") << "a signature of the other kind";
}

TEST(VoteSignatures, HaveOneSpellingAndTheirKind) {
  const RealSigner key = testing::member_of("validator0");
  for (CertificateKind kind : {CertificateKind::kList, CertificateKind::kBls}) {
    const VoteSignature s = sign_vote(kind, key, hash_of("vote"));
    testing::expect_canonical(s);
    EXPECT_EQ(encoded(s).size(), kind == CertificateKind::kBls ? 49u : 65u);
    Bytes other = encoded(s);
    other[0] = 3;
    EXPECT_FALSE(decoded<VoteSignature>(other, "vote").ok());
  }
}

}  // namespace
}  // namespace tieline
