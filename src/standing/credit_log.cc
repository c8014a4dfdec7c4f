#include "standing/credit_log.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::standing {
namespace {

constexpr size_t kEventBytes = 1 + 2 + 8 + 8 + 8;
constexpr size_t kObservedBytesMin = 2 + 20 + 2 + 8 + 1 + 4;
constexpr size_t kEntryBytesMin = 8 + 8 + kObservedBytesMin + 12 + 4;

void add(CreditEvents& events, CreditEvent event) {
  size_t same = 0, oldest = events.list.size();
  for (size_t i = 0; i < events.list.size(); ++i) {
    if (events.list[i].validator != event.validator) continue;
    if (same++ == 0) oldest = i;
  }
  if (same >= kEventsPerMember) events.list.erase(events.list.begin() + static_cast<ptrdiff_t>(oldest));
  events.list.push_back(event);
}

const ViewTally* find(const EpochTally& tally, const ViewTally& wanted) {
  for (const ViewTally& v : tally.views)
    if (v.epoch == wanted.epoch && v.view == wanted.view) return &v;
  return nullptr;
}

}  // namespace

const char* event_name(CreditEventKind kind) {
  switch (kind) {
    case CreditEventKind::kFailedView:
      return "failed_view";
    case CreditEventKind::kAbsence:
      return "absence";
    case CreditEventKind::kProof:
      return "proof";
  }
  return "unknown";
}

void encode(Writer& w, const CreditEvent& e) {
  w.u8(static_cast<uint8_t>(e.kind));
  w.u16(e.validator);
  w.u64(e.height);
  w.u64(e.epoch);
  w.u64(e.view);
}

void decode(Reader& r, CreditEvent& e) {
  const uint8_t kind = r.u8();
  if (kind < 1 || kind > static_cast<uint8_t>(CreditEventKind::kProof)) return r.fail();
  e.kind = static_cast<CreditEventKind>(kind);
  e.validator = r.u16();
  e.height = r.u64();
  e.epoch = r.u64();
  e.view = r.u64();
}

void encode(Writer& w, const CreditEvents& e) { encode_list(w, e.list); }

void decode(Reader& r, CreditEvents& e) { decode_list(r, e.list, kCommitteeMax * kEventsPerMember, kEventBytes); }

void encode(Writer& w, const CreditEntry& e) {
  w.u64(e.epoch);
  w.u64(e.end);
  encode(w, e.observed);
  w.u32(e.output);
  w.u32(e.credit);
  w.u32(e.jailed_until);
  encode_list(w, e.events);
}

void decode(Reader& r, CreditEntry& e) {
  e.epoch = r.u64();
  e.end = r.u64();
  decode(r, e.observed);
  e.output = r.u32();
  e.credit = r.u32();
  e.jailed_until = r.u32();
  decode_list(r, e.events, kEventsPerMember, kEventBytes);
}

void encode(Writer& w, const CreditLog& log) { encode_list(w, log.entries); }

void decode(Reader& r, CreditLog& log) { decode_list(r, log.entries, kLogEpochs, kEntryBytesMin); }

void note_events(CreditEvents& events, const EpochTally& before, const EpochTally& after, Height height) {
  const ViewTally newest = after.views.empty() ? ViewTally{.epoch = after.epoch} : after.views.back();
  TL_CHECK(before.members.size() == after.members.size());
  for (size_t i = 0; i < after.members.size(); ++i) {
    const MemberTally &was = before.members[i], &is = after.members[i];
    if (is.absence_spells > was.absence_spells)
      add(events, {CreditEventKind::kAbsence, is.id, height, newest.epoch, newest.view});
    if (proofs_of(is) > proofs_of(was))
      add(events, {CreditEventKind::kProof, is.id, height, newest.epoch, newest.view});
  }
  for (const ViewTally& v : after.views) {
    const ViewTally* was = find(before, v);
    if (v.failed && v.leader && (was == nullptr || !was->failed))
      add(events, {CreditEventKind::kFailedView, *v.leader, height, v.epoch, v.view});
  }
}

CreditEntry entry_of(Epoch epoch, Height end, const Assessed& assessed, const CreditRecord& record,
                     const CreditEvents& events, ValidatorId id) {
  CreditEntry entry;
  entry.epoch = epoch;
  entry.end = end;
  entry.observed = assessed.observed;
  entry.output = assessed.output;
  entry.credit = record.credit;
  entry.jailed_until = record.jailed_until;
  for (const CreditEvent& e : events.list)
    if (e.validator == id) entry.events.push_back(e);
  return entry;
}

void add_entry(CreditLog& log, CreditEntry entry) {
  log.entries.push_back(std::move(entry));
  if (log.entries.size() > kLogEpochs) log.entries.erase(log.entries.begin());
}

}  // namespace tieline::standing
