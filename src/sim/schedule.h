#pragma once
// One schedule: n validators, their clients, and everything that happens to them, from one seed. A pure function of
// (code, options, seed, plan); `trace_hash` says whether two runs were the same. One thread; to use several cores, run
// several schedules.

#include <functional>
#include <string>

#include "sim/checkers.h"
#include "sim/faults.h"
#include "sim/options.h"

namespace tieline::sim {

struct Reached {
  bool view_change = false;
  bool reproposal = false;
  bool two_chain_commit = false;
  bool epoch_boundary = false;
  bool snapshot_join = false;
  bool rejoin = false;
  bool settlement = false, dispute = false;  // of a trade
};

struct ScheduleResult {
  std::optional<Finding> finding;
  uint64_t events = 0;
  uint64_t trace_hash = 0;
  std::array<uint64_t, kFaultKinds> faults{};  // how many were injected
  std::array<uint64_t, kByzantineKinds> byzantine{};
  Reached reached;
  EvidenceCounts evidence;
  Height height = 0;
  uint64_t acknowledged = 0;
  uint64_t reads = 0;             // ordered reads that were answered
  uint64_t receipts = 0;          // asked for, given and verified
  uint64_t needless_rejoins = 0;  // a validator found its log damaged though no disk fault was injected
  int64_t virtual_us = 0;
  int64_t healed_in_us = 0;  // from the end of the faults to equal state and no open transaction
};

// A line of what happens, readable; times are in it.
using TraceSink = std::function<void(const std::string&)>;

Plan plan_of(const SimOptions& options, uint64_t seed);
ScheduleResult run_schedule(const SimOptions& options, uint64_t seed, const Plan& plan, const TraceSink& trace = {});

// Broken invariants of the code under test become findings instead of aborts. Once per program, before any schedule.
void catch_broken_invariants();

}  // namespace tieline::sim
