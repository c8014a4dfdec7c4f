#include "standing/observed.h"

#include <algorithm>

#include "base/check.h"
#include "standing/leader.h"

namespace tieline::standing {
namespace {

constexpr uint64_t kPermille = 1'000;

// What the views a member led say of it.
struct Led {
  uint32_t views = 0, failed = 0;
  uint64_t slots = 0, unconfirmed = 0;
};

// Confirmers that are missing because they are away hardly say anything about a leader: the share of slots in which the
// f most absent members were missing is taken off.
struct Absence {
  uint64_t of_most_absent = 0;  // absent slots of the f most absent, together
  uint64_t slots = 0;           // of the epoch
  uint64_t expected(uint64_t in_slots) const {
    return slots == 0 ? 0 : (in_slots * of_most_absent + slots - 1) / slots;
  }
};

Absence absence_of(const EpochTally& tally, size_t f) {
  Absence out;
  std::vector<uint32_t> absent;
  for (const MemberTally& m : tally.members) {
    absent.push_back(m.absent_slots);
    out.slots = std::max<uint64_t>(out.slots, uint64_t{m.absent_slots} + m.signed_slots);
  }
  std::sort(absent.rbegin(), absent.rend());
  for (size_t i = 0; i < std::min(f, absent.size()); ++i) out.of_most_absent += absent[i];
  return out;
}

std::optional<size_t> index_of(const EpochTally& tally, ValidatorId id) {
  for (size_t i = 0; i < tally.members.size(); ++i)
    if (tally.members[i].id == id) return i;
  return std::nullopt;
}

uint16_t lead_permille(const Led& led, size_t members) {
  if (led.views == 0) return 0;
  const uint64_t failed = kPermille * led.failed / led.views;
  const uint64_t votes = led.slots * (members - 1);
  const uint64_t unconfirmed = votes == 0 ? 0 : kPermille * led.unconfirmed / votes;
  return static_cast<uint16_t>(std::min(kPermille, failed + unconfirmed));
}

// None: too few others measured this member. A round trip that nobody measured while others' were is kNotReached.
std::optional<uint16_t> measured(const EpochTally& tally, size_t position, Measure kind) {
  const uint16_t median = median_of_reports(tally, position, kind);
  if (median != kNotMeasured) return median;
  if (kind == Measure::kInterval) return std::nullopt;
  for (size_t i = 0; i < tally.members.size(); ++i)
    if (i != position && median_of_reports(tally, i, kind) != kNotMeasured) return kNotReached;
  return std::nullopt;
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

std::vector<Observed> observe(const EpochTally& tally, const Committee& committee, const Committee* previous,
                              const ConsensusParams& consensus, const CreditParams& credit,
                              const std::vector<CreditRecord>& records, Height end) {
  TL_CHECK(records.size() == tally.members.size());
  const Absence absence = absence_of(tally, committee.count().f());
  std::vector<Led> led(tally.members.size());
  for (const ViewTally& v : tally.views) {
    const bool now = v.epoch == tally.epoch;
    if (!now && (previous == nullptr || v.epoch != previous->epoch())) continue;
    const auto leader = leader_on_chain(consensus, now ? committee : *previous, v.view);
    const auto at = leader ? index_of(tally, *leader) : std::nullopt;
    if (!at) continue;
    Led& l = led[*at];
    ++l.views;
    l.failed += v.failed ? 1 : 0;
    l.slots += v.slots;
    const uint64_t expected = absence.expected(v.slots);
    l.unconfirmed += v.missing > expected ? v.missing - expected : 0;
  }
  std::vector<Observed> out(tally.members.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const MemberTally& m = tally.members[i];
    const CreditRecord& record = records[i];
    Observed& o = out[i];
    o.round_trip_ms = measured(tally, i, Measure::kRoundTrip);
    o.interval_ms = measured(tally, i, Measure::kInterval);
    o.spells = m.absence_spells;
    o.absent = m.absent_slots;
    o.signed_slots = m.signed_slots;
    o.led_views = led[i].views;
    o.failed_views = led[i].failed;
    o.lead_permille = lead_permille(led[i], committee.size());
    o.age_blocks = end - std::min(end, record.joined);
    o.proven = proofs_of(m) > 0 || (record.last_proof && *record.last_proof + credit.proof_epochs > tally.epoch);
    o.credit = record.credit;
  }
  return out;
}

}  // namespace tieline::standing
