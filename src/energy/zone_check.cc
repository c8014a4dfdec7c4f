#include "energy/zone_check.h"

#include <algorithm>

#include "energy/rules.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

// The two sides of the band, both >= 0 when the zone is in it. Linear in every flow, so that replacing a reading adds a
// fixed amount to each.
struct Margins {
  int128 above_lo = 0;  // 10^6 L - lo x I
  int128 below_hi = 0;  // hi x I - 10^6 L
  Margins operator+(const Margins& o) const { return {above_lo + o.above_lo, below_hi + o.below_hi}; }
  bool hold() const { return above_lo >= 0 && below_hi >= 0; }
};

Margins margins_of(bool in, int128 wh, const ZoneLimits& limits) {
  const int128 one = kPpm;
  if (in) return {(one - limits.loss_lo_ppm) * wh, (int128{limits.loss_hi_ppm} - one) * wh};
  return {-one * wh, one * wh};
}

// A reading that could be wrong, and what it would change to take what else is known instead of it: the least and the
// most, since what was expected is no exact value.
struct Suspect {
  size_t flow = 0;
  Margins near, far;
  int128 gain = 0;        // at most, towards the side of the band that is breached
  uint128 deviation = 0;  // |value - other| relative to the other, ppm
};

bool confirmed(const ZoneFlow& f, const ZoneLimits& limits) {
  return f.main && f.neighbour && meters_agree(*f.main, *f.neighbour, limits);
}

// What else is known of a flow: its neighbour's value where the two differ, else about what was expected.
struct Other {
  uint64_t value = 0;
  uint64_t band = 0;
};
std::optional<Other> other_value(const ZoneFlow& f, const ZoneLimits& limits) {
  if (f.main && f.neighbour && !confirmed(f, limits)) return Other{*f.neighbour, 0};
  if (!f.expected) return std::nullopt;
  return Other{*f.expected, narrow(floor_div(uint128{*f.expected} * limits.expected_ppm, kPpm))};
}

// Who is looked at, one after the other: readings that their own neighbours contradict, which are DISPUTED anyway;
// those that nobody confirms; and all.
enum class Among : uint8_t { kContradicted, kUnconfirmed, kAll };

bool looked_at(const ZoneFlow& f, const ZoneLimits& limits, Among among) {
  if (among == Among::kAll) return true;
  if (confirmed(f, limits)) return false;
  return among == Among::kUnconfirmed || (f.main && f.neighbour);
}

std::vector<Suspect> suspects(std::span<const ZoneFlow> flows, const ZoneLimits& limits, const Margins& zone,
                              Among among) {
  std::vector<Suspect> out;
  for (size_t i = 0; i < flows.size(); ++i) {
    const auto other = other_value(flows[i], limits);
    if (!other || !looked_at(flows[i], limits, among)) continue;
    const uint64_t value = *flows[i].value();
    Suspect s;
    s.flow = i;
    const Margins low = margins_of(flows[i].in, int128{other->value} - other->band - value, limits);
    const Margins high = margins_of(flows[i].in, int128{other->value} + other->band - value, limits);
    const auto gain = [&](const Margins& m) { return zone.above_lo < 0 ? m.above_lo : m.below_hi; };
    s.near = gain(low) < gain(high) ? low : high;
    s.far = gain(low) < gain(high) ? high : low;
    s.gain = gain(s.far);
    const uint64_t apart = value > other->value ? value - other->value : other->value - value;
    s.deviation = uint128{apart} * kPpm / (uint128{other->value} + 1);
    if (s.gain > 0) out.push_back(s);
  }
  std::stable_sort(out.begin(), out.end(), [](const Suspect& a, const Suspect& b) { return a.gain > b.gain; });
  if (out.size() > kExplainAmongMax) out.resize(kExplainAmongMax);
  // From here on in the order of the flows, so that ties go to the first.
  std::sort(out.begin(), out.end(), [](const Suspect& a, const Suspect& b) { return a.flow < b.flow; });
  return out;
}

