#include "standing/tally.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace tieline::standing {
namespace {

constexpr size_t kMemberBytes = 2 + 4 + 4 + 4 + 1 + 4;
constexpr size_t kViewBytes = 8 + 8 + 4 + 4 + 1;
constexpr size_t kSlotBytesMin = 24 + 1;

void encode(Writer& w, const MemberTally& m) {
  w.u16(m.id);
  w.u32(m.signed_slots);
  w.u32(m.absent_slots);
  w.u32(m.absence_spells);
  w.boolean(m.absent_now);
  w.u32(m.equivocations);
}

void decode(Reader& r, MemberTally& m) {
  m.id = r.u16();
  m.signed_slots = r.u32();
  m.absent_slots = r.u32();
  m.absence_spells = r.u32();
  m.absent_now = r.boolean();
  m.equivocations = r.u32();
}

void encode(Writer& w, const ViewTally& v) {
  w.u64(v.epoch);
  w.u64(v.view);
  w.u32(v.slots);
  w.u32(v.missing);
  w.boolean(v.failed);
}

void decode(Reader& r, ViewTally& v) {
  v.epoch = r.u64();
  v.view = r.u64();
  v.slots = r.u32();
  v.missing = r.u32();
  v.failed = r.boolean();
}

void encode(Writer& w, const SlotTally& s) {
  encode(w, s.slot);
  encode(w, s.signers);
}

void decode(Reader& r, SlotTally& s) {
  decode(r, s.slot);
  decode(r, s.signers);
}

template <class T>
void put_list(Writer& w, const std::vector<T>& list) {
  w.u32(static_cast<uint32_t>(list.size()));
  for (const T& item : list) encode(w, item);
}

template <class T>
void take_list(Reader& r, std::vector<T>& list, size_t max, size_t min_size) {
  const size_t count = r.count(max, min_size);
  list.assign(count, {});
  for (T& item : list) decode(r, item);
}

MemberTally* member(Tally& tally, ValidatorId id) {
  auto& members = tally.current.members;
  const auto at = std::lower_bound(members.begin(), members.end(), id,
                                   [](const MemberTally& m, ValidatorId wanted) { return m.id < wanted; });
  return at != members.end() && at->id == id ? &*at : nullptr;
}

// The tally of a view, made when it is new. Null when it is older than all that are kept.
ViewTally* view_tally(Tally& tally, Epoch epoch, View view) {
  auto& views = tally.current.views;
  const auto at =
      std::lower_bound(views.begin(), views.end(), std::tuple(epoch, view),
                       [](const ViewTally& v, const auto& wanted) { return std::tuple(v.epoch, v.view) < wanted; });
  if (at != views.end() && at->epoch == epoch && at->view == view) return &*at;
  if (views.size() < kViewsKept) return &*views.insert(at, ViewTally{epoch, view, 0, 0, false});
  if (at == views.begin()) return nullptr;
  const auto index = static_cast<size_t>(at - views.begin()) - 1;
  views.erase(views.begin());
  return &*views.insert(views.begin() + static_cast<ptrdiff_t>(index), ViewTally{epoch, view, 0, 0, false});
}

void count_new_slot(Tally& tally, const Certificate& c, const Committee& committee) {
  uint32_t missing = 0;
  for (size_t position = 0; position < committee.size(); ++position) {
    const bool present = c.signers.contains(position);
    if (!present) ++missing;
    MemberTally* m = member(tally, committee.at(position).id);
    if (m == nullptr) continue;  // it has left the committee since
    if (present) {
      ++m->signed_slots;
    } else {
      ++m->absent_slots;
      if (!m->absent_now) ++m->absence_spells;
    }
    m->absent_now = !present;
  }
  if (ViewTally* v = view_tally(tally, c.slot.epoch, c.slot.view)) {
    ++v->slots;
    v->missing += missing;
  }
}

// A slot that was counted, with signers that were not known then.
void count_late(Tally& tally, SlotTally& known, const Certificate& c, const Committee& committee) {
  for (size_t position = 0; position < committee.size(); ++position) {
    if (!c.signers.contains(position) || !known.signers.insert(position)) continue;
    if (ViewTally* v = view_tally(tally, c.slot.epoch, c.slot.view)) v->missing -= std::min<uint32_t>(v->missing, 1);
    MemberTally* m = member(tally, committee.at(position).id);
    if (m == nullptr) continue;
    ++m->signed_slots;
    m->absent_slots -= std::min<uint32_t>(m->absent_slots, 1);  // counted in the epoch before: nothing to take back
  }
}

void count_certificate(Tally& tally, const Certificate& c, const Committee& committee) {
  auto& slots = tally.slots;
  if (slots.empty() || slots.back().slot < c.slot) {
    count_new_slot(tally, c, committee);
    slots.push_back({c.slot, c.signers});
    if (slots.size() > kSlotsKept) slots.erase(slots.begin());
    return;
  }
  const auto at = std::lower_bound(slots.begin(), slots.end(), c.slot,
                                   [](const SlotTally& s, const Slot& wanted) { return s.slot < wanted; });
  if (at->slot == c.slot) count_late(tally, *at, c, committee);  // others came too late to count
}

}  // namespace

void encode(Writer& w, const EpochTally& t) {
  w.u64(t.epoch);
  put_list(w, t.members);
  put_list(w, t.views);
}

void decode(Reader& r, EpochTally& t) {
  t.epoch = r.u64();
  take_list(r, t.members, kCommitteeMax, kMemberBytes);
  take_list(r, t.views, kViewsKept, kViewBytes);
}

void encode(Writer& w, const Tally& t) {
  encode(w, t.current);
  put_list(w, t.slots);
}

void decode(Reader& r, Tally& t) {
  decode(r, t.current);
  take_list(r, t.slots, kSlotsKept, kSlotBytesMin);
}

EpochTally empty_tally(const Committee& committee) {
  EpochTally t;
  t.epoch = committee.epoch();
  for (const Member& m : committee.members()) t.members.push_back({.id = m.id});
  return t;
}

void count_evidence(Tally& tally, const Evidence& evidence, const Committee& current, const Committee* previous) {
  for (const Certificate& c : evidence.certificates) {
    const bool now = c.slot.epoch == current.epoch();
    TL_CHECK(now || (previous != nullptr && c.slot.epoch == previous->epoch()));
    count_certificate(tally, c, now ? current : *previous);
  }
  for (const TimeoutProof& t : evidence.timeouts) {
    TL_CHECK(t.view > 0);
    if (ViewTally* v = view_tally(tally, t.epoch, t.view - 1)) v->failed = true;  // setting it twice is once
  }
}

void count_equivocation(Tally& tally, ValidatorId signer) {
  if (MemberTally* m = member(tally, signer)) ++m->equivocations;
}

}  // namespace tieline::standing
