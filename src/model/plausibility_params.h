#pragma once
// What genesis says of the plausibility of readings: thresholds of energy/rules.h (ramp) and energy/history.h. Shares
// in ppm, lengths in slots of 15 minutes. Source: ENERGY.md, "Semantic plausibility"; docs/plausibility.md.

#include "base/codec.h"

namespace tieline {

struct PlausibilityParams {
  // Most that the power of a point may change from one slot to the next, of its registered limit.
  uint32_t ramp_plant_ppm = 900'000;
  uint32_t ramp_carrier_ppm = 600'000;
  uint32_t ramp_user_ppm = 600'000;
  // The seasonal profile.
  uint32_t history_days = 14;            // values of a time of day before it says anything
  uint32_t history_window_slots = 8;     // times of day this far away count as the same
  uint32_t history_forget = 32;          // the profile closes by one part in so many a day
  uint32_t history_above_ppm = 300'000;  // usual: at most this above the highest
  uint32_t history_below_ppm = 500'000;  // and at most this below the lowest
  uint32_t history_floor_ppm = 50'000;   // of the profile's highest value: differences this small are always usual
  bool operator==(const PlausibilityParams&) const = default;
};
void encode(Writer& w, const PlausibilityParams& p);

// Both directions of genesis.json, its encoding and its bounds walk this list, so that none can forget a field.
template <class Params, class Visit>
void each_plausibility_number(Params& p, Visit visit) {
  visit("ramp_plant_ppm", p.ramp_plant_ppm, 0u, 1'000'000u);
  visit("ramp_carrier_ppm", p.ramp_carrier_ppm, 0u, 1'000'000u);
  visit("ramp_user_ppm", p.ramp_user_ppm, 0u, 1'000'000u);
  visit("history_days", p.history_days, 1u, 366u);
  visit("history_window_slots", p.history_window_slots, 0u, 47u);
  visit("history_forget", p.history_forget, 1u, 1'000'000u);
  visit("history_above_ppm", p.history_above_ppm, 0u, 100'000'000u);
  visit("history_below_ppm", p.history_below_ppm, 0u, 1'000'000u);
  visit("history_floor_ppm", p.history_floor_ppm, 0u, 1'000'000u);
}

}  // namespace tieline
