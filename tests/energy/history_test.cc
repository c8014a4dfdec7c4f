#include "energy/history.h"

#include <gtest/gtest.h>

namespace tieline::energy {
namespace {

constexpr int64_t kDay = 86'400;

Reading at(int64_t day, size_t slot, uint64_t wh, uint32_t slots = 1) {
  Reading r;
  r.start_s = day * kDay + static_cast<int64_t>(slot) * kSlotSeconds;
  r.duration_s = slots * static_cast<uint32_t>(kSlotSeconds);
  r.wh = wh;
  return r;
}

// 1,000 to 1,200 Wh by day (slots 32 to 63), 200 to 240 by night.
uint64_t usual_wh(int64_t day, size_t slot) {
  const auto extra = static_cast<uint64_t>(day % 5);
  return slot >= 32 && slot < 64 ? 1'000 + 50 * extra : 200 + 10 * extra;
}

class History : public ::testing::Test {
 protected:
  void learn_days(int64_t from, int64_t days) {
    for (int64_t d = from; d < from + days; ++d) {
      for (size_t s = 0; s < kDaySlots; ++s) learn(profile_, at(d, s, usual_wh(d, s)), params_);
    }
  }
  Usual judge(const Reading& r) const { return judge_history(profile_, r, params_); }

  PlausibilityParams params_;
  SeasonalProfile profile_;
};

TEST_F(History, SaysNothingBeforeItHasLearnedEnoughDays) {
  learn_days(0, params_.history_days - 1);
  EXPECT_EQ(judge(at(40, 48, 1'000'000)), Usual::kUnknown);
  learn_days(params_.history_days - 1, 1);
  EXPECT_EQ(judge(at(40, 48, 1'000'000)), Usual::kTooHigh);
}

TEST_F(History, UsualIsWhatWasSeenAtThisTimeOfDayAndAMarginMore) {
  learn_days(0, 20);
  EXPECT_EQ(judge(at(21, 48, 1'100)), Usual::kYes);
  EXPECT_EQ(judge(at(21, 48, 1'560)), Usual::kYes);      // 1,200 and three tenths more
  EXPECT_EQ(judge(at(21, 48, 1'621)), Usual::kTooHigh);  // and 5 % of the highest
  EXPECT_EQ(judge(at(21, 10, 500)), Usual::kTooHigh);    // by night
  EXPECT_EQ(judge(at(21, 48, 480)), Usual::kYes);
  EXPECT_EQ(judge(at(21, 48, 400)), Usual::kTooLow);
}

TEST_F(History, AShiftOfAnHourIsUsual) {
  learn_days(0, 20);
  for (size_t s = 0; s < kDaySlots; ++s) {
    EXPECT_EQ(judge(at(21, s, usual_wh(21, (s + 4) % kDaySlots))), Usual::kYes) << s;
    EXPECT_EQ(judge(at(21, s, usual_wh(21, (s + kDaySlots - 4) % kDaySlots))), Usual::kYes) << s;
  }
}

TEST_F(History, AShiftOfHalfADayIsNot) {
  learn_days(0, 20);
  EXPECT_EQ(judge(at(21, 0, usual_wh(21, 48))), Usual::kTooHigh);
  EXPECT_EQ(judge(at(21, 48, usual_wh(21, 0))), Usual::kTooLow);
}

TEST_F(History, WhatIsNotRenewedIsForgotten) {
  learn_days(0, 20);
  learn(profile_, at(20, 48, 100'000), params_);
  EXPECT_EQ(judge(at(21, 48, 90'000)), Usual::kYes);
  learn_days(21, 300);
  EXPECT_EQ(judge(at(400, 48, 90'000)), Usual::kTooHigh);
}

TEST_F(History, TheProfileFollowsASlowSeason) {
  learn_days(0, 20);
  for (int64_t d = 20; d < 220; ++d) {
    const uint64_t wh = 1'000 + 20 * static_cast<uint64_t>(d);
    for (size_t s = 0; s < kDaySlots; ++s) {
      ASSERT_NE(judge(at(d, s, s >= 32 && s < 64 ? wh : 200)), Usual::kTooHigh) << d;
      learn(profile_, at(d, s, s >= 32 && s < 64 ? wh : 200), params_);
    }
  }
  EXPECT_EQ(judge(at(221, 48, 1'000)), Usual::kTooLow);
}

TEST_F(History, ALongReadingCountsAsItsMean) {
  learn_days(0, 20);
  EXPECT_EQ(judge(at(21, 40, 4 * 1'100, 4)), Usual::kYes);
  EXPECT_EQ(judge(at(21, 40, 4 * 2'000, 4)), Usual::kTooHigh);
  EXPECT_EQ(judge(at(21, 0, 96 * 600, 96)), Usual::kYes);
  SeasonalProfile slots, hours;
  for (size_t s = 40; s < 44; ++s) learn(slots, at(0, s, 250), params_);
  learn(hours, at(0, 40, 1'000, 4), params_);
  EXPECT_EQ(slots, hours);
}

TEST_F(History, LargestValuesDoNotOverflow) {
  for (int64_t d = 0; d < 20; ++d) learn(profile_, at(d, 0, UINT64_MAX, 96), params_);
  EXPECT_EQ(judge(at(21, 0, UINT64_MAX, 96)), Usual::kYes);
  EXPECT_EQ(judge(at(21, 0, 0, 96)), Usual::kTooLow);
  EXPECT_EQ(judge(at(21, 5, UINT64_MAX)), Usual::kTooHigh);
}

TEST_F(History, TheNeighbourTurnsADisputeIntoAFlag) {
  for (Usual unusual : {Usual::kTooHigh, Usual::kTooLow}) {
    EXPECT_EQ(history_verdict(unusual, true), HistoryVerdict::kFlagged);
    EXPECT_EQ(history_verdict(unusual, false), HistoryVerdict::kDisputed);
  }
  for (Usual plain : {Usual::kUnknown, Usual::kYes}) EXPECT_EQ(history_verdict(plain, false), HistoryVerdict::kPlain);
}

TEST_F(History, ItsEncodingRoundTripsAndRefusesAProfileUpsideDown) {
  learn_days(0, 3);
  const Bytes bytes = encoded(profile_);
  const Result<SeasonalProfile> again = decoded<SeasonalProfile>(bytes, "profile");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, profile_);
  profile_.slots[3].lo = profile_.slots[3].hi + 1;
  EXPECT_FALSE(decoded<SeasonalProfile>(encoded(profile_), "profile").ok());
}

}  // namespace
}  // namespace tieline::energy
