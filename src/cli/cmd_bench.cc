// tieline bench: what a network of real validator processes on this machine carries, and where the time goes.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "cli/agreement.h"
#include "cli/bench_phases.h"
#include "cli/commands.h"
#include "cli/local_network.h"
#include "cli/make_network.h"
#include "cli/meter_table.h"
#include "cli/signed_load.h"
#include "cli/verify_cost.h"
#include "consensus/engine.h"
#include "ledger/codes.h"
#include "model/transaction.h"

namespace tieline::cli {
namespace {

constexpr size_t kSigners = kVerifyKeys;
constexpr size_t kSignersBesideTrades = 256;
constexpr std::array<const char*, energy::kParties> kRingRoles = {"plant", "grid", "distributor", "user"};
constexpr uint64_t kRingBalance = 1'000'000'000'000'000;
constexpr uint64_t kRingCapacityW = 1'000'000'000'000;
constexpr uint32_t kRingLossPpm = 50'000;
constexpr uint32_t kFirstDelivery = 96;               // slots after genesis: nothing is due while it is measured
constexpr size_t kTradesMost = 50;                    // percent
constexpr Height kLifetime = kTxLifetimeMax - 1'000;  // the validators' tips differ a little
constexpr double kVerifySeconds = 1.0;
constexpr double kTrySeconds = 3.0;  // of a first closed loop, which says how much must be signed
constexpr double kWarmUpSeconds = 1.0;
constexpr double kOpenLoopShare = 0.7;
constexpr size_t kUnloadedCount = 200;
constexpr double kUnloadedSeconds = 10;
constexpr size_t kSignedBytesMax = size_t{3} * 1024 * 1024 * 1024;
constexpr int64_t kSettleMs = 60'000;
constexpr double kSignedSpare = 1.35;

struct Options {
  size_t validators = 4;
  std::string engine = "cbft";
  size_t payload = 256;
  size_t readings_per_tx = 0;
  size_t trades = 0;
  size_t in_flight = 4'096;
  double seconds = 20;
  bool is_unsigned = false;
  bool keep = false;
  bool json = false;
  std::vector<std::string> settings;
};

// `parts` to the unit: 10 keeps one decimal. Divided last, so that the nearest decimal number is printed.
double rounded(double value, double parts) { return std::round(value * parts) / parts; }
double ms(int64_t us) { return rounded(static_cast<double>(us) / 1000, 1000); }

int64_t own_cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) { return static_cast<int64_t>(t.tv_sec) * 1'000'000 + t.tv_usec; };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

struct Cpu {
  int64_t validators = 0, loader = 0;
};
Cpu cpu_now(LocalNetwork& network) {
  Cpu out;
  for (size_t i = 0; i < network.size(); ++i) out.validators += network.child(i).cpu_us();
  out.loader = own_cpu_us();
  return out;
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}

