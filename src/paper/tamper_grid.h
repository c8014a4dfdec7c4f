#pragma once
// The network of table 4's day: who is on it, which flows are metered by whom, and what truly flowed (paper 004,
// 5.1.3). See paper/tamper_world.h. Slots are counted from the first of the four weeks before the day. Wh a slot, W.

#include "base/rng.h"
#include "energy/zone_check.h"
#include "paper/honest_data.h"

namespace tieline::paper {

inline constexpr size_t kPlants = 10, kLines = 15, kDistributors = 15, kUsers = 10;
inline constexpr size_t kSlotsOfDay = 96;
inline constexpr size_t kDaysBefore = 28;
inline constexpr int64_t kTamperDayS = 1'750'032'000;  // 2025-06-16T00:00:00Z

// A flow and its meters; `neighbour` 0: nobody else's meter sees it.
struct GridFlow {
  ParticipantId owner = 0, neighbour_owner = 0;
  MeterId main = 0, neighbour = 0;
  uint64_t limit_w = 0, neighbour_limit_w = 0;
  std::vector<uint64_t> true_wh;  // of the four weeks and the day
};
// Flows by their number, and which side of the zone they are on.
struct GridZone {
  std::vector<size_t> in, out;
  energy::ZoneLimits limits;
};
struct TamperGrid {
  Genesis genesis;  // participants without keys
  std::vector<GridFlow> flows;
  std::vector<GridZone> zones;
};
TamperGrid tamper_grid(const std::vector<HonestSeries>& shapes, Rng& rng);

}  // namespace tieline::paper
