// Paper 000, figures 1 and 2: throughput and delay of CBFT and PBFT at n = 4, 5, 6 with blocks of 20, with one bad node
// that fails in some of its tenures; who leads by credit or in turn, so that what the credit model brings is kept apart
// from what the missing phase brings.

#include <array>
#include <atomic>
#include <mutex>
#include <optional>

#include "paper/experiments.h"
#include "paper/numbers.h"

namespace tieline::paper {
namespace {

constexpr std::array<size_t, 3> kSizes = {4, 5, 6};

struct Scale {
  uint64_t seeds = 30;
  Height blocks = 200;
  std::vector<uint32_t> percents = {0, 10, 20, 30};
};
Scale scale_of(bool quick) { return quick ? Scale{2, 40, {0, 30}} : Scale{}; }

// Who leads. The credit model comes with its own engine data (a table that changes); until then its column is empty
// rather than filled with something else.
struct Leading {
  const char* name;
  std::optional<LeaderPolicy> policy;  // none: not in this build
};
constexpr Leading kInTurn = {"round-robin", LeaderPolicy::kStrict};  // equal credit: in a fixed order, round and round
constexpr Leading kDrawn = {"drawn", LeaderPolicy::kRotate};         // equal credit: draws
constexpr Leading kByCredit = {"credit", std::nullopt};

std::vector<Leading> leading_of(EngineKind engine) {
  if (engine == EngineKind::kCbft) return {kInTurn, kDrawn, kByCredit};
  return {kInTurn, kByCredit};  // PBFT has no draws
}

struct Setting {
  EngineKind engine{};
  Leading leading{};
  uint32_t percent = 0;
  size_t validators = 0;
};
struct Outcome {
  std::vector<double> tps, delay_ms, client_ms;  // by seed: means of a run
  std::vector<double> client_p99_ms, bad_tenures;
  uint64_t unfinished = 0;
};

std::string label(const Setting& s) { return std::string(engine_name(s.engine)) + ", " + s.leading.name; }

std::vector<Setting> settings(const Scale& scale) {
  std::vector<Setting> out;
  for (const EngineKind engine : engines_compared())
    for (const Leading& leading : leading_of(engine))
      for (const uint32_t percent : scale.percents)
        for (const size_t n : kSizes) out.push_back({engine, leading, percent, n});
  return out;
}

std::vector<Outcome> run_all(const std::vector<Setting>& all, const Scale& scale, size_t threads, const Told& told) {
  std::vector<Outcome> out(all.size());
  for (Outcome& o : out) {
    for (auto* values : {&o.tps, &o.delay_ms, &o.client_ms, &o.client_p99_ms, &o.bad_tenures})
      values->resize(scale.seeds);
  }
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(all.size() * scale.seeds, threads, [&](size_t i) {
    const Setting& s = all[i / scale.seeds];
    const uint64_t seed = i % scale.seeds;
    if (s.leading.policy) {
      WorldOptions o;
      o.engine = s.engine;
      o.policy = *s.leading.policy;
      o.validators = s.validators;
      o.seed = seed;
      o.blocks = scale.blocks;
      o.bad = static_cast<ValidatorId>(seed % s.validators);
      o.bad_percent = s.percent;
      const Measured m = measure(o);
      Outcome& at = out[i / scale.seeds];
      at.tps[seed] = static_cast<double>(m.milli_tps()) / 1'000;
      at.delay_ms[seed] = mean_of(m.consensus_us) / 1'000;
      at.client_ms[seed] = mean_of(m.client_us) / 1'000;
      at.client_p99_ms[seed] = static_cast<double>(percentile_of(m.client_us, 99)) / 1'000;
      at.bad_tenures[seed] = static_cast<double>(m.bad_tenures);
      if (!m.reached) {
        const std::lock_guard lock(mutex);
        ++at.unfinished;
      }
    }
    const std::lock_guard lock(mutex);
    told("figures 1 and 2: run " + std::to_string(++finished) + " of " + std::to_string(all.size() * scale.seeds));
  });
  return out;
}

const Outcome* find(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, EngineKind engine,
                    const Leading& leading, uint32_t percent, size_t n) {
  for (size_t i = 0; i < all.size(); ++i) {
    const Setting& s = all[i];
    if (s.engine == engine && s.leading.name == leading.name && s.percent == percent && s.validators == n &&
        s.leading.policy)
      return &outcomes[i];
  }
  return nullptr;
}

using Values = std::vector<double> Outcome::*;

Table table_of(const std::string& caption, const std::vector<Setting>& all, const std::vector<Outcome>& outcomes,
               Values values, int decimals) {
  Table t{caption, {"engine, leader", "bad node fails in"}, {}};
  for (const size_t n : kSizes) t.head.push_back("n = " + std::to_string(n));
  for (size_t i = 0; i < all.size(); i += kSizes.size()) {
    std::vector<std::string> row = {label(all[i]), std::to_string(all[i].percent) + " %"};
    for (size_t k = 0; k < kSizes.size(); ++k)
      row.push_back(all[i].leading.policy ? text_of(estimate(outcomes[i + k].*values), decimals)
                                          : "!not in this build");
    if (all[i].leading.policy || all[i].percent == 0) t.rows.push_back(std::move(row));
    if (!all[i].leading.policy) t.rows.back()[1] = "any";
  }
  return t;
}

void add_plots(Section& section, const Scale& scale, const std::vector<Setting>& all,
               const std::vector<Outcome>& outcomes, Values values, const std::string& what) {
  for (const uint32_t percent : scale.percents) {
    Plot plot{percent == 0 ? "All behave" : "Bad node fails in " + std::to_string(percent) + " % of its tenures",
              "validators",
              what,
              {},
              false};
    for (const EngineKind engine : engines_compared()) {
      for (const Leading& leading : leading_of(engine)) {
        if (!leading.policy) continue;
        Series s{std::string(engine_name(engine)) + ", " + leading.name, {}, {}, {}};
        for (const size_t n : kSizes) {
          const Estimate e = estimate(find(all, outcomes, engine, leading, percent, n)->*values);
          s.x.push_back(static_cast<double>(n));
          s.y.push_back(e.mean);
          s.half.push_back(e.half);
        }
        plot.series.push_back(std::move(s));
      }
    }
    section.plots.push_back(std::move(plot));
  }
}

std::string list_of(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, EngineKind engine,
                    Values values, int decimals) {
  std::string text;
  for (const size_t n : kSizes)
    text += (text.empty() ? "" : " / ") +
            fixed(estimate(find(all, outcomes, engine, kInTurn, 0, n)->*values).mean, decimals);
  return text;
}

// Is `low` below `high` at every n, by more than the intervals?
bool below(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, EngineKind low, EngineKind high,
           Values values) {
  for (const size_t n : kSizes) {
    const Estimate a = estimate(find(all, outcomes, low, kInTurn, 0, n)->*values);
    const Estimate b = estimate(find(all, outcomes, high, kInTurn, 0, n)->*values);
    if (a.mean + a.half >= b.mean - b.half) return false;
  }
  return true;
}

// How much of the throughput at n = 4 is lost at n = 6, in percent.
double drop(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, EngineKind engine) {
  const double at4 = estimate(find(all, outcomes, engine, kInTurn, 0, 4)->tps).mean;
  const double at6 = estimate(find(all, outcomes, engine, kInTurn, 0, 6)->tps).mean;
  return at4 > 0 ? (at4 - at6) / at4 * 100 : 0;
}

std::string csv_of(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes) {
  std::string text =
      "engine,leader,bad_percent,n,seed,tx_per_s,consensus_delay_ms,client_delay_ms,client_p99_ms,bad_tenures\n";
  for (size_t i = 0; i < all.size(); ++i) {
    if (!all[i].leading.policy) continue;
    for (size_t seed = 0; seed < outcomes[i].tps.size(); ++seed) {
      text += std::string(engine_name(all[i].engine)) + "," + all[i].leading.name + "," +
              std::to_string(all[i].percent) + "," + std::to_string(all[i].validators) + "," + std::to_string(seed) +
              "," + plain(outcomes[i].tps[seed], 1) + "," + plain(outcomes[i].delay_ms[seed], 3) + "," +
              plain(outcomes[i].client_ms[seed], 3) + "," + plain(outcomes[i].client_p99_ms[seed], 3) + "," +
              plain(outcomes[i].bad_tenures[seed], 0) + "\n";
    }
  }
  return text;
}

Row credit_row(const std::string& id, const std::string& command) {
  return {id,
          "the gain is due to the credit model",
          "fewer view changes, hence higher throughput and lower delay",
          "not measured",
          "not measured",
          "The credit model is not in this build: its column is left empty, not filled with another policy; what these "
          "runs do show is the part of the gain that comes from the missing phase alone.",
          command};
}

}  // namespace

Part figures_1_and_2(const ExperimentOptions& options, bool fig1, bool fig2, const Told& told) {
  const Scale scale = scale_of(options.quick);
  const std::vector<Setting> all = settings(scale);
  const std::vector<Outcome> outcomes = run_all(all, scale, options.threads, told);
  const bool compared = engines_compared().size() > 1;
  const std::string quick = options.quick ? " --quick" : "";
  uint64_t unfinished = 0;
  for (const Outcome& o : outcomes) unfinished += o.unfinished;

  Part part;
  Section& s = part.section;
  s.id = "figures";
  s.title = fig1 && fig2 ? "Figures 1 and 2: throughput and delay" : fig1 ? "Figure 1: throughput" : "Figure 2: delay";
  const WorldOptions used;
  s.text = {"Each point is the mean of " + std::to_string(scale.seeds) + " runs of " + std::to_string(scale.blocks) +
                " blocks with its 95 % interval. Blocks of " + std::to_string(used.block_tx) + " transactions of " +
                std::to_string(used.payload_bytes) + " bytes, " + std::to_string(used.in_flight) +
                " under way, one-way delays of " + sim::latency_name(used.latency) + ", links of " +
                whole(static_cast<double>(used.link_bits_per_s) / 1e6) + " Mbit/s, time-out " +
                std::to_string(used.timeout_ms) + " ms, a tenure of " + std::to_string(used.tenure_slots) +
                " blocks. Signatures, hash, batching, links and disks are the same for all engines.",
            "One node is bad: in the given share of its tenures it proposes nothing, otherwise it behaves. The same "
            "node is left out of the count of correct nodes in every run, also where it behaves."};
  if (fig2)
    s.text.push_back(
        "Equation 2 starts its clock at the PROPOSE: a primary that proposes nothing does not show in it at all. It "
        "shows "
        "in the throughput, and in what the client waits.");
  if (unfinished > 0)
    s.text.push_back(std::to_string(unfinished) + " runs did not finish in time and count with what they did.");
  if (!compared) s.text.push_back("This build has no PBFT engine, so that nothing can be compared yet.");

  if (fig1) {
    const std::string command = "tieline paper --only fig1" + quick;
    add_plots(s, scale, all, outcomes, &Outcome::tps, "transactions a second");
    s.tables.push_back(table_of("Throughput, transactions a second (eq. 1)", all, outcomes, &Outcome::tps, 0));
    std::string ours = "CBFT " + list_of(all, outcomes, EngineKind::kCbft, &Outcome::tps, 0);
    Row row{"fig1",
            "throughput of CBFT is above that of PBFT at n = 4, 5, 6",
            "above (a figure without numbers)",
            ours + " tx/s",
            "not measured",
            "There is no PBFT engine in this build.",
            command};
    Row slope{"fig1",
              "throughput of CBFT falls less with n",
              "falls less (a figure without numbers)",
              "not measured",
              "not measured",
              "There is no PBFT engine in this build.",
              command};
    if (compared) {
      const bool above = below(all, outcomes, EngineKind::kPbft, EngineKind::kCbft, &Outcome::tps);
      row.ours += ", PBFT " + list_of(all, outcomes, EngineKind::kPbft, &Outcome::tps, 0) + " tx/s, both in turn";
      row.holds = above ? "yes" : "no";
      row.why = above ? "It saves one round of votes a block, which is the whole difference while all behave."
                      : "With the same signatures, batching and links the missing phase does not show at every n.";
      const double cbft = drop(all, outcomes, EngineKind::kCbft), pbft = drop(all, outcomes, EngineKind::kPbft);
      slope.ours = "from n = 4 to 6 CBFT loses " + fixed(cbft, 1) + " %, PBFT " + fixed(pbft, 1) + " %";
      slope.holds = cbft < pbft ? "yes" : "no";
      slope.why = cbft < pbft ? "One vote of each node to each other a block grows more slowly than two."
                              : "At so few nodes the delay of the links decides, and it does not grow with n.";
    }
    part.rows.push_back(row);
    part.rows.push_back(slope);
    part.rows.push_back(credit_row("fig1", command));
  }
  if (fig2) {
    const std::string command = "tieline paper --only fig2" + quick;
    add_plots(s, scale, all, outcomes, &Outcome::delay_ms, "consensus delay, ms");
    s.tables.push_back(table_of("Consensus delay, ms (eq. 2: commit at the q-th correct node after the PROPOSE)", all,
                                outcomes, &Outcome::delay_ms, 2));
    s.tables.push_back(
        table_of("The client's own delay, ms: from submission to the (f+1)-th equal reply, waiting for "
                 "a place in a block included",
                 all, outcomes, &Outcome::client_ms, 2));
    Row row{"fig2",
            "consensus delay of CBFT is below that of PBFT",
            "below (a figure without numbers)",
            "CBFT " + list_of(all, outcomes, EngineKind::kCbft, &Outcome::delay_ms, 2) + " ms",
            "not measured",
            "There is no PBFT engine in this build.",
            command};
    if (compared) {
      const bool lower = below(all, outcomes, EngineKind::kCbft, EngineKind::kPbft, &Outcome::delay_ms);
      row.ours += ", PBFT " + list_of(all, outcomes, EngineKind::kPbft, &Outcome::delay_ms, 2) + " ms; the client's " +
                  list_of(all, outcomes, EngineKind::kCbft, &Outcome::client_ms, 1) + " and " +
                  list_of(all, outcomes, EngineKind::kPbft, &Outcome::client_ms, 1) + " ms";
      row.holds = lower ? "yes" : "no";
      row.why = lower ? "One round of votes fewer, with one durable write fewer before it."
                      : "The intervals meet: the missing phase does not show at every n.";
    }
    part.rows.push_back(row);
    part.rows.push_back(credit_row("fig2", command));
  }
  part.csv.push_back({"figures.csv", csv_of(all, outcomes)});
  return part;
}

}  // namespace tieline::paper
