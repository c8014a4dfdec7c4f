#pragma once
// What stands in for a private reading that never came: at close the ledger puts a public value in its place, so that
// sums close. Five quarters of what the public profile makes of the point's capacity bucket: withholding a reading
// costs more than it hides, and the value tells nothing about the household. Its blinding is 0, so anyone can recompute
// it; a late measured value corrects it. Source: ENERGY.md ("Privacy", "Blinding").

#include "energy/private_record.h"
#include "model/genesis_private.h"

namespace tieline::energy {

using tieline::kProfilePpmMax;

// floor(floor(bucket x duration / 3600) x profile x 5/4 / 10^6) Wh, and never above the cap that a measured value has.
uint64_t substituted_wh(uint64_t bucket_w, uint32_t duration_s, uint32_t profile_ppm);

}  // namespace tieline::energy
