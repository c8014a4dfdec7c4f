#pragma once
// The balance of a region of private points, proved over their commitments: what the feeder meters delivered, less what
// the points drew, is loss, and the loss lies within its band. Nobody but the distributor, who proves it, learns a sum.
//
//   injected  I = S_in G + sum(C of 2.8.0)     (feeder meters, and what the points fed in)
//   withdrawn W = sum(C of 1.8.0) + S_out G
//   (10^6 - lo) I - 10^6 W   and   10^6 W - (10^6 - hi) I   open to values in [0, 2^64)
//
// With no feed-in these are ENERGY.md's two terms. lo and hi are loss constants in ppm of what was injected, lo <= hi.
// Substituted values are public and enter as numbers. Energy in Wh. A region of few meters would tell about each of
// them, so regions below kRegionMetersMin are merged first. Source: ENERGY.md ("Semantic plausibility", last points).

#include "energy/private_record.h"
#include "model/genesis_private.h"

namespace tieline::energy {

using tieline::kRegionMetersMin;
inline constexpr uint32_t kPpmWhole = 1'000'000;
inline constexpr size_t kRegionPointsMax = 100'000;

struct Region {
  uint32_t id = 0;
  uint32_t meters = 0;
};
// Groups of regions that are balanced together: ascending ids, each group the shortest that reaches kRegionMetersMin,
// the rest with the last. Ids must ascend. Error "region_too_small": all of them together have fewer.
Result<std::vector<std::vector<Region>>> merge_regions(std::span<const Region> regions);

// One interval of one merged region, as the chain holds it.
struct RegionBalance {
  ChainId chain;
  std::vector<uint32_t> regions;
  uint32_t meters = 0;
  int64_t start_s = 0;
  uint32_t duration_s = 0;
  uint64_t feeder_in_wh = 0;
  uint64_t feeder_out_wh = 0;
  uint64_t substituted_drawn_wh = 0;  // of points without a reading
  uint64_t substituted_fed_wh = 0;
  uint32_t loss_lo_ppm = 0;
  uint32_t loss_hi_ppm = 0;
  std::vector<Commitment> drawn;  // 1-0:1.8.0, in the order of the points' pseudonyms
  std::vector<Commitment> fed;    // 1-0:2.8.0
};

// Sums over the committed readings only: sum v and sum r. The distributor is a receiver of every reading.
struct RegionOpening {
  Opening drawn;
  Opening fed;
};

// Errors: bad_balance (bounds), region_too_small, bad_commitment, out_of_range (the loss is outside the band, or the
// sums are not those of the commitments). With no committed reading at all the balance is public and the proof empty.
Result<Bytes> prove_region(const RegionBalance& balance, const RegionOpening& sums, const Secret& seed);
// Of everything that is balanced: what the proof is bound to.
Hash region_digest(const RegionBalance& balance);
// Errors: bad_balance, region_too_small, bad_commitment, bad_range_proof.
Status check_region(const RegionBalance& balance, ByteView proof);

}  // namespace tieline::energy
