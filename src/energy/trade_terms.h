#pragma once
// What a trade is about: who sells, carries and buys, how much, at what prices, in which 15-minute slots, and what
// follows from that alone: the energy each of them handles, what the buyer pays to whom, the bytes that are endorsed.
//
//   q_D = ceil(q 10^6 / (10^6 - l_D))      what the distributor takes in to deliver q
//   q_G = ceil(q_D 10^6 / (10^6 - l_T))    what the plant feeds in for that
//   leg = floor(Wh x price / 10^6)         once a trade; price in micro-currency per MWh
//
// Energy in Wh, times in milliseconds UTC, losses in ppm. Source: ENERGY.md, "Settlement"; paper 004, 3.2 and eq. 16.

#include <array>
#include <cstdint>

#include "energy/interval_set.h"
#include "energy/market_refusal.h"
#include "model/genesis.h"

namespace tieline::energy {

inline constexpr uint16_t kWindowSlotsMax = 96;
inline constexpr uint64_t kTradeWhMax = uint64_t{1} << 50;     // 1.1 PWh
inline constexpr uint64_t kPriceMax = 1'000'000'000'000;       // a million currency units a MWh
inline constexpr uint32_t kLossPpmMax = 500'000;               // of either carrier
inline constexpr int64_t kHorizonMs = 366LL * 86'400 * 1'000;  // how far ahead a window may begin
inline constexpr int64_t kSlotMs = kSlotSeconds * 1'000;

using TradeId = Hash;

enum class PartyRole : uint8_t { kPlant, kGrid, kDistributor, kBuyer };
inline constexpr size_t kParties = 4;
inline constexpr std::array kPartyRoles = {PartyRole::kPlant, PartyRole::kGrid, PartyRole::kDistributor,
                                           PartyRole::kBuyer};
constexpr size_t index_of(PartyRole role) { return static_cast<size_t>(role); }

struct TradeTerms {
  std::array<ParticipantId, kParties> party{};  // by PartyRole
  uint64_t wh = 0;                              // q, at the buyer, over the whole window
  uint64_t plant_price = 0;                     // micro-currency per MWh
  uint64_t grid_fee = 0;
  uint64_t distributor_fee = 0;
  uint32_t grid_loss_ppm = 0;  // l_T and l_D, as registered when the terms were made
  uint32_t distributor_loss_ppm = 0;
  uint32_t first_slot = 0;  // from 1970, as in energy/interval_set.h
  uint16_t slots = 1;

  int64_t start_ms() const { return int64_t{first_slot} * kSlotMs; }
  int64_t end_ms() const { return (int64_t{first_slot} + slots) * kSlotMs; }
  bool operator==(const TradeTerms&) const = default;
};
void encode(Writer& w, const TradeTerms& t);
void decode(Reader& r, TradeTerms& t);  // shape only

// What the registry says of a party.
struct PartyInfo {
  OrgId org = 0;
  Role role = Role::kUser;
  uint32_t loss_ppm = 0;  // of a carrier
};

// Bounds, four different parties in their roles, the registered losses, a window that begins in reach. kBadTerms.
MarketRefusal check_terms(const TradeTerms& terms, const std::array<PartyInfo, kParties>& parties, int64_t now_ms);

// Energy that passes at each party: the plant feeds in q_G, the grid takes q_G in, the distributor q_D, the buyer q.
struct Quantities {
  uint64_t q = 0;
  uint64_t q_d = 0;
  uint64_t q_g = 0;
  uint64_t of(PartyRole role) const;
  bool operator==(const Quantities&) const = default;
};
Quantities quantities(const TradeTerms& terms);
// The i-th slot's part: equal parts, the first slots get what is left over. q_G >= q_D >= q holds in every slot too.
Quantities quantities_of_slot(const TradeTerms& terms, uint16_t slot);

// What the buyer pays: plant price x q_G, grid fee x q_D, distributor fee x q; the payment is exactly their sum.
struct Legs {
  std::array<uint64_t, kParties - 1> to{};  // plant, grid, distributor
  uint64_t total() const { return to[0] + to[1] + to[2]; }
  bool operator==(const Legs&) const = default;
};
Legs legs(const TradeTerms& terms);

// What a party signs with its BLS key when it endorses; the same for all four, so that one aggregate stands for them.
Hash endorsement_message(const ChainId& chain, const TradeId& trade, uint32_t round, const TradeTerms& terms);

}  // namespace tieline::energy
