#include "model/evidence.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "fixtures.h"

namespace tieline {
namespace {

using testing::first_positions;
using testing::hash_of;
using testing::TestCommittee;

class EvidenceTest : public ::testing::Test {
 protected:
  Certificate certificate(Epoch epoch, View view, int64_t index, size_t signers = 3) const {
    return of(epoch).certify(chain_, {epoch, view, index}, 5, hash_of("block"), first_positions(signers));
  }
  TimeoutProof timeout(Epoch epoch, View view, size_t signers = 2,
                       ViewChangeKind kind = ViewChangeKind::kTimeout) const {
    TimeoutProof p{epoch, view, first_positions(signers), {}};
    const Hash digest = timeout_digest(chain_, kind, epoch, view);
    for (size_t i = 0; i < signers; ++i) p.signatures.push_back(of(epoch).keys[i].sign(digest.view()));
    return p;
  }
  Equivocation equivocation(size_t position, const Slot& slot) const {
    Equivocation e;
    e.signer = of(slot.epoch).committee.at(position).id;
    e.slot = slot;
    e.a = side(position, slot, hash_of("one"));
    e.b = side(position, slot, hash_of("two"));
    if (e.b.block < e.a.block) std::swap(e.a, e.b);
    return e;
  }
  Equivocation::Side side(size_t position, const Slot& slot, const Hash& block) const {
    return {5, block, of(slot.epoch).keys[position].sign(confirm_digest(chain_, slot, 5, block).view())};
  }
  std::string code(const Evidence& e, bool with_previous = true) const {
    Status s = verify_evidence(e, CommitRule::kTwoChain, chain_, current_.committee,
                               with_previous ? &previous_.committee : nullptr, verifier_);
    return s.ok() ? "ok" : s.error().code;
  }
  const TestCommittee& of(Epoch epoch) const { return epoch == 4 ? previous_ : current_; }

