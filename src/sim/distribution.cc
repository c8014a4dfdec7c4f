#include "sim/distribution.h"

#include <algorithm>

namespace tieline::sim {
namespace {

#include "sim/distribution_tables.inc"

}  // namespace

const char* latency_name(LatencyModel model) {
  switch (model) {
    case LatencyModel::kNormal20:
      return "N(20,5)ms";
    case LatencyModel::kNormal30:
      return "N(30,10)ms";
    case LatencyModel::kUniform:
      return "U(1,60)ms";
    case LatencyModel::kHeavyTail:
      return "Pareto(10ms,1.5)";
    case LatencyModel::kLocal:
      return "N(1,0.2)ms";
    case LatencyModel::kCount:
      break;
  }
  return "?";
}

int64_t draw_normal(int64_t mean, int64_t deviation, Rng& rng) {
  return mean + deviation * kNormalMilli[rng.next() >> 56] / 1000;
}

int64_t draw_latency_us(LatencyModel model, Rng& rng) {
  int64_t us = 0;
  switch (model) {
    case LatencyModel::kNormal20:
      us = draw_normal(20'000, 5'000, rng);
      break;
    case LatencyModel::kNormal30:
      us = draw_normal(30'000, 10'000, rng);
      break;
    case LatencyModel::kUniform:
      us = rng.between(1'000, 60'000);
      break;
    case LatencyModel::kHeavyTail:
      us = int64_t{10} * kParetoMilli[rng.next() >> 56];
      break;
    case LatencyModel::kLocal:
      us = draw_normal(1'000, 200, rng);
      break;
    case LatencyModel::kCount:
      break;
  }
  return std::max(us, kLatencyLeastUs);
}

}  // namespace tieline::sim
