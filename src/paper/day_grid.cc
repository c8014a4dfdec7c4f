#include "paper/day_grid.h"

#include <algorithm>

#include "base/rng.h"
#include "paper/honest_data.h"

namespace tieline::paper {
namespace {

constexpr size_t kSlotsOfDay = 96;
constexpr uint64_t kMw = 1'000'000;
constexpr uint64_t kMoneyUnit = 1'000'000;        // micro-currency
constexpr uint64_t kBalance = 1'000'000'000'000;  // a million of it each
constexpr double kContractedOver = 1.25;
constexpr double kPvShare = 0.8;      // of a route's need, at most
constexpr size_t kPvPlantsOf = 5;     // one plant of so many follows the sun
constexpr double kLeastPv = 0.01;     // below this share of its peak a plant offers nothing
constexpr double kLineNoise = 0.002;  // what a line's loss varies by
constexpr size_t kPlantsOf50 = 10, kLinesOf50 = 15, kOf = 50;

double uniform(double lo, double hi, Rng& rng) {
  return lo + (hi - lo) * static_cast<double>(rng.below(1'000'001)) / 1e6;
}
uint64_t whole_wh(double v) { return static_cast<uint64_t>(std::max(v, 0.0)); }

// Two days in a row of a series, the day of the market second; each slot's value over the largest of both.
struct TwoDays {
  std::vector<double> before, day;
};
TwoDays two_days(const HonestSeries& shape, Rng& rng) {
  const size_t days = shape.values.size() / kSlotsOfDay;
  TL_CHECK(days > 2);
  const size_t from = rng.below(days - 1) * kSlotsOfDay;
  uint64_t most = 1;
  for (size_t i = 0; i < 2 * kSlotsOfDay; ++i) most = std::max(most, shape.values[from + i].wh);
  TwoDays out;
  for (size_t i = 0; i < 2 * kSlotsOfDay; ++i) {
    const double v = static_cast<double>(shape.values[from + i].wh) / static_cast<double>(most);
    (i < kSlotsOfDay ? out.before : out.day).push_back(v);
  }
  return out;
}

// As large as is wanted: `mean` a slot on the day, the peak as the load factor says.
void make_load(TwoDays& shape, double mean, double factor, Rng& rng) {
  double sum = 0, highest = 0;
  for (double v : shape.day) {
    sum += v / kSlotsOfDay;
    highest = std::max(highest, v);
  }
  const double part = highest > sum ? (1 / factor - 1) / (highest / sum - 1) : 0;
  for (auto* day : {&shape.before, &shape.day}) {
    for (double& v : *day) v = mean * std::max(0.05, 1 + part * (v / sum - 1)) * uniform(0.985, 1.015, rng);
  }
}

class Builder {
 public:
  explicit Builder(const DayOptions& options) : rng_(options.seed ^ 0x444159ULL), shapes_(honest_series()) {
    grid_.options = options;
    // Lines round up, users are who is left: at least one of each from kDayParticipantsMin on.
    lines_ = std::min((options.participants * kLinesOf50 + kOf - 1) / kOf, (options.participants - 2) / 2);
    plants_ = std::max<size_t>(options.participants * kPlantsOf50 / kOf, 1);
    users_ = options.participants - 2 * lines_ - plants_;
    TL_CHECK(users_ >= 1 && users_ <= lines_ && plants_ <= lines_);
  }

