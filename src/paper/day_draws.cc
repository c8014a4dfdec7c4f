#include "paper/day_draws.h"

#include <algorithm>

namespace tieline::paper {
namespace {

using energy::kParties;
using energy::kSlotSeconds;

constexpr uint64_t kCounteredPpm = 100'000, kDeclinedPpm = 30'000, kUnansweredPpm = 20'000;
constexpr uint64_t kMeterErrorPpm = 2'000;

}  // namespace

bool needs_deal(DayKind kind) {
  return kind == DayKind::kForgedEndorsement || kind == DayKind::kMarginTooLow || kind == DayKind::kNotAParty ||
         kind == DayKind::kOtherRound || kind == DayKind::kDoubleSale;
}

std::vector<DayKind> DayDraws::trading_kinds(size_t hour) {
  std::vector<DayKind> out;
  for (size_t i = reading_invalid(hour); i < invalid(hour); ++i)
    out.push_back(kTradingKinds[next_trading_++ % kTradingKinds.size()]);
  return out;
}
std::vector<DayKind> DayDraws::reading_kinds(size_t hour) {
  std::vector<DayKind> out;
  for (size_t i = 0; i < reading_invalid(hour); ++i)
    out.push_back(kReadingKinds[next_reading_++ % kReadingKinds.size()]);
  return out;
}

energy::TradeTerms DayDraws::terms_of(const DayLot& lot, size_t hour, uint64_t wh) {
  energy::TradeTerms t;
  t.party = {lot.plant, lot.grid, lot.distributor, lot.user};
  t.wh = wh;
  const GenesisParticipant& plant = grid_.of(lot.plant);
  t.plant_price = plant.cost_lo + rng_.below(plant.cost_hi - plant.cost_lo + 1);
  t.grid_fee = static_cast<uint64_t>(rng_.between(2'000'000, 6'000'000));
  t.distributor_fee = static_cast<uint64_t>(rng_.between(5'000'000, 9'000'000));
  t.grid_loss_ppm = grid_.of(lot.grid).loss_ppm;
  t.distributor_loss_ppm = grid_.of(lot.distributor).loss_ppm;
  t.first_slot = first_slot_ + static_cast<uint32_t>(hour * kHourSlots);
  t.slots = kHourSlots;
  return t;
}

std::vector<Deal> DayDraws::deals(size_t hour, size_t& steps) {
  std::vector<const DayLot*> lots;
  for (const DayLot& lot : grid_.lots)
    if (lot.forecast_wh[hour] >= kLeastLotWh) lots.push_back(&lot);
  std::vector<Deal> out;
  if (lots.empty()) return out;
  std::vector<size_t> count(lots.size(), 0);
  const size_t wanted = steps / kStepsOfTrade;
  for (size_t i = 0; i < wanted; ++i) ++count[i % lots.size()];
  for (size_t l = 0; l < lots.size(); ++l) {
    uint64_t left = lots[l]->forecast_wh[hour];
    for (size_t k = count[l]; k > 0; --k) {
      const uint64_t mean = left / k;
      const uint64_t wh =
          k == 1 ? left : std::max<uint64_t>(4, mean * static_cast<uint64_t>(rng_.between(700, 1'300)) / 1'000);
      left -= std::min(left, wh);
      Deal& d = out.emplace_back();
      d.terms = terms_of(*lots[l], hour, std::max<uint64_t>(wh, 4));
      d.sender = rng_.below(kParties);
      const uint64_t draw = rng_.below(1'000'000);
      if (draw < kCounteredPpm) {
        d.fate = Fate::kCountered;
      } else if (draw < kCounteredPpm + kDeclinedPpm) {
        d.fate = Fate::kDeclined;
      } else if (draw < kCounteredPpm + kDeclinedPpm + kUnansweredPpm) {
        d.fate = Fate::kUnanswered;
      }
      const size_t cost = d.fate == Fate::kCountered    ? kStepsOfTrade + 1
                          : d.fate == Fate::kDeclined   ? 2
                          : d.fate == Fate::kUnanswered ? 1
                                                        : kStepsOfTrade;
      if (cost > steps) {
        out.pop_back();
        return out;
      }
      steps -= cost;
    }
  }
  return out;
}

void DayDraws::counter(Deal& d) {
  d.sender = (d.sender + 1 + rng_.below(kParties - 1)) % kParties;
  d.round = 2;
  d.terms.plant_price = d.terms.plant_price * 98 / 100;
}

DayDraws::Declared DayDraws::declaration(size_t hour, size_t number, int64_t market_ms, DayKind kind) {
  std::vector<const DayFlow*> of;
  for (const DayFlow& f : grid_.flows) {
    const Role role = grid_.of(f.from).role;
    const bool fits = kind == DayKind::kCostBand       ? role == Role::kPlant
                      : kind == DayKind::kLineCapacity ? role == Role::kGrid
                                                       : role == Role::kPlant || role == Role::kGrid;
    if (fits) of.push_back(&f);
  }
  const DayFlow& f = *of[(number + hour) % of.size()];
  const GenesisParticipant& p = grid_.of(f.from);
  Declaration d;
  d.meter = f.meter;
  d.kind = p.role == Role::kPlant ? DeclarationKind::kGenerationCost : DeclarationKind::kLineCapacity;
  d.start_s = market_ms / 1'000 - 3'600;
  d.start_s -= d.start_s % kSlotSeconds;
  d.duration_s = 3'600;
  d.value = p.role == Role::kPlant ? p.cost_lo + rng_.below(p.cost_hi - p.cost_lo + 1)
                                   : p.capacity_w / 1'000 * static_cast<uint64_t>(rng_.between(700, 1'000));
  if (kind == DayKind::kCostBand) d.value = p.cost_hi * static_cast<uint64_t>(rng_.between(1'050, 10'000)) / 1'000;
  if (kind == DayKind::kLineCapacity)
    d.value = p.capacity_w / 1'000 * static_cast<uint64_t>(rng_.between(1'050, 3'000));
  return {f.from, d};
}

uint64_t DayDraws::metered(uint64_t wh) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(wh) *
                               (1'000'000 - kMeterErrorPpm + rng_.below(2 * kMeterErrorPpm + 1)) / 1'000'000);
}

std::vector<Reading> DayDraws::readings(const DayFlow& f, bool main, size_t hour) {
  std::vector<Reading> out;
  for (size_t k = 0; k < kHourSlots; ++k) {
    Reading& r = out.emplace_back();
    r.meter = main ? f.meter : f.check_meter;
    r.obis = main ? Obis::kExport : Obis::kImport;
    r.start_s = (int64_t{first_slot_} + static_cast<int64_t>(hour * kHourSlots + k)) * kSlotSeconds;
    r.duration_s = static_cast<uint32_t>(kSlotSeconds);
    r.wh = metered(f.wh[hour * kHourSlots + k]);
    r.quality = Quality::kMeasured;
  }
  return out;
}

std::optional<size_t> DayDraws::lied_flow(size_t hour) {
  std::vector<size_t> of;
  for (size_t i = 0; i < grid_.flows.size(); ++i) {
    const DayFlow& f = grid_.flows[i];
    if (grid_.of(f.from).role == Role::kPlant && f.wh[hour * kHourSlots] > kLeastLotWh) of.push_back(i);
  }
  if (of.empty()) return std::nullopt;
  return one_of(of);
}

}  // namespace tieline::paper
