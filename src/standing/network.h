#pragma once
// The BP network of paper 000 (III.A) in fixed point: 8 inputs, one hidden layer, one output, sigmoids from a table.
// Weights and activations are Q16.16, sums 64-bit, loops plain and in order: the same bits from every compiler. Beside
// it the sum weighted by hand that it has to beat.

#include "standing/indicators.h"

namespace tieline::standing {

inline constexpr int64_t kOne = kCreditOne;

// 1 / (1 + e^-x), x in Q16.16: a table of 513 points for 0..8 (sigmoid_table.inc, written by
// tests/standing/make_tables.py), straight lines between them, level beyond.
uint32_t sigmoid(int64_t x);

// The network's answer, in (0, 1): how well the validator is expected to do in the next epoch.
uint32_t network_output(const CreditWeights& weights, const Indicators& x);

// One minus the indicators' sum, weighted by kHandWeights.
uint32_t linear_output(const Indicators& x);
inline constexpr std::array<uint32_t, kIndicators> kHandWeights = {3'277, 6'554, 13'107, 19'661,
                                                                   3'277, 3'277, 9'830,  6'553};  // their sum is 1.0

}  // namespace tieline::standing
