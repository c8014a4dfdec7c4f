#include "standing/network.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace tieline::standing {
namespace {

constexpr int64_t kStep = kOne / 64;  // between two points of the table
constexpr std::array<uint32_t, 513> kSigmoid = {
#include "standing/sigmoid_table.inc"
};
static_assert(std::accumulate(kHandWeights.begin(), kHandWeights.end(), uint32_t{0}) == kCreditOne);

}  // namespace

uint32_t sigmoid(int64_t x) {
  if (x < 0) return static_cast<uint32_t>(kOne - sigmoid(-x));
  const auto at = static_cast<size_t>(x / kStep);
  if (at + 1 >= kSigmoid.size()) return kSigmoid.back();
  const int64_t low = kSigmoid[at], high = kSigmoid[at + 1];
  return static_cast<uint32_t>(low + (high - low) * (x % kStep) / kStep);
}

uint32_t network_output(const CreditWeights& weights, const Indicators& x) {
  TL_CHECK(weights.well_formed());
  const int32_t* w = weights.values.data();
  const int32_t* out = w + weights.hidden * (kIndicators + 1);
  int64_t output = 0;
  for (size_t j = 0; j < weights.hidden; ++j) {
    int64_t sum = 0;
    for (size_t i = 0; i < kIndicators; ++i) sum += int64_t{*w++} * x[i];
    sum += int64_t{*w++} * kOne;
    output += int64_t{out[j]} * sigmoid(sum >> 16);
  }
  output += int64_t{out[weights.hidden]} * kOne;
  return sigmoid(output >> 16);
}

uint32_t linear_output(const Indicators& x) {
  uint64_t against = 0;
  for (size_t i = 0; i < kIndicators; ++i) {
    const bool better_high = i == 5 || i == 7;
    against += uint64_t{kHandWeights[i]} * (better_high ? kCreditOne - std::min(x[i], kCreditOne) : x[i]);
  }
  return static_cast<uint32_t>(kOne - static_cast<int64_t>(against >> 16));
}

}  // namespace tieline::standing
