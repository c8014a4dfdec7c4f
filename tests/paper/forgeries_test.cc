#include "paper/forgeries.h"

#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <sstream>
#include <vector>

namespace tieline::paper {
namespace {

std::vector<uint64_t> a_day() {
  std::vector<uint64_t> day(96);
  for (size_t i = 0; i < day.size(); ++i) day[i] = i < 24 || i > 72 ? 0 : 1'000 + 10 * i;
  return day;
}

Truth reading(const std::vector<uint64_t>& day) {
  Truth t;
  t.start_s = 1'700'000'100;
  t.wh = 1'500;
  t.limit_w = 10'000;
  t.day = day;
  t.other_wh = 90;
  return t;
}

TEST(Forgeries, TheSameSeedSaysTheSame) {
  const auto day = a_day();
  Rng a(7), b(7);
  for (int i = 0; i < 200; ++i) {
    const auto one = forge(ForgeryClass::kImplausibleLoad, reading(day), a);
    const auto other = forge(ForgeryClass::kImplausibleLoad, reading(day), b);
    ASSERT_TRUE(one && other);
    EXPECT_EQ(one->said.wh, other->said.wh);
  }
}

TEST(Forgeries, AnImplausibleLoadIsTwiceOrHalfTheTruth) {
  const auto day = a_day();
  Rng rng(1);
  size_t above = 0, below = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto lie = forge(ForgeryClass::kImplausibleLoad, reading(day), rng);
    ASSERT_TRUE(lie);
    EXPECT_TRUE(lie->said.wh >= 3'000 || lie->said.wh <= 750) << lie->said.wh;
    (lie->said.wh > 1'500 ? above : below)++;
  }
  EXPECT_GT(above, 100u);
  EXPECT_GT(below, 100u);
}

TEST(Forgeries, WhoGainsNothingForgesNothing) {
  const std::vector<uint64_t> night(96, 0);
  Truth t = reading(night);
  t.wh = t.other_wh = t.limit_w = 0;
  Rng rng(1);
  EXPECT_FALSE(forge(ForgeryClass::kImplausibleLoad, t, rng));
  EXPECT_FALSE(applies(ForgeryClass::kPlausibleLoad, t));
}

TEST(Forgeries, APlausibleLoadIsWithinAFifth) {
  const auto day = a_day();
  Rng rng(1);
  for (int i = 0; i < 1'000; ++i) {
    const auto lie = forge(ForgeryClass::kPlausibleLoad, reading(day), rng);
    ASSERT_TRUE(lie);
    EXPECT_NE(lie->said.wh, 1'500u);
    EXPECT_GE(lie->said.wh, 1'250u);
    EXPECT_LE(lie->said.wh, 1'800u);
  }
}

TEST(Forgeries, CapacityCostAndLineAreBeyondWhatIsRegistered) {
  const auto day = a_day();
  Truth t = reading(day);
  t.cost = 40, t.cost_lo = 30'000'000, t.cost_hi = 60'000'000, t.line_w = 9'000;
  Rng rng(1);
  for (int i = 0; i < 500; ++i) {
    EXPECT_GE(forge(ForgeryClass::kOverCapacity, t, rng)->said.wh, 2'625u);
    t.kind = Truth::Kind::kCost;
    const uint64_t cost = forge(ForgeryClass::kGenerationCost, t, rng)->said.cost;
    EXPECT_TRUE(cost >= 63'000'000 || cost <= 28'571'429) << cost;
    const uint64_t within = forge(ForgeryClass::kPlausibleLoad, t, rng)->said.cost;
    EXPECT_TRUE(within >= 30'000'000 && within <= 60'000'000) << within;
    t.kind = Truth::Kind::kLineCapacity;
    EXPECT_GE(forge(ForgeryClass::kLineCapacity, t, rng)->said.line_w, 10'500u);
    EXPECT_LT(forge(ForgeryClass::kPlausibleLoad, t, rng)->said.line_w, 9'000u);
    t.kind = Truth::Kind::kReading;
  }
}

TEST(Forgeries, AForgedTimeMovesTheIntervalOrTheSigning) {
  const auto day = a_day();
  const Truth t = reading(day);
  Rng rng(1);
  size_t moved = 0, signed_elsewhere = 0;
  for (int i = 0; i < 500; ++i) {
    const auto lie = forge(ForgeryClass::kForgedTime, t, rng);
    ASSERT_TRUE((lie->said.start_s != t.start_s) != (lie->signed_later_s != 0));
    (lie->signed_later_s == 0 ? moved : signed_elsewhere)++;
  }
  EXPECT_GT(moved, 200u);
  EXPECT_GT(signed_elsewhere, 100u);
}

TEST(Forgeries, OneBitIsFlipped) {
  const Bytes bytes(100, 0x5a);
  Rng rng(3);
  for (int i = 0; i < 100; ++i) {
    const Bytes other = flipped_bit(bytes, rng);
    int bits = 0;
    for (size_t k = 0; k < bytes.size(); ++k) bits += std::popcount(static_cast<unsigned>(bytes[k] ^ other[k]));
    EXPECT_EQ(bits, 1);
  }
}

TEST(Forgeries, LogUniformHasItsMedianAtTheGeometricMean) {
  Rng rng(5);
  size_t below = 0;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t x = log_uniform(1'000, 9'000, rng);
    ASSERT_TRUE(x >= 1'000 && x <= 9'000);
    below += x < 3'000 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(below), 5'000, 250);
}

// The point of the generator: it cannot know what the checks look for.
TEST(Forgeries, ShareNoCodeWithTheChecks) {
  for (const char* name : {"/src/paper/forgeries.h", "/src/paper/forgeries.cc"}) {
    std::ifstream file(std::string(TIELINE_SOURCE_DIR) + name);
    ASSERT_TRUE(file) << name;
    for (std::string line; std::getline(file, line);) {
      if (!line.starts_with("#include \"")) continue;
      EXPECT_TRUE(line.find("\"base/") != std::string::npos || line.find("\"paper/forgeries.h\"") != std::string::npos)
          << name << " includes " << line;
    }
  }
}

}  // namespace
}  // namespace tieline::paper
