#pragma once
// How far a participant of the market is trusted, by what it did with its obligations. (Validators' trust is another
// thing: standing/.) Q16, starts at 0.6; once a market day with obligations
//
//   trust' = floor((7 trust + s) / 8)
//   s      = value of obligations met within tolerance / value of obligations x max(0, 1 - refused / 32)
//
// An obligation is worth the trade's payment, in equal parts to each of the three counterparties. Parts within one
// organisation count nowhere, and one counterparty's organisation counts at most a quarter of the day's value: a part
// beyond that is no failure, but earns nothing, so trust cannot be bought by trading with oneself. With the three
// counterparties of one trade s is at most 3/4. A proven forgery sets trust to 0, for good: only governance gives it
// back. Source: ENERGY.md, "Margin and a participant's trust"; paper 004, 3.2 (g increases with trust).

#include <array>
#include <cstdint>
#include <map>

#include "energy/trade_terms.h"

namespace tieline::energy {

inline constexpr uint32_t kTrustStart = 39'321;  // floor(0.6 x 2^16)
inline constexpr uint32_t kTrustOne = 65'536;
inline constexpr uint32_t kRefusedMax = 32;  // as many refusals in a day leave nothing of s

// What counts of one market day. Values in micro-currency.
struct TrustDay {
  struct Dealings {
    uint64_t value = 0;
    uint64_t met = 0;  // of it, within tolerance
    bool operator==(const Dealings&) const = default;
  };
  std::map<OrgId, Dealings> with;
  uint32_t refused = 0;
  bool operator==(const TrustDay&) const = default;
};

struct ParticipantTrust {
  uint32_t trust = kTrustStart;
  bool forged = false;  // proven; trust stays 0
  TrustDay day;
  bool operator==(const ParticipantTrust&) const = default;
};

// One trade's obligation of `party`, when it is settled. `value`: the trade's payment; `met`: delivered or taken within
// tolerance, by readings that may credit trust (ReadingRecord::credits_trust).
void note_obligation(ParticipantTrust& of, const std::array<OrgId, kParties>& orgs, size_t party, uint64_t value,
                     bool met);
// Whether a refusal counts: only those that the signer alone can cause, never a duplicate, a stale or early time, an
// expiry, a sequence number, missing funds or a race for capacity. `code` as in receipts (ledger/codes.h).
bool counts_as_refused(uint16_t code);
void note_refusal(ParticipantTrust& of, uint16_t code);
// What the ledger itself finds somebody to have done (a false complaint, a balance not proved in time) weighs as so
// many refusals.
void note_breach(ParticipantTrust& of, uint32_t weight);

// The day is over: Q16 s of it, none without obligations; and the step to the next day.
uint32_t day_score(const TrustDay& day);
void close_day(ParticipantTrust& of);

void prove_forgery(ParticipantTrust& of);
void restore_trust(ParticipantTrust& of);  // by governance: as a newcomer

}  // namespace tieline::energy
