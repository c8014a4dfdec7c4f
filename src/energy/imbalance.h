#pragma once
// What everyone delivered or took in one interval beside what it contracted. A flow of energy has one settled value and
// two ends, so what one participant is long another is short:
//
//   imbalance = (metered out - metered in) - (contracted out - contracted in)
//
// for a plant metered - sum(q_G), for a user sum(q) - metered, for a carrier its declared losses - its actual ones.
// Imports and exports are participants. The sum over all is exactly 0 (checked). A distributor's own retail is a flow
// to itself: it is then short by it unless it has bought for it. Wh; positive is long. Source: ENERGY.md, "Settlement".

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "energy/trade_terms.h"

namespace tieline::energy {

inline constexpr size_t kFlowsMax = 65'536;  // of a zone in an interval

struct Flow {
  ParticipantId from = 0;
  ParticipantId to = 0;
  uint64_t wh = 0;  // at most kReadingWhMax
};

// A committed trade's part in the interval.
struct Contract {
  TradeId trade;
  std::array<ParticipantId, kParties> party{};
  Quantities quantities;
  Legs legs;  // of the whole trade
};

struct Position {
  ParticipantId who = 0;
  int64_t imbalance_wh = 0;
  uint64_t contracted_wh = 0;  // what it should have handled, over all its contracts
  uint64_t short_wh() const { return imbalance_wh < 0 ? 0 - static_cast<uint64_t>(imbalance_wh) : 0; }
  uint64_t long_wh() const { return imbalance_wh > 0 ? static_cast<uint64_t>(imbalance_wh) : 0; }
  bool operator==(const Position&) const = default;
};

// Ascending by id; everyone at the end of a flow or with a contract.
std::vector<Position> positions(std::span<const Flow> flows, std::span<const Contract> contracts);

// One price an interval, micro-currency per MWh, signed by a neutral authority that does not trade. kBadPrice above the
// cap. Without one for the interval the last published stands.
MarketRefusal check_imbalance_price(uint64_t price, uint64_t cap);
inline uint64_t imbalance_price(std::optional<uint64_t> published, uint64_t last) { return published.value_or(last); }

}  // namespace tieline::energy
