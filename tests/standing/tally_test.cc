#include "standing/tally.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "crypto/hash.h"
#include "map_pages.h"
#include "standing/leader.h"

namespace tieline::standing {
namespace {

// Ids are no positions: a test that mixes them up fails.
Committee committee(Epoch epoch, ValidatorId first_id = 10, size_t n = 4) {
  std::vector<Member> members(n);
  for (size_t i = 0; i < members.size(); ++i) members[i].id = static_cast<ValidatorId>(first_id + i);
  return Committee(epoch, sha256(view_of("seed")), members);
}

Certificate certificate(const Slot& slot, std::initializer_list<size_t> positions) {
  Certificate c;
  c.slot = slot;
  for (size_t p : positions) c.signers.insert(p);
  return c;
}

Evidence of(std::vector<Certificate> certificates) {
  Evidence e;
  e.certificates = std::move(certificates);
  return e;
}

LateConfirm late(const Slot& slot, ValidatorId signer) { return {signer, slot, 0, {}, {}}; }

// A tally with its pages, counting with the defaults of genesis.
struct Counted {
  explicit Counted(const Committee& now) : t{empty_tally(now), {}} {}
  void count(const Evidence& e, const Committee& now, const Committee* before = nullptr) {
    count_evidence(t, pages, e, params, now, before);
  }
  bool operator==(const Counted& other) const { return t == other.t && pages.pages == other.pages.pages; }

