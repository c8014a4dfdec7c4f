#pragma once
// Validators scattered over a square of 300 km, for the experiments on proximity: the same for the same seed.

#include "base/rng.h"
#include "model/proximity.h"

namespace tieline::paper {

inline constexpr uint32_t kSideM = 300'000;

// Both switches off.
inline ProximityParams scattered(size_t n, uint64_t seed) {
  Rng rng(seed ^ 0x504c414345ULL);
  ProximityParams p;
  p.region_m2 = uint64_t{kSideM} * kSideM;
  for (size_t i = 0; i < n; ++i) {
    const auto x = static_cast<uint32_t>(rng.below(kSideM));
    p.positions.push_back({x, static_cast<uint32_t>(rng.below(kSideM))});
  }
  return p;
}

}  // namespace tieline::paper
