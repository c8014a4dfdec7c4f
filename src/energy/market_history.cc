// The past of a flow at the close of an interval: what its main meter says is compared with the flow's own profile, and
// the profile learns what has settled. Only what a meter said and no check spoke against is learned, or what the
// neighbour accepted or the regulator ruled: a forger who is flagged or disputed teaches nothing, and a gap that the
// ledger filled is no past. One profile a flow, however many intervals (energy/history.h).

#include "energy/market.h"

namespace tieline::energy {
namespace {

Reading reading_of(uint32_t slot, uint64_t wh) {
  Reading r;
  r.start_s = int64_t{slot} * kSlotSeconds;
  r.duration_s = static_cast<uint32_t>(kSlotSeconds);
  r.wh = wh;
  return r;
}

}  // namespace

HistoryVerdict Market::past_says(uint32_t slot, const FlowKey& key, const MeteredFlow& flow,
                                 const ZoneLimits& zone) const {
  const SeasonalProfile* profile = profiles_.find(key);
  if (profile == nullptr) return HistoryVerdict::kPlain;
  const Usual usual = judge_history(*profile, reading_of(slot, flow.main.wh), params_.plausibility);
  return history_verdict(usual, flow.neighbour && meters_agree(flow.main.wh, *flow.neighbour, zone));
}

void Market::learn_settled(uint32_t slot, const Flows& flows) {
  for (const auto& [key, flow] : flows) {
    if (flow.learns) learn(profiles_[key], reading_of(slot, flow.main.wh), params_.plausibility);
  }
}

}  // namespace tieline::energy
