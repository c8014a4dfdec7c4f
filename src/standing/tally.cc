#include "standing/tally.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "crypto/hash.h"
#include "standing/leader.h"

namespace tieline::standing {
namespace {

MemberTally* member(Tally& tally, ValidatorId id) {
  auto& members = tally.current.members;
  const auto at = std::lower_bound(members.begin(), members.end(), id,
                                   [](const MemberTally& m, ValidatorId wanted) { return m.id < wanted; });
  return at != members.end() && at->id == id ? &*at : nullptr;
}

// Adds, or takes away what is there to be taken.
void add(uint32_t& counter, int32_t by) {
  counter =
      by < 0 ? counter - std::min<uint32_t>(counter, static_cast<uint32_t>(-by)) : counter + static_cast<uint32_t>(by);
}

// The certificates and late votes of a block, counted one by one.
class Counting {
 public:
  Counting(Tally& tally, SlotPages& pages, const ConsensusParams& params, const Committee& current,
           const Committee* previous)
      : tally_(tally),
        params_(params),
        current_(current),
        previous_(previous),
        window_(tally.window, pages, late_window(params, current)) {}

  void certificate(const Certificate& c) {
    const Committee& committee = committee_at(c.slot.epoch);
    const bool newest = window_.newest(c.slot);
    if (!window_.add(c.slot, c.signers, c.slot.epoch != current_.epoch())) {
      for (size_t position : c.signers.positions()) late(c.slot, position, committee);
      return;
    }
    ViewTally* v = view(c.slot.epoch, c.slot.view);
    if (v != nullptr) {
      ++v->slots;
      if (MemberTally* m = v->leader ? member(tally_, *v->leader) : nullptr) ++m->led_slots;
    }
    for (size_t position = 0; position < committee.size(); ++position) {
      const ValidatorId id = committee.at(position).id;
      const bool present = c.signers.contains(position);
      if (!present && v != nullptr) miss(*v, id, 1);
      MemberTally* m = member(tally_, id);
      if (m == nullptr) continue;  // it has left the committee since
      ++(present ? m->signed_slots : m->absent_slots);
      if (!present) add(m->absence_spells, spells_of(c.slot, position));
      if (newest) m->absent_now = !present;
    }
  }

  void late(const Slot& slot, size_t position, const Committee& committee) {
    if (!window_.add_signer(slot, position)) return;
    // Counted by the epoch before: nothing can be taken back there.
    if (window_.counted_in_next_epoch(slot) != (slot.epoch != current_.epoch())) return;
    const ValidatorId id = committee.at(position).id;
    if (ViewTally* v = view(slot.epoch, slot.view)) miss(*v, id, -1);
    MemberTally* m = member(tally_, id);
    if (m == nullptr) return;
    ++m->signed_slots;
    add(m->absent_slots, -1);
    add(m->absence_spells, -spells_of(slot, position));
    if (window_.newest(slot)) m->absent_now = false;
  }
  void late(const LateConfirm& c) {
    const Committee& committee = committee_at(c.slot.epoch);
    if (const auto position = committee.position_of(c.signer)) late(c.slot, *position, committee);
  }

  void timeout(const TimeoutProof& t) {
    TL_CHECK(t.view > 0);
    ViewTally* v = view(t.epoch, t.view - 1);
    if (v == nullptr || v->failed) return;
    v->failed = true;
    if (MemberTally* m = v->leader ? member(tally_, *v->leader) : nullptr) ++m->led_failed;
  }

 private:
  const Committee& committee_at(Epoch epoch) const {
    if (epoch == current_.epoch()) return current_;
    TL_CHECK(previous_ != nullptr && epoch == previous_->epoch());
    return *previous_;
  }

  // By how much one absence more at the slot changes the number of spells: it begins one, makes one longer, or joins
  // two.
  int32_t spells_of(const Slot& slot, size_t position) const {
    const auto absent = [&](int64_t index) {
      return window_.signed_in({slot.epoch, slot.view, index}, position) == std::optional<bool>(false) ? 1 : 0;
    };
    return 1 - absent(slot.index - 1) - absent(slot.index + 1);
  }

  static void miss(ViewTally& v, ValidatorId id, int32_t by) {
    const auto at = std::lower_bound(v.absent.begin(), v.absent.end(), id,
                                     [](const ViewTally::Absent& a, ValidatorId wanted) { return a.id < wanted; });
    if (at != v.absent.end() && at->id == id) {
      add(at->slots, by);
      if (at->slots == 0) v.absent.erase(at);
    } else if (by > 0) {
      v.absent.insert(at, {id, 1});
    } else {
      return;  // charged before the view's tally was dropped and begun anew
    }
    add(v.missing, by);
  }

