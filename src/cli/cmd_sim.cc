// tieline sim: the engine, the replica and the ledger in a simulated world, many schedules by seed, every fault.

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <mutex>
#include <thread>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sim_printed.h"
#include "consensus/engine.h"
#include "sim/reduce.h"
#include "sim/tally.h"

namespace tieline::cli {
namespace {

constexpr size_t kWorkersMax = 64;
constexpr size_t kFailuresShownMax = 20;
constexpr size_t kTraceLinesShown = 120;
constexpr size_t kRaftValidatorsMin = 3;
constexpr uint64_t kNoSeed = UINT64_MAX;

// Which seeds are being run, for the last words of a process that dies inside one.
std::array<std::atomic<uint64_t>, kWorkersMax> running_seeds;

extern "C" void last_words(int number) {
  for (auto& seed : running_seeds) {
    if (seed == kNoSeed) continue;
    char text[64];
    const int size =
        std::snprintf(text, sizeof(text), "tieline: signal %d while seed %" PRIu64 " ran\n", number, seed.load());
    if (write(STDERR_FILENO, text, static_cast<size_t>(size)) < 0) break;
  }
  signal(number, SIG_DFL);
  raise(number);
}

struct Options {
  std::string engine = "cbft";
  size_t validators = 4;
  std::string seeds = "0..999";
  std::string seed;
  std::string faults = "all";
  std::string fast_path = "any";
  std::string certificates = "any";
  std::string reading = "accepted";
  uint64_t blocks = 40;
  size_t workers = 2;
  bool trace = false;
  bool no_reduce = false;
  bool reduced = false;
  std::string market = "any";
  bool one_sync = false;
  bool relay = false;
  bool real_crypto = false;
  bool json = false;
};

struct Range {
  uint64_t first = 0;
  uint64_t last = 0;
};
Result<Range> parse_range(const std::string& text) {
  const size_t dots = text.find("..");
  const std::string low = text.substr(0, dots);
  const std::string high = dots == std::string::npos ? low : text.substr(dots + 2);
  const auto number = [](const std::string& digits, uint64_t& out) {
    if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos)
      return false;
    out = std::stoull(digits);
    return true;
  };
  Range range;
  if (!number(low, range.first) || !number(high, range.last) || range.first > range.last)
    return Error{"bad_seeds", "--seeds '" + text + "' is not A..B with A <= B, as in 0..999"};
  return range;
}

std::string command_for(const Options& o, uint64_t seed) {
  std::string text = "tieline sim --engine " + o.engine + " --validators " + std::to_string(o.validators) +
                     " --faults " + o.faults + " --blocks " + std::to_string(o.blocks);
  if (o.fast_path != "any") text += " --fast-path " + o.fast_path;
  if (o.certificates != "any") text += " --certificates " + o.certificates;
  if (o.market != "any") text += " --market " + o.market;
  if (o.relay) text += " --relay";
  if (o.one_sync) text += " --one-sync";
  if (o.real_crypto) text += " --real-crypto";
  return text + " --seed " + std::to_string(seed) + " --trace";
}

void explain(const Options& o, const sim::SimOptions& options, uint64_t seed) {
  const sim::Reduced reduced = sim::reduce(options, seed, sim::plan_of(options, seed));
  std::fprintf(stderr, "\nseed %" PRIu64 " reduced in %zu tries: %s after %" PRId64 " ms\n  %s\n", seed, reduced.tries,
               sim::failure_name(reduced.result.finding->failure), reduced.result.finding->time_us / 1000,
               reduced.result.finding->what.c_str());
  std::vector<std::string> lines;
  (void)sim::run_schedule(options, seed, reduced.plan, [&](const std::string& line) { lines.push_back(line); });
  const size_t head = 2 + reduced.plan.traitors.size() + reduced.plan.faults.size();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!o.reduced && i == head && lines.size() > head + kTraceLinesShown) {
      i = lines.size() - kTraceLinesShown;
      std::fprintf(stderr, "  ...\n");
    }
    std::fprintf(stderr, "  %s\n", lines[i].c_str());
  }
  std::fprintf(stderr, "again, whole: %s\n", command_for(o, seed).c_str());
}

int run_one(const Options& o, const sim::SimOptions& options, uint64_t seed) {
  if (o.reduced) {
    if (!sim::run_schedule(options, seed, sim::plan_of(options, seed)).finding) {
      print_line("nothing wrong");
      return kExitDone;
    }
    explain(o, options, seed);
    return kExitNo;
  }
  const auto result =
      sim::run_schedule(options, seed, sim::plan_of(options, seed),
                        o.trace ? sim::TraceSink([](const std::string& line) { print_line(line); }) : sim::TraceSink());
  if (result.finding) {
    print_line(std::string("FOUND ") + sim::failure_name(result.finding->failure) + " at " +
               std::to_string(result.finding->time_us / 1000) + " ms: " + result.finding->what);
  } else {
    print_line("nothing wrong: " + std::to_string(result.events) + " events, height " + std::to_string(result.height) +
               ", " + std::to_string(result.acknowledged) + " transactions acknowledged, whole again " +
               std::to_string(result.healed_in_us / 1000) + " ms after the faults");
  }
  if (result.finding && !o.no_reduce) explain(o, options, seed);
  return result.finding ? kExitNo : kExitDone;
}

