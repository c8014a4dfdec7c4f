#pragma once
// What the chain holds of every validator's standing: one record each in the committed state. At an epoch's boundary
// the credit model (standing/assess.h) writes `credit`; proofs take it away and write `jailed_until` at once. The
// committee of epoch e takes both from the state at the end of e-2, so that every validator knows it an epoch ahead.
// Source: paper 000 (credit), CONSENSUS.md 2 and 4; docs/credit.md.

#include <optional>
#include <vector>

#include "model/committee.h"
#include "model/genesis.h"
#include "standing/tally.h"

namespace tieline::standing {

// A committee's delay behind the state that it is drawn from.
inline constexpr Epoch kActsAfterEpochs = 2;

struct CreditRecord {
  uint32_t credit = 0;        // Q16.16 in [0, 1]
  uint32_t jailed_until = 0;  // first epoch in which it may lead again; 0: never jailed
  // The newest slot for which it was proven to have equivocated or voted for an invalid block, so that one counts once.
  std::optional<Slot> last_equivocation;
  std::optional<Epoch> last_proof;  // the newest epoch with a proof against it, of whatever kind
  Height joined = 0;                // the height at which it was seated first; 0: by genesis
  uint32_t probation_until = 0;     // first epoch in which a newcomer may lead
  bool operator==(const CreditRecord&) const = default;
};
void encode(Writer& w, const CreditRecord& r);
void decode(Reader& r, CreditRecord& record);

CreditRecord initial_credit(const Member& member);  // as genesis seats it

// Whoever is seated later, in the committee of `epoch`: half the median, and no lead for five epochs. A new name washes
// nothing off: it starts no better than the worst of its organisation that has a record, also one that has left, and
// takes over that one's jail and proofs. `same_org` are those.
CreditRecord newcomer_credit(const std::vector<CreditRecord>& seated, const std::vector<CreditRecord>& same_org,
                             Epoch epoch, Height height, const CreditParams& params);

// Half of the (lower) median credit of the seated members that are not on probation in `epoch`; 0 when there are none.
uint32_t half_median(const std::vector<CreditRecord>& seated, Epoch epoch);

// The same seats, with the credit and jail of `records` (one a member, in the committee's order).
Committee next_committee(const Committee& seats, const std::vector<CreditRecord>& records, Epoch epoch,
                         const Hash& seed);

// seed(e+1) = SHA-256(tag "tieline/seed/1", seed(e), digest of the last block of epoch e-1; the chain id for e = 0).
Hash next_seed(const Hash& seed, const Hash& epoch_start_digest);

// A proof of equivocation, or of a vote for an invalid block, committed in a block of `epoch`: no credit left, and
// jail. Returns false when that slot or a later one was punished before.
bool punish_equivocation(CreditRecord& record, const Slot& slot, Epoch epoch, uint32_t jail_epochs);

// How many proofs against the member the epoch's tally holds.
inline uint32_t proofs_of(const MemberTally& m) { return m.equivocations + m.invalid_blocks; }

}  // namespace tieline::standing
