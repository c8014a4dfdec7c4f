#pragma once
// Votes in proportion to stake, and who is elected by them. An organisation holds less than a third of all votes that
// count: what its stake is worth beyond that is cut off, and within it the rest is shared by stake. With fewer than
// four organisations that is impossible, and nobody has votes. The stake elects who may propose (seats), of which an
// organisation holds less than a third too; credit or trust decides who of them leads, and tenure rotates
// (docs/consensus.md). Source: ENERGY.md, "Stake, governance, regulator"; paper 004, 5.2.

#include <map>
#include <span>
#include <vector>

#include "energy/stake.h"

namespace tieline::energy {

// Who has votes: bonded stake only. Every organisation's sum x 3 < the sum of all.
using Votes = std::map<ParticipantId, uint64_t>;
Votes votes_of(std::span<const StakeRecord> stakes);
uint64_t sum_of(const Votes& votes);

// The largest cap c with 3 x min(s_i, c) < sum of min(s_j, c) for every i; 0 when there is none. `stakes` by
// organisation, in any order.
uint64_t organisation_cap(std::vector<uint64_t> stakes);

// One ballot a staker: the candidate it supports. Candidates are owners of stake of at least `least`, not jailed in
// `now`. The seats go by votes, ties to the lower id, skipping an organisation that has its share of them.
struct Ballot {
  ParticipantId voter = 0;
  ParticipantId candidate = 0;
};
std::vector<ParticipantId> elect(size_t seats, std::span<const Ballot> ballots, std::span<const StakeRecord> stakes,
                                 uint64_t least, Epoch now);

}  // namespace tieline::energy
