#pragma once
// Adds up the schedules of a run: what `tieline sim --json` prints. The sums do not depend on the order in which
// schedules are added, so that workers may finish as they like.

#include "sim/schedule.h"

namespace tieline::sim {

struct Tally {
  uint64_t schedules = 0;
  uint64_t events = 0;
  uint64_t acknowledged = 0;
  uint64_t reads = 0;
  uint64_t receipts = 0;
  uint64_t heights = 0;
  uint64_t needless_rejoins = 0;
  std::array<uint64_t, kFailures> failures{};  // by Failure
  std::array<uint64_t, kFaultKinds> faults{};
  std::array<uint64_t, kByzantineKinds> byzantine{};
  uint64_t view_change = 0, reproposal = 0, two_chain_commit = 0, epoch_boundary = 0, snapshot_join = 0, rejoin = 0,
           settlement = 0, dispute = 0;
  uint64_t trace_hash = 0;
  int64_t healed_in_us_max = 0;
  std::optional<uint64_t> first_failing_seed;

  void add(uint64_t seed, const ScheduleResult& result);
  void add(const Tally& other);
  uint64_t failed() const;
  uint64_t of(Failure failure) const { return failures[static_cast<size_t>(failure)]; }
};

}  // namespace tieline::sim