  Tally t;
  testing::MapPages pages;
  ConsensusParams params;
};

TEST(Tally, CountsWhoSignedAndWhoWasAbsentByValidator) {
  const Committee now = committee(1);
  Counted c(now);
  c.count(of({certificate({1, 0, 0}, {0, 1, 2}), certificate({1, 0, 1}, {0, 1, 2})}), now);
  EXPECT_EQ(c.t.current.members[0].id, 10);
  EXPECT_EQ(c.t.current.members[0].signed_slots, 2u);
  EXPECT_EQ(c.t.current.members[3].signed_slots, 0u);
  EXPECT_EQ(c.t.current.members[3].absent_slots, 2u);
  EXPECT_EQ(c.t.current.members[3].absence_spells, 1u);
  ASSERT_EQ(c.t.current.views.size(), 1u);
  const ValidatorId leader = leader_of(c.params, now, 0);
  EXPECT_EQ(c.t.current.views[0], (ViewTally{1, 0, 2, 2, false, leader, {{13, 2}}}));
}

TEST(Tally, AnAbsenceThatEndsAndBeginsAgainIsTwoSpells) {
  const Committee now = committee(1);
  Counted c(now);
  c.count(of({certificate({1, 0, 0}, {0, 1, 2}), certificate({1, 0, 1}, {0, 1, 3}), certificate({1, 0, 2}, {0, 1, 2})}),
          now);
  EXPECT_EQ(c.t.current.members[3].absence_spells, 2u);
  EXPECT_EQ(c.t.current.members[2].absence_spells, 1u);
}

TEST(Tally, TheSameCertificateAgainCountsNothing) {
  const Committee now = committee(1);
  Counted c(now);
  const Evidence e = of({certificate({1, 0, 0}, {0, 1, 2})});
  c.count(e, now);
  const Counted once = c;
  c.count(e, now);
  EXPECT_TRUE(c == once);
}

TEST(Tally, ALateSignerMovesFromAbsentToSigned) {
  const Committee now = committee(1);
  Counted c(now);
  c.count(of({certificate({1, 0, 0}, {0, 1, 2})}), now);
  c.count(of({certificate({1, 0, 0}, {1, 2, 3})}), now);
  EXPECT_EQ(c.t.current.members[3].signed_slots, 1u);
  EXPECT_EQ(c.t.current.members[3].absent_slots, 0u);
  EXPECT_EQ(c.t.current.members[0].signed_slots, 1u) << "who signed before keeps it";
  EXPECT_EQ(c.t.current.views[0].missing, 0u);
}

TEST(Tally, ASlotOlderThanTheWindowIsTooLateToCount) {
  const Committee now = committee(1);
  Counted c(now);
  c.params.tenure_slots = 3;  // and the tenures of f+1 leaders are 6 slots
  ASSERT_EQ(late_window(c.params, now), 6u);
  // Pages go as a whole: slot 0 is forgotten once 6 slots stand in later pages, and not before.
  const auto at = [](int64_t i) { return Slot{1, 0, i * kPageSlots}; };
  for (int64_t i = 0; i <= 5; ++i) c.count(of({certificate(at(i), {0, 1, 2})}), now);
  Counted in_time = c;
  in_time.count(of({certificate(at(0), {1, 2, 3})}), now);
  EXPECT_EQ(in_time.t.current.members[3].signed_slots, 1u);
  c.count(of({certificate(at(6), {0, 1, 2})}), now);
  EXPECT_EQ(c.pages.pages.size(), 6u);
  const Counted before = c;
  c.count(of({certificate(at(0), {1, 2, 3})}), now);
  EXPECT_TRUE(c == before);
}

TEST(Tally, TheWindowIsTheTenuresOfFPlusOneLeadersAndBounded) {
  ConsensusParams p;
  p.tenure_slots = 100;
  EXPECT_EQ(late_window(p, committee(1)), 200u);
  EXPECT_EQ(late_window(p, committee(1, 10, 7)), 300u);
  p.tenure_slots = 20'000;
  EXPECT_EQ(late_window(p, committee(1)), kLateSlotsMax);
}

TEST(Tally, AMillionSlotsTakeNoMoreRoomThanTheWindow) {
  const Committee now = committee(1);
  Counted c(now);
  c.params.tenure_slots = 128;
  for (View v = 0; v < 600; ++v)
    for (int64_t i = 0; i < 3; ++i) c.count(of({certificate({1, v, i * 40}, {0, 1, 2})}), now);
  EXPECT_LE(c.t.window.size(), kRunsMax);
  EXPECT_LE(c.pages.pages.size(), 2 * kRunsMax);
  size_t kept = 0;
  for (const auto& [id, page] : c.pages.pages) kept += page.signers.size();
  EXPECT_GE(kept, late_window(c.params, now));
  EXPECT_LE(kept, late_window(c.params, now) + kPageSlots);
}

TEST(Tally, ACertificateOfTheEpochBeforeIsReadWithThatEpochsCommittee) {
  const Committee before = committee(1, 9), now = committee(2, 10);  // 9 has left, 13 has joined
  Counted c(now);
  c.count(of({certificate({1, 3, 0}, {1, 2, 3})}), now, &before);
  EXPECT_EQ(c.t.current.members[0].signed_slots, 1u);  // 10 stood at position 1
  EXPECT_EQ(c.t.current.members[3].signed_slots + c.t.current.members[3].absent_slots, 0u);
}

TEST(Tally, ATimeoutMarksTheViewBeforeAsFailed) {
  const Committee now = committee(1);
  Counted c(now);
  Evidence e;
  e.timeouts.push_back({1, 5, {}, {}});
  c.count(e, now);
  c.count(e, now);
  ASSERT_EQ(c.t.current.views.size(), 1u);
  EXPECT_EQ(c.t.current.views[0], (ViewTally{1, 4, 0, 0, true, leader_of(c.params, now, 4), {}}));
}

TEST(Tally, OnlyTheNewestViewsAreKept) {
  const Committee now = committee(1);
  Counted c(now);
  for (size_t v = 1; v <= kViewsKept + 3; ++v) {
    Evidence e;
    e.timeouts.push_back({1, v, {}, {}});
    c.count(e, now);
  }
  EXPECT_EQ(c.t.current.views.size(), kViewsKept);
  EXPECT_EQ(c.t.current.views.front().view, 3u);
  EXPECT_EQ(c.t.current.views.back().view, kViewsKept + 2);
  Evidence old;
  old.timeouts.push_back({1, 1, {}, {}});
  const Counted before = c;
  c.count(old, now);
  EXPECT_TRUE(c == before);
}

TEST(Tally, ALateConfirmMovesItsSignerFromAbsentToSignedOnce) {
  const Committee now = committee(1);
  Counted c(now);
  c.count(of({certificate({1, 0, 0}, {0, 1, 2}), certificate({1, 0, 1}, {0, 1, 2})}), now);
  Evidence e;
  e.late = {late({1, 0, 0}, 13)};
  c.count(e, now);
  const Counted once = c;
  c.count(e, now);
  EXPECT_TRUE(c == once);
  EXPECT_EQ(c.t.current.members[3].signed_slots, 1u);
  EXPECT_EQ(c.t.current.members[3].absent_slots, 1u);
  EXPECT_EQ(c.t.current.views[0].missing, 1u);
  EXPECT_EQ(c.t.current.views[0].absent, (std::vector<ViewTally::Absent>{{13, 1}}));
  e.late = {late({1, 0, 7}, 13), late({1, 0, 1}, 99)};
  c.count(e, now);
  EXPECT_TRUE(c == once) << "of a slot that is not counted, or of nobody";
}

TEST(Tally, LateConfirmsTakeBackTheSpellsTheyEndOrSplit) {
  const Committee now = committee(1);
  Counted c(now);
  for (int64_t i = 0; i < 3; ++i) c.count(of({certificate({1, 0, i}, {0, 1, 2})}), now);
  const MemberTally& m = c.t.current.members[3];
  EXPECT_EQ(m.absence_spells, 1u);
  Evidence e;
  e.late = {late({1, 0, 1}, 13)};
  c.count(e, now);
  EXPECT_EQ(m.absence_spells, 2u) << "one before it, one after it";
  e.late = {late({1, 0, 0}, 13)};
  c.count(e, now);
  EXPECT_EQ(m.absence_spells, 1u);
  EXPECT_TRUE(m.absent_now);
  e.late = {late({1, 0, 2}, 13)};
  c.count(e, now);
  EXPECT_EQ(m.absence_spells, 0u);
  EXPECT_FALSE(m.absent_now);
  EXPECT_EQ(m.absent_slots, 0u);
}

TEST(Tally, TheOrderInWhichEvidenceComesMakesNoDifference) {
  const Committee now = committee(1);
  Rng rng(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Evidence> pieces;
    for (int64_t i = 0; i < 6; ++i) {
      const View v = rng.below(2);
      const size_t out = rng.below(4);
      Certificate q = certificate({1, v, i}, {0, 1, 2, 3});
      q.signers.erase(out);
      pieces.push_back(of({q}));
      if (rng.chance(500'000)) {
        pieces.emplace_back();
        pieces.back().late = {late(q.slot, static_cast<ValidatorId>(10 + out))};
      }
    }
    // Late CONFIRMs come after the certificates; these come by slot, or backwards in each view: a view below all that
    // is kept is not taken up any more.
    const auto late_begin =
        std::stable_partition(pieces.begin(), pieces.end(), [](const Evidence& e) { return e.late.empty(); });
    const auto slot_of = [](const Evidence& e) { return e.certificates[0].slot; };
    std::sort(pieces.begin(), late_begin,
              [&](const Evidence& a, const Evidence& b) { return slot_of(a) < slot_of(b); });
    Counted sorted(now);
    for (const Evidence& e : pieces) sorted.count(e, now);
    std::vector<Evidence> other = pieces;
    const auto other_late = other.begin() + (late_begin - pieces.begin());
    std::sort(other.begin(), other_late, [&](const Evidence& a, const Evidence& b) {
      return std::tuple(slot_of(a).view, -slot_of(a).index) < std::tuple(slot_of(b).view, -slot_of(b).index);
    });
    std::reverse(other_late, other.end());
    Counted shuffled(now);
    for (const Evidence& e : other) shuffled.count(e, now);
    for (size_t i = 0; i < 4; ++i) {
      const MemberTally &a = sorted.t.current.members[i], &b = shuffled.t.current.members[i];
      EXPECT_EQ(a.signed_slots, b.signed_slots) << "round " << round;
      EXPECT_EQ(a.absent_slots, b.absent_slots) << "round " << round;
      EXPECT_EQ(a.absence_spells, b.absence_spells) << "round " << round;
    }
  }
}

TEST(Tally, WhatTheEpochBeforeCountedIsNotTakenBackHere) {
  const Committee before = committee(1), now = committee(2);
  Counted c(before);
  c.count(of({certificate({1, 0, 0}, {0, 1, 2})}), before);
  c.t.current = empty_tally(now);
  c.count(of({certificate({1, 0, 1}, {0, 1, 2}), certificate({2, 0, 0}, {0, 1, 2})}), now, &before);
  const MemberTally& m = c.t.current.members[3];
  EXPECT_EQ(m.absent_slots, 2u);
  Evidence e;
  e.late = {late({1, 0, 0}, 13)};
  c.count(e, now, &before);
  EXPECT_EQ(m.absent_slots, 2u) << "that one was charged to the epoch before";
  e.late = {late({1, 0, 1}, 13)};
  c.count(e, now, &before);
  EXPECT_EQ(m.absent_slots, 1u);
}

TEST(Tally, AViewIsChargedToItsLeader) {
  const Committee now = committee(1);
  Counted c(now);
  const ValidatorId leader = leader_of(c.params, now, 2);
  Evidence e = of({certificate({1, 2, 0}, {0, 1, 2}), certificate({1, 2, 1}, {0, 1, 2})});
  e.timeouts.push_back({1, 3, {}, {}});
  c.count(e, now);
  c.count(e, now);
  for (const MemberTally& m : c.t.current.members) {
    EXPECT_EQ(m.led_slots, m.id == leader ? 2u : 0u);
    EXPECT_EQ(m.led_failed, m.id == leader ? 1u : 0u) << "a view fails once";
  }
  c.params.engine = EngineKind::kTrustRaft;
  Evidence other = of({certificate({1, 4, 0}, {0, 1, 2})});
  c.count(other, now);
  EXPECT_FALSE(c.t.current.views.back().leader) << "no block shows who was elected";
}

TEST(Tally, WhoIsMissingBeyondTheMostAbsentIsChargedToTheLeader) {
  const Committee now = committee(1);
  Counted c(now);
  View liar = 0, other = 1;
  ASSERT_NE(leader_of(c.params, now, liar), leader_of(c.params, now, other));
  // Position 3 is gone all the time; in the liar's view position 2 is left out as well, now and then.
  std::vector<Certificate> all;
  for (int64_t i = 0; i < 4; ++i) all.push_back(certificate({1, liar, i}, {0, 1, 2}));
  all.push_back(certificate({1, liar, 4}, {0, 1, 3}));
  all.push_back(certificate({1, liar, 5}, {0, 1, 3}));
  for (int64_t i = 0; i < 4; ++i) all.push_back(certificate({1, other, i}, {0, 1, 2}));
  c.count(of(all), now);
  EXPECT_EQ(led_missing(c.t.current, leader_of(c.params, now, liar)), 2u);
  EXPECT_EQ(led_missing(c.t.current, leader_of(c.params, now, other)), 0u) << "one is always gone: that is no fault";
}

MeasureReport report(ValidatorId reporter, uint32_t window, std::vector<uint16_t> rtt) {
  MeasureReport m{reporter, 1, window, std::move(rtt), {}, {}};
  m.interval_ms.assign(m.rtt_ms.size(), kNotMeasured);
  return m;
}

TEST(Reports, TheNewestOfEachReporterIsKept) {
  const Committee now = committee(1);
  Counted c(now);
  Evidence e;
  e.reports = {report(10, 32, {kNotMeasured, 5, 6, 7}), report(12, 16, {1, 2, kNotMeasured, 4})};
  c.count(e, now);
  e.reports = {report(10, 16, {kNotMeasured, 9, 9, 9})};
  c.count(e, now);
  ASSERT_EQ(c.t.current.reports.size(), 2u);
  EXPECT_EQ(c.t.current.reports[0].window, 32u) << "an older one comes too late";
  e.reports = {report(10, 48, {kNotMeasured, 9, 9, 9})};
  c.count(e, now);
  EXPECT_EQ(c.t.current.reports[0].rtt_ms[1], 9u);
  EXPECT_EQ(c.t.current.reports[1].reporter, 12);
  EXPECT_EQ(*decoded<Tally>(encoded(c.t), "tally"), c.t);
}

TEST(Reports, TheMedianLeavesOutWhatASubjectSaysOfItself) {
  const Committee now = committee(1);
  Counted c(now);
  Evidence e;
  e.reports = {report(10, 1, {kNotMeasured, 50, 20, 30}), report(11, 1, {10, kNotMeasured, 21, 31}),
               report(12, 1, {11, 51, kNotMeasured, 32}), report(13, 1, {12, 52, 23, kNotMeasured})};
  c.count(e, now);
  EXPECT_EQ(median_of_reports(c.t.current, 0, Measure::kRoundTrip), 11u);
  EXPECT_EQ(median_of_reports(c.t.current, 1, Measure::kRoundTrip), 51u);
  EXPECT_EQ(median_of_reports(c.t.current, 1, Measure::kInterval), kNotMeasured);
  c.t.current.reports[1].rtt_ms[1] = 0;  // praises itself, had it been let through
  EXPECT_EQ(median_of_reports(c.t.current, 1, Measure::kRoundTrip), 51u);
}

// f liars say what they like, alone or together, of whom they like.
TEST(Reports, FLiarsCannotMoveAMedianBeyondWhatCorrectReportersMeasured) {
  Rng rng(11);
  for (size_t n : {4, 5, 7, 10, 13}) {
    const Committee now = committee(1, 10, n);
    const size_t f = now.count().f();
    for (int round = 0; round < 200; ++round) {
      Counted c(now);
      const size_t subject = rng.below(n);
      const size_t liars_from = rng.below(n);
      uint16_t least = kNotMeasured, most = 0;
      size_t measured = 0;
      Evidence e;
      for (size_t i = 0; i < n; ++i) {
        const bool liar = (i + n - liars_from) % n < f;
        uint16_t value = static_cast<uint16_t>(liar ? rng.below(2) * 60'000 : 100 + rng.below(50));
        const bool silent = rng.chance(200'000);
        if (silent || i == subject) continue;
        std::vector<uint16_t> rtt(n, kNotMeasured);
        rtt[subject] = value;
        e.reports.push_back(report(static_cast<ValidatorId>(10 + i), 1, rtt));
        ++measured;
        if (liar) continue;
        least = std::min(least, value);
        most = std::max(most, value);
      }
      c.count(e, now);
      const uint16_t median = median_of_reports(c.t.current, subject, Measure::kRoundTrip);
      if (measured <= f) {
        EXPECT_EQ(median, kNotMeasured);
        continue;
      }
      EXPECT_LE(median, most) << "talked down, n " << n << " with " << measured << " reports";
      if (measured >= 2 * f + 1) {
        EXPECT_GE(median, least) << "talked up, n " << n << " with " << measured << " reports";
      }
    }
  }
}

TEST(Rejections, CountOnceATransactionAndAreBounded) {
  const Committee now = committee(1);
  Counted c(now);
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < kRejectionsPerMember + 4; ++i) {
      Evidence e;
      e.rejected.emplace_back();
      e.rejected[0].submitter = 12;
      e.rejected[0].bad.transaction = {static_cast<uint8_t>(i)};
      c.count(e, now);
      EXPECT_EQ(c.t.current.members[2].rejected,
                round == 0 ? std::min(i + 1, kRejectionsPerMember) : kRejectionsPerMember);
    }
  }
  EXPECT_EQ(c.t.current.rejections.size(), kRejectionsPerMember);
  EXPECT_EQ(*decoded<Tally>(encoded(c.t), "tally"), c.t);
}

TEST(Tally, EncodesWholly) {
  const Committee now = committee(1);
  Counted c(now);
  c.count(of({certificate({1, 0, 0}, {0, 1, 2})}), now);
  count_equivocation(c.t, 11);
  EXPECT_EQ(c.t.current.members[1].equivocations, 1u);
  count_invalid_block(c.t, 12);
  EXPECT_EQ(c.t.current.members[2].invalid_blocks, 1u);
  for (const auto& [id, page] : c.pages.pages) EXPECT_EQ(*decoded<SlotPage>(encoded(page), "page"), page);
  EXPECT_EQ(*decoded<Tally>(encoded(c.t), "tally"), c.t);
}

}  // namespace
}  // namespace tieline::standing
