// An interval in the market: what is metered, the checks at its close, its settlement, and corrections of it.

#include <algorithm>

#include "energy/market.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

int64_t end_of(uint32_t slot) { return (int64_t{slot} + 1) * kSlotMs; }

bool any_disputed(const Interval& interval) {
  return std::any_of(interval.flows.begin(), interval.flows.end(),
                     [](const auto& entry) { return entry.second.main.state == ReadingState::kDisputed; });
}

bool covers(const TradeTerms& terms, uint32_t slot) {
  return slot >= terms.first_slot && slot - terms.first_slot < terms.slots;
}

void must(const ReadingStep& step, ReadingRecord& record) {
  TL_CHECK(step.ok());
  record = step.reading;
}

}  // namespace

bool Market::is_path(const FlowKey& flow) const {
  const MarketParticipant* from = find(flow.from);
  const MarketParticipant* to = find(flow.to);
  if (from == nullptr || to == nullptr) return false;
  if (from->role == Role::kPlant) return to->role == Role::kGrid;
  if (from->role == Role::kGrid) return to->role == Role::kDistributor;
  return from->role == Role::kDistributor && to->role == Role::kUser;
}

bool Market::is_border(const FlowKey& flow) const {
  return find(flow.from)->role == Role::kPlant || find(flow.to)->role == Role::kUser;
}

void Market::open_interval(uint32_t slot) {
  const auto [at, fresh] = intervals_.try_emplace(slot);
  if (fresh) set_interval_due(slot, end_of(slot) + params_.times.close_ms);
}

void Market::set_interval_due(uint32_t slot, int64_t due_ms) {
  Interval& interval = intervals_.at(slot);
  due_.erase({interval.due_ms, interval_id(slot)});
  interval.due_ms = due_ms;
  TL_CHECK(due_.insert({due_ms, interval_id(slot)}).second);
}

MeteredFlow* Market::flow_of(uint32_t slot, const FlowKey& flow) {
  const auto interval = intervals_.find(slot);
  if (interval == intervals_.end()) return nullptr;
  const auto at = interval->second.flows.find(flow);
  return at == interval->second.flows.end() ? nullptr : &at->second;
}

MarketRefusal Market::record(uint32_t slot, const FlowKey& flow, uint64_t wh, Quality quality, int64_t now_ms) {
  if (!is_path(flow)) return MarketRefusal::kUnknownReading;
  const MeteredFlow* known = flow_of(slot, flow);
  const ReadingStep step =
      record_raw(known == nullptr ? ReadingRecord{} : known->main, end_of(slot), wh, quality, now_ms, params_.times);
  if (!step.ok()) return step.refusal;
  open_interval(slot);
  intervals_.at(slot).flows[flow].main = step.reading;
  return MarketRefusal::kNone;
}

MarketRefusal Market::record_neighbour(uint32_t slot, const FlowKey& flow, uint64_t wh, int64_t now_ms) {
  if (!is_path(flow)) return MarketRefusal::kUnknownReading;
  const MeteredFlow* known = flow_of(slot, flow);
  if (known != nullptr && known->neighbour) return MarketRefusal::kReadingState;
  if (now_ms >= end_of(slot) + params_.times.submit_ms) return MarketRefusal::kTooLate;
  open_interval(slot);
  intervals_.at(slot).flows[flow].neighbour = wh;
  return MarketRefusal::kNone;
}

MarketRefusal Market::publish_price(uint32_t slot, uint64_t price, int64_t now_ms) {
  if (const auto why = check_imbalance_price(price, params_.price_cap); why != MarketRefusal::kNone) return why;
  if (now_ms >= end_of(slot) + params_.times.settle_ms) return MarketRefusal::kTooLate;
  open_interval(slot);
  Interval& interval = intervals_.at(slot);
  if (interval.price) return MarketRefusal::kReadingState;  // one price an interval
  interval.price = price;
  last_price_ = price;
  return MarketRefusal::kNone;
}

std::vector<TradeRecord*> Market::trades_in(uint32_t slot) {
  std::vector<TradeRecord*> out;
  for (auto& [id, trade] : trades_) {
    if (trade.state != TradeState::kOpen && covers(trade.terms, slot)) out.push_back(&trade);
  }
  return out;
}

std::vector<Contract> Market::contracts_of(uint32_t slot) const {
  std::vector<Contract> out;
  for (const auto& [id, trade] : trades_) {
    if (trade.state == TradeState::kOpen || !covers(trade.terms, slot)) continue;
    const auto index = static_cast<uint16_t>(slot - trade.terms.first_slot);
    out.push_back({id, trade.terms.party, quantities_of_slot(trade.terms, index), legs(trade.terms)});
  }
  return out;
}

std::map<FlowKey, uint64_t> Market::expected_of(uint32_t slot) const {
  std::map<FlowKey, uint64_t> out;
  for (const Contract& c : contracts_of(slot)) {
    out[{c.party[0], c.party[1]}] += c.quantities.q_g;
    out[{c.party[1], c.party[2]}] += c.quantities.q_d;
    out[{c.party[2], c.party[3]}] += c.quantities.q;
  }
  return out;
}

