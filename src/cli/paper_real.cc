#include "cli/paper_real.h"

#include <ctime>
#include <filesystem>
#include <fstream>

#include "cli/child_process.h"
#include "cli/output.h"
#include "cli/rfc3339.h"
#include "paper/numbers.h"

namespace tieline::cli {
namespace {

constexpr size_t kValidators = 4;
constexpr size_t kInFlight = 80;
constexpr uint32_t kBlockTx = 20;
constexpr int kSeconds = 10, kQuickSeconds = 3;

struct Real {
  double tx_per_s = 0;
  double unloaded_p50_ms = 0;
};

Result<Real> bench(EngineKind engine, bool quick) {
  std::string folder = (std::filesystem::temp_directory_path() / "tieline-paper-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return Error{"disk_error", "cannot make a temporary folder"};
  const std::filesystem::path output = std::filesystem::path(folder) / "bench.txt";
  const Status ran = run_program(
      own_program(),
      {"bench", "--validators", std::to_string(kValidators), "--engine", engine_name(engine), "--payload", "256",
       "--in-flight", std::to_string(kInFlight), "--seconds", std::to_string(quick ? kQuickSeconds : kSeconds), "--set",
       "block_tx_max=" + std::to_string(kBlockTx), "--json"},
      output);
  std::string last;
  {
    std::ifstream file(output);
    for (std::string line; std::getline(file, line);)
      if (!line.empty()) last = line;
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (!ran.ok()) return ran.error();
  const Json object = Json::parse(last, nullptr, false);
  if (!object.is_object() || !object.contains("tx_per_s"))
    return Error{"bench_failed", "tieline bench gave no result: " + last.substr(0, 200)};
  return Real{object["tx_per_s"].get<double>(), object["unloaded_p50_ms"].get<double>()};
}

// The same setting in the measuring world, on a network that is hardly there, as loopback is.
paper::Measured simulated(EngineKind engine, size_t in_flight) {
  paper::WorldOptions o;
  o.engine = engine;
  o.validators = kValidators;
  o.latency = sim::LatencyModel::kLocal;
  o.link_bits_per_s = 10'000'000'000;
  o.block_tx = kBlockTx;
  o.in_flight = in_flight;
  o.tenure_slots = 20'000;
  o.blocks = 200;
  return paper::measure(o);
}

}  // namespace

Result<paper::Part> real_rows(bool quick, const paper::Told& told) {
  paper::Part part;
  paper::Section& s = part.section;
  s.id = "real";
  s.title = "The same with real processes";
  const std::string when = rfc3339_utc(static_cast<int64_t>(std::time(nullptr)));
  s.text = {"Run on " + when + ", on " + paper::this_machine() +
            ": four validators, TLS on loopback, fdatasync, all on one machine that also makes the load. The measuring "
            "world has a network with one-way delays of N(1,0.2) ms and a processor for each engine; the machine has "
            "neither, so that the two need not agree. These are the only rows that depend on the machine."};
  paper::Table t{"n = 4, blocks of 20, 256 bytes, 80 under way",
                 {"engine", "real tx/s", "simulated tx/s", "real / simulated", "real p50 unloaded, ms"},
                 {}};
  std::string csv = "engine,real_tx_per_s,simulated_tx_per_s,real_unloaded_p50_ms\n";
  for (const EngineKind engine : paper::engines_compared()) {
    told(std::string("real processes: ") + engine_name(engine));
    const auto real = bench(engine, quick);
    if (!real) return real.error();
    const double sim_tps = static_cast<double>(simulated(engine, kInFlight).milli_tps()) / 1'000;
    const double ratio = sim_tps > 0 ? real->tx_per_s / sim_tps : 0;
    t.rows.push_back({engine_name(engine), paper::whole(real->tx_per_s), paper::whole(sim_tps), paper::fixed(ratio, 2),
                      paper::fixed(real->unloaded_p50_ms, 2)});
    csv += std::string(engine_name(engine)) + "," + paper::plain(real->tx_per_s, 1) + "," + paper::plain(sim_tps, 1) +
           "," + paper::plain(real->unloaded_p50_ms, 3) + "\n";
    part.rows.push_back({"fig1 real", std::string(engine_name(engine)) + " at n = 4 with real processes", "no figures",
                         paper::whole(real->tx_per_s) + " tx/s real, " + paper::whole(sim_tps) + " tx/s simulated",
                         "shown",
                         "Run on " + when +
                             " on one machine; the simulated network has delays that loopback has not, and "
                             "a processor for each validator, which this machine has not.",
                         "tieline paper --only fig1 --real"});
  }
  s.tables.push_back(std::move(t));
  part.csv.push_back({"real.csv", csv});
  return part;
}

}  // namespace tieline::cli
