#include "consensus/measuring.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace tieline::consensus {
namespace {

Now at(int64_t ms) { return {ms * kMicrosPerMilli, 0}; }

Committee committee() {
  std::vector<Member> members(4);
  for (size_t i = 0; i < members.size(); ++i) members[i].id = static_cast<ValidatorId>(10 + i);
  return Committee(3, sha256(view_of("seed")), members);
}

Measuring measuring(uint32_t epoch_blocks = 100) {
  ConsensusParams p;
  p.epoch_blocks = epoch_blocks;
  return Measuring(10, sha256(view_of("secret")), p);
}

TEST(Measuring, AWindowIsSixteenBlocksOrFiveSecondsWithOne) {
  Measuring m = measuring();
  EXPECT_FALSE(m.window_over(at(100), 15));
  EXPECT_TRUE(m.window_over(at(100), 16));
  EXPECT_FALSE(m.window_over(at(5'099), 17));
  EXPECT_TRUE(m.window_over(at(5'100), 17));
  EXPECT_FALSE(m.window_over(at(90'000), 17)) << "no block, no window: its number would not be new";
}

TEST(Measuring, AShortEpochHasTwoWindows) {
  Measuring m = measuring(6);
  EXPECT_FALSE(m.window_over(at(1), 2));
  EXPECT_TRUE(m.window_over(at(1), 3));
  EXPECT_TRUE(m.window_over(at(2), 6));
  m.new_epoch();
  EXPECT_TRUE(m.window_over(at(3), 3));
}

TEST(Measuring, RoundTripsAreMediansOfTheNewest) {
  Measuring m = measuring(2);
  uint32_t blocks = 0;
  for (int64_t rtt : {900, 10, 20, 30, 40, 50, 60, 70, 80}) {
    const int64_t sent = 10'000 * (++blocks);
    const auto number = m.window_over(at(sent), blocks);
    ASSERT_TRUE(number);
    m.answered(at(sent + rtt), 12, *number);
  }
  const auto report = m.report(committee(), blocks);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->reporter, 10);
  EXPECT_EQ(report->epoch, 3u);
  EXPECT_EQ(report->window, blocks);
  EXPECT_EQ(report->rtt_ms, (std::vector<uint16_t>{kNotMeasured, kNotMeasured, 40, kNotMeasured}));
}

TEST(Measuring, WhoAnswersNoMoreIsNotMeasuredAnyLonger) {
  Measuring m = measuring(2);
  std::vector<uint16_t> told;
  for (uint32_t blocks = 1; blocks <= 9; ++blocks) {
    const auto number = m.window_over(at(1'000 * blocks), blocks);
    ASSERT_TRUE(number);
    const auto report = m.report(committee(), blocks);
    if (report) told.push_back(report->rtt_ms[2]);
    m.answered(at(1'000 * blocks + 7), 11, *number);
    if (blocks <= 3 || blocks >= 8) m.answered(at(1'000 * blocks + 20), 12, *number);
  }
  // Rounds 4 to 6 are unanswered when the seventh is asked, and with round 8 it is there again.
  EXPECT_EQ(told, (std::vector<uint16_t>{20, 20, 20, 20, 20, kNotMeasured, kNotMeasured, 20}));
}

TEST(Measuring, AnAnswerCountsOnceAPeerAndOnlyToANumberThatWasAsked) {
  Measuring m = measuring(2);
  const auto number = m.window_over(at(0), 1);
  m.answered(at(5), 11, *number + 1);
  EXPECT_FALSE(m.report(committee(), 1)) << "nothing measured, nothing said";
  m.answered(at(7), 11, *number);
  m.answered(at(700), 11, *number);
  m.answered(at(700), 11, *number);
  EXPECT_EQ(m.report(committee(), 1)->rtt_ms[1], 7u);
}

TEST(Measuring, AnswersToRoundsOfLongAgoAndVeryLateOnesAreBounded) {
  Measuring m = measuring(2);
  const auto first = m.window_over(at(0), 1);
  m.answered(at(10'000'000), 11, *first);
  EXPECT_EQ(m.report(committee(), 1)->rtt_ms[1], kMeasureMsMax) << "never the value that means nothing";
  for (uint32_t i = 0; i < kProbesOpen; ++i) ASSERT_TRUE(m.window_over(at(1), 2 + i));
  m.answered(at(2), 12, *first);
  EXPECT_FALSE(m.report(committee(), 1)) << "an answer to a round of long ago counts for nothing, nor do old ones";
}

TEST(Measuring, IntervalsCountOnlyWhileThereIsWork) {
  Measuring m = measuring();
  m.new_view(at(1'000));
  m.proposed(at(1'100), 11, std::nullopt);
  EXPECT_FALSE(m.report(committee(), 1)) << "idle";
  m.proposed(at(9'000), 11, int64_t{8'980} * kMicrosPerMilli);
  EXPECT_EQ(m.report(committee(), 1)->interval_ms[1], 20u) << "since the work is there";
  m.proposed(at(9'300), 11, int64_t{8'980} * kMicrosPerMilli);
  m.proposed(at(9'600), 11, int64_t{8'980} * kMicrosPerMilli);
  EXPECT_EQ(m.report(committee(), 1)->interval_ms[1], 300u) << "since its block before";
  m.new_view(at(10'000));
  m.proposed(at(10'050), 12, int64_t{8'980} * kMicrosPerMilli);
  EXPECT_EQ(m.report(committee(), 1)->interval_ms[2], 50u) << "since its view began";
  m.proposed(at(10'070), 10, int64_t{8'980} * kMicrosPerMilli);
  EXPECT_EQ(m.report(committee(), 1)->interval_ms[0], kNotMeasured) << "nobody measures itself";
}

}  // namespace
}  // namespace tieline::consensus