Json to_json(const Options& o, const sim::Tally& t, double seconds) {
  const auto share = [&](uint64_t count) {
    return t.schedules == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(t.schedules);
  };
  Json faults = Json::object();
  for (size_t i = 0; i < sim::kFaultKinds; ++i) faults[sim::fault_name(static_cast<sim::FaultKind>(i))] = t.faults[i];
  for (size_t i = 0; i < sim::kByzantineKinds; ++i)
    faults[std::string("byzantine:") + sim::byzantine_name(static_cast<sim::ByzantineKind>(i))] = t.byzantine[i];
  Json findings = Json::object();
  for (size_t i = 1; i < sim::kFailures; ++i) findings[sim::failure_name(static_cast<sim::Failure>(i))] = t.failures[i];
  char hash[17];
  std::snprintf(hash, sizeof(hash), "%016" PRIx64, t.trace_hash);
  return {{"engine", o.engine},
          {"validators", o.validators},
          {"schedules", t.schedules},
          {"events", t.events},
          {"forks", t.of(sim::Failure::kFork) + t.of(sim::Failure::kState)},
          {"lost_acks", t.of(sim::Failure::kLostAck)},
          {"stuck", t.of(sim::Failure::kStuck)},
          {"wrong_evidence", t.of(sim::Failure::kWrongEvidence)},
          {"findings", findings},
          {"faults", faults},
          {"reached",
           {{"view_change", share(t.view_change)},
            {"reproposal", share(t.reproposal)},
            {"two_chain_commit", share(t.two_chain_commit)},
            {"epoch_boundary", share(t.epoch_boundary)},
            {"snapshot_join", share(t.snapshot_join)},
            {"rejoin", share(t.rejoin)},
            {"settlement", share(t.settlement)},
            {"dispute", share(t.dispute)}}},
          {"trace_hash", hash},
          {"schedules_per_s", seconds > 0 ? static_cast<double>(t.schedules) / seconds : 0.0},
          {"events_mean", t.schedules == 0 ? 0 : t.events / t.schedules},
          {"blocks_mean", t.schedules == 0 ? 0 : t.heights / t.schedules},
          {"acknowledged", t.acknowledged},
          {"reads", t.reads},
          {"receipts", t.receipts},
          {"needless_rejoins", t.needless_rejoins},
          {"healed_ms_max", t.healed_in_us_max / 1000},
          {"first_failing_seed", t.first_failing_seed ? Json(*t.first_failing_seed) : Json(nullptr)}};
}

