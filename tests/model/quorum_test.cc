#include "model/quorum.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>

namespace tieline {
namespace {

struct Row {
  size_t n, f, quorum, correct, fast, view_change;
};

TEST(Quorum, IsWhatConsensusSays) {
  constexpr Row kTable[] = {
      {4, 1, 3, 2, 3, 3},   {5, 1, 4, 2, 4, 4},   {6, 1, 4, 2, 4, 5},       {7, 2, 5, 3, 6, 5},
      {8, 2, 6, 3, 7, 6},   {9, 2, 6, 3, 7, 7},   {10, 3, 7, 4, 9, 7},      {11, 3, 8, 4, 10, 8},
      {12, 3, 8, 4, 10, 9}, {13, 4, 9, 5, 12, 9}, {50, 16, 34, 17, 49, 34},
  };
  for (const Row& row : kTable) {
    const Quorum q{row.n};
    EXPECT_EQ(q.f(), row.f) << row.n;
    EXPECT_EQ(q.quorum(), row.quorum) << row.n;
    EXPECT_EQ(q.correct(), row.correct) << row.n;
    EXPECT_EQ(q.fast(), row.fast) << row.n;
    EXPECT_EQ(q.view_change(), row.view_change) << row.n;
  }
}

TEST(Quorum, OfFewerThanFourIsAMajorityAndSurvivesNoLiar) {
  EXPECT_EQ(Quorum{1}.quorum(), 1u);
  EXPECT_EQ(Quorum{2}.quorum(), 2u);
  EXPECT_EQ(Quorum{3}.quorum(), 2u);
  for (size_t n : {1, 2, 3}) EXPECT_EQ(Quorum{n}.f(), 0u);
}

TEST(Quorum, WhereMembersOnlyCrashIsAMajority) {
  for (size_t n = 1; n <= 50; ++n) {
    const Quorum q{n, FaultModel::kCrash};
    EXPECT_EQ(q.quorum(), n / 2 + 1) << n;
    EXPECT_EQ(q.correct(), 1u) << n;
    EXPECT_EQ(q.f(), (n - 1) / 2) << n;
    EXPECT_LE(q.quorum(), n - q.f()) << n;
  }
}

// Sets of members as bits, all of them, for every committee small enough.
size_t size_of(uint32_t set) { return static_cast<size_t>(std::popcount(set)); }

TEST(Quorum, TwoQuorumsMeetInACorrectMember) {
  for (size_t n = 4; n <= 10; ++n) {
    const Quorum q{n};
    for (uint32_t a = 0; a < (1u << n); ++a) {
      if (size_of(a) != q.quorum()) continue;
      for (uint32_t b = 0; b < (1u << n); ++b) {
        if (size_of(b) != q.quorum()) continue;
        ASSERT_GT(size_of(a & b), q.f()) << "n " << n;
      }
    }
  }
}

TEST(Quorum, OneMemberLessWouldNotMeetInACorrectMember) {
  for (size_t n = 4; n <= 50; ++n) {
    const Quorum q{n};
    EXPECT_LE(2 * (q.quorum() - 1), n + q.f()) << "q is larger than it must be at n " << n;
  }
}

TEST(Quorum, IsReachedWithoutTheFaultyMembers) {
  for (size_t n = 4; n <= 256; ++n) {
    const Quorum q{n};
    EXPECT_LE(q.quorum(), n - q.f()) << n;
    EXPECT_LE(q.fast(), n) << n;
    EXPECT_GE(q.fast(), q.quorum()) << n;
    EXPECT_LT(3 * q.f(), n) << n;
    EXPECT_EQ(q.view_change(), n - q.f()) << n;
    EXPECT_EQ(q.correct(), q.f() + 1) << n;
  }
}

TEST(Quorum, EveryViewChangeSetMeetsTheCorrectMembersOfEveryQuorum) {
  for (size_t n = 4; n <= 9; ++n) {
    const Quorum q{n};
    const uint32_t faulty = (1u << q.f()) - 1;
    for (uint32_t a = 0; a < (1u << n); ++a) {
      if (size_of(a) != q.quorum()) continue;
      for (uint32_t v = 0; v < (1u << n); ++v) {
        if (size_of(v) != q.view_change()) continue;
        ASSERT_NE(a & v & ~faulty, 0u) << "n " << n;
      }
    }
  }
}

// Member 0 leads and equivocates; V leaves it out. After a fast commit of B the correct votes for B in V alone reach
// the threshold of Select, and nothing else can reach it beside them.
TEST(Quorum, AFastCommitSurvivesEveryViewChangeSetWithoutTheEquivocator) {
  for (size_t n = 4; n <= 10; ++n) {
    const Quorum q{n};
    ASSERT_GT(2 * q.reproposal(), n - q.f()) << "two contents could both be re-proposed at n " << n;
    const uint32_t faulty = (1u << q.f()) - 1;
    for (uint32_t fast = 0; fast < (1u << n); ++fast) {
      if (size_of(fast) != q.fast()) continue;
      for (uint32_t v = 0; v < (1u << n); v += 2) {
        if (size_of(v) != q.view_change()) continue;
        ASSERT_GE(size_of(fast & v & ~faulty), q.reproposal()) << "n " << n;
      }
    }
  }
}

TEST(Quorum, OneMoreMemberMayNotBeMissedByAFastCommit) {
  for (size_t n : {5, 7}) {
    const Quorum q{n};
    // With slack + 1 the threshold of Select sinks by one, and two contents can reach it.
    EXPECT_LE(2 * (n - (q.slack() + 1) - 2 * q.f() + 1), n - q.f()) << n;
  }
}

}  // namespace
}  // namespace tieline
