#pragma once
// Four parties and terms between them, as the market's tests use them.

#include "energy/trade.h"

namespace tieline::energy {

inline constexpr uint32_t kTestSlot = 2'000'000;  // in 2027
inline constexpr int64_t kTestStart = int64_t{kTestSlot} * kSlotMs;
inline constexpr std::array<OrgId, kParties> kTestOrgs = {11, 12, 13, 14};

inline TradeTerms test_terms() {
  TradeTerms t;
  t.party = {1, 2, 3, 4};
  t.wh = 1'000'000;
  t.plant_price = 50'000'000;
  t.grid_fee = 5'000'000;
  t.distributor_fee = 8'000'000;
  t.grid_loss_ppm = 60'000;
  t.distributor_loss_ppm = 40'000;
  t.first_slot = kTestSlot;
  t.slots = 4;
  return t;
}

inline std::array<PartyInfo, kParties> test_parties() {
  return {PartyInfo{11, Role::kPlant, 0}, PartyInfo{12, Role::kGrid, 60'000}, PartyInfo{13, Role::kDistributor, 40'000},
          PartyInfo{14, Role::kUser, 0}};
}

inline TradeId test_id(uint8_t n) {
  TradeId id;
  id.bytes[0] = n;
  return id;
}

}  // namespace tieline::energy
