#include "model/committee.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "fixtures.h"

namespace tieline {
namespace {

using testing::expect_canonical;
using testing::first_positions;
using testing::positions;
using testing::TestCommittee;

TEST(SignerSet, HoldsAPositionOnce) {
  SignerSet s;
  EXPECT_TRUE(s.insert(3));
  EXPECT_FALSE(s.insert(3));
  EXPECT_TRUE(s.insert(255));
  EXPECT_EQ(s.count(), 2u);
  EXPECT_EQ(s.positions(), (std::vector<size_t>{3, 255}));
  s.erase(3);
  EXPECT_FALSE(s.contains(3));
  EXPECT_FALSE(s.contains(256));
}

TEST(SignerSet, IsEncodedAsLengthAndBytesLowestFirst) {
  EXPECT_EQ(encoded(SignerSet()), (Bytes{0}));
  EXPECT_EQ(encoded(positions({0})), (Bytes{1, 1}));
  EXPECT_EQ(encoded(positions({0, 2, 9})), (Bytes{2, 5, 2}));
  Bytes last(33, 0);
  last[0] = 32;
  last[32] = 0x80;
  EXPECT_EQ(encoded(positions({255})), last);
}

TEST(SignerSet, HasOneEncoding) {
  for (const SignerSet& s : {SignerSet(), positions({0}), positions({7, 8}), positions({0, 63, 64, 127, 128, 255})}) {
    expect_canonical(s);
  }
}

TEST(SignerSet, WithATrailingZeroByteIsRefused) {
  EXPECT_FALSE(decoded<SignerSet>(Bytes{1, 0}, "set").ok());
  EXPECT_FALSE(decoded<SignerSet>(Bytes{2, 1, 0}, "set").ok());
}

TEST(SignerSet, LongerThanAnyCommitteeIsRefused) {
  Bytes long_one(34, 0xff);
  long_one[0] = 33;
  EXPECT_FALSE(decoded<SignerSet>(long_one, "set").ok());
}

TEST(SignerSet, KnowsWhetherItLiesBelowABound) {
  for (size_t p : {0, 5, 63, 64, 127, 128, 200, 255}) {
    for (size_t bound : {0, 1, 6, 63, 64, 65, 128, 201, 255, 256}) {
      EXPECT_EQ(positions({p}).all_below(bound), p < bound) << p << " below " << bound;
    }
  }
  EXPECT_TRUE(SignerSet().all_below(0));
}

TEST(Committee, StandsInAscendingId) {
  const TestCommittee t(5);
  std::vector<Member> shuffled = t.committee.members();
  std::swap(shuffled[0], shuffled[4]);
  std::swap(shuffled[1], shuffled[2]);
  const Committee c(0, t.committee.seed(), shuffled);
  EXPECT_EQ(c, t.committee);
  EXPECT_EQ(c.digest(), t.committee.digest());
  EXPECT_EQ(c.position_of(12), std::optional<size_t>(2));
  EXPECT_EQ(c.position_of(15), std::nullopt);
  EXPECT_EQ(c.position_of(9), std::nullopt);
}

TEST(Committee, HasOneEncoding) {
  expect_canonical(TestCommittee(4).committee);
  testing::expect_garbage_is_harmless(encoded(TestCommittee(4).committee), testing::decode_and_encode<Committee>, 1);
}

TEST(Committee, DigestCoversEveryField) {
  const Committee c = TestCommittee(4).committee;
  std::vector<Member> members = c.members();
  EXPECT_NE(Committee(1, c.seed(), members).digest(), c.digest());
  EXPECT_NE(Committee(0, Hash(), members).digest(), c.digest());
  EXPECT_NE(Committee(0, c.seed(), members, FaultModel::kCrash).digest(), c.digest());
  members[2].trust -= 1;
  EXPECT_NE(Committee(0, c.seed(), members).digest(), c.digest());
  members = c.members();
  members[3].jailed_until = 7;
  EXPECT_NE(Committee(0, c.seed(), members).digest(), c.digest());
}

TEST(Committee, TheFaultModelSurvivesTheEncoding) {
  const Committee c = TestCommittee(4).committee;
  const Committee crash(0, c.seed(), c.members(), FaultModel::kCrash);
  const auto again = decoded<Committee>(encoded(crash), "committee");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, crash);
  EXPECT_TRUE(again->is_quorum(first_positions(3)));
  EXPECT_TRUE(again->holds_correct(first_positions(1)));
}

Bytes encode_members(const std::vector<Member>& members, uint8_t faults = 1, uint8_t certificates = 1) {
  Writer w;
  w.u64(0);
  encode(w, Hash());
  w.u8(faults);
  w.u8(certificates);
  encode_list(w, members);
  return w.take();
}

TEST(Committee, DecodingRefusesDisorderDuplicatesAndSizesInsteadOfAborting) {
  std::vector<Member> members = TestCommittee(4).committee.members();
  ASSERT_TRUE(decoded<Committee>(encode_members(members), "committee").ok());
  EXPECT_TRUE(decoded<Committee>(encode_members(members, 2), "committee").ok());
  for (const uint8_t faults : {uint8_t{0}, uint8_t{4}})
    EXPECT_FALSE(decoded<Committee>(encode_members(members, faults), "committee").ok());
  const auto aggregates = decoded<Committee>(encode_members(members, 1, 2), "committee");
  ASSERT_TRUE(aggregates.ok());
  EXPECT_EQ(aggregates->certificates(), CertificateKind::kBls);
  EXPECT_NE(aggregates->digest(), decoded<Committee>(encode_members(members), "committee")->digest());
  for (const uint8_t kind : {uint8_t{0}, uint8_t{3}})
    EXPECT_FALSE(decoded<Committee>(encode_members(members, 1, kind), "committee").ok());
  std::vector<Member> swapped = members;
  std::swap(swapped[0], swapped[1]);
  EXPECT_FALSE(decoded<Committee>(encode_members(swapped), "committee").ok());
  std::vector<Member> twice = members;
  twice[1] = twice[0];
  EXPECT_FALSE(decoded<Committee>(encode_members(twice), "committee").ok());
  EXPECT_FALSE(decoded<Committee>(encode_members({}), "committee").ok());
  std::vector<Member> rich = members;
  rich[2].credit = kCreditOne + 1;
  EXPECT_FALSE(decoded<Committee>(encode_members(rich), "committee").ok());
  std::vector<Member> adored = members;
  adored[2].trust = kTrustOne + 1;
  EXPECT_FALSE(decoded<Committee>(encode_members(adored), "committee").ok());
}

TEST(Committee, LargerThanTheBoundIsRefused) {
  std::vector<Member> members(kCommitteeMax + 1);
  for (size_t i = 0; i < members.size(); ++i) members[i].id = static_cast<ValidatorId>(i);
  EXPECT_FALSE(decoded<Committee>(encode_members(members), "committee").ok());
  members.pop_back();
  EXPECT_TRUE(decoded<Committee>(encode_members(members), "committee").ok());
}

TEST(CommitteeDeathTest, OfTwoMembersWithOneIdAborts) {
  std::vector<Member> members = TestCommittee(4).committee.members();
  members[1].id = members[0].id;
  EXPECT_DEATH(Committee(0, Hash(), members), "share an id");
}

TEST(Committee, CountsOnlyItsOwnMembers) {
  const Committee c = TestCommittee(7).committee;
  EXPECT_FALSE(c.is_quorum(first_positions(4)));
  EXPECT_TRUE(c.is_quorum(first_positions(5)));
  EXPECT_FALSE(c.is_fast(first_positions(5)));
  EXPECT_TRUE(c.is_fast(first_positions(6)));
  EXPECT_TRUE(c.holds_correct(first_positions(3)));
  EXPECT_FALSE(c.holds_correct(first_positions(2)));
  EXPECT_TRUE(c.is_view_change_set(first_positions(5)));
  EXPECT_FALSE(c.is_view_change_set(first_positions(6))) << "a view-change set has exactly n-f members";
  SignerSet beyond = first_positions(6);
  beyond.insert(7);
  EXPECT_FALSE(c.is_quorum(beyond));
  EXPECT_FALSE(c.is_fast(beyond));
  EXPECT_FALSE(c.holds_correct(beyond));
}

}  // namespace
}  // namespace tieline
