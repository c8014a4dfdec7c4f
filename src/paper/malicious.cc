// Paper 004, 4.1 and 5.1.4: "stable while at most 40 % are malicious", and 5.1.4's strong attack with more than half.
// One contested slot, many times: b of 50 members are bad and one of them leads where it may; who votes for what is
// drawn, and the real committee says what is a quorum. So the numbers say what counting allows, at once for every
// engine of the kernel; what engines make of it is in the row `bound`.

#include <mutex>

#include "base/rng.h"
#include "consensus/engine.h"
#include "model/committee.h"
#include "paper/experiments.h"
#include "paper/numbers.h"

namespace tieline::paper {
namespace {

constexpr size_t kMembers = 50;
constexpr size_t kPaperMost = 20;         // 40 %
constexpr size_t kMajority = 26;          // more than half
constexpr uint32_t kKnownTrust = 20'000;  // faulty

enum class Kind : uint8_t { kSilent, kTogether, kAlone, kForge, kKnown };
struct Adversary {
  Kind kind;
  const char* name;
};
constexpr Adversary kAdversaries[] = {
    {Kind::kSilent, "silent"},
    {Kind::kTogether, "equivocate together"},
    {Kind::kAlone, "equivocate each for itself"},
    {Kind::kForge, "forge data, vote honestly"},
    {Kind::kKnown, "known (faulty), equivocate together"},
};

struct Rates {
  double forks = 0;            // percent of contested slots in which two blocks had a quorum
  double decided = 0;          // one block had
  double forged = 0;           // a forged block had
  bool fork_at_worst = false;  // if the adversary deals the correct members as it likes
  bool stops = false;          // without the bad ones' help the correct ones are no quorum
};

Committee committee_of(Kind kind, size_t bad) {
  std::vector<Member> members(kMembers);
  for (size_t i = 0; i < kMembers; ++i) {
    members[i].id = static_cast<ValidatorId>(i);
    members[i].trust = kind == Kind::kKnown && i < bad ? kKnownTrust : kGenesisTrust;
  }
  return Committee(0, Hash(), std::move(members), FaultModel::kWeighted);
}

SignerSet range(size_t from, size_t to) {
  SignerSet s;
  for (size_t i = from; i < to; ++i) s.insert(i);
  return s;
}
SignerSet both(SignerSet a, const SignerSet& b) {
  for (const size_t p : b.positions()) a.insert(p);
  return a;
}

// The leader, member 0, shows each of the others one of two blocks; whoever equivocates votes for both.
void contested(const Committee& c, Kind kind, size_t bad, Rng& rng, uint64_t& forks, uint64_t& decided) {
  SignerSet votes[2];
  const size_t liars = kind == Kind::kAlone ? std::min<size_t>(bad, 1) : bad;
  for (size_t m = 0; m < kMembers; ++m) {
    if (m < liars) {
      votes[0].insert(m);
      votes[1].insert(m);
    } else {
      votes[rng.below(2)].insert(m);
    }
  }
  const int quorums = (c.is_quorum(votes[0]) ? 1 : 0) + (c.is_quorum(votes[1]) ? 1 : 0);
  forks += quorums == 2 ? 1 : 0;
  decided += quorums == 1 ? 1 : 0;
}

Rates rates_of(Kind kind, size_t bad, uint64_t slots) {
  Rates out;
  const Committee c = committee_of(kind, bad);
  out.stops = !c.is_quorum(range(bad, kMembers));
  if (kind == Kind::kForge) {  // they vote for what is valid, so that nothing stops; a forgery gets their votes alone
    out.stops = false;
    out.decided = 100;
    out.forged = c.is_quorum(range(0, bad)) ? 100 : 0;
    return out;
  }
  if (kind == Kind::kSilent || bad == 0) {
    out.decided = out.stops ? 0 : 100;
    return out;
  }
  if (kind == Kind::kAlone) out.stops = false;
  const size_t liars = kind == Kind::kAlone ? 1 : bad;
  const size_t half = liars + (kMembers - liars) / 2;
  out.fork_at_worst = c.is_quorum(range(0, half)) && c.is_quorum(both(range(0, liars), range(half, kMembers)));
  Rng rng(bad * 10 + static_cast<size_t>(kind));
  uint64_t forks = 0, decided = 0;
  for (uint64_t i = 0; i < slots; ++i) contested(c, kind, bad, rng, forks, decided);
  out.forks = 100.0 * static_cast<double>(forks) / static_cast<double>(slots);
  out.decided = 100.0 * static_cast<double>(decided) / static_cast<double>(slots);
  return out;
}

std::string share(size_t bad) { return std::to_string(bad * 100 / kMembers) + " %"; }
std::string verdict(const Rates& r) {
  if (r.fork_at_worst) return "!forks (" + plain(r.forks, 1) + " %)";
  return r.stops ? "!safe, stops" : "safe, goes on";
}

// The largest share at which nothing forks, stops or lets a forgery through.
size_t bears(Kind kind, uint64_t slots) {
  size_t bad = 0;
  while (bad + 1 < kMembers) {
    const Rates r = rates_of(kind, bad + 1, slots);
    if (r.fork_at_worst || r.stops || r.forged > 0) break;
    ++bad;
  }
  return bad;
}

// The same questions put to whole engines in the measuring world, where that can be done: bad from the first block on.
struct Simulated {
  EngineKind engine;
  size_t n, bad;
  Kind kind;
};
constexpr Simulated kSimulated[] = {
    {EngineKind::kCbft, 10, 3, Kind::kSilent},        {EngineKind::kCbft, 10, 4, Kind::kSilent},
    {EngineKind::kCbft, 10, 3, Kind::kTogether},      {EngineKind::kCbft, 10, 4, Kind::kTogether},
    {EngineKind::kTrustRaft, 10, 3, Kind::kSilent},   {EngineKind::kTrustRaft, 10, 4, Kind::kSilent},
    {EngineKind::kTrustRaft, 10, 3, Kind::kTogether}, {EngineKind::kTrustRaft, 50, 16, Kind::kSilent},
    {EngineKind::kTrustRaft, 50, 20, Kind::kSilent},
};
constexpr int64_t kSimulatedLimitUs = 20'000'000;

std::string simulate(const Simulated& s, uint64_t seed, Height blocks) {
  WorldOptions o;
  o.engine = s.engine;
  o.validators = s.n;
  o.seed = seed;
  o.blocks = blocks;
  o.tenure_slots = 5;
  o.timeout_ms = 200;
  o.limit_us = kSimulatedLimitUs;
  auto& bad = s.kind == Kind::kSilent ? o.silent : o.coalition;
  for (size_t i = 0; i < s.bad; ++i) bad.insert(static_cast<ValidatorId>((seed + i) % s.n));
  const Measured m = measure(o);
  return m.fork ? "!forks" : m.reached && m.stopped == 0 ? "safe, goes on" : "!safe, stops";
}

Table simulated_table(const ExperimentOptions& options, const Told& told) {
  const size_t seeds = options.quick ? 1 : 3;
  constexpr size_t kRuns = std::size(kSimulated);
  std::vector<std::string> results(kRuns * seeds);
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(results.size(), options.threads, [&](size_t i) {
    const Simulated& s = kSimulated[i / seeds];
    if (consensus::engine_is_built(s.engine)) results[i] = simulate(s, i % seeds, options.quick ? 10 : 30);
    const std::lock_guard lock(mutex);
    told("malicious: run " + std::to_string(++finished) + " of " + std::to_string(results.size()));
  });
  Table table{"Whole engines, simulated (one entry a seed)", {"engine", "n", "bad", "adversary", "result"}, {}};
  for (size_t k = 0; k < kRuns; ++k) {
    const Simulated& s = kSimulated[k];
    if (!consensus::engine_is_built(s.engine)) continue;
    std::string text;
    for (size_t seed = 0; seed < seeds; ++seed) {
      const std::string& result = results[k * seeds + seed];
      const std::string shown = result.front() == '!' ? result.substr(1) : result;
      if (text.find(shown) == std::string::npos) text += (text.empty() ? "" : "; ") + shown;
    }
    table.rows.push_back({engine_name(s.engine), std::to_string(s.n), std::to_string(s.bad),
                          kAdversaries[static_cast<size_t>(s.kind)].name, text});
  }
  return table;
}

}  // namespace

Part malicious_share(const ExperimentOptions& options, bool share_row, bool majority_row, const Told& told) {
  const uint64_t slots = options.quick ? 200 : 10'000;
  Part part;
  Section& s = part.section;
  s.id = "malicious";
  s.title = "How many may be malicious";
  s.text = {
      "b of " + std::to_string(kMembers) + " members are bad. " + std::to_string(slots) +
          " contested slots for each b: a bad leader shows every correct member one of two blocks, by a coin; "
          "percentages are of contested slots in which both blocks got a quorum. 'Forks' stands where the adversary "
          "can bring it about by dealing the correct members as it likes; 'stops' where the correct ones alone are "
          "no quorum. Weights, heads and quorums are those of the engine trust_raft.",
      "Known: the trust law has made the same members faulty, so that they weigh half of a regular one and may not "
      "lead."};
  Table table{"Safe and live by share of malicious members", {"bad of 50"}, {}};
  Plot plot{"Contested slots without a fork", "malicious members, %", "%", {}, false};
  for (const Adversary& a : kAdversaries) {
    table.head.push_back(a.name);
    plot.series.push_back({a.name, {}, {}, {}});
  }
  std::string csv = "bad,adversary,forks_percent,decided_percent,forged_percent,fork_at_worst,stops\n";
  for (size_t bad = 0; bad <= kMajority; ++bad) {
    std::vector<std::string> row = {std::to_string(bad) + " (" + share(bad) + ")"};
    for (size_t i = 0; i < std::size(kAdversaries); ++i) {
      const Rates r = rates_of(kAdversaries[i].kind, bad, slots);
      row.push_back(verdict(r));
      plot.series[i].x.push_back(100.0 * static_cast<double>(bad) / kMembers);
      plot.series[i].y.push_back(100 - r.forks);
      csv += std::to_string(bad) + "," + csv_field(kAdversaries[i].name) + "," + plain(r.forks, 2) + "," +
             plain(r.decided, 2) + "," + plain(r.forged, 2) + "," + (r.fork_at_worst ? "1" : "0") + "," +
             (r.stops ? "1" : "0") + "\n";
    }
    if (bad % 5 == 0 || bad == 16 || bad == 17 || bad == 18 || bad == kMajority) table.rows.push_back(std::move(row));
  }
  s.tables.push_back(std::move(table));
  s.tables.push_back(simulated_table(options, told));
  s.text.push_back(
      "Of the whole engines only silence and equivocation together are simulated, and with trust_raft, whose votes go "
      "to the "
      "leader alone, the liars of this world do not collect a second certificate: they lose the slot, and nothing "
      "forks.");
  s.plots.push_back(std::move(plot));
  part.csv.push_back({"malicious.csv", csv});

  const std::string quick = options.quick ? " --quick" : "";
  if (share_row) {
    std::string ours;
    for (const Adversary& a : kAdversaries)
      ours += (ours.empty() ? "safe and live up to: " : "; ") + std::string(a.name) + " " + share(bears(a.kind, slots));
    const Rates together = rates_of(Kind::kTogether, kPaperMost, slots);
    ours += "; at 40 % together " + plain(together.forks, 1) + " % of contested slots fork";
    part.rows.push_back({"malicious", "protection is stable while at most 40 % are malicious",
                         "tamper protection 92.1 % at 10 % to 87.34 % at 40 %; forgery 99.8 to 99.3 %", ours, "partly",
                         "Below a third of the weight nothing is lost at all, and from a third on everything is, if "
                         "they act together: it is "
                         "a cliff and not a slope; 40 % holds for those who only forge data, act alone, or are known.",
                         "tieline paper --only malicious" + quick});
  }
  if (majority_row) {
    const Rates together = rates_of(Kind::kTogether, kMajority, slots),
                alone = rates_of(Kind::kAlone, kMajority, slots), silent = rates_of(Kind::kSilent, kMajority, slots),
                forge = rates_of(Kind::kForge, kMajority, slots);
    part.rows.push_back(
        {"majority", "with more than half malicious protection drops", "tamper protection 35.2 %, forgery 42.1 %",
         "26 of 50: together " + plain(together.forks, 1) + " % of contested slots fork; each for itself " +
             plain(alone.forks, 1) + " %; silent: " + (silent.stops ? "it stops" : "it goes on") +
             "; wrong content with a quorum " + plain(forge.forged, 1) + " %",
         "partly",
         "Together they fork nearly at will; acting alone they fork nothing, and invalid content needs 34 of 50 voters "
         "that "
         "do not check.",
         "tieline paper --only majority" + quick});
    part.rows.push_back(
        {"majority", "the regulator's co-signed checkpoints still save what they cover", "35.2 %, 42.1 %",
         "not measured", "not measured",
         "Checkpoints are signed by a quorum of validators in this build; the regulator's own signature is "
         "not in it yet.",
         "tieline paper --only majority" + quick});
  }
  return part;
}

}  // namespace tieline::paper
