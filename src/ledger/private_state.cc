#include "ledger/private_state.h"

#include "energy/private_gap.h"

namespace tieline {
namespace {

constexpr size_t kPeriodBytes = 8 + 3 * 4;
constexpr size_t kComplaintsMax = energy::kPrivateReceiversMax * (1 + energy::kPrivateVersionMax);
constexpr size_t kIdsMax = energy::kPrivateReceiversMax;

void encode_ids(Writer& w, const std::vector<ParticipantId>& ids) {
  w.u32(static_cast<uint32_t>(ids.size()));
  for (const ParticipantId id : ids) w.u32(id);
}
void decode_ids(Reader& r, std::vector<ParticipantId>& ids) {
  ids.resize(r.count(kIdsMax, sizeof(ParticipantId)));
  for (ParticipantId& id : ids) id = r.u32();
}

Obis decode_obis(Reader& r) {
  const uint8_t obis = r.u8();
  if (obis != static_cast<uint8_t>(Obis::kImport) && obis != static_cast<uint8_t>(Obis::kExport)) r.fail();
  return static_cast<Obis>(obis);
}

}  // namespace

void encode(Writer& w, const PseudonymRecord& p) {
  w.u32(p.distributor);
  w.u8(p.bucket);
  w.i64(p.period.start_s);
  w.i64(p.period.end_s);
  w.u32(p.faults);
}
void decode(Reader& r, PseudonymRecord& p) {
  p.distributor = r.u32();
  p.bucket = r.u8();
  p.period.start_s = r.i64();
  p.period.end_s = r.i64();
  p.faults = r.u32();
}
Bytes pseudonym_name(const energy::Pseudonym& key) { return energy::RecordName("pseudonym/").id(key.view()).take(); }

void encode(Writer& w, const BatchRecord& b) {
  w.i64(b.end_s);
  encode_list(w, b.keys);
}
void decode(Reader& r, BatchRecord& b) {
  b.end_s = r.i64();
  decode_list(r, b.keys, energy::kPseudonymsMax, PublicKey::kSize);
}
Bytes batch_name(const BatchOf& of) {
  return energy::RecordName("private-batch/").id(of.distributor).id(static_cast<uint64_t>(of.start_s)).take();
}

void encode(Writer& w, const PrivateDuty& d) {
  w.i64(d.newest_end_s);
  w.u32(static_cast<uint32_t>(d.periods.size()));
  for (const PrivateDuty::Period& p : d.periods) {
    w.i64(p.start_s);
    for (const uint32_t slot : {p.closes, p.drops, p.end}) w.u32(slot);
  }
  w.u64(d.balanced);
  w.u64(d.defaults);
  w.u64(d.excused);
}
void decode(Reader& r, PrivateDuty& d) {
  d.newest_end_s = r.i64();
  d.periods.resize(r.count(kPrivatePeriodsMax, kPeriodBytes));
  for (PrivateDuty::Period& p : d.periods) {
    p.start_s = r.i64();
    for (uint32_t* slot : {&p.closes, &p.drops, &p.end}) *slot = r.u32();
  }
  d.balanced = r.u64();
  d.defaults = r.u64();
  d.excused = r.u64();
}
Bytes private_duty_name(const ParticipantId& distributor) {
  return energy::RecordName("private-duty/").id(distributor).take();
}

void encode(Writer& w, const SlotOfPoint& s) {
  encode(w, s.pseudonym);
  w.u8(static_cast<uint8_t>(s.obis));
  w.u32(s.slot);
}
void decode(Reader& r, SlotOfPoint& s) {
  decode(r, s.pseudonym);
  s.obis = decode_obis(r);
  s.slot = r.u32();
}

void encode(Writer& w, const PrivateEntry& e) {
  w.u8(e.version);
  w.boolean(e.is_void);
  encode(w, e.commitment);
  encode(w, e.tx);
  encode_ids(w, e.receivers);
  encode_list(w, e.complaints);
  encode(w, e.complaint);
}
void decode(Reader& r, PrivateEntry& e) {
  e.version = r.u8();
  e.is_void = r.boolean();
  decode(r, e.commitment);
  decode(r, e.tx);
  decode_ids(r, e.receivers);
  decode_list(r, e.complaints, kComplaintsMax, Hash::kSize);
  decode(r, e.complaint);
}
Bytes private_entry_name(const SlotOfPoint& of) {
  return energy::RecordName("private/").id(of.pseudonym.view()).id(static_cast<uint8_t>(of.obis)).id(of.slot).take();
}

void encode(Writer& w, const ComplaintRecord& c) {
  encode(w, c.of);
  w.u8(c.version);
  w.u32(c.receiver);
  w.i64(c.since_ms);
  w.u8(static_cast<uint8_t>(c.state));
  encode(w, c.tx);
  encode(w, c.answer);
  w.u32(c.regulator);
}
void decode(Reader& r, ComplaintRecord& c) {
  decode(r, c.of);
  c.version = r.u8();
  c.receiver = r.u32();
  c.since_ms = r.i64();
  const uint8_t state = r.u8();
  if (state > static_cast<uint8_t>(ComplaintState::kFalse)) r.fail();
  c.state = static_cast<ComplaintState>(state);
  decode(r, c.tx);
  decode(r, c.answer);
  c.regulator = r.u32();
}
Bytes complaint_name(const Hash& complaint) { return energy::RecordName("complaint/").id(complaint.view()).take(); }

void encode(Writer& w, const OpenedTotal& o) {
  w.u64(static_cast<uint64_t>(o.value));
  w.u64(static_cast<uint64_t>(o.value >> 64));
  encode(w, o.statement);
}
void decode(Reader& r, OpenedTotal& o) {
  const uint64_t low = r.u64();
  const uint64_t high = r.u64();
  o.value = (static_cast<Int128>(high) << 64) | low;
  decode(r, o.statement);
}
Bytes opened_name(const OpenedOf& of) {
  return energy::RecordName("opened/").id(of.pseudonym.view()).id(static_cast<uint8_t>(of.obis)).id(of.set).take();
}

void encode(Writer& w, const BalanceRecord& b) { encode(w, b.digest); }
void decode(Reader& r, BalanceRecord& b) { decode(r, b.digest); }
Bytes balance_name(const BalanceOf& of) { return energy::RecordName("balance/").id(of.distributor).id(of.slot).take(); }

bool is_open(const ComplaintRecord& complaint, int64_t now_ms) {
  switch (complaint.state) {
    case ComplaintState::kOpen:
      return now_ms <= complaint.since_ms + energy::kRevealMs;
    case ComplaintState::kAnswered:
      return now_ms <= complaint.since_ms + energy::kRulingMs;
    default:
      return false;
  }
}

bool stands(const PrivateEntry& entry, const ComplaintRecord* complaint, int64_t now_ms) {
  if (entry.is_void) return false;
  const bool silent = complaint != nullptr && complaint->state == ComplaintState::kOpen &&
                      now_ms > complaint->since_ms + energy::kRevealMs;
  return !silent;
}

uint64_t substitute_wh(const PrivateGenesis& params, uint8_t bucket, Obis obis, uint32_t slot) {
  if (obis == Obis::kExport) return 0;
  return energy::substituted_wh(params.buckets_w.at(bucket), static_cast<uint32_t>(energy::kSlotSeconds),
                                params.profile_ppm.at(slot % kProfileSlots));
}

Result<energy::SlotValue> slot_value(const PrivateGenesis& params, const PseudonymRecord& pseudonym,
                                     const SlotOfPoint& of, const PrivateEntry* entry, const ComplaintRecord* complaint,
                                     int64_t now_ms, int64_t from_end_ms) {
  if (entry != nullptr && stands(*entry, complaint, now_ms)) return energy::SlotValue{entry->commitment, 0};
  if (entry == nullptr && now_ms < private_slot_end_ms(of.slot) + from_end_ms)
    return Error{"too_early", "there is no reading of a slot that may still get one"};
  return energy::SlotValue{std::nullopt, substitute_wh(params, pseudonym.bucket, of.obis, of.slot)};
}

}  // namespace tieline
