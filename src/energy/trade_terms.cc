#include "energy/trade_terms.h"

#include "crypto/hash.h"
#include "energy/money.h"
#include "energy/split.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr std::array kRoleOf = {Role::kPlant, Role::kGrid, Role::kDistributor, Role::kUser};

uint64_t before_loss(uint64_t wh, uint32_t loss_ppm) { return narrow(ceil_div(uint128{wh} * kPpm, kPpm - loss_ppm)); }

uint128 leg(uint64_t wh, uint64_t price) { return floor_div(uint128{wh} * price, kPpm); }

}  // namespace

void encode(Writer& w, const TradeTerms& t) {
  for (ParticipantId id : t.party) w.u32(id);
  w.u64(t.wh);
  w.u64(t.plant_price);
  w.u64(t.grid_fee);
  w.u64(t.distributor_fee);
  w.u32(t.grid_loss_ppm);
  w.u32(t.distributor_loss_ppm);
  w.u32(t.first_slot);
  w.u16(t.slots);
}

void decode(Reader& r, TradeTerms& t) {
  for (ParticipantId& id : t.party) id = r.u32();
  t.wh = r.u64();
  t.plant_price = r.u64();
  t.grid_fee = r.u64();
  t.distributor_fee = r.u64();
  t.grid_loss_ppm = r.u32();
  t.distributor_loss_ppm = r.u32();
  t.first_slot = r.u32();
  t.slots = r.u16();
}

MarketRefusal check_terms(const TradeTerms& t, const std::array<PartyInfo, kParties>& parties, int64_t now_ms) {
  constexpr MarketRefusal kBad = MarketRefusal::kBadTerms;
  if (t.wh == 0 || t.wh > kTradeWhMax) return kBad;
  if (t.plant_price > kPriceMax || t.grid_fee > kPriceMax || t.distributor_fee > kPriceMax) return kBad;
  if (t.slots == 0 || t.slots > kWindowSlotsMax) return kBad;
  if (t.first_slot > UINT32_MAX - kWindowSlotsMax) return kBad;  // the last slot has a number too
  if (t.start_ms() > now_ms + kHorizonMs) return kBad;
  for (size_t i = 0; i < kParties; ++i) {
    if (parties[i].role != kRoleOf[i]) return kBad;
    for (size_t j = 0; j < i; ++j) {
      if (t.party[i] == t.party[j]) return kBad;
    }
  }
  if (t.grid_loss_ppm > kLossPpmMax || t.grid_loss_ppm != parties[index_of(PartyRole::kGrid)].loss_ppm) return kBad;
  const uint32_t loss_d = parties[index_of(PartyRole::kDistributor)].loss_ppm;
  if (t.distributor_loss_ppm > kLossPpmMax || t.distributor_loss_ppm != loss_d) return kBad;
  const Quantities all = quantities(t);
  const uint128 payment = leg(all.q_g, t.plant_price) + leg(all.q_d, t.grid_fee) + leg(all.q, t.distributor_fee);
  return payment > kIssuedMax ? kBad : MarketRefusal::kNone;
}

uint64_t Quantities::of(PartyRole role) const {
  switch (role) {
    case PartyRole::kPlant:
    case PartyRole::kGrid:
      return q_g;
    case PartyRole::kDistributor:
      return q_d;
    case PartyRole::kBuyer:
      return q;
  }
  TL_CHECK_MSG(false, "a party without a role");
  return 0;
}

Quantities quantities(const TradeTerms& t) {
  Quantities all;
  all.q = t.wh;
  all.q_d = before_loss(all.q, t.distributor_loss_ppm);
  all.q_g = before_loss(all.q_d, t.grid_loss_ppm);
  return all;
}

// An equal part grows with the whole: the i-th is ceil((whole - i) / n). Hence the order of the three in every slot.
Quantities quantities_of_slot(const TradeTerms& t, uint16_t slot) {
  TL_CHECK(slot < t.slots);
  const Quantities all = quantities(t);
  return {equal_part(all.q, t.slots, slot), equal_part(all.q_d, t.slots, slot), equal_part(all.q_g, t.slots, slot)};
}

Legs legs(const TradeTerms& t) {
  const Quantities all = quantities(t);
  Legs l;
  l.to = {narrow(leg(all.q_g, t.plant_price)), narrow(leg(all.q_d, t.grid_fee)), narrow(leg(all.q, t.distributor_fee))};
  return l;
}

Hash endorsement_message(const ChainId& chain, const TradeId& trade, uint32_t round, const TradeTerms& terms) {
  Writer w;
  w.raw(chain.view());
  w.raw(trade.view());
  w.u32(round);
  encode(w, terms);
  return tagged_hash("tieline/trade/1", {w.view()});
}

}  // namespace tieline::energy
