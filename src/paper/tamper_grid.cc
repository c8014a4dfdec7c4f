#include "paper/tamper_grid.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::paper {
namespace {

constexpr size_t kSlots = (kDaysBefore + 1) * kSlotsOfDay;
constexpr uint64_t kMw = 1'000'000;
constexpr uint64_t kCostUnit = 1'000'000;  // micro-currency
constexpr double kSlotHours = 0.25;
// Of the band around the registered losses: two meters' errors of half a per cent, and what a line's loss varies by.
constexpr uint32_t kLossMarginPpm = 15'000;
constexpr double kFeederPart = 0.55;  // of what a district has room for, its households' peak
constexpr double kPlantPart =
    0.75;  // of what a plant can make and its line carry, the most it does; losses come on top
constexpr size_t kPvPlants = 2;
constexpr double kPvShare = 0.12;  // of the mean injection, each

double uniform(double lo, double hi, Rng& rng) {
  return lo + (hi - lo) * static_cast<double>(rng.below(1'000'001)) / 1e6;
}

// A stretch of four weeks and a day of a shape, with mean 1.
std::vector<double> stretch(const HonestSeries& shape, Rng& rng) {
  const size_t days = shape.values.size() / kSlotsOfDay;
  TL_CHECK(days > kDaysBefore + 1);
  const size_t from = rng.below(days - kDaysBefore - 1) * kSlotsOfDay;
  std::vector<double> out(kSlots);
  double sum = 0;
  for (size_t i = 0; i < kSlots; ++i) sum += out[i] = static_cast<double>(shape.values[from + i].wh);
  for (double& v : out) v *= static_cast<double>(kSlots) / sum;
  return out;
}

const HonestSeries& named(const std::vector<HonestSeries>& shapes, const std::string& name) {
  const auto at = std::find_if(shapes.begin(), shapes.end(), [&](const HonestSeries& s) { return s.name == name; });
  TL_CHECK(at != shapes.end());
  return *at;
}
const HonestSeries& any_profile(const std::vector<HonestSeries>& shapes, Rng& rng) {
  std::vector<const HonestSeries*> profiles;
  for (const HonestSeries& s : shapes) {
    if (!s.real) profiles.push_back(&s);
  }
  return *profiles[rng.below(profiles.size())];
}

// 50 to 150 MWh a day; the load factor is what the mean is of the peak.
std::vector<double> user_load(const std::vector<HonestSeries>& shapes, double& peak_w, Rng& rng) {
  const double mean = uniform(50e6, 150e6, rng) / kSlotsOfDay, factor = uniform(0.7, 0.9, rng);
  std::vector<double> out = stretch(any_profile(shapes, rng), rng);
  const double highest = *std::max_element(out.begin(), out.end());
  const double part = (1 / factor - 1) / (highest - 1);
  for (double& v : out) v = mean * std::max(0.05, 1 + part * (v - 1)) * uniform(0.97, 1.03, rng);
  peak_w = mean / factor / kSlotHours;
  return out;
}

// Households of a district: below `peak_w`.
std::vector<double> feeder_load(const std::vector<HonestSeries>& shapes, double peak_w, Rng& rng) {
  std::vector<double> out = stretch(named(shapes, "h0"), rng);
  const double highest = *std::max_element(out.begin(), out.end());
  for (double& v : out) v = peak_w * kSlotHours * v / highest * uniform(0.96, 1.04, rng);
  return out;
}

std::vector<uint64_t> whole(const std::vector<double>& values) {
  std::vector<uint64_t> out;
  out.reserve(values.size());
  for (double v : values) out.push_back(static_cast<uint64_t>(std::max(v, 0.0)));
  return out;
}

GenesisParticipant participant(const std::string& name, Role role) {
  GenesisParticipant p;
  p.name = name;
  p.role = role;
  return p;
}

}  // namespace

