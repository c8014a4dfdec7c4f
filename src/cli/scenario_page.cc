#include "cli/scenario_page.h"

#include <algorithm>
#include <cmath>

#include "cli/bench_phases.h"

namespace tieline::cli {
namespace {

using paper::DayKind;
using paper::Plot;
using paper::Section;
using paper::Series;
using paper::Table;

constexpr double kMega = 1e6;
constexpr double kSlotsAnHour = paper::kHourSlots;

std::string text_of(double v, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, v);
  return text;
}
std::string money(uint64_t micro) { return grouped(micro / 1'000'000); }
std::string mwh(uint64_t wh) { return text_of(static_cast<double>(wh) / kMega, 1); }
double tx_per_s(const ScenarioResult& r, const ScenarioRun& run) {
  return run.busy_seconds > 0 ? static_cast<double>(r.run.transactions) / run.busy_seconds : 0;
}
double finality_ms(const ScenarioResult& r, double share) {
  std::vector<int64_t> us = r.run.us;
  std::sort(us.begin(), us.end());
  return static_cast<double>(percentile(us, share)) / 1'000;
}
double to_tenths(double v) { return std::round(v * 10) / 10; }

// A series of slots as means of hours, in MW.
Series by_hour(const std::string& name, const std::vector<uint64_t>& slots) {
  Series s;
  s.name = name;
  for (size_t h = 0; h * paper::kHourSlots < slots.size(); ++h) {
    uint64_t wh = 0;
    for (size_t k = 0; k < paper::kHourSlots; ++k) wh += slots[h * paper::kHourSlots + k];
    s.x.push_back(static_cast<double>(h));
    s.y.push_back(static_cast<double>(wh) / kMega);
  }
  return s;
}
template <class Of>
std::vector<uint64_t> each(const std::vector<ScenarioSlot>& slots, Of of) {
  std::vector<uint64_t> out;
  for (const ScenarioSlot& s : slots) out.push_back(of(s));
  return out;
}

Section loads(const paper::DayGrid& grid, const ScenarioResult& r) {
  Section s{"loads", "What flowed", {}, {}, {}, {}, {}};
  Plot load{"Load", "hour of the day", "MW, mean of the hour", {}, false};
  load.series.push_back(by_hour("contracted", each(r.slots, [](const auto& x) { return x.contracted; })));
  load.series.push_back(by_hour("metered at users", each(r.slots, [](const auto& x) { return x.withdrawn; })));
  load.series.push_back(by_hour("fed in by plants", each(r.slots, [](const auto& x) { return x.injected; })));
  s.plots.push_back(load);
  uint64_t sun = 0;
  for (uint64_t wh : grid.pv_wh) sun += wh;
  if (sun > 0) {
    Plot pv{"Plants that follow the sun", "hour of the day", "MW, mean of the hour", {}, false};
    pv.series.push_back(by_hour("forecast: the day before", grid.pv_forecast_wh));
    pv.series.push_back(by_hour("made", grid.pv_wh));
    s.plots.push_back(pv);
  }
  Plot losses{"Losses", "hour of the day", "% of what was fed in", {}, false};
  Series share{"lost", {}, {}, {}};
  for (size_t h = 0; h * paper::kHourSlots < r.slots.size(); ++h) {
    uint64_t in = 0, lost = 0;
    for (size_t k = 0; k < paper::kHourSlots; ++k) {
      in += r.slots[h * paper::kHourSlots + k].injected;
      lost += r.slots[h * paper::kHourSlots + k].lost();
    }
    share.x.push_back(static_cast<double>(h));
    share.y.push_back(in == 0 ? 0 : 100.0 * static_cast<double>(lost) / static_cast<double>(in));
  }
  losses.series.push_back(share);
  s.plots.push_back(losses);
  uint64_t in = 0, out = 0, sold = 0;
  for (const ScenarioSlot& x : r.slots) {
    in += x.injected;
    out += x.withdrawn;
    sold += x.contracted;
  }
  s.text.push_back("Plants fed in " + mwh(in) + " MWh, users drew " + mwh(out) + " MWh, of which " + mwh(sold) +
                   " MWh were contracted; the lines lost " + mwh(in - out) + " MWh (" +
                   text_of(in == 0 ? 0 : 100.0 * static_cast<double>(in - out) / static_cast<double>(in), 2) +
                   " %). Forecasts are the day before: a profile of the BDEW for loads, a measured plant for the sun.");
  return s;
}

Section prices(const paper::DayGrid& grid, const ScenarioResult& r) {
  Section s{"prices", "Prices", {}, {}, {}, {}, {}};
  Plot plot{"Price of a MWh", "hour of the day", "currency units", {}, false};
  Series imbalance{"of imbalances", {}, {}, {}}, traded{"of trades, delivered", {}, {}, {}};
  for (size_t h = 0; h < grid.options.hours; ++h) {
    double sum = 0, wh = 0, paid = 0;
    for (size_t k = 0; k < paper::kHourSlots; ++k) sum += static_cast<double>(r.slots[h * paper::kHourSlots + k].price);
    for (const paper::DayTrade& t : r.run.trades) {
      if (t.terms.first_slot != r.run.first_slot + h * paper::kHourSlots) continue;
      wh += static_cast<double>(t.terms.wh);
      paid += static_cast<double>(energy::legs(t.terms).total());
    }
    imbalance.x.push_back(static_cast<double>(h));
    imbalance.y.push_back(sum / kSlotsAnHour / kMega);
    if (wh == 0) continue;
    traded.x.push_back(static_cast<double>(h));
    traded.y.push_back(paid / wh);
  }
  plot.series = {imbalance, traded};
  s.plots.push_back(plot);
  s.text.push_back(
      "What a buyer pays for a MWh delivered: the plant's price for what is fed in, and both carriers' fees. "
      "Who takes or makes other than contracted pays or gets the imbalance price of the quarter of an hour.");
  return s;
}

Section payments(const ScenarioResult& r) {
  Section s{"payments", "Who paid what", {}, {}, {}, {}, {}};
  Table t{"Settled, in currency units",
          {"participant", "sold", "bought", "imbalances paid", "received", "compensation paid", "received ", "holds",
           "adds up"},
          {}};
  for (const ScenarioAccount& a : r.accounts) {
    if (a.role == "regulator" || a.role == "neutral") continue;
    t.rows.push_back({a.name, money(a.sold), money(a.bought), money(a.imbalance_paid), money(a.imbalance_received),
                      money(a.compensation_paid), money(a.compensation_received), money(a.wealth),
                      a.adds_up ? "yes" : "!no"});
  }
  s.text.push_back(
      std::string("Money is ") + (r.money_conserved ? "" : "NOT ") +
      "conserved: what is issued is what accounts and pools hold, and each account holds to the last unit what "
      "its trades and the statements of the intervals say. Energy is " +
      (r.energy_conserved ? "" : "NOT ") +
      "conserved: in each interval what was fed in is what was drawn and what the lines may lose, and the "
      "statements are those that follow from the flows and the contracts.");
  s.text.push_back("Margins: " + money(r.margins_posted) + " were posted with the trades, " + money(r.margins_locked) +
                   " are locked still (an eighth of what was not used, until the trades are final); " +
                   money(r.deviations_paid) + " were paid for deviations, from margins first.");
  s.tables.push_back(t);
  return s;
}

Section refused(const ScenarioResult& r) {
  Section s{"refused", "What was refused", {}, {}, {}, {}, {}};
  Table kinds{"Invalid proposals by kind", {"kind", "breaks", "sent", "caught", "missed", "by"}, {}};
  for (size_t i = 1; i < paper::kDayKinds; ++i) {
    const auto kind = static_cast<DayKind>(i);
    const paper::DayKindCount& c = r.run.kinds[i];
    std::string by;
    for (const auto& [code, count] : c.codes) by += (by.empty() ? "" : ", ") + code + " " + std::to_string(count);
    kinds.rows.push_back({paper::day_kind_name(kind), paper::day_kind_breaks(kind), std::to_string(c.sent),
                          std::to_string(c.caught), c.sent == c.caught ? "0" : "!" + std::to_string(c.sent - c.caught),
                          by.empty() ? "-" : by});
  }
  Table codes{"By the rule that refused", {"code", "proposals"}, {}};
  for (const auto& [code, count] : r.run.rejected_by_code) codes.rows.push_back({code, std::to_string(count)});
  const paper::DayKindCount& honest = r.run.kinds[0];
  s.text.push_back(grouped(honest.sent) + " honest proposals: " + grouped(honest.caught) + " refused and " +
                   grouped(r.run.honest_disputed) + " honest readings disputed (false alarms). " +
                   grouped(r.run.proposals - honest.sent) + " invalid ones: " + grouped(r.run.missed()) + " missed.");
  s.tables = {kinds, codes};
  return s;
}

Section network(const ScenarioResult& r, const ScenarioRun& run) {
  Section s{"network", "The network below", {}, {}, {}, {}, {}};
  s.text.push_back(run.place + ", engine " + run.engine + ": " + grouped(r.facts.height) + " blocks, " +
                   grouped(r.run.transactions) + " transactions recorded, " + text_of(tx_per_s(r, run), 0) +
                   " a second while any were under way, finality " + text_of(finality_ms(r, 0.5), 1) +
                   " ms (p50) and " + text_of(finality_ms(r, 0.99), 1) + " ms (p99). " +
                   (r.facts.failed_known ? grouped(r.facts.failed_views) + " failed views; view "
                                         : "Views entered, planned moves of the lead among them: ") +
                   grouped(r.facts.view_changes) + ".");
  s.text.push_back("Digest of all that was settled, the same wherever this day runs: " + r.settlement);
  s.text.push_back("Again: " + run.command);
  return s;
}

}  // namespace

