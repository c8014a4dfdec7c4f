#include "standing/leader.h"

#include <algorithm>

#include "base/codec.h"
#include "crypto/hash.h"

namespace tieline::standing {

namespace {

uint64_t draw(const Hash& seed, uint64_t id, View view) {
  Writer w;
  w.u64(id);
  w.u64(view);
  const Hash h = tagged_hash("tieline/draw/1", {seed.view(), w.view()});
  return Reader(h.view()).u64();
}
constexpr uint64_t kNobody = UINT64_MAX;  // a draw for the view, not for a member

std::vector<Member> eligible_members(const ConsensusParams& params, const Committee& committee) {
  std::vector<Member> out;
  const uint32_t least = least_credit_drawn(params, committee);
  for (const Member& m : committee.members())
    if (may_be_drawn(committee, m, least)) out.push_back(m);
  if (out.empty()) out = committee.members();  // somebody has to lead
  return out;
}

// Position of the member drawn for `view`, in proportion to credit (at least 1 each, so that nobody's chance is nil).
size_t drawn_position(const Hash& seed, const std::vector<Member>& members, View view) {
  uint64_t total = 0;
  for (const Member& m : members) total += std::max<uint32_t>(m.credit, 1);
  uint64_t point = static_cast<uint64_t>((static_cast<unsigned __int128>(draw(seed, kNobody, view)) * total) >> 64);
  for (size_t i = 0; i < members.size(); ++i) {
    const uint64_t share = std::max<uint32_t>(members[i].credit, 1);
    if (point < share) return i;
    point -= share;
  }
  TL_CHECK_MSG(false, "a draw fell outside the credit table");
  return 0;
}

ValidatorId rotate_leader(const ConsensusParams& params, const Committee& committee, View view) {
  std::vector<Member> members = eligible_members(params, committee);
  const View first_views = committee.count().f() + 1;
  if (view < first_views && view < members.size()) {
    for (View v = 0;; ++v) {
      const size_t at = drawn_position(committee.seed(), members, v);
      if (v == view) return members[at].id;
      members.erase(members.begin() + static_cast<ptrdiff_t>(at));
    }
  }
  const View turn = view - std::min<View>(first_views, members.size());
  if (turn % 2 == 1) return members[drawn_position(committee.seed(), members, view)].id;
  const uint64_t offset = draw(committee.seed(), kNobody, 0) % committee.size();
  return committee.at((turn / 2 + offset) % committee.size()).id;
}

ValidatorId strict_leader(const Committee& committee, View view) {
  std::vector<Member> order = committee.members();
  const Hash& seed = committee.seed();
  std::sort(order.begin(), order.end(), [&](const Member& a, const Member& b) {
    if (a.credit != b.credit) return a.credit > b.credit;
    const uint64_t draw_a = draw(seed, a.id, 0), draw_b = draw(seed, b.id, 0);
    return draw_a != draw_b ? draw_a < draw_b : a.id < b.id;
  });
  return order[view % order.size()].id;
}

}  // namespace

uint32_t least_credit_drawn(const ConsensusParams& params, const Committee& committee) {
  std::vector<uint32_t> credits;
  for (const Member& m : committee.members()) credits.push_back(m.credit);
  const auto middle = credits.begin() + static_cast<ptrdiff_t>(credits.size() / 2);
  std::nth_element(credits.begin(), middle, credits.end());
  return std::max(params.eligibility + 1, static_cast<uint32_t>(uint64_t{*middle} * kOfMiddleCredit >> 16));
}

bool may_be_drawn(const Committee& committee, const Member& member, uint32_t least_credit) {
  return member.credit >= least_credit && member.jailed_until <= committee.epoch();
}

ValidatorId primary_of(const Committee& committee, View view) {
  return committee.at((committee.epoch() + view) % committee.size()).id;
}

ValidatorId leader_of(const ConsensusParams& params, const Committee& committee, View view) {
  switch (params.policy) {
    case LeaderPolicy::kStrict:
      return strict_leader(committee, view);
    case LeaderPolicy::kRoundRobin:
      return primary_of(committee, view);
    default:
      return rotate_leader(params, committee, view);
  }
}

std::optional<ValidatorId> leader_on_chain(const ConsensusParams& params, const Committee& committee, View view) {
  switch (params.engine) {
    case EngineKind::kCbft:
      return leader_of(params, committee, view);
    case EngineKind::kPbft:
      return primary_of(committee, view);
    case EngineKind::kRaft:
    case EngineKind::kTrustRaft:
      break;
  }
  return std::nullopt;
}

}  // namespace tieline::standing
