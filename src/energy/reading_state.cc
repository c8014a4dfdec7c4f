#include "energy/reading_state.h"

#include "base/check.h"

namespace tieline::energy {
namespace {

ReadingStep refused(MarketRefusal why) { return {why, {}}; }

ReadingStep moved(const ReadingRecord& from, ReadingState to) {
  ReadingStep step;
  step.reading = from;
  step.reading.state = to;
  return step;
}

// The ledger's own steps: in the right state, and not before their time.
bool may(const ReadingRecord& r, ReadingState state, int64_t now_ms, int64_t from_ms) {
  return r.state == state && now_ms >= from_ms;
}

}  // namespace

ReadingStep record_raw(const ReadingRecord& before, int64_t end_ms, uint64_t wh, Quality quality, int64_t now_ms,
                       const MarketTimes& times) {
  if (before.state != ReadingState::kNone) return refused(MarketRefusal::kReadingState);
  if (now_ms >= end_ms + times.submit_ms) return refused(MarketRefusal::kTooLate);
  ReadingStep step;
  step.reading = {ReadingState::kRaw, end_ms, wh, quality, 1, true};
  return step;
}

ReadingStep close_reading(const ReadingRecord& raw, bool disputed, int64_t now_ms, const MarketTimes& times) {
  if (!may(raw, ReadingState::kRaw, now_ms, raw.end_ms + times.close_ms)) return refused(MarketRefusal::kReadingState);
  return moved(raw, disputed ? ReadingState::kDisputed : ReadingState::kValidated);
}

ReadingStep close_missing(const ReadingRecord& none, int64_t end_ms, uint64_t wh, bool credits_trust, int64_t now_ms,
                          const MarketTimes& times) {
  if (!may(none, ReadingState::kNone, now_ms, end_ms + times.close_ms)) return refused(MarketRefusal::kReadingState);
  ReadingStep step;
  step.reading = {ReadingState::kValidated, end_ms, wh, Quality::kSubstituted, 1, credits_trust};
  return step;
}

ReadingStep accept_reading(const ReadingRecord& disputed, bool by_neighbour, int64_t now_ms, const MarketTimes& times) {
  if (disputed.state != ReadingState::kDisputed) return refused(MarketRefusal::kReadingState);
  if (!by_neighbour) return refused(MarketRefusal::kNotTheNeighbour);
  if (now_ms >= disputed.end_ms + times.resolve_ms) return refused(MarketRefusal::kTooLate);
  return moved(disputed, ReadingState::kValidated);
}

ReadingStep rule_on_reading(const ReadingRecord& disputed, uint64_t wh, int64_t now_ms, const MarketTimes& times) {
  if (disputed.state != ReadingState::kDisputed) return refused(MarketRefusal::kReadingState);
  if (now_ms >= disputed.end_ms + times.resolve_ms) return refused(MarketRefusal::kTooLate);
  ReadingStep step = moved(disputed, ReadingState::kValidated);
  step.reading.wh = wh;
  return step;
}

ReadingStep resolve_reading(const ReadingRecord& disputed, uint64_t wh, int64_t now_ms, const MarketTimes& times) {
  if (!may(disputed, ReadingState::kDisputed, now_ms, disputed.end_ms + times.resolve_ms)) {
    return refused(MarketRefusal::kReadingState);
  }
  ReadingStep step = moved(disputed, ReadingState::kValidated);
  step.reading.wh = wh;
  return step;
}

ReadingStep settle_reading(const ReadingRecord& validated, int64_t now_ms, const MarketTimes& times) {
  if (!may(validated, ReadingState::kValidated, now_ms, validated.end_ms + times.settle_ms)) {
    return refused(MarketRefusal::kReadingState);
  }
  return moved(validated, ReadingState::kSettled);
}

ReadingStep finish_reading(const ReadingRecord& settled, int64_t now_ms, const MarketTimes& times) {
  if (!may(settled, ReadingState::kSettled, now_ms, settled.end_ms + times.final_ms)) {
    return refused(MarketRefusal::kReadingState);
  }
  return moved(settled, ReadingState::kFinal);
}

ReadingStep correct_reading(const ReadingRecord& current, const Correction& correction, int64_t now_ms,
                            const MarketTimes& times) {
  if (current.state != ReadingState::kValidated && current.state != ReadingState::kSettled) {
    return refused(MarketRefusal::kReadingState);
  }
  if (now_ms >= current.end_ms + times.final_ms) return refused(MarketRefusal::kTooLate);
  if (correction.of_version != current.version) return refused(MarketRefusal::kOtherVersion);
  if (current.version > kCorrectionsMax) return refused(MarketRefusal::kTooManyCorrections);
  // The best quality has the lowest number.
  if (correction.quality >= current.quality && !correction.co_signed) return refused(MarketRefusal::kRankNotRaised);
  ReadingStep step = moved(current, current.state);
  step.reading.wh = correction.wh;
  step.reading.quality = correction.quality;
  step.reading.credits_trust = true;
  ++step.reading.version;
  return step;
}

ReadingRecord replaced(const ReadingRecord& current) {
  ReadingRecord old = current;
  old.state = ReadingState::kCorrected;
  return old;
}

}  // namespace tieline::energy
