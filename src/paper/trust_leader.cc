// Paper 004, 5.3.3: "trust > 0.8 keeps the probability of a malicious leader below 0.01 % with 40 % adversaries". A
// million elections of the trust process and the eligibility rule, by adversary: who behaves well for some votes, then
// turns. Elected while it behaves well, it is a sleeper and counted apart; elected after that, a malicious leader.

#include <mutex>

#include "base/rng.h"
#include "paper/experiments.h"
#include "paper/numbers.h"
#include "paper/trust_world.h"

namespace tieline::paper {
namespace {

constexpr size_t kMembers = 50;
constexpr size_t kBad = 20;               // members 0..19
constexpr uint32_t kVotes = 100;          // an epoch
constexpr uint32_t kElections = 3;        // an epoch of 60 s: one a tenure of 20 s
constexpr uint32_t kMissedByCorrect = 4;  // of an epoch's votes, at most
constexpr int64_t kClaimPpm = 100;        // 0.01 %

struct Scale {
  uint64_t runs = 1'000;
  uint32_t epochs = 334;
};
Scale scale_of(bool quick) { return quick ? Scale{10, 100} : Scale{}; }

enum class Badness : uint8_t { kProven, kAbsent, kOnlyAsLeader };
struct Adversary {
  const char* name;
  uint32_t good_votes;  // before it turns
  Badness badness;
  uint32_t absent_percent = 0;
  uint32_t trust = kGenesisTrust;
};
constexpr Adversary kAdversaries[] = {
    {"equivocates from the first vote", 0, Badness::kProven},
    {"equivocates after 1,000 good votes", 1'000, Badness::kProven},
    {"equivocates after 10,000 good votes", 10'000, Badness::kProven},
    {"a newcomer (trust 0.6) that equivocates at once", 0, Badness::kProven, 0, kJoinerTrust},
    {"silent from the start", 0, Badness::kAbsent, 100},
    {"silent in half of its votes", 0, Badness::kAbsent, 50},
    {"silent in a third of its votes", 0, Badness::kAbsent, 33},
    {"votes well, fails whenever it leads", 0, Badness::kOnlyAsLeader},
};

struct Counts {
  uint64_t elections = 0;
  uint64_t malicious = 0;  // won by one that had turned
  uint64_t known = 0;      // of them, when its deeds stood in the table's state: three epochs later or more
  uint64_t sleepers = 0;   // won by one that had not turned yet
};

Counts run(const Adversary& adversary, uint64_t seed, uint32_t epochs) {
  Rng rng(seed * 1'000 + static_cast<uint64_t>(&adversary - kAdversaries));
  std::vector<uint32_t> trusts(kMembers, kGenesisTrust);
  std::fill_n(trusts.begin(), kBad, adversary.trust);
  TrustWorld world(trusts);
  Counts out;
  uint32_t turned_for = 0;  // epochs that ended since the adversaries turned
  for (uint32_t epoch = 0; epoch < epochs; ++epoch) {
    const bool turned = epoch * kVotes >= adversary.good_votes;
    const std::vector<size_t> candidates = eligible(world.table());
    for (uint32_t i = 0; i < kElections; ++i) {
      const size_t winner = candidates[rng.below(candidates.size())];
      ++out.elections;
      if (winner >= kBad) continue;
      ++(turned ? out.malicious : out.sleepers);
      out.known += turned && turned_for >= 3 ? 1 : 0;
    }
    std::vector<TrustWorld::Shown> shown(kMembers);
    for (size_t m = 0; m < kMembers; ++m) {
      auto absent = static_cast<uint32_t>(rng.below(kMissedByCorrect + 1));
      if (m < kBad && turned && adversary.badness == Badness::kAbsent) absent = kVotes * adversary.absent_percent / 100;
      shown[m] = {kVotes - absent, absent, m < kBad && turned && adversary.badness == Badness::kProven};
    }
    world.end_epoch(shown);
    turned_for += turned ? 1 : 0;
  }
  return out;
}

std::string percent(uint64_t part, uint64_t whole_count) {
  return plain(whole_count == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole_count), 4) + " %";
}

}  // namespace

Part malicious_leader(const ExperimentOptions& options, const Told& told) {
  const Scale scale = scale_of(options.quick);
  constexpr size_t kKinds = std::size(kAdversaries);
  std::vector<Counts> counts(kKinds);
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(kKinds * scale.runs, options.threads, [&](size_t i) {
    const size_t kind = i / scale.runs;
    const Counts c = run(kAdversaries[kind], i % scale.runs, scale.epochs);
    const std::lock_guard lock(mutex);
    counts[kind].elections += c.elections;
    counts[kind].malicious += c.malicious;
    counts[kind].known += c.known;
    counts[kind].sleepers += c.sleepers;
    if (++finished % 100 == 0)
      told("leader: run " + std::to_string(finished) + " of " + std::to_string(kKinds * scale.runs));
  });

  Part part;
  Section& s = part.section;
  s.id = "leader";
  s.title = "A malicious leader";
  s.text = {
      std::to_string(kBad) + " of " + std::to_string(kMembers) + " members are of one kind. " +
          std::to_string(scale.runs) + " runs of " + std::to_string(scale.epochs) + " epochs of " +
          std::to_string(kVotes) + " votes, " + std::to_string(kElections) +
          " elections an epoch; a correct member misses up to " + std::to_string(kMissedByCorrect) +
          " votes an epoch. Each election is won by one of those who may stand, all alike; the table of an epoch "
          "is drawn from the state two epochs before.",
      "Malicious: won by a member that had turned bad. Known: of those, won when its deeds were in the state that "
      "the table is drawn from. Sleepers: won by a member that was still behaving well, which no record of the "
      "past can tell from a correct one."};
  Table table{
      "Elections won, 40 % adversaries", {"adversary", "elections", "malicious leader", "while known", "sleeper"}, {}};
  std::string csv = "adversary,elections,malicious,known,sleepers\n";
  uint64_t within = 0;
  std::string rates;
  uint64_t most_sleepers = 0, sleeper_elections = 1;
  for (size_t i = 0; i < kKinds; ++i) {
    const Counts& c = counts[i];
    const bool holds = c.malicious * 1'000'000 < static_cast<uint64_t>(kClaimPpm) * c.elections;
    within += holds ? 1 : 0;
    table.rows.push_back({kAdversaries[i].name, whole(static_cast<double>(c.elections)),
                          (holds ? "" : "!") + percent(c.malicious, c.elections), percent(c.known, c.elections),
                          percent(c.sleepers, c.elections)});
    csv += csv_field(kAdversaries[i].name) + "," + std::to_string(c.elections) + "," + std::to_string(c.malicious) +
           "," + std::to_string(c.known) + "," + std::to_string(c.sleepers) + "\n";
    rates += (rates.empty() ? "" : "; ") + std::string(kAdversaries[i].name) + " " + percent(c.malicious, c.elections);
    if (c.sleepers * sleeper_elections > most_sleepers * c.elections) {
      most_sleepers = c.sleepers;
      sleeper_elections = c.elections;
    }
  }
  s.tables.push_back(std::move(table));
  const std::string command = std::string("tieline paper --only leader") + (options.quick ? " --quick" : "");
  part.rows.push_back(
      {"leader", "a malicious leader has a probability below 0.01 % with 40 % adversaries", "< 0.01 %", rates,
       within == kKinds ? "yes"
       : within == 0    ? "no"
                        : "partly",
       "Who is proven to have lied can be elected for two epochs more and then never again, so that the rate depends "
       "on "
       "how long one looks; who misses fewer than two votes in five, or votes well and fails only as leader, keeps a "
       "trust above 0.8 for ever, because trust counts votes and nothing else.",
       command});
  part.rows.push_back(
      {"leader", "an adversary that behaves well until it is elected (a sleeper) is kept out", "not distinguished",
       percent(most_sleepers, sleeper_elections) + " of all elections at most", "no",
       "Trust is a record of the past: until a sleeper acts its share of the elections is its share of the seats.",
       command});
  part.csv.push_back({"leader.csv", csv});
  return part;
}

}  // namespace tieline::paper
