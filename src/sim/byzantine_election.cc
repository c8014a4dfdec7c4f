// What a traitor does with elections (trust_raft): votes for several candidates of a term, requests before anybody else
// stands, terms out of the blue.

#include "consensus/kernel/front_end.h"
#include "sim/byzantine.h"

namespace tieline::sim {

using namespace consensus;

namespace {

constexpr uint64_t kInflationMax = 1'000;  // terms

}  // namespace

// One vote for the term is what it owes; it gives two.
bool Traitor::conflicting_vote(const ViewChange& v, Mask to, std::vector<Treason>& out) {
  ViewChange other = v;
  const uint64_t whom = rng_.below(4);
  other.leader = whom == 0 ? kNobody : whom == 1 ? id_ : static_cast<ValidatorId>(rng_.below(conspiracy_.validators()));
  if (other.leader == v.leader) return false;
  count(ByzantineKind::kViewChanges);
  const Mask half = conspiracy_.some();
  const bool both = rng_.chance(300'000);
  send(v, both ? to : to & half, out);
  send(sign_again(other), both ? to : to & ~half, out);
  return true;
}

// Asks for the next term long before anyone times out, or for one nobody has heard of.
void Traitor::request_early(std::vector<Treason>& out) {
  const MessagePtr heard = conspiracy_.remembered_of<Propose>();
  if (heard == nullptr) return;
  const auto& p = std::get<Propose>(heard->payload);
  ViewChange request;
  request.signer = id_;
  request.leader = id_;
  request.epoch = p.slot.epoch;
  request.view = p.slot.view + 1 + (rng_.chance(250'000) ? rng_.below(kInflationMax) : rng_.below(3));
  request.kind = static_cast<ViewChangeKind>(1 + rng_.below(3));
  request.high_qc = p.justify;
  count(ByzantineKind::kViewChanges);
  const Mask others = conspiracy_.everyone() & ~(Mask{1} << id_);
  send(sign_again(request), rng_.chance(500'000) ? others : conspiracy_.some() & others, out);
}

}  // namespace tieline::sim
