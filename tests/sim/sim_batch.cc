// Many schedules in one process, without the command line of `tieline`: the simulator's share of ./test, and the small
// program whose trace_hash is compared across compilers and optimisations (tools/trace-hash-builds.sh).
//
//   sim_batch ENGINE VALIDATORS FIRST COUNT [FAULTS] [fast-path on|off|any] [relay|market|no_market]
//
// Exit status 0: nothing was found. 1: something was. 2: wrong use. 77: this build does not have the engine.

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "consensus/engine.h"
#include "sim/tally.h"

namespace {

constexpr int kSkipped = 77;

int usage() {
  std::fputs("sim_batch ENGINE VALIDATORS FIRST COUNT [FAULTS] [on|off|any] [relay|market|no_market]\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tieline;
  if (argc < 5 || argc > 8) return usage();
  const auto engine = engine_from_name(argv[1]);
  if (!engine) return usage();
  if (!consensus::engine_is_built(*engine)) {
    std::printf("%s is not built\n", argv[1]);
    return kSkipped;
  }
  sim::SimOptions options;
  options.engine = *engine;
  options.validators = std::strtoull(argv[2], nullptr, 10);
  const uint64_t first = std::strtoull(argv[3], nullptr, 10), count = std::strtoull(argv[4], nullptr, 10);
  const auto faults = sim::parse_faults(argc > 5 ? argv[5] : "all", sim::faults_of(*engine));
  if (!faults) return usage();
  options.faults = *faults;
  if (argc > 6 && std::strcmp(argv[6], "any") != 0) options.fast_path = std::strcmp(argv[6], "on") == 0;

  const std::string more = argc > 7 ? argv[7] : "";
  options.relay = more == "relay";
  if (more == "market" || more == "no_market") options.market = more == "market";
  if (argc > 7 && !options.relay && !options.market) return usage();
  if (options.relay && options.engine != EngineKind::kTrustRaft) return usage();

  sim::catch_broken_invariants();
  sim::Tally tally;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const auto result = sim::run_schedule(options, seed, sim::plan_of(options, seed));
    tally.add(seed, result);
    if (!result.finding) continue;
    std::printf("seed %" PRIu64 ": %s: %s\n", seed, sim::failure_name(result.finding->failure),
                result.finding->what.c_str());
  }
  std::printf("%s, %zu validators, seeds from %" PRIu64 ": %" PRIu64 " schedules, %" PRIu64 " events, %" PRIu64
              " failed, %" PRIu64 " settled and %" PRIu64 " disputed trades, trace_hash %016" PRIx64 "\n",
              argv[1], options.validators, first, tally.schedules, tally.events, tally.failed(), tally.settlement,
              tally.dispute, tally.trace_hash);
  return tally.failed() == 0 ? 0 : 1;
}
