#include "energy/private_region.h"

#include <gtest/gtest.h>

#include "private_testing.h"

namespace tieline::energy {
namespace {

using testing::kChain;
using testing::kNoon;
using testing::secret_of;

std::string code(const Status& status) { return status ? "" : status.error().code; }
std::string code(const Result<Bytes>& result) { return result ? "" : result.error().code; }

// Twelve points that draw 100, 110, .. Wh (1,860 in all), two of which feed in 50 and 60; one gap of 30 Wh.
struct Area {
  Area() {
    balance.chain = kChain;
    balance.regions = {4, 5};
    balance.meters = 13;
    balance.start_s = kNoon;
    balance.duration_s = 900;
    balance.substituted_drawn_wh = 30;
    balance.loss_lo_ppm = 20'000;
    balance.loss_hi_ppm = 100'000;
    for (uint64_t i = 0; i < 12; ++i) add(balance.drawn, sums.drawn, 100 + 10 * i);
    add(balance.fed, sums.fed, 50);
    add(balance.fed, sums.fed, 60);
    balance.feeder_in_wh = 1'890;  // with 110 fed in: 2,000 injected, 1,890 withdrawn, a loss of 5.5 %
  }
  void add(std::vector<Commitment>& list, Opening& sum, uint64_t wh) {
    const std::string name = std::to_string(++made);
    const Blinding blinding = derive_blinding("tieline/test/1", secret_of("area"), {view_of(name)});
    list.push_back(commit(wh, blinding).value());
    sum.value += wh;
    const std::vector<Blinding> both = {sum.blinding, blinding};
    sum.blinding = combine(both, std::vector<Int128>{1, 1}).value();
  }
  Result<Bytes> prove() const { return prove_region(balance, sums, secret_of("prover")); }

  RegionBalance balance;
  RegionOpening sums;
  int made = 0;
};

TEST(PrivateRegion, ALossWithinTheBandIsProvedAndItsProofHoldsForThisBalanceOnly) {
  const Area area;
  const Bytes proof = area.prove().value();
  EXPECT_EQ(proof.size(), 641u);
  EXPECT_EQ(code(check_region(area.balance, proof)), "");
  const auto refusal = [&](auto change) {
    RegionBalance balance = area.balance;
    change(balance);
    return code(check_region(balance, proof));
  };
  EXPECT_EQ(refusal([](RegionBalance& b) { b.chain.bytes[0] ^= 1; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.regions = {4}; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.meters += 1; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.start_s += 900; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.duration_s += 900; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.feeder_in_wh += 1; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.feeder_out_wh += 1; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.substituted_drawn_wh += 1; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.substituted_fed_wh += 1; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.loss_lo_ppm += 1; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.loss_hi_ppm -= 1; }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.drawn.pop_back(); }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { std::swap(b.drawn[0], b.fed[0]); }), "bad_range_proof");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.drawn[0] = {}; }), "bad_commitment");
  for (size_t i = 0; i < proof.size(); i += 9) {  // every byte is range_proof_test's
    Bytes bad = proof;
    bad[i] ^= 1;
    EXPECT_EQ(code(check_region(area.balance, bad)), "bad_range_proof") << i;
  }
  EXPECT_EQ(code(check_region(area.balance, {})), "bad_range_proof");
}

TEST(PrivateRegion, TheBandsEndsAreExact) {
  // 2,000 injected, 1,890 withdrawn: 10^6 x 110 / 2,000 = 55,000 ppm.
  Area area;
  area.balance.loss_lo_ppm = area.balance.loss_hi_ppm = 55'000;
  EXPECT_EQ(code(check_region(area.balance, area.prove().value())), "");
  area.balance.loss_lo_ppm = area.balance.loss_hi_ppm = 55'001;
  EXPECT_EQ(code(area.prove()), "out_of_range");
  area.balance.loss_lo_ppm = area.balance.loss_hi_ppm = 54'999;
  EXPECT_EQ(code(area.prove()), "out_of_range");
}

