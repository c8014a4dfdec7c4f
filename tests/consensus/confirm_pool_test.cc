// The pool of verified CONFIRMs: counting, certificates, proofs of equivocation, bounds.

#include "consensus/kernel/confirm_pool.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace tieline::consensus {
namespace {

Hash block(char c) { return sha256(view_of(std::string(1, c))); }
Signature signature(uint8_t n) {
  Signature s;
  s.bytes[0] = n;
  return s;
}
const Slot kSlot{0, 0, 3};

TEST(ConfirmPool, CountsAMemberOnce) {
  ConfirmPool pool;
  EXPECT_TRUE(pool.add(0, 10, kSlot, 4, block('a'), signature(1)).fresh);
  const auto again = pool.add(0, 10, kSlot, 4, block('a'), signature(2));
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(again.count, 1u);
  EXPECT_EQ(pool.certificate(kSlot, block('a'))->signers.count(), 1u);
}

TEST(ConfirmPool, MakesACertificateInAscendingPositions) {
  ConfirmPool pool;
  pool.add(3, 13, kSlot, 4, block('a'), signature(3));
  pool.add(1, 11, kSlot, 4, block('a'), signature(1));
  EXPECT_EQ(pool.add(2, 12, kSlot, 4, block('a'), signature(2)).count, 3u);
  const Certificate c = *pool.certificate(kSlot, block('a'));
  EXPECT_EQ(c.signers.positions(), (std::vector<size_t>{1, 2, 3}));
  EXPECT_EQ(c.signatures, (std::vector<Signature>{signature(1), signature(2), signature(3)}));
  EXPECT_EQ(c.height, 4u);
}

TEST(ConfirmPool, ProvesAnEquivocationOnceWithTheSmallerDigestFirst) {
  ConfirmPool pool;
  pool.add(0, 10, kSlot, 4, block('a'), signature(1));
  const auto second = pool.add(0, 10, kSlot, 5, block('b'), signature(2));
  ASSERT_TRUE(second.evidence);
  EXPECT_EQ(second.evidence->signer, 10);
  EXPECT_LT(second.evidence->a.block, second.evidence->b.block);
  EXPECT_FALSE(pool.add(0, 10, kSlot, 4, block('c'), signature(3)).evidence) << "proven already";
}

TEST(ConfirmPool, TheSameBlockWithTwoHeightsIsNoProof) {
  ConfirmPool pool;
  pool.add(0, 10, kSlot, 4, block('a'), signature(1));
  EXPECT_FALSE(pool.add(0, 10, kSlot, 5, block('a'), signature(2)).evidence) << "evidence needs two blocks";
}

TEST(ConfirmPool, OneThatLiesAboutTheHeightDoesNotSpoilTheCertificate) {
  ConfirmPool pool;
  pool.add(0, 10, kSlot, 3, block('a'), signature(9));
  pool.add(1, 11, kSlot, 4, block('a'), signature(1));
  pool.add(2, 12, kSlot, 4, block('a'), signature(2));
  const Certificate c = *pool.certificate(kSlot, block('a'));
  EXPECT_EQ(c.height, 4u);
  EXPECT_EQ(c.signers.positions(), (std::vector<size_t>{1, 2}));
}

TEST(ConfirmPool, OneSlotIsNotAnother) {
  ConfirmPool pool;
  pool.add(0, 10, Slot{0, 0, 3}, 4, block('a'), signature(1));
  EXPECT_EQ(pool.add(1, 11, Slot{0, 1, 3}, 4, block('a'), signature(2)).count, 1u);
  EXPECT_FALSE(pool.add(0, 10, Slot{0, 1, 3}, 4, block('b'), signature(3)).evidence) << "two slots, two votes";
}

TEST(ConfirmPool, AFlooderLosesOnlyItsOwnOldestVotes) {
  ConfirmPool pool;
  pool.add(1, 11, Slot{0, 0, 0}, 1, block('a'), signature(1));
  for (size_t i = 0; i <= kConfirmsPerMemberMax; ++i)
    pool.add(0, 10, Slot{0, 0, static_cast<int64_t>(i)}, i + 1, block('a'), signature(2));
  EXPECT_EQ(pool.certificate(Slot{0, 0, 0}, block('a'))->signers.positions(), (std::vector<size_t>{1}));
  EXPECT_TRUE(pool.certificate(Slot{0, 0, 1}, block('a')));
}

TEST(ConfirmPool, ForgetsBelowASlot) {
  ConfirmPool pool;
  pool.add(0, 10, Slot{0, 0, 1}, 2, block('a'), signature(1));
  pool.add(0, 10, Slot{0, 0, 2}, 3, block('b'), signature(1));
  pool.forget_below(Slot{0, 0, 2});
  EXPECT_FALSE(pool.certificate(Slot{0, 0, 1}, block('a')));
  EXPECT_TRUE(pool.certificate(Slot{0, 0, 2}, block('b')));
}

}  // namespace
}  // namespace tieline::consensus
