// Plans: drawn from the seed alone, of the kinds that are asked for, and never more than f traitors.

#include "sim/faults.h"

#include <gtest/gtest.h>

#include <bit>

#include "sim/clock.h"

namespace tieline::sim {
namespace {

TEST(Faults, ReadsTheWordsOfTheCommand) {
  EXPECT_EQ(*parse_faults("all"), FaultSet::all());
  EXPECT_EQ(*parse_faults("none"), FaultSet{});
  const FaultSet some = *parse_faults("crash,byzantine:twins");
  EXPECT_TRUE(some.has(FaultKind::kCrash));
  EXPECT_TRUE(some.has(FaultKind::kPowerLoss));
  EXPECT_FALSE(some.has(FaultKind::kWipe));
  EXPECT_TRUE(some.has(ByzantineKind::kTwins));
  EXPECT_FALSE(some.has(ByzantineKind::kForge));
  const auto bad = parse_faults("crash,meteor");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, "bad_fault");
  EXPECT_NE(bad.error().why.find("meteor"), std::string::npos);
}

TEST(Faults, OfAnEngineThatSurvivesCrashesOnlyAreAllButLies) {
  const FaultSet raft = faults_of(EngineKind::kRaft);
  EXPECT_EQ(faults_of(EngineKind::kCbft), FaultSet::all());
  const FaultSet all = *parse_faults("all", raft);
  EXPECT_EQ(all, raft);
  EXPECT_EQ(all.byzantine, 0u);
  EXPECT_EQ(all.kinds, FaultSet::all().kinds);
  for (const char* word : {"byzantine", "byzantine:twins", "crash,byzantine"}) {
    const auto refused = parse_faults(word, raft);
    ASSERT_FALSE(refused.ok()) << word;
    EXPECT_EQ(refused.error().code, "bad_fault");
    EXPECT_NE(refused.error().why.find("more than this engine promises to survive"), std::string::npos);
  }
}

TEST(Faults, TheSameSeedGivesTheSamePlan) {
  for (uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_EQ(draw_plan(seed, 4, FaultSet::all(), 1'000'000), draw_plan(seed, 4, FaultSet::all(), 1'000'000));
}

TEST(Faults, PlansHoldOnlyWhatWasAskedForAndAtMostFTraitors) {
  const FaultSet some = *parse_faults("partition,byzantine:lie");
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Plan plan = draw_plan(seed, 7, some, 1'000'000);
    EXPECT_LE(plan.traitors.size(), 2u);
    for (const PlannedTraitor& t : plan.traitors) EXPECT_EQ(t.kinds, 1u << static_cast<unsigned>(ByzantineKind::kLie));
    for (const PlannedFault& f : plan.faults) {
      EXPECT_TRUE(some.has(f.kind));
      EXPECT_NE(f.nodes, 0u);
      EXPECT_EQ(f.nodes & f.others, 0u);
    }
  }
}

TEST(Faults, EveryKindIsDrawnNowAndThen) {
  uint64_t seen = 0, seen_byzantine = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Plan plan = draw_plan(seed, 4, FaultSet::all(), 1'000'000);
    for (const PlannedFault& f : plan.faults) seen |= uint64_t{1} << static_cast<unsigned>(f.kind);
    for (const PlannedTraitor& t : plan.traitors) seen_byzantine |= t.kinds;
  }
  EXPECT_EQ(std::popcount(seen), static_cast<int>(kFaultKinds));
  EXPECT_EQ(std::popcount(seen_byzantine), static_cast<int>(kByzantineKinds));
}

TEST(SimClock, JumpsMoveTheWallOnlyAndDriftMovesBoth) {
  SimClock clock(1'000'000, 0);
  clock.reboot(0, 5'000);
  EXPECT_EQ(clock.read(0).mono_us, 5'000);
  EXPECT_EQ(clock.read(2'000'000).wall_ms, 1'002'000);
  clock.jump(-500);
  EXPECT_EQ(clock.read(2'000'000).wall_ms, 1'001'500);
  EXPECT_EQ(clock.read(2'000'000).mono_us, 2'005'000);
  clock.set_rate(2'000'000, 100'000);  // a tenth faster
  EXPECT_EQ(clock.read(3'000'000).mono_us, 3'105'000);
  clock.correct(3'000'000);
  EXPECT_EQ(clock.read(3'000'000).wall_ms, 1'003'000);
  EXPECT_EQ(clock.read(4'000'000).wall_ms, 1'004'000);
}

TEST(SimClock, SaysWhenADeadlineHasCome) {
  SimClock clock(0, 0);
  for (const int64_t ppm : {int64_t{-100'000}, int64_t{0}, int64_t{37}, int64_t{100'000}}) {
    clock.set_rate(1'000, ppm);
    for (int64_t wait = 0; wait < 100'000; wait += 777) {
      const int64_t mono = clock.mono_us(1'000) + wait;
      EXPECT_GE(clock.mono_us(clock.virtual_us(mono, 1'000)) + 1, mono);
    }
  }
}

}  // namespace
}  // namespace tieline::sim