TEST(PrivateRegion, EnergyThatIsMissingOrAppearsFromNowhereHasNoProof) {
  Area theft;
  theft.balance.feeder_in_wh = 2'200;  // a fifth is lost
  EXPECT_EQ(code(theft.prove()), "out_of_range");
  Area magic;
  magic.balance.feeder_in_wh = 1'700;  // more drawn than delivered
  EXPECT_EQ(code(magic.prove()), "out_of_range");
  Area wrong_sums;
  wrong_sums.sums.drawn.value -= 1;
  EXPECT_EQ(code(wrong_sums.prove()), "out_of_range");
}

TEST(PrivateRegion, WithoutFeedInItIsTheFormulaOfTheSpecification) {
  Area area;
  area.balance.fed.clear();
  area.sums.fed = {};
  area.balance.substituted_drawn_wh = 0;
  area.balance.feeder_in_wh = 2'000;
  const Bytes proof = area.prove().value();  // 1,860 of 2,000: a loss of 7 %
  EXPECT_EQ(code(check_region(area.balance, proof)), "");
  // (10^6 - lo) S - 10^6 sum(v) and 10^6 sum(v) - (10^6 - hi) S, by hand.
  EXPECT_EQ((1'000'000 - 20'000) * 2'000LL - 1'000'000 * 1'860LL, 100'000'000);
  EXPECT_EQ(1'000'000 * 1'860LL - (1'000'000 - 100'000) * 2'000LL, 60'000'000);
}

TEST(PrivateRegion, ARegionOfGapsAloneIsPublic) {
  Area area;
  area.balance.drawn.clear();
  area.balance.fed.clear();
  area.sums = {};
  area.balance.substituted_drawn_wh = 1'890;
  area.balance.substituted_fed_wh = 110;
  EXPECT_EQ(area.prove().value(), Bytes{});
  EXPECT_EQ(code(check_region(area.balance, {})), "");
  EXPECT_EQ(code(check_region(area.balance, Bytes{1})), "bad_range_proof");
  area.balance.feeder_in_wh = 1'780;
  EXPECT_EQ(code(area.prove()), "out_of_range");
  EXPECT_EQ(code(check_region(area.balance, {})), "bad_range_proof");
}

TEST(PrivateRegion, BoundsAreNamedAndHeld) {
  const auto refusal = [](auto change) {
    Area area;
    change(area.balance);
    return code(area.prove());
  };
  EXPECT_EQ(refusal([](RegionBalance& b) { b.meters = 9; }), "region_too_small");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.regions.clear(); }), "bad_balance");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.loss_lo_ppm = b.loss_hi_ppm + 1; }), "bad_balance");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.loss_hi_ppm = 1'000'001; }), "bad_balance");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.feeder_in_wh = UINT64_MAX; }), "bad_balance");
  EXPECT_EQ(refusal([](RegionBalance& b) { b.drawn.resize(kRegionPointsMax + 1); }), "bad_balance");
}

TEST(PrivateRegion, SmallRegionsAreMergedUntilEachGroupHasTenMeters) {
  const auto ids = [](std::vector<Region> regions) {
    std::vector<std::vector<uint32_t>> out;
    const auto groups = merge_regions(regions);
    if (!groups) return out;
    for (const auto& group : *groups) {
      out.emplace_back();
      uint32_t meters = 0;
      for (const Region& region : group) {
        out.back().push_back(region.id);
        meters += region.meters;
      }
      EXPECT_GE(meters, kRegionMetersMin);
    }
    return out;
  };
  using Groups = std::vector<std::vector<uint32_t>>;
  EXPECT_EQ(ids({{1, 10}, {2, 40}}), (Groups{{1}, {2}}));
  EXPECT_EQ(ids({{1, 3}, {2, 3}, {3, 5}, {4, 12}}), (Groups{{1, 2, 3}, {4}}));
  EXPECT_EQ(ids({{1, 10}, {2, 9}}), (Groups{{1, 2}}));
  EXPECT_EQ(ids({{1, 10}, {2, 0}, {7, 11}, {8, 1}, {9, 2}}), (Groups{{1}, {2, 7, 8, 9}}));
  const auto refused = merge_regions(std::vector<Region>{{1, 4}, {2, 5}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "region_too_small");
  EXPECT_FALSE(merge_regions({}).ok());
}

}  // namespace
}  // namespace tieline::energy
