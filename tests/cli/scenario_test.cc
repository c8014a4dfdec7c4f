// A small day of the market in the simulator: what it settles does not depend on who orders it, what is invalid is
// refused by its own rule, and a unit that is missing somewhere is noticed.

#include <gtest/gtest.h>

#include <set>

#include "cli/scenario_page.h"

namespace tieline::cli {
namespace {

constexpr paper::DayOptions kSmall{.participants = 10, .proposals = 700, .hours = 4, .seed = 3};

// A network that answers one question wrongly.
class Lying final : public ScenarioNetwork {
 public:
  Lying(std::unique_ptr<ScenarioNetwork> network, std::function<void(const std::string&, Json&)> lie)
      : network_(std::move(network)), lie_(std::move(lie)) {}
  const Genesis& genesis() const override { return network_->genesis(); }
  std::vector<const Signer*> signers() const override { return network_->signers(); }
  Result<std::vector<uint64_t>> sequences() override { return network_->sequences(); }
  Result<ScenarioFacts> facts() override { return network_->facts(); }
  Result<std::vector<paper::DayOutcome>> send(std::vector<Blob> transactions) override {
    return network_->send(std::move(transactions));
  }
  int64_t now_ms() override { return network_->now_ms(); }
  Result<Height> height() override { return network_->height(); }
  Height root_due() override { return network_->root_due(); }
  Result<Json> get(const std::string& target) override {
    auto answer = network_->get(target);
    if (answer) lie_(target, *answer);
    return answer;
  }

