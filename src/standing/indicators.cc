#include "standing/indicators.h"

#include <algorithm>

#include "base/check.h"

namespace tieline::standing {

uint32_t looked_up(const CreditTable& table, uint64_t value) {
  TL_CHECK(!table.empty());
  if (value <= table.front().from) return table.front().to;
  for (size_t i = 1; i < table.size(); ++i) {
    const TablePoint &a = table[i - 1], &b = table[i];
    if (value >= b.from) continue;
    const auto rise = static_cast<int64_t>(b.to) - static_cast<int64_t>(a.to);
    const auto part = static_cast<int64_t>(value - a.from);
    return static_cast<uint32_t>(static_cast<int64_t>(a.to) + rise * part / static_cast<int64_t>(b.from - a.from));
  }
  return table.back().to;
}

Indicators indicators(const Observed& o, const CreditParams& p) {
  const uint64_t slots = uint64_t{o.absent} + o.signed_slots;
  return {
      o.round_trip_ms ? looked_up(p.round_trip_ms, *o.round_trip_ms) : 0,
      looked_up(p.spells, o.spells),
      slots == 0 ? 0 : looked_up(p.absent_permille, uint64_t{1'000} * o.absent / slots),
      looked_up(p.lead_permille, o.lead_permille),
      o.interval_ms ? looked_up(p.interval_ms, *o.interval_ms) : 0,
      static_cast<uint32_t>(std::min<uint64_t>(kCreditOne, (o.age_blocks << 16) / p.age_blocks)),
      o.proven ? kCreditOne : 0,
      o.credit,
  };
}

}  // namespace tieline::standing
