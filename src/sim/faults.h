#pragma once
// What can go wrong in a schedule, as data: a plan is a list of faults with a time each, drawn from the seed before the
// run, so that a failing schedule is reduced by leaving entries out. Per-message faults (loss, ...) are entries with a
// time span and a rate.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/genesis.h"

namespace tieline::sim {

inline constexpr size_t kValidatorsMax = 64;

using Mask = uint64_t;  // of validators, a bit each
constexpr Mask all_of(size_t validators) { return validators >= 64 ? ~Mask{0} : (Mask{1} << validators) - 1; }

enum class FaultKind : uint8_t {
  kCrash,       // the process dies; what it wrote to files stays
  kPowerLoss,   // and what was not synced is lost, wholly or in part
  kCrashAll,    // every process at once, by power loss
  kPartition,   // a set of processes and the others no longer hear each other
  kOneWay,      // one direction between two sets
  kLoss,        // frames come late by a retransmission time-out
  kReorder,     // latency varies wildly, so that frames of different links change places
  kDuplicate,   // frames arrive twice
  kSlowLink,    // one validator's links are many times slower
  kPause,       // the process stands still (SIGSTOP), then goes on
  kClockJump,   // the wall clock of one validator jumps, forward or back
  kClockDrift,  // both clocks of one validator run fast or slow
  kBitFlip,     // a bit of the log or of a vote sector turns while the process is down
  kFsyncFail,   // fdatasync fails: the node must stop
  kSlowDisk,    // syncs take very long
  kDiskFull,    // no space: an append fails, the node must stop
  kWipe,        // the folder is lost: rejoin
  kCount
};
inline constexpr size_t kFaultKinds = static_cast<size_t>(FaultKind::kCount);
const char* fault_name(FaultKind kind);

// What a Byzantine validator does. Several at once are possible.
enum class ByzantineKind : uint8_t {
  kSilent,       // sends nothing of some types, or nothing at all
  kSlow,         // what it must do as primary comes just under the time-out
  kEquivocate,   // two blocks, two CONFIRMs for one slot, to different halves
  kViewChanges,  // conflicting VIEW-CHANGEs and ACKs
  kWithhold,     // proposes and votes, but hands out no bodies
  kPartial,      // each message to some only
  kReplay,       // old messages again, its own and others'
  kForge,        // certificates with duplicate signers, of a wrong epoch, below quorum
  kLie,          // about its height, view, epoch
  kTwins,        // two copies of the validator with one key
  kMutate,       // bits and fields of its messages changed, signed again where it can
  kSmear,        // false measures, floods of late CONFIRMs, bad transactions under its own seal
  kCount
};
inline constexpr size_t kByzantineKinds = static_cast<size_t>(ByzantineKind::kCount);
const char* byzantine_name(ByzantineKind kind);

struct FaultSet {
  uint32_t kinds = 0;      // bit a FaultKind
  uint32_t byzantine = 0;  // bit a ByzantineKind
  bool has(FaultKind k) const { return kinds >> static_cast<unsigned>(k) & 1; }
  bool has(ByzantineKind k) const { return byzantine >> static_cast<unsigned>(k) & 1; }
  bool operator==(const FaultSet&) const = default;
  static FaultSet all();
};
// What an engine promises to survive: all, but raft no liars.
FaultSet faults_of(EngineKind engine);
// "all" (of `allowed`), "none", or words separated by commas. Error: bad_fault with the words that are allowed.
Result<FaultSet> parse_faults(std::string_view words, const FaultSet& allowed = FaultSet::all());

struct PlannedFault {
  FaultKind kind{};
  int64_t start_us = 0;
  int64_t duration_us = 0;  // of a span; until the restart for a crash
  Mask nodes = 0;           // bit a validator
  Mask others = 0;          // of a partition: the other side
  int64_t amount = 0;       // rate in ppm, factor, jump in ms, drift in ppm: by kind
  uint64_t seed = 0;        // of the details that are drawn when it happens
  bool operator==(const PlannedFault&) const = default;
};
struct PlannedTraitor {
  ValidatorId id = 0;
  uint32_t kinds = 0;  // bit a ByzantineKind
  uint64_t seed = 0;
  bool operator==(const PlannedTraitor&) const = default;
};
struct Plan {
  std::vector<PlannedFault> faults;      // ascending start
  std::vector<PlannedTraitor> traitors;  // at most f
  int64_t fault_phase_us = 0;            // then everything heals
  bool operator==(const Plan&) const = default;
};

// At most f = (n-1)/3 validators are traitors; the budget of damaged folders is kept when a fault happens.
Plan draw_plan(uint64_t seed, size_t validators, const FaultSet& faults, int64_t fault_phase_us);
std::string describe(const PlannedFault& fault);
std::string describe(const PlannedTraitor& traitor);

}  // namespace tieline::sim
