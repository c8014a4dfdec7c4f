#include "standing/credit_log.h"

#include <algorithm>

#include "base/check.h"
#include "standing/leader.h"

namespace tieline::standing {
namespace {

constexpr size_t kEventBytes = 1 + 2 + 8 + 24;
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
  encode(w, e.slot);
}

void decode(Reader& r, CreditEvent& e) {
  const uint8_t kind = r.u8();
  if (kind < 1 || kind > static_cast<uint8_t>(CreditEventKind::kProof)) return r.fail();
  e.kind = static_cast<CreditEventKind>(kind);
  e.validator = r.u16();
  e.height = r.u64();
  decode(r, e.slot);
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

void note_events(CreditEvents& events, const Tally& before, const Tally& after, const Committee& committee,
                 const Committee* previous, const ConsensusParams& consensus, Height height, const Slot& newest) {
  TL_CHECK(before.current.members.size() == after.current.members.size());
  for (size_t i = 0; i < after.current.members.size(); ++i) {
    const MemberTally &was = before.current.members[i], &is = after.current.members[i];
    if (is.absence_spells > was.absence_spells) add(events, {CreditEventKind::kAbsence, is.id, height, newest});
    if (proofs_of(is) > proofs_of(was)) add(events, {CreditEventKind::kProof, is.id, height, newest});
  }
  for (const ViewTally& v : after.current.views) {
    const ViewTally* was = find(before.current, v);
    if (!v.failed || (was != nullptr && was->failed)) continue;
    const bool now = v.epoch == committee.epoch();
    if (!now && (previous == nullptr || v.epoch != previous->epoch())) continue;
    const auto leader = leader_on_chain(consensus, now ? committee : *previous, v.view);
    if (leader) add(events, {CreditEventKind::kFailedView, *leader, height, Slot{v.epoch, v.view, 0}});
  }
}

void add_entry(CreditLog& log, CreditEntry entry) {
  log.entries.push_back(std::move(entry));
  if (log.entries.size() > kLogEpochs) log.entries.erase(log.entries.begin());
}

}  // namespace tieline::standing
