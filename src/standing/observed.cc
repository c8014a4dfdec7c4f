#include "standing/observed.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::standing {
namespace {

constexpr uint64_t kPermille = 1'000;

uint16_t lead_permille(const EpochTally& tally, ValidatorId id, const Observed& o, uint64_t led_slots) {
  if (o.led_views == 0) return 0;
  const uint64_t failed = kPermille * o.failed_views / o.led_views;
  const uint64_t votes = led_slots * (tally.members.size() - 1);
  const uint64_t unconfirmed = votes == 0 ? 0 : kPermille * led_missing(tally, id) / votes;
  return static_cast<uint16_t>(std::min(kPermille, failed + unconfirmed));
}

// What the others measured of the member at `position`.
std::optional<uint16_t> measured(const EpochTally& tally, size_t position, Measure kind) {
  const uint16_t median = median_of_reports(tally, position, kind);
  if (median != kNotMeasured) return median;
  // Who is not reached by as many as hold an honest one is away; who led nothing has no interval.
  size_t reporters = 0;
  for (const Report& r : tally.reports) reporters += r.reporter != tally.members[position].id ? 1 : 0;
  const bool away = kind == Measure::kRoundTrip && reporters > Quorum{tally.members.size()}.f();
  return away ? std::optional<uint16_t>(kNotReached) : std::nullopt;
}

}  // namespace

void encode(Writer& w, const Observed& o) {
  encode(w, o.round_trip_ms);
  encode(w, o.interval_ms);
  for (const uint32_t v : {o.spells, o.absent, o.signed_slots, o.led_views, o.failed_views}) w.u32(v);
  w.u16(o.lead_permille);
  w.u64(o.age_blocks);
  w.boolean(o.proven);
  w.u32(o.credit);
}

void decode(Reader& r, Observed& o) {
  decode(r, o.round_trip_ms);
  decode(r, o.interval_ms);
  for (uint32_t* v : {&o.spells, &o.absent, &o.signed_slots, &o.led_views, &o.failed_views}) *v = r.u32();
  o.lead_permille = r.u16();
  o.age_blocks = r.u64();
  o.proven = r.boolean();
  o.credit = r.u32();
}

std::vector<Observed> observe(const EpochTally& tally, const CreditParams& params,
                              const std::vector<CreditRecord>& records, Height end) {
  TL_CHECK(records.size() == tally.members.size());
  std::vector<Observed> out(tally.members.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const MemberTally& m = tally.members[i];
    const CreditRecord& record = records[i];
    Observed& o = out[i];
    uint64_t led_slots = 0;
    for (const ViewTally& v : tally.views) {
      if (v.leader != m.id) continue;
      ++o.led_views;
      o.failed_views += v.failed ? 1 : 0;
      led_slots += v.slots;
    }
    o.round_trip_ms = measured(tally, i, Measure::kRoundTrip);
    o.interval_ms = measured(tally, i, Measure::kInterval);
    o.spells = m.absence_spells;
    o.absent = m.absent_slots;
    o.signed_slots = m.signed_slots;
    o.lead_permille = lead_permille(tally, m.id, o, led_slots);
    o.age_blocks = end - std::min(end, record.joined);
    o.proven = proofs_of(m) > 0 || (record.last_proof && *record.last_proof + params.proof_epochs > tally.epoch);
    o.credit = record.credit;
  }
  return out;
}

}  // namespace tieline::standing