  DayGrid build() {
    for (size_t i = 0; i < plants_; ++i) {
      GenesisParticipant& p = add("plant-" + std::to_string(i), Role::kPlant);
      p.capacity_w = kMw * static_cast<uint64_t>(rng_.between(100, 500));
      p.cost_lo = kMoneyUnit * static_cast<uint64_t>(rng_.between(30, 42));
      p.cost_hi = p.cost_lo + kMoneyUnit * static_cast<uint64_t>(rng_.between(6, 18));
    }
    for (size_t i = 0; i < lines_; ++i) {
      GenesisParticipant& p = add("grid-" + std::to_string(i), Role::kGrid);
      p.capacity_w = kMw * static_cast<uint64_t>(rng_.between(50, 200));
      p.loss_ppm = static_cast<uint32_t>(rng_.between(50'000, 80'000));
    }
    for (size_t i = 0; i < lines_; ++i) {
      GenesisParticipant& p = add("distributor-" + std::to_string(i), Role::kDistributor);
      p.capacity_w = kMw * static_cast<uint64_t>(rng_.between(20, 100));
      p.loss_ppm = static_cast<uint32_t>(rng_.between(20'000, 40'000));
    }
    std::vector<TwoDays> loads;
    std::vector<const HonestSeries*> profiles;
    for (const HonestSeries& s : shapes_) {
      if (!s.real) profiles.push_back(&s);
    }
    for (size_t i = 0; i < users_; ++i) {
      loads.push_back(two_days(*profiles[rng_.below(profiles.size())], rng_));
      const double factor = uniform(0.7, 0.9, rng_), mean = uniform(50e6, 150e6, rng_) / kSlotsOfDay;
      make_load(loads.back(), mean, factor, rng_);
      // What it may draw leaves room above both what it expects and what it needs.
      double peak = 0;
      for (const auto* of : {&loads.back().before, &loads.back().day})
        peak = std::max(peak, *std::max_element(of->begin(), of->end()));
      add("user-" + std::to_string(i), Role::kUser).contracted_w = whole_wh(peak * kHourSlots * kContractedOver);
    }
    grid_.regulator = add("watchdog", Role::kRegulator).id;
    grid_.authority = add("clearing", Role::kNeutral).id;
    const TwoDays sun = two_days(shapes_.front(), rng_);  // honest_series() begins with the measured plant
    for (size_t r = 0; r < lines_; ++r) route(r, loads[r % users_], sun);
    finish();
    return std::move(grid_);
  }

 private:
  GenesisParticipant& add(const std::string& name, Role role) {
    DayMember& m = grid_.members.emplace_back();
    m.participant.id = static_cast<ParticipantId>(grid_.members.size());
    m.participant.name = name;
    m.participant.role = role;
    const bool trades = role != Role::kRegulator && role != Role::kNeutral;
    m.balance = trades ? kBalance : 0;
    return m.participant;
  }
  ParticipantId plant(size_t i) const { return static_cast<ParticipantId>(1 + i); }
  ParticipantId line(size_t r) const { return static_cast<ParticipantId>(1 + plants_ + r); }
  ParticipantId distributor(size_t r) const { return static_cast<ParticipantId>(1 + plants_ + lines_ + r); }
  ParticipantId user(size_t u) const { return static_cast<ParticipantId>(1 + plants_ + 2 * lines_ + u); }
  bool follows_sun(size_t plant) const { return plant < plants_ / kPvPlantsOf; }

  DayFlow& flow(ParticipantId from, ParticipantId to) {
    DayFlow& f = grid_.flows.emplace_back();
    f.from = from;
    f.to = to;
    f.wh.assign(grid_.slots(), 0);
    return f;
  }

