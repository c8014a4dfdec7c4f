// What the credit model must not be talked into, each with a test.

#include <gtest/gtest.h>

#include <set>

#include "standing/credit_log.h"
#include "standing_fixture.h"

namespace tieline::standing {
namespace {

using namespace testing;

// After so many quiet epochs everybody is as good as can be.
std::vector<CreditRecord> proven_records(Epoch epochs = 30) {
  auto records = records_of(seven(0));
  for (Epoch e = 0; e < epochs; ++e) assess(quiet(seven(e)), records, CreditModel::kLinear, 20'000);
  return records;
}

bool may_lead_early(const ConsensusParams& params, const std::vector<CreditRecord>& records, Epoch epoch, size_t who) {
  for (int draw = 0; draw < 200; ++draw) {
    const Committee c = next_committee(seven(epoch - 1), records, epoch, sha256(view_of(std::to_string(draw))));
    for (View v = 0; v <= c.count().f(); ++v)
      if (leader_of(params, c, v) == c.at(who).id) return true;
  }
  return false;
}

TEST(Guards, ANewcomerHoldsHalfTheMedianAndIsNotDrawnBeforeItHasCaughtUp) {
  auto records = proven_records();
  const uint32_t median = records[0].credit;
  records[3] = newcomer_credit(records, {}, 30, 20'000, CreditParams());
  EXPECT_EQ(records[3].credit, median / 2);
  Epoch first = 0;
  for (Epoch e = 30; e < 60; ++e) {
    const bool behind = uint64_t{records[3].credit} << 16 < uint64_t{records[0].credit} * kOfMiddleCredit;
    EXPECT_EQ(may_lead_early(ConsensusParams(), records, e, 3), e >= 35 && !behind) << e;
    if (first == 0 && may_lead_early(ConsensusParams(), records, e, 3)) first = e;
    const auto a = assess(quiet(seven(e)), records, CreditModel::kLinear, 20'000);
    if (e + kActsAfterEpochs < 35) {
      EXPECT_LE(a[3].credit, half_median(records, e + kActsAfterEpochs)) << e;
    }
  }
  EXPECT_GT(first, 35u) << "not as soon as its probation ends";
  EXPECT_LT(first, 55u) << "but with good work alone";
}

TEST(Guards, ANewIdentityWashesNothingOff) {
  const CreditParams params;
  auto records = proven_records();
  punish_equivocation(records[2], {29, 0, 4}, 29, 8);
  const CreditRecord again = newcomer_credit(records, {records[2]}, 31, 20'000, params);
  EXPECT_EQ(again.credit, 0u);
  EXPECT_EQ(again.jailed_until, records[2].jailed_until);
  EXPECT_EQ(again.last_proof, records[2].last_proof);
  // An organisation without any record starts on probation, below everyone who behaved.
  const CreditRecord other = newcomer_credit(records, {}, 31, 20'000, params);
  for (size_t i = 0; i < kSeven; ++i) {
    if (i == 2) continue;
    EXPECT_LT(other.credit, records[i].credit);
  }
  // Nor does a name that never did wrong lift the worst of its organisation.
  EXPECT_EQ(newcomer_credit(records, {records[0], records[2]}, 31, 20'000, params).credit, 0u);
}

TEST(Guards, NobodyBadMouthsALeaderWithoutTheSignaturesOfAThird) {
  // What f members say alone never reaches a tally (model/evidence.h: f+1 signatures). What reaches it is charged to
  // the leader of that view, and to nobody else.
  const Committee now = seven(3);
  EpochTally t = quiet(now);
  t.views[4].failed = true;
  auto records = records_of(now), untouched = records;
  assess(t, records, CreditModel::kLinear);
  assess(quiet(now), untouched, CreditModel::kLinear);
  for (size_t i = 0; i < kSeven; ++i) {
    if (i == leader_position(now, 4)) {
      EXPECT_LT(records[i].credit, untouched[i].credit);
    } else {
      EXPECT_EQ(records[i], untouched[i]) << i;
    }
  }
}

TEST(Guards, FailuresAreRememberedLongerThanSuccesses) {
  const CreditParams params;
  const uint32_t good = kCreditOne * 9 / 10, bad = kCreditOne / 10, start = kCreditOne / 2;
  EXPECT_EQ(params.keep_rising >= params.keep, true);
  // One bad epoch and one good one, in either order, leave less than there was.
  EXPECT_LT(moved_credit(moved_credit(start, bad, params), good, params), start);
  EXPECT_LT(moved_credit(moved_credit(start, good, params), bad, params), start);
  // The way down takes fewer epochs than the way back up.
  uint32_t down = good, up = bad;
  size_t down_epochs = 0, up_epochs = 0;
  for (; down > start; ++down_epochs) down = moved_credit(down, bad, params);
  for (; up < start; ++up_epochs) up = moved_credit(up, good, params);
  EXPECT_LT(down_epochs, up_epochs);
}

TEST(Guards, CreditStaysWithinOneAndAProofLeavesNothing) {
  EXPECT_LE(moved_credit(kCreditOne, kCreditOne, CreditParams()), kCreditOne);
  EXPECT_EQ(moved_credit(0, 0, CreditParams()), 0u);
  EpochTally t = quiet(seven(3));
  t.members[5].equivocations = 1;
  auto records = records_of(seven(3));
  assess(t, records);
  EXPECT_EQ(records[5].credit, 0u);
  EXPECT_EQ(records[5].last_proof, Epoch{3});
}

TEST(Guards, TiesAreBrokenByTheEpochsSeedAndNotByIds) {
  ConsensusParams strict;
  strict.policy = LeaderPolicy::kStrict;
  std::set<ValidatorId> first;
  for (int i = 0; i < 60; ++i)
    first.insert(
        leader_of(strict, next_committee(seven(2), records_of(seven(2)), 3, sha256(view_of(std::to_string(i)))), 0));
  EXPECT_EQ(first.size(), kSeven);
}

TEST(Guards, AnHonestLeaderAlwaysRecurs) {
  // The three worst hold all the credit there is: by round-robin everyone has a turn within 2n views all the same.
  auto records = records_of(seven(2));
  for (size_t i = 0; i < kSeven; ++i) records[i].credit = i < 3 ? kCreditOne : 0;
  const Committee c = next_committee(seven(2), records, 3, sha256(view_of("seed")));
  for (View from = 0; from < 30; ++from) {
    std::set<ValidatorId> seen;
    for (View v = from; v < from + 2 * kSeven + 3; ++v) seen.insert(leader_of(ConsensusParams(), c, v));
    EXPECT_EQ(seen.size(), kSeven) << from;
  }
}

TEST(Guards, AFrozenModelMovesNothingButForProofs) {
  EpochTally t = quiet(seven(3));
  for (ViewTally& v : t.views) v.failed = true;
  t.members[5].equivocations = 1;
  auto records = records_of(seven(3));
  const auto before = records;
  assess(t, records, CreditModel::kFrozen);
  for (size_t i = 0; i < kSeven; ++i) EXPECT_EQ(records[i].credit, i == 5 ? 0 : before[i].credit);
}

TEST(CreditLog, KeepsTheNewestEpochsAndTheNewestEvents) {
  CreditLog log;
  for (Epoch e = 0; e < 40; ++e) {
    CreditEntry entry;
    entry.epoch = e;
    add_entry(log, entry);
  }
  ASSERT_EQ(log.entries.size(), kLogEpochs);
  EXPECT_EQ(log.entries.front().epoch, 40 - kLogEpochs);
  EXPECT_EQ(log.entries.back().epoch, 39u);

  const Committee now = seven(3);
  CreditEvents events;
  EpochTally before = empty_tally(now);
  for (Height h = 1; h <= 2 * kEventsPerMember; ++h) {
    EpochTally after = before;
    ++after.members[2].absence_spells;
    note_events(events, before, after, h);
    before = after;
  }
  ASSERT_EQ(events.list.size(), kEventsPerMember);
  EXPECT_EQ(events.list.front().height, kEventsPerMember + 1);
  EXPECT_EQ(events.list.back().height, 2 * kEventsPerMember);
  EXPECT_EQ(*decoded<CreditEvents>(encoded(events), "events"), events);
  log.entries.back().events = events.list;
  EXPECT_EQ(*decoded<CreditLog>(encoded(log), "log"), log);
}

TEST(CreditLog, NotesAFailedViewOnceAndAProofEachTime) {
  const Committee now = seven(3);
  const EpochTally before = quiet(now);
  EpochTally after = before;
  after.views[4].failed = true;
  after.members[6].equivocations = 1;
  CreditEvents events;
  note_events(events, before, after, 77);
  ASSERT_EQ(events.list.size(), 2u);
  EXPECT_EQ(events.list[0].kind, CreditEventKind::kProof);
  EXPECT_EQ(events.list[0].validator, 16);
  const CreditEvent failed{CreditEventKind::kFailedView, now.at(leader_position(now, 4)).id, 77, 3, 4};
  EXPECT_EQ(events.list[1], failed);
  note_events(events, after, after, 78);
  EXPECT_EQ(events.list.size(), 2u);
}

}  // namespace
}  // namespace tieline::standing
