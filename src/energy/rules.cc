#include "energy/rules.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr uint128 kSecondsPerHour = 3'600;
constexpr int64_t kMillis = 1'000;

uint32_t first_slot(const Reading& r) { return static_cast<uint32_t>(r.start_s / kSlotSeconds); }
uint32_t end_slot(const Reading& r) { return static_cast<uint32_t>((r.start_s + r.duration_s) / kSlotSeconds); }

bool unknown_meter(const Reading&, const RuleContext& c) { return c.point == nullptr; }

bool not_owner(const Reading&, const RuleContext& c) {
  return std::find(c.signatories.begin(), c.signatories.end(), c.point->owner) == c.signatories.end();
}

bool not_allowed(const Reading&, const RuleContext& c) {
  return c.point->role == Role::kRegulator || c.point->role == Role::kNeutral;
}

bool misaligned_interval(const Reading& r, const RuleContext&) {
  return r.start_s < 0 || r.start_s % kSlotSeconds != 0;
}

bool bad_duration(const Reading& r, const RuleContext&) {
  return r.duration_s == 0 || r.duration_s > kDurationMax || r.duration_s % kSlotSeconds != 0;
}

// The start is compared before anything is added to it: it may be as large as the type allows. What passes has slots
// that fit 32 bits, since block times are bounded (ledger/execute.h).
bool future_interval(const Reading& r, const RuleContext& c) {
  const int64_t latest_s = (c.block_time_ms + c.params->future_ms) / kMillis;
  return r.start_s > latest_s || r.start_s + r.duration_s > latest_s;
}

bool stale(const Reading& r, const RuleContext& c) {
  if (c.params->stale_s == 0) return false;
  return r.start_s + r.duration_s < c.block_time_ms / kMillis - c.params->stale_s;
}

// wh <= limit x hours x (1 + tolerance), in integers: wh x 3600 x 10^6 <= limit_w x seconds x (10^6 + tolerance).
bool over_capacity(const Reading& r, const RuleContext& c) {
  if (r.wh > kReadingWhMax || r.wh > UINT64_MAX - c.series->total_wh) return true;
  if (c.point->limit_w == 0) return false;
  const uint128 said = uint128{r.wh} * kSecondsPerHour * kPpm;
  const uint128 able = uint128{c.point->limit_w} * r.duration_s * (uint128{kPpm} + c.params->capacity_tolerance_ppm);
  return said > able;
}

bool before_window(const Reading& r, const RuleContext& c) { return first_slot(r) < c.series->recorded.floor(); }

bool overlap(const Reading& r, const RuleContext& c) { return c.series->recorded.overlaps(first_slot(r), end_slot(r)); }

// A register only counts up. Readings may arrive out of order, so it is compared along the time of the intervals, not
// of arrival.
bool bad_register(const Reading& r, const RuleContext& c) {
  if (!r.register_wh || !c.series->last_register) return false;
  const auto& last = *c.series->last_register;
  return r.start_s + r.duration_s > last.end_s ? *r.register_wh < last.wh : *r.register_wh > last.wh;
}

// A carrier's meters see plants as well as lines, so its ramp is at least theirs.
uint32_t ramp_ppm(Role role, const PlausibilityParams& p) {
  if (role == Role::kPlant) return p.ramp_plant_ppm;
  return role == Role::kUser ? p.ramp_user_ppm : std::max(p.ramp_carrier_ppm, p.ramp_plant_ppm);
}

// Between this reading and the one right before it, both as mean power, per slot from the middle of one to the middle
// of the other: |wh / d - wh' / d'| x 3600 <= limit x ramp / 10^6 x ((d + d') / 2) / 900, multiplied out. A forged
// value that passes going up leaves the honest one after it the same way down. Of readings that came out of order
// nothing is asked.
bool over_ramp(const Reading& r, const RuleContext& c) {
  const auto& before = c.series->latest;
  if (c.point->limit_w == 0 || !before || before->end_s != r.start_s) return false;
  const uint128 now = uint128{r.wh} * before->duration_s, then = uint128{before->wh} * r.duration_s;
  const uint128 change = (now > then ? now - then : then - now) * 2 * kSlotSeconds * kPpm * kSecondsPerHour;
  const uint128 able = uint128{c.point->limit_w} * ramp_ppm(c.point->role, *c.plausibility) *
                       (uint128{r.duration_s} + before->duration_s) * r.duration_s * before->duration_s;
  return change > able;
}

