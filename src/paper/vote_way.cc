// What it would bring to send votes to the leader alone: the same kernel with both ways of voting, on the same links.
// cbft votes all to all; trust_raft votes to its leader, who tells the rest.

#include <array>

#include "paper/numbers.h"
#include "paper/runs.h"

namespace tieline::paper {
namespace {

struct Way {
  const char* name;
  EngineKind engine;
  bool fast_path;
};
constexpr std::array<Way, 3> kWays = {{{"cbft, all to all, fast path", EngineKind::kCbft, true},
                                       {"cbft, all to all, two-chain", EngineKind::kCbft, false},
                                       {"trust_raft, to the leader, two-chain", EngineKind::kTrustRaft, false}}};

}  // namespace

void votes_all_to_all_or_to_the_leader(Part& part, const ExperimentOptions& options, const Told& told) {
  const std::vector<size_t> sizes = options.quick ? std::vector<size_t>{4, 10} : std::vector<size_t>{4, 10, 25, 50};
  std::vector<Run> runs;
  for (const size_t n : sizes) {
    for (const Way& way : kWays) {
      Run run{way.name, {}, {}};
      run.options.engine = way.engine;
      run.options.fast_path = way.fast_path;
      run.options.validators = n;
      run.options.latency = sim::LatencyModel::kNormal20;
      run.options.tenure_slots = 20'000;
      run.options.timeout_ms = 5'000;
      run.options.blocks = 20;
      runs.push_back(std::move(run));
    }
  }
  run_all(runs, options.threads, "cost, ways of voting", told);
  Table table{"Votes all to all, and to the leader alone; one-way delays N(20,5) ms, p50 / p99 in ms",
              {"n", "votes", "messages a block", "KiB a block", "commit at the leader", "at everyone"},
              {}};
  std::string csv = "n,votes,messages_a_block,bytes_a_block,leader_p50_ms,everyone_p50_ms\n";
  std::map<std::string, Pooled> last;
  for (const size_t n : sizes) {
    for (const Way& way : kWays) {
      const Pooled p = pooled(runs, [&](const Run& r) { return r.name == way.name && r.options.validators == n; });
      table.rows.push_back({std::to_string(n), way.name,
                            (p.unfinished > 0 ? "!unfinished, " : "") + fixed(per_block(p.messages, p.blocks), 0),
                            fixed(per_block(p.bytes, p.blocks) / 1'024, 0), both(p.leader_us), both(p.everyone_us)});
      csv += std::to_string(n) + "," + csv_field(way.name) + "," + plain(per_block(p.messages, p.blocks), 1) + "," +
             plain(per_block(p.bytes, p.blocks), 1) + "," + plain(ms(p.leader_us, 50), 2) + "," +
             plain(ms(p.everyone_us, 50), 2) + "\n";
      last[way.name] = p;
    }
  }
  part.section.tables.push_back(std::move(table));
  part.csv.push_back({"cost_votes.csv", csv});
  const Pooled &fast = last[kWays[0].name], &all = last[kWays[1].name], &leader = last[kWays[2].name];
  const double fast_ms = ms(fast.everyone_us, 50), all_ms = ms(all.everyone_us, 50);
  const double leader_ms = ms(leader.everyone_us, 50);
  part.rows.push_back(
      {"cost", "votes to the leader alone would serve cbft better, n = " + std::to_string(sizes.back()),
       "not claimed; our design asks for it above some 10 validators",
       "to the leader: " + fixed(per_block(leader.messages, leader.blocks), 0) + " messages and " +
           fixed(per_block(leader.bytes, leader.blocks) / 1'024, 0) + " KiB a block, committed everywhere after " +
           fixed(leader_ms, 0) + " ms (p50); all to all: " + fixed(per_block(all.messages, all.blocks), 0) +
           " messages, " + fixed(per_block(all.bytes, all.blocks) / 1'024, 0) + " KiB, " + fixed(all_ms, 0) +
           " ms, and with the fast path " + fixed(fast_ms, 0) + " ms",
       leader.unfinished == 0 && leader_ms < fast_ms ? "yes" : "no",
       "The leader's detour costs a delay for everyone else in each round, and a certificate of a list is checked "
       "signature by signature by all as its votes are: only messages are saved, which links of 1 Gbit/s carry. Who "
       "needs that has trust_raft, the same kernel.",
       command_of(options, "cost")});
}

}  // namespace tieline::paper
