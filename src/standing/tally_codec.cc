// How the counters are written into the state (docs/formats/state.md, "Counters").

#include "standing/tally.h"

namespace tieline::standing {
namespace {

constexpr size_t kMemberBytes = 2 + 3 * 4 + 1 + 5 * 4;
constexpr size_t kAbsentBytes = 2 + 4;
constexpr size_t kViewBytesMin = 8 + 8 + 4 + 4 + 1 + 1 + 4;
constexpr size_t kReportBytesMin = 2 + 4 + 4 + 4;
constexpr size_t kRejectionBytes = 2 + 32;
constexpr size_t kRunBytes = 8 + 8 + 3 * 4;

}  // namespace

void encode(Writer& w, const MemberTally& m) {
  w.u16(m.id);
  w.u32(m.signed_slots);
  w.u32(m.absent_slots);
  w.u32(m.absence_spells);
  w.boolean(m.absent_now);
  w.u32(m.equivocations);
  w.u32(m.invalid_blocks);
  w.u32(m.rejected);
  w.u32(m.led_slots);
  w.u32(m.led_failed);
}

void decode(Reader& r, MemberTally& m) {
  m.id = r.u16();
  m.signed_slots = r.u32();
  m.absent_slots = r.u32();
  m.absence_spells = r.u32();
  m.absent_now = r.boolean();
  m.equivocations = r.u32();
  m.invalid_blocks = r.u32();
  m.rejected = r.u32();
  m.led_slots = r.u32();
  m.led_failed = r.u32();
}

void encode(Writer& w, const ViewTally::Absent& a) {
  w.u16(a.id);
  w.u32(a.slots);
}

void decode(Reader& r, ViewTally::Absent& a) {
  a.id = r.u16();
  a.slots = r.u32();
}

void encode(Writer& w, const ViewTally& v) {
  w.u64(v.epoch);
  w.u64(v.view);
  w.u32(v.slots);
  w.u32(v.missing);
  w.boolean(v.failed);
  encode(w, v.leader);
  encode_list(w, v.absent);
}

void decode(Reader& r, ViewTally& v) {
  v.epoch = r.u64();
  v.view = r.u64();
  v.slots = r.u32();
  v.missing = r.u32();
  v.failed = r.boolean();
  decode(r, v.leader);
  decode_list(r, v.absent, kCommitteeMax, kAbsentBytes);
}

void encode(Writer& w, const Report& report) {
  w.u16(report.reporter);
  w.u32(report.window);
  encode_list(w, report.rtt_ms);
  encode_list(w, report.interval_ms);
}

void decode(Reader& r, Report& report) {
  report.reporter = r.u16();
  report.window = r.u32();
  decode_list(r, report.rtt_ms, kCommitteeMax, sizeof(uint16_t));
  decode_list(r, report.interval_ms, kCommitteeMax, sizeof(uint16_t));
}

void encode(Writer& w, const Rejection& rejection) {
  w.u16(rejection.submitter);
  encode(w, rejection.transaction);
}

void decode(Reader& r, Rejection& rejection) {
  rejection.submitter = r.u16();
  decode(r, rejection.transaction);
}

void encode(Writer& w, const EpochTally& t) {
  w.u64(t.epoch);
  encode_list(w, t.members);
  encode_list(w, t.views);
  encode_list(w, t.reports);
  encode_list(w, t.rejections);
}

void decode(Reader& r, EpochTally& t) {
  t.epoch = r.u64();
  decode_list(r, t.members, kCommitteeMax, kMemberBytes);
  decode_list(r, t.views, kViewsKept, kViewBytesMin);
  decode_list(r, t.reports, kCommitteeMax, kReportBytesMin);
  decode_list(r, t.rejections, kCommitteeMax * kRejectionsPerMember, kRejectionBytes);
}

void encode(Writer& w, const Tally& t) {
  encode(w, t.current);
  encode_list(w, t.window);
}

void decode(Reader& r, Tally& t) {
  decode(r, t.current);
  decode_list(r, t.window, kRunsMax, kRunBytes);
}

}  // namespace tieline::standing
