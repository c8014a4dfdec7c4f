// Paper 000, figures 1 and 2: throughput and delay of CBFT and PBFT at n = 4, 5, 6 with blocks of 20, with one bad node
// that fails in some of its tenures; who leads by credit or in turn, so that what the credit model brings is kept apart
// from what the missing phase brings.

#include <array>
#include <atomic>
#include <mutex>
#include <optional>

#include "base/check.h"
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

// Who leads.
struct Leading {
  const char* name;
  std::optional<LeaderPolicy> policy;  // none: the engine has no such thing
  bool steady = false;                 // the first leader stays; shown only where nobody is bad
  bool by_credit = false;              // epochs end, and the network's credit of one acts two epochs later
};
constexpr Leading kSteady = {"one leader", LeaderPolicy::kStrict, true};
constexpr Leading kInTurn = {"round-robin", LeaderPolicy::kStrict};  // equal credit: in a fixed order, round and round
constexpr Leading kDrawn = {"drawn", LeaderPolicy::kRotate};         // equal credit: draws
constexpr Leading kByCredit = {"credit", LeaderPolicy::kStrict, false, true};  // the paper's: the highest first
constexpr Leading kNoCredit = {"credit", std::nullopt};
constexpr uint32_t kTenuresPerEpoch = 3;  // as with genesis' defaults
constexpr uint32_t kNeverMoves = 1'000'000;