  // The tally of a view, made when it is new. Null when it is older than all that are kept.
  ViewTally* view(Epoch epoch, View view) {
    auto& views = tally_.current.views;
    auto at =
        std::lower_bound(views.begin(), views.end(), std::tuple(epoch, view),
                         [](const ViewTally& v, const auto& wanted) { return std::tuple(v.epoch, v.view) < wanted; });
    if (at != views.end() && at->epoch == epoch && at->view == view) return &*at;
    if (views.size() >= kViewsKept) {
      if (at == views.begin()) return nullptr;
      const ptrdiff_t place = at - views.begin() - 1;
      at = views.erase(views.begin()) + place;
    }
    return &*views.insert(at,
                          ViewTally{epoch, view, 0, 0, false, leader_on_chain(params_, committee_at(epoch), view), {}});
  }

  Tally& tally_;
  const ConsensusParams& params_;
  const Committee& current_;
  const Committee* previous_;
  LateWindow window_;
};

void count_report(EpochTally& tally, const MeasureReport& m) {
  const auto at = std::lower_bound(tally.reports.begin(), tally.reports.end(), m.reporter,
                                   [](const Report& r, ValidatorId wanted) { return r.reporter < wanted; });
  const bool known = at != tally.reports.end() && at->reporter == m.reporter;
  if (known && m.window <= at->window) return;
  Report report{m.reporter, m.window, m.rtt_ms, m.interval_ms};
  if (known) {
    *at = std::move(report);
  } else {
    tally.reports.insert(at, std::move(report));
  }
}

void count_rejection(Tally& tally, const RejectedSubmission& s) {
  MemberTally* m = member(tally, s.submitter);
  if (m == nullptr || m->rejected >= kRejectionsPerMember) return;
  auto& known = tally.current.rejections;
  const Rejection rejection{s.submitter, sha256(s.bad.transaction)};
  const auto at = std::lower_bound(known.begin(), known.end(), rejection);
  if (at != known.end() && *at == rejection) return;
  known.insert(at, rejection);
  ++m->rejected;
}

}  // namespace

EpochTally empty_tally(const Committee& committee) {
  EpochTally t;
  t.epoch = committee.epoch();
  for (const Member& m : committee.members()) t.members.push_back({.id = m.id});
  return t;
}

void count_evidence(Tally& tally, SlotPages& pages, const Evidence& evidence, const ConsensusParams& params,
                    const Committee& current, const Committee* previous) {
  Counting counting(tally, pages, params, current, previous);
  for (const Certificate& c : evidence.certificates) counting.certificate(c);
  for (const LateConfirm& c : evidence.late) counting.late(c);
  for (const TimeoutProof& t : evidence.timeouts) counting.timeout(t);
  for (const MeasureReport& m : evidence.reports) count_report(tally.current, m);
  for (const RejectedSubmission& s : evidence.rejected) count_rejection(tally, s);
}

void count_equivocation(Tally& tally, ValidatorId signer) {
  if (MemberTally* m = member(tally, signer)) ++m->equivocations;
}

void count_invalid_block(Tally& tally, ValidatorId signer) {
  if (MemberTally* m = member(tally, signer)) ++m->invalid_blocks;
}

uint16_t median_of_reports(const EpochTally& tally, size_t position, Measure kind) {
  TL_CHECK(position < tally.members.size());
  std::vector<uint16_t> values;
  for (const Report& r : tally.reports) {
    if (r.reporter == tally.members[position].id) continue;
    const std::vector<uint16_t>& measured = kind == Measure::kRoundTrip ? r.rtt_ms : r.interval_ms;
    TL_CHECK(position < measured.size());
    if (measured[position] != kNotMeasured) values.push_back(measured[position]);
  }
  const size_t f = Quorum{tally.members.size()}.f();
  if (values.size() <= f) return kNotMeasured;
  std::sort(values.begin(), values.end());
  return values[std::min((values.size() + 1) / 2, values.size() - f) - 1];
}

uint32_t led_missing(const EpochTally& tally, ValidatorId leader) {
  std::vector<const MemberTally*> order;
  for (const MemberTally& m : tally.members) order.push_back(&m);
  // Most absent first; among equals the lower id, so that everyone picks the same.
  std::stable_sort(order.begin(), order.end(),
                   [](const MemberTally* a, const MemberTally* b) { return a->absent_slots > b->absent_slots; });
  order.resize(std::min(order.size(), Quorum{tally.members.size()}.f()));
  uint32_t missing = 0;
  for (const ViewTally& v : tally.views) {
    if (v.leader != leader) continue;
    for (const ViewTally::Absent& a : v.absent) {
      const bool gone = std::any_of(order.begin(), order.end(), [&](const MemberTally* m) { return m->id == a.id; });
      if (!gone) missing += a.slots;
    }
  }
  return missing;
}

}  // namespace tieline::standing
