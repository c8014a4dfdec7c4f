#include "sim/tally.h"

#include <algorithm>

#include "sim/mix.h"

namespace tieline::sim {

void Tally::add(uint64_t seed, const ScheduleResult& result) {
  Tally one;
  one.schedules = 1;
  one.events = result.events;
  one.acknowledged = result.acknowledged;
  one.reads = result.reads;
  one.receipts = result.receipts;
  one.heights = result.height;
  one.needless_rejoins = result.needless_rejoins;
  one.faults = result.faults;
  one.byzantine = result.byzantine;
  one.view_change = result.reached.view_change;
  one.reproposal = result.reached.reproposal;
  one.two_chain_commit = result.reached.two_chain_commit;
  one.epoch_boundary = result.reached.epoch_boundary;
  one.snapshot_join = result.reached.snapshot_join;
  one.rejoin = result.reached.rejoin;
  one.settlement = result.reached.settlement;
  one.dispute = result.reached.dispute;
  one.trace_hash = mix(mix(1, seed), result.trace_hash);
  one.healed_in_us_max = result.healed_in_us;
  if (result.finding) {
    ++one.failures[static_cast<size_t>(result.finding->failure)];
    one.first_failing_seed = seed;
  }
  add(one);
}

void Tally::add(const Tally& other) {
  schedules += other.schedules;
  events += other.events;
  acknowledged += other.acknowledged;
  reads += other.reads;
  receipts += other.receipts;
  heights += other.heights;
  needless_rejoins += other.needless_rejoins;
  for (size_t i = 0; i < failures.size(); ++i) failures[i] += other.failures[i];
  for (size_t i = 0; i < kFaultKinds; ++i) faults[i] += other.faults[i];
  for (size_t i = 0; i < kByzantineKinds; ++i) byzantine[i] += other.byzantine[i];
  view_change += other.view_change;
  reproposal += other.reproposal;
  two_chain_commit += other.two_chain_commit;
  epoch_boundary += other.epoch_boundary;
  snapshot_join += other.snapshot_join;
  rejoin += other.rejoin;
  settlement += other.settlement;
  dispute += other.dispute;
  trace_hash += other.trace_hash;
  healed_in_us_max = std::max(healed_in_us_max, other.healed_in_us_max);
  if (other.first_failing_seed)
    first_failing_seed =
        first_failing_seed ? std::min(*first_failing_seed, *other.first_failing_seed) : *other.first_failing_seed;
}

uint64_t Tally::failed() const {
  uint64_t sum = 0;
  for (const uint64_t count : failures) sum += count;
  return sum;
}

}  // namespace tieline::sim
