#include "energy/reservation.h"

#include "energy/wide.h"

namespace tieline::energy {
namespace {

uint64_t slot_capacity_wh(uint64_t capacity_w) {
  return narrow(floor_div(uint128{capacity_w} * static_cast<uint64_t>(kSlotSeconds), 3'600));
}

// A buyer without a contracted load is held to none, yet what it takes is counted: the load may be registered later.
uint64_t limit_of(PartyRole role, const Capacities& capacities) {
  const uint64_t capacity_w = capacities[index_of(role)];
  return role == PartyRole::kBuyer && capacity_w == 0 ? UINT64_MAX : slot_capacity_wh(capacity_w);
}

// Every (resource, slot) that the trade takes from, with what it takes.
template <class Visit>
void for_each_need(const TradeTerms& terms, Visit visit) {
  for (uint16_t i = 0; i < terms.slots; ++i) {
    const Quantities part = quantities_of_slot(terms, i);
    for (PartyRole role : kPartyRoles) {
      if (part.of(role) > 0) visit(role, SlotOf{terms.party[index_of(role)], terms.first_slot + i}, part.of(role));
    }
  }
}

}  // namespace

Bytes reservation_name(const SlotOf& of) { return RecordName("reserved/").id(of.resource).id(of.slot).take(); }

MarketRefusal reserve(const TradeTerms& terms, const Capacities& capacities, Reservations& reserved) {
  bool fits = true;
  for_each_need(terms, [&](PartyRole role, const SlotOf& of, uint64_t need) {
    const uint64_t* at = reserved.find(of);
    const uint64_t taken = at == nullptr ? 0 : *at;
    const uint64_t limit = limit_of(role, capacities);
    // A capacity that was lowered after it was sold has nothing left.
    if (taken > limit || need > limit - taken) fits = false;
  });
  if (!fits) return MarketRefusal::kOverCommitted;
  for_each_need(terms, [&](PartyRole, const SlotOf& of, uint64_t need) { reserved[of] += need; });
  return MarketRefusal::kNone;
}

void release(const TradeTerms& terms, Reservations& reserved) {
  for_each_need(terms, [&](PartyRole, const SlotOf& of, uint64_t need) {
    TL_CHECK(reserved.at(of) >= need);
    if ((reserved[of] -= need) == 0) reserved.erase(of);
  });
}

}  // namespace tieline::energy
