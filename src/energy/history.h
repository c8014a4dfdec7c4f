#pragma once
// What is usual for a metering point: its seasonal profile, and how far a reading lies outside it.
//
// For each of the 96 times of a day (UTC slots) the profile keeps the highest and the lowest energy it has learned, and
// lets them close again: with every value learned, the distance from it to either shrinks by one part in
// `history_forget` (so that the profile follows the seasons, and one forged value that got in is forgotten). A reading
// is judged against the highest and the lowest of its own times of day and those within `history_window_slots` of them,
// which covers the sunrise that moves and the hour that summer time shifts. Values of all days are one profile:
// holidays then look like Sundays and are usual.
//
//   unusual   wh > hi + hi x above / 10^6 + floor, or wh < lo - lo x below / 10^6 - floor
//   floor     highest of the whole profile x history_floor / 10^6, at least kUsualWh
//
// Nothing is said before every time of day that is looked at has learned `history_days` values.
// At close an unusual reading whose neighbour's meter agrees is flagged, otherwise it is DISPUTED; a flag alone moves
// neither trust nor money. Learn only settled values that carry no flag, or those that the neighbour accepted or the
// regulator ruled on. Wh of a slot; a longer reading counts as its mean in each of its slots.
// Source: ENERGY.md, "Semantic plausibility" (History); docs/plausibility.md.

#include <array>

#include "energy/interval_set.h"
#include "model/plausibility_params.h"
#include "model/transaction.h"

namespace tieline::energy {

inline constexpr size_t kDaySlots = 96;
inline constexpr uint64_t kUsualWh = 5;  // a difference this small is usual anywhere: meters count whole Wh

struct SlotHistory {
  uint16_t learned = 0;  // values, at most UINT16_MAX are counted
  uint64_t lo = 0;
  uint64_t hi = 0;
  bool operator==(const SlotHistory&) const = default;
};

// Of one point under one OBIS code.
struct SeasonalProfile {
  std::array<SlotHistory, kDaySlots> slots;
  bool operator==(const SeasonalProfile&) const = default;
};
void encode(Writer& w, const SeasonalProfile& p);
void decode(Reader& r, SeasonalProfile& p);

// Aligned readings only (the rules of energy/rules.h come first).
void learn(SeasonalProfile& profile, const Reading& reading, const PlausibilityParams& params);

enum class Usual : uint8_t { kUnknown, kYes, kTooHigh, kTooLow };
Usual judge_history(const SeasonalProfile& profile, const Reading& reading, const PlausibilityParams& params);

enum class HistoryVerdict : uint8_t { kPlain, kFlagged, kDisputed };
HistoryVerdict history_verdict(Usual usual, bool neighbour_agrees);

}  // namespace tieline::energy
