#include "sim/faults.h"

#include <algorithm>

#include "base/rng.h"

namespace tieline::sim {
namespace {

constexpr const char* kFaultNames[kFaultKinds] = {
    "crash", "power_loss", "crash_all",   "partition", "one_way",    "loss",      "reorder",   "duplicate", "slow_link",
    "pause", "clock_jump", "clock_drift", "bit_flip",  "fsync_fail", "slow_disk", "disk_full", "wipe"};
constexpr const char* kByzantineNames[kByzantineKinds] = {"silent",   "slow",    "equivocate", "view_changes",
                                                          "withhold", "partial", "replay",     "forge",
                                                          "lie",      "twins",   "mutate",     "smear"};

constexpr uint32_t bit(FaultKind kind) { return uint32_t{1} << static_cast<unsigned>(kind); }
constexpr uint32_t bit(ByzantineKind kind) { return uint32_t{1} << static_cast<unsigned>(kind); }
constexpr uint32_t kAllByzantine = (uint32_t{1} << kByzantineKinds) - 1;

struct Word {
  std::string_view name;
  uint32_t kinds;
};
constexpr Word kWords[] = {
    {"crash", bit(FaultKind::kCrash) | bit(FaultKind::kPowerLoss) | bit(FaultKind::kCrashAll)},
    {"partition", bit(FaultKind::kPartition) | bit(FaultKind::kOneWay)},
    {"loss", bit(FaultKind::kLoss)},
    {"reorder", bit(FaultKind::kReorder)},
    {"duplicate", bit(FaultKind::kDuplicate)},
    {"slow", bit(FaultKind::kSlowLink) | bit(FaultKind::kPause)},
    {"clock", bit(FaultKind::kClockJump) | bit(FaultKind::kClockDrift)},
    {"disk",
     bit(FaultKind::kBitFlip) | bit(FaultKind::kFsyncFail) | bit(FaultKind::kSlowDisk) | bit(FaultKind::kDiskFull)},
    {"wipe", bit(FaultKind::kWipe)},
};

struct Draw {
  Rng& rng;
  size_t n;
  int64_t phase_us;

  Mask one() { return Mask{1} << rng.below(n); }
  Mask everyone() const { return all_of(n); }
  Mask some() {  // neither nobody nor everybody
    return 1 + rng.below(all_of(n) - 1);
  }
  int64_t span(int64_t low_ms, int64_t high_ms) { return 1000 * rng.between(low_ms, high_ms); }

