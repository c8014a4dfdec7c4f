#include "energy/history.h"

#include <algorithm>

#include "energy/wide.h"

namespace tieline::energy {
namespace {

size_t first_slot_of_day(const Reading& r) { return static_cast<size_t>(r.start_s / kSlotSeconds) % kDaySlots; }
size_t slots_of(const Reading& r) { return static_cast<size_t>(r.duration_s / kSlotSeconds); }
uint64_t mean_wh(const Reading& r) { return r.wh / slots_of(r); }

uint64_t share(uint64_t value, uint64_t ppm) { return narrow(floor_div(uint128{value} * ppm, kPpm)); }

// A step towards `value`, at least 1 Wh: a bound that is never renewed closes in the end.
uint64_t step(uint64_t distance, uint32_t forget) {
  return distance == 0 ? 0 : std::max<uint64_t>(distance / forget, 1);
}

struct Range {
  uint64_t lo = UINT64_MAX;
  uint64_t hi = 0;
  bool known = true;
};

Range around(const SeasonalProfile& profile, const Reading& r, const PlausibilityParams& params) {
  Range out;
  const size_t window = params.history_window_slots;
  const size_t begin = first_slot_of_day(r) + kDaySlots - window;
  const size_t count = std::min(slots_of(r) + 2 * window, kDaySlots);
  for (size_t i = 0; i < count; ++i) {
    const SlotHistory& slot = profile.slots[(begin + i) % kDaySlots];
    out.known = out.known && slot.learned >= params.history_days;
    out.lo = std::min(out.lo, slot.lo);
    out.hi = std::max(out.hi, slot.hi);
  }
  return out;
}

}  // namespace

void encode(Writer& w, const SeasonalProfile& p) {
  for (const SlotHistory& slot : p.slots) {
    w.u16(slot.learned);
    w.u64(slot.lo);
    w.u64(slot.hi);
  }
}

void decode(Reader& r, SeasonalProfile& p) {
  for (SlotHistory& slot : p.slots) {
    slot.learned = r.u16();
    slot.lo = r.u64();
    slot.hi = r.u64();
    if (slot.lo > slot.hi) return r.fail();
  }
}

void learn(SeasonalProfile& profile, const Reading& reading, const PlausibilityParams& params) {
  TL_CHECK(reading.duration_s >= kSlotSeconds);
  const uint64_t wh = mean_wh(reading);
  for (size_t i = 0; i < std::min(slots_of(reading), kDaySlots); ++i) {
    SlotHistory& slot = profile.slots[(first_slot_of_day(reading) + i) % kDaySlots];
    if (slot.learned == 0) slot.lo = slot.hi = wh;
    slot.hi = wh >= slot.hi ? wh : slot.hi - step(slot.hi - wh, params.history_forget);
    slot.lo = wh <= slot.lo ? wh : slot.lo + step(wh - slot.lo, params.history_forget);
    if (slot.learned < UINT16_MAX) ++slot.learned;
  }
}

Usual judge_history(const SeasonalProfile& profile, const Reading& reading, const PlausibilityParams& params) {
  TL_CHECK(reading.duration_s >= kSlotSeconds);
  const Range range = around(profile, reading, params);
  if (!range.known) return Usual::kUnknown;
  uint64_t highest = 0;
  for (const SlotHistory& slot : profile.slots) highest = std::max(highest, slot.hi);
  const uint128 floor = std::max(share(highest, params.history_floor_ppm), kUsualWh);
  const uint128 wh = mean_wh(reading);
  const uint128 above = floor_div(uint128{range.hi} * params.history_above_ppm, kPpm);
  if (wh > range.hi + above + floor) return Usual::kTooHigh;
  if (wh + share(range.lo, params.history_below_ppm) + floor < range.lo) return Usual::kTooLow;
  return Usual::kYes;
}

HistoryVerdict history_verdict(Usual usual, bool neighbour_agrees) {
  if (usual == Usual::kUnknown || usual == Usual::kYes) return HistoryVerdict::kPlain;
  return neighbour_agrees ? HistoryVerdict::kFlagged : HistoryVerdict::kDisputed;
}

}  // namespace tieline::energy
