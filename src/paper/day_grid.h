#pragma once
// Who is on the scenario's day (paper 004, 5.1.3), which flows are metered by whom, and what truly flows: power plants
// (100-500 MW, costs 30-60 a MWh), grid companies (50-200 MW, losses 5-8 %), distributors (20-100 MW) and large users
// (50-150 MWh a day, load factor 0.7-0.9), with a regulator and a neutral authority beside them. Loads are profiles of
// the BDEW, photovoltaic plants a measured one (data/README.md): what is forecast is the day before, what flows the
// day. A pure function of the options.
//
// A route goes from a plant over one grid company and one distributor to a user; where the plant follows the sun,
// another one fills up what it does not make, whatever was contracted: the grid is in balance, the contracts are not.
// Wh a slot of 15 minutes, prices in micro-currency per MWh, slots counted from the day's midnight.

#include <optional>
#include <string>
#include <vector>

#include "model/genesis.h"

namespace tieline::paper {

inline constexpr size_t kDayParticipantsMin = 6, kDayParticipantsMax = 200;
inline constexpr size_t kDayHoursMax = 24;
inline constexpr size_t kHourSlots = 4;

struct DayOptions {
  size_t participants = 50;  // plants, grid companies, distributors, users: 10 to 15 to 15 to 10
  size_t proposals = 10'000;
  size_t hours = kDayHoursMax;
  uint64_t seed = 1;
  bool operator==(const DayOptions&) const = default;
};

struct DayMember {
  GenesisParticipant participant;  // id is its place + 1; no key
  uint64_t balance = 0;
};
struct DayFlow {
  ParticipantId from = 0, to = 0;
  MeterId meter = 0, check_meter = 0;  // of `from`, of `to`
  std::vector<uint64_t> wh;            // what flows
};
// What may be traded: a plant's energy over a route.
struct DayLot {
  ParticipantId plant = 0, grid = 0, distributor = 0, user = 0;
  std::vector<uint64_t> forecast_wh;  // at the user, an hour
};
struct DayGrid {
  DayOptions options;
  std::vector<DayMember> members;  // ids ascend from 1: plants, grid companies, distributors, users, and the two
  std::vector<DayFlow> flows;      // by (from, to)
  std::vector<DayLot> lots;
  std::vector<uint64_t> imbalance_price;                 // a slot
  std::vector<uint64_t> load_wh, pv_wh, pv_forecast_wh;  // a slot, over all
  ParticipantId regulator = 0, authority = 0;

  size_t slots() const { return options.hours * kHourSlots; }
  const GenesisParticipant& of(ParticipantId id) const { return members[id - 1].participant; }
};
// Errors: bad_day (participants or hours out of bounds).
Result<DayGrid> day_grid(const DayOptions& options);

// The market's part of a genesis that has the grid's participants in their order; keys are left out.
MarketGenesis day_market(const DayGrid& grid);

}  // namespace tieline::paper
