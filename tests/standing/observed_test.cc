#include "standing/observed.h"

#include <gtest/gtest.h>

#include "standing_fixture.h"

namespace tieline::standing {
namespace {

using namespace testing;

std::vector<Observed> seen(const EpochTally& tally) {
  return observe(tally, CreditParams(), records_of(seven(tally.epoch)), 1'000);
}

TEST(Observed, AFailedViewIsChargedToItsLeaderAndNobodyElse) {
  const Committee now = seven(3);
  EpochTally t = quiet(now);
  t.views[2].failed = true;
  const auto o = seen(t);
  for (size_t i = 0; i < kSeven; ++i) {
    EXPECT_EQ(o[i].led_views, 1u);
    EXPECT_EQ(o[i].failed_views, i == leader_position(now, 2) ? 1u : 0u) << i;
    EXPECT_EQ(o[i].lead_permille, i == leader_position(now, 2) ? 1'000 : 0) << i;
  }
}

TEST(Observed, AViewThatNobodyCanBeChargedWithIsNobodys) {
  const Committee now = seven(3);
  EpochTally t = quiet(now);
  t.views[2].failed = true;
  t.views[2].leader = std::nullopt;  // an election decided, which no block shows
  for (const Observed& o : seen(t)) EXPECT_EQ(o.failed_views, 0u);
}

TEST(Observed, ConfirmersMissingBeyondTheMostAbsentAreChargedToWhoLed) {
  const Committee now = seven(3);
  EpochTally t = quiet(now);
  // Two members (f) were away for 15 slots together; view 1's leader left out three others besides.
  t.members[0].absent_slots = 8, t.members[0].signed_slots = 62;
  t.members[1].absent_slots = 7, t.members[1].signed_slots = 63;
  for (const size_t who : {3, 4, 5}) t.views[1].absent.push_back({now.at(who).id, 10});
  t.views[1].missing = 30;
  t.views[3].absent = {{now.at(0).id, 8}, {now.at(1).id, 7}};
  t.views[3].missing = 15;
  const auto o = seen(t);
  EXPECT_EQ(o[leader_position(now, 1)].lead_permille, 500) << "30 of 60 votes";
  EXPECT_EQ(o[leader_position(now, 3)].lead_permille, 0) << "they were away anyway";
}

// What each of the seven says of everybody's round trip; its own is not measured.
EpochTally with_reports(const Committee& committee, const std::vector<std::vector<uint16_t>>& said) {
  EpochTally t = quiet(committee);
  for (size_t i = 0; i < said.size(); ++i) {
    Report r;
    r.reporter = committee.at(i).id;
    r.rtt_ms = said[i];
    r.interval_ms.assign(kSeven, kNotMeasured);
    t.reports.push_back(r);
  }
  return t;
}

TEST(Observed, FLiarsNeitherSmearNorPraiseByTheirReports) {
  const Committee now = seven(3);
  std::vector<std::vector<uint16_t>> said(kSeven, std::vector<uint16_t>(kSeven, 20));
  said[0] = said[1] = std::vector<uint16_t>(kSeven, 60'000);  // two liars smear everybody
  for (const Observed& o : seen(with_reports(now, said))) EXPECT_EQ(*o.round_trip_ms, 20);
  for (auto& row : said) row[6] = 400;  // one is slow, and the liars praise it
  said[0] = said[1] = std::vector<uint16_t>(kSeven, 1);
  EXPECT_EQ(*seen(with_reports(now, said))[6].round_trip_ms, 400);
}

TEST(Observed, NobodyPraisesItself) {
  const Committee now = seven(3);
  std::vector<std::vector<uint16_t>> said(kSeven, std::vector<uint16_t>(kSeven, 300));
  const auto before = seen(with_reports(now, said));
  said[6][6] = 1;
  EXPECT_EQ(seen(with_reports(now, said))[6], before[6]);
}

TEST(Observed, WhoIsReachedByNobodyIsFarAwayAndWithoutReportsNothingIsSaid) {
  const Committee now = seven(3);
  std::vector<std::vector<uint16_t>> said(kSeven, std::vector<uint16_t>(kSeven, 20));
  for (auto& row : said) row[4] = kNotMeasured;
  EXPECT_EQ(seen(with_reports(now, said))[4].round_trip_ms, kNotReached);
  EXPECT_EQ(seen(with_reports(now, said))[4].interval_ms, std::nullopt);
  EXPECT_EQ(seen(quiet(now))[4].round_trip_ms, std::nullopt);
}

TEST(Observed, AgeCountsFromTheBlockThatSeatedIt) {
  const Committee now = seven(3);
  auto records = records_of(now);
  records[4].joined = 990;
  records[5].joined = 2'000;
  const auto o = observe(quiet(now), CreditParams(), records, 1'000);
  EXPECT_EQ(o[0].age_blocks, 1'000u);
  EXPECT_EQ(o[4].age_blocks, 10u);
  EXPECT_EQ(o[5].age_blocks, 0u) << "seated by a later block";
}

TEST(Observed, AProofStaysForMEpochs) {
  const Committee now = seven(40);
  auto records = records_of(now);
  records[1].last_proof = 9;
  records[2].last_proof = 8;
  EpochTally t = quiet(now);
  t.members[3].equivocations = 1;
  t.members[4].invalid_blocks = 1;
  const auto o = observe(t, CreditParams(), records, 1'000);
  EXPECT_FALSE(o[0].proven);
  EXPECT_TRUE(o[1].proven) << "31 epochs ago";
  EXPECT_FALSE(o[2].proven) << "32 epochs ago";
  EXPECT_TRUE(o[3].proven) << "in this very epoch";
  EXPECT_TRUE(o[4].proven);
}

TEST(Observed, ComesBackFromItsBytes) {
  Observed o;
  o.round_trip_ms = 25;
  o.spells = 3;
  o.lead_permille = 77;
  o.proven = true;
  o.credit = 12'345;
  EXPECT_EQ(*decoded<Observed>(encoded(o), "observed"), o);
}

TEST(Indicators, GoThroughTheTablesOfGenesis) {
  const CreditTable table = {{10, 100}, {20, 300}, {40, 200}};
  EXPECT_EQ(looked_up(table, 0), 100u);
  EXPECT_EQ(looked_up(table, 10), 100u);
  EXPECT_EQ(looked_up(table, 15), 200u);
  EXPECT_EQ(looked_up(table, 30), 250u) << "tables may fall";
  EXPECT_EQ(looked_up(table, 1'000'000), 200u);
}

TEST(Indicators, StayWithinOneWhateverWasSeen) {
  Observed worst;
  worst.round_trip_ms = kNotReached;
  worst.interval_ms = kNotReached;
  worst.spells = worst.absent = UINT32_MAX;
  worst.lead_permille = UINT16_MAX;
  worst.age_blocks = uint64_t{1} << 40;
  worst.proven = true;
  worst.credit = kCreditOne;
  for (const uint32_t x : indicators(worst, CreditParams())) EXPECT_EQ(x, kCreditOne);
  for (const uint32_t x : indicators(Observed(), CreditParams())) EXPECT_EQ(x, 0u);
}

}  // namespace
}  // namespace tieline::standing
