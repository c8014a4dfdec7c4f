#pragma once
// Capacity sold ahead: how much of each plant, line and contract is taken in each 15-minute slot. A trade takes its
// energy with losses (q_G at plant and grid company, q_D at the distributor, q at the buyer) while it is COMMITTED;
// what would go beyond floor(W x 900 / 3600) in any slot is refused whole. There is no tolerance, so that the same
// capacity cannot be sold twice. Source: ENERGY.md, "Trades"; paper 004, 5.1.3 (capacity over-commitment is its example
// of an invalid proposal).

#include <array>
#include <cstdint>

#include "energy/table.h"
#include "energy/trade_terms.h"

namespace tieline::energy {

struct SlotOf {
  ParticipantId resource = 0;
  uint32_t slot = 0;
  auto operator<=>(const SlotOf&) const = default;
};
// Wh reserved. What is free has no entry.
using Reservations = Table<SlotOf, uint64_t>;
Bytes reservation_name(const SlotOf& of);

// By PartyRole, as registered. A plant or carrier of 0 can carry nothing; a buyer of 0 has no contracted load to keep
// to.
using Capacities = std::array<uint64_t, kParties>;  // W

// Error: kOverCommitted; then nothing is reserved.
MarketRefusal reserve(const TradeTerms& terms, const Capacities& capacities, Reservations& reserved);
// Exactly what reserve() took.
void release(const TradeTerms& terms, Reservations& reserved);

}  // namespace tieline::energy
