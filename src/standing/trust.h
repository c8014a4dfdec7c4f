#pragma once
// Trust: how far a validator's votes are believed, Q16.16 in [0, 1], one record each in the committed state. Once an
// epoch trust' = 7/8 trust + 1/8 s, where s is what the epoch's evidence shows: 1 for a correct vote, 1/2 for an absent
// one, 0 for an invalid one, scaled down by refused submissions that it signed. A proof (equivocation, invalid block)
// sets it to 0 at once, and only governance lifts it again. Where votes are weighed, the committee of epoch e takes it
// from the state at the end of e-2. Source: paper 004, 4.1; the law is ours. docs/trust.md.

#include <vector>

#include "model/committee.h"
#include "standing/tally.h"

namespace tieline::standing {

inline constexpr uint32_t kTrustMemory = 8;       // an epoch counts one part in so many
inline constexpr uint32_t kRejectedMax = 16;      // so many refused submissions in an epoch take all of its score
inline constexpr uint32_t kTrustUnproven = 1;     // least trust without a proof: 0 means proven
inline constexpr uint32_t kOrganisationPart = 3;  // no organisation holds one part in so many, of weight or of seats

struct TrustRecord {
  uint32_t trust = 0;
  bool operator==(const TrustRecord&) const = default;
};
void encode(Writer& w, const TrustRecord& r);
void decode(Reader& r, TrustRecord& record);

TrustRecord initial_trust(const Member& member);  // as genesis seats it

// What one epoch shows of a member. In committed blocks the only votes that can be proven invalid are those of proofs.
struct Conduct {
  uint32_t correct = 0;
  uint32_t absent = 0;
  uint32_t invalid = 0;
  uint32_t rejected = 0;  // submissions that it signed and the ledger refused for their form or signature
};
Conduct conduct(const MemberTally& tally);

// s, in Q16.16; none when no vote was due.
std::optional<uint32_t> trust_score(const Conduct& conduct);
// One epoch of the law. 0 stays 0; everything else stays above it.
uint32_t next_trust(uint32_t trust, uint32_t score);

// An epoch is over: the record moves by what its tally shows.
void settle_trust(TrustRecord& record, const MemberTally& ended);
// A proof was committed.
void punish_trust(TrustRecord& record);

// The organisation that holds a third or more of a weighed committee's weight or seats, the lowest id if there are two.
std::optional<OrgId> organisation_over_cap(const Committee& committee);

// The same table with the trust of `records` (one a member, in the committee's order), and hence their weights; the
// table as it is, with the trust it has, if an organisation would be over its cap.
Committee with_trust(const Committee& table, const std::vector<TrustRecord>& records);

}  // namespace tieline::standing