  Result<Json> run() {
    const VerifyCost verify = measure_verify_cost(kVerifySeconds);
    sealed_ = measure_sealed_cost(kVerifySeconds);
    if (options_.trades > 0) endorsement_us_ = measure_endorsement_cost(kVerifySeconds).us;
    auto network = LocalNetwork::make({.validators = options_.validators,
                                       .engine = options_.engine,
                                       .folder = temporary_folder("bench"),
                                       .keep = options_.keep,
                                       .participants = participants(),
                                       .signers = signers(),
                                       .settings = options_.settings});
    if (!network) return network.error();
    network_ = std::move(*network);
    progress_.note("network of " + std::to_string(options_.validators) + " validators in " + network_->root().string());
    if (auto status = network_->start_all(); !status) return status.error();
    if (auto status = sign_up(); !status) return status.error();
    auto streams = BenchStreams::open(network_->genesis());
    if (!streams) return streams.error();

    if (auto status = sign(kUnloadedCount); !status) return status.error();
    auto unloaded = streams->one_at_a_time(*load_, kUnloadedCount, kUnloadedSeconds);
    if (!unloaded) return unloaded.error();
    progress_.note("one at a time: p50 " + dump(ms(percentile(unloaded->us, 0.5))) + " ms");

    if (auto status = sign(first_guess()); !status) return status.error();
    auto trial = streams->closed_loop(*load_, options_.in_flight, 0.5, kTrySeconds, {});
    if (!trial) return trial.error();
    const double guess = static_cast<double>(trial->committed) / trial->seconds;
    progress_.note("first try: " + grouped(static_cast<uint64_t>(guess)) + " transactions a second");

    const double wanted =
        guess * (options_.seconds + kWarmUpSeconds) * kSignedSpare + 2.0 * static_cast<double>(options_.in_flight);
    if (auto status = sign(static_cast<size_t>(wanted)); !status) return status.error();
    Cpu before, after;
    LoopHooks hooks;
    hooks.measuring_begins = [&] { before = cpu_now(*network_); };
    hooks.measuring_ends = [&] { after = cpu_now(*network_); };
    hooks.progress = progress_of("closed loop");
    auto closed = streams->closed_loop(*load_, options_.in_flight, kWarmUpSeconds, options_.seconds, hooks);
    if (!closed) return closed.error();
    if (closed->committed == 0)
      return Error{"timed_out", "nothing was committed in the closed loop" + refusal(closed->all)};
    const double tx_per_s = static_cast<double>(closed->committed) / closed->seconds;
    progress_.note("closed loop: " + grouped(static_cast<uint64_t>(tx_per_s)) + " transactions a second" +
                   (closed->ran_out ? " (the signed transactions ran out: the time was cut short)" : ""));

    const double rate = tx_per_s * kOpenLoopShare;
    if (auto status = sign(static_cast<size_t>(rate * options_.seconds) + options_.validators * 8); !status)
      return status.error();
    LoopHooks open_hooks;
    open_hooks.progress = progress_of("open loop");
    auto open = streams->open_loop(*load_, rate, options_.seconds, open_hooks);
    if (!open) return open.error();
    progress_.note("open loop at " + grouped(static_cast<uint64_t>(rate)) + "/s: p50 " +
                   dump(ms(percentile(open->us, 0.5))) + " ms, p99 " + dump(ms(percentile(open->us, 0.99))) + " ms");

    if (auto status = wait_settled(*network_, kSettleMs); !status) return status.error();
    auto agreement =
        compare_validators(*network_, [this](Height at) { progress_.show("comparing blocks from " + grouped(at)); });
    if (!agreement) return agreement.error();
    return report(verify, *unloaded, *closed, *open, *agreement, before, after);
  }

 private:
  size_t signers() const { return options_.trades > 0 ? kSignersBesideTrades : kSigners; }
  LoadShape shape(const ChainId& chain) const {
    return {chain,           options_.validators, options_.payload, options_.readings_per_tx,
            options_.trades, options_.in_flight};
  }
  // With trades: the signers, and rings of four who trade with each other. Empty: the usual ones.
  std::string participants() const {
    if (options_.trades == 0) return {};
    Json list = signers_json(signers());
    const size_t rings = trade_rings(shape({}));
    for (size_t i = 0; i < rings; ++i) {
      for (size_t p = 0; p < energy::kParties; ++p) {
        Json one = {
            {"name", ring_name(i, p)}, {"role", kRingRoles[p]}, {"meters", Json::array()}, {"balance", kRingBalance}};
        one[p + 1 == energy::kParties ? "contracted_w" : "capacity_w"] = kRingCapacityW;
        if (p == 1 || p == 2) one["loss_ppm"] = kRingLossPpm;
        list.push_back(std::move(one));
      }
    }
    return dump(list);
  }
  static std::string ring_name(size_t ring, size_t party) {
    return std::string(kRingRoles[party]) + "-" + std::to_string(ring);
  }
  Status join_rings() {
    const Genesis& genesis = network_->genesis();
    std::vector<TradeRing> rings(trade_rings(shape(genesis.chain_id())));
    for (size_t i = 0; i < rings.size(); ++i) {
      for (size_t p = 0; p < energy::kParties; ++p) {
        auto keys = load_participant_keys(network_->root() / "net", ring_name(i, p), genesis);
        if (!keys) return keys.error();
        rings[i].parties[p] = keys->participant;
        rings[i].signers[p] = std::make_unique<ParticipantSigner>(std::move(*keys));
      }
    }
    load_->trade_among(std::move(rings), static_cast<uint32_t>(genesis.time_ms / energy::kSlotMs) + kFirstDelivery);
    return {};
  }

  Status sign_up() {
    auto signers = network_->signers();
    if (!signers) return signers.error();
    const MeterTable meters = meters_of(network_->genesis());
    std::vector<MeterId> ids;
    for (const Identity& identity : *signers)
      ids.push_back(meters.find(identity.participant->meters.front())->second.id);
    load_ = std::make_unique<SignedLoad>(shape(network_->genesis().chain_id()), std::move(*signers), std::move(ids));
    return options_.trades > 0 ? join_rings() : Status();
  }