 private:
  std::unique_ptr<ScenarioNetwork> network_;
  std::function<void(const std::string&, Json&)> lie_;
};

ScenarioResult run(
    const paper::DayOptions& options, const std::string& engine, size_t validators,
    std::function<void(const std::string&, Json&)> lie = [](const std::string&, Json&) {}) {
  const auto grid = paper::day_grid(options);
  TL_CHECK(grid.ok());
  auto simulated = simulated_network(*grid, engine, validators);
  TL_CHECK(simulated.ok());
  Lying network(std::move(*simulated), std::move(lie));
  auto day = paper::run_day({*grid, network.genesis(), network.signers(), *network.sequences(), {}}, network);
  TL_CHECK_MSG(day.ok(), "the day ends");
  auto result = scenario_result(*grid, std::move(*day), network);
  TL_CHECK_MSG(result.ok(), "the day can be read");
  return std::move(*result);
}

TEST(Scenario, ADaySettlesAlikeWhoeverOrdersIt) {
  const ScenarioResult four = run(kSmall, "cbft", 4), seven = run(kSmall, "pbft", 7);
  EXPECT_EQ(four.settlement, seven.settlement);
  EXPECT_NE(four.facts.height, 0u);
  paper::DayOptions other = kSmall;
  ++other.seed;
  EXPECT_NE(run(other, "cbft", 4).settlement, four.settlement);
}

TEST(Scenario, TheStateRootIsThatOfTheStateTheDayLeft) {
  const ScenarioResult r = run(kSmall, "cbft", 4), again = run(kSmall, "cbft", 4);
  EXPECT_EQ(r.facts.root_height, r.facts.height);
  EXPECT_EQ(r.facts.state_root.size(), 2 * Hash::kSize);
  EXPECT_NE(r.facts.state_root, to_hex(Hash{}));
  EXPECT_EQ(r.facts.state_root, again.facts.state_root);
  paper::DayOptions other = kSmall;
  ++other.seed;
  EXPECT_NE(run(other, "cbft", 4).facts.state_root, r.facts.state_root);
}

TEST(Scenario, EveryInvalidProposalIsRefusedByItsOwnRuleAndNoHonestOne) {
  const ScenarioResult r = run(kSmall, "cbft", 4);
  EXPECT_EQ(r.run.proposals, kSmall.proposals);
  EXPECT_EQ(r.run.proposals - r.run.kinds[0].sent, kSmall.proposals / 20);
  EXPECT_EQ(r.run.missed(), 0u);
  EXPECT_EQ(r.run.false_alarms(), 0u);
  for (size_t i = 1; i < paper::kDayKinds; ++i) {
    const auto kind = static_cast<paper::DayKind>(i);
    const paper::DayKindCount& c = r.run.kinds[i];
    EXPECT_GT(c.sent, 0u) << paper::day_kind_name(kind);
    ASSERT_EQ(c.codes.size(), 1u) << paper::day_kind_name(kind);
    EXPECT_EQ(c.codes.begin()->first, paper::day_kind_code(kind));
  }
}

TEST(Scenario, MoneyAndEnergyAreConserved) {
  const ScenarioResult r = run(kSmall, "cbft", 4);
  EXPECT_TRUE(r.money_conserved);
  EXPECT_TRUE(r.energy_conserved);
  EXPECT_TRUE(r.wrong.empty()) << r.wrong.front();
  EXPECT_GT(r.settled, 0u);
  EXPECT_GT(r.lapsed, 0u);
  EXPECT_GT(r.deviations_paid, 0u);
  uint64_t sold = 0, bought = 0;
  for (const ScenarioAccount& a : r.accounts) {
    sold += a.sold;
    bought += a.bought;
  }
  EXPECT_EQ(sold, bought);
}

TEST(Scenario, AUnitTooManyIsNoticed) {
  const ScenarioResult r = run(kSmall, "cbft", 4, [](const std::string& target, Json& answer) {
    if (target == "/v1/market") answer["accounts"][0]["balance"] = answer["accounts"][0]["balance"].get<uint64_t>() + 1;
  });
  EXPECT_FALSE(r.money_conserved);
  EXPECT_EQ(r.wrong.size(), 1u);
}

TEST(Scenario, AWattHourThatWasNotSettledIsNoticed) {
  bool done = false;
  const ScenarioResult r = run(kSmall, "cbft", 4, [&](const std::string& target, Json& answer) {
    if (done || !target.starts_with("/v1/settlements/") || answer.value("phase", "") != "settled") return;
    answer["flows"][0]["wh"] = answer["flows"][0]["wh"].get<uint64_t>() + 10'000;
    done = true;
  });
  EXPECT_FALSE(r.energy_conserved);
  EXPECT_TRUE(r.money_conserved);
}

TEST(Scenario, EveryNumberOfParticipantsMakesAGrid) {
  for (size_t n = paper::kDayParticipantsMin; n <= paper::kDayParticipantsMax; n += n < 20 ? 1 : 36) {
    const auto grid = paper::day_grid({.participants = n, .proposals = 1, .hours = 1, .seed = n});
    ASSERT_TRUE(grid.ok()) << n;
    EXPECT_EQ(grid->members.size(), n + 2);
    std::set<MeterId> meters;
    for (const paper::DayFlow& f : grid->flows)
      EXPECT_TRUE(meters.insert(f.meter).second && meters.insert(f.check_meter).second);
  }
  EXPECT_EQ(paper::day_grid({.participants = 5}).error().code, "bad_day");
  EXPECT_EQ(paper::day_grid({.hours = 25}).error().code, "bad_day");
}

TEST(Scenario, TooFewProposalsAreToldWithTheLeast) {
  paper::DayOptions few = kSmall;
  few.proposals = 10;
  const auto grid = paper::day_grid(few);
  auto network = simulated_network(*grid, "cbft", 4);
  const auto day =
      paper::run_day({*grid, (*network)->genesis(), (*network)->signers(), *(*network)->sequences(), {}}, **network);
  ASSERT_FALSE(day.ok());
  EXPECT_EQ(day.error().code, "bad_day");
  few.proposals = paper::least_proposals(*grid);
  EXPECT_EQ(run(few, "cbft", 4).run.proposals, few.proposals);
}

}  // namespace
}  // namespace tieline::cli
