#include "energy/private_region.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "crypto/hash.h"
#include "energy/rules.h"

namespace tieline::energy {
namespace {

// The weights of the two terms: slack above the smallest loss, and below the largest.
struct Term {
  Int128 injected;
  Int128 withdrawn;
};

std::array<Term, 2> terms(const RegionBalance& balance) {
  return {Term{kPpmWhole - balance.loss_lo_ppm, -Int128{kPpmWhole}},
          Term{-Int128{kPpmWhole - balance.loss_hi_ppm}, kPpmWhole}};
}

Int128 public_part(const RegionBalance& balance, const Term& term) {
  return term.injected * (static_cast<Int128>(balance.feeder_in_wh) + balance.substituted_fed_wh) +
         term.withdrawn * (static_cast<Int128>(balance.feeder_out_wh) + balance.substituted_drawn_wh);
}

Status check_bounds(const RegionBalance& balance) {
  const uint64_t largest =
      std::max({balance.feeder_in_wh, balance.feeder_out_wh, balance.substituted_drawn_wh, balance.substituted_fed_wh});
  if (balance.regions.empty() || balance.loss_lo_ppm > balance.loss_hi_ppm || balance.loss_hi_ppm > kPpmWhole ||
      largest > kReadingWhMax || balance.drawn.size() > kRegionPointsMax || balance.fed.size() > kRegionPointsMax)
    return Error{"bad_balance", "a regional balance breaks a bound, or its loss band is upside down"};
  if (balance.meters < kRegionMetersMin)
    return Error{"region_too_small", "fewer than ten meters: the balance would tell about each of them"};
  return {};
}

bool is_public(const RegionBalance& balance) { return balance.drawn.empty() && balance.fed.empty(); }

Result<std::array<Commitment, 2>> term_commitments(const RegionBalance& balance) {
  std::vector<Commitment> all = balance.fed;
  all.insert(all.end(), balance.drawn.begin(), balance.drawn.end());
  std::array<Commitment, 2> out;
  const std::array<Term, 2> both = terms(balance);
  for (size_t i = 0; i < both.size(); ++i) {
    std::vector<Int128> weights(balance.fed.size(), both[i].injected);
    weights.resize(all.size(), both[i].withdrawn);
    const Result<Commitment> sum = combine(all, weights, public_part(balance, both[i]));
    if (!sum) return sum.error();
    out[i] = *sum;
  }
  return out;
}

Error outside() { return {"out_of_range", "the loss lies outside its band, or the sums are not the commitments'"}; }

}  // namespace

Hash region_digest(const RegionBalance& balance) {
  Writer w;
  encode(w, balance.chain);
  encode_list(w, balance.regions);
  w.u32(balance.meters);
  w.i64(balance.start_s);
  w.u32(balance.duration_s);
  w.u64(balance.feeder_in_wh);
  w.u64(balance.feeder_out_wh);
  w.u64(balance.substituted_drawn_wh);
  w.u64(balance.substituted_fed_wh);
  w.u32(balance.loss_lo_ppm);
  w.u32(balance.loss_hi_ppm);
  encode_list(w, balance.drawn);
  encode_list(w, balance.fed);
  return tagged_hash("tieline/private-region/1", {w.view()});
}

Result<std::vector<std::vector<Region>>> merge_regions(std::span<const Region> regions) {
  std::vector<std::vector<Region>> groups;
  std::vector<Region> group;
  uint64_t meters = 0;
  for (size_t i = 0; i < regions.size(); ++i) {
    TL_CHECK(i == 0 || regions[i].id > regions[i - 1].id);
    group.push_back(regions[i]);
    meters += regions[i].meters;
    if (meters < kRegionMetersMin) continue;
    groups.push_back(std::move(group));
    group.clear();
    meters = 0;
  }
  if (groups.empty()) return Error{"region_too_small", "all regions together have fewer than ten meters"};
  groups.back().insert(groups.back().end(), group.begin(), group.end());
  return groups;
}

Result<Bytes> prove_region(const RegionBalance& balance, const RegionOpening& sums, const Secret& seed) {
  if (Status bounds = check_bounds(balance); !bounds) return bounds.error();
  if (is_public(balance)) {
    if (!check_region(balance, {})) return outside();
    return Bytes{};
  }
  const Result<std::array<Commitment, 2>> commitments = term_commitments(balance);
  if (!commitments) return commitments.error();
  const std::array<Blinding, 2> blindings = {sums.fed.blinding, sums.drawn.blinding};
  std::vector<Opening> openings;
  for (const Term& term : terms(balance)) {
    const Int128 value =
        public_part(balance, term) + term.injected * sums.fed.value + term.withdrawn * sums.drawn.value;
    const std::array<Int128, 2> weights = {term.injected, term.withdrawn};
    const Result<Blinding> blinding = combine(blindings, weights);
    if (!blinding) return blinding.error();
    if (value < 0 || value > UINT64_MAX) return outside();
    openings.push_back({static_cast<uint64_t>(value), *blinding});
  }
  const Hash context = region_digest(balance);
  return range::prove({range::Bits::k64, *commitments, {}, context.view()}, openings, seed);
}

Status check_region(const RegionBalance& balance, ByteView proof) {
  if (Status bounds = check_bounds(balance); !bounds) return bounds;
  const Error refused = {"bad_range_proof", "nothing proves that the region's loss lies within its band"};
  if (is_public(balance)) {
    for (const Term& term : terms(balance))
      if (public_part(balance, term) < 0) return refused;
    if (!proof.empty()) return refused;
    return {};
  }
  const Result<std::array<Commitment, 2>> commitments = term_commitments(balance);
  if (!commitments) return commitments.error();
  const Hash context = region_digest(balance);
  if (!range::verify({range::Bits::k64, *commitments, {}, context.view()}, proof)) return refused;
  return {};
}

}  // namespace tieline::energy
