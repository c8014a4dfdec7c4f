#include "paper/report.h"

#include <gtest/gtest.h>

#include "paper/experiments.h"
#include "paper/numbers.h"

namespace tieline::paper {
namespace {

TEST(Numbers, AreGroupedAndRounded) {
  EXPECT_EQ(fixed(1234567.25, 1), "1,234,567.2");
  EXPECT_EQ(whole(999.6), "1,000");
  EXPECT_EQ(whole(-12345), "-12,345");
  EXPECT_EQ(plain(1234.5, 2), "1234.50");
}

TEST(Numbers, TheIntervalIsStudents) {
  const Estimate e = estimate({10, 12, 14});
  EXPECT_DOUBLE_EQ(e.mean, 12);
  EXPECT_NEAR(e.half, 4.303 * 2 / 1.7320508, 1e-6);  // t of 2 degrees, deviation 2, root of 3
  EXPECT_EQ(estimate({5}).half, 0);
  EXPECT_EQ(estimate({}).mean, 0);
}

TEST(Numbers, PercentilesAreNearestRank) {
  EXPECT_EQ(percentile_of({5, 1, 3, 2, 4}, 50), 3);
  EXPECT_EQ(percentile_of({5, 1, 3, 2, 4}, 99), 5);
  EXPECT_EQ(percentile_of({}, 50), 0);
}

Report sample() {
  Report report;
  Part part;
  part.rows.push_back({"fig1", "a < b & \"c\"", "none", "1,234 tx/s", "no", "because", "tieline paper --only fig1"});
  part.section.id = "figures";
  part.section.title = "Figures";
  part.section.plots.push_back({"Plot", "n", "tx/s", {{"cbft", {4, 5, 6}, {100, 90, 80}, {5, 5, 200}}}, false});
  part.section.plots.push_back({"Log", "n", "KiB", {{"cbft", {4, 100}, {12, 9900}, {}}}, true});
  part.section.plots.push_back({"Nothing", "n", "KiB", {}, true});
  part.section.tables.push_back({"Table", {"a", "b"}, {{"1", "!missing"}}});
  part.section.maps.push_back({"Map", {4}, {{Cell::kGood, Cell::kGood, Cell::kForks, Cell::kStops, Cell::kNone}}});
  part.section.diagrams.push_back(
      {"Fork. Again: tieline sim", 4, {{10, 0, 1, "PROPOSE"}, {20, 1, {}, "executes"}}, "FORK"});
  report.parts.push_back(part);
  return report;
}

TEST(Report, IsOnePageThatNeedsNothingElse) {
  const std::string html = html_of(sample());
  for (const char* outside : {"http:", "https:", "src=", "<script", "<link", "@import", "url("})
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  for (const char* inside :
       {"<svg", "<style>", "viewport", "prefers-color-scheme:dark", "@media print", "max-width:760px"})
    EXPECT_NE(html.find(inside), std::string::npos) << inside;
  EXPECT_EQ(html.find("nan"), std::string::npos);
  EXPECT_EQ(html.find("inf\""), std::string::npos);
}

TEST(Report, EscapesWhatItShows) {
  EXPECT_NE(html_of(sample()).find("a &lt; b &amp; &quot;c&quot;"), std::string::npos);
  EXPECT_EQ(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
  EXPECT_NE(rows_csv(sample()).find("fig1,\"a < b & \"\"c\"\"\",none,\"1,234 tx/s\",no,"), std::string::npos);
}

TEST(Report, AnIntervalBeyondTheAxisIsCutAtIt) {
  const std::string svg = svg_of(sample().parts[0].section.plots[0]);
  EXPECT_EQ(svg.find(" -"), std::string::npos) << "a mark above the plot: " << svg;
}

TEST(Formulas, CountWhatTheRulesSay) {
  EXPECT_EQ(messages_by_formula(EngineKind::kCbft, 4), 12u);
  EXPECT_EQ(messages_by_formula(EngineKind::kPbft, 4), 24u);
  EXPECT_EQ(messages_by_formula(EngineKind::kCbft, 100), 9'900u);
  EXPECT_GT(bytes_by_formula(EngineKind::kCbft, 7, 20), bytes_by_formula(EngineKind::kCbft, 4, 20));
}

TEST(Costs, EveryOneIsStoredAndPrinted) {
  for (const CostLine& line : cost_lines()) EXPECT_GT(stored_costs().*line.value, 0) << line.name;
  const std::string text = calibrated_text(stored_costs(), "a machine");
  for (const CostLine& line : cost_lines())
    EXPECT_NE(text.find("." + std::string(line.name) + " = "), std::string::npos);
}

TEST(Parallel, DoesEverythingOnce) {
  std::vector<int> done(100);
  in_parallel(done.size(), 3, [&](size_t i) { ++done[i]; });
  for (const int times : done) EXPECT_EQ(times, 1);
}

}  // namespace
}  // namespace tieline::paper
