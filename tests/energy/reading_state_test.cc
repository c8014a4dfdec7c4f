#include "energy/reading_state.h"

#include <gtest/gtest.h>

namespace tieline::energy {
namespace {

constexpr int64_t kEnd = 1'800'000'000'000;
const MarketTimes kTimes;

ReadingRecord raw(Quality quality = Quality::kEstimated) {
  return record_raw({}, kEnd, 500, quality, kEnd, kTimes).reading;
}
ReadingRecord validated(Quality quality = Quality::kEstimated) {
  return close_reading(raw(quality), false, kEnd + kTimes.close_ms, kTimes).reading;
}
ReadingRecord disputed() { return close_reading(raw(), true, kEnd + kTimes.close_ms, kTimes).reading; }

TEST(ReadingStates, EachStepHasItsTime) {
  const auto late = MarketRefusal::kTooLate;
  const auto state = MarketRefusal::kReadingState;
  EXPECT_TRUE(record_raw({}, kEnd, 1, Quality::kMeasured, kEnd + kTimes.submit_ms - 1, kTimes).ok());
  EXPECT_EQ(record_raw({}, kEnd, 1, Quality::kMeasured, kEnd + kTimes.submit_ms, kTimes).refusal, late);
  EXPECT_EQ(close_reading(raw(), false, kEnd + kTimes.close_ms - 1, kTimes).refusal, state);
  EXPECT_EQ(close_missing({}, kEnd, 1, true, kEnd + kTimes.close_ms - 1, kTimes).refusal, state);
  EXPECT_TRUE(accept_reading(disputed(), true, kEnd + kTimes.resolve_ms - 1, kTimes).ok());
  EXPECT_EQ(accept_reading(disputed(), true, kEnd + kTimes.resolve_ms, kTimes).refusal, late);
  EXPECT_TRUE(rule_on_reading(disputed(), 7, kEnd + kTimes.resolve_ms - 1, kTimes).ok());
  EXPECT_EQ(rule_on_reading(disputed(), 7, kEnd + kTimes.resolve_ms, kTimes).refusal, late);
  EXPECT_EQ(resolve_reading(disputed(), 7, kEnd + kTimes.resolve_ms - 1, kTimes).refusal, state);
  EXPECT_EQ(settle_reading(validated(), kEnd + kTimes.settle_ms - 1, kTimes).refusal, state);
  const ReadingRecord settled = settle_reading(validated(), kEnd + kTimes.settle_ms, kTimes).reading;
  EXPECT_EQ(finish_reading(settled, kEnd + kTimes.final_ms - 1, kTimes).refusal, state);
}

TEST(ReadingStates, ADisputeEndsByTheNeighbourTheRegulatorOrTime) {
  EXPECT_EQ(accept_reading(disputed(), false, kEnd, kTimes).refusal, MarketRefusal::kNotTheNeighbour);
  EXPECT_EQ(accept_reading(disputed(), true, kEnd, kTimes).reading.wh, 500u);
  EXPECT_EQ(rule_on_reading(disputed(), 7, kEnd, kTimes).reading.wh, 7u);
  EXPECT_EQ(resolve_reading(disputed(), 9, kEnd + kTimes.resolve_ms, kTimes).reading.wh, 9u);
}

TEST(ReadingStates, AMissingValueIsSubstitutedAndMayEarnNoTrust) {
  const ReadingRecord r = close_missing({}, kEnd, 77, false, kEnd + kTimes.close_ms, kTimes).reading;
  EXPECT_EQ(r.quality, Quality::kSubstituted);
  EXPECT_EQ(r.wh, 77u);
  EXPECT_FALSE(r.credits_trust);
  const ReadingStep late = correct_reading(r, {1, 80, Quality::kMeasured, false}, kEnd + kTimes.close_ms, kTimes);
  EXPECT_TRUE(late.reading.credits_trust) << "measured after all";
}

TEST(ReadingStates, ACorrectionNamesTheNewestVersionAndRaisesTheRankOrIsCoSigned) {
  const int64_t now = kEnd + kTimes.close_ms;
  const ReadingRecord r = validated(Quality::kSubstituted);
  EXPECT_EQ(correct_reading(r, {2, 1, Quality::kMeasured, false}, now, kTimes).refusal, MarketRefusal::kOtherVersion);
  EXPECT_EQ(correct_reading(r, {1, 1, Quality::kSubstituted, false}, now, kTimes).refusal,
            MarketRefusal::kRankNotRaised);
  EXPECT_EQ(correct_reading(r, {1, 1, Quality::kEstimated, false}, now, kTimes).refusal, MarketRefusal::kRankNotRaised);
  EXPECT_TRUE(correct_reading(r, {1, 1, Quality::kEstimated, true}, now, kTimes).ok());
  const ReadingStep better = correct_reading(r, {1, 42, Quality::kCalculated, false}, now, kTimes);
  ASSERT_TRUE(better.ok());
  EXPECT_EQ(better.reading.wh, 42u);
  EXPECT_EQ(better.reading.version, 2u);
  EXPECT_EQ(replaced(r).state, ReadingState::kCorrected);
  EXPECT_EQ(correct_reading(r, {1, 1, Quality::kMeasured, false}, kEnd + kTimes.final_ms, kTimes).refusal,
            MarketRefusal::kTooLate);
}

TEST(ReadingStates, NoMoreThanThreeCorrections) {
  ReadingRecord r = validated();
  for (uint8_t version = 1; version <= kCorrectionsMax; ++version) {
    const ReadingStep step = correct_reading(r, {version, version, Quality::kMeasured, true}, kEnd, kTimes);
    ASSERT_TRUE(step.ok());
    r = step.reading;
  }
  EXPECT_EQ(correct_reading(r, {4, 9, Quality::kMeasured, true}, kEnd, kTimes).refusal,
            MarketRefusal::kTooManyCorrections);
}

}  // namespace
}  // namespace tieline::energy
