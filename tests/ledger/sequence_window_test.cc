#include "ledger/sequence_window.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"

namespace tieline {
namespace {

constexpr uint64_t kWindow = kSequenceWindowMax;

TEST(SequenceWindow, AFirstNumberMayStandAnywhereInTheFirstWindow) {
  const SequenceWindow fresh;
  EXPECT_EQ(fresh.judge(0, kWindow), SequenceVerdict::kTooOld);
  EXPECT_EQ(fresh.judge(1, kWindow), SequenceVerdict::kFresh);
  EXPECT_EQ(fresh.judge(kWindow, kWindow), SequenceVerdict::kFresh);
  EXPECT_EQ(fresh.judge(kWindow + 1, kWindow), SequenceVerdict::kTooFar);
  EXPECT_EQ(fresh.judge(UINT64_MAX, kWindow), SequenceVerdict::kTooFar);
}

TEST(SequenceWindow, ANumberIsUsedOnce) {
  SequenceWindow w;
  w.use(5);
  EXPECT_EQ(w.judge(5, kWindow), SequenceVerdict::kDuplicate);
  EXPECT_EQ(w.judge(4, kWindow), SequenceVerdict::kFresh);
  w.use(4);
  EXPECT_EQ(w.judge(4, kWindow), SequenceVerdict::kDuplicate);
  EXPECT_EQ(w.highest(), 5u);
}

TEST(SequenceWindow, ItsEdgesAreExactAtBothEnds) {
  for (uint64_t window : {uint64_t{1}, uint64_t{10}, kWindow}) {
    SequenceWindow w;
    uint64_t at = 0;
    for (int i = 0; i < 5; ++i) w.use(at += window);
    EXPECT_EQ(w.judge(at - window, window), SequenceVerdict::kTooOld);
    EXPECT_EQ(w.judge(at - window + 1, window), window == 1 ? SequenceVerdict::kDuplicate : SequenceVerdict::kFresh);
    EXPECT_EQ(w.judge(at + window, window), SequenceVerdict::kFresh);
    EXPECT_EQ(w.judge(at + window + 1, window), SequenceVerdict::kTooFar);
  }
}

TEST(SequenceWindow, AJumpForgetsWhatFallsOutAndNothingElse) {
  SequenceWindow w;
  for (uint64_t s = 1; s <= 2'000; ++s) w.use(s);
  w.use(2'000 + 1'000);
  EXPECT_EQ(w.judge(2'000, kWindow), SequenceVerdict::kDuplicate);
  EXPECT_EQ(w.judge(1'977, kWindow), SequenceVerdict::kDuplicate);
  EXPECT_EQ(w.judge(1'976, kWindow), SequenceVerdict::kTooOld);
  EXPECT_EQ(w.judge(2'001, kWindow), SequenceVerdict::kFresh);
  EXPECT_EQ(w.judge(2'999, kWindow), SequenceVerdict::kFresh);
}

TEST(SequenceWindow, InOrderItIsAFewBytes) {
  SequenceWindow w;
  for (uint64_t s = 1; s <= 5'000; ++s) w.use(s);
  EXPECT_EQ(encoded(w).size(), 8u + 1 + 2);
}

TEST(SequenceWindow, AgreesWithASetOverRandomHistoriesInBothEncodings) {
  bool runs = false, bitmap = false;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    const uint64_t window = seed % 3 == 0 ? 50 : kWindow;
    const uint64_t reach = seed % 2 == 0 ? 4 : window;
    SequenceWindow w;
    std::set<uint64_t> used;
    uint64_t highest = 0;
    for (int step = 0; step < 1'500; ++step) {
      const uint64_t low = highest > window + 2 ? highest - window - 2 : 0;
      const uint64_t s =
          rng.chance(700'000) ? highest + 1 + rng.below(reach) : low + rng.below(highest + window + 3 - low);
      SequenceVerdict wanted = SequenceVerdict::kFresh;
      if (s > highest + window) {
        wanted = SequenceVerdict::kTooFar;
      } else if (s == 0 || s + window <= highest) {
        wanted = SequenceVerdict::kTooOld;
      } else if (used.contains(s)) {
        wanted = SequenceVerdict::kDuplicate;
      }
      ASSERT_EQ(w.judge(s, window), wanted) << "seed " << seed << " sequence " << s << " highest " << highest;
      if (wanted != SequenceVerdict::kFresh) continue;
      w.use(s);
      used.insert(s);
      highest = std::max(highest, s);
      const Bytes bytes = encoded(w);
      (bytes[8] == 255 ? bitmap : runs) = true;
      const auto back = decoded<SequenceWindow>(bytes, "window");
      ASSERT_TRUE(back.ok()) << "seed " << seed << " step " << step;
      ASSERT_EQ(*back, w);
    }
  }
  EXPECT_TRUE(runs);
  EXPECT_TRUE(bitmap);
}

TEST(SequenceWindow, EveryByteStringDecodesOneWayOrNotAtAll) {
  SequenceWindow few, many;
  for (uint64_t s : {1, 2, 3, 7, 8, 12}) few.use(s);
  for (uint64_t s = 1; s < 400; s += 2) many.use(s);
  for (const SequenceWindow& w : {few, many}) {
    const Bytes bytes = encoded(w);
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      Bytes other = bytes;
      other[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
      const auto back = decoded<SequenceWindow>(other, "window");
      if (!back.ok()) continue;
      EXPECT_EQ(encoded(*back), other) << "bit " << bit;
    }
  }
}

}  // namespace
}  // namespace tieline
