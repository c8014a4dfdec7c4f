#pragma once
// Values for what is missing or cannot be believed. A missing class W value is the neighbour's; else, when it is the
// zone's only gap, the zone's residual; else the contracted one, which earns nobody trust. A disputed value that nobody
// resolved in time is the one that keeps the zone in its band, else the registered main meter's.
//
//   residual of an outflow   I - floor(I x loss / 10^6) - other outflows, at least 0
//   residual of an inflow    ceil(O x 10^6 / (10^6 - loss)) - other inflows, at least 0
//
// with the zone's declared loss in ppm. Source: ENERGY.md, "Semantic plausibility".

#include "energy/zone_check.h"

namespace tieline::energy {

struct Substitute {
  uint64_t wh = 0;
  bool credits_trust = true;
  bool operator==(const Substitute&) const = default;
};

// For flows[index], which has no main value. `loss_ppm` below 10^6.
Substitute substitute_missing(std::span<const ZoneFlow> flows, size_t index, uint32_t loss_ppm);

// For flows[index], disputed; every flow has a value.
uint64_t resolve_disputed(std::span<const ZoneFlow> flows, size_t index, const ZoneLimits& limits);

}  // namespace tieline::energy
