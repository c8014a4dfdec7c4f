// Trades in the market: registry, rounds, and what is due.

#include <bit>

#include "energy/market.h"

namespace tieline::energy {
namespace {

constexpr size_t kSlotBytes = 4;
constexpr std::array kMarketRoles = {Role::kPlant, Role::kGrid, Role::kDistributor, Role::kUser};  // by PartyRole

}  // namespace

Hash interval_id(uint32_t slot) {
  Hash id;
  for (size_t i = 0; i < kSlotBytes; ++i) id.bytes[Hash::kSize - 1 - i] = static_cast<uint8_t>(slot >> (8 * i));
  return id;
}

std::optional<uint32_t> slot_of(const Hash& id) {
  uint32_t slot = 0;
  for (size_t i = 0; i < Hash::kSize; ++i) {
    if (i < Hash::kSize - kSlotBytes) {
      if (id.bytes[i] != 0) return std::nullopt;
    } else {
      slot = slot << 8 | id.bytes[i];
    }
  }
  return slot;
}

void Market::register_participant(ParticipantId id, const MarketParticipant& participant) {
  TL_CHECK(!participants_.contains(id));
  participants_[id] = participant;
  for (size_t i = 0; i < kParties; ++i) {
    if (kMarketRoles[i] != participant.role || participant.history.months == 0) continue;
    ++months_[i].participants;
    months_[i].wh += participant.history.six_months_wh / kNewMonths;
  }
}

void Market::set_limits(ParticipantId id, uint64_t capacity_w, uint32_t loss_ppm) {
  TL_CHECK(participants_.contains(id));
  participants_[id].capacity_w = capacity_w;
  participants_[id].loss_ppm = loss_ppm;
}

std::optional<std::array<PartyInfo, kParties>> Market::parties_of(const TradeTerms& terms) const {
  std::array<PartyInfo, kParties> out;
  for (size_t i = 0; i < kParties; ++i) {
    const MarketParticipant* p = find(terms.party[i]);
    if (p == nullptr) return std::nullopt;
    out[i] = {p->org, p->role, p->loss_ppm};
  }
  return out;
}

uint64_t Market::margin_asked(const TradeTerms& terms, ParticipantId party) const {
  for (size_t i = 0; i < kParties; ++i) {
    if (terms.party[i] != party) continue;
    const MarketParticipant* p = find(party);
    if (p == nullptr) break;
    MarginHistory history = p->history;
    history.trust = trust_of(party).trust;
    return energy::margin_asked(terms, kPartyRoles[i], last_price_, history, months_[i]);
  }
  return 0;
}

Entry Market::entry_of(const TradeTerms& terms, ParticipantId by, uint64_t margin) const {
  return {by, margin, margin_asked(terms, by), book_.account(by).suspended()};
}

uint32_t Market::open_trades_of(OrgId org) const {
  const uint32_t* open = open_trades_.find(org);
  return open == nullptr ? 0 : *open;
}

// OPEN trades count for the organisation whose terms stand.
void Market::count_open(const TradeRecord& trade, bool more) {
  if (trade.state != TradeState::kOpen) return;
  const OrgId org = trade.org[trade.sender];
  uint32_t& open = open_trades_[org];
  TL_CHECK(more || open > 0);
  open = more ? open + 1 : open - 1;
  if (open == 0) open_trades_.erase(org);
}

// A trade stands in its parties' lists as long as it is there. OPEN ones come and go among the newest.
void Market::list_parties(const TradeRecord& before, const TradeRecord& after) {
  const bool first = before.state == TradeState::kNone;
  if (!first && !after.ended()) return;
  for (ParticipantId who : after.terms.party) {
    if (first) {
      party_trades_.add(who, after.id);
    } else {
      party_trades_.remove(who, after.id, before.state == TradeState::kOpen);
    }
  }
}

void Market::set_due(const TradeRecord& before, const TradeRecord& after) {
  if (before.state != TradeState::kNone && !before.ended()) TL_CHECK(due_.erase({before.due_ms, before.id}));
  if (!after.ended()) TL_CHECK(due_.insert({after.due_ms, after.id}));
}

// Money first: it alone can still be refused. Then the record, and what it reserves.
MarketRefusal Market::take(const TradeStep& step) {
  if (!step.ok()) return step.refusal;
  const TradeRecord* known = trades_.find(step.trade.id);
  const TradeRecord before = known == nullptr ? TradeRecord{} : *known;
  const TradeRecord& after = step.trade;
  const bool reserves = !holds_capacity(before) && holds_capacity(after);
  if (reserves) {
    Capacities capacities{};
    for (size_t i = 0; i < kParties; ++i) capacities[i] = participants_.at(after.terms.party[i]).capacity_w;
    if (!slots_fit(after.terms)) return MarketRefusal::kOverCommitted;
    if (const auto why = reserve(after.terms, capacities, reserved_); why != MarketRefusal::kNone) return why;
  }
  if (const auto why = apply(step.money, book_); why != MarketRefusal::kNone) {
    if (reserves) release(after.terms, reserved_);
    return why;
  }
  if (holds_capacity(before) && !holds_capacity(after)) release(before.terms, reserved_);
  set_due(before, after);
  count_open(before, false);
  count_open(after, true);
  list_parties(before, after);
  if (after.ended()) {
    if (before.state == TradeState::kCommitted) remove_contract(before);  // cancelled before its delivery
    trades_.erase(after.id);
    return MarketRefusal::kNone;
  }
  trades_[after.id] = after;
  if (reserves) add_contract(after);
  return MarketRefusal::kNone;
}

MarketRefusal Market::offer(const TradeId& id, const TradeTerms& terms, ParticipantId by, uint64_t margin,
                            int64_t now_ms) {
  if (trades_.contains(id) || slot_of(id)) return MarketRefusal::kTradeExists;
  const auto parties = parties_of(terms);
  if (!parties) return MarketRefusal::kBadTerms;
  if (const auto why = check_terms(terms, *parties, now_ms); why != MarketRefusal::kNone) return why;
  std::array<OrgId, kParties> orgs{};
  for (size_t i = 0; i < kParties; ++i) orgs[i] = (*parties)[i].org;
  const MarketParticipant* sender = find(by);
  if (sender == nullptr) return MarketRefusal::kNotAParty;
  return take(
      energy::offer(id, terms, orgs, entry_of(terms, by, margin), open_trades_of(sender->org), now_ms, params_.times));
}

MarketRefusal Market::counter(const TradeId& id, const TradeTerms& terms, ParticipantId by, uint64_t margin,
                              int64_t now_ms) {
  const TradeRecord* trade = trades_.find(id);
  if (trade == nullptr) return MarketRefusal::kUnknownTrade;
  const auto parties = parties_of(terms);
  if (!parties) return MarketRefusal::kBadTerms;
  if (const auto why = check_terms(terms, *parties, now_ms); why != MarketRefusal::kNone) return why;
  const MarketParticipant* sender = find(by);
  if (sender == nullptr) return MarketRefusal::kNotAParty;
  return take(
      energy::counter(*trade, terms, entry_of(terms, by, margin), open_trades_of(sender->org), now_ms, params_.times));
}

MarketRefusal Market::endorse(const TradeId& id, uint32_t round, ParticipantId by, uint64_t margin, int64_t now_ms) {
  const TradeRecord* trade = trades_.find(id);
  if (trade == nullptr) return MarketRefusal::kUnknownTrade;
  const bool last = std::popcount(trade->entered) + 1 == static_cast<int>(kParties);
  const MarketTimes times = last ? times_of(trade->terms) : trade->times;  // the latter costs no reads
  return take(energy::endorse(*trade, round, entry_of(trade->terms, by, margin), now_ms, times));
}

MarketRefusal Market::decline(const TradeId& id, ParticipantId by, int64_t now_ms) {
  const TradeRecord* trade = trades_.find(id);
  if (trade == nullptr) return MarketRefusal::kUnknownTrade;
  return take(energy::decline(*trade, by, now_ms));
}

MarketRefusal Market::cancel(const TradeId& id, std::span<const ParticipantId> by, int64_t now_ms) {
  const TradeRecord* trade = trades_.find(id);
  if (trade == nullptr) return MarketRefusal::kUnknownTrade;
  return take(energy::cancel(*trade, by, now_ms));
}

// An interval that is gone is FINAL: the first of a long window may be, before the last has settled.
bool Market::intervals_settled(const TradeTerms& terms) const {
  for (uint16_t i = 0; i < terms.slots; ++i) {
    const Interval* interval = intervals_.find(terms.first_slot + i);
    if (interval != nullptr && interval->phase != Interval::Phase::kSettled) return false;
  }
  return true;
}

void Market::run_trade(const TradeId& id, int64_t now_ms) {
  const TradeRecord trade = trades_.at(id);
  const bool disputed = trade.state == TradeState::kCommitted && !intervals_settled(trade.terms);
  const TradeStep step = due(trade, disputed, now_ms);
  TL_CHECK(take(step) == MarketRefusal::kNone);  // the ledger moves only what it has locked
  if (step.trade.state == TradeState::kSettled) note_settled(step.trade);
}

// What the trade means for its parties' margins and trust from now on.
void Market::note_settled(const TradeRecord& trade) {
  const uint64_t value = legs(trade.terms).total();
  for (size_t i = 0; i < kParties; ++i) {
    MarketParticipant& p = participant_today(trade.terms.party[i]);
    ++p.history.settlements;
    p.history.largest_settled = std::max(p.history.largest_settled, value);
    note_obligation(p.trust, trade.org, i, value, (trade.unmet >> i & 1) == 0);
  }
}

size_t Market::advance(int64_t now_ms) {
  day_ = std::max(day_, static_cast<uint32_t>(now_ms / kDayMs));
  size_t ran = 0;
  while (ran < kDuePerBlockMax) {
    const auto item = next_due(due_, now_ms);
    if (!item) break;
    if (const auto slot = slot_of(item->id)) {
      run_interval(*slot, now_ms);
    } else {
      run_trade(item->id, now_ms);
    }
    TL_CHECK(!due_.contains(*item));  // it has moved on, or this would not end
    ++ran;
  }
  return ran;
}

// A participant's day is closed when it is next looked at: later days without obligations change nothing.
void Market::close_day() { ++day_; }

ParticipantTrust Market::trust_of(ParticipantId id) const {
  const MarketParticipant& p = participants_.at(id);
  ParticipantTrust trust = p.trust;
  if (p.day != day_) energy::close_day(trust);
  return trust;
}

MarketParticipant& Market::participant_today(ParticipantId id) {
  TL_CHECK(participants_.contains(id));
  MarketParticipant& p = participants_[id];
  if (p.day != day_) {
    energy::close_day(p.trust);
    p.day = day_;
  }
  return p;
}

void Market::note_refused(ParticipantId who, uint16_t code) {
  if (find(who) == nullptr || !counts_as_refused(code)) return;
  note_refusal(participant_today(who).trust, code);
}

void Market::note_breach(ParticipantId who, uint32_t weight) {
  if (find(who) != nullptr) energy::note_breach(participant_today(who).trust, weight);
}

}  // namespace tieline::energy
