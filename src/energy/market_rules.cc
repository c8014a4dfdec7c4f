// Which rules count for what: those in force for what begins now, those that an interval opened under for all that
// becomes of it, the latest of its intervals' times for a trade. So a vote moves no deadline of what is under way,
// judges no reading by a band that it was not recorded under, and charges nobody anew.

#include <algorithm>

#include "energy/market.h"

namespace tieline::energy {

void Market::set_params(const MarketParams& params) {
  params_ = params;
  last_price_ = std::min(last_price_, params_.price_cap);
}

const MarketTimes& Market::times_of(uint32_t slot) const {
  const Interval* interval = intervals_.find(slot);
  return interval == nullptr ? params_.times : interval->rules.times;
}

MarketTimes Market::times_of(const TradeTerms& terms) const {
  MarketTimes all = times_of(terms.first_slot);
  for (uint16_t i = 1; i < terms.slots; ++i) all = later_of(all, times_of(terms.first_slot + i));
  return all;
}

bool due_by_its_rules(uint32_t slot, const Interval& interval) {
  const MarketTimes& times = interval.rules.times;
  const int64_t passed_ms = interval.due_ms - (int64_t{slot} + 1) * kSlotMs;  // since its end
  switch (interval.phase) {
    case Interval::Phase::kOpen:
      return passed_ms == times.close_ms;
    case Interval::Phase::kClosed:
      return passed_ms == times.settle_ms || passed_ms == times.resolve_ms;
    case Interval::Phase::kSettled:
      return passed_ms == times.final_ms;
  }
  return false;
}

bool due_by_its_rules(const TradeRecord& trade) {
  const int64_t passed_ms = trade.due_ms - trade.terms.end_ms();
  switch (trade.state) {
    case TradeState::kOpen:
      return trade.due_ms <= trade.terms.start_ms() - trade.times.gate_ms;
    case TradeState::kCommitted:
      return passed_ms == trade.times.settle_ms;
    case TradeState::kDisputed:
      return passed_ms == trade.times.resolve_ms;
    case TradeState::kSettled:
      return passed_ms == trade.times.final_ms;
    default:
      return false;  // it has left the state
  }
}

}  // namespace tieline::energy
