#pragma once
// A committee of seven (ids are no positions), tallies made by hand, and what the model makes of them.

#include "crypto/hash.h"
#include "standing/assess.h"
#include "standing/leader.h"

namespace tieline::standing::testing {

inline constexpr size_t kSeven = 7;

inline Committee seven(Epoch epoch, uint32_t credit = kCreditOne / 2) {
  std::vector<Member> members(kSeven);
  for (size_t i = 0; i < members.size(); ++i) {
    members[i].id = static_cast<ValidatorId>(10 + i);
    members[i].credit = credit;
  }
  return Committee(epoch, sha256(view_of("seed " + std::to_string(epoch))), members);
}

inline std::vector<CreditRecord> records_of(const Committee& committee) {
  std::vector<CreditRecord> out;
  for (const Member& m : committee.members()) out.push_back(initial_credit(m));
  return out;
}

// An epoch of `slots` in which everybody signed everything, and `views` views were led in turn without a fault.
inline EpochTally quiet(const Committee& committee, uint32_t slots = 70, View views = 7) {
  EpochTally t = empty_tally(committee);
  for (MemberTally& m : t.members) m.signed_slots = slots;
  for (View v = 0; v < views; ++v) {
    ViewTally view;
    view.epoch = committee.epoch();
    view.view = v;
    view.slots = slots / static_cast<uint32_t>(views);
    view.leader = primary_of(committee, v);
    t.views.push_back(view);
  }
  return t;
}

inline CreditParams with(CreditModel model) {
  CreditParams p;
  p.model = model;
  return p;
}

// Position of the leader of `view`.
inline size_t leader_position(const Committee& committee, View view) {
  return *committee.position_of(primary_of(committee, view));
}

inline std::vector<Assessed> assess(const EpochTally& tally, std::vector<CreditRecord>& records,
                                    CreditModel model = CreditModel::kNetwork, Height end = 1'000) {
  const CreditParams params = with(model);
  return assess_epoch(tally, params, params.weights, end, records);
}

}  // namespace tieline::standing::testing