TamperGrid tamper_grid(const std::vector<HonestSeries>& shapes, Rng& rng) {
  TamperGrid grid;
  grid.genesis.network = "table4";
  grid.genesis.time_ms = kTamperDayS * 1'000;
  for (uint16_t i = 0; i < 4; ++i) {
    GenesisValidator v;
    v.id = i;
    v.name = "validator-" + std::to_string(i);
    v.org = i;
    grid.genesis.validators.push_back(v);
  }
  std::vector<GenesisParticipant> plants, lines, distributors, users;
  for (size_t i = 0; i < kPlants; ++i) {
    GenesisParticipant& p = plants.emplace_back(participant("plant-" + std::to_string(i), Role::kPlant));
    p.capacity_w = kMw * static_cast<uint64_t>(rng.between(100, 500));
    p.cost_lo = kCostUnit * static_cast<uint64_t>(rng.between(30, 42));
    p.cost_hi = p.cost_lo + kCostUnit * static_cast<uint64_t>(rng.between(6, 18));
  }
  for (size_t i = 0; i < kLines; ++i) {
    GenesisParticipant& p = lines.emplace_back(participant("line-" + std::to_string(i), Role::kGrid));
    p.capacity_w = kMw * static_cast<uint64_t>(rng.between(50, 200));
    p.loss_ppm = static_cast<uint32_t>(rng.between(50'000, 80'000));
  }
  for (size_t i = 0; i < kDistributors; ++i) {
    GenesisParticipant& p =
        distributors.emplace_back(participant("distributor-" + std::to_string(i), Role::kDistributor));
    p.capacity_w = kMw * static_cast<uint64_t>(rng.between(20, 100));
    p.loss_ppm = static_cast<uint32_t>(rng.between(20'000, 40'000));
  }
  // The roomiest districts have the large users.
  std::vector<size_t> by_room(kDistributors);
  for (size_t i = 0; i < kDistributors; ++i) by_room[i] = i;
  const auto room = [&](size_t d) { return std::min(lines[d].capacity_w, distributors[d].capacity_w); };
  std::stable_sort(by_room.begin(), by_room.end(), [&](size_t a, size_t b) { return room(a) > room(b); });

  // Flows 0..9 plants, 10..24 lines, 25..39 feeders, 40..49 users; true values from the users up.
  const size_t line_at = kPlants, feeder_at = line_at + kLines, user_at = feeder_at + kDistributors;
  grid.flows.resize(user_at + kUsers);
  std::vector<std::vector<double>> taken(kDistributors, std::vector<double>(kSlots, 0));
  double users_w = 0;
  for (size_t u = 0; u < kUsers; ++u) {
    double peak_w = 0;
    const std::vector<double> load = user_load(shapes, peak_w, rng);
    GenesisParticipant& p = users.emplace_back(participant("user-" + std::to_string(u), Role::kUser));
    p.contracted_w = static_cast<uint64_t>(peak_w * 1.25);
    users_w += peak_w;
    for (size_t i = 0; i < kSlots; ++i) taken[by_room[u]][i] += load[i];
    grid.flows[user_at + u].true_wh = whole(load);
  }
  // Not more than the plants can make and the lines that meter them can carry, all peaks at once.
  double able = 0, rooms = 0;
  const auto carried_w = [&](size_t p) {
    return static_cast<double>(std::min(plants[p].capacity_w, lines[p].capacity_w));
  };
  for (size_t p = kPvPlants; p < kPlants; ++p) able += carried_w(p);
  for (size_t d = 0; d < kDistributors; ++d) rooms += static_cast<double>(room(d));
  const double part = std::min(kFeederPart, (able * kPlantPart - users_w) / rooms);
  TL_CHECK(part > 0);
  std::vector<double> injected(kSlots, 0);
  for (size_t d = 0; d < kDistributors; ++d) {
    const std::vector<double> load = feeder_load(shapes, part * static_cast<double>(room(d)), rng);
    grid.flows[feeder_at + d].true_wh = whole(load);
    std::vector<double> handed(kSlots);
    const double kept = 1 - static_cast<double>(distributors[d].loss_ppm) / 1e6;
    const double carried = 1 - static_cast<double>(lines[d].loss_ppm) / 1e6;
    for (size_t i = 0; i < kSlots; ++i) {
      handed[i] = (taken[d][i] + load[i]) / (kept + uniform(-0.003, 0.003, rng));
      injected[i] += handed[i] / (carried + uniform(-0.003, 0.003, rng));
    }
    grid.flows[line_at + d].true_wh = whole(handed);
  }
  // Two plants follow the sun, the others share the rest by what they and the line that meters them can carry.
  std::vector<std::vector<double>> made(kPlants);
  double mean = 0;
  for (double v : injected) mean += v / kSlots;
  std::vector<double> rest = injected;
  for (size_t p = 0; p < kPvPlants; ++p) {
    made[p] = stretch(named(shapes, "pv"), rng);
    const double highest = *std::max_element(made[p].begin(), made[p].end());
    for (size_t i = 0; i < kSlots; ++i) {
      made[p][i] *= std::min(kPvShare * mean * 2, kPlantPart * carried_w(p) * kSlotHours) / highest;
      rest[i] -= made[p][i];
    }
  }
  for (size_t p = kPvPlants; p < kPlants; ++p) {
    const double share = carried_w(p) / able;
    made[p].resize(kSlots);
    for (size_t i = 0; i < kSlots; ++i) made[p][i] = std::max(rest[i], 0.0) * share;
  }
  for (size_t p = 0; p < kPlants; ++p) grid.flows[p].true_wh = whole(made[p]);

  // Who is who, and which meters they have; ids are given in this order.
  MeterId meter = 0;
  const auto enter = [&](GenesisParticipant p, size_t meters) {
    p.id = static_cast<ParticipantId>(grid.genesis.participants.size() + 1);
    for (size_t i = 0; i < meters; ++i) p.meters.push_back("m" + std::to_string(++meter));
    grid.genesis.participants.push_back(std::move(p));
    return grid.genesis.participants.back().id;
  };
  for (size_t p = 0; p < kPlants; ++p) {
    GridFlow& flow = grid.flows[p];
    flow.limit_w = plants[p].capacity_w;
    flow.owner = enter(plants[p], 1);
    flow.main = meter;
  }
  for (size_t l = 0; l < kLines; ++l) {
    GridFlow& flow = grid.flows[line_at + l];
    flow.limit_w = lines[l].capacity_w;
    flow.owner = enter(lines[l], l < kPlants ? 2 : 1);
    flow.main = l < kPlants ? meter - 1 : meter;
    if (l >= kPlants) continue;
    grid.flows[l].neighbour_owner = flow.owner;
    grid.flows[l].neighbour = meter;
    grid.flows[l].neighbour_limit_w = lines[l].capacity_w;
  }
  for (size_t d = 0; d < kDistributors; ++d) {
    const auto at = std::find(by_room.begin(), by_room.begin() + kUsers, d);
    const bool has_user = at != by_room.begin() + kUsers;
    GridFlow& feeder = grid.flows[feeder_at + d];
    feeder.limit_w = distributors[d].capacity_w;
    feeder.owner = enter(distributors[d], has_user ? 3 : 2);
    feeder.main = has_user ? meter - 2 : meter - 1;
    GridFlow& line = grid.flows[line_at + d];
    line.neighbour_owner = feeder.owner;
    line.neighbour = feeder.main + 1;
    line.neighbour_limit_w = distributors[d].capacity_w;
    if (!has_user) continue;
    GridFlow& user = grid.flows[user_at + static_cast<size_t>(at - by_room.begin())];
    user.neighbour_owner = feeder.owner;
    user.neighbour = feeder.main + 2;
    user.neighbour_limit_w = distributors[d].capacity_w;
  }
  for (size_t u = 0; u < kUsers; ++u) {
    GridFlow& flow = grid.flows[user_at + u];
    flow.limit_w = users[u].contracted_w;
    flow.owner = enter(users[u], 1);
    flow.main = meter;
  }

  GridZone transmission;
  transmission.limits.loss_lo_ppm = UINT32_MAX;
  transmission.limits.loss_hi_ppm = 0;
  for (size_t p = 0; p < kPlants; ++p) transmission.in.push_back(p);
  for (size_t l = 0; l < kLines; ++l) {
    transmission.out.push_back(line_at + l);
    transmission.limits.loss_lo_ppm = std::min(transmission.limits.loss_lo_ppm, lines[l].loss_ppm - kLossMarginPpm);
    transmission.limits.loss_hi_ppm = std::max(transmission.limits.loss_hi_ppm, lines[l].loss_ppm + kLossMarginPpm);
  }
  grid.zones.push_back(transmission);
  for (size_t d = 0; d < kDistributors; ++d) {
    GridZone zone;
    zone.limits.loss_lo_ppm = distributors[d].loss_ppm - kLossMarginPpm;
    zone.limits.loss_hi_ppm = distributors[d].loss_ppm + kLossMarginPpm;
    zone.in = {line_at + d};
    zone.out = {feeder_at + d};
    for (size_t u = 0; u < kUsers; ++u) {
      if (by_room[u] == d) zone.out.push_back(user_at + u);
    }
    grid.zones.push_back(zone);
  }
  return grid;
}

}  // namespace tieline::paper
