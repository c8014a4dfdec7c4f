#pragma once
// One member of a trust_raft network under the glass. The most trusted leads term 0; it is none of the test's business
// who would lead later terms until the test elects somebody.

#include "consensus/kernel/front_end.h"
#include "consensus/trust_raft/candidates.h"
#include "lone.h"

namespace tieline::testing {

struct TrustRaftLone : Lone {
  explicit TrustRaftLone(LoneOptions options = {}) : Lone(with_trust_raft(std::move(options))) {}
  static LoneOptions with_trust_raft(LoneOptions o) {
    o.tune = [inner = o.tune](ConsensusParams& p) {
      p.engine = EngineKind::kTrustRaft;
      if (inner) inner(p);
    };
    return o;
  }
  ValidatorId self() const { return c.node(me).id; }
  void hear(ValidatorId from, MessagePtr m) { c.inject(me, from, std::move(m)); }
  // A vote for a candidate; a candidate's own is its request.
  MessagePtr vote(ValidatorId id, View term, ValidatorId candidate, const Justify& high) const {
    ViewChange vc = unsigned_view_change(id, term, high);
    vc.leader = candidate;
    return signed_view_change(std::move(vc));
  }
  void request(ValidatorId candidate, View term, const Justify& high) {
    hear(candidate, vote(candidate, term, candidate, high));
  }
  MessagePtr election(View term, ValidatorId candidate, const std::vector<MessagePtr>& votes, const Justify& j) const {
    NewView nv = unsigned_new_view(term, votes, j);
    nv.signature = sign(candidate, new_view_digest(c.chain_id(), nv));
    return make_message(std::move(nv));
  }
  MessagePtr election(View term, ValidatorId candidate, const Justify& j) const {
    std::vector<MessagePtr> votes;
    for (const ValidatorId id : {leader, other(1), other(2)}) votes.push_back(vote(id, term, candidate, j));
    return election(term, candidate, votes, j);
  }
  void time_out() {
    c.submit(1);
    const View before = status().view;
    c.run_until([&] { return status().view > before; }, 60'000'000);
  }
  // The candidate of its newest VIEW-CHANGE; kNobody: it has named none.
  ValidatorId voted_for() const { return view_change()->leader; }
};

}  // namespace tieline::testing
