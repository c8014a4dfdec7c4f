#include "paper/honest_year.h"

#include <algorithm>

#include "energy/history.h"
#include "energy/rules.h"
#include "energy/zone_check.h"

namespace tieline::paper {
namespace {

constexpr size_t kForgeEvery = 97;  // readings: prime to the slots of a day
constexpr size_t kDayKnown = 96;
constexpr ParticipantId kOwner = 1;

class Point {
 public:
  explicit Point(const HonestSeries& series)
      : point_{kOwner, series.role, series.limit_w, 0, 0}, obis_(series.obis), duration_s_(series.duration_s) {}

  Reading reading(const HonestValue& value) const {
    Reading r;
    r.meter = 1;
    r.obis = obis_;
    r.start_s = value.start_s;
    r.duration_s = duration_s_;
    r.wh = value.wh;
    return r;
  }
  bool refuses(const Reading& r) const {
    const energy::RuleContext context{.block_time_ms = (r.start_s + r.duration_s + 60) * 1'000,
                                      .params = &ledger_,
                                      .plausibility = &plausibility_,
                                      .signatories = owner_,
                                      .point = &point_,
                                      .series = &recorded_};
    return energy::judge_reading(r, context) != energy::Refusal::kNone;
  }
  energy::Usual usual(const Reading& r) const { return energy::judge_history(profile_, r, plausibility_); }
  void record(const Reading& r) { energy::record_reading(r, recorded_); }
  void learn(const Reading& r) { energy::learn(profile_, r, plausibility_); }
  uint64_t limit_w() const { return point_.limit_w; }

 private:
  energy::MeterPoint point_;
  Obis obis_;
  uint32_t duration_s_;
  LedgerParams ledger_;
  PlausibilityParams plausibility_;
  std::array<ParticipantId, 1> owner_ = {kOwner};
  energy::MeterSeries recorded_;
  energy::SeasonalProfile profile_;
};

uint64_t with_error(uint64_t wh, uint32_t ppm, Rng& rng) {
  const int64_t error = rng.between(-int64_t{ppm}, int64_t{ppm});
  return static_cast<uint64_t>(static_cast<__int128>(wh) * (1'000'000 + error) / 1'000'000);
}

bool unusual(energy::Usual usual) { return energy::history_verdict(usual, false) == energy::HistoryVerdict::kDisputed; }

void try_forgery(ForgeryClass c, const Truth& truth, const Point& point, const Reading& honest, uint64_t neighbour,
                 Caught& caught, Rng& rng) {
  if (!applies(c, truth)) return;
  const auto lie = forge(c, truth, rng);
  if (!lie) return;
  ++caught.tried;
  Reading r = honest;
  r.wh = lie->said.wh;
  if (point.refuses(r)) {
    ++caught.refused;
  } else if (unusual(point.usual(r))) {
    ++caught.disputed;
  } else if (!energy::meters_agree(r.wh, neighbour, energy::ZoneLimits{})) {
    ++caught.by_neighbour;
  }
}

}  // namespace

YearOfSeries honest_year(const HonestSeries& series, uint32_t meter_ppm, Rng& rng) {
  YearOfSeries out;
  out.name = series.name;
  out.real = series.real;
  Point point(series);
  std::vector<uint64_t> known;
  known.reserve(series.values.size());
  for (size_t i = 0; i < series.values.size(); ++i) {
    const Reading reading = point.reading(series.values[i]);
    ++out.readings;
    const energy::Usual usual = point.usual(reading);
    if (usual != energy::Usual::kUnknown) ++out.judged;
    const uint64_t main = with_error(reading.wh, meter_ppm, rng), neighbour = with_error(reading.wh, meter_ppm, rng);
    if (i % kForgeEvery == 0 && known.size() >= kDayKnown && usual != energy::Usual::kUnknown) {
      Truth truth;
      truth.start_s = reading.start_s;
      truth.duration_s = reading.duration_s;
      truth.wh = reading.wh;
      truth.limit_w = point.limit_w();
      truth.day = known;
      truth.other_wh = known[rng.below(known.size())] * (1 + rng.below(3));
      try_forgery(ForgeryClass::kImplausibleLoad, truth, point, reading, neighbour, out.implausible, rng);
      try_forgery(ForgeryClass::kPlausibleLoad, truth, point, reading, neighbour, out.plausible, rng);
    }
    known.push_back(reading.wh);
    if (point.refuses(reading)) {
      ++out.refused;
      continue;
    }
    point.record(reading);
    if (!energy::meters_agree(main, neighbour, energy::ZoneLimits{})) ++out.disagree;
    if (unusual(usual)) {
      ++out.unusual;
    } else {
      point.learn(reading);
    }
  }
  return out;
}

}  // namespace tieline::paper
