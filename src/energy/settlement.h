#pragma once
// Who owes what for an interval. The legs of a trade are paid as contracted (energy/trade.h); deviations are settled
// apart from it:
//
//   a short participant owes  ceil(short Wh x imbalance price / 10^6)
//   the long ones share what is collected of all that, in proportion to their Wh
//   beyond tolerance it owes  ceil((short Wh - tolerance) x imbalance price / (4 x 10^6))  more, split over its trades
//                             of the interval by contracted Wh, and in each over its three counterparties by what
//                             the trade is worth to them: the paper's compensation
//   tolerance = floor(contracted Wh x tolerance_ppm / 10^6)
//
// A charge is a list of who owes and who shares; energy/statement.h moves the money, and later the difference when a
// correction makes new charges of the same interval. Source: ENERGY.md, "Settlement"; paper 004, 4.2 (the margin
// "compensates for the losses of other participating entities").

#include <map>
#include <span>
#include <vector>

#include "energy/imbalance.h"
#include "energy/split.h"

namespace tieline::energy {

inline constexpr uint32_t kDefaultTolerancePpm = 20'000;

struct Charge {
  std::map<ParticipantId, uint64_t> owed;  // micro-currency
  std::vector<Weight> claims;              // ids are participants, ascending; who shares what is collected
  bool operator==(const Charge&) const = default;
};

// What a statement is about: the interval's imbalances, or one participant's compensation in one trade.
struct ChargeKey {
  TradeId trade;            // zero: the imbalances
  ParticipantId payer = 0;  // 0: the imbalances
  auto operator<=>(const ChargeKey&) const = default;
};
using Charges = std::map<ChargeKey, Charge>;

struct SettlementParams {
  uint64_t price = 0;  // imbalance price of the interval
  uint32_t tolerance_ppm = kDefaultTolerancePpm;
};

uint64_t tolerance_wh(uint64_t contracted_wh, uint32_t tolerance_ppm);

// All charges of an interval. A key of an earlier version that has none now is the caller's to settle as an empty
// charge (settle_all in energy/statement.h does).
Charges interval_charges(std::span<const Flow> flows, std::span<const Contract> contracts,
                         const SettlementParams& params);

}  // namespace tieline::energy
