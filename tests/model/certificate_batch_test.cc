// Many certificates together: the verdicts are those of each alone, and nothing is verified twice.

#include "model/certificate_batch.h"

#include <gtest/gtest.h>

#include "crypto/verified_cache.h"
#include "fixtures.h"

namespace tieline {
namespace {

using testing::first_positions;
using testing::hash_of;
using testing::TestCommittee;

// Counts what really gets checked.
class Counting final : public Verifier {
 public:
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    ++checks;
    return inner_.verify(key, message, signature);
  }
  void verify_batch(std::span<const SignedItem> items, std::span<uint8_t> ok) const override {
    checks += items.size();
    inner_.verify_batch(items, ok);
  }
  bool verify_aggregate(const AggregateItem& item) const override {
    ++checks;
    return inner_.verify_aggregate(item);
  }
  void verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const override {
    checks += items.size();
    inner_.verify_aggregates(items, ok);
  }
  mutable size_t checks = 0;

 private:
  RealVerifier inner_;
};

class CertificateBatchTest : public ::testing::TestWithParam<CertificateKind> {
 protected:
  Certificate certificate(int64_t index, size_t signers = 3) const {
    return t_.certify(chain_, {0, 0, index}, static_cast<Height>(index) + 1, hash_of("block"),
                      first_positions(signers));
  }
  bool good(const Certificate& c, const Verifier& verifier) const {
    return verify_certificate(c, VotePhase::kConfirm, Threshold::kQuorum, chain_, t_.committee, verifier).ok();
  }
  const ChainId chain_ = hash_of("chain");
  const TestCommittee t_{4, 0, "validator", 10, GetParam()};
  const Counting counting_;
  const VerifiedCache remembered_{counting_};
  CertificateBatch batch_{chain_, CommitRule::kFastOrTwoChain};
};

TEST_P(CertificateBatchTest, WhatWasAskedTogetherIsNotAskedAgain) {
  std::vector<Certificate> certificates;
  for (int64_t i = 0; i < 6; ++i) certificates.push_back(certificate(i));
  for (const Certificate& c : certificates) batch_.add(c, t_.committee);
  const size_t claims = batch_.size();
  EXPECT_EQ(claims, GetParam() == CertificateKind::kBls ? 6u : 18u);
  batch_.ask(remembered_);
  EXPECT_EQ(batch_.size(), 0u);
  EXPECT_EQ(counting_.checks, claims);
  for (const Certificate& c : certificates) EXPECT_TRUE(good(c, remembered_));
  EXPECT_EQ(counting_.checks, claims);
}

TEST_P(CertificateBatchTest, ABadOneAmongThemIsStillBad) {
  std::vector<Certificate> certificates;
  for (int64_t i = 0; i < 4; ++i) certificates.push_back(certificate(i));
  certificates[2].block = hash_of("another");
  for (const Certificate& c : certificates) batch_.add(c, t_.committee);
  batch_.ask(remembered_);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(good(certificates[i], remembered_), i != 2) << i;
}

TEST_P(CertificateBatchTest, WhatIsMalformedIsLeftToItsOwnVerdict) {
  Certificate stranger = certificate(0);
  stranger.signers.erase(2);
  stranger.signers.insert(9);
  Certificate other_epoch = certificate(1);
  other_epoch.slot.epoch = 3;
  Certificate nobody = certificate(2);
  nobody.signers = {};
  for (const Certificate& c : {stranger, other_epoch, nobody}) {
    batch_.add(c, t_.committee);
    EXPECT_FALSE(good(c, remembered_));
  }
  EXPECT_EQ(batch_.size(), 0u);
  batch_.ask(remembered_);
}

// The same aggregate under another set of keys, or over another message, is another claim.
TEST_P(CertificateBatchTest, WhatIsRememberedIsTheWholeClaim) {
  Certificate c = certificate(0);
  ASSERT_TRUE(good(c, remembered_));
  c.height += 1;
  EXPECT_FALSE(good(c, remembered_));
  c = certificate(0, 4);
  const Certificate fewer = certificate(0);
  c.aggregate = fewer.aggregate;
  if (GetParam() == CertificateKind::kBls) {
    EXPECT_FALSE(good(c, remembered_));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, CertificateBatchTest, ::testing::Values(CertificateKind::kList, CertificateKind::kBls),
                         [](const auto& kind) { return kind.param == CertificateKind::kBls ? "Bls" : "List"; });

}  // namespace
}  // namespace tieline
