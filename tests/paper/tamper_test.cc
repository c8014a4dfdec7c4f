#include <gtest/gtest.h>

#include "paper/honest_year.h"
#include "paper/tamper_world.h"

namespace tieline::paper {
namespace {

const HonestSeries& named(const std::vector<HonestSeries>& all, const std::string& name) {
  for (const HonestSeries& s : all) {
    if (s.name == name) return s;
  }
  ADD_FAILURE() << name;
  return all.front();
}

TEST(HonestSeries, AreTheFilesOfDataAndAYearOfProfiles) {
  const auto all = honest_series();
  EXPECT_EQ(all.size(), 13u);
  EXPECT_EQ(named(all, "pv").values.size(), 10'000u);
  EXPECT_EQ(named(all, "pv").values[1].start_s, 1'467'357'300);  // 2016-07-01T00:15:00-07:00
  EXPECT_EQ(named(all, "gb-demand").values.size(), 4'032u);
  EXPECT_EQ(named(all, "gb-demand").values[0].wh, 11'131'000'000u);
  const HonestSeries& g0 = named(all, "g0");
  ASSERT_EQ(g0.values.size(), 365u * 96);  // one day of 92 slots and one of 100
  for (size_t i = 1; i < g0.values.size(); ++i) ASSERT_EQ(g0.values[i].start_s - g0.values[i - 1].start_s, 900);
  // The first value of a summer Monday in the file, 0.07156 kW, at 00:00 in Berlin on 16 June 2025.
  const auto at = static_cast<size_t>((1'750'024'800 - g0.values[0].start_s) / 900);
  EXPECT_EQ(g0.values[at].wh, 17'890u);
}

TEST(HonestYear, NoHonestReadingIsRefusedOrUnusualAndForgeriesAreCaught) {
  const auto all = honest_series();
  Rng rng(1);
  const YearOfSeries year = honest_year(named(all, "g3"), 10'000, rng);
  EXPECT_EQ(year.alarms(), 0u);
  EXPECT_GT(year.judged, 33'000u);
  EXPECT_GT(year.implausible.alone() * 100, year.implausible.tried * 90);
  EXPECT_LT(year.plausible.alone() * 10, year.plausible.tried) << "what is plausible is not caught by plausibility";
}

// Meters that err more than the band of agreement are what honest disputes look like.
TEST(HonestYear, MetersThatErrTooMuchDisagree) {
  const auto all = honest_series();
  Rng rng(1);
  EXPECT_GT(honest_year(named(all, "g3"), 50'000, rng).disagree, 1'000u);
}

TEST(TamperRun, ADayHas10000ProposalsAndWhatBreaksARuleIsRefused) {
  const auto all = honest_series();
  const TamperRun run = tamper_run(all, 1);
  EXPECT_EQ(run.proposals(), kProposals);
  uint64_t forged = 0;
  for (const ForgeryClass c : kForgeryClasses) {
    const ClassCount& count = run.classes[static_cast<size_t>(c)];
    forged += count.forged;
    EXPECT_GE(count.forged, 55u) << forgery_class_name(c);
    if (!breaks_a_rule(c)) continue;
    // A time of signing within the slack of ten minutes breaks none.
    EXPECT_LE(count.missed(), c == ForgeryClass::kForgedTime ? 2u : 0u) << forgery_class_name(c);
  }
  EXPECT_EQ(forged, kForged);
  const ClassCount& implausible = run.classes[static_cast<size_t>(ForgeryClass::kImplausibleLoad)];
  EXPECT_GT((implausible.refused + implausible.disputed) * 100, implausible.forged * 95);
  const ClassCount& plausible = run.classes[static_cast<size_t>(ForgeryClass::kPlausibleLoad)];
  EXPECT_GT(plausible.missed(), 0u);
  EXPECT_LE(run.honest_refused + run.honest_disputed, 3u);
}

TEST(TamperRun, TheSameSeedGivesTheSameDay) {
  const auto all = honest_series();
  const TamperRun a = tamper_run(all, 2), b = tamper_run(all, 2);
  for (size_t i = 0; i < a.classes.size(); ++i) {
    EXPECT_EQ(a.classes[i].refused, b.classes[i].refused);
    EXPECT_EQ(a.classes[i].disputed, b.classes[i].disputed);
  }
  EXPECT_EQ(a.honest_disputed, b.honest_disputed);
}

}  // namespace
}  // namespace tieline::paper
