#pragma once
// The rounds of a trade: offer, counter, endorse, decline, cancel, and what happens when a deadline comes. Each step
// takes the record as it is and returns it as it would be, with the money that moves, or a refusal; whoever calls
// applies the money (energy/money.h) and drops the step if that is refused. The states: energy/state_tables.h.
//
// A step is in time while market time is before its deadline; from the deadline on it is the ledger's turn (due).
// Source: ENERGY.md, "Trades, in rounds"; paper 004, 3.2 (multi-round interaction, eq. 10) and 4.2 (margin).

#include <array>
#include <optional>

#include "crypto/keys.h"
#include "energy/money.h"
#include "energy/state_tables.h"
#include "energy/trade_terms.h"

namespace tieline::energy {

// Genesis options, with their defaults. Times in milliseconds, counted from the window's end but for the first two.
struct MarketTimes {
  int64_t gate_ms = 15 * 60'000;   // before the window's start
  int64_t round_ms = 15 * 60'000;  // from the round's beginning
  int64_t submit_ms = 24LL * 3'600'000;
  int64_t close_ms = 48LL * 3'600'000;
  int64_t settle_ms = 72LL * 3'600'000;
  int64_t resolve_ms = 7LL * 86'400'000;
  int64_t final_ms = 60LL * 86'400'000;
  bool operator==(const MarketTimes&) const = default;
};
// One by one the later of both: what follows one another in each still does.
MarketTimes later_of(const MarketTimes& a, const MarketTimes& b);
inline constexpr uint32_t kRoundsMax = 8;  // R
inline constexpr uint32_t kOpenTradesMax = 32;

struct TradeRecord {
  TradeId id;
  TradeState state = TradeState::kNone;
  TradeTerms terms;
  std::array<OrgId, kParties> org{};
  uint32_t round = 0;   // the first has number 1
  uint8_t sender = 0;   // index of the party whose terms stand
  uint8_t entered = 0;  // bit i: party i has endorsed the standing terms
  int64_t due_ms = 0;   // when the ledger acts next; meaningless in LAPSED and FINAL
  // What its deadlines follow from, whatever the rules become: those in force when the round began, and from COMMITTED
  // on, after the gate, the latest of its intervals'.
  MarketTimes times;
  uint32_t version = 0;                     // of the settlement
  uint8_t unmet = 0;                        // bit i: party i was short beyond tolerance, or its meter said nothing
  uint64_t payment = 0;                     // locked, of the buyer
  std::array<uint64_t, kParties> margin{};  // locked, by party
  bls::Signature endorsements;              // the sum of the endorsing parties' signatures over the standing terms

  bool has_entered(size_t party) const { return (entered >> party & 1) != 0; }
  bool ended() const { return state == TradeState::kLapsed || state == TradeState::kFinal; }
  std::optional<size_t> party_of(ParticipantId who) const;
  bool operator==(const TradeRecord&) const = default;
};

struct TradeStep {
  MarketRefusal refusal = MarketRefusal::kNone;
  TradeRecord trade;  // as it would be; only when not refused
  MoneyChange money;
  bool ok() const { return refusal == MarketRefusal::kNone; }
};

// What a party brings to a round: who it is, what it posts, and what margin.h asks of it for these terms.
struct Entry {
  ParticipantId who = 0;
  uint64_t margin = 0;
  uint64_t margin_asked = 0;
  bool suspended = false;  // Account::suspended()
};

// `open_trades`: OPEN trades whose standing terms are of the sender's organisation. Terms are checked by the caller
// (check_terms), which knows the registry.
TradeStep offer(const TradeId& id, const TradeTerms& terms, const std::array<OrgId, kParties>& orgs, const Entry& by,
                uint32_t open_trades, int64_t now_ms, const MarketTimes& times);
TradeStep counter(const TradeRecord& trade, const TradeTerms& terms, const Entry& by, uint32_t open_trades,
                  int64_t now_ms, const MarketTimes& times);
// The party names the round it endorses. When the result is COMMITTED, the caller reserves capacity or drops the step;
// `times` are the latest of the window's intervals.
TradeStep endorse(const TradeRecord& trade, uint32_t round, const Entry& by, int64_t now_ms, const MarketTimes& times);
TradeStep decline(const TradeRecord& trade, ParticipantId by, int64_t now_ms);
// `by`: everyone who signed. The caller releases the reservation.
TradeStep cancel(const TradeRecord& trade, std::span<const ParticipantId> by, int64_t now_ms);
// The deadline due_ms has come; kWrongState before that. Imbalances of the window's intervals are settled before
// (energy/settlement.h), so that what is left in `margin` is unused. `disputed`: a reading of the window is.
TradeStep due(const TradeRecord& trade, bool disputed, int64_t now_ms);
// The last disputed reading of the window was accepted by the neighbour or ruled on. Before resolve_ms.
TradeStep resolve(const TradeRecord& trade, int64_t now_ms);
// A reading of the window was corrected; the money moves by the interval's new statement. Before final_ms.
TradeStep correct(const TradeRecord& trade, int64_t now_ms);

// Whether the trade holds its capacity reserved (energy/reservation.h).
inline bool holds_capacity(const TradeRecord& trade) { return trade.state == TradeState::kCommitted; }

// Takes up to `amount` out of the margins that `who` has in these trades, in the order given, and returns how much it
// was; the money itself moves by the caller.
uint64_t draw_margin(std::span<TradeRecord*> trades, ParticipantId who, uint64_t amount);

}  // namespace tieline::energy
