#pragma once
// Where validators stand, and who is near whom (paper 004, eq. 3 and 4.2; docs/trust-raft.md, "Proximity"). Positions
// are what the parties wrote into genesis; nobody measured them, so they decide about speed and never about safety.
//
// Units: metres, square metres, milliseconds of block time. Integers only: roots are compared as squares.
//
// Eq. 3 is read as Q1 = sqrt(Q / (0.3 X)), about ten neighbours whatever X is. As printed, sqrt(Q) / (0.3 X), it leaves
// less than one of fifty: that reading exists for the experiment `relay` only.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/codec.h"
#include "model/ids.h"

namespace tieline {

inline constexpr uint32_t kPositionMax = 2'000'000;  // metres: 9 X^2 d^2 of the printed formula fits 64 bits
inline constexpr uint64_t kRegionMax = uint64_t{kPositionMax} * kPositionMax;
inline constexpr uint32_t kLeaseMsMin = 1'000;
inline constexpr uint32_t kLeaseMsMax = 24 * 3600 * 1000;

struct Position {
  uint32_t x = 0, y = 0;
  bool operator==(const Position&) const = default;
};

// Optional in genesis, with engine trust_raft only. Each of the two uses is a switch of its own.
struct ProximityParams {
  bool relay = false;      // blocks go to the leader's neighbours, and from them on
  bool trigger = false;    // who is near a failed leader leaves its term first, and asks the nearest first
  uint64_t region_m2 = 1;  // Q
  uint32_t lease_ms = 3'600'000;
  std::vector<Position> positions;  // of genesis' validators, by id
  bool operator==(const ProximityParams&) const = default;

  // None: it joined later and stands nowhere.
  std::optional<Position> position_of(ValidatorId id) const {
    if (id >= positions.size()) return std::nullopt;
    return positions[id];
  }
};
void encode(Writer& w, const ProximityParams& p);
void decode(Reader& r, ProximityParams& p);

uint64_t square_distance(const Position& a, const Position& b);

enum class NearRule : uint8_t { kAsRead = 1, kAsPrinted = 2 };
// Within Q1 of each other, where X nodes take part.
bool is_near(uint64_t square_distance, uint64_t region_m2, size_t nodes, NearRule rule = NearRule::kAsRead);

// `ids` without `self`, the nearest to `self` first; among equals the lower id; those without a position last. All of
// them last, in the order they came, if `self` has none.
std::vector<ValidatorId> nearest_first(const ProximityParams& p, ValidatorId self, std::vector<ValidatorId> ids);

// The leader's neighbours among `ids`: those within Q1, and never fewer than the `least` nearest, so that one at least
// is honest. Without a position of its own it has none.
std::vector<ValidatorId> neighbours_of(const ProximityParams& p, ValidatorId self, const std::vector<ValidatorId>& ids,
                                       size_t least);

}  // namespace tieline
