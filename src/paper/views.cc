// Paper 000: credit "greatly reduces" view changes. Every third validator is bad in one of five ways; the same networks
// are led in turn, by draws in proportion to credit (policy rotate) and by the highest credit first (strict, the
// paper's). Planned ends of a tenure are no failures and stand apart.

#include <array>
#include <mutex>

#include "paper/credit_runs.h"
#include "paper/experiments.h"
#include "paper/numbers.h"

namespace tieline::paper {
namespace {

struct Policy {
  const char* name;
  LeaderPolicy policy;
  CreditModel model;
};
constexpr std::array<Policy, 3> kPolicies = {{{"in turn", LeaderPolicy::kRoundRobin, CreditModel::kFrozen},
                                              {"rotate, by credit", LeaderPolicy::kRotate, CreditModel::kNetwork},
                                              {"strict, by credit", LeaderPolicy::kStrict, CreditModel::kNetwork}}};
constexpr double kGoalShare = 1.0 / 3;  // of the view changes in turn

struct Total {
  uint64_t failed = 0, planned = 0, blocks = 0, unfinished = 0;
  std::vector<double> rates;  // failed a 1,000 blocks, by run
  double rate() const { return blocks == 0 ? 0 : static_cast<double>(failed) * 1'000 / static_cast<double>(blocks); }
  double planned_rate() const {
    return blocks == 0 ? 0 : static_cast<double>(planned) * 1'000 / static_cast<double>(blocks);
  }
  void add(const CreditRun& run) {
    failed += run.failed_views;
    planned += run.planned_views;
    blocks += run.blocks;
    unfinished += run.what.empty() ? 0 : 1;
    if (run.blocks > 0)
      rates.push_back(static_cast<double>(run.failed_views) * 1'000 / static_cast<double>(run.blocks));
  }
};

}  // namespace

Part view_changes(const ExperimentOptions& options, const Told& told) {
  const uint64_t seeds = options.runs > 0 ? options.runs : options.quick ? 1 : 10;
  const uint32_t epochs = options.quick ? 4 : 20;
  std::vector<CreditRun> runs(kPolicies.size() * kBadConducts * seeds);
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(runs.size(), options.threads, [&](size_t i) {
    CreditRunOptions o;
    o.seed = 10'000 + i % seeds;  // of no run that weights are trained on
    o.only = static_cast<ConductKind>(i / seeds % kBadConducts);
    o.epochs = epochs;
    o.tenures_per_epoch = 3;
    o.tenure_slots = 16;
    o.policy = kPolicies[i / seeds / kBadConducts].policy;
    o.model = kPolicies[i / seeds / kBadConducts].model;
    runs[i] = run_for_credit(o);
    const std::lock_guard lock(mutex);
    told("views: run " + std::to_string(++finished) + " of " + std::to_string(runs.size()));
  });

  Part part;
  Section& s = part.section;
  s.id = "views";
  s.title = "View changes";
  s.text = {
      "4 or 7 validators, of which f are bad in the way of the column (docs/credit.md says how), from genesis on, " +
          std::to_string(epochs) + " epochs of three tenures of 16 blocks; " + std::to_string(seeds) +
          " networks a cell. A view change is a view that f+1 correct validators timed out on. For the first two "
          "epochs nobody's credit says anything yet, and credit acts two epochs after what it was drawn from.",
      "Planned moves of the lead at the end of a tenure, a 1,000 blocks, stand in the last column: they cost no "
      "time-out."};
  Table table{"View changes a 1,000 blocks", {"who leads"}, {}};
  for (size_t k = 0; k < kBadConducts; ++k) table.head.push_back(conduct_name(static_cast<ConductKind>(k)));
  table.head.insert(table.head.end(), {"all", "planned"});
  std::string csv = "policy,conduct,view_changes_per_1000,planned_per_1000,blocks\n", list;
  std::array<Total, kPolicies.size()> totals;
  for (size_t p = 0; p < kPolicies.size(); ++p) {
    std::vector<std::string> row = {kPolicies[p].name};
    for (size_t k = 0; k < kBadConducts; ++k) {
      Total cell;
      for (uint64_t seed = 0; seed < seeds; ++seed) {
        const CreditRun& run = runs[(p * kBadConducts + k) * seeds + seed];
        cell.add(run);
        totals[p].add(run);
      }
      row.push_back((cell.unfinished > 0 ? "!unfinished, " : "") + fixed(cell.rate(), 1));
      csv += csv_field(kPolicies[p].name) + "," + conduct_name(static_cast<ConductKind>(k)) + "," +
             plain(cell.rate(), 2) + "," + plain(cell.planned_rate(), 2) + "," + std::to_string(cell.blocks) + "\n";
    }
    row.push_back(text_of(Estimate{totals[p].rate(), estimate(totals[p].rates).half}, 1));
    row.push_back(fixed(totals[p].planned_rate(), 1));
    table.rows.push_back(std::move(row));
    list += (list.empty() ? "" : ", ") + std::string(kPolicies[p].name) + " " + fixed(totals[p].rate(), 1);
  }
  s.tables.push_back(std::move(table));
  const double in_turn = totals[0].rate(), best = totals[2].rate();
  part.rows.push_back(
      {"views", "electing by credit greatly reduces view changes", "greatly reduced (no figure)",
       "view changes a 1,000 blocks: " + list,
       in_turn <= 0                   ? "not shown"
       : best <= in_turn * kGoalShare ? "yes"
       : best < in_turn               ? "partly"
                                      : "no",
       "Who fails as leader loses credit and with it the lead; what remains is the time until the chain "
       "has seen it and, with rotate, that the lead is spread over all who are not behind.",
       "tieline paper --only views" + std::string(options.quick ? " --quick" : "") +
           (options.runs > 0 ? " --runs " + std::to_string(options.runs) : "")});
  part.csv.push_back({"views.csv", csv});
  return part;
}

}  // namespace tieline::paper
