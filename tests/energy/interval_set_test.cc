#include "energy/interval_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"

namespace tieline::energy {
namespace {

TEST(IntervalSet, HoldsWhatWasInsertedAndNothingElse) {
  IntervalSet s;
  s.insert(10, 12);
  EXPECT_TRUE(s.overlaps(10, 11));
  EXPECT_TRUE(s.overlaps(11, 12));
  EXPECT_TRUE(s.overlaps(5, 20));
  EXPECT_FALSE(s.overlaps(9, 10));
  EXPECT_FALSE(s.overlaps(12, 13));
}

TEST(IntervalSet, NeighboursMeltIntoOneRun) {
  IntervalSet s;
  s.insert(10, 12);
  s.insert(14, 16);
  s.insert(12, 14);
  EXPECT_EQ(s.runs(), (std::vector<IntervalSet::Run>{{10, 16}}));
  s.insert(9, 10);
  EXPECT_EQ(s.runs(), (std::vector<IntervalSet::Run>{{9, 16}}));
}

TEST(IntervalSet, BeyondItsRunsTheOldestClosesAndTheFloorRises) {
  IntervalSet s;
  for (uint32_t i = 0; i < kRunsMax; ++i) s.insert(10 + 2 * i, 11 + 2 * i);
  EXPECT_EQ(s.floor(), 0u);
  EXPECT_EQ(s.runs().size(), kRunsMax);
  s.insert(10 + 2 * kRunsMax, 11 + 2 * kRunsMax);
  EXPECT_EQ(s.runs().size(), kRunsMax);
  EXPECT_EQ(s.floor(), 11u);
}

TEST(IntervalSet, AgreesWithASetOfSlotsOverRandomHistories) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    IntervalSet s;
    std::set<uint32_t> slots;
    for (int step = 0; step < 300; ++step) {
      const auto begin = static_cast<uint32_t>(rng.below(400));
      const auto end = begin + 1 + static_cast<uint32_t>(rng.below(6));
      if (begin < s.floor()) continue;
      bool taken = false;
      for (uint32_t slot = begin; slot < end; ++slot) taken = taken || slots.contains(slot);
      ASSERT_EQ(s.overlaps(begin, end), taken);
      if (taken) continue;
      s.insert(begin, end);
      for (uint32_t slot = begin; slot < end; ++slot) slots.insert(slot);
      ASSERT_EQ(*decoded<IntervalSet>(encoded(s), "set"), s);
    }
  }
}

TEST(IntervalSet, DecodingRefusesRunsThatAreEmptyTouchOrStandOutOfOrder) {
  const auto accepted = [](uint32_t floor, std::vector<std::pair<uint32_t, uint32_t>> runs) {
    Writer w;
    w.u32(floor);
    w.u8(static_cast<uint8_t>(runs.size()));
    for (auto [begin, end] : runs) {
      w.u32(begin);
      w.u32(end);
    }
    return decoded<IntervalSet>(w.view(), "set").ok();
  };
  EXPECT_TRUE(accepted(5, {{5, 6}, {8, 9}}));
  EXPECT_FALSE(accepted(5, {{4, 6}}));
  EXPECT_FALSE(accepted(0, {{5, 5}}));
  EXPECT_FALSE(accepted(0, {{5, 6}, {6, 7}}));
  EXPECT_FALSE(accepted(0, {{8, 9}, {5, 6}}));
}

}  // namespace
}  // namespace tieline::energy