  size_t tx_bytes() const {
    return options_.readings_per_tx > 0 ? 200 + 27 * options_.readings_per_tx : 200 + options_.payload;
  }
  size_t first_guess() const {
    const size_t by_size = size_t{512} * 1024 * 1024 / tx_bytes();
    return std::min<size_t>(std::max<size_t>(60'000, options_.in_flight * 3),
                            std::max(by_size, options_.in_flight * 2));
  }

  Status sign(size_t count) {
    auto status = network_->get(0, "/v1/status", 10'000);
    if (!status) return status.error();
    const size_t most = kSignedBytesMax / tx_bytes();
    if (count > most) progress_.note("signing " + grouped(most) + " transactions, not " + grouped(count) + ": memory");
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    const auto began = std::chrono::steady_clock::now();
    load_->fill(std::min(count, most) / options_.validators + 1, now, status->value("height", Height{0}) + kLifetime);
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (spent > 1)
      progress_.note("signed " + grouped(count) + " transactions ahead in " + dump(rounded(spent, 10)) + " s");
    return {};
  }

  std::function<void(uint64_t, double)> progress_of(const char* what) {
    return [this, what](uint64_t committed, double seconds) {
      progress_.show(std::string(what) + ": " + grouped(committed) + " committed, " +
                     std::to_string(static_cast<int>(seconds)) + " of " +
                     std::to_string(static_cast<int>(options_.seconds)) + " s");
    };
  }
  static std::string refusal(const PhaseCounts& counts) {
    return counts.refused == 0
               ? ""
               : "; " + grouped(counts.refused) + " were refused, first with " + code_name(counts.first_refusal);
  }

  Json report(const VerifyCost& verify, const LatencyResult& unloaded, const ClosedLoopResult& closed,
              const LatencyResult& open, const Agreement& agreement, const Cpu& before, const Cpu& after) {
    const double committed = static_cast<double>(closed.committed);
    const double tx_per_s = committed / closed.seconds;
    const auto n = static_cast<double>(options_.validators);
    const double cpu_us = static_cast<double>(after.validators - before.validators) / committed;
    const double cores = std::thread::hardware_concurrency();
    int64_t rss_kib = 0;
    for (size_t i = 0; i < network_->size(); ++i) rss_kib = std::max(rss_kib, network_->child(i).rss_peak_kib());
    const uint64_t refused = unloaded.all.refused + closed.all.refused + open.all.refused;
    const double steps = static_cast<double>(options_.trades) / 100;  // of trades, each with an endorsement
    const double checks = n * (verify.us + steps * endorsement_us_);
    return {{"engine", options_.engine},
            {"validators", options_.validators},
            {"payload_bytes", options_.readings_per_tx > 0 ? 4 + 27 * options_.readings_per_tx : options_.payload},
            {"readings_per_tx", options_.readings_per_tx},
            {"trades_percent", options_.trades},
            {"trade_steps_per_s", rounded(tx_per_s * steps, 10)},
            {"in_flight", options_.in_flight},
            {"seconds", rounded(closed.seconds, 1000)},
            {"tls", true},
            {"fsync", true},
            {"client_signatures", true},
            {"tx_per_s", rounded(tx_per_s, 10)},
            {"readings_per_s", rounded(tx_per_s * static_cast<double>(options_.readings_per_tx), 10)},
            {"open_loop_tx_per_s", rounded(tx_per_s * kOpenLoopShare, 10)},
            {"p50_ms", ms(percentile(open.us, 0.5))},
            {"p99_ms", ms(percentile(open.us, 0.99))},
            {"late_ticks", open.late},
            {"unloaded_p50_ms", ms(percentile(unloaded.us, 0.5))},
            {"unloaded_p99_ms", ms(percentile(unloaded.us, 0.99))},
            {"verify_us", rounded(verify.us, 100)},
            {"verify_batch", verify.batch},
            {"endorsement_us", rounded(endorsement_us_, 100)},
            {"sealed_made_us", rounded(sealed_.seal_us, 10)},
            {"sealed_checked_us", rounded(sealed_.check_us, 10)},
            {"sealed_bytes", sealed_.bytes},
            {"sealed_made_per_s", rounded(1e6 / sealed_.seal_us, 1)},
            {"sealed_checked_per_s", rounded(1e6 / sealed_.check_us, 1)},
            {"cpu_us_per_tx", rounded(cpu_us, 100)},
            {"loader_cpu_us_per_tx", rounded(static_cast<double>(after.loader - before.loader) / committed, 100)},
            {"other_cpu_us_per_tx", rounded(cpu_us - checks, 100)},
            {"cores", cores},
            {"limit_tx_per_s", rounded(cores / checks * 1e6, 1)},
            {"rss_mib_max", rounded(static_cast<double>(rss_kib) / 1024, 10)},
            {"refused", refused},
            {"height", agreement.height},
            {"forks", agreement.forks},
            {"state_roots_equal", agreement.state_roots_equal}};
  }

  const Options& options_;
  double endorsement_us_ = 0;
  SealedCost sealed_;
  Progress progress_;
  std::unique_ptr<LocalNetwork> network_;
  std::unique_ptr<SignedLoad> load_;
};

int run(const Options& options) {
  if (auto engine = built_engine(options.engine); !engine) return fail(engine.error(), options.json);
  if (options.trades > kTradesMost)
    return fail({"usage", "--trades " + std::to_string(options.trades) + ": at most " + std::to_string(kTradesMost) +
                              " percent"},
                options.json);
  if (options.is_unsigned) {
    return fail(
        {"usage",
         "--unsigned: a validator of this build always checks clients' signatures, and a number from one that did "
         "not would describe another system"},
        options.json);
  }
  auto result = Bench(options).run();
  if (!result) return fail(result.error(), options.json);
  const Json& r = *result;
  const auto value = [&r](const char* name) { return r[name].dump(); };
  print_line(value("tx_per_s") + " transactions a second, " + value("readings_per_s") +
             " readings a second (closed loop, " + value("in_flight") + " in flight, " + value("validators") +
             " validators)");
  print_line("finality at 70 %: p50 " + value("p50_ms") + " ms, p99 " + value("p99_ms") + " ms; alone " +
             value("unloaded_p50_ms") + " ms");
  print_line("CPU a transaction: " + value("cpu_us_per_tx") + " us of all validators, " + value("other_cpu_us_per_tx") +
             " us beyond checking signatures (" + value("verify_us") + " us each); the loader's " +
             value("loader_cpu_us_per_tx") + " us");
  print_line("sealed readings of private points, a second and core: " + value("sealed_made_per_s") + " made, " +
             value("sealed_checked_per_s") + " checked (" + value("sealed_made_us") + " and " +
             value("sealed_checked_us") + " us, " + value("sealed_bytes") + " bytes each)");
  print_line("signatures alone would allow " + value("limit_tx_per_s") + " a second on " + value("cores") +
             " cores; forks " + value("forks") + ", state roots equal: " + value("state_roots_equal"));
  if (options.json) print_json(r);
  const bool good = r["forks"] == 0 && r["state_roots_equal"] == true && r["refused"] == 0;
  return good ? kExitDone : kExitNo;
}

}  // namespace

void add_bench(CLI::App& root, int& exit_status) {
  auto options = std::make_shared<Options>();
  auto* command =
      root.add_subcommand("bench", "throughput and latency of real validators on this machine, TLS and fsync on");
  command->add_option("--validators", options->validators, "how many")->capture_default_str()->check(CLI::Range(1, 31));
  command->add_option("--engine", options->engine, consensus::built_engines())->capture_default_str();
  command->add_option("--payload", options->payload, "bytes of data in a transaction")
      ->capture_default_str()
      ->check(CLI::Range(0, 60'000));
  command->add_option("--readings-per-tx", options->readings_per_tx, "readings instead of data")
      ->capture_default_str()
      ->check(CLI::Range(size_t{0}, kReadingsPerTxMax));
  command
      ->add_option("--trades", options->trades,
                   "percent of transactions that are a step of a trade, with its endorsement")
      ->capture_default_str();
  command->add_option("--in-flight", options->in_flight, "transactions on their way in the closed loop")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_option("--seconds", options->seconds, "of each loop")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 600.0));
  command->add_flag("--unsigned", options->is_unsigned, "without clients' signatures, to compare engines");
  command->add_option("--set", options->settings, "a genesis parameter, as in init")->type_name("KEY=VALUE");
  command->add_flag("--keep", options->keep, "leave the network's folder");
  command->add_flag("--json", options->json, "one JSON object on the last line");
  command->footer(
      "Examples:\n  tieline bench --json\n  tieline bench --validators 7 --seconds 10\n  tieline bench "
      "--readings-per-tx 500\n  tieline bench --trades 12\n"
      "docs/performance.md says what every number means.");
  command->callback([options, &exit_status] { exit_status = run(*options); });
}

}  // namespace tieline::cli
