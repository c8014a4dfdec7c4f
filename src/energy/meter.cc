#include "energy/meter.h"

namespace tieline::energy {
namespace {

void encode(Writer& w, const MeterSeries::Register& r) {
  w.u64(r.wh);
  w.i64(r.end_s);
}

void decode(Reader& r, MeterSeries::Register& reg) {
  reg.wh = r.u64();
  reg.end_s = r.i64();
}

void encode(Writer& w, const MeterSeries::Latest& l) {
  w.i64(l.end_s);
  w.u32(l.duration_s);
  w.u64(l.wh);
}

// A duration of nothing would divide by zero.
void decode(Reader& r, MeterSeries::Latest& l) {
  l.end_s = r.i64();
  l.duration_s = r.u32();
  l.wh = r.u64();
  if (l.duration_s == 0) r.fail();
}

}  // namespace

void encode(Writer& w, const MeterPoint& p) {
  w.u32(p.owner);
  w.u8(static_cast<uint8_t>(p.role));
  w.u64(p.limit_w);
  w.u64(p.cost_lo);
  w.u64(p.cost_hi);
}

void decode(Reader& r, MeterPoint& p) {
  p.owner = r.u32();
  const uint8_t role = r.u8();
  if (role < static_cast<uint8_t>(Role::kPlant) || role > static_cast<uint8_t>(Role::kNeutral)) return r.fail();
  p.role = static_cast<Role>(role);
  p.limit_w = r.u64();
  p.cost_lo = r.u64();
  p.cost_hi = r.u64();
}

MeterPoint meter_point(const GenesisParticipant& owner) {
  return {owner.id, owner.role, owner.role == Role::kUser ? owner.contracted_w : owner.capacity_w, owner.cost_lo,
          owner.cost_hi};
}

void encode(Writer& w, const MeterSeries& s) {
  encode(w, s.recorded);
  w.u64(s.readings);
  w.u64(s.total_wh);
  w.boolean(s.last_register.has_value());
  if (s.last_register) encode(w, *s.last_register);
  w.boolean(s.latest.has_value());
  if (s.latest) encode(w, *s.latest);
}

void decode(Reader& r, MeterSeries& s) {
  decode(r, s.recorded);
  s.readings = r.u64();
  s.total_wh = r.u64();
  s.last_register.reset();
  if (r.boolean()) decode(r, s.last_register.emplace(MeterSeries::Register{}));
  s.latest.reset();
  if (r.boolean()) decode(r, s.latest.emplace(MeterSeries::Latest{}));
}

}  // namespace tieline::energy
