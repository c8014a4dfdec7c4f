#include "energy/imbalance.h"

#include <map>

#include "energy/rules.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

struct Sums {
  int128 metered_out = 0;  // minus in
  int128 contracted_out = 0;
  uint128 contracted_wh = 0;
};

}  // namespace

std::vector<Position> positions(std::span<const Flow> flows, std::span<const Contract> contracts) {
  TL_CHECK(flows.size() <= kFlowsMax);
  std::map<ParticipantId, Sums> sums;
  for (const Flow& flow : flows) {
    TL_CHECK(flow.wh <= kReadingWhMax);
    sums[flow.from].metered_out += flow.wh;
    sums[flow.to].metered_out -= flow.wh;
  }
  for (const Contract& c : contracts) {
    const Quantities& q = c.quantities;
    const std::array<int128, kParties> net = {int128{q.q_g}, int128{q.q_d} - q.q_g, int128{q.q} - q.q_d, -int128{q.q}};
    for (PartyRole role : kPartyRoles) {
      Sums& of = sums[c.party[index_of(role)]];
      of.contracted_out += net[index_of(role)];
      of.contracted_wh += q.of(role);
    }
  }
  std::vector<Position> out;
  int128 total = 0;
  for (const auto& [who, of] : sums) {
    const int128 imbalance = of.metered_out - of.contracted_out;
    TL_CHECK(imbalance > INT64_MIN && imbalance <= INT64_MAX);
    total += imbalance;
    out.push_back({who, static_cast<int64_t>(imbalance), narrow(of.contracted_wh)});
  }
  TL_CHECK_MSG(total == 0, "imbalances_sum_to_zero");
  return out;
}

MarketRefusal check_imbalance_price(uint64_t price, uint64_t cap) {
  return price > cap ? MarketRefusal::kBadPrice : MarketRefusal::kNone;
}

}  // namespace tieline::energy
