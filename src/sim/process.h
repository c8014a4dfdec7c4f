#pragma once
// One validator process on one simulated machine: the unmodified replica, and what its host would hold (disk, store,
// clocks, queues of work that is under way). Twins are two processes with one validator id.

#include <deque>
#include <limits>
#include <map>
#include <memory>

#include "crypto/sim_scheme.h"
#include "sim/byzantine.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/event.h"
#include "sim/network.h"
#include "sim/options.h"
#include "sim/sim_store.h"

namespace tieline::sim {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

struct Process {
  Process(ProcessId at, ValidatorId validator, SimSigner key, size_t segment_bytes, bool one_sync)
      : index(at), id(validator), signer(key), disk(segment_bytes, one_sync) {}

  ProcessId index;
  ValidatorId id;
  SimSigner signer;
  Traitor* traitor = nullptr;  // owned by the schedule; none: correct

  std::unique_ptr<replica::Replica> replica;  // none: down
  uint32_t incarnation = 0;                   // grows with every start and every crash: older events are stale
  Disk disk;
  SimStore store;
  SimClock clock;

  int64_t wake_us = kNever;  // the earliest Wake under way
  bool paused = false;
  std::deque<Event> deferred;   // what happened to it while it stood still
  int64_t restart_us = kNever;  // when it is down: the restart under way
  std::deque<replica::StoreApply> applies;
  Height stored_height = 0;
  std::map<uint64_t, std::vector<uint8_t>> verified;  // by ticket
  std::array<uint16_t, kValidatorsMax> sessions{};    // up, by the peer's validator id (twins: up to two)
  Mask hears_only = ~Mask{0};                         // of a twin: the validators it talks to

  bool crash_at_effect = false;  // the next step is cut after some of its effects
  bool crash_is_power = false;
  int64_t crash_down_us = 0;
  int64_t sync_factor = 1;
  bool fail_next_sync = false;
  bool disk_full = false;
  bool damaged = false;  // wiped or flipped, and not known to be whole again: it counts towards f
  bool was_rejoining = false;
  consensus::Lsn appended = 0;                // the newest record handed to the disk
  std::optional<consensus::Lsn> whole_after;  // it has rejoined: whole again once the disk says so of this record

  bool up() const { return replica != nullptr; }
  bool correct() const { return traitor == nullptr; }
};

}  // namespace tieline::sim
