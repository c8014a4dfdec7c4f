#include "energy/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace tieline::energy {
namespace {

constexpr int64_t kNowMs = 1'700'000'100'000;
constexpr int64_t kSlotS = kNowMs / 1'000 / 900 * 900 - 86'400;  // a slot well in the past

class Rules : public ::testing::Test {
 protected:
  Rules() {
    context_ = {.block_time_ms = kNowMs,
                .params = &params_,
                .plausibility = &plausibility_,
                .signatories = signatories_,
                .point = &point_,
                .series = &series_};
    reading_.meter = 1;
    reading_.start_s = kSlotS;
    reading_.duration_s = 900;
    reading_.wh = 100;
  }
  Refusal judge() const { return judge_reading(reading_, context_); }

  LedgerParams params_;
  PlausibilityParams plausibility_;
  std::vector<ParticipantId> signatories_ = {7};
  MeterPoint point_{7, Role::kPlant, 1'000, 30'000'000, 60'000'000};
  MeterSeries series_;
  RuleContext context_;
  Reading reading_;
};

TEST_F(Rules, AnHonestReadingPasses) { EXPECT_EQ(judge(), Refusal::kNone); }

TEST_F(Rules, AMeterThatNobodyRegisteredIsUnknown) {
  context_.point = nullptr;
  EXPECT_EQ(judge(), Refusal::kUnknownMeter);
}

TEST_F(Rules, OnlyASignatoryMayRecordForItsMeter) {
  point_.owner = 8;
  EXPECT_EQ(judge(), Refusal::kNotOwner);
  const std::vector<ParticipantId> both = {7, 8};
  context_.signatories = both;
  EXPECT_EQ(judge(), Refusal::kNone);
}

TEST_F(Rules, RegulatorsAndNeutralPartiesRecordNothing) {
  for (Role role : {Role::kRegulator, Role::kNeutral}) {
    point_.role = role;
    EXPECT_EQ(judge(), Refusal::kNotAllowed);
  }
}

TEST_F(Rules, AnIntervalStartsOnAQuarterOfAnHour) {
  for (int64_t start : {kSlotS + 1, kSlotS - 1, kSlotS + 450, int64_t{-900}, INT64_MIN}) {
    reading_.start_s = start;
    EXPECT_EQ(judge(), Refusal::kMisalignedInterval) << start;
  }
  reading_.start_s = 0;
  EXPECT_EQ(judge(), Refusal::kNone);
}

TEST_F(Rules, ADurationIsOneTo96Slots) {
  point_.limit_w = 0;
  for (uint32_t bad : {0u, 1u, 899u, 901u, 87'300u, UINT32_MAX}) {
    reading_.duration_s = bad;
    EXPECT_EQ(judge(), Refusal::kBadDuration) << bad;
  }
  for (uint32_t good : {900u, 1'800u, 86'400u}) {
    reading_.duration_s = good;
    EXPECT_EQ(judge(), Refusal::kNone) << good;
  }
}

TEST_F(Rules, AnIntervalMayEndAsFarAheadAsTheSlackAndNoFurther) {
  const int64_t end_s = kSlotS + 900;
  context_.block_time_ms = end_s * 1'000 - params_.future_ms;
  EXPECT_EQ(judge(), Refusal::kNone);
  context_.block_time_ms -= 1;
  EXPECT_EQ(judge(), Refusal::kFutureInterval);
  reading_.start_s = INT64_MAX / 900 * 900;
  EXPECT_EQ(judge(), Refusal::kFutureInterval);
}

TEST_F(Rules, StaleIsAnOption) {
  reading_.start_s = 0;
  EXPECT_EQ(judge(), Refusal::kNone);
  params_.stale_s = 3'600;
  EXPECT_EQ(judge(), Refusal::kStale);
  reading_.start_s = kSlotS;
  context_.block_time_ms = (kSlotS + 900 + 3'600) * 1'000;
  EXPECT_EQ(judge(), Refusal::kNone);
  context_.block_time_ms += 1'000;
  EXPECT_EQ(judge(), Refusal::kStale);
}

TEST_F(Rules, EnergyIsBoundByCapacityDurationAndTolerance) {
  // 1,000 W for a quarter of an hour is 250 Wh; 2 % more is 255.
  reading_.wh = 255;
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.wh = 256;
  EXPECT_EQ(judge(), Refusal::kOverCapacity);
  reading_.duration_s = 1'800;
  EXPECT_EQ(judge(), Refusal::kNone);
  point_.limit_w = 0;
  reading_.wh = kReadingWhMax;
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.wh = kReadingWhMax + 1;
  EXPECT_EQ(judge(), Refusal::kOverCapacity);
  reading_.wh = UINT64_MAX;
  EXPECT_EQ(judge(), Refusal::kOverCapacity);
}

TEST_F(Rules, ATotalThatWouldNotFitIsRefusedAndNeverWraps) {
  point_.limit_w = 0;
  series_.total_wh = UINT64_MAX - 100;
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.wh = 101;
  EXPECT_EQ(judge(), Refusal::kOverCapacity);
}

TEST_F(Rules, AnIntervalIsRecordedOnce) {
  record_reading(reading_, series_);
  EXPECT_EQ(judge(), Refusal::kOverlap);
  reading_.start_s -= 900;
  reading_.duration_s = 1'800;
  EXPECT_EQ(judge(), Refusal::kOverlap);
  reading_.duration_s = 900;
  EXPECT_EQ(judge(), Refusal::kNone);
}

TEST_F(Rules, WhatLiesBeforeTheOpenHistoryIsRefusedAsSuch) {
  for (size_t i = 0; i <= kRunsMax; ++i) {
    record_reading(reading_, series_);
    reading_.start_s += 1'800;
  }
  reading_.start_s = kSlotS - 900;
  EXPECT_EQ(judge(), Refusal::kBeforeWindow);
  reading_.start_s = kSlotS;  // recorded, and the last one that is not open any more
  EXPECT_EQ(judge(), Refusal::kBeforeWindow);
  reading_.start_s = kSlotS + 900;
  EXPECT_EQ(judge(), Refusal::kNone);
}

TEST_F(Rules, ARegisterOnlyCountsUpAlongTheTimeOfIntervals) {
  reading_.register_wh = 5'000;
  record_reading(reading_, series_);
  reading_.start_s += 900;
  reading_.register_wh = 4'999;
  EXPECT_EQ(judge(), Refusal::kBadRegister);
  reading_.register_wh = 5'000;
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.register_wh.reset();
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.start_s = kSlotS - 900;  // earlier, arriving late
  reading_.register_wh = 5'001;
  EXPECT_EQ(judge(), Refusal::kBadRegister);
  reading_.register_wh = 4'000;
  EXPECT_EQ(judge(), Refusal::kNone);
  record_reading(reading_, series_);
  EXPECT_EQ(series_.last_register->wh, 5'000u);
}

// 1,000 W: a slot at most 250 Wh, and 90 % of that more or less than the slot before.
TEST_F(Rules, ThePowerOfAPointChangesNoFasterThanItsRamp) {
  reading_.wh = 10;
  record_reading(reading_, series_);
  reading_.start_s += 900;
  reading_.wh = 235;
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.wh = 236;
  EXPECT_EQ(judge(), Refusal::kRamp);
  point_.role = Role::kUser;
  reading_.wh = 160;
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.wh = 161;
  EXPECT_EQ(judge(), Refusal::kRamp);
  point_.role = Role::kGrid;  // meters plants too
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.wh = 236;
  EXPECT_EQ(judge(), Refusal::kRamp);
  point_.limit_w = 0;
  EXPECT_EQ(judge(), Refusal::kNone);
}

TEST_F(Rules, ARampIsJudgedDownwardsTheSame) {
  reading_.wh = 240;
  record_reading(reading_, series_);
  reading_.start_s += 900;
  reading_.wh = 15;
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.wh = 14;
  EXPECT_EQ(judge(), Refusal::kRamp);
}

// Mean powers stand for the middles of their intervals: of half an hour after a quarter, one slot and a half away.
TEST_F(Rules, LongerIntervalsMayChangeMore) {
  point_.role = Role::kUser;
  reading_.wh = 0;
  record_reading(reading_, series_);
  reading_.start_s += 900;
  reading_.duration_s = 1'800;
  reading_.wh = 450;  // 900 W
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.wh = 451;
  EXPECT_EQ(judge(), Refusal::kRamp);
}

TEST_F(Rules, TheRampIsAskedOnlyOfTheReadingRightBehindTheLatest) {
  point_.role = Role::kUser;
  reading_.wh = 0;
  record_reading(reading_, series_);
  reading_.wh = 250;
  reading_.start_s += 1'800;  // a gap
  EXPECT_EQ(judge(), Refusal::kNone);
  record_reading(reading_, series_);
  reading_.start_s = kSlotS - 900;  // comes late
  EXPECT_EQ(judge(), Refusal::kNone);
  record_reading(reading_, series_);
  reading_.start_s = kSlotS + 2'700;
  EXPECT_EQ(judge(), Refusal::kNone);  // the latest is still that of 250 Wh
  reading_.wh = 50;
  EXPECT_EQ(judge(), Refusal::kRamp);
}

TEST_F(Rules, TheLargestPowersDoNotOverflowTheRamp) {
  point_.limit_w = 1'000'000'000'000;
  reading_.duration_s = 86'400;
  reading_.wh = 24'000'000'000'000;
  record_reading(reading_, series_);
  reading_.start_s += 86'400;
  context_.block_time_ms += 200'000'000;
  EXPECT_EQ(judge(), Refusal::kNone);
  reading_.duration_s = 900;
  reading_.wh = 0;
  EXPECT_EQ(judge(), Refusal::kNone);  // half a day and an eighth of an hour between the middles
}

class Declarations : public Rules {
 protected:
  Declarations() {
    said_.meter = 1;
    said_.start_s = kSlotS;
    said_.duration_s = 900;
    said_.value = 40'000'000;
  }
  Refusal judge() const { return judge_declaration(said_, context_); }
  Declaration said_;
};

TEST_F(Declarations, ACostLiesWithinTheRegisteredBand) {
  for (uint64_t good : {30'000'000, 40'000'000, 60'000'000}) {
    said_.value = good;
    EXPECT_EQ(judge(), Refusal::kNone) << good;
  }
  for (uint64_t bad : {uint64_t{0}, uint64_t{29'999'999}, uint64_t{60'000'001}, UINT64_MAX}) {
    said_.value = bad;
    EXPECT_EQ(judge(), Refusal::kCostBand) << bad;
  }
  point_.cost_lo = point_.cost_hi = 0;  // none registered
  EXPECT_EQ(judge(), Refusal::kNone);
}

TEST_F(Declarations, ALineHasNoMoreThanTheRegisteredCapacity) {
  point_.role = Role::kGrid;
  said_.kind = DeclarationKind::kLineCapacity;
  said_.value = 1'000;
  EXPECT_EQ(judge(), Refusal::kNone);
  said_.value = 1'001;
  EXPECT_EQ(judge(), Refusal::kLineCapacity);
  point_.limit_w = 0;
  EXPECT_EQ(judge(), Refusal::kNone);
}

TEST_F(Declarations, CostsAreThePlantsAndLinesTheGridCompanys) {
  for (Role role : {Role::kGrid, Role::kDistributor, Role::kUser, Role::kRegulator}) {
    point_.role = role;
    EXPECT_EQ(judge(), Refusal::kNotAllowed);
  }
  said_.kind = DeclarationKind::kLineCapacity;
  for (Role role : {Role::kPlant, Role::kDistributor, Role::kUser, Role::kNeutral}) {
    point_.role = role;
    EXPECT_EQ(judge(), Refusal::kNotAllowed);
  }
}

TEST_F(Declarations, TheirIntervalIsAskedWhatAReadingsIs) {
  const Declaration good = said_;
  const auto refusal = [&](auto change) {
    said_ = good;
    change(said_);
    return judge();
  };
  EXPECT_EQ(refusal([](Declaration& d) { d.start_s += 1; }), Refusal::kMisalignedInterval);
  EXPECT_EQ(refusal([](Declaration& d) { d.duration_s = 0; }), Refusal::kBadDuration);
  EXPECT_EQ(refusal([](Declaration& d) { d.start_s += 2 * 86'400; }), Refusal::kFutureInterval);
  params_.stale_s = 3'600;
  EXPECT_EQ(refusal([](Declaration& d) { d.start_s -= 86'400; }), Refusal::kStale);
  point_.owner = 9;
  EXPECT_EQ(refusal([](Declaration&) {}), Refusal::kNotOwner);
  context_.point = nullptr;
  EXPECT_EQ(refusal([](Declaration&) {}), Refusal::kUnknownMeter);
}

TEST_F(Rules, RecordingCountsReadingsAndEnergy) {
  record_reading(reading_, series_);
  reading_.start_s += 900;
  record_reading(reading_, series_);
  EXPECT_EQ(series_.readings, 2u);
  EXPECT_EQ(series_.total_wh, 200u);
  EXPECT_EQ(*decoded<MeterSeries>(encoded(series_), "series"), series_);
}

TEST(RuleList, EveryRuleHasANameACodeAndAReasonOfItsOwn) {
  std::set<std::string> names;
  std::set<uint16_t> codes;
  for (const Rule& rule : rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_TRUE(codes.insert(static_cast<uint16_t>(rule.refusal)).second) << rule.name;
    EXPECT_GT(std::string(rule.reason).size(), 10u);
  }
  for (const DeclarationRule& rule : declaration_rules()) {
    const auto same =
        std::find_if(rules().begin(), rules().end(), [&](const Rule& r) { return r.refusal == rule.refusal; });
    EXPECT_TRUE(same != rules().end() ? same->name == std::string(rule.name) : names.insert(rule.name).second);
    EXPECT_GT(std::string(rule.reason).size(), 10u);
  }
}

TEST(MeterPoints, TheLimitIsAUsersContractAndEveryoneElsesCapacity) {
  GenesisParticipant p;
  p.id = 3;
  p.capacity_w = 10;
  p.contracted_w = 20;
  p.cost_lo = 4;
  p.cost_hi = 5;
  p.role = Role::kUser;
  EXPECT_EQ(meter_point(p), (MeterPoint{3, Role::kUser, 20, 4, 5}));
  p.role = Role::kGrid;
  EXPECT_EQ(meter_point(p), (MeterPoint{3, Role::kGrid, 10, 4, 5}));
}

}  // namespace
}  // namespace tieline::energy
