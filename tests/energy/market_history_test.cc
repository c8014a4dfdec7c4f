// The past of a flow at the close of its intervals: who is far outside it is flagged or disputed, and what the profile
// learns of that.

#include <gtest/gtest.h>

#include "base/rng.h"
#include "energy/market.h"
#include "trade_fixture.h"

namespace tieline::energy {
namespace {

constexpr int64_t kMinute = 60'000;
const FlowKey kFeed{1, 2};
const FlowKey kTransit{2, 3};  // not of the zone's border: nothing but its own past and its neighbour speaks of it
const FlowKey kTaken{3, 4};

class Pasts : public ::testing::Test {
 protected:
  static MarketParams params() {
    MarketParams p;
    p.times = {0, kMinute, 20 * kMinute, 20 * kMinute, 30 * kMinute, 120 * kMinute, 180 * kMinute};
    p.zone = {0, 150'000, 20'000, 10};
    return p;
  }
  Pasts() : market_(params()) {
    const auto parties = test_parties();
    for (ParticipantId id = 1; id <= kParties; ++id) {
      MarketParticipant p;
      p.org = parties[id - 1].org;
      p.role = parties[id - 1].role;
      p.capacity_w = 2'000'000;
      market_.register_participant(id, p);
    }
  }
  void TearDown() override { EXPECT_EQ(market_.broken_invariant(), ""); }

