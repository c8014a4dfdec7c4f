// tieline paper: the papers' results again, measured: one page, CSV beside it, and a table for people and programs.

#include <CLI/CLI.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/paper_real.h"
#include "cli/rfc3339.h"
#include "paper/experiments.h"
#include "paper/table3.h"
#include "sim/schedule.h"

namespace tieline::cli {
namespace {

constexpr size_t kThreadsMax = 64;
constexpr uint64_t kRunsMax = 10'000;
constexpr const char* kPage = "paper.html";

struct Options {
  std::vector<std::string> only;
  bool quick = false;
  bool real = false;
  bool stored_only = false;
  size_t threads = 2;
  uint64_t runs = 0;
  std::string out = "paper-out";
  std::string calibrate;
  bool json = false;
};

const std::vector<std::string> kIds = {"fig1",     "fig2",     "bound",  "views",  "cost",    "latency", "tps",
                                       "fig7",     "election", "relay",  "bloom",  "classes", "leader",  "malicious",
                                       "majority", "formulas", "table2", "table3", "table4",  "table5"};

std::string ids_text() {
  std::string text;
  for (const std::string& id : kIds) text += (text.empty() ? "" : ",") + id;
  return text;
}

Status write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Error{"disk_error", "cannot write " + path.string()};
  return {};
}

std::string today() { return rfc3339_utc(static_cast<int64_t>(std::time(nullptr))).substr(0, 10); }

int run_calibrate(const Options& o) {
  const auto costs = paper::calibrate();
  if (!costs) return fail(costs.error(), o.json);
  if (Status s = write_file(o.calibrate, paper::calibrated_text(*costs, paper::this_machine() + ", " + today()));
      !s.ok())
    return fail(s.error(), o.json);
  Json object = Json::object();
  for (const paper::CostLine& line : paper::cost_lines()) {
    print_line(std::string(line.what) + ": " + grouped(static_cast<uint64_t>((*costs).*line.value)) + " ns, stored " +
               grouped(static_cast<uint64_t>(paper::stored_costs().*line.value)) + " ns");
    object[line.name] = (*costs).*line.value;
  }
  print_line("written to " + o.calibrate + ", which counts from the next build on");
  if (o.json) print_json(object);
  return kExitDone;
}

Json to_json(const paper::Report& report, const std::filesystem::path& page) {
  Json rows = Json::array();
  for (const paper::Part& part : report.parts)
    for (const paper::Row& r : part.rows)
      rows.push_back({{"id", r.id},
                      {"claim", r.claim},
                      {"paper", r.paper},
                      {"ours", r.ours},
                      {"holds", r.holds},
                      {"why", r.why},
                      {"command", r.command}});
  return {{"rows", rows}, {"quick", report.quick}, {"page", page.string()}};
}

int run(const Options& o) {
  if (!o.calibrate.empty()) return run_calibrate(o);
  for (const std::string& id : o.only)
    if (std::find(kIds.begin(), kIds.end(), id) == kIds.end())
      return fail({"bad_id", "--only knows " + ids_text() + ", not '" + id + "'"}, o.json);
  if (o.threads < 1 || o.threads > kThreadsMax)
    return fail({"bad_threads", "--threads must be 1 to " + std::to_string(kThreadsMax)}, o.json);
  if (o.runs > kRunsMax) return fail({"bad_runs", "--runs must be at most " + std::to_string(kRunsMax)}, o.json);
  const auto wanted = [&](const char* id) {
    return o.only.empty() || std::find(o.only.begin(), o.only.end(), id) != o.only.end();
  };
  const std::filesystem::path folder(o.out);
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return fail({"disk_error", "cannot make " + folder.string() + ": " + failed.message()}, o.json);

  sim::catch_broken_invariants();  // beyond f a validator may find itself lied to by everyone
  Progress progress;
  std::mutex mutex;
  const paper::Told told = [&](const std::string& what) {
    const std::lock_guard lock(mutex);
    progress.show(what);
  };
  const paper::ExperimentOptions options{o.quick, o.threads, o.runs};
  paper::Report report;
  report.quick = o.quick;
  if (wanted("fig1") || wanted("fig2"))
    report.parts.push_back(paper::figures_1_and_2(options, wanted("fig1"), wanted("fig2"), told));
  if (wanted("bound")) report.parts.push_back(paper::fault_bound(options, told));
  if (wanted("views")) report.parts.push_back(paper::view_changes(options, told));
  if (wanted("cost")) report.parts.push_back(paper::cost_by_size(options, told));
  if (wanted("latency")) report.parts.push_back(paper::latency_of_fifty(options, told));
  if (wanted("tps")) report.parts.push_back(paper::throughput_of_fifty(options, told));
  if (wanted("fig7")) report.parts.push_back(paper::efficiency_by_nodes(options, told));
  if (wanted("election")) report.parts.push_back(paper::election_time(options, told));
  if (wanted("relay")) report.parts.push_back(paper::relay_by_neighbours(options, told));
  if (wanted("bloom")) report.parts.push_back(paper::bloom_filter(options, told));
  if (wanted("classes")) report.parts.push_back(paper::reclassing(options, told));
  if (wanted("leader")) report.parts.push_back(paper::malicious_leader(options, told));
  if (wanted("malicious") || wanted("majority"))
    report.parts.push_back(paper::malicious_share(options, wanted("malicious"), wanted("majority"), told));
  if (wanted("formulas")) report.parts.push_back(paper::formulas(options, told));
  if (wanted("table3")) report.parts.push_back(paper::security_table(options, told));
  if (wanted("table4")) report.parts.push_back(paper::tamper_table(options, told));
  if (wanted("table5")) report.parts.push_back(paper::forgery_table(options, told));
  // Of this machine and this moment: only where numbers to quote are wanted, or it is asked for by name.
  if (!o.only.empty() ? wanted("table2") : !o.quick && !o.stored_only)
    report.parts.push_back(paper::signature_table(options, told));
  if (o.real) {
    auto real = real_rows(o.quick, told);
    if (!real) return fail(real.error(), o.json);
    report.parts.push_back(std::move(*real));
  }
  std::optional<paper::Costs> machine;
  if (!o.quick && !o.stored_only) {
    told("measuring this machine");
    const auto costs = paper::calibrate();
    if (!costs) return fail(costs.error(), o.json);
    machine = *costs;
  }
  report.parts.push_back(paper::cost_model(machine ? &*machine : nullptr));

  const std::filesystem::path page = folder / kPage;
  if (Status s = write_file(page, paper::html_of(report)); !s.ok()) return fail(s.error(), o.json);
  if (Status s = write_file(folder / "rows.csv", paper::rows_csv(report)); !s.ok()) return fail(s.error(), o.json);
  for (const paper::Part& part : report.parts)
    for (const paper::Csv& csv : part.csv)
      if (Status s = write_file(folder / csv.name, csv.text); !s.ok()) return fail(s.error(), o.json);

  for (const paper::Part& part : report.parts)
    for (const paper::Row& r : part.rows) {
      print_line(r.id + ": " + r.claim);
      print_line("    paper: " + r.paper);
      print_line("    ours:  " + r.ours);
      print_line("    holds: " + r.holds + ". " + r.why);
    }
  print_line("The page is " + page.string() + ", with the numbers as CSV beside it.");
  if (o.json) print_json(to_json(report, page));
  return kExitDone;
}

}  // namespace

void add_paper(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* app = root.add_subcommand(
      "paper", "Measure what the papers claim, and write a page: the claim, ours, whether it holds");
  app->add_option("--only", options->only, ids_text() + " (all of them if not given)")->delimiter(',');
  app->add_flag("--quick", options->quick, "few seeds, small sizes: seconds, and no numbers to quote");
  app->add_option("--out", options->out, "folder for paper.html and the CSV files")->capture_default_str();
  app->add_option("--threads", options->threads, "runs at the same time; the numbers do not depend on it")
      ->capture_default_str();
  app->add_option("--runs", options->runs, "networks of each setting in views, latency, tps, fig7 and election");
  app->add_flag("--real", options->real, "repeat some rows with real processes on this machine (about a minute)");
  app->add_flag("--stored-only", options->stored_only, "do not measure this machine's costs for the page");
  app->add_option("--calibrate", options->calibrate, "only measure this machine's costs, and write them to this file");
  app->add_flag("--json", options->json, "one JSON object on the last line");
  app->footer("Example: tieline paper --only fig1,fig2 --out paper-out");
  app->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