constexpr std::array kRules = {
    Rule{"unknown_meter", Refusal::kUnknownMeter, "no participant has registered this metering point", unknown_meter},
    Rule{"not_owner", Refusal::kNotOwner, "the metering point belongs to none of the signatories", not_owner},
    Rule{"not_allowed", Refusal::kNotAllowed, "the participant's role does not record this", not_allowed},
    Rule{"misaligned_interval", Refusal::kMisalignedInterval,
         "the interval does not start on a quarter of an hour (UTC)", misaligned_interval},
    Rule{"bad_duration", Refusal::kBadDuration,
         "the interval's length is not a multiple of 900 seconds between 900 and 86400", bad_duration},
    Rule{"future_interval", Refusal::kFutureInterval, "the interval ends further in the future than is allowed",
         future_interval},
    Rule{"stale", Refusal::kStale, "the interval ended longer ago than this network accepts", stale},
    Rule{"over_capacity", Refusal::kOverCapacity,
         "the energy exceeds what the registered capacity can carry in the interval", over_capacity},
    Rule{"before_window", Refusal::kBeforeWindow,
         "the interval lies before the part of the meter's history that is still open; record it as a correction",
         before_window},
    Rule{"overlap", Refusal::kOverlap, "the interval, or a part of it, is recorded already", overlap},
    Rule{"bad_register", Refusal::kBadRegister, "the meter's register runs backwards", bad_register},
    Rule{"ramp", Refusal::kRamp, "the power changes faster than a point of this kind and limit can", over_ramp},
};

// The interval that a declaration is for, to be asked what is asked of readings.
Reading interval_of(const Declaration& d) {
  Reading r;
  r.meter = d.meter;
  r.start_s = d.start_s;
  r.duration_s = d.duration_s;
  return r;
}
template <bool (*kRefuses)(const Reading&, const RuleContext&)>
bool as_reading(const Declaration& d, const RuleContext& c) {
  return kRefuses(interval_of(d), c);
}

bool not_its_role(const Declaration& d, const RuleContext& c) {
  return c.point->role != (d.kind == DeclarationKind::kGenerationCost ? Role::kPlant : Role::kGrid);
}

bool outside_cost_band(const Declaration& d, const RuleContext& c) {
  if (d.kind != DeclarationKind::kGenerationCost || c.point->cost_hi == 0) return false;
  return d.value < c.point->cost_lo || d.value > c.point->cost_hi;
}

bool over_line_capacity(const Declaration& d, const RuleContext& c) {
  return d.kind == DeclarationKind::kLineCapacity && c.point->limit_w != 0 && d.value > c.point->limit_w;
}

constexpr std::array kDeclarationRules = {
    DeclarationRule{"unknown_meter", Refusal::kUnknownMeter, "no participant has registered this metering point",
                    as_reading<unknown_meter>},
    DeclarationRule{"not_owner", Refusal::kNotOwner, "the metering point belongs to none of the signatories",
                    as_reading<not_owner>},
    DeclarationRule{"not_allowed", Refusal::kNotAllowed, "the participant's role does not record this", not_its_role},
    DeclarationRule{"misaligned_interval", Refusal::kMisalignedInterval,
                    "the interval does not start on a quarter of an hour (UTC)", as_reading<misaligned_interval>},
    DeclarationRule{"bad_duration", Refusal::kBadDuration,
                    "the interval's length is not a multiple of 900 seconds between 900 and 86400",
                    as_reading<bad_duration>},
    DeclarationRule{"future_interval", Refusal::kFutureInterval,
                    "the interval ends further in the future than is allowed", as_reading<future_interval>},
    DeclarationRule{"stale", Refusal::kStale, "the interval ended longer ago than this network accepts",
                    as_reading<stale>},
    DeclarationRule{"cost_band", Refusal::kCostBand,
                    "the declared cost lies outside the band that the plant registered", outside_cost_band},
    DeclarationRule{"line_capacity", Refusal::kLineCapacity,
                    "the declared capacity of the line exceeds the registered one", over_line_capacity},
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

Refusal judge_reading(const Reading& reading, const RuleContext& context) {
  for (const Rule& rule : kRules) {
    if (rule.refuses(reading, context)) return rule.refusal;
  }
  return Refusal::kNone;
}

std::span<const DeclarationRule> declaration_rules() { return kDeclarationRules; }

Refusal judge_declaration(const Declaration& declaration, const RuleContext& context) {
  for (const DeclarationRule& rule : kDeclarationRules) {
    if (rule.refuses(declaration, context)) return rule.refusal;
  }
  return Refusal::kNone;
}

void record_reading(const Reading& reading, MeterSeries& series) {
  series.recorded.insert(first_slot(reading), end_slot(reading));
  ++series.readings;
  TL_CHECK(reading.wh <= UINT64_MAX - series.total_wh);
  series.total_wh += reading.wh;
  const int64_t end_s = reading.start_s + reading.duration_s;
  if (reading.register_wh && (!series.last_register || end_s > series.last_register->end_s)) {
    series.last_register = MeterSeries::Register{*reading.register_wh, end_s};
  }
  if (!series.latest || end_s > series.latest->end_s) {
    series.latest = MeterSeries::Latest{end_s, reading.duration_s, reading.wh};
  }
}

}  // namespace tieline::energy
