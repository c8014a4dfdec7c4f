#include "standing/trust.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace tieline::standing {

void encode(Writer& w, const TrustRecord& r) { w.u32(r.trust); }

void decode(Reader& r, TrustRecord& record) {
  record.trust = r.u32();
  if (record.trust > kTrustOne) r.fail();
}

TrustRecord initial_trust(const Member& member) { return {member.trust}; }

Conduct conduct(const MemberTally& tally) {
  return {.correct = tally.signed_slots, .absent = tally.absent_slots, .invalid = 0, .rejected = tally.rejected};
}

std::optional<uint32_t> trust_score(const Conduct& conduct) {
  const uint64_t due = uint64_t{conduct.correct} + conduct.absent + conduct.invalid;
  if (due == 0) return std::nullopt;
  const uint64_t halves = 2 * uint64_t{conduct.correct} + conduct.absent;
  const uint64_t votes = halves * kTrustOne / (2 * due);
  const uint32_t rejected = std::min(conduct.rejected, kRejectedMax);
  return static_cast<uint32_t>(votes * (kRejectedMax - rejected) / kRejectedMax);
}

uint32_t next_trust(uint32_t trust, uint32_t score) {
  TL_CHECK(trust <= kTrustOne && score <= kTrustOne);
  if (trust == 0) return 0;
  return std::max(kTrustUnproven, ((kTrustMemory - 1) * trust + score) / kTrustMemory);
}

void settle_trust(TrustRecord& record, const MemberTally& ended) {
  if (const auto score = trust_score(conduct(ended))) record.trust = next_trust(record.trust, *score);
}

void punish_trust(TrustRecord& record) { record.trust = 0; }

std::optional<OrgId> organisation_over_cap(const Committee& committee) {
  TL_CHECK(committee.weighted());
  struct Share {
    uint64_t weight = 0;
    size_t seats = 0;
  };
  std::map<OrgId, Share> shares;
  for (const Member& m : committee.members()) {
    shares[m.org].weight += m.weight;
    ++shares[m.org].seats;
  }
  for (const auto& [org, share] : shares) {
    if (kOrganisationPart * share.weight >= committee.total_weight()) return org;
    if (kOrganisationPart * share.seats >= committee.size()) return org;
  }
  return std::nullopt;
}

Committee with_trust(const Committee& table, const std::vector<TrustRecord>& records) {
  TL_CHECK(records.size() == table.size());
  std::vector<Member> members = table.members();
  for (size_t i = 0; i < members.size(); ++i) members[i].trust = records[i].trust;
  Committee next(table.epoch(), table.seed(), std::move(members), table.count().faults, table.certificates());
  if (next.weighted() && organisation_over_cap(next)) return table;
  return next;
}

}  // namespace tieline::standing