  const ChainId chain_ = hash_of("chain");
  const TestCommittee previous_{4, 4, "old", 20};
  const TestCommittee current_{4, 5, "new", 10};
  const RealVerifier verifier_;
};

TEST_F(EvidenceTest, OfBothEpochsVerifies) {
  Evidence e;
  EXPECT_TRUE(e.empty());
  EXPECT_EQ(code(e), "ok");
  e.certificates = {certificate(4, 0, 3), certificate(5, 0, 0), certificate(5, 1, 0)};
  e.timeouts = {timeout(4, 1), timeout(5, 1), timeout(5, 2)};
  e.equivocations = {equivocation(1, {5, 0, 3}), equivocation(2, {4, 0, 3})};
  EXPECT_EQ(code(e), "ok");
  EXPECT_FALSE(e.empty());
}

TEST_F(EvidenceTest, OfAnyOtherEpochIsRefused) {
  Evidence e;
  e.certificates = {certificate(6, 0, 0)};
  EXPECT_EQ(code(e), "evidence_wrong_epoch");
  e = {};
  e.timeouts = {timeout(3, 1)};
  EXPECT_EQ(code(e), "evidence_wrong_epoch");
  e = {};
  e.equivocations = {equivocation(1, {3, 0, 0})};
  EXPECT_EQ(code(e), "evidence_wrong_epoch");
  e = {};
  e.timeouts = {timeout(4, 1)};
  EXPECT_EQ(code(e, false), "evidence_wrong_epoch") << "without a previous committee only the current epoch counts";
}

TEST_F(EvidenceTest, OutOfOrderOrTwiceIsRefused) {
  Evidence e;
  e.certificates = {certificate(5, 1, 0), certificate(5, 0, 0)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e.certificates = {certificate(5, 0, 0), certificate(5, 0, 0)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e = {};
  e.timeouts = {timeout(5, 2), timeout(5, 1)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e.timeouts = {timeout(5, 1), timeout(5, 1, 3)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e = {};
  e.equivocations = {equivocation(1, {5, 0, 3}), equivocation(1, {5, 0, 3})};
  EXPECT_EQ(code(e), "evidence_malformed");
}

TEST_F(EvidenceTest, CertificatesNeedAQuorumThatSigned) {
  Evidence e;
  e.certificates = {certificate(5, 0, 0, 2)};
  EXPECT_EQ(code(e), "certificate_below_quorum");
  e.certificates = {certificate(5, 0, 0)};
  e.certificates[0].block = hash_of("another");
  EXPECT_EQ(code(e), "certificate_bad_signature");
}

TEST_F(EvidenceTest, ATimeoutNeedsOneCorrectMember) {
  Evidence e;
  e.timeouts = {timeout(5, 1, 1)};
  EXPECT_EQ(code(e), "evidence_below_threshold");
  e.timeouts = {timeout(5, 1, 2)};
  EXPECT_EQ(code(e), "ok");
}

TEST_F(EvidenceTest, OnlyTimeoutsCountAsAFailedLeader) {
  Evidence e;
  for (ViewChangeKind kind : {ViewChangeKind::kPlanned, ViewChangeKind::kJoined}) {
    e.timeouts = {timeout(5, 1, 3, kind)};
    EXPECT_EQ(code(e), "evidence_bad_signature");
  }
}

TEST_F(EvidenceTest, ATimeoutOfViewZeroFromOutsideOrWithABadSignatureIsRefused) {
  Evidence e;
  e.timeouts = {timeout(5, 0)};
  EXPECT_EQ(code(e), "evidence_malformed");
  e.timeouts = {timeout(5, 1, 3)};
  e.timeouts[0].signers.erase(2);
  e.timeouts[0].signers.insert(4);
  EXPECT_EQ(code(e), "evidence_unknown_signer");
  e.timeouts = {timeout(5, 1)};
  e.timeouts[0].signatures[1].bytes[3] ^= 1;
  EXPECT_EQ(code(e), "evidence_bad_signature");
  e.timeouts = {timeout(5, 1)};
  e.timeouts[0].signatures.pop_back();
  EXPECT_EQ(code(e), "evidence_malformed");
}

TEST_F(EvidenceTest, AnEquivocationNeedsTwoBlocksInOrderAndBothSignatures) {
  const auto check = [&](const Equivocation& e) {
    Status s = verify_equivocation(e, CommitRule::kTwoChain, chain_, current_.committee, verifier_);
    return s.ok() ? std::string("ok") : s.error().code;
  };
  const Equivocation good = equivocation(2, {5, 1, 3});
  EXPECT_EQ(check(good), "ok");
  Equivocation e = good;
  std::swap(e.a, e.b);
  EXPECT_EQ(check(e), "evidence_malformed") << "it has one spelling";
  e = good;
  e.b = e.a;
  EXPECT_EQ(check(e), "evidence_malformed") << "the same block twice is no fault";
  e = good;
  e.b.signature = e.a.signature;
  EXPECT_EQ(check(e), "evidence_bad_signature");
  e = good;
  e.slot.index = 4;
  EXPECT_EQ(check(e), "evidence_bad_signature") << "both must be for this slot";
  e = good;
  e.signer = current_.committee.at(3).id;
  EXPECT_EQ(check(e), "evidence_bad_signature") << "someone else's votes";
  e = good;
  e.signer = 99;
  EXPECT_EQ(check(e), "evidence_unknown_signer");
  e = good;
  e.slot = {5, 0, -1};
  EXPECT_EQ(check(e), "evidence_malformed");
  e = good;
  e.slot.epoch = 6;
  EXPECT_EQ(check(e), "evidence_wrong_epoch");
}

TEST_F(EvidenceTest, MoreThanABlockMayHoldIsRefused) {
  Evidence e;
  for (int64_t i = 0; i <= static_cast<int64_t>(kEvidenceTimeoutsMax); ++i) {
    e.timeouts.push_back(timeout(5, static_cast<View>(1 + i)));
  }
  EXPECT_EQ(code(e), "evidence_malformed");
  EXPECT_FALSE(decoded<Evidence>(encoded(e), "evidence").ok());
  e.timeouts.pop_back();
  EXPECT_EQ(code(e), "ok");
  EXPECT_TRUE(decoded<Evidence>(encoded(e), "evidence").ok());
}

TEST_F(EvidenceTest, HasOneEncoding) {
  Evidence e;
  testing::expect_canonical(e);
  e.certificates = {certificate(5, 0, 0)};
  e.timeouts = {timeout(4, 1)};
  e.equivocations = {equivocation(1, {5, 0, 3})};
  testing::expect_canonical(e);
  testing::expect_garbage_is_harmless(encoded(e), testing::decode_and_encode<Evidence>, 7);
}

}  // namespace
}  // namespace tieline
