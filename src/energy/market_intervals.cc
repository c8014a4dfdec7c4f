// An interval in the market: what is metered, the checks at its close, its settlement, and corrections of it.

#include <algorithm>
#include <set>

#include "energy/market.h"
#include "energy/wide.h"

namespace tieline::energy {
namespace {

int64_t end_of(uint32_t slot) { return (int64_t{slot} + 1) * kSlotMs; }

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
  if (intervals_.contains(slot)) return;
  TL_CHECK_MSG(slot >= first_slot_, "what was FINAL does not open again");
  intervals_[slot].rules = params_;
  set_interval_due(slot, end_of(slot) + params_.times.close_ms);
}

void Market::set_interval_due(uint32_t slot, int64_t due_ms) {
  Interval& interval = intervals_[slot];
  due_.erase({interval.due_ms, interval_id(slot)});
  interval.due_ms = due_ms;
  TL_CHECK(due_.insert({due_ms, interval_id(slot)}));
}

std::map<FlowKey, MeteredFlow> Market::flows_in(uint32_t slot) const {
  std::map<FlowKey, MeteredFlow> out;
  for (const FlowKey& key : slot_flows_.items(slot)) out.emplace(key, flows_.at({slot, key}));
  return out;
}

MeteredFlow& Market::flow_at(uint32_t slot, const FlowKey& flow) {
  if (!flows_.contains({slot, flow})) {
    ++intervals_[slot].flows;
    slot_flows_.add(slot, flow);
  }
  return flows_[{slot, flow}];
}

// Flows that votes end and register anew come to one interval besides each other.
bool Market::has_room(uint32_t slot, const FlowKey& flow) const {
  const Interval* interval = intervals_.find(slot);
  return interval == nullptr || interval->flows < kZoneFlowsMax || flows_.contains({slot, flow});
}

void Market::put_flows(uint32_t slot, const Flows& flows) {
  for (const auto& [key, flow] : flows) {
    if (!(flows_.at({slot, key}) == flow)) flows_[{slot, key}] = flow;
  }
}

bool Market::any_disputed(uint32_t slot) const {
  const Flows flows = flows_in(slot);
  return std::any_of(flows.begin(), flows.end(),
                     [](const auto& entry) { return entry.second.main.state == ReadingState::kDisputed; });
}

MarketRefusal Market::record(uint32_t slot, const FlowKey& flow, uint64_t wh, Quality quality, int64_t now_ms) {
  if (!is_path(flow)) return MarketRefusal::kUnknownReading;
  if (!may_open(slot)) return MarketRefusal::kTooLate;
  if (!has_room(slot, flow)) return MarketRefusal::kOverCommitted;
  const MeteredFlow* known = flows_.find({slot, flow});
  const ReadingStep step =
      record_raw(known == nullptr ? ReadingRecord{} : known->main, end_of(slot), wh, quality, now_ms, times_of(slot));
  if (!step.ok()) return step.refusal;
  open_interval(slot);
  flow_at(slot, flow).main = step.reading;
  return MarketRefusal::kNone;
}

MarketRefusal Market::record_neighbour(uint32_t slot, const FlowKey& flow, uint64_t wh, int64_t now_ms) {
  if (!is_path(flow)) return MarketRefusal::kUnknownReading;
  const MeteredFlow* known = flows_.find({slot, flow});
  if (known != nullptr && known->neighbour) return MarketRefusal::kReadingState;
  if (!has_room(slot, flow)) return MarketRefusal::kOverCommitted;
  if (!may_open(slot) || now_ms >= end_of(slot) + times_of(slot).submit_ms) return MarketRefusal::kTooLate;
  open_interval(slot);
  flow_at(slot, flow).neighbour = wh;
  return MarketRefusal::kNone;
}

MarketRefusal Market::publish_price(uint32_t slot, uint64_t price, int64_t now_ms) {
  if (const auto why = check_imbalance_price(price, params_.price_cap); why != MarketRefusal::kNone) return why;
  if (!may_open(slot) || now_ms >= end_of(slot) + times_of(slot).settle_ms) return MarketRefusal::kTooLate;
  if (int64_t{slot} * kSlotMs > now_ms + kHorizonMs) return MarketRefusal::kReadingState;  // nobody can trade there yet
  const Interval* interval = intervals_.find(slot);
  if (interval != nullptr && interval->price) return MarketRefusal::kReadingState;  // one price an interval
  open_interval(slot);
  intervals_[slot].price = price;
  last_price_ = price;
  return MarketRefusal::kNone;
}

namespace {

// The three flows by which the i-th slot of a trade is delivered, with the energy of each.
std::array<std::pair<FlowKey, uint64_t>, kParties - 1> deliveries(const TradeTerms& t, uint16_t slot) {
  const Quantities part = quantities_of_slot(t, slot);
  return {
      {{{t.party[0], t.party[1]}, part.q_g}, {{t.party[1], t.party[2]}, part.q_d}, {{t.party[2], t.party[3]}, part.q}}};
}

}  // namespace

// Whether the window's intervals have room for one more trade and its flows: what is looked at together is bounded.
bool Market::slots_fit(const TradeTerms& terms) const {
  for (uint16_t i = 0; i < terms.slots; ++i) {
    const Interval* interval = intervals_.find(terms.first_slot + i);
    if (interval == nullptr) continue;
    if (interval->flows + kParties > kContractedFlowsMax || interval->trades >= kSlotTradesMax) return false;
  }
  return true;
}

void Market::add_contract(const TradeRecord& trade) {
  for (uint16_t i = 0; i < trade.terms.slots; ++i) {
    const uint32_t slot = trade.terms.first_slot + i;
    open_interval(slot);
    slot_trades_.add(slot, trade.id);
    ++intervals_[slot].trades;
    for (const auto& [key, wh] : deliveries(trade.terms, i)) {
      MeteredFlow& flow = flow_at(slot, key);
      ++flow.contracts;
      flow.contracted_wh += wh;
    }
  }
}

// A flow that nobody contracts or meters any more is none.
void Market::remove_contract(const TradeRecord& trade) {
  for (uint16_t i = 0; i < trade.terms.slots; ++i) {
    const uint32_t slot = trade.terms.first_slot + i;
    slot_trades_.remove(slot, trade.id, true);
    --intervals_[slot].trades;
    for (const auto& [key, wh] : deliveries(trade.terms, i)) {
      MeteredFlow& flow = flow_at(slot, key);
      TL_CHECK(flow.contracts > 0 && flow.contracted_wh >= wh);
      --flow.contracts;
      flow.contracted_wh -= wh;
      if (!(flow == MeteredFlow{})) continue;
      flows_.erase({slot, key});
      slot_flows_.remove(slot, key, true);
      --intervals_[slot].flows;
    }
  }
}

std::vector<TradeId> Market::trades_in(uint32_t slot) const {
  std::vector<TradeId> ids = slot_trades_.items(slot);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<Contract> Market::contracts_of(uint32_t slot) const {
  std::vector<Contract> out;
  for (const TradeId& id : trades_in(slot)) {
    const TradeTerms& terms = trades_.at(id).terms;
    out.push_back(
        {id, terms.party, quantities_of_slot(terms, static_cast<uint16_t>(slot - terms.first_slot)), legs(terms)});
  }
  return out;
}

std::vector<ZoneFlow> Market::zone_of(const Flows& flows, std::vector<FlowKey>& keys) const {
  std::vector<ZoneFlow> zone;
  for (const auto& [key, flow] : flows) {
    if (!is_border(key)) continue;
    ZoneFlow z;
    z.in = find(key.from)->role == Role::kPlant;
    if (flow.main.state != ReadingState::kNone) z.main = flow.main.wh;
    z.neighbour = flow.neighbour;
    if (flow.contracts > 0) z.expected = flow.contracted_wh;
    zone.push_back(z);
    keys.push_back(key);
  }
  return zone;
}

// Every substitute is made from what was recorded, never from another substitute. What was contracted is a gap if
// nobody metered it.
void Market::substitute_gaps(uint32_t slot, Flows& flows, int64_t now_ms) {
  const IntervalRules rules = intervals_.at(slot).rules;
  std::vector<FlowKey> keys;
  const std::vector<ZoneFlow> zone = zone_of(flows, keys);
  std::map<FlowKey, Substitute> made;
  for (size_t i = 0; i < zone.size(); ++i) {
    if (!zone[i].main) made[keys[i]] = substitute_missing(zone, i, rules.zone_loss_ppm);
  }
  for (const auto& [key, flow] : flows) {
    if (is_border(key) || flow.main.state != ReadingState::kNone) continue;
    made[key] = flow.neighbour ? Substitute{*flow.neighbour, true} : Substitute{flow.contracted_wh, false};
  }
  for (const auto& [key, value] : made) {
    must(close_missing({}, end_of(slot), value.wh, value.credits_trust, now_ms, rules.times), flows.at(key).main);
  }
}

void Market::close_interval(uint32_t slot, int64_t now_ms) {
  const IntervalRules rules = intervals_.at(slot).rules;
  Flows flows = flows_in(slot);
  substitute_gaps(slot, flows, now_ms);
  std::vector<FlowKey> keys;
  const std::vector<ZoneFlow> zone = zone_of(flows, keys);
  const ZoneVerdict verdict = check_zone(zone, rules.zone);
  std::map<FlowKey, bool> disputed;
  for (size_t i = 0; i < keys.size(); ++i) disputed[keys[i]] = verdict.disputed[i];
  for (auto& [key, flow] : flows) {
    if (flow.main.state != ReadingState::kRaw) continue;
    const bool differs =
        is_border(key) ? disputed.at(key) : flow.neighbour && !meters_agree(flow.main.wh, *flow.neighbour, rules.zone);
    const HistoryVerdict past = past_says(slot, key, flow, rules.zone);
    const bool disputed_now = differs || past == HistoryVerdict::kDisputed;
    flow.flagged = past == HistoryVerdict::kFlagged;
    flow.learns = past == HistoryVerdict::kPlain && !disputed_now;
    must(close_reading(flow.main, disputed_now, now_ms, rules.times), flow.main);
  }
  put_flows(slot, flows);
  intervals_[slot].phase = Interval::Phase::kClosed;
  set_interval_due(slot, end_of(slot) + rules.times.settle_ms);
}

// Time is up for the disputes: the value that keeps the zone in its band, else the main meter's.
void Market::resolve_interval(uint32_t slot, int64_t now_ms) {
  const IntervalRules rules = intervals_.at(slot).rules;
  Flows flows = flows_in(slot);
  std::vector<FlowKey> keys;
  const std::vector<ZoneFlow> zone = zone_of(flows, keys);
  for (auto& [key, flow] : flows) {
    if (flow.main.state != ReadingState::kDisputed) continue;
    const auto at = std::find(keys.begin(), keys.end(), key);
    const uint64_t wh =
        at == keys.end() ? flow.main.wh : resolve_disputed(zone, static_cast<size_t>(at - keys.begin()), rules.zone);
    must(resolve_reading(flow.main, wh, now_ms, rules.times), flow.main);
  }
  put_flows(slot, flows);
}

void Market::run_interval(uint32_t slot, int64_t now_ms) {
  const int64_t resolve_ms = end_of(slot) + times_of(slot).resolve_ms;
  switch (intervals_.at(slot).phase) {
    case Interval::Phase::kOpen:
      close_interval(slot, now_ms);
      return;
    case Interval::Phase::kClosed:
      if (any_disputed(slot)) {
        if (now_ms < resolve_ms) return set_interval_due(slot, resolve_ms);
        resolve_interval(slot, now_ms);
      }
      settle_interval(slot, now_ms);
      return;
    case Interval::Phase::kSettled:
      for (const auto& [key, flow] : flows_in(slot)) TL_CHECK(finish_reading(flow.main, now_ms, times_of(slot)).ok());
      drop_interval(slot);
  }
}

// FINAL: nothing can refer to it any more, and the chain keeps what it was. Its trades end at this time or later.
void Market::drop_interval(uint32_t slot) {
  due_.erase({intervals_.at(slot).due_ms, interval_id(slot)});
  for (const FlowKey& key : slot_flows_.items(slot)) flows_.erase({slot, key});
  slot_flows_.clear(slot);
  slot_trades_.clear(slot);
  for (const ChargeKey& key : slot_statements_.items(slot)) statements_.erase({slot, key});
  slot_statements_.clear(slot);
  intervals_.erase(slot);
  first_slot_ = std::max(first_slot_, slot + 1);
}

void Market::settle_interval(uint32_t slot, int64_t now_ms) {
  Flows flows = flows_in(slot);
  for (auto& [key, flow] : flows) must(settle_reading(flow.main, now_ms, times_of(slot)), flow.main);
  put_flows(slot, flows);
  learn_settled(slot, flows);
  Interval& interval = intervals_[slot];
  interval.price = imbalance_price(interval.price, last_price_);
  interval.phase = Interval::Phase::kSettled;
  set_interval_due(slot, end_of(slot) + interval.rules.times.final_ms);
  charge_interval(slot);
  note_unmet(slot);
}

namespace {

std::vector<Flow> settled_flows(const std::map<FlowKey, MeteredFlow>& flows) {
  std::vector<Flow> out;
  for (const auto& [key, flow] : flows) out.push_back({key.from, key.to, flow.main.wh});
  return out;
}

std::set<ParticipantId> concerned(const IntervalStatements& before, const Charges& charges) {
  std::set<ParticipantId> out;
  for (const auto& [key, statement] : before.of) {
    for (const auto& [who, line] : statement.lines) out.insert(who);
  }
  for (const auto& [key, charge] : charges) {
    for (const auto& [who, owed] : charge.owed) out.insert(who);
    for (const Weight& w : charge.claims) out.insert(static_cast<ParticipantId>(w.id));
  }
  return out;
}

}  // namespace

// Takes it out of the margins that `who` has in these trades, by ascending id.
void Market::draw(std::vector<TradeId> from, ParticipantId who, uint64_t amount) {
  std::sort(from.begin(), from.end());
  std::vector<TradeRecord*> trades;
  for (const TradeId& id : from) {
    const auto party = trades_.at(id).party_of(who);
    if (party && trades_.at(id).margin[*party] > 0) trades.push_back(&trades_[id]);
  }
  TL_CHECK(draw_margin(trades, who, amount) == amount);
}

void Market::charge_interval(uint32_t slot) {
  const IntervalStatements before = statements_of(slot);
  const Charges charges =
      interval_charges(settled_flows(flows_in(slot)), contracts_of(slot),
                       {intervals_.at(slot).price.value(), intervals_.at(slot).rules.tolerance_ppm});
  const std::vector<TradeId> ids = trades_in(slot);
  FundsOfAll funds;
  funds.pool = book_.pool(Pool::kImbalance);
  for (ParticipantId who : concerned(before, charges)) {
    const Account& account = book_.account(who);
    funds.of[who] = {0, account[Purse::kBalance], account.debt};
  }
  for (const TradeId& id : ids) {
    const TradeRecord& trade = trades_.at(id);
    for (size_t i = 0; i < kParties; ++i) {
      const auto at = funds.of.find(trade.terms.party[i]);
      if (at != funds.of.end()) at->second.margin += trade.margin[i];
    }
  }
  const IntervalStep step = settle_all(before, charges, funds);
  TL_CHECK(apply(step.money, book_) == MarketRefusal::kNone);
  for (const auto& [who, amount] : step.margin_drawn) draw(ids, who, amount);
  put_statements(slot, before, step.statements);
}

IntervalStatements Market::statements_of(uint32_t slot) const {
  IntervalStatements out;
  const Interval* interval = intervals_.find(slot);
  if (interval == nullptr) return out;
  out.version = interval->settlements;
  for (const ChargeKey& key : slot_statements_.items(slot)) out.of.emplace(key, statements_.at({slot, key}));
  return out;
}

const IntervalStatements* Market::Statements::find(uint32_t slot) const {
  market.shown_ = market.statements_of(slot);
  return market.shown_.version == 0 ? nullptr : &market.shown_;
}

void Market::put_statements(uint32_t slot, const IntervalStatements& before, const IntervalStatements& after) {
  for (const auto& [key, statement] : before.of) {
    if (after.of.contains(key)) continue;
    statements_.erase({slot, key});
    slot_statements_.remove(slot, key, false);
  }
  for (const auto& [key, statement] : after.of) {
    const auto at = before.of.find(key);
    if (at == before.of.end()) slot_statements_.add(slot, key);
    if (at == before.of.end() || !(at->second == statement)) statements_[{slot, key}] = statement;
  }
  intervals_[slot].settlements = after.version;
}

void Market::note_unmet(uint32_t slot) {
  const Flows flows = flows_in(slot);
  const uint32_t tolerance_ppm = intervals_.at(slot).rules.tolerance_ppm;
  std::map<ParticipantId, bool> unmet;
  for (const Position& p : positions(settled_flows(flows), contracts_of(slot))) {
    unmet[p.who] = p.short_wh() > tolerance_wh(p.contracted_wh, tolerance_ppm);
  }
  for (const auto& [key, flow] : flows) {
    if (!flow.main.credits_trust) unmet[key.from] = true;
  }
  for (const TradeId& id : trades_in(slot)) {
    uint8_t missed = 0;
    for (size_t i = 0; i < kParties; ++i) {
      if (unmet[trades_.at(id).terms.party[i]]) missed |= static_cast<uint8_t>(1 << i);
    }
    if (missed != 0) trades_[id].unmet |= missed;
  }
}

// The last dispute of an interval that is due to settle has ended; its trades that waited for it go on.
void Market::settle_when_undisputed(uint32_t slot, int64_t now_ms) {
  if (intervals_.at(slot).phase != Interval::Phase::kClosed || any_disputed(slot)) return;
  if (now_ms < end_of(slot) + times_of(slot).settle_ms) return;
  settle_interval(slot, now_ms);
  for (const TradeId& id : trades_in(slot)) {
    const TradeRecord trade = trades_.at(id);
    if (trade.state != TradeState::kDisputed || !intervals_settled(trade.terms)) continue;
    const TradeStep step = resolve(trade, now_ms);
    if (!step.ok()) continue;  // its own deadline has come: due() settles it
    TL_CHECK(take(step) == MarketRefusal::kNone);
    note_settled(step.trade);
  }
}

MarketRefusal Market::accept(uint32_t slot, const FlowKey& flow, ParticipantId by, int64_t now_ms) {
  const MeteredFlow* known = flows_.find({slot, flow});
  if (known == nullptr) return MarketRefusal::kUnknownReading;
  const ReadingStep step = accept_reading(known->main, by == flow.to, now_ms, times_of(slot));
  if (!step.ok()) return step.refusal;
  flows_[{slot, flow}].main = step.reading;
  flows_[{slot, flow}].learns = true;
  settle_when_undisputed(slot, now_ms);
  return MarketRefusal::kNone;
}

MarketRefusal Market::rule(uint32_t slot, const FlowKey& flow, uint64_t wh, int64_t now_ms) {
  const MeteredFlow* known = flows_.find({slot, flow});
  if (known == nullptr) return MarketRefusal::kUnknownReading;
  const ReadingStep step = rule_on_reading(known->main, wh, now_ms, times_of(slot));
  if (!step.ok()) return step.refusal;
  flows_[{slot, flow}].main = step.reading;
  flows_[{slot, flow}].learns = true;
  settle_when_undisputed(slot, now_ms);
  return MarketRefusal::kNone;
}

MarketRefusal Market::correct(uint32_t slot, const FlowKey& flow, const Correction& correction, int64_t now_ms) {
  const MeteredFlow* known = flows_.find({slot, flow});
  if (known == nullptr) return MarketRefusal::kUnknownReading;
  const ReadingStep step = correct_reading(known->main, correction, now_ms, times_of(slot));
  if (!step.ok()) return step.refusal;
  flows_[{slot, flow}].main = step.reading;
  flows_[{slot, flow}].flagged = false;
  flows_[{slot, flow}].learns = correction.co_signed;  // no check of close has looked at it
  if (intervals_.at(slot).phase != Interval::Phase::kSettled) return MarketRefusal::kNone;
  charge_interval(slot);
  for (const TradeId& id : trades_in(slot)) {
    if (const TradeStep next = energy::correct(trades_.at(id), now_ms); next.ok()) trades_[id] = next.trade;
  }
  return MarketRefusal::kNone;
}

}  // namespace tieline::energy
