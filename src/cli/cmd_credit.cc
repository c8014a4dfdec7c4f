// tieline credit train, eval: the credit model's weights, how they were learnt and what they are worth.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "cli/commands.h"
#include "cli/credit_show.h"
#include "cli/network_access.h"
#include "paper/credit_training.h"
#include "sim/schedule.h"

namespace tieline::cli {
namespace {

constexpr size_t kThreadsMax = 64;
constexpr size_t kRunsMax = 10'000;
constexpr size_t kRecordedBytesMax = 256 * 1024 * 1024;

struct Options {
  std::string out, weights, recorded;
  paper::TrainingPlan training;
  paper::EvaluationPlan evaluation;
  size_t threads = 2;
  bool json = false;
};

std::string permille_text(uint64_t ppm) {
  std::string digits = std::to_string(ppm % 1'000'000 / 100);
  return std::to_string(ppm / 1'000'000) + "." + std::string(4 - digits.size(), '0') + digits;
}
double as_share(uint64_t ppm) { return static_cast<double>(ppm) / 1e6; }

paper::Told told_to(Progress& progress, std::mutex& mutex) {
  return [&](const std::string& text) {
    const std::lock_guard lock(mutex);
    progress.show(text);
  };
}

Status check(const Options& o, size_t runs) {
  if (o.threads < 1 || o.threads > kThreadsMax)
    return Error{"usage", "--threads must be 1 to " + std::to_string(kThreadsMax)};
  if (runs < 4 || runs > kRunsMax) return Error{"usage", "--runs must be 4 to " + std::to_string(kRunsMax)};
  return {};
}

// Every file of the folder is one run: what `tieline credit show --json` printed.
Result<std::vector<paper::CreditRun>> recorded_runs(const std::string& folder) {
  std::vector<paper::CreditRun> out;
  if (folder.empty()) return out;
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  if (error) return Error{"disk_error", "cannot list " + folder + ": " + error.message()};
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    auto text = read_text(path, kRecordedBytesMax);
    if (!text) return text.error();
    auto run = credit_run_from_json(*text);
    if (!run) return Error{run.error().code, path.string() + ": " + run.error().why};
    run->name = path.filename().string();
    out.push_back(*std::move(run));
  }
  if (out.empty()) return Error{"usage", folder + " holds no .json file"};
  return out;
}

int train(Options o) {
  if (Status s = check(o, o.training.runs); !s.ok()) return fail(s.error(), o.json);
  for (const uint32_t hidden : o.training.hidden)
    if (hidden < 1 || hidden > kHiddenMax)
      return fail({"usage", "--hidden must be 1 to " + std::to_string(kHiddenMax)}, o.json);
  auto recorded = recorded_runs(o.recorded);
  if (!recorded) return fail(recorded.error(), o.json);
  o.training.threads = o.threads;
  sim::catch_broken_invariants();
  Progress progress;
  std::mutex mutex;
  const auto report = paper::train_credit(o.training, *std::move(recorded), told_to(progress, mutex));

  std::ofstream file(o.out, std::ios::binary | std::ios::trunc);
  file << weights_to_text(report.weights);
  file.close();
  if (!file) return fail({"disk_error", "cannot write " + o.out}, o.json);

  print_line(grouped(report.runs) + " runs (" + grouped(report.recorded) + " recorded), " +
             grouped(report.held_out_runs) + " held out; " + grouped(report.rows) + " rows, " +
             grouped(report.samples) + " with a label, " + grouped(report.failing) + " of them failed as leader");
  Json kinds = Json::object();
  for (size_t k = 0; k < report.conducts.size(); ++k)
    kinds[paper::conduct_name(static_cast<paper::ConductKind>(k))] = report.conducts[k];
  kinds["far"] = report.far;
  print_line("bad validators by kind (and honest ones far away): " + dump(kinds));
  Json sweep = Json::array();
  for (const auto& row : report.sweep) {
    print_line("hidden " + std::to_string(row.hidden) + ": area under ROC " + permille_text(row.auc_ppm) +
               " on held-out runs; mean squared error " + permille_text(uint64_t{row.error_q16} * 1'000'000 >> 16) +
               ", on those it learnt from " + permille_text(uint64_t{row.trained_q16} * 1'000'000 >> 16));
    sweep.push_back({{"hidden", row.hidden},
                     {"auc", as_share(row.auc_ppm)},
                     {"error", static_cast<double>(row.error_q16) / kCreditOne},
                     {"error_trained", static_cast<double>(row.trained_q16) / kCreditOne}});
  }
  print_line("the sum weighted by hand: " + permille_text(report.auc_linear_ppm));
  print_line("chosen: " + std::to_string(report.chosen) + " hidden neurons; weights " + to_hex(report.weights.hash()) +
             " in " + o.out);
  if (o.json)
    print_json({{"runs", report.runs},
                {"recorded", report.recorded},
                {"held_out_runs", report.held_out_runs},
                {"rows", report.rows},
                {"samples", report.samples},
                {"failing", report.failing},
                {"conducts", kinds},
                {"sweep", sweep},
                {"auc_linear", as_share(report.auc_linear_ppm)},
                {"hidden", report.chosen},
                {"weights_hash", to_hex(report.weights.hash())},
                {"out", o.out}});
  return kExitDone;
}

Json interval(const paper::Estimate& e, double unit) {
  return Json::array({static_cast<double>(e.low) / unit, static_cast<double>(e.high) / unit});
}

int eval(Options o) {
  if (Status s = check(o, o.evaluation.runs); !s.ok()) return fail(s.error(), o.json);
  o.evaluation.weights = default_weights();
  if (!o.weights.empty()) {
    auto text = read_text(o.weights, kRecordedBytesMax);
    if (!text) return fail(text.error(), o.json);
    auto weights = weights_from_text(*text);
    if (!weights) return fail(weights.error(), o.json);
    o.evaluation.weights = *weights;
  }
  o.evaluation.threads = o.threads;
  sim::catch_broken_invariants();
  Progress progress;
  std::mutex mutex;
  const auto r = paper::evaluate_credit(o.evaluation, told_to(progress, mutex));
  const auto auc = [](const char* name, const paper::Estimate& e) {
    print_line(std::string(name) + ": area under ROC " + permille_text(e.value) + " (" + permille_text(e.low) + " to " +
               permille_text(e.high) + ")");
  };
  print_line(grouped(r.rows) + " tenures of the next epoch foreseen, " + grouped(r.failing) +
             " of them with a failure");
  auc("network    ", r.auc_network);
  auc("network's answer alone", r.auc_answer);
  auc("who knows every validator's kind", r.auc_kind);
  auc("linear     ", r.auc_linear);
  auc("round-robin", r.auc_round_robin);
  auc("network above linear", r.auc_margin);
  constexpr double kThousandths = 1'000;
  Json changes = Json::object(), intervals = Json::object(), planned = Json::object(), honest = Json::object();
  for (const auto& [name, policy] : {std::pair("network", &r.network), std::pair("network_strict", &r.strict),
                                     std::pair("linear", &r.linear), std::pair("round_robin", &r.round_robin)}) {
    const auto& v = policy->view_changes;
    print_line(std::string(name) + ": " + permille_text(v.value * 1'000) + " view changes a 1,000 blocks (" +
               permille_text(v.low * 1'000) + " to " + permille_text(v.high * 1'000) + "), " + grouped(policy->failed) +
               " in " + grouped(policy->blocks) + " blocks; the chain charges " + grouped(policy->charged_bad) +
               " to bad leaders, " + grouped(policy->charged_honest) + " to honest ones; planned ones " +
               grouped(policy->planned) +
               (policy->unfinished > 0 ? "; UNFINISHED runs " + grouped(policy->unfinished) : std::string()));
    changes[name] = static_cast<double>(v.value) / kThousandths;
    intervals[name] = interval(v, kThousandths);
    honest[name] = policy->charged_honest;
    planned[name] =
        policy->blocks == 0 ? 0.0 : static_cast<double>(policy->planned) * 1'000 / static_cast<double>(policy->blocks);
  }
  if (o.json)
    print_json({{"weights_hash", to_hex(o.evaluation.weights.hash())},
                {"auc_network", as_share(r.auc_network.value)},
                {"auc_network_interval", interval(r.auc_network, 1e6)},
                {"auc_answer", as_share(r.auc_answer.value)},
                {"auc_answer_interval", interval(r.auc_answer, 1e6)},
                {"auc_kind", as_share(r.auc_kind.value)},
                {"auc_kind_interval", interval(r.auc_kind, 1e6)},
                {"auc_linear", as_share(r.auc_linear.value)},
                {"auc_linear_interval", interval(r.auc_linear, 1e6)},
                {"auc_round_robin", as_share(r.auc_round_robin.value)},
                {"auc_round_robin_interval", interval(r.auc_round_robin, 1e6)},
                {"auc_margin", as_share(r.auc_margin.value)},
                {"auc_margin_interval", interval(r.auc_margin, 1e6)},
                {"view_changes_per_1000", changes},
                {"view_changes_per_1000_interval", intervals},
                {"planned_per_1000", planned},
                {"failed_under_honest_leaders", honest},
                {"rows", r.rows},
                {"failing", r.failing}});
  return kExitDone;
}

}  // namespace

void add_credit(CLI::App& root, int& exit_status) {
  CLI::App* credit =
      root.add_subcommand("credit", "The credit model: what it says of whom, how it was learnt, what it is worth");
  credit->require_subcommand(1);
  add_credit_show(*credit, exit_status);

  auto options = std::make_shared<Options>();
  CLI::App* app = credit->add_subcommand("train", "Train the network on simulated and recorded runs");
  app->add_option("--out", options->out, "the weights are written here")->required();
  app->add_option("--runs", options->training.runs, "simulated networks");
  app->add_option("--seeds", options->training.first_seed, "the first one's seed");
  app->add_option("--run-epochs", options->training.epochs, "epochs of each");
  app->add_option("--hidden", options->training.hidden, "hidden neurons: a list to try, of which the best is taken")
      ->delimiter(',');
  app->add_option("--epochs", options->training.options.passes, "passes over the samples");
  app->add_option("--rounds", options->training.rounds, "trainings, each with the credit of the one before");
  app->add_option("--seed", options->training.options.seed, "of the first weights and of the samples' order");
  app->add_option("--recorded", options->recorded,
                  "a folder of what `tieline credit show --json` printed, a run a file");
  app->add_option("--threads", options->threads, "networks at the same time; the weights do not depend on it");
  app->add_flag("--json", options->json, "one JSON object on the last line");
  app->footer("Example:\n  tieline credit train --out data/credit/weights.txt");
  app->callback([options, &exit_status] { exit_status = train(*options); });

  auto tried = std::make_shared<Options>();
  app = credit->add_subcommand(
      "eval", "Compare network, hand-weighted sum and round-robin, as predictors and as leader policies");
  app->add_option("--weights", tried->weights, "a file of `tieline credit train` (those that are built in)");
  app->add_option("--runs", tried->evaluation.runs, "networks, for the predictors and for each policy");
  app->add_option("--seeds", tried->evaluation.first_seed, "the first one's seed");
  app->add_option("--threads", tried->threads, "networks at the same time; the numbers do not depend on it");
  app->add_flag("--json", tried->json, "one JSON object on the last line");
  app->footer("Example:\n  tieline credit eval --json");
  app->callback([tried, &exit_status] { exit_status = eval(*tried); });
}

}  // namespace tieline::cli
