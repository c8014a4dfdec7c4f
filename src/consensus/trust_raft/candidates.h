#pragma once
// Who may lead a term of trust_raft, in which order candidates come, and how long each waits: pure functions of an
// epoch's frozen committee. Source: paper 004, 3.1 (random time-outs of 150 to 300 ms: T0 to 2 T0 with T0 = 150 ms) and
// 4.1 (only the trusted lead); docs/trust-raft.md.

#include "model/committee.h"
#include "model/genesis.h"

namespace tieline::consensus {

inline constexpr int64_t kHeartbeatsPerT0 = 3;
inline constexpr int64_t kSilenceFactor = 4;      // patiences that an idle leader may be silent
inline constexpr int64_t kStandDelayDivisor = 2;  // T0 / 2 between one candidate of the order and the next

// The first eight bytes of SHA-256(tag "tieline/election/1", seed, u16 id, u64 term), little-endian.
uint64_t election_draw(const Committee& committee, ValidatorId id, View term);

// Leads the epoch's first term: the most trusted that is not jailed; among equals the lowest draw.
ValidatorId most_trusted(const Committee& committee);

// `term` - `high` is how long nothing has been certified: up to f+1 terms only the trusted may stand, then the regular
// too, after as many again everybody, the jailed too. Otherwise a dead or empty trusted set would stop the chain.
bool may_stand(const Committee& committee, ValidatorId candidate, View term, View high);

// By class, then by draw.
bool stands_before(const Committee& committee, View term, ValidatorId a, ValidatorId b);
size_t rank_of(const Committee& committee, View term, ValidatorId id);

// All members, the most trusted first: in this order a leader sends blocks and certificates.
std::vector<ValidatorId> by_trust(const Committee& committee);

// The proximity trigger (paper 004, 4.2): how many of the others stand nearer to the leader than `self`; among equals
// the lower id. None: genesis has no trigger, or the leader or `self` is not known or stands nowhere.
std::optional<size_t> place_around(const ConsensusParams& params, const Committee& committee, ValidatorId self,
                                   ValidatorId leader);

}  // namespace tieline::consensus
