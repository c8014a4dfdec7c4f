#include "standing/network.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tieline::standing {
namespace {

TEST(Sigmoid, RisesFromNothingToOneAndIsSymmetric) {
  EXPECT_EQ(sigmoid(0), 32'768u);
  EXPECT_EQ(sigmoid(65'536), 47'911u);  // 0.731059
  uint32_t last = 0;
  for (int64_t x = -10 * kOne; x <= 10 * kOne; x += 777) {
    const uint32_t y = sigmoid(x);
    EXPECT_GE(y, last) << x;
    EXPECT_EQ(y + sigmoid(-x), kCreditOne) << x;
    last = y;
  }
  EXPECT_EQ(sigmoid(int64_t{1} << 50), 65'514u) << "level beyond the table";
}

TEST(Network, OneNeuronIsWhatPaperAndPencilSay) {
  // Hidden: sigmoid(2 x1 - 1); output: sigmoid(4 h - 2). At x1 = 1/2: h = 1/2, output 1/2.
  CreditWeights w{1, {131'072, 0, 0, 0, 0, 0, 0, 0, -65'536, 262'144, -131'072}};
  Indicators x{};
  x[0] = kCreditOne / 2;
  EXPECT_EQ(network_output(w, x), 32'768u);
  x[0] = kCreditOne;  // h = sigmoid(1) = 0.731059, output = sigmoid(0.924234) = 0.715901
  EXPECT_NEAR(network_output(w, x), 46'917, 3);
}

TEST(Network, TheLargestWeightsDoNotOverflow) {
  CreditWeights w{kHiddenMax, std::vector<int32_t>(CreditWeights::size_of(kHiddenMax), INT32_MAX)};
  Indicators x;
  x.fill(kCreditOne);
  EXPECT_EQ(network_output(w, x), 65'514u);
  for (int32_t& v : w.values) v = INT32_MIN;
  EXPECT_EQ(network_output(w, x), 22u);
}

TEST(Linear, IsBestWithNothingAgainstAndWorstWithAll) {
  Indicators best{}, worst;
  best[5] = best[7] = kCreditOne;
  worst.fill(kCreditOne);
  worst[5] = worst[7] = 0;
  EXPECT_EQ(linear_output(best), kCreditOne);
  EXPECT_EQ(linear_output(worst), 0u);
  for (size_t i = 0; i < kIndicators; ++i) {
    Indicators x = best;
    x[i] = kCreditOne - x[i];
    EXPECT_EQ(linear_output(x), kCreditOne - kHandWeights[i]) << kIndicatorNames[i];
  }
}

TEST(Weights, ComeBackFromTheirFileAndAnyChangeIsSeen) {
  Rng rng(5);
  CreditWeights w{4, {}};
  for (size_t i = 0; i < CreditWeights::size_of(4); ++i) w.values.push_back(static_cast<int32_t>(rng.next()));
  const std::string text = weights_to_text(w);
  ASSERT_TRUE(weights_from_text(text).ok());
  EXPECT_EQ(*weights_from_text(text), w);
  EXPECT_EQ(*decoded<CreditWeights>(encoded(w), "weights"), w);
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    if (changed[at] < '0' || changed[at] > '9') continue;
    changed[at] = changed[at] == '9' ? '8' : static_cast<char>(changed[at] + 1);
    const auto read = weights_from_text(changed);
    ASSERT_FALSE(read.ok()) << at;
    EXPECT_EQ(read.error().code, "weights_invalid");
  }
  for (size_t end = 0; end + 1 < text.size(); ++end) EXPECT_FALSE(weights_from_text(text.substr(0, end)).ok()) << end;
  EXPECT_FALSE(weights_from_text(text + "1").ok());
  EXPECT_TRUE(weights_from_text("# a remark\n" + text).ok());
}

TEST(Weights, OfAnotherSizeThanTheirHiddenLayerAreRefused) {
  CreditWeights w{2, std::vector<int32_t>(CreditWeights::size_of(2), 1)};
  w.hidden = 3;
  EXPECT_FALSE(decoded<CreditWeights>(encoded(w), "weights").ok());
  w = {0, {}};
  EXPECT_FALSE(decoded<CreditWeights>(encoded(w), "weights").ok());
}

}  // namespace
}  // namespace tieline::standing