struct Best {
  std::vector<size_t> flows;
  uint128 deviation = 0;
  bool found = false;
};

// The zone with some of its readings replaced by the least and by the most that they may be. On the way from one to the
// other the breached side only rises and the other only falls, and the band has a width: so some values hold if the
// breached side holds at the end of the way and the other at its beginning.
struct Replaced {
  Margins near, far;
  bool may_hold(const Margins& zone) const {
    return zone.above_lo < 0 ? far.above_lo >= 0 && near.below_hi >= 0 : far.below_hi >= 0 && near.above_lo >= 0;
  }
};

// Tries every set of exactly `left` more suspects from `from` on.
void search(const std::vector<Suspect>& among, size_t from, size_t left, const Margins& zone, const Replaced& now,
            uint128 deviation, std::vector<size_t>& chosen, Best& best) {
  if (left == 0) {
    if (now.may_hold(zone) && (!best.found || deviation > best.deviation)) best = {chosen, deviation, true};
    return;
  }
  for (size_t i = from; i + left <= among.size(); ++i) {
    chosen.push_back(among[i].flow);
    search(among, i + 1, left - 1, zone, {now.near + among[i].near, now.far + among[i].far},
           deviation + among[i].deviation, chosen, best);
    chosen.pop_back();
  }
}

std::optional<std::vector<size_t>> smallest_explanation(const std::vector<Suspect>& among, const Margins& zone) {
  for (size_t size = 1; size <= std::min(kExplainSizeMax, among.size()); ++size) {
    Best best;
    std::vector<size_t> chosen;
    search(among, 0, size, zone, {zone, zone}, 0, chosen, best);
    if (best.found) return best.flows;
  }
  return std::nullopt;
}

}  // namespace

bool meters_agree(uint64_t a, uint64_t b, const ZoneLimits& limits) {
  const uint64_t larger = std::max(a, b);
  const uint64_t band = std::max(limits.agree_wh, narrow(floor_div(uint128{larger} * limits.agree_ppm, kPpm)));
  return larger - std::min(a, b) <= band;
}

bool in_band(uint64_t in_wh, uint64_t out_wh, const ZoneLimits& limits) {
  return (margins_of(true, in_wh, limits) + margins_of(false, out_wh, limits)).hold();
}

ZoneVerdict check_zone(std::span<const ZoneFlow> flows, const ZoneLimits& limits) {
  TL_CHECK(flows.size() <= kZoneFlowsMax);
  TL_CHECK(limits.loss_lo_ppm <= limits.loss_hi_ppm && limits.loss_hi_ppm < kPpm);
  ZoneVerdict verdict;
  verdict.disputed.assign(flows.size(), false);
  Margins zone;
  bool gap = false;
  for (size_t i = 0; i < flows.size(); ++i) {
    const ZoneFlow& f = flows[i];
    if (f.main && f.neighbour && !confirmed(f, limits)) verdict.disputed[i] = true;
    gap = gap || !f.value();
    if (f.value()) zone = zone + margins_of(f.in, int128{*f.value()}, limits);
  }
  if (gap || zone.hold()) return verdict;
  verdict.balanced = false;
  for (Among among : {Among::kContradicted, Among::kUnconfirmed, Among::kAll}) {
    const auto found = smallest_explanation(suspects(flows, limits, zone, among), zone);
    if (!found) continue;
    for (size_t i : *found) verdict.disputed[i] = true;
    return verdict;
  }
  verdict.explained = false;
  bool any = false;
  for (size_t i = 0; i < flows.size(); ++i) {
    if (confirmed(flows[i], limits)) continue;
    verdict.disputed[i] = true;
    any = true;
  }
  if (!any) verdict.disputed.assign(flows.size(), true);
  return verdict;
}

}  // namespace tieline::energy