std::vector<ZoneFlow> Market::zone_of(const Interval& interval, const std::map<FlowKey, uint64_t>& expected,
                                      std::vector<FlowKey>& keys) const {
  std::vector<ZoneFlow> zone;
  for (const auto& [key, flow] : interval.flows) {
    if (!is_border(key)) continue;
    ZoneFlow z;
    z.in = find(key.from)->role == Role::kPlant;
    if (flow.main.state != ReadingState::kNone) z.main = flow.main.wh;
    z.neighbour = flow.neighbour;
    if (const auto at = expected.find(key); at != expected.end()) z.expected = at->second;
    zone.push_back(z);
    keys.push_back(key);
  }
  return zone;
}

// Every substitute is made from what was recorded, never from another substitute.
void Market::substitute_gaps(uint32_t slot, int64_t now_ms) {
  Interval& interval = intervals_.at(slot);
  const std::map<FlowKey, uint64_t> expected = expected_of(slot);
  for (const auto& [key, wh] : expected) interval.flows[key];  // what was contracted is a gap if nobody metered it
  std::vector<FlowKey> keys;
  const std::vector<ZoneFlow> zone = zone_of(interval, expected, keys);
  std::map<FlowKey, Substitute> made;
  for (size_t i = 0; i < zone.size(); ++i) {
    if (!zone[i].main) made[keys[i]] = substitute_missing(zone, i, params_.zone_loss_ppm);
  }
  for (const auto& [key, flow] : interval.flows) {
    if (is_border(key) || flow.main.state != ReadingState::kNone) continue;
    const auto at = expected.find(key);
    made[key] =
        flow.neighbour ? Substitute{*flow.neighbour, true} : Substitute{at == expected.end() ? 0 : at->second, false};
  }
  for (const auto& [key, value] : made) {
    must(close_missing({}, end_of(slot), value.wh, value.credits_trust, now_ms, params_.times),
         interval.flows.at(key).main);
  }
}

void Market::close_interval(uint32_t slot, int64_t now_ms) {
  Interval& interval = intervals_.at(slot);
  substitute_gaps(slot, now_ms);
  std::vector<FlowKey> keys;
  const std::vector<ZoneFlow> zone = zone_of(interval, expected_of(slot), keys);
  const ZoneVerdict verdict = check_zone(zone, params_.zone);
  std::map<FlowKey, bool> disputed;
  for (size_t i = 0; i < keys.size(); ++i) disputed[keys[i]] = verdict.disputed[i];
  for (auto& [key, flow] : interval.flows) {
    if (flow.main.state != ReadingState::kRaw) continue;
    const bool differs = is_border(key) ? disputed.at(key)
                                        : flow.neighbour && !meters_agree(flow.main.wh, *flow.neighbour, params_.zone);
    must(close_reading(flow.main, differs, now_ms, params_.times), flow.main);
  }
  interval.phase = Interval::Phase::kClosed;
  set_interval_due(slot, end_of(slot) + params_.times.settle_ms);
}

// Time is up for the disputes: the value that keeps the zone in its band, else the main meter's.
void Market::resolve_interval(uint32_t slot, int64_t now_ms) {
  Interval& interval = intervals_.at(slot);
  std::vector<FlowKey> keys;
  const std::vector<ZoneFlow> zone = zone_of(interval, expected_of(slot), keys);
  for (auto& [key, flow] : interval.flows) {
    if (flow.main.state != ReadingState::kDisputed) continue;
    const auto at = std::find(keys.begin(), keys.end(), key);
    const uint64_t wh =
        at == keys.end() ? flow.main.wh : resolve_disputed(zone, static_cast<size_t>(at - keys.begin()), params_.zone);
    must(resolve_reading(flow.main, wh, now_ms, params_.times), flow.main);
  }
}

void Market::run_interval(uint32_t slot, int64_t now_ms) {
  Interval& interval = intervals_.at(slot);
  const int64_t resolve_ms = end_of(slot) + params_.times.resolve_ms;
  switch (interval.phase) {
    case Interval::Phase::kOpen:
      close_interval(slot, now_ms);
      return;
    case Interval::Phase::kClosed:
      if (any_disputed(interval)) {
        if (now_ms < resolve_ms) return set_interval_due(slot, resolve_ms);
        resolve_interval(slot, now_ms);
      }
      settle_interval(slot, now_ms);
      return;
    case Interval::Phase::kSettled:
      for (auto& [key, flow] : interval.flows) must(finish_reading(flow.main, now_ms, params_.times), flow.main);
      due_.erase({interval.due_ms, interval_id(slot)});
      intervals_.erase(slot);
  }
}

void Market::settle_interval(uint32_t slot, int64_t now_ms) {
  Interval& interval = intervals_.at(slot);
  for (auto& [key, flow] : interval.flows) must(settle_reading(flow.main, now_ms, params_.times), flow.main);
  interval.price = imbalance_price(interval.price, last_price_);
  interval.phase = Interval::Phase::kSettled;
  set_interval_due(slot, end_of(slot) + params_.times.final_ms);
  charge_interval(slot);
  note_unmet(slot);
}