  int64_t end() const { return (int64_t{slot_} + 1) * kSlotMs; }
  // Highest at noon; a fifth of it at midnight.
  uint64_t usual() const {
    const uint64_t of_day = slot_ % kDaySlots;
    return 20'000 + 1'600 * std::min(of_day, kDaySlots - of_day);
  }
  uint64_t about(uint64_t wh) { return wh * (900 + rng_.below(201)) / 1'000; }
  void record(const FlowKey& flow, uint64_t wh) {
    EXPECT_EQ(market_.record(slot_, flow, wh, Quality::kMeasured, end()), MarketRefusal::kNone);
  }
  void advance(int64_t after_end) {
    while (market_.advance(end() + after_end) > 0) {
    }
  }
  MeteredFlow close(uint64_t wh, std::optional<uint64_t> neighbour = std::nullopt) {
    record(kTransit, wh);
    if (neighbour) {
      EXPECT_EQ(market_.record_neighbour(slot_, kTransit, *neighbour, end()), MarketRefusal::kNone);
    }
    advance(20 * kMinute);
    return market_.flows_in(slot_).at(kTransit);
  }
  // Whole days as they usually are; the slot after them is open.
  void days(uint32_t count) {
    for (uint32_t i = 0; i < count * kDaySlots; ++i, ++slot_) {
      const MeteredFlow flow = close(about(usual()));
      ASSERT_EQ(flow.main.state, ReadingState::kValidated) << "slot " << i;
      ASSERT_FALSE(flow.flagged) << "slot " << i;
    }
    advance(0);
  }
  SeasonalProfile past() const { return market_.profiles().at(kTransit); }

  Rng rng_{7};
  Market market_;
  uint32_t slot_ = kTestSlot / kDaySlots * kDaySlots;
};

TEST_F(Pasts, SixtyHonestDaysAreUsual) { days(60); }

TEST_F(Pasts, BeforeTwoWeeksNothingIsSaidAndThenWhatIsFarOutsideIsDisputed) {
  days(10);
  EXPECT_EQ(close(8 * usual()).main.state, ReadingState::kValidated);
  ++slot_;
  days(20);
  const MeteredFlow high = close(8 * usual());
  EXPECT_EQ(high.main.state, ReadingState::kDisputed);
  EXPECT_FALSE(high.flagged);
  ++slot_;
  EXPECT_EQ(close(usual() / 50).main.state, ReadingState::kDisputed) << "and far below";
}

TEST_F(Pasts, WithANeighbourThatAgreesItIsFlaggedOnlyAndNotLearned) {
  days(15);
  const uint64_t wh = 8 * usual();
  const MeteredFlow flow = close(wh, wh);
  EXPECT_EQ(flow.main.state, ReadingState::kValidated);
  EXPECT_TRUE(flow.flagged);
  const uint32_t slot = slot_;
  advance(30 * kMinute);
  EXPECT_EQ(market_.flows_in(slot).at(kTransit).main.state, ReadingState::kSettled);
  EXPECT_LT(past().slots[slot % kDaySlots].hi, wh);
  EXPECT_EQ(past().slots[slot % kDaySlots].learned, 15);
  ++slot_;
  const MeteredFlow alone = close(wh, wh / 2);
  EXPECT_EQ(alone.main.state, ReadingState::kDisputed) << "one that does not agree is no help";
  EXPECT_FALSE(alone.flagged);
}

TEST_F(Pasts, ADisputeThatTimeEndsTeachesNothingAndOneThatTheNeighbourEndsDoes) {
  days(15);
  const uint64_t wh = 8 * usual();
  ASSERT_EQ(close(wh).main.state, ReadingState::kDisputed);
  advance(120 * kMinute);
  EXPECT_EQ(market_.flows_in(slot_).at(kTransit).main.state, ReadingState::kSettled);
  EXPECT_EQ(past().slots[slot_ % kDaySlots].learned, 15);
  slot_ += kDaySlots;
  ASSERT_EQ(close(wh).main.state, ReadingState::kDisputed);
  EXPECT_EQ(market_.accept(slot_, kTransit, kTransit.to, end() + 20 * kMinute), MarketRefusal::kNone);
  advance(30 * kMinute);
  EXPECT_EQ(past().slots[slot_ % kDaySlots].learned, 16);
  EXPECT_EQ(past().slots[slot_ % kDaySlots].hi, wh);
  slot_ += kDaySlots;
  ASSERT_EQ(close(2 * wh).main.state, ReadingState::kDisputed);
  EXPECT_EQ(market_.rule(slot_, kTransit, wh + 5, end() + 20 * kMinute), MarketRefusal::kNone);
  advance(30 * kMinute);
  EXPECT_EQ(past().slots[slot_ % kDaySlots].hi, wh + 5) << "what the regulator said";
}

TEST_F(Pasts, AGapThatTheLedgerFilledAndACorrectionOfOnesOwnTeachNothing) {
  days(1);
  record(kFeed, 10'000);  // the interval is there, and transit has no meter in it
  EXPECT_EQ(market_.record_neighbour(slot_, kTransit, 9'000, end()), MarketRefusal::kNone);
  advance(30 * kMinute);
  EXPECT_EQ(market_.flows_in(slot_).at(kTransit).main.wh, 9'000u);
  EXPECT_EQ(past().slots[slot_ % kDaySlots].learned, 1);
  for (const bool co_signed : {false, true}) {
    ++slot_;
    EXPECT_EQ(market_.record(slot_, kTransit, usual(), Quality::kEstimated, end()), MarketRefusal::kNone);
    advance(20 * kMinute);
    const Correction better{1, 7 * usual(), Quality::kMeasured, co_signed};
    EXPECT_EQ(market_.correct(slot_, kTransit, better, end() + 20 * kMinute), MarketRefusal::kNone);
    advance(30 * kMinute);
    EXPECT_EQ(past().slots[slot_ % kDaySlots].learned, co_signed ? 2 : 1);
  }
}

// One profile a flow, however long it is metered.
TEST_F(Pasts, AProfileDoesNotGrow) {
  days(2);
  const size_t bytes = encoded(past()).size();
  days(3);
  EXPECT_EQ(encoded(past()).size(), bytes);
  EXPECT_EQ(std::distance(market_.profiles().begin(), market_.profiles().end()), 1);
}

}  // namespace
}  // namespace tieline::energy
