#pragma once
// What the chain saw of one validator in one epoch: the raw numbers behind the eight indicators, drawn from the epoch's
// tally by one function. Nothing here is said by the validator itself: round trips and intervals are the median of what
// the others measured, failures carry f+1 signatures, proofs its own.
// Source: paper 000 III.A, Table I; CONSENSUS.md 4.

#include <optional>
#include <vector>

#include "model/credit_params.h"
#include "standing/credit.h"
#include "standing/tally.h"

namespace tieline::standing {

inline constexpr uint16_t kNotReached = 0xffff;  // milliseconds: others measured their peers, and nobody this one

struct Observed {
  std::optional<uint16_t> round_trip_ms;  // median over the others; none: nobody reported anything
  std::optional<uint16_t> interval_ms;    // of the blocks it led, median over the others; none: not measured
  uint32_t spells = 0;                    // runs of absent slots
  uint32_t absent = 0;
  uint32_t signed_slots = 0;
  uint32_t led_views = 0;
  uint32_t failed_views = 0;   // of those: f+1 members timed out on them
  uint16_t lead_permille = 0;  // failed views of those led, and confirmers missing beyond the f most absent
  uint64_t age_blocks = 0;
  bool proven = false;  // an equivocation or invalid block within M epochs
  uint32_t credit = 0;  // as it was before, Q16.16
  bool operator==(const Observed&) const = default;
};
void encode(Writer& w, const Observed& o);
void decode(Reader& r, Observed& o);

// One for each member of `tally`, in its order; `records` as they stand at its end, `end` the height of its last block.
std::vector<Observed> observe(const EpochTally& tally, const CreditParams& params,
                              const std::vector<CreditRecord>& records, Height end);

}  // namespace tieline::standing
