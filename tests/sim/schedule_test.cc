// Whole schedules: they are replayed by their seed, a failure is found and made small, and a few hundred are clean.

#include "sim/schedule.h"

#include <gtest/gtest.h>

#include "sim/reduce.h"
#include "sim/tally.h"

namespace tieline::sim {
namespace {

constexpr uint64_t kSmokeSeeds = 150;

ScheduleResult run(const SimOptions& options, uint64_t seed) {
  return run_schedule(options, seed, plan_of(options, seed));
}

void expect_clean(const SimOptions& options, uint64_t first, uint64_t count) {
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const ScheduleResult result = run(options, seed);
    if (!result.finding) continue;
    ADD_FAILURE() << "seed " << seed << " with " << options.validators
                  << " validators: " << failure_name(result.finding->failure) << ": " << result.finding->what;
  }
}

TEST(Schedule, TheSameSeedIsTheSameRun) {
  const SimOptions options;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const ScheduleResult a = run(options, seed);
    std::vector<std::string> lines;
    const ScheduleResult b =
        run_schedule(options, seed, plan_of(options, seed), [&](const std::string& line) { lines.push_back(line); });
    EXPECT_EQ(a.trace_hash, b.trace_hash) << "watching it must not change it";
    EXPECT_EQ(a.events, b.events);
    EXPECT_EQ(a.height, b.height);
    EXPECT_GT(lines.size(), 100u);
  }
}

// Each of the seven kinds gets into blocks in some run, and the checkers find that none accuses a correct validator.
TEST(Schedule, EvidenceOfEveryKindStandsInCommittedBlocks) {
  constexpr uint64_t kFirst = 200, kAtLeast = 40, kAtMost = 200;  // seeds; an invalid block is the rarest
  EvidenceCounts all;
  for (uint64_t seed = kFirst; seed < kFirst + kAtMost; ++seed) {
    if (seed >= kFirst + kAtLeast && all.invalid > 0) break;
    for (const char* faults : {"byzantine:smear", "byzantine:mutate", "all"}) {
      SimOptions options;
      options.faults = *parse_faults(faults);
      const ScheduleResult r = run(options, seed);
      EXPECT_FALSE(r.finding) << faults << " seed " << seed << ": " << r.finding->what;
      all.certificates += r.evidence.certificates;
      all.timeouts += r.evidence.timeouts;
      all.equivocations += r.evidence.equivocations;
      all.late += r.evidence.late;
      all.reports += r.evidence.reports;
      all.invalid += r.evidence.invalid;
      all.rejected += r.evidence.rejected;
    }
  }
  EXPECT_GT(all.certificates, 0u);
  EXPECT_GT(all.timeouts, 0u);
  EXPECT_GT(all.equivocations, 0u);
  EXPECT_GT(all.late, 0u);
  EXPECT_GT(all.reports, 0u);
  EXPECT_GT(all.invalid, 0u);
  EXPECT_GT(all.rejected, 0u);
}

TEST(Schedule, RunsWithRealSignaturesToo) {
  SimOptions options;
  options.real_crypto = true;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    const ScheduleResult a = run(options, seed);
    EXPECT_FALSE(a.finding) << a.finding->what;
    EXPECT_GT(a.acknowledged, 0u);
    EXPECT_EQ(a.trace_hash, run(options, seed).trace_hash);
    EXPECT_NE(a.trace_hash, run(SimOptions{}, seed).trace_hash);
  }
}

TEST(Schedule, DifferentSeedsAreDifferentRuns) {
  const SimOptions options;
  EXPECT_NE(run(options, 1).trace_hash, run(options, 2).trace_hash);
}

TEST(Schedule, WithoutFaultsEverythingIsAcknowledgedAndNothingIsFound) {
  SimOptions options;
  options.faults = FaultSet{};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const ScheduleResult result = run(options, seed);
    EXPECT_FALSE(result.finding) << result.finding->what;
    EXPECT_GT(result.acknowledged, 0u);
    for (const uint64_t count : result.faults) EXPECT_EQ(count, 0u);
  }
}

// A checker that is wrong on purpose: it complains about any acknowledgement above height 3 once a fault is planned.
TEST(Reduce, LeavesOneFaultOfMany) {
  SimOptions options;
  options.broken_checker = true;
  uint64_t seed = 0;
  while (plan_of(options, seed).faults.size() < 6 || !run(options, seed).finding) ++seed;
  const Plan plan = plan_of(options, seed);
  const Reduced reduced = reduce(options, seed, plan);
  EXPECT_EQ(reduced.plan.faults.size(), 1u);
  EXPECT_TRUE(reduced.plan.traitors.empty());
  EXPECT_LE(reduced.plan.fault_phase_us, plan.fault_phase_us);
  ASSERT_TRUE(reduced.result.finding);
  EXPECT_EQ(reduced.result.finding->failure, Failure::kLostAck);
  // What it hands back fails by itself.
  EXPECT_TRUE(run_schedule(options, seed, reduced.plan).finding);
}

TEST(Smoke, FourValidatorsWithEveryFault) { expect_clean(SimOptions{}, 0, kSmokeSeeds); }

TEST(Smoke, FiveSixAndSevenValidatorsWithEveryFault) {
  for (const size_t n : {5, 6, 7}) {
    SimOptions options;
    options.validators = n;
    expect_clean(options, 0, kSmokeSeeds / 5);
  }
}

TEST(Smoke, TheFastPathOffWithEveryFault) {
  SimOptions options;
  options.fast_path = false;
  expect_clean(options, 1'000, kSmokeSeeds / 3);
}

TEST(Smoke, TwinsThatCrash) {
  SimOptions options;
  options.faults = *parse_faults("byzantine:twins,crash,partition");
  expect_clean(options, 2'000, kSmokeSeeds / 3);
}

TEST(Smoke, EveryPathIsWalked) {
  const SimOptions options;
  Tally tally;
  for (uint64_t seed = 0; seed < kSmokeSeeds; ++seed) tally.add(seed, run(options, seed));
  // 5 % of each is what the project promises of many seeds; here a few show that the path exists.
  for (const uint64_t reached : {tally.view_change, tally.reproposal, tally.two_chain_commit, tally.epoch_boundary,
                                 tally.snapshot_join, tally.rejoin})
    EXPECT_GE(reached, 3u);
  EXPECT_GE(tally.events / tally.schedules, 2'000u);
  EXPECT_GE(tally.reads, kSmokeSeeds);
  EXPECT_GE(tally.receipts, kSmokeSeeds);
}

}  // namespace
}  // namespace tieline::sim
