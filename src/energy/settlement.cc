#include "energy/settlement.h"

#include <algorithm>

#include "energy/money.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr uint64_t kCompensationShare = 4;  // a quarter

// An amount nobody can have is owed as the largest that anybody can.
uint64_t amount_of(uint128 value) { return static_cast<uint64_t>(std::min<uint128>(value, kIssuedMax)); }

Charge imbalance_charge(std::span<const Position> all, uint64_t price) {
  Charge charge;
  for (const Position& p : all) {
    if (p.short_wh() > 0) charge.owed[p.who] = amount_of(ceil_div(uint128{p.short_wh()} * price, kPpm));
    if (p.long_wh() > 0) charge.claims.push_back({p.who, p.long_wh()});
  }
  return charge;
}

// What the trade is worth to each: the sellers' legs, and to the buyer all it pays.
uint64_t worth(const Contract& c, size_t party) { return party < c.legs.to.size() ? c.legs.to[party] : c.legs.total(); }

void add_compensation(const Position& p, std::span<const Contract* const> contracts, const SettlementParams& params,
                      Charges& charges) {
  const uint64_t tolerated = tolerance_wh(p.contracted_wh, params.tolerance_ppm);
  if (p.short_wh() <= tolerated) return;
  struct Part {
    const Contract* contract;
    size_t party;
  };
  std::vector<Part> parts;
  std::vector<Weight> by_contract;
  for (const Contract* c : contracts) {
    for (size_t i = 0; i < kParties; ++i) {
      if (c->party[i] != p.who) continue;
      by_contract.push_back({parts.size(), c->quantities.of(kPartyRoles[i])});
      parts.push_back({c, i});
    }
  }
  if (parts.empty()) return;  // who contracted nothing has let nobody down
  const uint128 value = uint128{p.short_wh() - tolerated} * params.price;
  const std::vector<uint64_t> amounts = split(amount_of(ceil_div(value, kCompensationShare * kPpm)), by_contract);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (amounts[i] == 0) continue;
    const Contract& c = *parts[i].contract;
    Charge& charge = charges[{c.trade, p.who}];
    charge.owed[p.who] = amounts[i];
    for (size_t other = 0; other < kParties; ++other) {
      if (other != parts[i].party) charge.claims.push_back({c.party[other], worth(c, other)});
    }
    std::sort(charge.claims.begin(), charge.claims.end(), [](const Weight& a, const Weight& b) { return a.id < b.id; });
  }
}

}  // namespace

uint64_t tolerance_wh(uint64_t contracted_wh, uint32_t tolerance_ppm) {
  return narrow(floor_div(uint128{contracted_wh} * tolerance_ppm, kPpm));
}

Charges interval_charges(std::span<const Flow> flows, std::span<const Contract> contracts,
                         const SettlementParams& params) {
  std::vector<const Contract*> by_trade;  // ties of a split go to the lower trade id, whatever order they come in
  for (const Contract& c : contracts) by_trade.push_back(&c);
  std::sort(by_trade.begin(), by_trade.end(), [](const Contract* a, const Contract* b) { return a->trade < b->trade; });
  const std::vector<Position> all = positions(flows, contracts);
  Charges charges;
  charges[{}] = imbalance_charge(all, params.price);
  for (const Position& p : all) add_compensation(p, by_trade, params, charges);
  return charges;
}

}  // namespace tieline::energy
