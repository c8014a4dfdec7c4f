// Paper 004, 4.1: members are re-classed "post-consensus". The same law and the same events with classes taken after
// every block, as printed, and once an epoch from the state two epochs before, as we do: how steady quorums are, and
// how long a bad member keeps its say.

#include <array>
#include <mutex>

#include "base/rng.h"
#include "paper/experiments.h"
#include "paper/numbers.h"
#include "paper/trust_world.h"

namespace tieline::paper {
namespace {

constexpr size_t kMembers = 50;
constexpr size_t kEquivocator = 0;                 // proven at kTurn
constexpr size_t kSilentFrom = 1;                  // members 1..4 fall silent at kTurn
constexpr size_t kFlappingFrom = 5;                // 5..14 come and go
constexpr size_t kGoodFrom = 15;                   // the rest miss a vote now and then
constexpr uint64_t kGoodMissPpm = 20'000;          // 2 %
constexpr uint32_t kFlapsOn = 50, kFlapsOff = 20;  // blocks
constexpr uint32_t kEpoch = 100;                   // blocks
constexpr uint32_t kTurn = 1'000;                  // block

struct Scale {
  uint64_t seeds = 30;
  uint32_t blocks = 5'000;
};
Scale scale_of(bool quick) { return quick ? Scale{2, 2'000} : Scale{}; }

// The law after each block, acting on the next one.
class EveryBlock {
 public:
  EveryBlock() : trust_(kMembers, kGenesisTrust), table_(table()) {}
  const Committee& now() const { return table_; }
  void block(const std::vector<bool>& voted, bool proof) {
    for (size_t m = 0; m < kMembers; ++m)
      trust_[m] = standing::next_trust(trust_[m], voted[m] ? kTrustOne : kTrustOne / 2);
    if (proof) trust_[kEquivocator] = 0;
    table_ = table();
  }

 private:
  Committee table() const { return TrustWorld(trust_).table(); }
  std::vector<uint32_t> trust_;
  Committee table_;
};

// The law once an epoch, acting as in the ledger.
class EveryEpoch {
 public:
  EveryEpoch() : world_(std::vector<uint32_t>(kMembers, kGenesisTrust)), shown_(kMembers) {}
  const Committee& now() const { return world_.table(); }
  void block(const std::vector<bool>& voted, bool proof) {
    for (size_t m = 0; m < kMembers; ++m) ++(voted[m] ? shown_[m].voted : shown_[m].absent);
    shown_[kEquivocator].proven |= proof;
    if (++blocks_ % kEpoch != 0) return;
    world_.end_epoch(shown_);
    shown_.assign(kMembers, {});
  }

 private:
  TrustWorld world_;
  std::vector<TrustWorld::Shown> shown_;
  uint32_t blocks_ = 0;
};

struct Outcome {
  double changes = 0;       // of the table, per 1,000 blocks
  double no_quorum = 0;     // least quorums of a table that are none in the next block's, per 1,000 blocks
  double good_demoted = 0;  // percent of (good member, block) below trusted
  double silent_demoted = 0, equivocator_out = 0;  // blocks from kTurn until not trusted; until without weight
};

// Members in a drawn order until they are a quorum.
SignerSet least_quorum(const Committee& table, Rng& rng) {
  std::array<size_t, kMembers> order;
  for (size_t i = 0; i < kMembers; ++i) order[i] = i;
  SignerSet s;
  for (size_t i = 0; i < kMembers && !table.is_quorum(s); ++i) {
    std::swap(order[i], order[i + rng.below(kMembers - i)]);
    s.insert(order[i]);
  }
  return s;
}

bool same_say(const Committee& a, const Committee& b) {
  for (size_t m = 0; m < kMembers; ++m)
    if (a.at(m).weight != b.at(m).weight || a.class_at(m) != b.class_at(m)) return false;
  return true;
}

template <class Law>
Outcome run(uint64_t seed, uint32_t blocks) {
  Rng votes(seed), draws(seed + 1'000'000);  // the same votes for both laws
  std::array<uint32_t, kMembers> phase{};
  for (uint32_t& p : phase) p = static_cast<uint32_t>(votes.below(kFlapsOn + kFlapsOff));
  Law law;
  Outcome out;
  uint64_t changes = 0, lost = 0, below = 0;
  for (uint32_t block = 0; block < blocks; ++block) {
    const Committee before = law.now();
    std::vector<bool> voted(kMembers);
    for (size_t m = 0; m < kMembers; ++m) {
      const bool missed = votes.chance(kGoodMissPpm);
      voted[m] = !missed;
      if (m >= kFlappingFrom && m < kGoodFrom && (block + phase[m]) % (kFlapsOn + kFlapsOff) >= kFlapsOn)
        voted[m] = false;
      if (m >= kSilentFrom && m < kFlappingFrom && block >= kTurn) voted[m] = false;
    }
    law.block(voted, block == kTurn);
    const Committee& after = law.now();
    if (!same_say(before, after)) {
      ++changes;
      lost += after.is_quorum(least_quorum(before, draws)) ? 0 : 1;
    }
    for (size_t m = kGoodFrom; m < kMembers; ++m) below += after.class_at(m) != TrustClass::kTrusted ? 1 : 0;
    if (block < kTurn) continue;
    const double since = block - kTurn + 1;
    if (out.silent_demoted == 0 && after.class_at(kSilentFrom) != TrustClass::kTrusted) out.silent_demoted = since;
    if (out.equivocator_out == 0 && after.at(kEquivocator).weight == 0) out.equivocator_out = since;
  }
  out.changes = 1'000.0 * static_cast<double>(changes) / blocks;
  out.no_quorum = 1'000.0 * static_cast<double>(lost) / blocks;
  out.good_demoted = 100.0 * static_cast<double>(below) / (static_cast<double>(blocks) * (kMembers - kGoodFrom));
  return out;
}

struct Column {
  const char* what;
  double Outcome::*value;
  int decimals;
};
constexpr Column kColumns[] = {
    {"tables that differ from the one before, per 1,000 blocks", &Outcome::changes, 1},
    {"least quorums that the next block's table refuses, per 1,000 blocks", &Outcome::no_quorum, 2},
    {"good members below trusted, % of the time", &Outcome::good_demoted, 2},
    {"blocks until a silent member is not trusted", &Outcome::silent_demoted, 0},
    {"blocks until an equivocator has no weight", &Outcome::equivocator_out, 0},
};

}  // namespace

Part reclassing(const ExperimentOptions& options, const Told& told) {
  const Scale scale = scale_of(options.quick);
  std::vector<Outcome> by_block(scale.seeds), by_epoch(scale.seeds);
  std::mutex mutex;
  size_t finished = 0;
  in_parallel(scale.seeds, options.threads, [&](size_t seed) {
    by_block[seed] = run<EveryBlock>(seed, scale.blocks);
    by_epoch[seed] = run<EveryEpoch>(seed, scale.blocks);
    const std::lock_guard lock(mutex);
    told("classes: run " + std::to_string(++finished) + " of " + std::to_string(scale.seeds));
  });
  const auto of = [&](const std::vector<Outcome>& runs, double Outcome::*value) {
    std::vector<double> values;
    for (const Outcome& o : runs) values.push_back(o.*value);
    return estimate(values);
  };

  Part part;
  Section& s = part.section;
  s.id = "classes";
  s.title = "Classes after every block, and once an epoch";
  s.text = {std::to_string(scale.seeds) + " runs of " + std::to_string(scale.blocks) + " blocks, " +
            std::to_string(kMembers) + " members: " + std::to_string(kMembers - kGoodFrom) +
            " miss 2 % of their votes, " + std::to_string(kGoodFrom - kFlappingFrom) + " are there for " +
            std::to_string(kFlapsOn) + " blocks and away for " + std::to_string(kFlapsOff) + ", " +
            std::to_string(kFlappingFrom - kSilentFrom) + " fall silent at block " + std::to_string(kTurn) +
            ", and one is then proven to have equivocated. The law is the same: 7/8 of what was and 1/8 of what is. "
            "Once an epoch (of " +
            std::to_string(kEpoch) + " blocks) it acts two epochs later."};
  Table table{"The same votes, two ways (mean and 95 % interval)", {"", "after every block", "once an epoch"}, {}};
  std::string csv = "what,every_block,every_epoch\n";
  for (const Column& c : kColumns) {
    const Estimate a = of(by_block, c.value), b = of(by_epoch, c.value);
    table.rows.push_back({c.what, text_of(a, c.decimals), text_of(b, c.decimals)});
    csv += csv_field(c.what) + "," + plain(a.mean, 3) + "," + plain(b.mean, 3) + "\n";
  }
  s.tables.push_back(std::move(table));
  const auto pair = [&](const Column& c) {
    return std::string(c.what) + ": " + text_of(of(by_block, c.value), c.decimals) + " against " +
           text_of(of(by_epoch, c.value), c.decimals);
  };
  const bool steadier = of(by_epoch, &Outcome::changes).mean < of(by_block, &Outcome::changes).mean;
  const bool slower = of(by_epoch, &Outcome::equivocator_out).mean > of(by_block, &Outcome::equivocator_out).mean;
  part.rows.push_back({"classes", "members are re-classed after each consensus", "no figures",
                       "after every block against once an epoch: " + pair(kColumns[0]) + "; " + pair(kColumns[1]) +
                           "; " + pair(kColumns[3]) + "; " + pair(kColumns[4]),
                       steadier && slower ? "partly"
                       : steadier         ? "no"
                                          : "yes",
                       "Re-classing after every block takes a bad member's say away hundreds of blocks sooner, but "
                       "then the table changes "
                       "every few blocks and a certificate must name the block whose table it was made under, even if "
                       "a least quorum is "
                       "seldom refused by the next one; once an epoch, from committed state, everybody has one table.",
                       std::string("tieline paper --only classes") + (options.quick ? " --quick" : "")});
  part.csv.push_back({"classes.csv", csv});
  return part;
}

}  // namespace tieline::paper
