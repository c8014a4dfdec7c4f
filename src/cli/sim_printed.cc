#include "cli/sim_printed.h"

#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <mutex>
#include <thread>

#include "cli/output.h"
#include "sim/printed/printed.h"
#include "sim/tally.h"

namespace tieline::cli {
namespace {

namespace printed = sim::printed;

constexpr size_t kPrintedValidatorsMax = 16;
constexpr size_t kWorkersMax = 64;
constexpr uint64_t kSeedsAtOnce = 64;

void explain(const PrintedRun& o, const printed::Options& options, uint64_t seed, bool to_stdout) {
  const printed::Reduced reduced = printed::reduce(options, seed, printed::plan_of(options, seed));
  const auto say = [&](const std::string& line) {
    if (to_stdout) return print_line(line);
    std::fprintf(stderr, "%s\n", line.c_str());
  };
  say("seed " + std::to_string(seed) + " reduced in " + std::to_string(reduced.tries) +
      " tries; every message that is not shown comes too late:");
  for (const std::string& line : printed::sequence(options, seed, reduced).lines) say("  " + line);
  if (!to_stdout)
    say("again: tieline sim --engine cbft_as_printed --reading " + o.reading + " --validators " +
        std::to_string(o.validators) + " --faults " + o.faults + " --seed " + std::to_string(seed) + " --trace");
}

int run_one(const PrintedRun& o, const printed::Options& options, uint64_t seed) {
  const sim::Plan plan = printed::plan_of(options, seed);
  const printed::Result result = printed::run(options, seed, plan);
  const auto& finding = result.schedule.finding;
  const bool fork = finding && finding->failure == sim::Failure::kFork;
  if (fork && o.trace && !o.no_reduce) {
    explain(o, options, seed, true);
    return kExitNo;
  }
  if (o.trace) (void)printed::run(options, seed, plan, {}, [](const std::string& line) { print_line(line); });
  if (!finding) {
    print_line("nothing wrong: " + std::to_string(result.schedule.events) + " events, height " +
               std::to_string(result.schedule.height));
    return kExitDone;
  }
  print_line(std::string("FOUND ") + sim::failure_name(finding->failure) + " at " +
             std::to_string(finding->time_us / 1000) + " ms: " + finding->what);
  return kExitNo;
}

Json to_json(const PrintedRun& o, const sim::Tally& t, uint64_t lost_acks, double seconds) {
  const auto share = [&](uint64_t count) {
    return t.schedules == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(t.schedules);
  };
  Json faults = Json::object();
  for (size_t i = 0; i < sim::kFaultKinds; ++i) faults[sim::fault_name(static_cast<sim::FaultKind>(i))] = t.faults[i];
  for (size_t i = 0; i < sim::kByzantineKinds; ++i)
    faults[std::string("byzantine:") + sim::byzantine_name(static_cast<sim::ByzantineKind>(i))] = t.byzantine[i];
  char hash[17];
  std::snprintf(hash, sizeof(hash), "%016" PRIx64, t.trace_hash);
  return {{"engine", "cbft_as_printed"},
          {"reading", o.reading},
          {"validators", o.validators},
          {"schedules", t.schedules},
          {"events", t.events},
          {"forks", t.of(sim::Failure::kFork)},
          {"lost_acks", lost_acks},
          {"stuck", t.of(sim::Failure::kStuck)},
          {"wrong_evidence", 0},  // it has no evidence
          {"faults", faults},
          {"reached",
           {{"view_change", share(t.view_change)},
            {"reproposal", share(t.reproposal)},
            {"two_chain_commit", 0.0},
            {"epoch_boundary", 0.0},
            {"snapshot_join", 0.0},
            {"rejoin", 0.0}}},
          {"trace_hash", hash},
          {"schedules_per_s", seconds > 0 ? static_cast<double>(t.schedules) / seconds : 0.0},
          {"events_mean", t.schedules == 0 ? 0 : t.events / t.schedules},
          {"first_failing_seed", t.first_failing_seed ? Json(*t.first_failing_seed) : Json(nullptr)}};
}

int run_many(const PrintedRun& o, const printed::Options& options) {
  std::atomic<uint64_t> next{o.first};
  std::mutex mutex;
  sim::Tally total;
  uint64_t lost_acks = 0;
  std::optional<uint64_t> first_fork;
  Progress progress;
  const auto work = [&] {
    for (;;) {
      const uint64_t begin = next.fetch_add(kSeedsAtOnce);
      if (begin > o.last) return;
      for (uint64_t seed = begin; seed <= o.last && seed < begin + kSeedsAtOnce; ++seed) {
        const printed::Result result = printed::run(options, seed, printed::plan_of(options, seed));
        const std::lock_guard lock(mutex);
        total.add(seed, result.schedule);
        lost_acks += result.lost_ack ? 1 : 0;
        const auto& finding = result.schedule.finding;
        if (finding && finding->failure == sim::Failure::kFork && (!first_fork || seed < *first_fork))
          first_fork = seed;
      }
      const std::lock_guard lock(mutex);
      progress.show(grouped(total.schedules) + " schedules, " + grouped(total.of(sim::Failure::kFork)) + " forked");
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < o.workers; ++i) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  const double seconds = progress.seconds();
  if (first_fork && !o.no_reduce) explain(o, options, *first_fork, false);
  print_line(grouped(total.schedules) + " schedules of " + std::to_string(o.validators) +
             " validators that run CBFT as printed: " + grouped(total.of(sim::Failure::kFork)) + " forked, " +
             grouped(total.of(sim::Failure::kStuck)) + " stood still" +
             (first_fork ? "; the first fork is seed " + std::to_string(*first_fork) : ""));
  if (o.json) print_json(to_json(o, total, lost_acks, seconds));
  return total.failed() == 0 ? kExitDone : kExitNo;
}

}  // namespace

int run_printed(const PrintedRun& o) {
  if (o.validators < kByzantineCommitteeMin || o.validators > kPrintedValidatorsMax)
    return fail({"bad_validators", "--validators must be 4 to " + std::to_string(kPrintedValidatorsMax)}, o.json);
  if (o.workers < 1 || o.workers > kWorkersMax)
    return fail({"bad_workers", "--workers must be 1 to " + std::to_string(kWorkersMax)}, o.json);
  auto faults = sim::parse_faults(o.faults);
  if (!faults) return fail(faults.error(), o.json);
  printed::Options options;
  options.validators = o.validators;
  options.faults = *faults;
  options.reading = o.reading == "confirmed" ? printed::Reading::kConfirmed : printed::Reading::kAccepted;
  options.blocks = o.blocks;
  return o.single ? run_one(o, options, o.first) : run_many(o, options);
}

}  // namespace tieline::cli
