#include "standing/tally.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace tieline::standing {
namespace {

// Ids are no positions: a test that mixes them up fails.
Committee committee(Epoch epoch, ValidatorId first_id = 10) {
  std::vector<Member> members(4);
  for (size_t i = 0; i < members.size(); ++i) members[i].id = static_cast<ValidatorId>(first_id + i);
  return Committee(epoch, sha256(view_of("seed")), members);
}

Certificate certificate(const Slot& slot, std::initializer_list<size_t> positions) {
  Certificate c;
  c.slot = slot;
  for (size_t p : positions) c.signers.insert(p);
  return c;
}

Evidence of(std::vector<Certificate> certificates) { return {std::move(certificates), {}, {}}; }

TEST(Tally, CountsWhoSignedAndWhoWasAbsentByValidator) {
  const Committee now = committee(1);
  Tally t{empty_tally(now), {}};
  count_evidence(t, of({certificate({1, 0, 0}, {0, 1, 2}), certificate({1, 0, 1}, {0, 1, 2})}), now, nullptr);
  EXPECT_EQ(t.current.members[0].id, 10);
  EXPECT_EQ(t.current.members[0].signed_slots, 2u);
  EXPECT_EQ(t.current.members[3].signed_slots, 0u);
  EXPECT_EQ(t.current.members[3].absent_slots, 2u);
  EXPECT_EQ(t.current.members[3].absence_spells, 1u);
  ASSERT_EQ(t.current.views.size(), 1u);
  EXPECT_EQ(t.current.views[0], (ViewTally{1, 0, 2, 2, false}));
}

TEST(Tally, AnAbsenceThatEndsAndBeginsAgainIsTwoSpells) {
  const Committee now = committee(1);
  Tally t{empty_tally(now), {}};
  count_evidence(
      t, of({certificate({1, 0, 0}, {0, 1, 2}), certificate({1, 0, 1}, {0, 1, 3}), certificate({1, 0, 2}, {0, 1, 2})}),
      now, nullptr);
  EXPECT_EQ(t.current.members[3].absence_spells, 2u);
  EXPECT_EQ(t.current.members[2].absence_spells, 1u);
}

TEST(Tally, TheSameCertificateAgainCountsNothing) {
  const Committee now = committee(1);
  Tally t{empty_tally(now), {}};
  const Evidence e = of({certificate({1, 0, 0}, {0, 1, 2})});
  count_evidence(t, e, now, nullptr);
  const Tally once = t;
  count_evidence(t, e, now, nullptr);
  EXPECT_EQ(t, once);
}

TEST(Tally, ALateSignerMovesFromAbsentToSigned) {
  const Committee now = committee(1);
  Tally t{empty_tally(now), {}};
  count_evidence(t, of({certificate({1, 0, 0}, {0, 1, 2})}), now, nullptr);
  count_evidence(t, of({certificate({1, 0, 0}, {1, 2, 3})}), now, nullptr);
  EXPECT_EQ(t.current.members[3].signed_slots, 1u);
  EXPECT_EQ(t.current.members[3].absent_slots, 0u);
  EXPECT_EQ(t.current.members[0].signed_slots, 1u) << "who signed before keeps it";
  EXPECT_EQ(t.current.views[0].missing, 0u);
}

TEST(Tally, ASlotOlderThanTheWindowIsTooLateToCount) {
  const Committee now = committee(1);
  Tally t{empty_tally(now), {}};
  for (size_t i = 1; i <= kSlotsKept + 1; ++i) {
    count_evidence(t, of({certificate({1, 0, static_cast<int64_t>(i)}, {0, 1, 2})}), now, nullptr);
  }
  EXPECT_EQ(t.slots.size(), kSlotsKept);
  const Tally before = t;
  count_evidence(t, of({certificate({1, 0, 1}, {1, 2, 3})}), now, nullptr);
  EXPECT_EQ(t, before);
}

TEST(Tally, ACertificateOfTheEpochBeforeIsReadWithThatEpochsCommittee) {
  const Committee before = committee(1, 9), now = committee(2, 10);  // 9 has left, 13 has joined
  Tally t{empty_tally(now), {}};
  count_evidence(t, of({certificate({1, 3, 0}, {1, 2, 3})}), now, &before);
  EXPECT_EQ(t.current.members[0].signed_slots, 1u);  // 10 stood at position 1
  EXPECT_EQ(t.current.members[3].signed_slots + t.current.members[3].absent_slots, 0u);
}

TEST(Tally, ATimeoutMarksTheViewBeforeAsFailed) {
  const Committee now = committee(1);
  Tally t{empty_tally(now), {}};
  Evidence e;
  e.timeouts.push_back({1, 5, {}, {}});
  count_evidence(t, e, now, nullptr);
  count_evidence(t, e, now, nullptr);
  ASSERT_EQ(t.current.views.size(), 1u);
  EXPECT_EQ(t.current.views[0], (ViewTally{1, 4, 0, 0, true}));
}

TEST(Tally, OnlyTheNewestViewsAreKept) {
  const Committee now = committee(1);
  Tally t{empty_tally(now), {}};
  for (size_t v = 1; v <= kViewsKept + 3; ++v) {
    Evidence e;
    e.timeouts.push_back({1, v, {}, {}});
    count_evidence(t, e, now, nullptr);
  }
  EXPECT_EQ(t.current.views.size(), kViewsKept);
  EXPECT_EQ(t.current.views.front().view, 3u);
  EXPECT_EQ(t.current.views.back().view, kViewsKept + 2);
  Evidence old;
  old.timeouts.push_back({1, 1, {}, {}});
  const Tally before = t;
  count_evidence(t, old, now, nullptr);
  EXPECT_EQ(t, before);
}

TEST(Tally, EncodesWholly) {
  const Committee now = committee(1);
  Tally t{empty_tally(now), {}};
  count_evidence(t, of({certificate({1, 0, 0}, {0, 1, 2})}), now, nullptr);
  count_equivocation(t, 11);
  EXPECT_EQ(t.current.members[1].equivocations, 1u);
  EXPECT_EQ(*decoded<Tally>(encoded(t), "tally"), t);
}

}  // namespace
}  // namespace tieline::standing
