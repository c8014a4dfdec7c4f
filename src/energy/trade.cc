#include "energy/trade.h"

#include <algorithm>

#include "energy/wide.h"

namespace tieline::energy {
namespace {

constexpr uint8_t kAllEntered = (1 << kParties) - 1;
constexpr size_t kBuyer = index_of(PartyRole::kBuyer);

TradeStep refused(MarketRefusal why) {
  TradeStep step;
  step.refusal = why;
  return step;
}

int64_t gate_of(const TradeTerms& terms, const MarketTimes& times) { return terms.start_ms() - times.gate_ms; }

void lock_entry(TradeStep& step, size_t party, const Entry& by) {
  TradeRecord& t = step.trade;
  t.entered |= static_cast<uint8_t>(1 << party);
  t.margin[party] = by.margin;
  step.money.move(balance_of(by.who), purse_of(by.who, Purse::kMargin), by.margin);
  if (party != kBuyer) return;
  t.payment = legs(t.terms).total();
  step.money.move(balance_of(by.who), purse_of(by.who, Purse::kPayment), t.payment);
}

void free_locks(TradeStep& step) {
  TradeRecord& t = step.trade;
  for (size_t i = 0; i < kParties; ++i) {
    step.money.move(purse_of(t.terms.party[i], Purse::kMargin), balance_of(t.terms.party[i]), t.margin[i]);
    t.margin[i] = 0;
  }
  const ParticipantId buyer = t.terms.party[kBuyer];
  step.money.move(purse_of(buyer, Purse::kPayment), balance_of(buyer), t.payment);
  t.payment = 0;
}

void begin_round(TradeStep& step, const TradeTerms& terms, size_t party, int64_t now_ms, const MarketTimes& times) {
  TradeRecord& t = step.trade;
  t.state = TradeState::kOpen;
  t.terms = terms;
  ++t.round;
  t.sender = static_cast<uint8_t>(party);
  t.entered = 0;
  t.endorsements = {};
  t.times = times;
  t.due_ms = std::min(now_ms + times.round_ms, gate_of(terms, times));
}

MarketRefusal check_entry(const Entry& by) {
  if (by.suspended) return MarketRefusal::kSuspended;
  return by.margin < by.margin_asked ? MarketRefusal::kMarginTooLow : MarketRefusal::kNone;
}

void lapse(TradeStep& step) {
  free_locks(step);
  step.trade.state = TradeState::kLapsed;
  step.trade.entered = 0;
}

// The legs are paid as contracted; of what is left of a margin 7/8 goes back, rounded down, the rest with FINAL.
void settle(TradeStep& step) {
  TradeRecord& t = step.trade;
  const Legs pay = legs(t.terms);
  TL_CHECK(pay.total() == t.payment);
  const ParticipantId buyer = t.terms.party[kBuyer];
  for (size_t i = 0; i < pay.to.size(); ++i) {
    step.money.move(purse_of(buyer, Purse::kPayment), balance_of(t.terms.party[i]), pay.to[i]);
  }
  t.payment = 0;
  for (size_t i = 0; i < kParties; ++i) {
    const uint64_t back = narrow(uint128{t.margin[i]} * 7 / 8);
    step.money.move(purse_of(t.terms.party[i], Purse::kMargin), balance_of(t.terms.party[i]), back);
    t.margin[i] -= back;
  }
  t.state = TradeState::kSettled;
  t.version = 1;
  t.due_ms = t.terms.end_ms() + t.times.final_ms;
}

}  // namespace

MarketTimes later_of(const MarketTimes& a, const MarketTimes& b) {
  return {std::max(a.gate_ms, b.gate_ms),   std::max(a.round_ms, b.round_ms),   std::max(a.submit_ms, b.submit_ms),
          std::max(a.close_ms, b.close_ms), std::max(a.settle_ms, b.settle_ms), std::max(a.resolve_ms, b.resolve_ms),
          std::max(a.final_ms, b.final_ms)};
}

std::optional<size_t> TradeRecord::party_of(ParticipantId who) const {
  const auto at = std::find(terms.party.begin(), terms.party.end(), who);
  if (at == terms.party.end()) return std::nullopt;
  return static_cast<size_t>(at - terms.party.begin());
}

TradeStep offer(const TradeId& id, const TradeTerms& terms, const std::array<OrgId, kParties>& orgs, const Entry& by,
                uint32_t open_trades, int64_t now_ms, const MarketTimes& times) {
  TradeStep step;
  step.trade.id = id;
  step.trade.terms = terms;
  step.trade.org = orgs;
  const auto party = step.trade.party_of(by.who);
  if (!party) return refused(MarketRefusal::kNotAParty);
  if (now_ms >= gate_of(terms, times)) return refused(MarketRefusal::kTooLate);
  if (open_trades >= kOpenTradesMax) return refused(MarketRefusal::kTooManyOpenTrades);
  if (const auto why = check_entry(by); why != MarketRefusal::kNone) return refused(why);
  begin_round(step, terms, *party, now_ms, times);
  lock_entry(step, *party, by);
  return step;
}

TradeStep counter(const TradeRecord& trade, const TradeTerms& terms, const Entry& by, uint32_t open_trades,
                  int64_t now_ms, const MarketTimes& times) {
  if (trade.state != TradeState::kOpen) return refused(MarketRefusal::kWrongState);
  const auto party = trade.party_of(by.who);
  if (!party) return refused(MarketRefusal::kNotAParty);
  if (*party == trade.sender) return refused(MarketRefusal::kOwnTerms);
  if (trade.round >= kRoundsMax) return refused(MarketRefusal::kTooManyRounds);
  if (now_ms >= trade.due_ms || now_ms >= gate_of(terms, times)) return refused(MarketRefusal::kTooLate);
  if (terms.party != trade.terms.party) return refused(MarketRefusal::kBadTerms);
  const bool same_org = trade.org[*party] == trade.org[trade.sender];
  if (!same_org && open_trades >= kOpenTradesMax) return refused(MarketRefusal::kTooManyOpenTrades);
  if (const auto why = check_entry(by); why != MarketRefusal::kNone) return refused(why);
  TradeStep step;
  step.trade = trade;
  free_locks(step);
  begin_round(step, terms, *party, now_ms, times);
  lock_entry(step, *party, by);
  return step;
}

TradeStep endorse(const TradeRecord& trade, uint32_t round, const Entry& by, int64_t now_ms, const MarketTimes& times) {
  if (trade.state != TradeState::kOpen) return refused(MarketRefusal::kWrongState);
  const auto party = trade.party_of(by.who);
  if (!party) return refused(MarketRefusal::kNotAParty);
  if (now_ms >= trade.due_ms) return refused(MarketRefusal::kTooLate);
  if (round != trade.round) return refused(MarketRefusal::kOtherTerms);
  if (trade.has_entered(*party)) return refused(MarketRefusal::kAlreadyIn);
  if (const auto why = check_entry(by); why != MarketRefusal::kNone) return refused(why);
  TradeStep step;
  step.trade = trade;
  lock_entry(step, *party, by);
  if (step.trade.entered == kAllEntered) {
    step.trade.state = TradeState::kCommitted;
    step.trade.times = times;
    step.trade.times.gate_ms = trade.times.gate_ms;
    step.trade.due_ms = trade.terms.end_ms() + times.settle_ms;
  }
  return step;
}

TradeStep decline(const TradeRecord& trade, ParticipantId by, int64_t now_ms) {
  if (trade.state != TradeState::kOpen) return refused(MarketRefusal::kWrongState);
  if (!trade.party_of(by)) return refused(MarketRefusal::kNotAParty);
  if (now_ms >= trade.due_ms) return refused(MarketRefusal::kTooLate);
  TradeStep step;
  step.trade = trade;
  lapse(step);
  return step;
}

TradeStep cancel(const TradeRecord& trade, std::span<const ParticipantId> by, int64_t now_ms) {
  if (trade.state != TradeState::kCommitted) return refused(MarketRefusal::kWrongState);
  for (ParticipantId party : trade.terms.party) {
    if (std::find(by.begin(), by.end(), party) == by.end()) return refused(MarketRefusal::kNotAllFour);
  }
  if (now_ms >= gate_of(trade.terms, trade.times)) return refused(MarketRefusal::kTooLate);
  TradeStep step;
  step.trade = trade;
  lapse(step);
  return step;
}

TradeStep due(const TradeRecord& trade, bool disputed, int64_t now_ms) {
  if (trade.state == TradeState::kNone || trade.ended() || now_ms < trade.due_ms) {
    return refused(MarketRefusal::kWrongState);
  }
  TradeStep step;
  step.trade = trade;
  switch (trade.state) {
    case TradeState::kOpen:
      lapse(step);
      break;
    case TradeState::kCommitted:
      if (disputed) {
        step.trade.state = TradeState::kDisputed;
        step.trade.due_ms = trade.terms.end_ms() + trade.times.resolve_ms;
      } else {
        settle(step);
      }
      break;
    case TradeState::kDisputed:
      settle(step);
      break;
    default:
      TL_CHECK(trade.state == TradeState::kSettled);
      free_locks(step);
      step.trade.state = TradeState::kFinal;
  }
  return step;
}

TradeStep resolve(const TradeRecord& trade, int64_t now_ms) {
  if (trade.state != TradeState::kDisputed) return refused(MarketRefusal::kWrongState);
  if (now_ms >= trade.due_ms) return refused(MarketRefusal::kTooLate);
  TradeStep step;
  step.trade = trade;
  settle(step);
  return step;
}

TradeStep correct(const TradeRecord& trade, int64_t now_ms) {
  if (trade.state != TradeState::kSettled) return refused(MarketRefusal::kWrongState);
  if (now_ms >= trade.due_ms) return refused(MarketRefusal::kTooLate);
  TradeStep step;
  step.trade = trade;
  ++step.trade.version;
  return step;
}

uint64_t draw_margin(std::span<TradeRecord*> trades, ParticipantId who, uint64_t amount) {
  uint64_t drawn = 0;
  for (TradeRecord* trade : trades) {
    const auto party = trade->party_of(who);
    if (!party) continue;
    const uint64_t part = std::min(amount - drawn, trade->margin[*party]);
    trade->margin[*party] -= part;
    drawn += part;
  }
  return drawn;
}

}  // namespace tieline::energy