std::vector<Flow> Market::flows_of(uint32_t slot) const {
  std::vector<Flow> out;
  for (const auto& [key, flow] : intervals_.at(slot).flows) out.push_back({key.from, key.to, flow.main.wh});
  return out;
}

void Market::charge_interval(uint32_t slot) {
  Interval& interval = intervals_.at(slot);
  const std::vector<TradeRecord*> trades = trades_in(slot);
  FundsOfAll funds;
  funds.pool = book_.pool(Pool::kImbalance);
  for (const auto& [who, account] : book_.accounts) funds.of[who] = {0, account[Purse::kBalance], account.debt};
  for (const TradeRecord* trade : trades) {
    for (size_t i = 0; i < kParties; ++i) funds.of[trade->terms.party[i]].margin += trade->margin[i];
  }
  const Charges charges =
      interval_charges(flows_of(slot), contracts_of(slot), {interval.price.value(), params_.tolerance_ppm});
  const IntervalStep step = settle_all(interval.statements, charges, funds);
  TL_CHECK(apply(step.money, book_) == MarketRefusal::kNone);
  for (const auto& [who, amount] : step.margin_drawn) {
    std::vector<TradeRecord*> mine = trades;
    TL_CHECK(draw_margin(mine, who, amount) == amount);
  }
  interval.statements = step.statements;
}

void Market::note_unmet(uint32_t slot) {
  std::map<ParticipantId, bool> unmet;
  for (const Position& p : positions(flows_of(slot), contracts_of(slot))) {
    unmet[p.who] = p.short_wh() > tolerance_wh(p.contracted_wh, params_.tolerance_ppm);
  }
  for (const auto& [key, flow] : intervals_.at(slot).flows) {
    if (!flow.main.credits_trust) unmet[key.from] = true;
  }
  for (TradeRecord* trade : trades_in(slot)) {
    for (size_t i = 0; i < kParties; ++i) {
      if (unmet[trade->terms.party[i]]) trade->unmet |= static_cast<uint8_t>(1 << i);
    }
  }
}

// The last dispute of an interval that is due to settle has ended; its trades that waited for it go on.
void Market::settle_when_undisputed(uint32_t slot, int64_t now_ms) {
  const Interval& interval = intervals_.at(slot);
  if (interval.phase != Interval::Phase::kClosed || any_disputed(interval)) return;
  if (now_ms < end_of(slot) + params_.times.settle_ms) return;
  settle_interval(slot, now_ms);
  std::vector<TradeId> waiting;
  for (const TradeRecord* trade : trades_in(slot)) {
    if (trade->state == TradeState::kDisputed && intervals_settled(trade->terms)) waiting.push_back(trade->id);
  }
  for (const TradeId& id : waiting) {
    const TradeStep step = resolve(trades_.at(id), now_ms, params_.times);
    if (!step.ok()) continue;  // its own deadline has come: due() settles it
    TL_CHECK(take(step) == MarketRefusal::kNone);
    note_settled(step.trade);
  }
}

MarketRefusal Market::accept(uint32_t slot, const FlowKey& flow, ParticipantId by, int64_t now_ms) {
  MeteredFlow* known = flow_of(slot, flow);
  if (known == nullptr) return MarketRefusal::kUnknownReading;
  const ReadingStep step = accept_reading(known->main, by == flow.to, now_ms, params_.times);
  if (!step.ok()) return step.refusal;
  known->main = step.reading;
  settle_when_undisputed(slot, now_ms);
  return MarketRefusal::kNone;
}

MarketRefusal Market::rule(uint32_t slot, const FlowKey& flow, uint64_t wh, int64_t now_ms) {
  MeteredFlow* known = flow_of(slot, flow);
  if (known == nullptr) return MarketRefusal::kUnknownReading;
  const ReadingStep step = rule_on_reading(known->main, wh, now_ms, params_.times);
  if (!step.ok()) return step.refusal;
  known->main = step.reading;
  settle_when_undisputed(slot, now_ms);
  return MarketRefusal::kNone;
}

MarketRefusal Market::correct(uint32_t slot, const FlowKey& flow, const Correction& correction, int64_t now_ms) {
  MeteredFlow* known = flow_of(slot, flow);
  if (known == nullptr) return MarketRefusal::kUnknownReading;
  const ReadingStep step = correct_reading(known->main, correction, now_ms, params_.times);
  if (!step.ok()) return step.refusal;
  known->main = step.reading;
  if (intervals_.at(slot).phase != Interval::Phase::kSettled) return MarketRefusal::kNone;
  charge_interval(slot);
  for (TradeRecord* trade : trades_in(slot)) {
    if (const TradeStep next = energy::correct(*trade, now_ms); next.ok()) *trade = next.trade;
  }
  return MarketRefusal::kNone;
}

}  // namespace tieline::energy