paper::Page scenario_page(const paper::DayGrid& grid, const ScenarioResult& r, const ScenarioRun& run) {
  paper::Page page;
  page.title = "Tieline: a day of the market";
  const paper::DayOptions& o = grid.options;
  page.lead.push_back(std::to_string(o.hours) + " hours, " + std::to_string(o.participants) +
                      " participants with the ranges of paper 004, " + grouped(r.run.proposals) +
                      " proposals, one in twenty invalid, from seed " + std::to_string(o.seed) + ". " +
                      grouped(r.run.offered) + " trades were offered, " + grouped(r.settled) + " settled, " +
                      grouped(r.lapsed) + " lapsed.");
  for (const std::string& what : r.wrong) page.lead.push_back("WRONG: " + what);
  page.sections = {loads(grid, r), prices(grid, r), payments(r), refused(r), network(r, run)};
  return page;
}

void print_scenario(const ScenarioResult& r, const ScenarioRun& run) {
  print_line(run.place + ", engine " + run.engine);
  print_line("proposals     " + grouped(r.run.proposals) + ", " + grouped(r.run.proposals - r.run.kinds[0].sent) +
             " of them invalid: " + grouped(r.run.missed()) + " missed, " + grouped(r.run.false_alarms()) +
             " false alarms");
  print_line("trades        " + grouped(r.run.offered) + " offered, " + grouped(r.settled) + " settled, " +
             grouped(r.lapsed) + " lapsed");
  for (const auto& [code, count] : r.run.rejected_by_code)
    print_line("  refused     " + code + std::string(code.size() < 22 ? 22 - code.size() : 1, ' ') + grouped(count));
  print_line("margins       " + money(r.margins_posted) + " posted, " + money(r.margins_locked) + " still locked; " +
             money(r.deviations_paid) + " paid for deviations");
  print_line(std::string("conserved     money ") + (r.money_conserved ? "yes" : "NO") + ", energy " +
             (r.energy_conserved ? "yes" : "NO"));
  for (const std::string& what : r.wrong) print_line("  WRONG       " + what);
  print_line("settlement    " + r.settlement);
  print_line("network       " + grouped(r.facts.height) + " blocks, " + text_of(tx_per_s(r, run), 0) +
             " tx/s while any were under way, finality p50 " + text_of(finality_ms(r, 0.5), 1) + " ms, p99 " +
             text_of(finality_ms(r, 0.99), 1) + " ms");
}

