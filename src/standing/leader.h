#pragma once
// Who leads a view: a pure function of an epoch's frozen committee (its credit table and seed) and the view, never of
// what one node happens to have committed. Source: paper 000 III.A and III.C (L), made a function of the chain. It
// stands below the ledger, because evidence charges a view to its leader.
//
// strict (the paper's): view i is led by the i-th highest credit, then round and round.
// rotate: views 0..f draw without replacement, in proportion to credit, from the members that may be drawn (below);
// afterwards a draw (with replacement) and round-robin over all members alternate, so
// that an honest leader always recurs. Ties and draws by H(seed, id, view).
// round_robin: everyone in turn, the first one moving on with the epoch (pbft's rule): what credit is measured against.

#include <optional>

#include "model/committee.h"
#include "model/genesis.h"

namespace tieline::standing {

// A member falls behind when its credit is below so much of the middle one (the higher of two). At least half of a
// committee is not behind, so the first f+1 views of an epoch hold an honest leader even if f liars have the most
// credit. The threshold alone would let one that fails lead for five epochs more, while its credit falls.
inline constexpr uint32_t kOfMiddleCredit = 58'982;  // 0.9 in Q16

uint32_t least_credit_drawn(const ConsensusParams& params, const Committee& committee);  // the higher of both limits
bool may_be_drawn(const Committee& committee, const Member& member, uint32_t least_credit);

ValidatorId leader_of(const ConsensusParams& params, const Committee& committee, View view);

// pbft and the policy round_robin: in turn over the committee, one step on with every epoch: a dead member costs one
// time-out in n epochs.
ValidatorId primary_of(const Committee& committee, View view);

// The leader to whom the chain may charge a view. None where an election that no block shows decides it (raft and
// trust_raft).
std::optional<ValidatorId> leader_on_chain(const ConsensusParams& params, const Committee& committee, View view);

}  // namespace tieline::standing
