#pragma once
// The last kFinalitySamples spans from a proposal's arrival to its commit, for percentiles that a person can read. What
// /metrics exports is the histogram.

#include <algorithm>
#include <vector>

#include "node/node_service.h"

namespace tieline::node {

class FinalitySamples {
 public:
  void add(int64_t us) {
    if (samples_.size() < kFinalitySamples)
      samples_.push_back(us);
    else
      samples_[next_] = us;
    next_ = (next_ + 1) % kFinalitySamples;
  }
  // The nearest-rank percentile in milliseconds; 0 without samples.
  double percentile_ms(double percent) const {
    if (samples_.empty()) return 0;
    std::vector<int64_t> sorted = samples_;
    const auto rank = static_cast<size_t>(percent / 100 * static_cast<double>(sorted.size()) + 0.5);
    const size_t at = std::min(sorted.size() - 1, rank == 0 ? 0 : rank - 1);
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(at), sorted.end());
    return static_cast<double>(sorted[at]) / 1000;
  }

 private:
  std::vector<int64_t> samples_;
  size_t next_ = 0;
};

}  // namespace tieline::node
