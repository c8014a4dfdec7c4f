#include "energy/substitution.h"

#include <algorithm>

#include "energy/rules.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

struct Totals {
  uint64_t in = 0;
  uint64_t out = 0;
  size_t gaps = 0;
};

// Over all flows but one.
Totals others(std::span<const ZoneFlow> flows, size_t index) {
  Totals t;
  for (size_t i = 0; i < flows.size(); ++i) {
    if (i == index) continue;
    const auto value = flows[i].value();
    if (!value) {
      ++t.gaps;
    } else {
      (flows[i].in ? t.in : t.out) += *value;
    }
  }
  return t;
}

uint64_t minus_or_zero(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

bool keeps_band(const Totals& t, const ZoneFlow& f, uint64_t wh, const ZoneLimits& limits) {
  return in_band(t.in + (f.in ? wh : 0), t.out + (f.in ? 0 : wh), limits);
}

}  // namespace

Substitute substitute_missing(std::span<const ZoneFlow> flows, size_t index, uint32_t loss_ppm) {
  TL_CHECK(index < flows.size() && flows.size() <= kZoneFlowsMax && loss_ppm < kPpm);
  const ZoneFlow& f = flows[index];
  TL_CHECK(!f.main);
  if (f.neighbour) return {*f.neighbour, true};
  const Totals t = others(flows, index);
  if (t.gaps == 0) {
    const uint64_t residual = f.in ? minus_or_zero(narrow(ceil_div(uint128{t.out} * kPpm, kPpm - loss_ppm)), t.in)
                                   : minus_or_zero(t.in - narrow(floor_div(uint128{t.in} * loss_ppm, kPpm)), t.out);
    return {std::min(residual, kReadingWhMax), true};  // no meter could have said more
  }
  return {f.expected.value_or(0), false};
}

uint64_t resolve_disputed(std::span<const ZoneFlow> flows, size_t index, const ZoneLimits& limits) {
  TL_CHECK(index < flows.size() && flows.size() <= kZoneFlowsMax);
  const ZoneFlow& f = flows[index];
  TL_CHECK(f.value().has_value());
  const Totals t = others(flows, index);
  for (const auto& candidate : {f.main, f.neighbour, f.expected}) {
    if (candidate && keeps_band(t, f, *candidate, limits)) return *candidate;
  }
  return *f.value();
}

}  // namespace tieline::energy
