#pragma once
// Training the BP network by error back-propagation, sample by sample, all in integers: the same samples and options
// give the same weights from every compiler. While it learns a weight has 32 fractional bits (most steps are below
// 2^-16); what comes out is rounded to Q16.16. Source: paper 000 III.A; docs/credit.md.
//
// The error whose gradient is followed is the cross-entropy of output and target, so that the output's error term is
// simply target - output and does not vanish where the sigmoid is flat.

#include <vector>

#include "standing/network.h"

namespace tieline::standing {

struct Sample {
  Indicators x{};
  uint32_t target = 0;     // how well the validator did in the epoch after, Q16.16
  uint32_t weight = kOne;  // how much it counts
};

struct TrainingOptions {
  uint32_t hidden = 16;
  uint32_t passes = 100;  // over all samples, each time in another order
  uint32_t rate = 3'277;  // of the first pass, Q16.16; falls in a line to a tenth in the last
  uint64_t seed = 1;      // of the first weights and of the orders
};

CreditWeights train(const std::vector<Sample>& samples, const TrainingOptions& options);

// Mean of (target - output)^2 over the samples, Q16.16.
uint32_t mean_squared_error(const CreditWeights& weights, const std::vector<Sample>& samples);

// Area under the ROC curve in millionths: the chance that a sample of the failing kind has the lower score, ties
// counting half. None when one kind is missing.
struct Scored {
  uint32_t score = 0;
  bool failed = false;
};
std::optional<uint32_t> roc_area_ppm(std::vector<Scored> scored);

}  // namespace tieline::standing
