#pragma once
// What genesis says about private metering points (class P, docs/privacy.md): the capacity buckets, the public profile
// that fills gaps, which slots may be opened together, how many points each distributor has, and the band within which
// its loss lies. A network without it has no private points. Power in W, times in seconds since 1970 UTC, ppm. Source:
// ENERGY.md ("Two classes of metering point", "Privacy").

#include <span>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace tieline {

inline constexpr size_t kBucketsMax = 32;
inline constexpr uint64_t kBucketWMost = 1'000'000;    // a larger point belongs in class W
inline constexpr uint32_t kProfilePpmMax = 1'000'000;  // of the bucket's capacity
inline constexpr size_t kProfileSlots = 96;            // a profile is one of a UTC day
inline constexpr uint32_t kRegionMetersMin = 10;       // a balance of fewer would tell about each of them
inline constexpr uint32_t kPrivatePointsMax = 1'024;   // of one distributor: one batch of pseudonyms
inline constexpr uint32_t kOpeningSlotsMin = 96;
inline constexpr uint32_t kOpeningSlotsMax = 12'000;  // four months of quarters
inline constexpr size_t kOpeningSetsMax = 1'024;

// Slots that are opened together.
struct OpeningSet {
  uint32_t id = 0;
  int64_t start_s = 0;
  uint32_t slots = 0;
  bool operator==(const OpeningSet&) const = default;
};
// Ascending ids and times. Errors: small_set, overlap, misaligned_interval.
Status check_opening_sets(std::span<const OpeningSet> sets);

struct PrivateDistributor {
  ParticipantId participant = 0;
  uint32_t points = 0;  // registered, and so the most pseudonyms of a billing period
  bool operator==(const PrivateDistributor&) const = default;
};

struct PrivateGenesis {
  std::vector<uint64_t> buckets_w;    // ascending
  std::vector<uint32_t> profile_ppm;  // one for each quarter of a UTC day
  uint32_t loss_lo_ppm = 0;           // of what comes in at a distributor's feeders
  uint32_t loss_hi_ppm = 150'000;
  std::vector<OpeningSet> sets;
  std::vector<PrivateDistributor> distributors;  // by participant, ascending
  bool operator==(const PrivateGenesis&) const = default;
};
void encode(Writer& w, const PrivateGenesis& p);

struct Genesis;
// Empty, or the path of the first field that is wrong, what was found and what is allowed.
Status check_private(const Genesis& g);

}  // namespace tieline
