// Paper 004, eq. 3: who is a leader's neighbour, as printed and as read, and what handing blocks on between neighbours
// saves the leader and costs everyone in time, against a leader that sends to all.

#include <array>

#include "paper/numbers.h"
#include "paper/places.h"
#include "paper/runs.h"

namespace tieline::paper {
namespace {

constexpr uint32_t kTimeoutMs = 5'000;
constexpr uint32_t kBlockTx = 200;  // proposals that are larger than the certificates in them
constexpr uint32_t kNeverMoves = 20'000;
const std::vector<size_t> kReach = {4, 8, 16, 32, 50, 64, 100};
const std::vector<size_t> kSizes = {10, 25, 50};
const std::vector<size_t> kQuickSizes = {10};
struct Link {
  const char* name;
  int64_t bits_per_s;
};
constexpr std::array<Link, 2> kLinks = {{{"10 Gbit/s", 10'000'000'000}, {"20 Mbit/s", 20'000'000}}};

// What is reached from one node over edges within Q1 alone, without "the closest that has it not".
struct Reach {
  uint64_t neighbours = 0, covered = 0, hops = 0, sources = 0;
};
Reach reach_of(size_t n, uint64_t seeds, NearRule rule) {
  Reach out;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    const ProximityParams p = scattered(n, seed);
    std::vector<std::vector<size_t>> edges(n);
    for (size_t i = 0; i < n; ++i)
      for (size_t k = 0; k < n; ++k)
        if (i != k && is_near(square_distance(p.positions[i], p.positions[k]), p.region_m2, n, rule))
          edges[i].push_back(k);
    for (size_t source = 0; source < n; ++source) {
      std::vector<size_t> wave = {source};
      std::vector<bool> has(n, false);
      has[source] = true;
      uint64_t hops = 0;
      for (; !wave.empty(); ++hops) {
        out.covered += wave.size();
        std::vector<size_t> next;
        for (size_t at : wave)
          for (size_t to : edges[at])
            if (!has[to]) {
              has[to] = true;
              next.push_back(to);
            }
        wave = std::move(next);
      }
      out.neighbours += edges[source].size();
      out.hops += hops - 1;
      ++out.sources;
    }
  }
  return out;
}

WorldOptions world_of(size_t n, const Link& link, bool relayed, uint64_t seed, bool quick) {
  WorldOptions o;
  o.engine = EngineKind::kTrustRaft;
  o.validators = n;
  o.seed = seed;
  o.latency = sim::LatencyModel::kNormal20;
  o.link_bits_per_s = link.bits_per_s;
  o.timeout_ms = kTimeoutMs;
  o.tenure_slots = kNeverMoves;
  o.block_tx = kBlockTx;
  o.in_flight = 3 * kBlockTx;
  o.blocks = quick ? 8 : 20;
  if (relayed) {
    o.proximity = scattered(n, seed);
    o.proximity->relay = true;
  }
  return o;
}

Pooled pooled(const std::vector<Run>& runs, size_t n, const Link& link, bool relayed) {
  return pooled(runs, [&](const Run& run) {
    const WorldOptions& o = run.options;
    return o.validators == n && o.link_bits_per_s == link.bits_per_s && o.proximity.has_value() == relayed;
  });
}

double kib(uint64_t bytes, uint64_t blocks) { return per_block(bytes, blocks) / 1'024; }
void tell_reach(Part& part, uint64_t seeds, const std::string& command) {
  Table table{"Neighbours within Q1, and what they reach among themselves",
              {"X", "as read: neighbours", "reached", "hops", "as printed: neighbours", "reached", "hops"},
              {}};
  std::string csv = "x,rule,neighbours,reached_percent,hops\n", read_list, printed_list;
  for (size_t n : kReach) {
    std::vector<std::string> row = {std::to_string(n)};
    for (NearRule rule : {NearRule::kAsRead, NearRule::kAsPrinted}) {
      const Reach r = reach_of(n, seeds, rule);
      const auto sources = static_cast<double>(r.sources);
      const double neighbours = static_cast<double>(r.neighbours) / sources;
      const double covered = 100 * static_cast<double>(r.covered) / (sources * static_cast<double>(n));
      const double hops = static_cast<double>(r.hops) / sources;
      row.insert(row.end(), {fixed(neighbours, 1), fixed(covered, 0) + " %", fixed(hops, 1)});
      const bool read = rule == NearRule::kAsRead;
      csv += std::to_string(n) + (read ? ",read," : ",printed,") + plain(neighbours, 2) + "," + plain(covered, 1) +
             "," + plain(hops, 2) + "\n";
      if (n == 50)
        (read ? read_list : printed_list) = fixed(neighbours, 1) + " neighbours, " + fixed(covered, 0) + " %";
    }
    table.rows.push_back(std::move(row));
  }
  part.section.tables.push_back(std::move(table));
  part.csv.push_back({"relay_reach.csv", csv});
  part.rows.push_back(
      {"relay", "neighbours within Q1 spread a block over the region", "Q1 = sqrt(Q) / (0.3 X) (eq. 3)",
       "of 50: as printed " + printed_list + " reached; read as sqrt(Q / (0.3 X)) " + read_list, "no",
       "As printed the radius falls with X while distances fall with its root, and the graph falls apart; "
       "the engine reads it with X under the root, and hands on to the closest that is not known to have "
       "it, so that everybody is reached whatever the graph is.",
       command});
}

}  // namespace

Part relay_by_neighbours(const ExperimentOptions& options, const Told& told) {
  const std::vector<size_t>& sizes = options.quick ? kQuickSizes : kSizes;
  const uint64_t seeds = options.runs > 0 ? options.runs : options.quick ? 1 : 2;
  std::vector<Run> runs;
  for (size_t n : sizes)
    for (const Link& link : kLinks)
      for (bool relayed : {false, true})
        for (uint64_t seed = 0; seed < seeds; ++seed)
          runs.push_back({link.name, world_of(n, link, relayed, seed, options.quick), {}});
  run_all(runs, options.threads, "relay", told);

  const std::string command = command_of(options, "relay");
  Part part;
  Section& s = part.section;
  s.id = "relay";
  s.title = "Blocks handed on between neighbours";
  s.text = {
      "Validators stand anywhere in a square of 300 km. With the relay the leader sends a block of " +
          std::to_string(kBlockTx) +
          " transactions to those within Q1 and a line to the others; each of those is served by the "
          "nearest that has it. Delays are N(20,5) ms whatever the distance, so that a hop costs what a way across the "
          "region costs: "
          "the relay gains nothing here from short ways, only from what the leader need not send.",
      "Leases: nobody fails in these runs, so no lease is lost and with or without them every number is the same; a "
      "validator whose link is down is passed over at once, lease or none."};
  tell_reach(part, options.quick ? 5 : 40, command);

  Table table{"Bytes and time a block",
              {"n", "links", "relay", "KiB sent by the leader", "by all", "commit at the leader p50 / p99, ms",
               "at everyone p50 / p99", "passed on", "sent again, pulls"},
              {}};
  std::string csv =
      "n,link_bits_per_s,relay,leader_kib,all_kib,leader_p50_ms,leader_p99_ms,everyone_p50_ms,everyone_p99_ms,passed_"
      "on,"
      "fallbacks,pulls\n";
  for (size_t n : sizes)
    for (const Link& link : kLinks)
      for (bool relayed : {false, true}) {
        const Pooled p = pooled(runs, n, link, relayed);
        const auto count = [&](const char* code) {
          const auto at = p.counted.find(code);
          return at == p.counted.end() ? 0 : at->second;
        };
        const uint64_t passed_on = count("relay_passed_on"), fallbacks = count("relay_fallbacks");
        const uint64_t pulls = count("relay_pulls");
        table.rows.push_back({std::to_string(n), link.name, relayed ? "on" : "off",
                              (p.unfinished > 0 ? "!unfinished, " : "") + fixed(kib(p.leader_bytes, p.blocks), 0),
                              fixed(kib(p.bytes, p.blocks), 0), both(p.leader_us), both(p.everyone_us),
                              fixed(per_block(passed_on, p.blocks), 1),
                              std::to_string(fallbacks) + ", " + std::to_string(pulls)});
        csv += std::to_string(n) + "," + std::to_string(link.bits_per_s) + (relayed ? ",on," : ",off,") +
               plain(kib(p.leader_bytes, p.blocks), 2) + "," + plain(kib(p.bytes, p.blocks), 2) + "," +
               plain(ms(p.leader_us, 50), 2) + "," + plain(ms(p.leader_us, 99), 2) + "," +
               plain(ms(p.everyone_us, 50), 2) + "," + plain(ms(p.everyone_us, 99), 2) + "," +
               plain(per_block(passed_on, p.blocks), 2) + "," + std::to_string(fallbacks) + "," +
               std::to_string(pulls) + "\n";
      }
  s.tables.push_back(std::move(table));
  part.csv.push_back({"relay.csv", csv});

  const size_t n = sizes.back();
  std::string ours;
  bool saves = true, faster = true;
  for (const Link& link : kLinks) {
    const Pooled off = pooled(runs, n, link, false), on = pooled(runs, n, link, true);
    saves &= on.unfinished == 0 && kib(on.leader_bytes, on.blocks) < kib(off.leader_bytes, off.blocks);
    faster &= on.unfinished == 0 && ms(on.leader_us, 50) <= ms(off.leader_us, 50);
    ours += (ours.empty() ? "" : "; ") + std::string(link.name) + ": the leader sends " +
            fixed(kib(on.leader_bytes, on.blocks), 0) + " instead of " + fixed(kib(off.leader_bytes, off.blocks), 0) +
            " KiB a block, commit at the leader p50 " + fixed(ms(on.leader_us, 50), 0) + " instead of " +
            fixed(ms(off.leader_us, 50), 0) + " ms";
  }
  part.rows.push_back(
      {"relay", "replication between neighbours makes it more efficient, n = " + std::to_string(n),
       "optimizes efficiency (no number)", ours,
       saves && faster ? "yes"
       : saves         ? "partly"
                       : "no",
       "Blocks leave the leader for its neighbours alone, but most of what it sends are the transactions of its "
       "clients, which go to everybody with or without a relay; and the second hop costs one more way through the "
       "network in each of the two rounds, which pays only where links are what all wait for.",
       command});
  return part;
}

}  // namespace tieline::paper
