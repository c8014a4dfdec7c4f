#include "energy/margin.h"

#include <algorithm>

#include "energy/money.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr uint64_t kCarrierShare = 4;  // carriers post a quarter: they sell no energy
constexpr uint64_t kValueFactor = 2;   // a trade of more than twice the largest settled one is a new thing

bool is_carrier(PartyRole party) { return party == PartyRole::kGrid || party == PartyRole::kDistributor; }

// A low price of one's own and a high imbalance price can ask for more than all the money there is: nobody can post
// that, so one unit more than there can be says the same.
uint64_t no_more_than_there_is(uint128 amount) {
  return static_cast<uint64_t>(std::min<uint128>(amount, kIssuedMax + 1));
}

bool is_new(const MarginHistory& own, uint64_t value) {
  if (own.months < kNewMonths || own.settlements < kNewSettlements) return true;
  return uint128{value} > uint128{own.largest_settled} * kValueFactor;
}

}  // namespace

uint64_t load_factor(const MarginHistory& own, const RoleMonth& role) {
  if (own.months == 0 || role.participants == 0 || role.wh == 0) return kQ16;
  // 2^16 x 2^64 x N needs 2^(80+32): within 128 bits.
  const uint128 above = uint128{own.six_months_wh} * role.participants * kQ16;
  const uint128 factor = ceil_div(above, uint128{role.wh} * 6);
  return static_cast<uint64_t>(std::clamp<uint128>(factor, kFactorMin, kFactorMax));
}

uint64_t margin_base(const TradeTerms& terms, PartyRole party, uint64_t last_imbalance_price) {
  const uint64_t price = std::max(terms.plant_price, last_imbalance_price);
  const uint128 whole = ceil_div(uint128{quantities(terms).of(party)} * price, kPpm);
  return no_more_than_there_is(is_carrier(party) ? ceil_div(whole, kCarrierShare) : whole);
}

uint64_t margin_asked(const TradeTerms& terms, PartyRole party, uint64_t last_imbalance_price, const MarginHistory& own,
                      const RoleMonth& role) {
  TL_CHECK(own.trust <= kQ16);
  const uint64_t base = margin_base(terms, party, last_imbalance_price);
  const uint128 scaled = uint128{base} * load_factor(own, role) * (2 * kQ16 - own.trust);
  const uint64_t margin = no_more_than_there_is(ceil_div(scaled, kQ16 * kQ16));
  return is_new(own, legs(terms).total()) ? std::max(margin, base) : margin;
}

uint32_t trade_security(const std::array<uint64_t, kParties>& margins, const std::array<uint64_t, kParties>& bases,
                        const std::array<uint32_t, kParties>& trusts) {
  uint128 cover = kQ16;
  uint32_t trust = kQ16;
  for (size_t i = 0; i < kParties; ++i) {
    if (bases[i] > 0) cover = std::min(cover, floor_div(uint128{margins[i]} * kQ16, bases[i]));
    trust = std::min(trust, trusts[i]);
  }
  return static_cast<uint32_t>(floor_div(cover * trust, kQ16));
}

}  // namespace tieline::energy
