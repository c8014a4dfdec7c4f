#pragma once
// The life of a class W reading after it is recorded: RAW until close, VALIDATED or DISPUTED by the checks made there
// (energy/zone_check.h), SETTLED, FINAL; and corrections, each a new version that takes the old one's state. The states
// and deadlines: energy/state_tables.h. All deadlines count from the interval's end; a step is in time while market
// time is before its deadline, and the ledger's own steps come at it or later. Source: ENERGY.md, "Semantic
// plausibility".

#include "energy/market_refusal.h"
#include "energy/state_tables.h"
#include "energy/trade.h"
#include "model/transaction.h"

namespace tieline::energy {

inline constexpr uint8_t kCorrectionsMax = 3;

struct ReadingRecord {
  ReadingState state = ReadingState::kNone;
  int64_t end_ms = 0;  // of the interval
  uint64_t wh = 0;
  Quality quality = Quality::kMeasured;
  uint8_t version = 0;        // the first has number 1
  bool credits_trust = true;  // false when the value was taken from the contract (energy/substitution.h)
  bool operator==(const ReadingRecord&) const = default;
};

struct ReadingStep {
  MarketRefusal refusal = MarketRefusal::kNone;
  ReadingRecord reading;  // as it would be; only when not refused
  bool ok() const { return refusal == MarketRefusal::kNone; }
};

// The reading has passed the rules of submission (energy/rules.h). `before` is the record of its interval, kNone.
ReadingStep record_raw(const ReadingRecord& before, int64_t end_ms, uint64_t wh, Quality quality, int64_t now_ms,
                       const MarketTimes& times);

// Close, for an interval with a reading and for one without.
ReadingStep close_reading(const ReadingRecord& raw, bool disputed, int64_t now_ms, const MarketTimes& times);
ReadingStep close_missing(const ReadingRecord& none, int64_t end_ms, uint64_t wh, bool credits_trust, int64_t now_ms,
                          const MarketTimes& times);

// A dispute ends: the neighbour accepts the value, the regulator rules on one, or time is up and the ledger takes the
// value of energy/substitution.h.
ReadingStep accept_reading(const ReadingRecord& disputed, bool by_neighbour, int64_t now_ms, const MarketTimes& times);
ReadingStep rule_on_reading(const ReadingRecord& disputed, uint64_t wh, int64_t now_ms, const MarketTimes& times);
ReadingStep resolve_reading(const ReadingRecord& disputed, uint64_t wh, int64_t now_ms, const MarketTimes& times);

ReadingStep settle_reading(const ReadingRecord& validated, int64_t now_ms, const MarketTimes& times);
ReadingStep finish_reading(const ReadingRecord& settled, int64_t now_ms, const MarketTimes& times);

// A correction names the version it replaces and raises the quality's rank (measured > calculated > substituted >
// estimated), or carries the signature of the neighbour or the regulator. The step is the new version; the old one
// becomes CORRECTED (`replaced`). The checks of submission and of close are the caller's, before.
struct Correction {
  uint8_t of_version = 0;
  uint64_t wh = 0;
  Quality quality = Quality::kMeasured;
  bool co_signed = false;
};
ReadingStep correct_reading(const ReadingRecord& current, const Correction& correction, int64_t now_ms,
                            const MarketTimes& times);
ReadingRecord replaced(const ReadingRecord& current);

}  // namespace tieline::energy