std::vector<Leading> leading_of(EngineKind engine) {
  if (engine == EngineKind::kCbft) return {kSteady, kInTurn, kDrawn, kByCredit};
  return {kSteady, kInTurn, kNoCredit};  // PBFT has neither
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
        for (const size_t n : kSizes)
          if (!leading.steady || percent == 0) out.push_back({engine, leading, percent, n});
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
      if (s.leading.steady)
        o.tenure_slots = kNeverMoves;
      else
        o.tenure_by_epoch = s.engine == EngineKind::kPbft;
      if (s.leading.by_credit) o.epoch_blocks = kTenuresPerEpoch * o.tenure_slots;
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
      row.push_back(all[i].leading.policy ? text_of(estimate(outcomes[i + k].*values), decimals) : "!has none");
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
        if (!leading.policy || (leading.steady && percent != 0)) continue;
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

const Outcome& shown(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, EngineKind engine,
                     const Leading& leading, size_t n) {
  const Outcome* found = find(all, outcomes, engine, leading, 0, n);
  TL_CHECK(found != nullptr);
  return *found;
}

// The means at n = 4, 5, 6 while all behave.
std::string list_of(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, EngineKind engine,
                    const Leading& leading, Values values, int decimals) {
  std::string text;
  for (const size_t n : kSizes)
    text +=
        (text.empty() ? "" : " / ") + fixed(estimate(shown(all, outcomes, engine, leading, n).*values).mean, decimals);
  return text;
}

// At how many n `low` lies below `high` by more than the intervals, all behaving.
size_t below(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, const Leading& leading,
             EngineKind low, EngineKind high, Values values) {
  size_t count = 0;
  for (const size_t n : kSizes) {
    const Estimate a = estimate(shown(all, outcomes, low, leading, n).*values);
    const Estimate b = estimate(shown(all, outcomes, high, leading, n).*values);
    count += a.mean + a.half < b.mean - b.half ? 1 : 0;
  }
  return count;
}

// How much of the throughput at n = 4 is lost at n = 6, in percent, seed by seed.
Estimate drop(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, EngineKind engine) {
  const Outcome& at4 = shown(all, outcomes, engine, kSteady, 4);
  const Outcome& at6 = shown(all, outcomes, engine, kSteady, 6);
  std::vector<double> lost;
  for (size_t i = 0; i < at4.tps.size(); ++i)
    if (at4.tps[i] > 0) lost.push_back((at4.tps[i] - at6.tps[i]) / at4.tps[i] * 100);
  return estimate(lost);
}

// "4,000 / 3,900 / 3,800 with one leader and 3,500 / ... in turn"
std::string both_ways(const std::vector<Setting>& all, const std::vector<Outcome>& outcomes, Values values,
                      int decimals, const std::string& unit) {
  std::string text;
  for (const Leading& leading : {kSteady, kInTurn}) {
    text += text.empty() ? "" : "; ";
    text += std::string(leading.name) + ": ";
    bool first = true;
    for (const EngineKind engine : engines_compared()) {
      text += (first ? "" : ", ") + std::string(engine_name(engine)) + " " +
              list_of(all, outcomes, engine, leading, values, decimals);
      first = false;
    }
    text += " " + unit;
  }
  return text;
}

std::string verdict(size_t steady, size_t in_turn) {
  const size_t most = kSizes.size();
  return steady == most && in_turn == most ? "yes" : steady + in_turn == 0 ? "no" : "partly";
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

// What credit brings: cbft led by it beside cbft led in turn, with the node at its worst.
Row credit_row(const std::string& id, const std::string& command, const std::vector<Setting>& all,
               const std::vector<Outcome>& outcomes, uint32_t percent, Values values, bool more_is_better, int decimals,
               const std::string& unit) {
  Row row{id,
          "the gain is due to the credit model",
          "fewer view changes, hence higher throughput and lower delay",
          "",
          "",
          "",
          command};
  size_t better = 0, worse = 0;
  std::string by_credit, in_turn;
  for (const size_t n : kSizes) {
    const Estimate with = estimate(find(all, outcomes, EngineKind::kCbft, kByCredit, percent, n)->*values);
    const Estimate without = estimate(find(all, outcomes, EngineKind::kCbft, kInTurn, percent, n)->*values);
    const bool above = with.mean - with.half > without.mean + without.half;
    const bool below_it = with.mean + with.half < without.mean - without.half;
    better += (more_is_better ? above : below_it) ? 1 : 0;
    worse += (more_is_better ? below_it : above) ? 1 : 0;
    by_credit += (by_credit.empty() ? "" : " / ") + fixed(with.mean, decimals);
    in_turn += (in_turn.empty() ? "" : " / ") + fixed(without.mean, decimals);
  }
  row.ours = "cbft, a node that fails in " + std::to_string(percent) + " % of its tenures: by credit " + by_credit +
             ", in turn " + in_turn + " " + unit;
  row.holds = better == kSizes.size() ? "yes" : better > worse ? "partly" : worse > 0 ? "no" : "not shown";
  row.why = "Led by credit it is better than in turn by more than the intervals at " + std::to_string(better) +
            " of 3 sizes and worse at " + std::to_string(worse) +
            ": what credit saves is the time-outs of the bad node's tenures once the chain has seen some of them, and "
            "a run is short; with nobody bad it saves nothing.";
  return row;
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
            "One leader: the first one stays. Round-robin: the lead moves on after a tenure, in cbft by a planned view "
            "change, in pbft with the epoch, which is how each of them moves it. Credit: an epoch is three tenures, "
            "led by the "
            "highest credit first; pbft has none.",
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

  const auto count = [&](const Leading& leading, EngineKind low, EngineKind high, Values values) {
    return compared ? below(all, outcomes, leading, low, high, values) : 0;
  };
  const std::string no_pbft = "There is no PBFT engine in this build.";
  if (fig1) {
    const std::string command = "tieline paper --only fig1" + quick;
    add_plots(s, scale, all, outcomes, &Outcome::tps, "transactions a second");
    s.tables.push_back(table_of("Throughput, transactions a second (eq. 1)", all, outcomes, &Outcome::tps, 0));
    const size_t steady = count(kSteady, EngineKind::kPbft, EngineKind::kCbft, &Outcome::tps);
    const size_t in_turn = count(kInTurn, EngineKind::kPbft, EngineKind::kCbft, &Outcome::tps);
    Row row{"fig1",
            "throughput of CBFT is above that of PBFT at n = 4, 5, 6",
            "above (a figure without numbers)",
            both_ways(all, outcomes, &Outcome::tps, 0, "tx/s"),
            compared ? verdict(steady, in_turn) : "not measured",
            compared ? "CBFT is above by more than the intervals at " + std::to_string(steady) +
                           " of 3 sizes with one leader and at " + std::to_string(in_turn) +
                           " of 3 in turn: a PBFT that proposes the next block as soon as one is prepared hides its "
                           "COMMIT behind the next round, so that the missing phase gains little throughput."
                     : no_pbft,
            command};
    Row slope{"fig1",
              "throughput of CBFT falls less with n",
              "falls less (a figure without numbers)",
              "not measured",
              "not measured",
              no_pbft,
              command};
    if (compared) {
      const Estimate cbft = drop(all, outcomes, EngineKind::kCbft), pbft = drop(all, outcomes, EngineKind::kPbft);
      const bool less = cbft.mean + cbft.half < pbft.mean - pbft.half;
      const bool more = pbft.mean + pbft.half < cbft.mean - cbft.half;
      slope.ours =
          "from n = 4 to 6, one leader, CBFT loses " + text_of(cbft, 1) + " %, PBFT " + text_of(pbft, 1) + " %";
      slope.holds = less ? "yes" : more ? "no" : "not shown";
      slope.why = less   ? "One vote of each node to each other a block grows more slowly than two."
                  : more ? "At so few nodes the delay of the links decides, and it does not grow with n."
                         : "The intervals meet: at so few nodes the delay of the links decides, and it does not grow "
                           "with n.";
    }
    part.rows.push_back(row);
    part.rows.push_back(slope);
    part.rows.push_back(
        credit_row("fig1", command, all, outcomes, scale.percents.back(), &Outcome::tps, true, 0, "tx/s"));
  }
  if (fig2) {
    const std::string command = "tieline paper --only fig2" + quick;
    add_plots(s, scale, all, outcomes, &Outcome::delay_ms, "consensus delay, ms");
    add_plots(s, scale, all, outcomes, &Outcome::client_ms, "delay at the client, ms");
    s.tables.push_back(table_of("Consensus delay, ms (eq. 2: commit at the q-th correct node after the PROPOSE)", all,
                                outcomes, &Outcome::delay_ms, 2));
    s.tables.push_back(
        table_of("The client's own delay, ms: from submission to the (f+1)-th equal reply, waiting for "
                 "a place in a block included",
                 all, outcomes, &Outcome::client_ms, 2));
    const size_t steady = count(kSteady, EngineKind::kCbft, EngineKind::kPbft, &Outcome::delay_ms);
    const size_t in_turn = count(kInTurn, EngineKind::kCbft, EngineKind::kPbft, &Outcome::delay_ms);
    part.rows.push_back(
        {"fig2", "consensus delay of CBFT is below that of PBFT", "below (a figure without numbers)",
         both_ways(all, outcomes, &Outcome::delay_ms, 2, "ms"), compared ? verdict(steady, in_turn) : "not measured",
         compared ? "At " + std::to_string(steady) + " of 3 sizes with one leader and " + std::to_string(in_turn) +
                        " of 3 in turn it is below by more than the intervals: CBFT answers after one "
                        "round of votes and PBFT after two, which a pipeline hides in the throughput but not "
                        "in the delay."
                  : no_pbft,
         command});
    part.rows.push_back(credit_row("fig2", command, all, outcomes, scale.percents.back(), &Outcome::client_ms, false, 2,
                                   "ms at the client"));
  }
  part.csv.push_back({"figures.csv", csv_of(all, outcomes)});
  return part;
}

}  // namespace tieline::paper
