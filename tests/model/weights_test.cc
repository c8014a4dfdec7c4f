#include "model/weights.h"

#include <gtest/gtest.h>

#include "canonical.h"
#include "fixtures.h"

namespace tieline {
namespace {

using testing::first_positions;
using testing::positions;
using testing::weighted_committee;

// A trust in the middle of each class.
constexpr uint32_t kTrusted = 60'000;
constexpr uint32_t kRegular = 40'000;
constexpr uint32_t kFaulty = 10'000;
constexpr uint32_t kMalicious = 0;

std::vector<uint32_t> trusts(const Classes& c) {
  std::vector<uint32_t> out(c.trusted, kTrusted);
  out.insert(out.end(), c.regular, kRegular);
  out.insert(out.end(), c.faulty, kFaulty);
  out.insert(out.end(), c.malicious, kMalicious);
  return out;
}

// Every way in which n members can stand in the four classes.
template <class Visit>
void each_split(size_t n, Visit visit) {
  for (size_t t = 0; t <= n; ++t)
    for (size_t r = 0; r + t <= n; ++r)
      for (size_t f = 0; f + r + t <= n; ++f) visit(Classes{t, r, f, n - t - r - f});
}

SignerSet set_of(uint32_t bits) {
  SignerSet s;
  for (size_t i = 0; i < 32; ++i)
    if (bits >> i & 1) s.insert(i);
  return s;
}

TEST(TrustClass, EndsExactlyAtItsThresholds) {
  EXPECT_EQ(trust_class(0), TrustClass::kMalicious);
  EXPECT_EQ(trust_class(1), TrustClass::kFaulty);
  EXPECT_EQ(trust_class(kTrustOne / 2), TrustClass::kFaulty) << "0.5 is not above 0.5";
  EXPECT_EQ(trust_class(kTrustOne / 2 + 1), TrustClass::kRegular);
  for (uint64_t trust = 0; trust <= kTrustOne; ++trust) {
    EXPECT_EQ(trust_class(static_cast<uint32_t>(trust)) == TrustClass::kTrusted, 10 * trust > 8 * uint64_t{kTrustOne})
        << trust;
  }
  EXPECT_EQ(trust_class(kGenesisTrust), TrustClass::kTrusted);
  EXPECT_EQ(trust_class(kJoinerTrust), TrustClass::kRegular);
}

TEST(Weights, AreThoseOfEquation11TimesTwiceTheTrusted) {
  const Classes c{.trusted = 30, .regular = 0, .faulty = 20, .malicious = 0};
  EXPECT_EQ(c.weight(TrustClass::kTrusted), 80u);  // 60 * (1 + 20 / 60)
  EXPECT_EQ(c.weight(TrustClass::kRegular), 60u);
  EXPECT_EQ(c.weight(TrustClass::kFaulty), 30u);
  EXPECT_EQ(c.weight(TrustClass::kMalicious), 0u);
  EXPECT_EQ(c.total_weight(), 60u * 50u);
}

TEST(Weights, TogetherAreTheMembersThatAreNotMaliciousWhileUncapped) {
  for (size_t n = 4; n <= 50; ++n) {
    each_split(n, [](const Classes& c) {
      if (c.equal_weights()) {
        EXPECT_EQ(c.total_weight(), c.size());
        return;
      }
      const uint64_t uncapped = 2 * c.trusted * (c.size() - c.malicious);
      if (c.faulty <= c.trusted)
        EXPECT_EQ(c.total_weight(), uncapped);
      else
        EXPECT_LT(c.total_weight(), uncapped);
    });
  }
}

TEST(Weights, OfTheTrustedAreAtMostOneAndAHalfTimesThoseOfTheRegular) {
  for (size_t n = 4; n <= 50; ++n) {
    each_split(n, [](const Classes& c) {
      if (c.equal_weights()) return;
      EXPECT_LE(2 * c.weight(TrustClass::kTrusted), 3 * c.weight(TrustClass::kRegular));
      EXPECT_GE(c.weight(TrustClass::kTrusted), c.weight(TrustClass::kRegular));
      EXPECT_EQ(2 * c.weight(TrustClass::kFaulty), c.weight(TrustClass::kRegular));
    });
  }
  // Why: uncapped, 6 of these 50 would weigh 6 * (20 + 40) / (20 * 50) > 1/3.
  const Classes few{.trusted = 10, .regular = 0, .faulty = 40, .malicious = 0};
  EXPECT_EQ(few.weight(TrustClass::kTrusted), 30u);
}

TEST(Weights, AreEqualWhenTooFewAreLeftToWeighBy) {
  EXPECT_TRUE((Classes{.trusted = 0, .regular = 7, .faulty = 0, .malicious = 0}).equal_weights());
  EXPECT_TRUE((Classes{.trusted = 3, .regular = 0, .faulty = 1, .malicious = 0}).equal_weights());
  EXPECT_FALSE((Classes{.trusted = 1, .regular = 3, .faulty = 0, .malicious = 0}).equal_weights());
  EXPECT_FALSE((Classes{.trusted = 4, .regular = 0, .faulty = 9, .malicious = 9}).equal_weights());

  const Committee c = weighted_committee({kTrusted, kTrusted, kFaulty, kMalicious});
  EXPECT_TRUE(c.weights_alarm());
  for (const Member& m : c.members()) EXPECT_EQ(m.weight, 1u);
  EXPECT_TRUE(c.is_quorum(positions({1, 2, 3}))) << "everybody counts";
  EXPECT_FALSE(c.is_quorum(positions({2, 3})));
  EXPECT_TRUE(c.holds_correct(positions({2, 3})));
  EXPECT_FALSE(c.holds_correct(positions({3})));
}

TEST(WeightedCommittee, OfEqualTrustCountsHeads) {
  for (size_t n = 4; n <= 50; ++n) {
    const Committee c = weighted_committee(std::vector<uint32_t>(n, kGenesisTrust));
    const Quorum heads{n};
    EXPECT_FALSE(c.weights_alarm());
    for (size_t k = 0; k <= n; ++k) {
      // A third of the weight more than a quorum of heads needs, at n = 3f + 3 only: 3w > 2W is n - f.
      EXPECT_EQ(c.is_quorum(first_positions(k)), k >= heads.view_change()) << k << " of " << n;
      EXPECT_EQ(c.is_view_change_set(first_positions(k)), k >= heads.view_change()) << k << " of " << n;
      EXPECT_EQ(c.holds_view_change_set(first_positions(k)), k >= heads.view_change()) << k << " of " << n;
      EXPECT_EQ(c.holds_correct(first_positions(k)), k >= heads.correct()) << k << " of " << n;
      EXPECT_FALSE(c.is_fast(first_positions(k)));
    }
  }
}

TEST(WeightedCommittee, DemandsWeightAndHeads) {
  // Ten trusted of weight 30 and forty faulty of weight 10: W = 700, f_a = 3, 7 heads for a quorum.
  const Committee c = weighted_committee(trusts({.trusted = 10, .regular = 0, .faulty = 40, .malicious = 0}));
  ASSERT_EQ(c.total_weight(), 700u);
  SignerSet s = first_positions(6);
  for (size_t p = 10; p < 50; ++p) s.insert(p);
  EXPECT_FALSE(c.is_quorum(s)) << "580 of 700 of the weight, but 6 heads";
  EXPECT_FALSE(c.is_quorum(first_positions(10))) << "all heads, but 300 of 700 of the weight";
  SignerSet both = first_positions(7);
  for (size_t p = 10; p < 36; ++p) both.insert(p);
  EXPECT_TRUE(c.is_quorum(both)) << "7 heads and 470 of 700";
  both.erase(35);
  EXPECT_FALSE(c.is_quorum(both)) << "460 of 700 is not more than two thirds";

  EXPECT_FALSE(c.holds_correct(first_positions(7))) << "210 of 700";
  EXPECT_TRUE(c.holds_correct(first_positions(8))) << "240 of 700";
  SignerSet light = first_positions(3);
  for (size_t p = 10; p < 50; ++p) light.insert(p);
  EXPECT_FALSE(c.holds_correct(light)) << "490 of 700, but three heads may all be liars";
}

TEST(WeightedCommittee, GivesAMaliciousMemberNoSay) {
  const Committee c = weighted_committee(trusts({.trusted = 5, .regular = 0, .faulty = 0, .malicious = 2}));
  EXPECT_TRUE(c.is_quorum(first_positions(4)));
  EXPECT_FALSE(c.is_quorum(positions({0, 1, 2, 5, 6}))) << "30 of 50 of the weight";
  EXPECT_EQ(c.at(6).weight, 0u);
}

TEST(WeightedCommittee, KnowsNobodyBeyondItself) {
  const Committee c = weighted_committee(std::vector<uint32_t>(4, kTrusted));
  SignerSet beyond = first_positions(4);
  beyond.insert(4);
  EXPECT_FALSE(c.is_quorum(beyond));
  EXPECT_FALSE(c.holds_correct(beyond));
  EXPECT_FALSE(c.is_view_change_set(beyond));
}

TEST(WeightedCommittee, IsNotFooledByWeightsThatItIsGiven) {
  const Committee c = weighted_committee(trusts({.trusted = 4, .regular = 1, .faulty = 1, .malicious = 1}));
  testing::expect_canonical(c);
  std::vector<Member> members = c.members();
  for (Member& m : members) m.weight = 1'000;
  EXPECT_EQ(Committee(c.epoch(), c.seed(), members, FaultModel::kWeighted), c);

  members = c.members();
  members[6].weight = 1;
  Writer w;
  w.u64(c.epoch());
  encode(w, c.seed());
  w.u8(3);
  encode_list(w, members);
  EXPECT_FALSE(decoded<Committee>(w.take(), "committee").ok());
}

// Two quorums, all pairs of them, in every committee of up to seven.
TEST(WeightedCommittee, TwoQuorumsMeetInMoreThanAThirdOfTheWeightAndOfTheHeads) {
  for (size_t n = 4; n <= 7; ++n) {
    each_split(n, [&](const Classes& split) {
      const Committee c = weighted_committee(trusts(split));
      std::vector<uint32_t> quorums;
      for (uint32_t s = 0; s < (1u << n); ++s)
        if (c.is_quorum(set_of(s))) quorums.push_back(s);
      ASSERT_FALSE(quorums.empty()) << "all members together are no quorum";
      for (uint32_t a : quorums)
        for (uint32_t b : quorums) ASSERT_TRUE(c.holds_correct(set_of(a & b))) << n << " members";
    });
  }
}

// The faulty: any set with less than a third of the weight, or with at most f_a heads. Either is enough for safety;
// both together for progress.
TEST(WeightedCommittee, TwoQuorumsShareACorrectMemberUnderEitherBound) {
  for (size_t n = 4; n <= 6; ++n) {
    each_split(n, [&](const Classes& split) {
      const Committee c = weighted_committee(trusts(split));
      const uint32_t everybody = (1u << n) - 1;
      const auto weight = [&](uint32_t s) {
        uint64_t sum = 0;
        for (size_t p : set_of(s).positions()) sum += c.at(p).weight;
        return sum;
      };
      const auto heads = [&](uint32_t s) {
        size_t sum = 0;
        for (size_t p : set_of(s).positions())
          if (split.equal_weights() || c.at(p).trust > kRegularAbove) ++sum;
        return sum;
      };
      std::vector<uint32_t> quorums;
      for (uint32_t s = 0; s <= everybody; ++s)
        if (c.is_quorum(set_of(s))) quorums.push_back(s);
      const size_t f_a = (heads(everybody) - 1) / 3;
      for (uint32_t bad = 0; bad <= everybody; ++bad) {
        const bool light = 3 * weight(bad) < weight(everybody);
        const bool few = heads(bad) <= f_a;
        if (light && few) {
          EXPECT_TRUE(c.is_quorum(set_of(everybody & ~bad))) << "no progress without the faulty";
        }
        if (!light && !few) continue;
        EXPECT_FALSE(c.holds_correct(set_of(bad)));
        for (uint32_t a : quorums)
          for (uint32_t b : quorums) ASSERT_NE(a & b & ~bad, 0u) << n << " members, faulty " << bad;
      }
    });
  }
}

// The same by numbers for larger ones: in each class two sets of x and y of k share at least x + y - k, independently.
TEST(WeightedCommittee, TwoQuorumsMeetAlsoWhereSetsCannotBeListed) {
  for (size_t n : {13, 16}) {
    each_split(n, [&](const Classes& c) {
      if (c.equal_weights()) return;
      const Weighed all{c.total_weight(), c.trusted + c.regular};
      const auto of = [&](size_t t, size_t r, size_t f) {
        return Weighed{
            t * c.weight(TrustClass::kTrusted) + r * c.weight(TrustClass::kRegular) + f * c.weight(TrustClass::kFaulty),
            t + r};
      };
      std::vector<std::array<size_t, 3>> least;  // quorums of which no member can be left out
      for (size_t t = 0; t <= c.trusted; ++t)
        for (size_t r = 0; r <= c.regular; ++r)
          for (size_t f = 0; f <= c.faulty; ++f) {
            if (!is_weighed_quorum(of(t, r, f), all)) continue;
            if ((t > 0 && is_weighed_quorum(of(t - 1, r, f), all)) ||
                (r > 0 && is_weighed_quorum(of(t, r - 1, f), all)) ||
                (f > 0 && is_weighed_quorum(of(t, r, f - 1), all)))
              continue;
            least.push_back({t, r, f});
          }
      const auto shared = [](size_t x, size_t y, size_t k) { return x + y > k ? x + y - k : 0; };
      for (const auto& a : least)
        for (const auto& b : least)
          ASSERT_TRUE(weighed_holds_correct(
              of(shared(a[0], b[0], c.trusted), shared(a[1], b[1], c.regular), shared(a[2], b[2], c.faulty)), all));
    });
  }
}

// --- 20 bad of 50 (CONSENSUS.md 6, docs/trust.md): which sets are quorums. Members 0..19 are bad, 20..49 correct.

SignerSet range(size_t from, size_t to) {
  SignerSet s;
  for (size_t p = from; p < to; ++p) s.insert(p);
  return s;
}
SignerSet join(SignerSet a, const SignerSet& b) {
  for (size_t p : b.positions()) a.insert(p);
  return a;
}
Committee with_bad(uint32_t trust, size_t bad = 20) {
  std::vector<uint32_t> all(50, kTrusted);
  std::fill_n(all.begin(), bad, trust);
  return weighted_committee(all);
}

TEST(TwentyBadOfFifty, OfFullWeightFormTwoQuorumsThatShareNobodyElse) {
  const Committee c = with_bad(kTrusted);
  EXPECT_TRUE(c.is_quorum(join(range(0, 20), range(20, 35))));
  EXPECT_TRUE(c.is_quorum(join(range(0, 20), range(35, 50)))) << "together they fork: not safe";
}

TEST(TwentyBadOfFifty, OfFullWeightAndSilentLeaveNoQuorum) {
  EXPECT_FALSE(with_bad(kTrusted).is_quorum(range(20, 50))) << "60 % is no two thirds: safe, but it stands still";
}

TEST(TwentyBadOfFifty, WhoVoteHonestlyAreInEveryWayLikeTheOthers) {
  EXPECT_TRUE(with_bad(kTrusted).is_quorum(range(0, 34))) << "what they forge is refused by content, not by counting";
}

TEST(TwentyBadOfFifty, OfWhomFewerThanAThirdVoteTwiceForkNothing) {
  const Committee c = with_bad(kTrusted);
  for (size_t twice = 0; twice <= 20; ++twice) {
    // The best that `twice` double voters can do: all others are split between the two blocks.
    const size_t half = (50 - twice) / 2;
    const bool forks = c.is_quorum(join(range(0, twice), range(twice, twice + half))) &&
                       c.is_quorum(join(range(0, twice), range(twice + half, 50)));
    EXPECT_EQ(forks, twice > 17) << twice;  // at 17 the others are 33, and 17 + 16 is no quorum
  }
  EXPECT_TRUE(c.is_quorum(range(16, 50))) << "lives while at most 16 abstain";
  EXPECT_FALSE(c.is_quorum(range(17, 50)));
}

TEST(TwentyBadOfFifty, DemotedToFaultyNeitherForkNorStop) {
  const Committee c = with_bad(kFaulty);
  ASSERT_EQ(c.total_weight(), 3'000u);
  EXPECT_EQ(c.at(0).weight * 20, 600u) << "20 % of the weight";
  EXPECT_TRUE(c.is_quorum(range(20, 50))) << "lives without them";
  EXPECT_FALSE(c.is_quorum(join(range(0, 20), range(20, 35)))) << "with half of the others they are no quorum";
  EXPECT_FALSE(c.holds_correct(range(0, 20)));
}

TEST(TwentyBadOfFifty, ExposedInBatchesOfLessThanAThirdNeverFork) {
  for (size_t batch = 1; batch <= 16; ++batch) {
    for (size_t gone = 0; gone < 20; gone += batch) {
      const Committee c = with_bad(kMalicious, gone);  // those proven before count nothing any more
      const size_t acting = std::min(batch, 20 - gone);
      EXPECT_FALSE(c.holds_correct(range(gone, gone + acting))) << batch << " after " << gone;
      EXPECT_TRUE(c.is_quorum(range(gone + acting, 50))) << batch << " after " << gone;
    }
  }
}

}  // namespace
}  // namespace tieline
