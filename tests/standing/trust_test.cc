#include "standing/trust.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tieline::standing {
namespace {

constexpr uint32_t kTrusted = 60'000;
constexpr uint32_t kRegular = 40'000;
constexpr uint32_t kFaulty = 10'000;

Committee weighed(const std::vector<OrgId>& orgs, FaultModel faults = FaultModel::kWeighted) {
  std::vector<Member> members(orgs.size());
  for (size_t i = 0; i < members.size(); ++i) {
    members[i].id = static_cast<ValidatorId>(10 + i);
    members[i].org = orgs[i];
    members[i].credit = kCreditOne / 2;
  }
  return Committee(3, Hash(), std::move(members), faults);
}
std::vector<OrgId> each_its_own(size_t n) {
  std::vector<OrgId> orgs(n);
  for (size_t i = 0; i < n; ++i) orgs[i] = static_cast<OrgId>(i);
  return orgs;
}
std::vector<TrustRecord> records(const std::vector<uint32_t>& trusts) {
  std::vector<TrustRecord> out;
  for (uint32_t t : trusts) out.push_back({t});
  return out;
}

TEST(TrustLaw, ScoresOneForCorrectOneHalfForAbsentAndNothingForInvalid) {
  EXPECT_EQ(trust_score({.correct = 7}), kTrustOne);
  EXPECT_EQ(trust_score({.absent = 7}), kTrustOne / 2);
  EXPECT_EQ(trust_score({.invalid = 7}), 0u);
  EXPECT_EQ(trust_score({.correct = 1, .absent = 2, .invalid = 1}), kTrustOne / 2);
  EXPECT_EQ(trust_score({.correct = UINT32_MAX, .absent = UINT32_MAX}), kTrustOne * 3 / 4);
  EXPECT_EQ(trust_score({.rejected = 3}), std::nullopt) << "no vote was due";
}

TEST(TrustLaw, ScalesTheScoreByRefusedSubmissions) {
  EXPECT_EQ(trust_score({.correct = 9, .rejected = 4}), kTrustOne * 3 / 4);
  EXPECT_EQ(trust_score({.correct = 9, .rejected = kRejectedMax}), 0u);
  EXPECT_EQ(trust_score({.correct = 9, .rejected = UINT32_MAX}), 0u) << "and never below nothing";
}

TEST(TrustLaw, KeepsSevenEighthsOfWhatItWas) {
  EXPECT_EQ(next_trust(kTrustOne, 0), kTrustOne * 7 / 8);
  EXPECT_EQ(next_trust(32'768, kTrustOne), 36'864u);
  EXPECT_EQ(next_trust(kGenesisTrust, kTrustOne / 2), (7 * kGenesisTrust + 32'768) / 8);
}

TEST(TrustLaw, StaysInItsRangeAndBetweenTrustAndScore) {
  Rng rng(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto trust = static_cast<uint32_t>(1 + rng.below(kTrustOne));
    const auto score = static_cast<uint32_t>(rng.below(kTrustOne + 1));
    const uint32_t next = next_trust(trust, score);
    EXPECT_GE(next, 1u);
    EXPECT_GE(next + 1, std::min(trust, score));
    EXPECT_LE(next, std::max(trust, score));
  }
}

TEST(TrustLaw, NothingButAProofLeadsToZeroAndNothingLeadsBack) {
  uint32_t trust = kGenesisTrust;
  for (int epoch = 0; epoch < 1'000; ++epoch) trust = next_trust(trust, 0);
  EXPECT_EQ(trust, kTrustUnproven);
  EXPECT_GT(next_trust(trust, kTrustOne), trust) << "who was only useless can earn it back";
  TrustRecord proven{kGenesisTrust};
  punish_trust(proven);
  EXPECT_EQ(proven.trust, 0u);
  MemberTally good;
  good.signed_slots = 1'000;
  for (int epoch = 0; epoch < 1'000; ++epoch) settle_trust(proven, good);
  EXPECT_EQ(proven.trust, 0u);
}

// How long what takes (docs/trust.md): from genesis, and for a joiner.
TEST(TrustLaw, TakesAsManyEpochsAsTheDocumentSays) {
  const auto epochs_until = [](uint32_t trust, uint32_t score, TrustClass wanted) {
    int epochs = 0;
    for (; trust_class(trust) != wanted && epochs < 1'000; ++epochs) trust = next_trust(trust, score);
    return epochs;
  };
  EXPECT_EQ(epochs_until(kJoinerTrust, kTrustOne, TrustClass::kTrusted), 6);
  EXPECT_EQ(epochs_until(kGenesisTrust, kTrustOne / 2, TrustClass::kRegular), 3);
  EXPECT_EQ(epochs_until(kGenesisTrust, kTrustOne / 2, TrustClass::kFaulty), 66);
  EXPECT_EQ(epochs_until(kGenesisTrust, 0, TrustClass::kRegular), 1);
  EXPECT_EQ(epochs_until(kGenesisTrust, 0, TrustClass::kFaulty), 5);
  EXPECT_EQ(epochs_until(kTrustUnproven, kTrustOne, TrustClass::kTrusted), 13);
}

TEST(TrustLaw, AnEpochWithoutVotesChangesNothing) {
  TrustRecord record{kGenesisTrust};
  settle_trust(record, MemberTally{});
  EXPECT_EQ(record.trust, kGenesisTrust);
  MemberTally half;
  half.signed_slots = 5;
  half.absent_slots = 5;
  settle_trust(record, half);
  EXPECT_EQ(record.trust, next_trust(kGenesisTrust, kTrustOne * 3 / 4));
  half.rejected = kRejectedMax / 2;
  settle_trust(record, half);
  EXPECT_EQ(record.trust, next_trust(next_trust(kGenesisTrust, kTrustOne * 3 / 4), kTrustOne * 3 / 8))
      << "refused submissions stand in the tally too";
}

TEST(TrustLaw, RefusesARecordAboveOne) {
  EXPECT_EQ(*decoded<TrustRecord>(encoded(TrustRecord{kTrustOne}), "trust"), TrustRecord{kTrustOne});
  EXPECT_FALSE(decoded<TrustRecord>(encoded(TrustRecord{kTrustOne + 1}), "trust").ok());
}

TEST(TrustTable, TakesTrustAndWeightFromTheRecords) {
  const Committee table = weighed(each_its_own(7));
  const Committee next =
      with_trust(table, records({kTrusted, kTrusted, kTrusted, kTrusted, kTrusted, kRegular, kFaulty}));
  EXPECT_EQ(next.epoch(), table.epoch());
  EXPECT_EQ(next.classes(), (Classes{.trusted = 5, .regular = 1, .faulty = 1, .malicious = 0}));
  EXPECT_EQ(next.at(0).weight, 11u);
  EXPECT_EQ(next.at(5).weight, 10u);
  EXPECT_EQ(next.at(6).weight, 5u);
  EXPECT_EQ(next.total_weight(), 70u);
}

TEST(TrustTable, KeepsTrustAlsoWhereHeadsAreCounted) {
  const Committee next = with_trust(weighed({0, 0, 0, 0}, FaultModel::kByzantine), records({kTrusted, kFaulty, 0, 1}));
  EXPECT_EQ(next.at(1).trust, kFaulty);
  for (const Member& m : next.members()) EXPECT_EQ(m.weight, 1u);
}

TEST(TrustTable, WeighsAMemberByItsClassWhereverItStands) {
  Rng rng(2);
  for (int i = 0; i < 200; ++i) {
    std::vector<uint32_t> trusts;
    for (size_t m = 0; m < 16; ++m) trusts.push_back(static_cast<uint32_t>(rng.below(kTrustOne + 1)));
    const Committee a = with_trust(weighed(each_its_own(16)), records(trusts));
    std::vector<uint32_t> turned(trusts.rbegin(), trusts.rend());
    const Committee b = with_trust(weighed(each_its_own(16)), records(turned));
    for (size_t m = 0; m < 16; ++m) EXPECT_EQ(a.at(m).weight, b.at(15 - m).weight);
    EXPECT_EQ(a.total_weight(), b.total_weight());
    uint64_t sum = 0;
    for (const Member& m : a.members()) sum += m.weight;
    EXPECT_EQ(a.total_weight(), sum);
  }
}

TEST(OrganisationCap, IsAThirdOfTheWeight) {
  // Two of seven seats; while all are equal that is 2/7 of the weight.
  const Committee table = weighed({0, 0, 1, 2, 3, 4, 5});
  EXPECT_EQ(organisation_over_cap(table), std::nullopt);
  // T = 2, F = 1: the organisation of both trusted members would hold 10 of 28.
  const auto risen = records({kTrusted, kTrusted, kRegular, kRegular, kRegular, kRegular, kFaulty});
  std::vector<Member> members = table.members();
  for (size_t i = 0; i < 7; ++i) members[i].trust = risen[i].trust;
  const Committee refused(3, Hash(), members, FaultModel::kWeighted);
  EXPECT_EQ(organisation_over_cap(refused), std::optional<OrgId>(0));
  EXPECT_EQ(with_trust(table, risen), table) << "the old table stays, with the weights that it has";
  // Were they of two organisations it would be taken.
  EXPECT_NE(with_trust(weighed(each_its_own(7)), risen).at(6).weight, 1u);
  EXPECT_EQ(with_trust(weighed(each_its_own(7)), risen).at(0).weight, 5u);
}

TEST(OrganisationCap, IsAThirdOfTheSeatsAndExactlyAThirdIsTooMuch) {
  EXPECT_EQ(organisation_over_cap(weighed({7, 7, 1, 2, 3, 4})), std::optional<OrgId>(7));
  EXPECT_EQ(organisation_over_cap(weighed({7, 7, 1, 2, 3, 4, 5})), std::nullopt);
  // Seats alone: its two members are malicious and weigh nothing.
  const Committee six =
      with_trust(weighed({0, 1, 2, 3, 4, 5}), records({0, 0, kTrusted, kTrusted, kTrusted, kTrusted}));
  std::vector<Member> members = six.members();
  members[1].org = 0;
  EXPECT_EQ(organisation_over_cap(Committee(3, Hash(), members, FaultModel::kWeighted)), std::optional<OrgId>(0));
}

// No table that with_trust ever yields breaks the cap, whatever happens to trust.
TEST(OrganisationCap, HoldsAtEveryBoundary) {
  Rng rng(3);
  Committee table = weighed({0, 0, 1, 1, 2, 2, 3, 3});
  ASSERT_EQ(organisation_over_cap(table), std::nullopt);
  int refused = 0;
  int taken = 0;
  for (int epoch = 0; epoch < 2'000; ++epoch) {
    std::vector<uint32_t> trusts;
    for (size_t m = 0; m < 8; ++m) trusts.push_back(static_cast<uint32_t>(rng.below(kTrustOne + 1)));
    const Committee next = with_trust(table, records(trusts));
    (next == table ? refused : taken) += 1;
    table = next;
    ASSERT_EQ(organisation_over_cap(table), std::nullopt);
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace tieline::standing
