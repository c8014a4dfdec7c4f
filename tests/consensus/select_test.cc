// Select: every branch, at the sizes where the thresholds differ.

#include "consensus/kernel/select.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace tieline::consensus {
namespace {

Hash block(char c) { return sha256(view_of(std::string(1, c))); }

constexpr ValidatorId kCulprit = 99;  // leads every view here

Summary summary(ValidatorId id, Slot high, char high_block) { return {id, high, block(high_block), {}}; }
Summary voted(ValidatorId id, Slot high, char high_block, Slot slot, char voted_block) {
  Summary s = summary(id, high, high_block);
  s.last_vote = LastVote{slot, block(voted_block), 0, {}, {}};
  return s;
}
Selected run(size_t n, const std::vector<Summary>& v) {
  return select(Quorum{n}, v, [](View) { return kCulprit; });
}

const Slot kStart{0, 0, -1}, kS0{0, 0, 0}, kS1{0, 0, 1}, kS2{0, 0, 2}, kNext{0, 1, 0};

TEST(Select, WithoutVotesAboveTheHighestCertificateItIsANewChildOfIt) {
  const Selected s = run(4, {summary(1, kStart, 'E'), summary(2, kS1, 'b'), summary(3, kS0, 'a')});
  EXPECT_EQ(s.justify_slot, kS1);
  EXPECT_EQ(s.justify_block, block('b'));
  EXPECT_FALSE(s.repropose);
  EXPECT_FALSE(s.must_exclude);
}

TEST(Select, AVoteAtOrBelowTheHighestCertificateDoesNotCount) {
  const Selected s = run(4, {voted(1, kStart, 'E', kS0, 'x'), voted(2, kS0, 'a', kS1, 'b'), summary(3, kS1, 'b')});
  EXPECT_EQ(s.justify_slot, kS1);
  EXPECT_FALSE(s.repropose);
}

TEST(Select, OneVoteAboveTheHighestCertificateIsProposedAgain) {
  const Selected s = run(4, {summary(1, kS0, 'a'), voted(2, kS0, 'a', kS1, 'b'), summary(3, kStart, 'E')});
  EXPECT_EQ(s.justify_slot, kS0);
  ASSERT_TRUE(s.repropose);
  EXPECT_EQ(s.repropose->block, block('b'));
}

TEST(Select, OnlyTheHighestVotedSlotCounts) {
  const Selected s =
      run(7, {voted(1, kStart, 'E', kS0, 'a'), voted(2, kStart, 'E', kS0, 'a'), voted(3, kStart, 'E', kS0, 'a'),
              voted(4, kStart, 'E', kNext, 'n'), summary(5, kStart, 'E')});
  ASSERT_TRUE(s.repropose);
  EXPECT_EQ(s.repropose->block, block('n'));
}

TEST(Select, AViewOutranksAnIndex) {
  const Selected s = run(4, {voted(1, kS1, 'b', kS2, 'c'), voted(2, kStart, 'E', kNext, 'n'), summary(3, kStart, 'E')});
  EXPECT_EQ(s.justify_slot, kS1);
  ASSERT_TRUE(s.repropose);
  EXPECT_EQ(s.repropose->block, block('n'));
}

TEST(Select, TwoContentsExcludeTheirLeaderFromV) {
  const Selected s =
      run(4, {voted(1, kStart, 'E', kS0, 'a'), voted(2, kStart, 'E', kS0, 'b'), summary(kCulprit, kStart, 'E')});
  ASSERT_TRUE(s.must_exclude);
  EXPECT_EQ(*s.must_exclude, kCulprit);
}

TEST(Select, OneContentDoesNotExcludeTheLeader) {
  const Selected s =
      run(4, {voted(1, kStart, 'E', kS0, 'a'), summary(2, kStart, 'E'), voted(kCulprit, kStart, 'E', kS0, 'a')});
  EXPECT_FALSE(s.must_exclude);
  ASSERT_TRUE(s.repropose);
}

// With the equivocator out, n-p-2f+1 votes at the top slot force a content; one vote less leaves a new child of J.
TEST(Select, TheThresholdForTwoContentsIsExact) {
  for (size_t n : {4, 5, 6, 7, 8, 10, 13}) {
    const Quorum q{n};
    ASSERT_GE(q.reproposal(), 1u);
    ASSERT_GT(2 * q.reproposal(), q.view_change()) << "at most one content can reach it, n = " << n;
    const auto with = [&](size_t votes) {
      std::vector<Summary> v;
      for (size_t i = 0; i < q.view_change(); ++i) {
        const auto id = static_cast<ValidatorId>(i + 1);
        if (i < votes)
          v.push_back(voted(id, kStart, 'E', kS0, 'a'));
        else if (i == votes)
          v.push_back(voted(id, kStart, 'E', kS0, 'b'));
        else
          v.push_back(summary(id, kStart, 'E'));
      }
      return run(n, v);
    };
    if (q.reproposal() < q.view_change()) {
      const Selected enough = with(q.reproposal());
      ASSERT_TRUE(enough.repropose) << "n = " << n;
      EXPECT_EQ(enough.repropose->block, block('a'));
    }
    if (q.reproposal() >= 2) {
      EXPECT_FALSE(with(q.reproposal() - 1).repropose) << "n = " << n;
    }
  }
}

TEST(Select, VotesAtLowerSlotsDoNotHelpAContent) {
  const Selected s =
      run(7, {voted(1, kStart, 'E', kS0, 'a'), voted(2, kStart, 'E', kS0, 'a'), voted(3, kStart, 'E', kNext, 'a'),
              voted(4, kStart, 'E', kNext, 'b'), voted(5, kStart, 'E', kS0, 'a')});
  EXPECT_FALSE(s.repropose) << "three votes for it at 0.0.0 and one at 0.1.0: only the one counts";
}

}  // namespace
}  // namespace tieline::consensus
