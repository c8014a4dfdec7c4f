#include "paper/trust_world.h"

#include "base/check.h"

namespace tieline::paper {

TrustWorld::TrustWorld(const std::vector<uint32_t>& trusts) {
  std::vector<Member> members(trusts.size());
  for (size_t i = 0; i < members.size(); ++i) {
    members[i].id = static_cast<ValidatorId>(i);
    members[i].org = static_cast<OrgId>(i);
    members[i].trust = trusts[i];
    records_.push_back(standing::initial_trust(members[i]));
  }
  now_ = Committee(0, Hash(), members, FaultModel::kWeighted);
  next_ = Committee(1, Hash(), std::move(members), FaultModel::kWeighted);
}

void TrustWorld::end_epoch(const std::vector<Shown>& shown) {
  TL_CHECK(shown.size() == records_.size());
  for (size_t i = 0; i < shown.size(); ++i) {
    if (shown[i].proven) standing::punish_trust(records_[i]);
    standing::MemberTally tally;
    tally.signed_slots = shown[i].voted;
    tally.absent_slots = shown[i].absent;
    standing::settle_trust(records_[i], tally);
  }
  now_ = next_;
  next_ = standing::with_trust(Committee(now_.epoch() + 1, Hash(), now_.members(), FaultModel::kWeighted), records_);
}

std::vector<size_t> eligible(const Committee& table) {
  for (const TrustClass least : {TrustClass::kTrusted, TrustClass::kRegular}) {
    std::vector<size_t> out;
    for (size_t i = 0; i < table.size(); ++i)
      if (table.class_at(i) >= least) out.push_back(i);
    if (!out.empty()) return out;
  }
  std::vector<size_t> all(table.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

}  // namespace tieline::paper
