#include "standing/credit.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace tieline::standing {
namespace {

Committee committee_of_four() {
  std::vector<Member> members(4);
  for (size_t i = 0; i < members.size(); ++i) {
    members[i].id = static_cast<ValidatorId>(10 + i);
    members[i].credit = kCreditOne / 2;
  }
  return Committee(3, sha256(view_of("seed")), members);
}

TEST(Credit, TheNextCommitteeTakesCreditAndJailFromTheRecords) {
  const Committee seats = committee_of_four();
  std::vector<CreditRecord> records(4);
  for (size_t i = 0; i < 4; ++i) records[i].credit = static_cast<uint32_t>(1'000 * i);
  records[2].jailed_until = 12;
  const Hash seed = next_seed(seats.seed(), sha256(view_of("block")));
  const Committee next = next_committee(seats, records, 4, seed);
  EXPECT_EQ(next.epoch(), 4u);
  EXPECT_EQ(next.seed(), seed);
  EXPECT_NE(seed, seats.seed());
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(next.at(i).credit, 1'000 * i);
    EXPECT_EQ(next.at(i).id, seats.at(i).id);
  }
  EXPECT_EQ(next.at(2).jailed_until, 12u);
}

TEST(Credit, AProofJailsFromTheSecondEpochOnAndCountsOnce) {
  CreditRecord record;
  EXPECT_TRUE(punish_equivocation(record, {5, 1, 3}, 6, 8));
  EXPECT_EQ(record.jailed_until, 16u);
  EXPECT_FALSE(punish_equivocation(record, {5, 1, 3}, 9, 8)) << "the same proof again";
  EXPECT_FALSE(punish_equivocation(record, {5, 1, 2}, 9, 8)) << "an older one";
  EXPECT_EQ(record.jailed_until, 16u);
  EXPECT_TRUE(punish_equivocation(record, {9, 0, 0}, 9, 8));
  EXPECT_EQ(record.jailed_until, 19u);
  EXPECT_EQ(*decoded<CreditRecord>(encoded(record), "credit"), record);
}

}  // namespace
}  // namespace tieline::standing