  PlannedFault fault(FaultKind kind) {
    PlannedFault out;
    out.kind = kind;
    out.start_us = rng.between(0, phase_us);
    out.seed = rng.next();
    switch (kind) {
      case FaultKind::kCrash:
      case FaultKind::kPowerLoss:
      case FaultKind::kBitFlip:
      case FaultKind::kWipe:
      case FaultKind::kFsyncFail:
      case FaultKind::kDiskFull:
        out.nodes = one();
        out.duration_us = rng.chance(200'000) ? span(500, 2'000) : span(1, 300);
        break;
      case FaultKind::kCrashAll:
        out.nodes = everyone();
        out.duration_us = span(1, 300);
        break;
      case FaultKind::kPartition:
      case FaultKind::kOneWay:
        out.nodes = some();
        out.others = everyone() & ~out.nodes;
        if (kind == FaultKind::kOneWay && rng.chance(500'000))
          out.others = out.others & (0 - out.others);  // one of them
        out.duration_us = span(20, 1'500);
        break;
      case FaultKind::kLoss:
        out.nodes = rng.chance(500'000) ? everyone() : one();
        out.amount = rng.between(10'000, 300'000);
        out.duration_us = span(100, 3'000);
        break;
      case FaultKind::kReorder:
        out.nodes = everyone();
        out.amount = rng.between(2, 10);
        out.duration_us = span(100, 3'000);
        break;
      case FaultKind::kDuplicate:
        out.nodes = everyone();
        out.amount = rng.between(10'000, 500'000);
        out.duration_us = span(100, 3'000);
        break;
      case FaultKind::kSlowLink:
        out.nodes = one();
        out.amount = rng.between(3, 20);
        out.duration_us = span(100, 3'000);
        break;
      case FaultKind::kPause:
        out.nodes = one();
        out.duration_us = span(10, 1'200);
        break;
      case FaultKind::kClockJump:
        out.nodes = one();
        out.amount = rng.between(-3'000, 3'000);
        out.duration_us = span(100, 3'000);
        break;
      case FaultKind::kClockDrift:
        out.nodes = one();
        out.amount = rng.between(-100'000, 100'000);
        out.duration_us = span(100, 3'000);
        break;
      case FaultKind::kSlowDisk:
        out.nodes = one();
        out.amount = rng.between(5, 200);
        out.duration_us = span(50, 1'500);
        break;
      case FaultKind::kCount:
        break;
    }
    return out;
  }
};

std::string nodes_text(Mask nodes) {
  std::string text = "{";
  for (size_t i = 0; i < kValidatorsMax; ++i) {
    if (!(nodes >> i & 1)) continue;
    if (text.size() > 1) text += ",";
    text += std::to_string(i);
  }
  return text + "}";
}

}  // namespace

const char* fault_name(FaultKind kind) { return kFaultNames[static_cast<size_t>(kind)]; }
const char* byzantine_name(ByzantineKind kind) { return kByzantineNames[static_cast<size_t>(kind)]; }

FaultSet FaultSet::all() {
  FaultSet set;
  for (const Word& word : kWords) set.kinds |= word.kinds;
  set.byzantine = kAllByzantine;
  return set;
}

FaultSet faults_of(EngineKind engine) {
  FaultSet set = FaultSet::all();
  if (engine == EngineKind::kRaft) set.byzantine = 0;
  return set;
}

Result<FaultSet> parse_faults(std::string_view words, const FaultSet& allowed) {
  FaultSet set;
  while (!words.empty()) {
    const size_t comma = words.find(',');
    const std::string_view word = words.substr(0, comma);
    words = comma == std::string_view::npos ? std::string_view{} : words.substr(comma + 1);
    if (word == "none") continue;
    if (word == "all") {
      set = allowed;
      continue;
    }
    FaultSet meant;
    if (word == "byzantine") meant.byzantine = kAllByzantine;
    for (const Word& w : kWords)
      if (w.name == word) meant.kinds |= w.kinds;
    constexpr std::string_view kPrefix = "byzantine:";
    if (word.starts_with(kPrefix))
      for (size_t i = 0; i < kByzantineKinds; ++i)
        if (word.substr(kPrefix.size()) == kByzantineNames[i]) meant.byzantine |= uint32_t{1} << i;
    const FaultSet both{meant.kinds & allowed.kinds, meant.byzantine & allowed.byzantine};
    if (both != FaultSet{}) {
      set.kinds |= both.kinds;
      set.byzantine |= both.byzantine;
      continue;
    }
    std::string possible = "all, none";
    for (const Word& w : kWords)
      if ((w.kinds & allowed.kinds) != 0) possible += ", " + std::string(w.name);
    if (allowed.byzantine != 0) {
      possible += ", byzantine";
      for (const char* name : kByzantineNames) possible += std::string(", byzantine:") + name;
    }
    return Error{"bad_fault",
                 "'" + std::string(word) +
                     (meant == FaultSet{} ? "' is no fault" : "' is more than this engine promises to survive") +
                     "; allowed: " + possible};
  }
  return set;
}

Plan draw_plan(uint64_t seed, size_t validators, const FaultSet& faults, int64_t fault_phase_us) {
  TL_CHECK(validators >= 1 && validators <= kValidatorsMax);
  Rng rng(seed ^ 0x504c414e504c414eULL);
  Draw draw{rng, validators, fault_phase_us};
  Plan plan;
  plan.fault_phase_us = fault_phase_us;

  const size_t f = (validators - 1) / 3;
  if (faults.byzantine != 0 && f > 0 && rng.chance(600'000)) {
    const size_t count = 1 + rng.below(f);
    Mask taken = 0;
    while (plan.traitors.size() < count) {
      PlannedTraitor traitor;
      traitor.id = static_cast<ValidatorId>(rng.below(validators));
      traitor.seed = rng.next();
      const uint64_t pick = rng.next();
      if (taken >> traitor.id & 1) continue;
      taken |= Mask{1} << traitor.id;
      // One to three ways of lying, of those that are allowed.
      std::vector<uint32_t> kinds;
      for (size_t i = 0; i < kByzantineKinds; ++i)
        if (faults.byzantine >> i & 1) kinds.push_back(uint32_t{1} << i);
      const size_t ways = 1 + pick % 3;
      for (size_t i = 0; i < ways; ++i) traitor.kinds |= kinds[rng.below(kinds.size())];
      plan.traitors.push_back(traitor);
    }
  }

  // A schedule in which everything goes wrong at once explores little: each has a mix of its own, and about one in
  // eight has hardly any fault.
  const uint64_t intensity = rng.chance(125'000) ? 0 : rng.below(4);
  for (size_t i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    // Traitors use up what may be damaged, so that the others must be damaged more often to see rejoins at all.
    const bool damage = kind == FaultKind::kWipe || kind == FaultKind::kBitFlip;
    const bool chosen = faults.has(kind) && rng.chance(damage && plan.traitors.size() < f ? 600'000 : 400'000);
    if (!chosen) continue;
    const bool heavy = kind == FaultKind::kCrashAll || kind == FaultKind::kWipe || kind == FaultKind::kBitFlip;
    const uint64_t times = heavy ? 1 : 1 + rng.below(1 + 2 * intensity);
    for (uint64_t t = 0; t < times; ++t) plan.faults.push_back(draw.fault(kind));
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const PlannedFault& a, const PlannedFault& b) { return a.start_us < b.start_us; });
  return plan;
}

std::string describe(const PlannedFault& fault) {
  std::string text =
      "at " + std::to_string(fault.start_us / 1000) + " ms " + fault_name(fault.kind) + " " + nodes_text(fault.nodes);
  if (fault.others != 0) text += " | " + nodes_text(fault.others);
  if (fault.duration_us != 0) text += " for " + std::to_string(fault.duration_us / 1000) + " ms";
  if (fault.amount != 0) text += ", amount " + std::to_string(fault.amount);
  return text;
}

std::string describe(const PlannedTraitor& traitor) {
  std::string text = "validator " + std::to_string(traitor.id) + " is Byzantine:";
  for (size_t i = 0; i < kByzantineKinds; ++i)
    if (traitor.kinds >> i & 1) text += std::string(" ") + kByzantineNames[i];
  return text;
}

}  // namespace tieline::sim
