// Trades in the market: registry, rounds, and what is due.

#include "energy/market.h"

namespace tieline::energy {
namespace {

constexpr size_t kSlotBytes = 4;

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
  TL_CHECK(participants_.emplace(id, participant).second);
}

const MarketParticipant* Market::find(ParticipantId id) const {
  const auto at = participants_.find(id);
  return at == participants_.end() ? nullptr : &at->second;
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

// The role's last month, from its participants' last six.
RoleMonth Market::month_of(Role role) const {
  RoleMonth month;
  for (const auto& [id, p] : participants_) {
    if (p.role != role || p.history.months == 0) continue;
    ++month.participants;
    month.wh += p.history.six_months_wh / kNewMonths;
  }
  return month;
}

uint64_t Market::margin_asked(const TradeTerms& terms, ParticipantId party) const {
  for (size_t i = 0; i < kParties; ++i) {
    if (terms.party[i] != party) continue;
    const MarketParticipant* p = find(party);
    if (p == nullptr) break;
    MarginHistory history = p->history;
    history.trust = p->trust.trust;
    return energy::margin_asked(terms, kPartyRoles[i], last_price_, history, month_of(p->role));
  }
  return 0;
}

Entry Market::entry_of(const TradeTerms& terms, ParticipantId by, uint64_t margin) const {
  return {by, margin, margin_asked(terms, by), book_.account(by).suspended()};
}

uint32_t Market::open_trades_of(OrgId org) const {
  uint32_t open = 0;
  for (const auto& [id, trade] : trades_) {
    if (trade.state == TradeState::kOpen && trade.org[trade.sender] == org) ++open;
  }
  return open;
}

void Market::set_due(const TradeRecord& before, const TradeRecord& after) {
  if (before.state != TradeState::kNone && !before.ended()) TL_CHECK(due_.erase({before.due_ms, before.id}) == 1);
  if (!after.ended()) TL_CHECK(due_.insert({after.due_ms, after.id}).second);
}

// Money first: it alone can still be refused. Then the record, and what it reserves.
MarketRefusal Market::take(const TradeStep& step) {
  if (!step.ok()) return step.refusal;
  const auto at = trades_.find(step.trade.id);
  const TradeRecord before = at == trades_.end() ? TradeRecord{} : at->second;
  const TradeRecord& after = step.trade;
  const bool reserves = !holds_capacity(before) && holds_capacity(after);
  if (reserves) {
    Capacities capacities{};
    for (size_t i = 0; i < kParties; ++i) capacities[i] = participants_.at(after.terms.party[i]).capacity_w;
    if (const auto why = reserve(after.terms, capacities, reserved_); why != MarketRefusal::kNone) return why;
  }
  if (const auto why = apply(step.money, book_); why != MarketRefusal::kNone) {
    if (reserves) release(after.terms, reserved_);
    return why;
  }
  if (holds_capacity(before) && !holds_capacity(after)) release(before.terms, reserved_);
  set_due(before, after);
  if (after.ended()) {
    trades_.erase(after.id);
    return MarketRefusal::kNone;
  }
  trades_[after.id] = after;
  if (reserves) {
    for (uint16_t i = 0; i < after.terms.slots; ++i) open_interval(after.terms.first_slot + i);
  }
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
  const auto at = trades_.find(id);
  if (at == trades_.end()) return MarketRefusal::kUnknownTrade;
  const auto parties = parties_of(terms);
  if (!parties) return MarketRefusal::kBadTerms;
  if (const auto why = check_terms(terms, *parties, now_ms); why != MarketRefusal::kNone) return why;
  const MarketParticipant* sender = find(by);
  if (sender == nullptr) return MarketRefusal::kNotAParty;
  return take(energy::counter(at->second, terms, entry_of(terms, by, margin), open_trades_of(sender->org), now_ms,
                              params_.times));
}

MarketRefusal Market::endorse(const TradeId& id, uint32_t round, ParticipantId by, uint64_t margin, int64_t now_ms) {
  const auto at = trades_.find(id);
  if (at == trades_.end()) return MarketRefusal::kUnknownTrade;
  return take(energy::endorse(at->second, round, entry_of(at->second.terms, by, margin), now_ms, params_.times));
}

MarketRefusal Market::decline(const TradeId& id, ParticipantId by, int64_t now_ms) {
  const auto at = trades_.find(id);
  if (at == trades_.end()) return MarketRefusal::kUnknownTrade;
  return take(energy::decline(at->second, by, now_ms));
}

MarketRefusal Market::cancel(const TradeId& id, std::span<const ParticipantId> by, int64_t now_ms) {
  const auto at = trades_.find(id);
  if (at == trades_.end()) return MarketRefusal::kUnknownTrade;
  return take(energy::cancel(at->second, by, now_ms, params_.times));
}

bool Market::intervals_settled(const TradeTerms& terms) const {
  for (uint16_t i = 0; i < terms.slots; ++i) {
    if (intervals_.at(terms.first_slot + i).phase != Interval::Phase::kSettled) return false;
  }
  return true;
}

void Market::run_trade(const TradeId& id, int64_t now_ms) {
  const TradeRecord trade = trades_.at(id);
  const bool disputed = trade.state == TradeState::kCommitted && !intervals_settled(trade.terms);
  const TradeStep step = due(trade, disputed, now_ms, params_.times);
  TL_CHECK(take(step) == MarketRefusal::kNone);  // the ledger moves only what it has locked
  if (step.trade.state == TradeState::kSettled) note_settled(step.trade);
}

// What the trade means for its parties' margins and trust from now on.
void Market::note_settled(const TradeRecord& trade) {
  const uint64_t value = legs(trade.terms).total();
  for (size_t i = 0; i < kParties; ++i) {
    MarketParticipant& p = participants_.at(trade.terms.party[i]);
    ++p.history.settlements;
    p.history.largest_settled = std::max(p.history.largest_settled, value);
    note_obligation(p.trust, trade.org, i, value, (trade.unmet >> i & 1) == 0);
  }
}

size_t Market::advance(int64_t now_ms) {
  const std::vector<DueItem> items = take_due(due_, now_ms);
  for (const DueItem& item : items) due_.insert(item);  // each takes itself out, with its record
  size_t ran = 0;
  for (const DueItem& item : items) {
    if (!due_.contains(item)) continue;  // an earlier one has moved it
    if (const auto slot = slot_of(item.id)) {
      run_interval(*slot, now_ms);
    } else {
      run_trade(item.id, now_ms);
    }
    ++ran;
  }
  return ran;
}

void Market::close_day() {
  for (auto& [id, p] : participants_) energy::close_day(p.trust);
}

}  // namespace tieline::energy
