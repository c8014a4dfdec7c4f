#pragma once
// What a scenario's day draws: which deals each hour has and on what terms, which meters say what, which invalid kinds
// are tried when. One generator, so that the order of the questions is part of the day. Nothing here is signed or sent
// (paper/day_writer.h, paper/day.cc). Wh, micro-currency per MWh. Source: paper 004, 5.1.3.

#include "base/rng.h"
#include "energy/market_records.h"
#include "model/declaration.h"
#include "model/transaction.h"
#include "paper/day.h"

namespace tieline::paper {

inline constexpr uint64_t kInvalidOf = 20;    // one proposal of so many
inline constexpr uint64_t kStepsOfTrade = 4;  // an offer and three endorsements
inline constexpr uint64_t kLeastLotWh = 10'000;

// How an offer goes on.
enum class Fate : uint8_t { kEndorsed, kCountered, kDeclined, kUnanswered, kDoubleSale };
struct Deal {
  Fate fate = Fate::kEndorsed;
  energy::TradeTerms terms;
  energy::TradeId id;
  uint32_t round = 1;
  size_t sender = 0;  // of the standing terms, by PartyRole
};

// Kinds by the moment at which they are tried.
inline constexpr std::array kTradingKinds = {
    DayKind::kForgedSignature, DayKind::kLateOffer,   DayKind::kForgedEndorsement, DayKind::kCostBand,
    DayKind::kMarginTooLow,    DayKind::kDoubleSale,  DayKind::kOtherChain,        DayKind::kUnfunded,
    DayKind::kBadTerms,        DayKind::kNotAParty,   DayKind::kLineCapacity,      DayKind::kOtherRound,
    DayKind::kOwnMoney,        DayKind::kUnregistered};
inline constexpr std::array kReadingKinds = {
    DayKind::kTamperedPayload, DayKind::kOverCapacity,   DayKind::kReplay,      DayKind::kOverlap,
    DayKind::kForeignMeter,    DayKind::kFutureInterval, DayKind::kImplausible, DayKind::kUsedSequence};
bool needs_deal(DayKind kind);  // is tried on a deal that others made

class DayDraws {
 public:
  DayDraws(const DayGrid& grid, uint32_t first_slot)
      : grid_(grid), first_slot_(first_slot), rng_(grid.options.seed ^ 0x5343524950540000ULL) {}

  // An hour's share of all proposals, and of the invalid ones.
  size_t proposals(size_t hour) const { return part(grid_.options.proposals, hour); }
  size_t invalid(size_t hour) const { return part(grid_.options.proposals / kInvalidOf, hour); }
  std::vector<DayKind> trading_kinds(size_t hour);
  std::vector<DayKind> reading_kinds(size_t hour);

  // What each lot is to deliver, cut into deals of different sizes: `steps` proposals in all; what is left of them.
  std::vector<Deal> deals(size_t hour, size_t& steps);
  energy::TradeTerms terms_of(const DayLot& lot, size_t hour, uint64_t wh);
  void counter(Deal& deal);  // another party, other terms
  // What a plant says that the hour before market_ms cost it, or a grid company that its line could carry.
  struct Declared {
    ParticipantId who = 0;
    Declaration said;
  };
  Declared declaration(size_t hour, size_t number, int64_t market_ms, DayKind kind);
  std::vector<Reading> readings(const DayFlow& flow, bool main, size_t hour);
  // The flow over which a plant's stolen key lies in that hour, if any carries enough.
  std::optional<size_t> lied_flow(size_t hour);

  size_t below(size_t n) { return rng_.below(n); }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[rng_.below(list.size())];
  }
  int64_t permille(int64_t lo, int64_t hi) { return rng_.between(lo, hi); }

 private:
  size_t part(size_t of, size_t hour) const {
    return of * (hour + 1) / grid_.options.hours - of * hour / grid_.options.hours;
  }
  size_t reading_invalid(size_t hour) const {
    return invalid(hour) * kReadingKinds.size() / (kReadingKinds.size() + kTradingKinds.size());
  }
  uint64_t metered(uint64_t wh);

  const DayGrid& grid_;
  const uint32_t first_slot_;
  Rng rng_;
  size_t next_trading_ = 0, next_reading_ = 0;
};

}  // namespace tieline::paper
