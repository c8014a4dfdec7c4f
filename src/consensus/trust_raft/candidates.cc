#include "consensus/trust_raft/candidates.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "base/codec.h"
#include "crypto/hash.h"

namespace tieline::consensus {
namespace {

bool jailed(const Committee& committee, const Member& m) { return m.jailed_until > committee.epoch(); }

const Member& member(const Committee& committee, ValidatorId id) {
  const auto position = committee.position_of(id);
  TL_CHECK(position.has_value());
  return committee.at(*position);
}

}  // namespace

uint64_t election_draw(const Committee& committee, ValidatorId id, View term) {
  Writer w;
  w.u16(id);
  w.u64(term);
  const Hash h = tagged_hash("tieline/election/1", {committee.seed().view(), w.view()});
  return Reader(h.view()).u64();
}

ValidatorId most_trusted(const Committee& committee) {
  const auto key = [&](const Member& m) {
    return std::tuple(jailed(committee, m), ~m.trust, election_draw(committee, m.id, 0), m.id);
  };
  const Member* best = &committee.at(0);
  for (const Member& m : committee.members())
    if (key(m) < key(*best)) best = &m;
  return best->id;
}

bool may_stand(const Committee& committee, ValidatorId candidate, View term, View high) {
  const auto position = committee.position_of(candidate);
  if (!position || term <= high) return false;
  const View patience = committee.count().f() + 1;
  const View barren = term - high;
  if (barren > 2 * patience) return true;
  if (jailed(committee, committee.at(*position))) return false;
  const TrustClass least = barren > patience ? TrustClass::kRegular : TrustClass::kTrusted;
  return committee.class_at(*position) >= least;
}

bool stands_before(const Committee& committee, View term, ValidatorId a, ValidatorId b) {
  const auto key = [&](ValidatorId id) {
    const Member& m = member(committee, id);
    return std::tuple(jailed(committee, m), -static_cast<int>(trust_class(m.trust)), election_draw(committee, id, term),
                      id);
  };
  return key(a) < key(b);
}

std::vector<ValidatorId> by_trust(const Committee& committee) {
  std::vector<Member> members = committee.members();
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.trust > b.trust; });
  std::vector<ValidatorId> out;
  for (const Member& m : members) out.push_back(m.id);
  return out;
}

std::optional<size_t> place_around(const ConsensusParams& params, const Committee& committee, ValidatorId self,
                                   ValidatorId leader) {
  if (!params.proximity || !params.proximity->trigger || self == leader) return std::nullopt;
  const ProximityParams& p = *params.proximity;
  if (!committee.position_of(leader) || !p.position_of(leader) || !p.position_of(self)) return std::nullopt;
  std::vector<ValidatorId> ids;
  for (const Member& m : committee.members()) ids.push_back(m.id);
  const std::vector<ValidatorId> near = nearest_first(p, leader, std::move(ids));
  const auto at = std::find(near.begin(), near.end(), self);
  if (at == near.end()) return std::nullopt;
  return static_cast<size_t>(at - near.begin());
}

size_t rank_of(const Committee& committee, View term, ValidatorId id) {
  size_t before = 0;
  for (const Member& m : committee.members()) before += m.id != id && stands_before(committee, term, m.id, id);
  return before;
}

}  // namespace tieline::consensus
