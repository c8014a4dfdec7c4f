#include "model/genesis_private.h"

#include <string>

#include "base/codec.h"
#include "model/genesis.h"

namespace tieline {
namespace {

constexpr int64_t kSlotS = 900;
constexpr uint32_t kPpm = 1'000'000;
constexpr size_t kDistributorsMax = 1'024;

Error wrong(const std::string& path, const std::string& found, const std::string& allowed) {
  return {"genesis_invalid", path + " is " + found + "; allowed: " + allowed};
}

std::string at(const char* list, size_t index) {
  return std::string("private.") + list + "[" + std::to_string(index) + "]";
}

Status check_numbers(const PrivateGenesis& p) {
  if (p.buckets_w.empty() || p.buckets_w.size() > kBucketsMax)
    return wrong("private.buckets_w", std::to_string(p.buckets_w.size()) + " buckets", "1 to 32");
  for (size_t i = 0; i < p.buckets_w.size(); ++i) {
    const uint64_t least = i == 0 ? 4 : p.buckets_w[i - 1] + 1;  // a Wh in a quarter of an hour
    if (p.buckets_w[i] >= least && p.buckets_w[i] <= kBucketWMost) continue;
    return wrong(at("buckets_w", i), std::to_string(p.buckets_w[i]),
                 std::to_string(least) + " to " + std::to_string(kBucketWMost) + ", ascending");
  }
  if (p.profile_ppm.size() != kProfileSlots)
    return wrong("private.profile_ppm", std::to_string(p.profile_ppm.size()) + " values",
                 "96, one for each quarter of a UTC day");
  for (size_t i = 0; i < p.profile_ppm.size(); ++i) {
    if (p.profile_ppm[i] > kProfilePpmMax)
      return wrong(at("profile_ppm", i), std::to_string(p.profile_ppm[i]), "0 to 1000000");
  }
  if (p.loss_lo_ppm > p.loss_hi_ppm || p.loss_hi_ppm >= kPpm)
    return wrong("private.loss_hi_ppm", std::to_string(p.loss_hi_ppm), "at least loss_lo_ppm and below 1000000");
  return {};
}

Status check_distributors(const Genesis& g, const PrivateGenesis& p) {
  if (p.distributors.empty() || p.distributors.size() > kDistributorsMax)
    return wrong("private.distributors", std::to_string(p.distributors.size()) + " distributors", "1 to 1024");
  for (size_t i = 0; i < p.distributors.size(); ++i) {
    const auto& [id, points] = p.distributors[i];
    const bool ascending = i == 0 || id > p.distributors[i - 1].participant;
    if (id == 0 || id > g.participants.size() || !ascending || g.participants[id - 1].role != Role::kDistributor)
      return wrong(at("distributors", i) + ".name", "participant " + std::to_string(id),
                   "distributors, each once, in the order of participants");
    if (points < kRegionMetersMin || points > kPrivatePointsMax)
      return wrong(at("distributors", i) + ".points", std::to_string(points), "10 to 1024");
  }
  return {};
}

}  // namespace

Status check_opening_sets(std::span<const OpeningSet> sets) {
  for (size_t i = 0; i < sets.size(); ++i) {
    const OpeningSet& set = sets[i];
    if (set.start_s < 0 || set.start_s % kSlotS != 0)
      return Error{"misaligned_interval", "an opening set does not start on a quarter of an hour"};
    if (set.slots < kOpeningSlotsMin || set.slots > kOpeningSlotsMax)
      return Error{"small_set", "an opening set has fewer slots than a day, or more than the bound"};
    if (i == 0) continue;
    const OpeningSet& before = sets[i - 1];
    if (set.id <= before.id || (set.start_s - before.start_s) / kSlotS < before.slots)
      return Error{"overlap", "opening sets overlap or stand out of order"};
  }
  return {};
}

void encode(Writer& w, const PrivateGenesis& p) {
  w.u32(static_cast<uint32_t>(p.buckets_w.size()));
  for (uint64_t bucket : p.buckets_w) w.u64(bucket);
  w.u32(static_cast<uint32_t>(p.profile_ppm.size()));
  for (uint32_t ppm : p.profile_ppm) w.u32(ppm);
  w.u32(p.loss_lo_ppm);
  w.u32(p.loss_hi_ppm);
  w.u32(static_cast<uint32_t>(p.sets.size()));
  for (const OpeningSet& set : p.sets) {
    w.u32(set.id);
    w.i64(set.start_s);
    w.u32(set.slots);
  }
  w.u32(static_cast<uint32_t>(p.distributors.size()));
  for (const PrivateDistributor& d : p.distributors) {
    w.u32(d.participant);
    w.u32(d.points);
  }
}

Status check_private(const Genesis& g) {
  const PrivateGenesis& p = *g.private_points;
  if (!g.market) return wrong("private", "there without a market", "together with market only");
  if (Status s = check_numbers(p); !s.ok()) return s;
  if (p.sets.size() > kOpeningSetsMax)
    return wrong("private.sets", std::to_string(p.sets.size()) + " sets", "at most 1024");
  if (Status s = check_opening_sets(p.sets); !s.ok())
    return wrong("private.sets", s.error().why, "ascending ids and times, 96 to 12000 slots each");
  return check_distributors(g, p);
}

}  // namespace tieline
