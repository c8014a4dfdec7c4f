#pragma once
// One correct validator of an exploration: the engine as it is, and what a replica and a disk would add, as a value.
// `advance` is a pure function: the same validator and the same event give the same result, so that each pair is
// computed once however many states of the whole world it occurs in.

#include <array>
#include <map>
#include <memory>
#include <set>

#include "consensus/engine.h"
#include "explore/world.h"

namespace tieline::explore {

// What one event showed, for the counts of what was reached.
enum class Reached : uint8_t {
  kVote,
  kFastCommit,
  kTwoChainCommit,
  kTimeout,
  kJoined,
  kPlanned,
  kNewView,
  kReproposal,
  kVoteForReproposal,
  kEquivocation,
  kRestart,
  kTornRestart,
  kCaughtUp,
  kRefused,
  kCount
};
const char* reached_name(Reached reached);

struct Disk {
  std::optional<consensus::VoteRecord> record;
  std::optional<Certificate> high_qc;
  MessagePtr new_view, own_proposal, own_view_change;
  std::set<Hash> bodies;  // above the tip
};

struct Validator {
  Seat seat = 0;
  std::shared_ptr<const consensus::Engine> engine;
  consensus::Lsn durable = 0;
  Disk disk;
  struct Committed {
    Hash block;
    CommitProof proof;
  };
  std::vector<Committed> chain;  // from height 1; durable as it is committed
  std::set<Hash> held;           // bodies above the tip
  std::set<Hash> judging;        // asked for, not answered yet
  std::optional<Hash> want;      // a block above this one
  uint64_t ticket = 0;           // of `want`
  std::array<std::optional<uint64_t>, static_cast<size_t>(consensus::TimerId::kCount)> timers{};  // generation if armed
  std::map<Slot, Hash> votes;  // every vote that left it in all its lives: what it must never contradict
  uint32_t lives = 0;
  View engine_view = 0;
  bool outside = false;  // in a view beyond the bounds: it stands still
};

enum class EventKind : uint8_t { kDeliver, kTimer, kBuild, kJudge, kCatchUp, kCrash };
// An event, and perhaps the crash that cuts it short. Fits 32 bits.
struct Event {
  EventKind kind = EventKind::kDeliver;
  uint32_t argument = 0;  // envelope, timer, number of the block, seat of the peer
  // 0: none. k: a crash when k - 1 of the event's Persists are durable and another was to be.
  uint8_t cut = 0;
  bool torn = false;  // of that other one the record is durable, and nothing that it names

  static constexpr uint8_t kCutMax = 7;
  uint32_t packed() const {
    return static_cast<uint32_t>(kind) << 28 | static_cast<uint32_t>(torn) << 27 | static_cast<uint32_t>(cut) << 24 |
           argument;
  }
  static Event unpacked(uint32_t v) {
    return {static_cast<EventKind>(v >> 28), v & 0xffffff, static_cast<uint8_t>(v >> 24 & 7), (v >> 27 & 1) != 0};
  }
};

struct Advanced {
  Validator next;
  std::vector<Delivery> sent;  // in order
  uint32_t reached = 0;        // bits
  uint32_t persists = 0;
  std::string violation;           // empty: nothing wrong
  std::vector<std::string> story;  // what happened, readable
};

// A validator before its first step.
Advanced first_start(World& world, Seat seat);
// `peer` for kCatchUp only.
Advanced advance(World& world, const Validator& from, const Event& event, const Validator* peer);

// 32 bytes that say all that decides what it does next.
Hash fingerprint(const World& world, const Validator& validator);

// TL_CHECKs of the code become violations from here on.
void catch_broken_invariants();

}  // namespace tieline::explore
