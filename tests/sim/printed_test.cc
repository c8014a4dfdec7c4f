// Paper 000's CBFT to the letter forks, in each of its readings; ours does not where the same goes wrong.

#include "sim/printed/printed.h"

#include <gtest/gtest.h>

namespace tieline::sim::printed {
namespace {

Options options_of(size_t validators, const char* faults, Reading reading) {
  Options options;
  options.validators = validators;
  options.faults = *parse_faults(faults);
  options.reading = reading;
  return options;
}

// How many of the seeds fork; `first` is the first that does.
size_t forks(const Options& options, uint64_t seeds, std::optional<uint64_t>* first = nullptr) {
  size_t count = 0;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    const Result result = run(options, seed, plan_of(options, seed));
    if (!result.schedule.finding || result.schedule.finding->failure != Failure::kFork) continue;
    if (count++ == 0 && first != nullptr) *first = seed;
  }
  return count;
}

TEST(Printed, IsNoEngineThatANodeCouldRun) { EXPECT_FALSE(engine_from_name("cbft_as_printed").has_value()); }

TEST(Printed, ForksWithAnEquivocatingPrimaryIfQHoldsWhatWasAccepted) {
  std::optional<uint64_t> first;
  const Options options = options_of(4, "byzantine", Reading::kAccepted);
  ASSERT_GT(forks(options, 1'000, &first), 0u);
  EXPECT_EQ(plan_of(options, *first).traitors.size(), 1u);  // f = 1: no more than the paper allows
}

TEST(Printed, ForksWithAnEquivocatingPrimaryIfQHoldsWhatWasConfirmed) {
  EXPECT_GT(forks(options_of(4, "byzantine", Reading::kConfirmed), 1'000), 0u);
}

TEST(Printed, ForksWithoutAnyLiarIfQHoldsWhatWasConfirmed) {
  const Options options = options_of(4, "loss,partition,slow", Reading::kConfirmed);
  std::optional<uint64_t> first;
  ASSERT_GT(forks(options, 300, &first), 0u);
  EXPECT_TRUE(plan_of(options, *first).traitors.empty());
}

TEST(Printed, AtFourWithoutALiarAcceptedProposalsHold) {
  EXPECT_EQ(forks(options_of(4, "loss,partition,slow,reorder,crash", Reading::kAccepted), 500), 0u);
}

TEST(Printed, AtFiveThreeConfirmsAreNoQuorumOnceThePrimaryLies) {
  const Options options = options_of(5, "byzantine", Reading::kAccepted);
  std::optional<uint64_t> first;
  ASSERT_GT(forks(options, 200, &first), 0u);
  EXPECT_LE(plan_of(options, *first).traitors.size(), 1u);
}

TEST(Printed, AtSixThreeConfirmsAreNoQuorumEvenIfNobodyLies) {
  const Options options = options_of(6, "partition", Reading::kAccepted);
  std::optional<uint64_t> first;
  ASSERT_GT(forks(options, 200, &first), 0u);
  EXPECT_TRUE(plan_of(options, *first).traitors.empty());
}

TEST(Printed, WithoutFaultsItAgreesAndGoesOn) {
  for (const size_t validators : {4u, 5u, 6u, 7u}) {
    const Options options = options_of(validators, "none", Reading::kAccepted);
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const Result result = run(options, seed, plan_of(options, seed));
      EXPECT_FALSE(result.schedule.finding.has_value()) << result.schedule.finding->what;
      EXPECT_GT(result.schedule.height, 5u);
    }
  }
}

TEST(Printed, TheSameSeedIsTheSameSchedule) {
  const Options options = options_of(4, "byzantine,loss,partition", Reading::kAccepted);
  const Result one = run(options, 7, plan_of(options, 7));
  const Result two = run(options, 7, plan_of(options, 7));
  EXPECT_EQ(one.schedule.trace_hash, two.schedule.trace_hash);
  EXPECT_NE(one.schedule.trace_hash, run(options, 8, plan_of(options, 8)).schedule.trace_hash);
}

TEST(Printed, AForkIsReducedToAShortSequence) {
  const Options options = options_of(4, "loss,partition,slow", Reading::kConfirmed);
  std::optional<uint64_t> first;
  ASSERT_GT(forks(options, 300, &first), 0u);
  const Plan plan = plan_of(options, *first);
  const Reduced reduced = reduce(options, *first, plan);
  EXPECT_LE(reduced.plan.faults.size(), plan.faults.size());
  const std::vector<std::string> lines = sequence(options, *first, reduced).lines;
  EXPECT_LT(lines.size(), 70u);
  EXPECT_TRUE(lines.back().starts_with("FORK at height")) << lines.back();
}

TEST(Printed, OurCbftHasNoForkUnderTheSameFaults) {
  for (const size_t validators : {4u, 5u, 6u}) {
    SimOptions options;
    options.validators = validators;
    options.faults = *parse_faults("loss,partition,slow,reorder,crash,byzantine:equivocate");
    for (uint64_t seed = 0; seed < 40; ++seed) {
      const ScheduleResult result = run_schedule(options, seed, sim::plan_of(options, seed));
      if (!result.finding) continue;  // what else the simulator checks has tests of its own
      EXPECT_NE(result.finding->failure, Failure::kFork) << "seed " << seed << ": " << result.finding->what;
      EXPECT_NE(result.finding->failure, Failure::kState) << "seed " << seed << ": " << result.finding->what;
      EXPECT_NE(result.finding->failure, Failure::kDoubleVote) << "seed " << seed << ": " << result.finding->what;
    }
  }
}

TEST(Printed, AnAssignmentTakesTheHighestViewThenTheMostReported) {
  const auto change = [](uint32_t from, std::vector<Reported> q) {
    return std::make_shared<const Message>(
        Message{.kind = Kind::kViewChange, .from = from, .view = 3, .q = std::move(q)});
  };
  const auto x = assign({change(0, {{1, 0, 5}, {2, 0, 7}}), change(1, {{1, 2, 6}, {2, 0, 8}}), change(2, {{2, 0, 8}})});
  EXPECT_EQ(x.at(1), 6u);
  EXPECT_EQ(x.at(2), 8u);
}

}  // namespace
}  // namespace tieline::sim::printed
