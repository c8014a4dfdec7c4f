#include "energy/private_gap.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::energy {

uint64_t substituted_wh(uint64_t bucket_w, uint32_t duration_s, uint32_t profile_ppm) {
  TL_CHECK(profile_ppm <= kProfilePpmMax);
  const uint64_t cap = private_cap_wh(bucket_w, duration_s);  // at most 32 bits, so the product fits 64
  return std::min(cap, cap * profile_ppm * 5 / (4 * uint64_t{kProfilePpmMax}));
}

}  // namespace tieline::energy