int run_many(const Options& o, const sim::SimOptions& options, const Range& range) {
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
  std::atomic<uint64_t> next{range.first};
  std::mutex mutex;
  sim::Tally total;
  Progress progress;
  const auto work = [&](size_t worker) {
    for (;;) {
      const uint64_t seed = next.fetch_add(1);
      if (seed > range.last) break;
      running_seeds[worker] = seed;
      const auto result = sim::run_schedule(options, seed, sim::plan_of(options, seed));
      running_seeds[worker] = kNoSeed;
      const std::lock_guard lock(mutex);
      total.add(seed, result);
      if (result.finding && total.failed() <= kFailuresShownMax) {
        progress.note("seed " + std::to_string(seed) + ": " + sim::failure_name(result.finding->failure) + " at " +
                      std::to_string(result.finding->time_us / 1000) + " ms: " + result.finding->what);
      }
      if (total.schedules % 64 == 0)
        progress.show(grouped(total.schedules) + " schedules, " + std::to_string(total.failed()) + " failed");
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < o.workers; ++i) threads.emplace_back(work, i);
  work(0);
  for (std::thread& t : threads) t.join();
  const double took = seconds();

  if (total.first_failing_seed && !o.no_reduce) explain(o, options, *total.first_failing_seed);
  print_line(grouped(total.schedules) + " schedules of " + std::to_string(o.validators) + " validators, " +
             grouped(total.events) + " events, " + grouped(total.acknowledged) + " transactions acknowledged: " +
             (total.failed() == 0 ? "nothing wrong"
                                  : std::to_string(total.failed()) + " FAILED, first seed " +
                                        std::to_string(*total.first_failing_seed)));
  if (o.json) print_json(to_json(o, total, took));
  return total.failed() == 0 ? kExitDone : kExitNo;
}

int run(const Options& o) {
  auto range = parse_range(o.seed.empty() ? o.seeds : o.seed);
  if (!range) return fail(range.error(), o.json);
  if (o.engine == "cbft_as_printed") {
    return run_printed({o.validators, range->first, range->last, !o.seed.empty(), o.faults, o.reading, o.blocks,
                        o.workers, o.trace, o.no_reduce, o.json});
  }
  const auto engine = engine_from_name(o.engine);
  if (!engine)
    return fail(
        {"bad_engine",
         "the simulator knows the engines cbft, trust_raft, pbft, raft and cbft_as_printed, not '" + o.engine + "'"},
        o.json);
  if (!consensus::engine_is_built(*engine))
    return fail({"engine_unavailable", "engine " + o.engine + " is not built into this version"}, o.json);
  const size_t fewest = *engine == EngineKind::kRaft ? kRaftValidatorsMin : kByzantineCommitteeMin;
  if (o.validators < fewest || o.validators > sim::kValidatorsMax)
    return fail({"bad_validators", "--validators must be " + std::to_string(fewest) + " to " +
                                       std::to_string(sim::kValidatorsMax) + " for engine " + o.engine},
                o.json);
  if (o.workers < 1 || o.workers > kWorkersMax)
    return fail({"bad_workers", "--workers must be 1 to " + std::to_string(kWorkersMax)}, o.json);
  sim::SimOptions options;
  options.engine = *engine;
  options.validators = o.validators;
  options.blocks = o.blocks;
  options.one_sync = o.one_sync;
  options.relay = o.relay;
  if (o.relay && *engine != EngineKind::kTrustRaft)
    return fail({"bad_relay", "--relay is for the engine trust_raft"}, o.json);
  options.real_crypto = o.real_crypto;
  if (o.fast_path != "any") options.fast_path = o.fast_path == "on";
  if (o.market != "any") options.market = o.market == "on";
  if (o.certificates != "any")
    options.certificates = o.certificates == "bls" ? CertificateKind::kBls : CertificateKind::kList;
  const bool kernel = *engine == EngineKind::kCbft || *engine == EngineKind::kTrustRaft;
  if (options.certificates == CertificateKind::kBls && !kernel)
    return fail({"bad_certificates", "--certificates bls is for the engines cbft and trust_raft"}, o.json);
  auto faults = sim::parse_faults(o.faults, sim::faults_of(*engine));
  if (!faults) return fail(faults.error(), o.json);
  options.faults = *faults;

  for (auto& seed : running_seeds) seed = kNoSeed;
  signal(SIGABRT, last_words);
  signal(SIGSEGV, last_words);
  sim::catch_broken_invariants();
  return o.seed.empty() ? run_many(o, options, *range) : run_one(o, options, range->first);
}

}  // namespace

void add_sim(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  CLI::App* app = root.add_subcommand(
      "sim", "Run many simulated networks, each from a seed, with every fault, and check that nothing breaks");
  app->add_option("--engine", options->engine,
                  "cbft, trust_raft, pbft, raft (crash faults only), or cbft_as_printed, which forks");
  app->add_option("--reading", options->reading, "of cbft_as_printed: which proposals Q holds")
      ->check(CLI::IsMember({"accepted", "confirmed"}));
  app->add_option("--validators", options->validators, "how many");
  app->add_option("--seeds", options->seeds, "A..B");
  app->add_option("--seed", options->seed, "only this one; a failure is reduced and printed");
  app->add_option(
      "--faults", options->faults,
      "all, none, or a list: crash,partition,loss,reorder,duplicate,slow,clock,disk,wipe,byzantine,byzantine:KIND");
  app->add_option("--fast-path", options->fast_path, "on, off, or any (drawn per seed)")
      ->check(CLI::IsMember({"on", "off", "any"}));
  app->add_option("--certificates", options->certificates, "list, bls, or any (drawn per seed)")
      ->check(CLI::IsMember({"list", "bls", "any"}));
  app->add_option("--market", options->market, "on, off, or any (drawn per seed, one in sixteen): trades are sent too")
      ->check(CLI::IsMember({"on", "off", "any"}));
  app->add_option("--blocks", options->blocks, "the faulty phase ends at this height at the latest");
  app->add_option("--workers", options->workers, "schedules at the same time");
  app->add_flag("--trace", options->trace, "print what happens (with --seed)");
  app->add_flag("--no-reduce", options->no_reduce, "do not reduce the first failure");
  app->add_flag("--reduced", options->reduced, "with --seed: reduce it and print all of the reduced schedule");
  app->add_flag("--relay", options->relay,
                "trust_raft: positions drawn per seed, blocks go by way of neighbours, in half of the seeds with the "
                "trigger too");
  app->add_flag("--one-sync", options->one_sync, "hosts that sync log records and vote sector together");
  app->add_flag("--real-crypto", options->real_crypto,
                "Ed25519 and BLS instead of the simulator's own signatures: slower, same schedules");
  app->add_flag("--json", options->json, "one JSON object on the last line");
  app->footer("Example: tieline sim --engine cbft --validators 4 --seeds 0..9999 --faults all --json");
  app->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
