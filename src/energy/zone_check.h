#pragma once
// What is checked when an interval closes, over all readings of a zone at once and never by the order they came in:
//
//   counter-metering   a flow is metered by both neighbours; they agree when |a - b| <= max(agree_wh, floor(max(a, b) x
//                      agree_ppm / 10^6)). A pair that does not is DISPUTED.
//   balance            injections + imports = withdrawals + exports + L, lo x I <= 10^6 L <= hi x I with I what goes
//                      in. On a breach the smallest set of readings that explains it is DISPUTED: those which, replaced
//                      by what the neighbour metered or else by what was expected, bring the zone back into its band.
//
// What was expected is no exact value: a reading explains the breach if some value within expected_ppm of it does.
// Readings that their own neighbour contradicts are looked at first, then those that nobody confirms, and one that its
// neighbour confirms last, so one forger cannot get others' disputed. Among sets of one size the one that deviates most
// from what it is replaced by is taken, then the first. Wh and ppm.
// Source: ENERGY.md, "Semantic plausibility"; paper 004, 3.2 (semantic reliability).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/ids.h"

namespace tieline::energy {

inline constexpr size_t kExplainSizeMax = 3;    // readings that explain a breach together
inline constexpr size_t kExplainAmongMax = 64;  // those with the largest part in it
inline constexpr size_t kZoneFlowsMax = 4'096;

struct ZoneLimits {
  uint32_t loss_lo_ppm = 0;
  uint32_t loss_hi_ppm = 100'000;  // at least lo, below 10^6
  uint32_t agree_ppm = 20'000;
  uint64_t agree_wh = 10;
  uint32_t expected_ppm = 100'000;  // what was expected may be off by this; at most 10^6
  bool operator==(const ZoneLimits&) const = default;
};

// One border flow of the zone in the interval.
struct ZoneFlow {
  MeterId meter = 0;  // of the registered main meter
  bool in = false;    // into the zone: injection or import
  std::optional<uint64_t> main;
  std::optional<uint64_t> neighbour;  // the counter-meter's value
  std::optional<uint64_t> expected;   // contracted, or of the profile

  // The value that counts until a check says otherwise; none is a gap.
  std::optional<uint64_t> value() const { return main ? main : neighbour; }
};

bool meters_agree(uint64_t a, uint64_t b, const ZoneLimits& limits);

struct ZoneVerdict {
  std::vector<bool> disputed;  // by flow
  bool balanced = true;        // with the values as they are
  bool explained = true;       // a breach that nothing explains disputes every reading that nobody confirms
};
// Flows without any value are left to energy/substitution.h first: a zone with a gap has no balance to check, only its
// pairs.
ZoneVerdict check_zone(std::span<const ZoneFlow> flows, const ZoneLimits& limits);

bool in_band(uint64_t in_wh, uint64_t out_wh, const ZoneLimits& limits);

}  // namespace tieline::energy
