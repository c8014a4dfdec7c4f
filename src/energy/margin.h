#pragma once
// The margin a party posts with a trade, and how secure the trade is shown to be. Source: paper 004, eq. 12 (f_z) and
// eq. 10 (g); ENERGY.md, "Margin".
//
//   f_z    = ceil(2^16 x own six months x N / (6 x last month of the role)), within [2^14, 2^17]; no data: 2^16
//   base   = ceil(Wh x max(price, last imbalance price) / 10^6); a quarter of it, rounded up, for carriers
//   margin = ceil(base x f_z x (2^17 - trust) / 2^32)
//   g      = min(1, lowest margin / base) x lowest trust, rounded down at each step
//
// The paper divides a node's own monthly mean by the mean of all nodes; here by that of its own role: over all roles
// together users would always sit at the clamp. f_z, trust and g are Q16, energy Wh, prices micro-currency per MWh.

#include <array>
#include <cstdint>

#include "energy/trade_terms.h"

namespace tieline::energy {

inline constexpr uint64_t kFactorMin = uint64_t{1} << 14;
inline constexpr uint64_t kFactorMax = uint64_t{1} << 17;
inline constexpr uint32_t kNewMonths = 6;        // a participant with fewer is new
inline constexpr uint32_t kNewSettlements = 20;  // and so is one with fewer

// What the ledger knows of a participant when it asks for a margin.
struct MarginHistory {
  uint32_t months = 0;           // with settled readings
  uint64_t six_months_wh = 0;    // in the last six
  uint32_t settlements = 0;      // trades settled
  uint64_t largest_settled = 0;  // value of the largest, micro-currency
  uint32_t trust = 0;            // Q16, energy/participant_trust.h
  bool operator==(const MarginHistory&) const = default;
};
// The participants of one role, over the last full month.
struct RoleMonth {
  uint32_t participants = 0;
  uint64_t wh = 0;
  bool operator==(const RoleMonth&) const = default;
};

uint64_t load_factor(const MarginHistory& own, const RoleMonth& role);  // f_z
uint64_t margin_base(const TradeTerms& terms, PartyRole party, uint64_t last_imbalance_price);

// What check_entry() of energy/trade.h asks for. New participants, and anyone whose trade is worth more than twice its
// largest settled one, post at least the base.
uint64_t margin_asked(const TradeTerms& terms, PartyRole party, uint64_t last_imbalance_price, const MarginHistory& own,
                      const RoleMonth& role);

// Shown with every trade: g of the margins posted. A base of nothing is fully covered.
uint32_t trade_security(const std::array<uint64_t, kParties>& margins, const std::array<uint64_t, kParties>& bases,
                        const std::array<uint32_t, kParties>& trusts);

}  // namespace tieline::energy
