#include "energy/rules.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace tieline::energy {
namespace {

using uint128 = unsigned __int128;

constexpr uint128 kSecondsPerHour = 3'600;
constexpr uint128 kPpm = 1'000'000;
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
  const uint128 able = uint128{c.point->limit_w} * r.duration_s * (kPpm + c.params->capacity_tolerance_ppm);
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

constexpr std::array kRules = {
    Rule{"unknown_meter", Refusal::kUnknownMeter, "no participant has registered this metering point", unknown_meter},
    Rule{"not_owner", Refusal::kNotOwner, "the metering point belongs to none of the signatories", not_owner},
    Rule{"not_allowed", Refusal::kNotAllowed, "the participant's role does not record readings", not_allowed},
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
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

Refusal judge_reading(const Reading& reading, const RuleContext& context) {
  for (const Rule& rule : kRules) {
    if (rule.refuses(reading, context)) return rule.refusal;
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
}

}  // namespace tieline::energy