Json scenario_json(const paper::DayGrid& grid, const ScenarioResult& r, const ScenarioRun& run) {
  Json kinds = Json::object();
  for (size_t i = 0; i < paper::kDayKinds; ++i) {
    const auto kind = static_cast<DayKind>(i);
    const paper::DayKindCount& c = r.run.kinds[i];
    kinds[paper::day_kind_name(kind)] = {{"breaks", paper::day_kind_breaks(kind)},
                                         {"sent", c.sent},
                                         {i == 0 ? "refused" : "caught", c.caught},
                                         {"codes", c.codes}};
  }
  Json views = {{"entered", r.facts.view_changes}};
  if (r.facts.failed_known) views["failed"] = r.facts.failed_views;
  return {
      {"proposals", r.run.proposals},
      {"invalid", r.run.proposals - r.run.kinds[0].sent},
      {"offered", r.run.offered},
      {"settled", r.settled},
      {"lapsed", r.lapsed},
      {"rejected_by_code", r.run.rejected_by_code},
      {"missed", r.run.missed()},
      {"false_alarms", r.run.false_alarms()},
      {"kinds", kinds},
      {"money_conserved", r.money_conserved},
      {"energy_conserved", r.energy_conserved},
      {"wrong", r.wrong},
      {"margins", {{"posted", r.margins_posted}, {"locked", r.margins_locked}, {"deviations_paid", r.deviations_paid}}},
      {"settlement", r.settlement},
      {"tx_per_s", to_tenths(tx_per_s(r, run))},
      {"finality_ms", {{"p50", to_tenths(finality_ms(r, 0.5))}, {"p99", to_tenths(finality_ms(r, 0.99))}}},
      {"view_changes", views},
      {"blocks", r.facts.height},
      {"state_root", r.facts.state_root},
      {"state_root_height", r.facts.root_height},
      {"transactions", r.run.transactions},
      {"seconds", to_tenths(run.seconds)},
      {"place", run.place},
      {"engine", run.engine},
      {"validators", run.validators},
      {"participants", grid.options.participants},
      {"hours", grid.options.hours},
      {"seed", grid.options.seed}};
}

}  // namespace tieline::cli
