#pragma once
// Latencies by integer tables: inverse distribution functions at 256 points (distribution_tables.inc, written by
// tests/sim/make_tables.py). No libm, so every machine draws the same. Units: microseconds.

#include <cstdint>

#include "base/rng.h"

namespace tieline::sim {

enum class LatencyModel : uint8_t {
  kNormal20,   // N(20, 5) ms
  kNormal30,   // N(30, 10) ms
  kUniform,    // 1 to 60 ms
  kHeavyTail,  // Pareto from 10 ms, shape 1.5
  kLocal,      // N(1, 0.2) ms: one data centre
  kCount
};
const char* latency_name(LatencyModel model);

inline constexpr int64_t kLatencyLeastUs = 50;

// One draw; never below kLatencyLeastUs.
int64_t draw_latency_us(LatencyModel model, Rng& rng);

// mean + deviation * z, z standard normal in thousandths; may be negative.
int64_t draw_normal(int64_t mean, int64_t deviation, Rng& rng);

}  // namespace tieline::sim
