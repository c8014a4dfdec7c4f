#include "standing/training.h"

#include <algorithm>

#include "base/check.h"
#include "base/rng.h"

namespace tieline::standing {
namespace {

constexpr size_t kRow = kIndicators + 1;
constexpr int64_t kHalf = int64_t{1} << 31;         // one half in 32 fractional bits
constexpr int64_t kWeightMax = int64_t{128} << 32;  // a weight stays within +-128
constexpr uint32_t kLastRatePart = 10;              // the last pass learns at a tenth of the first one's rate

int64_t bounded(int64_t weight) { return std::clamp(weight, -kWeightMax, kWeightMax); }

class Learner {
 public:
  Learner(uint32_t hidden, Rng& rng) : hidden_(hidden), fine_(CreditWeights::size_of(hidden)), activation_(hidden) {
    for (int64_t& w : fine_) w = rng.between(-kHalf, kHalf);
  }

  // One step towards the sample's target.
  void learn(const Sample& s, int64_t rate) {
    const size_t out = hidden_ * kRow;
    int64_t sum = (fine_[out + hidden_] >> 16) * kOne;
    for (size_t j = 0; j < hidden_; ++j) {
      int64_t inner = (fine_[j * kRow + kIndicators] >> 16) * kOne;
      for (size_t i = 0; i < kIndicators; ++i) inner += (fine_[j * kRow + i] >> 16) * int64_t{s.x[i]};
      activation_[j] = sigmoid(inner >> 16);
      sum += (fine_[out + j] >> 16) * activation_[j];
    }
    const int64_t error = int64_t{s.target} - int64_t{sigmoid(sum >> 16)};  // Q16
    const int64_t step = (rate * error >> 16) * int64_t{s.weight};          // Q32
    for (size_t j = 0; j < hidden_; ++j) {
      const int64_t a = activation_[j];
      const int64_t slope = a * (kOne - a) >> 16;                               // Q16
      const int64_t back = (step >> 8) * (fine_[out + j] >> 24) * slope >> 16;  // Q24, Q8, Q16: Q32
      fine_[out + j] = bounded(fine_[out + j] + (step * a >> 16));
      for (size_t i = 0; i < kIndicators; ++i)
        fine_[j * kRow + i] = bounded(fine_[j * kRow + i] + (back * int64_t{s.x[i]} >> 16));
      fine_[j * kRow + kIndicators] = bounded(fine_[j * kRow + kIndicators] + back);
    }
    fine_[out + hidden_] = bounded(fine_[out + hidden_] + step);
  }

  CreditWeights rounded() const {
    CreditWeights weights;
    weights.hidden = hidden_;
    for (const int64_t w : fine_) weights.values.push_back(static_cast<int32_t>((w + (1 << 15)) >> 16));
    return weights;
  }

 private:
  uint32_t hidden_;
  std::vector<int64_t> fine_;  // in the order of CreditWeights, 32 fractional bits
  std::vector<int64_t> activation_;
};

}  // namespace

CreditWeights train(const std::vector<Sample>& samples, const TrainingOptions& options) {
  TL_CHECK(options.hidden >= 1 && options.hidden <= kHiddenMax && options.passes >= 1);
  Rng rng(options.seed);
  Learner learner(options.hidden, rng);
  std::vector<size_t> order(samples.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (uint32_t pass = 0; pass < options.passes; ++pass) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    const uint64_t fallen = uint64_t{options.rate} * (kLastRatePart - 1) * pass / (kLastRatePart * options.passes);
    for (const size_t i : order) learner.learn(samples[i], static_cast<int64_t>(options.rate - fallen));
  }
  return learner.rounded();
}

uint32_t mean_squared_error(const CreditWeights& weights, const std::vector<Sample>& samples) {
  if (samples.empty()) return 0;
  uint64_t sum = 0;
  for (const Sample& s : samples) {
    const int64_t error = int64_t{s.target} - int64_t{network_output(weights, s.x)};
    sum += static_cast<uint64_t>(error * error) >> 16;
  }
  return static_cast<uint32_t>(sum / samples.size());
}

std::optional<uint32_t> roc_area_ppm(std::vector<Scored> scored) {
  std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) { return a.score < b.score; });
  uint64_t failed_below = 0, good = 0, halves = 0;  // halves: pairs in the right order count two, ties one
  for (size_t i = 0; i < scored.size();) {
    uint64_t failed_here = 0, good_here = 0;
    size_t j = i;
    for (; j < scored.size() && scored[j].score == scored[i].score; ++j)
      (scored[j].failed ? failed_here : good_here) += 1;
    halves += good_here * (2 * failed_below + failed_here);
    failed_below += failed_here;
    good += good_here;
    i = j;
  }
  if (failed_below == 0 || good == 0) return std::nullopt;
  return static_cast<uint32_t>(halves * 500'000 / (failed_below * good));
}

}  // namespace tieline::standing
