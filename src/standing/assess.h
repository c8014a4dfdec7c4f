#pragma once
// What happens to credit at the end of an epoch: from the epoch's tally the eight indicators, from them the model's
// answer, and credit' = keep credit + (1 - keep) answer. It falls faster than it rises, so that a failure is remembered
// longer than a success. A proof of the epoch leaves nothing; a newcomer on probation holds at most half the median.
// Pure; one call an epoch.

#include "standing/network.h"

namespace tieline::standing {

struct Assessed {
  Observed observed;
  Indicators x{};
  uint32_t output = 0;  // of the model; 0 when it was not asked (frozen)
  uint32_t credit = 0;  // after
};

// The answer of the model that genesis names. Not to be asked when that is frozen.
uint32_t model_output(CreditModel model, const CreditWeights& weights, const Indicators& x);

// credit moved towards the model's answer.
uint32_t moved_credit(uint32_t credit, uint32_t output, const CreditParams& params);

// Changes `records` (one a member of `tally`, in its order); `end` is the height of the epoch's last block.
std::vector<Assessed> assess_epoch(const EpochTally& tally, const CreditParams& params, const CreditWeights& weights,
                                   Height end, std::vector<CreditRecord>& records);

}  // namespace tieline::standing
