#pragma once
// The order of transactions inside a block: by expected benefit per byte, aged, with a fair share to each organisation.
// A pure function of the parent block's digest and height, and of a summary of each transaction, so that every
// validator can check it. Source: ENERGY.md, "Scheduling by benefit"; paper 004, 1 (benefit-driven scheduling).
//
//   benefit = trust x v - (1 - trust) x max(0, v - margin)         v: see TxSummary::value
//   score   = min(64, clamp(benefit per byte / nominal benefit per byte, -32, 31) + age)   in Q16, age in blocks
//   age     = clamp(parent height - (expiry - lifetime), 0, 64);  who has waited 64 blocks has score 64
//
// The nominal worth per byte is one point, so money buys at most 31 points, which is 31 blocks of waiting; from age 64
// on it buys nothing. Organisations are served by deficit round robin (Shreedhar and Varghese, 1995): in each round an
// organisation may send kQuantumBytes more, in the order of its own scores, so that whatever the others offer it gets
// its share of every block. In a round the organisations come by the score of what they would send first. A signer's
// sequence numbers stay in order. Ties go to the lower H(parent, id).
//
// What builds on another transaction of the block (an endorsement on its offer) waits for it: until that one stands,
// it is not there to be chosen. Who waits in a circle waits for nothing. Where nothing builds on anything, a prefix of
// an order is the order of its members, so that a leader may stop anywhere; else it orders anew what it takes.

#include <cstdint>
#include <span>
#include <vector>

#include "model/ids.h"

namespace tieline::energy {

inline constexpr uint32_t kAgeMax = 64;
inline constexpr int64_t kPointsMin = -32;
inline constexpr int64_t kPointsMax = 31;
inline constexpr uint64_t kQuantumBytes = 4'096;
inline constexpr size_t kMakersMax = 4;  // of one name that are waited for: a round of a trade has four parties

// What one transaction makes and another builds on: a round of a trade, or a proposal (part 0).
struct MadeName {
  Hash id;
  uint32_t part = 0;
  auto operator<=>(const MadeName&) const = default;
};

struct TxSummary {
  Hash id;
  uint64_t org = 0;          // of the first signatory: who shares a turn
  ParticipantId signer = 0;  // the first signatory
  uint64_t sequence = 0;
  uint32_t bytes = 1;
  // What it moves, micro-currency, as far as funds are locked for it. For readings, and for trades within one
  // organisation: bytes x nominal_per_byte.
  uint64_t value = 0;
  uint64_t margin = 0;  // posted with it
  uint32_t trust = 0;   // Q16, the signer's
  Height expiry = 0;
  std::vector<MadeName> makes, needs;
  // What it takes of a turn by the work it asks of validators, if that is more than its bytes: work is shared as room
  // is.
  uint64_t work_bytes = 0;
};
struct BenefitParams {
  uint64_t nominal_per_byte = 100;  // micro-currency, at least 1
  uint64_t lifetime = 50'000;       // blocks: a transaction sent now expires at the tip plus this
};

// Q16 points, from kPointsMin x 2^16 to kAgeMax x 2^16.
int64_t score_of(const TxSummary& tx, Height parent_height, const BenefitParams& params);

// The positions in `txs`, in the block's order; the same whatever order they are given in, if their ids differ.
std::vector<size_t> block_order(std::span<const TxSummary> txs, const Hash& parent, Height parent_height,
                                const BenefitParams& params);

}  // namespace tieline::energy
