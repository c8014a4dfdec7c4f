// Paper 004's network of fifty: latency at the leader, at everyone and at the client; throughput of four engines in one
// closed loop; and how both, and what a block costs on the wire, move with the number of nodes (its Fig. 7).

#include <array>

#include "paper/numbers.h"
#include "paper/runs.h"

namespace tieline::paper {
namespace {

constexpr size_t kFifty = 50;
constexpr int64_t kLossPpm = 10'000;             // 1 %
constexpr int64_t kTenGigabit = 10'000'000'000;  // paper 004, 5.1.3
constexpr uint32_t kTimeoutMs = 5'000;           // as paper 004 gives PBFT
constexpr uint32_t kRaftTimeoutMs = 150;         // and Raft, which elects a leader before its first entry
constexpr uint32_t kNeverMoves = 20'000;         // slots: nobody fails, and nobody's tenure ends
constexpr std::array<EngineKind, 4> kEngines = {EngineKind::kCbft, EngineKind::kTrustRaft, EngineKind::kPbft,
                                                EngineKind::kRaft};
// Least one-way delays that a commit at the leader takes: two for one round of votes, four for two.
constexpr double kPaperLatencyMs = 85, kPaperFarLatencyMs = 100, kGoalCbftMs = 60;
constexpr double kBoundMs = 86, kFarBoundMs = 133, kBoundSlack = 1.1;
constexpr double kPaperTps = 400, kPaperPbftTps = 150, kGoalTps = 4'000, kGoalTpsDelayMs = 300;

WorldOptions base(EngineKind engine, size_t n, uint64_t seed) {
  WorldOptions o;
  o.engine = engine;
  o.validators = n;
  o.seed = seed;
  o.latency = sim::LatencyModel::kNormal20;
  o.link_bits_per_s = kTenGigabit;
  o.timeout_ms = engine == EngineKind::kRaft ? kRaftTimeoutMs : kTimeoutMs;
  o.tenure_slots = kNeverMoves;
  return o;
}

Pooled pooled(const std::vector<Run>& runs, const std::string& name, EngineKind engine) {
  return pooled(runs, [&](const Run& run) { return run.name == name && run.options.engine == engine; });
}

uint64_t seeds_of(const ExperimentOptions& options, uint64_t usual) {
  return options.runs > 0 ? options.runs : options.quick ? 1 : usual;
}
const std::string kSame =
    "Signatures (lists of Ed25519), hash, batching, links of 10 Gbit/s, disks and processors are the same for all "
    "engines. Nobody fails and no tenure ends. A lost frame costs a retransmission time-out, and what follows it on "
    "its link waits.";

}  // namespace

Part latency_of_fifty(const ExperimentOptions& options, const Told& told) {
  const size_t n = options.quick ? 7 : kFifty;
  const uint64_t seeds = seeds_of(options, 2);
  struct Net {
    const char* name;
    sim::LatencyModel latency;
    int64_t loss_ppm;
  };
  constexpr std::array<Net, 4> kNets = {{{"N(20,5) ms, no loss", sim::LatencyModel::kNormal20, 0},
                                         {"N(20,5) ms, 1 % loss", sim::LatencyModel::kNormal20, kLossPpm},
                                         {"N(30,10) ms, no loss", sim::LatencyModel::kNormal30, 0},
                                         {"N(30,10) ms, 1 % loss", sim::LatencyModel::kNormal30, kLossPpm}}};
  std::vector<Run> runs;
  for (const Net& net : kNets) {
    for (const EngineKind engine : kEngines) {
      for (uint64_t seed = 0; seed < seeds; ++seed) {
        Run run{net.name, base(engine, n, seed), {}};
        run.options.latency = net.latency;
        run.options.loss_ppm = net.loss_ppm;
        run.options.in_flight = 40;
        run.options.blocks = options.quick ? 10 : 40;
        runs.push_back(std::move(run));
      }
    }
  }
  run_all(runs, options.threads, "latency", told);

  Part part;
  Section& s = part.section;
  s.id = "latency";
  s.title = "Latency at " + std::to_string(n) + " nodes";
  s.text = {
      "From the proposal's first byte to the commit: at its leader, and at the last of all; and what a client "
      "waits from its submission to the (f+1)-th equal answer, with 40 transactions under way and 20 to a block. " +
          kSame,
      "Two-chain: a block is committed at the leader after two rounds of votes, four one-way delays; the 34th of "
      "50 answers decides. Fast path: after one round, if 49 of 50 vote in time, of which one lost frame in a "
      "hundred leaves little."};
  Table table{"Milliseconds, p50 / p99", {"network", "engine", "at the leader", "at everyone", "at the client"}, {}};
  std::string csv =
      "network,engine,leader_p50_ms,leader_p99_ms,everyone_p50_ms,everyone_p99_ms,client_p50_ms,client_p99_ms\n";
  for (const Net& net : kNets) {
    for (const EngineKind engine : kEngines) {
      const Pooled p = pooled(runs, net.name, engine);
      table.rows.push_back({net.name, engine_name(engine),
                            (p.unfinished > 0 ? "!unfinished, " : "") + both(p.leader_us), both(p.everyone_us),
                            both(p.client_us)});
      csv += csv_field(net.name) + "," + engine_name(engine);
      for (const auto* values : {&p.leader_us, &p.everyone_us, &p.client_us})
        csv += "," + plain(ms(*values, 50), 2) + "," + plain(ms(*values, 99), 2);
      csv += "\n";
    }
  }
  s.tables.push_back(std::move(table));
  const std::string command = command_of(options, "latency");
  const auto row = [&](const Net& net, double claimed, double bound, const std::string& paper) {
    const Pooled p = pooled(runs, net.name, EngineKind::kTrustRaft);
    const double leader = ms(p.leader_us, 50);
    part.rows.push_back(
        {"latency", "consensus takes that long at 50 nodes, " + std::string(net.name), paper,
         "trust_raft, p50 / p99: " + both(p.leader_us) + " ms at the leader (four delays are " + whole(bound) + ", " +
             (leader <= bound * kBoundSlack ? "kept within 10 %" : "exceeded by more than 10 %") + "), " +
             both(p.everyone_us) + " at everyone, " + both(p.client_us) + " at the client",
         leader <= claimed ? "yes" : "no",
         "Two rounds of votes and a leader that waits for two thirds of 50 cannot be faster than four delays of the "
         "network, and everyone else hears of the commit one delay later; the paper does not say where its clock "
         "stops.",
         command});
  };
  row(kNets[1], kPaperLatencyMs, kBoundMs, "85 ms");
  row(kNets[3], kPaperFarLatencyMs, kFarBoundMs, "below 100 ms");
  const double fast = ms(pooled(runs, kNets[0].name, EngineKind::kCbft).leader_us, 50);
  const double lossy = ms(pooled(runs, kNets[1].name, EngineKind::kCbft).leader_us, 50);
  part.rows.push_back({"latency", "our goal: cbft at most 60 ms at the leader, p50, when nothing goes wrong",
                       "no figure", fixed(fast, 1) + " ms without loss, " + fixed(lossy, 1) + " ms with 1 % loss",
                       fast <= kGoalCbftMs ? "yes" : "no",
                       "One round of votes is two delays; with loss somebody's vote is late in almost every block, so "
                       "that a second round decides.",
                       command});
  part.csv.push_back({"latency.csv", csv});
  return part;
}

Part throughput_of_fifty(const ExperimentOptions& options, const Told& told) {
  const size_t n = options.quick ? 7 : kFifty;
  const uint64_t seeds = seeds_of(options, 2);
  const uint32_t block_tx = options.quick ? 100 : 500;
  const size_t in_flight = size_t{2} * block_tx;
  std::vector<Run> runs;
  for (const EngineKind engine : kEngines) {
    for (uint64_t seed = 0; seed < seeds; ++seed) {
      Run run{"loop", base(engine, n, seed), {}};
      run.options.loss_ppm = kLossPpm;
      run.options.block_tx = block_tx;
      run.options.in_flight = in_flight;
      run.options.blocks = options.quick ? 8 : 16;
      runs.push_back(std::move(run));
    }
  }
  run_all(runs, options.threads, "tps", told);
  Part part;
  Section& s = part.section;
  s.id = "tps";
  s.title = "Throughput at " + std::to_string(n) + " nodes";
  s.text = {"One closed loop: " + whole(static_cast<double>(in_flight)) +
            " transactions of 256 bytes under way, at most " + std::to_string(block_tx) +
            " to a block, one-way delays N(20,5) ms, 1 % loss. Transactions a second by eq. 1 "
            "of paper 000. " +
            kSame};
  Table table{
      "Throughput, and what the clients wait at that load", {"engine", "tx/s", "client p50, ms", "p99, ms"}, {}};
  std::string csv = "engine,tps,client_p50_ms,client_p99_ms\n", list;
  double trust = 0, pbft = 0, trust_ms = 0;
  for (const EngineKind engine : kEngines) {
    const Pooled p = pooled(runs, "loop", engine);
    const Estimate tps = estimate(p.tps);
    table.rows.push_back({engine_name(engine), (p.unfinished > 0 ? "!unfinished, " : "") + text_of(tps, 0),
                          fixed(ms(p.client_us, 50), 1), fixed(ms(p.client_us, 99), 1)});
    csv += std::string(engine_name(engine)) + "," + plain(tps.mean, 1) + "," + plain(ms(p.client_us, 50), 2) + "," +
           plain(ms(p.client_us, 99), 2) + "\n";
    list += (list.empty() ? "" : ", ") + std::string(engine_name(engine)) + " " + whole(tps.mean) + " tx/s at p50 " +
            whole(ms(p.client_us, 50)) + " ms";
    if (engine == EngineKind::kTrustRaft) trust = tps.mean, trust_ms = ms(p.client_us, 50);
    if (engine == EngineKind::kPbft) pbft = tps.mean;
  }
  s.tables.push_back(std::move(table));
  const std::string command = command_of(options, "tps");
  part.rows.push_back({"tps", "throughput at 50 nodes", whole(kPaperTps) + " TPS", list,
                       trust >= kPaperTps ? "yes" : "no",
                       "Throughput is what is under way divided by the delay: with enough of it in blocks of " +
                           std::to_string(block_tx) + " the paper's figure is passed by every engine, PBFT too.",
                       command});
  part.rows.push_back({"tps", "our goal: 4,000 tx/s at a p50 below 300 ms with trust_raft", "no figure",
                       whole(trust) + " tx/s at a p50 of " + whole(trust_ms) + " ms",
                       trust >= kGoalTps && trust_ms < kGoalTpsDelayMs ? "yes" : "no",
                       "Batches are checked together, and the leader's card sends ids, not transactions.", command});
  const double gain = pbft > 0 ? (trust / pbft - 1) * 100 : 0;
  part.rows.push_back({"tps", "the gain over PBFT", "+166.7 % (so PBFT " + whole(kPaperPbftTps) + " TPS)",
                       (gain >= 0 ? "+" : "") + fixed(gain, 1) + " %", gain >= 150 ? "yes" : "no",
                       "With the same signatures, batches and links the protocol alone is left, and a PBFT that sends "
                       "ids and fills its blocks is not slow: the paper's PBFT must have differed in more than the "
                       "protocol.",
                       command});
  part.csv.push_back({"tps.csv", csv});
  return part;
}

Part efficiency_by_nodes(const ExperimentOptions& options, const Told& told) {
  const std::vector<size_t> sizes =
      options.quick ? std::vector<size_t>{4, 10} : std::vector<size_t>{4, 7, 10, 16, 25, 50, 100};
  const uint64_t seeds = seeds_of(options, 1);
  std::vector<Run> runs;
  for (const size_t n : sizes) {
    for (const EngineKind engine : kEngines) {
      for (uint64_t seed = 0; seed < seeds; ++seed) {
        Run run{std::to_string(n), base(engine, n, seed), {}};
        run.options.loss_ppm = kLossPpm;
        run.options.blocks = options.quick ? 10 : 30;
        runs.push_back(std::move(run));
      }
    }
  }
  run_all(runs, options.threads, "fig7", told);
  Part part;
  Section& s = part.section;
  s.id = "fig7";
  s.title = "Efficiency by the number of nodes";
  s.text = {
      "80 transactions of 256 bytes under way, 20 to a block, one-way delays N(20,5) ms, 1 % loss. Messages are those "
      "of the agreement; bytes are all, transactions too. " +
      kSame};
  Plot tps{"Throughput", "validators", "transactions a second", {}, false};
  Plot delay{"Delay at the leader, p50", "validators", "ms", {}, false};
  Plot messages{"Messages a block", "validators", "messages", {}, true};
  Plot bytes{"Bytes a block", "validators", "KiB", {}, true};
  Table table{"By engine and size", {"engine", "n", "tx/s", "leader p50, ms", "messages a block", "KiB a block"}, {}};
  std::string csv = "engine,n,tps,leader_p50_ms,messages_a_block,bytes_a_block\n";
  std::array<double, kEngines.size()> kept{};  // tx/s at the largest size, of that at the least, in percent
  for (size_t e = 0; e < kEngines.size(); ++e) {
    const std::string name = engine_name(kEngines[e]);
    std::array<Plot*, 4> plots = {&tps, &delay, &messages, &bytes};
    for (Plot* plot : plots) plot->series.push_back({name, {}, {}, {}});
    double first = 0, last = 0;
    for (const size_t n : sizes) {
      const Pooled p = pooled(runs, std::to_string(n), kEngines[e]);
      const double rate = estimate(p.tps).mean, m = per_block(p.messages, p.blocks), b = per_block(p.bytes, p.blocks);
      const std::array<double, 4> values = {rate, ms(p.leader_us, 50), m, b / 1'024};
      for (size_t i = 0; i < plots.size(); ++i) {
        plots[i]->series.back().x.push_back(static_cast<double>(n));
        plots[i]->series.back().y.push_back(values[i]);
      }
      table.rows.push_back({name, std::to_string(n), (p.unfinished > 0 ? "!unfinished, " : "") + whole(rate),
                            fixed(values[1], 1), whole(m), whole(values[3])});
      csv += name + "," + std::to_string(n) + "," + plain(rate, 1) + "," + plain(values[1], 2) + "," + plain(m, 1) +
             "," + plain(b, 1) + "\n";
      if (n == sizes.front()) first = rate;
      last = rate;
    }
    kept[e] = first > 0 ? last / first * 100 : 0;
  }
  s.plots = {tps, delay, messages, bytes};
  s.tables.push_back(std::move(table));
  std::string list;
  for (size_t e = 0; e < kEngines.size(); ++e)
    list += (e == 0 ? "" : ", ") + std::string(engine_name(kEngines[e])) + " " + fixed(kept[e], 0) + " %";
  const bool holds = kept[1] >= 90, pbft_falls = kept[2] < 90;
  part.rows.push_back({"fig7", "PBFT's efficiency falls with the number of nodes and the proposed one's holds",
                       "falls; holds (a figure without numbers)",
                       "of the throughput at n = " + std::to_string(sizes.front()) +
                           " is left at n = " + std::to_string(sizes.back()) + ": " + list,
                       holds && pbft_falls   ? "yes"
                       : holds || pbft_falls ? "partly"
                                             : "no",
                       "PBFT sends 2n(n-1) messages a block and trust_raft some 2n, but what costs time first is that "
                       "every node checks every transaction, and the wait for the slowest of two thirds of the votes: "
                       "both grow for every engine alike.",
                       command_of(options, "fig7")});
  part.csv.push_back({"fig7.csv", csv});
  return part;
}

}  // namespace tieline::paper
