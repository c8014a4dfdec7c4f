#include "standing/observed.h"

#include <gtest/gtest.h>

#include "standing_fixture.h"

namespace tieline::standing {
namespace {

using namespace testing;

std::vector<Observed> seen(const EpochTally& tally, const Committee* previous = nullptr) {
  const Committee now = seven(tally.epoch);
  return observe(tally, now, previous, in_turn(), CreditParams(), records_of(now), 1'000);
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

TEST(Observed, AViewOfTheEpochBeforeIsChargedByThatEpochsCommittee) {
  const Committee before = seven(3), now = seven(4);
  EpochTally t = quiet(now);
  ViewTally late;
  late.epoch = 3;
  late.view = 5;
  late.failed = true;
  t.views.insert(t.views.begin(), late);
  EXPECT_EQ(seen(t, &before)[leader_position(before, 5)].failed_views, 1u);
  for (const Observed& o : seen(t)) EXPECT_EQ(o.failed_views, 0u) << "of no committee that is known here";
}

TEST(Observed, ConfirmersMissingBeyondTheMostAbsentAreChargedToWhoLed) {
  const Committee now = seven(3);
  EpochTally t = quiet(now);
  // The leader of view 1 leaves three out; in view 3 one is missing. Two members (f) were away for 15 slots together.
  t.views[1].missing = 30;
  t.views[3].missing = 2;
  t.members[0].absent_slots = 8, t.members[0].signed_slots = 62;
  t.members[1].absent_slots = 7, t.members[1].signed_slots = 63;
  const auto o = seen(t);
  EXPECT_GT(o[leader_position(now, 1)].lead_permille, 400);
  EXPECT_EQ(o[leader_position(now, 3)].lead_permille, 0) << "as many as were away anyway";
}

TEST(Observed, AgeCountsFromTheBlockThatSeatedIt) {
  const Committee now = seven(3);
  auto records = records_of(now);
  records[4].joined = 990;
  records[5].joined = 2'000;
  const auto o = observe(quiet(now), now, nullptr, in_turn(), CreditParams(), records, 1'000);
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
  const auto o = observe(t, now, nullptr, in_turn(), CreditParams(), records, 1'000);
  EXPECT_FALSE(o[0].proven);
  EXPECT_TRUE(o[1].proven) << "31 epochs ago";
  EXPECT_FALSE(o[2].proven) << "32 epochs ago";
  EXPECT_TRUE(o[3].proven) << "in this very epoch";
}

TEST(Observed, WhoLeadsByVotesIsChargedWithNoView) {
  const Committee now = seven(3);
  EpochTally t = quiet(now);
  t.views[2].failed = true;
  ConsensusParams raft = in_turn();
  raft.engine = EngineKind::kTrustRaft;
  for (const Observed& o : observe(t, now, nullptr, raft, CreditParams(), records_of(now), 1'000))
    EXPECT_EQ(o.led_views, 0u);
  ConsensusParams pbft = in_turn();
  pbft.engine = EngineKind::kPbft;
  EXPECT_EQ(
      observe(t, now, nullptr, pbft, CreditParams(), records_of(now), 1'000)[leader_position(now, 2)].failed_views, 1u);
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