  void route(size_t r, const TwoDays& load, const TwoDays& sun) {
    const size_t user_at = r % users_;
    const double share = 1.0 / static_cast<double>(lines_ / users_ + (user_at < lines_ % users_ ? 1 : 0));
    const double kept_d = 1 - grid_.of(distributor(r)).loss_ppm / 1e6, kept_t = 1 - grid_.of(line(r)).loss_ppm / 1e6;
    const size_t first = r % plants_;
    const bool pv = follows_sun(first);
    const size_t filler = pv ? plants_ / kPvPlantsOf + r % (plants_ - plants_ / kPvPlantsOf) : first;
    double mean = 0;
    for (double v : load.day) mean += v * share / kSlotsOfDay;
    const double pv_peak = mean * 2;
    std::vector<uint64_t> fed_pv, fed, handed, taken;
    DayLot rest{plant(filler), line(r), distributor(r), user(user_at), {}};
    DayLot solar{plant(first), line(r), distributor(r), user(user_at), {}};
    uint64_t hour_wh = 0, hour_pv = 0;
    for (size_t t = 0; t < grid_.slots(); ++t) {
      const double used = load.day[t] * share;
      const double in_d = used / (kept_d + uniform(-kLineNoise, kLineNoise, rng_));
      const double in_t = in_d / (kept_t + uniform(-kLineNoise, kLineNoise, rng_));
      const double made = pv ? std::min(pv_peak * sun.day[t], kPvShare * in_t) : 0;
      taken.push_back(whole_wh(used));
      handed.push_back(whole_wh(in_d));
      fed_pv.push_back(whole_wh(made));
      fed.push_back(whole_wh(in_t - made));
      // What everybody expects: as the day before.
      const double expected = load.before[t] * share;
      const double in_expected = expected / kept_d / kept_t;
      const double sunny =
          pv && sun.before[t] > kLeastPv ? std::min(pv_peak * sun.before[t], kPvShare * in_expected) : 0;
      hour_pv += whole_wh(sunny * kept_d * kept_t);
      hour_wh += whole_wh(expected);
      if (t % kHourSlots == kHourSlots - 1) {
        solar.forecast_wh.push_back(hour_pv);
        rest.forecast_wh.push_back(hour_wh - hour_pv);
        hour_pv = hour_wh = 0;
      }
    }
    grid_.pv_wh.resize(grid_.slots());
    grid_.pv_forecast_wh.resize(grid_.slots());
    grid_.load_wh.resize(grid_.slots());
    for (size_t t = 0; t < grid_.slots(); ++t) {
      grid_.pv_wh[t] += fed_pv[t];
      if (pv) grid_.pv_forecast_wh[t] += whole_wh(std::min(pv_peak * sun.before[t], kPvShare * load.before[t] * share));
      grid_.load_wh[t] += taken[t];
    }
    if (pv) {
      flow(plant(first), line(r)).wh = fed_pv;
      grid_.lots.push_back(solar);
    }
    flow(plant(filler), line(r)).wh = fed;
    flow(line(r), distributor(r)).wh = handed;
    flow(distributor(r), user(user_at)).wh = taken;
    grid_.lots.push_back(rest);
  }

  // Meters get their numbers in the order of participants, and imbalances their prices: dear when much is used.
  void finish() {
    std::sort(grid_.flows.begin(), grid_.flows.end(),
              [](const DayFlow& a, const DayFlow& b) { return std::pair(a.from, a.to) < std::pair(b.from, b.to); });
    MeterId next = 0;
    for (DayMember& m : grid_.members) {
      GenesisParticipant& p = m.participant;
      for (DayFlow& f : grid_.flows) {
        if (f.from == p.id) {
          f.meter = ++next;
          p.meters.push_back(p.name + "-to-" + grid_.of(f.to).name);
        }
        if (f.to == p.id) {
          f.check_meter = ++next;
          p.meters.push_back(p.name + "-from-" + grid_.of(f.from).name);
        }
      }
    }
    const uint64_t most = *std::max_element(grid_.load_wh.begin(), grid_.load_wh.end());
    for (uint64_t load : grid_.load_wh) {
      const auto step = static_cast<uint64_t>(rng_.between(-2, 2));
      grid_.imbalance_price.push_back((40 + 45 * load / most + step) * kMoneyUnit);
    }
  }

  Rng rng_;
  std::vector<HonestSeries> shapes_;
  DayGrid grid_;
  size_t plants_ = 0, lines_ = 0, users_ = 0;
};

}  // namespace

Result<DayGrid> day_grid(const DayOptions& options) {
  if (options.participants < kDayParticipantsMin || options.participants > kDayParticipantsMax) {
    return Error{"bad_day", "a day has " + std::to_string(kDayParticipantsMin) + " to " +
                                std::to_string(kDayParticipantsMax) + " participants, not " +
                                std::to_string(options.participants)};
  }
  if (options.hours < 1 || options.hours > kDayHoursMax) {
    return Error{"bad_day", "a day has 1 to 24 hours, not " + std::to_string(options.hours)};
  }
  return Builder(options).build();
}

MarketGenesis day_market(const DayGrid& grid) {
  MarketGenesis market;
  market.numbers.time_rate = 0;
  for (const DayMember& m : grid.members) {
    MarketMember& out = market.members.emplace_back();
    out.participant = m.participant.id;
    out.org = static_cast<OrgId>(1'000 + m.participant.id);
    out.balance = m.balance;
  }
  for (const DayFlow& f : grid.flows) market.flows.push_back({f.from, f.to, f.meter, f.check_meter});
  return market;
}

}  // namespace tieline::paper
