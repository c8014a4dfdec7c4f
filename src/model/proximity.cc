#include "model/proximity.h"

#include <algorithm>
#include <tuple>

#include "model/committee.h"

namespace tieline {

void encode(Writer& w, const ProximityParams& p) {
  w.boolean(p.relay);
  w.boolean(p.trigger);
  w.u64(p.region_m2);
  w.u32(p.lease_ms);
  w.u32(static_cast<uint32_t>(p.positions.size()));
  for (const Position& at : p.positions) {
    w.u32(at.x);
    w.u32(at.y);
  }
}

void decode(Reader& r, ProximityParams& p) {
  p.relay = r.boolean();
  p.trigger = r.boolean();
  p.region_m2 = r.u64();
  p.lease_ms = r.u32();
  const size_t n = r.count(kCommitteeMax, 2 * sizeof(uint32_t));
  p.positions.clear();
  for (size_t i = 0; i < n && r.ok(); ++i) {
    Position& at = p.positions.emplace_back();
    at.x = r.u32();
    at.y = r.u32();
  }
}

uint64_t square_distance(const Position& a, const Position& b) {
  const uint64_t x = a.x > b.x ? a.x - b.x : b.x - a.x;
  const uint64_t y = a.y > b.y ? a.y - b.y : b.y - a.y;
  return x * x + y * y;
}

// d <= sqrt(Q / (0.3 X)) exactly if 3 X d^2 <= 10 Q; d <= sqrt(Q) / (0.3 X) exactly if 9 X^2 d^2 <= 100 Q.
bool is_near(uint64_t square_distance, uint64_t region_m2, size_t nodes, NearRule rule) {
  if (rule == NearRule::kAsPrinted) return 9 * nodes * nodes * square_distance <= 100 * region_m2;
  return 3 * nodes * square_distance <= 10 * region_m2;
}

std::vector<ValidatorId> nearest_first(const ProximityParams& p, ValidatorId self, std::vector<ValidatorId> ids) {
  std::erase(ids, self);
  const std::optional<Position> own = p.position_of(self);
  if (!own) return ids;
  const auto key = [&](ValidatorId id) {
    const std::optional<Position> at = p.position_of(id);
    return std::tuple(at ? square_distance(*own, *at) : UINT64_MAX, id);
  };
  std::sort(ids.begin(), ids.end(), [&](ValidatorId a, ValidatorId b) { return key(a) < key(b); });
  return ids;
}

std::vector<ValidatorId> neighbours_of(const ProximityParams& p, ValidatorId self, const std::vector<ValidatorId>& ids,
                                       size_t least) {
  const std::optional<Position> own = p.position_of(self);
  if (!own) return {};
  std::vector<ValidatorId> near = nearest_first(p, self, ids);
  std::erase_if(near, [&](ValidatorId id) { return !p.position_of(id); });
  size_t keep = 0;
  while (keep < near.size() &&
         (keep < least || is_near(square_distance(*own, *p.position_of(near[keep])), p.region_m2, near.size() + 1)))
    ++keep;
  near.resize(keep);
  return near;
}

}  // namespace tieline
