// Market time: the block's, or faster where genesis says so.

#include <gtest/gtest.h>

#include "ledger/execute.h"
#include "market_chain.h"

namespace tieline::testing {
namespace {

constexpr uint64_t kRate = 1'000;
constexpr int64_t kRoundMs = 15 * 60'000;

Genesis with_rate(uint64_t rate) {
  Genesis g = market_genesis();
  g.market->numbers.time_rate = rate;
  return g;
}

TEST(MarketTime, IsTheBlocksUnlessGenesisSaysThatItPassesFaster) {
  const Genesis fast = with_rate(kRate), plain = with_rate(1);
  EXPECT_EQ(market_time_ms(plain, plain.time_ms + 5), plain.time_ms + 5);
  EXPECT_EQ(market_time_ms(fast, fast.time_ms), fast.time_ms);
  EXPECT_EQ(market_time_ms(fast, fast.time_ms + 5), fast.time_ms + 5'000);
  EXPECT_EQ(market_time_ms(fast, fast.time_ms - 5), fast.time_ms - 5);
  EXPECT_EQ(market_time_ms(fast, kBlockTimeMsMax), kBlockTimeMsMax) << "and never leaves the years that blocks have";
  Genesis none = fast;
  none.market.reset();
  EXPECT_EQ(market_time_ms(none, none.time_ms + 5), none.time_ms + 5);
}

TEST(MarketTime, DeadlinesOfTradesComeByIt) {
  for (const uint64_t rate : {uint64_t{1}, kRate}) {
    MarketChain c(with_rate(rate));
    const energy::TradeId id = c.next_id(kSeller);
    ASSERT_EQ(c.run({kSeller}, c.offer(kSeller, MarketChain::terms())), TxCode::ok) << rate;
    ASSERT_TRUE(c.trade(id).has_value());
    c.add({}, kRoundMs / static_cast<int64_t>(kRate));
    EXPECT_EQ(c.trade(id).has_value(), rate == 1) << "an offer that nobody answers lapses after its round";
  }
}

TEST(MarketTime, AReadingIsOfTheFutureByIt) {
  for (const uint64_t rate : {uint64_t{1}, kRate}) {
    MarketChain c(with_rate(rate));
    c.add({}, 4 * 900);  // four quarters of an hour, or 3.6 seconds
    const TxCode code = c.add_one(c.meter(kSeller, kSellerMeter, 1'000, Obis::kExport));
    EXPECT_EQ(code, rate == 1 ? TxCode::future_interval : TxCode::ok);
  }
}

TEST(MarketTime, PassesByTicksAloneWhereGenesisSaysSo) {
  MarketChain c(with_rate(0));
  const int64_t begun = c.ledger.genesis().time_ms;
  const energy::TradeId id = c.next_id(kSeller);
  ASSERT_EQ(c.run({kSeller}, c.offer(kSeller, MarketChain::terms())), TxCode::ok);
  c.add({}, 10 * kRoundMs);
  EXPECT_TRUE(c.trade(id).has_value()) << "however long it takes";
  EXPECT_EQ(c.run({kSeller}, energy::Tick{begun + kRoundMs}), TxCode::not_authorised);
  EXPECT_EQ(c.run({kAuthority}, energy::Tick{begun - 1}), TxCode::too_late);
  EXPECT_EQ(c.run({kAuthority}, energy::Tick{kBlockTimeMsMax + 1}), TxCode::malformed);
  EXPECT_EQ(c.run({kAuthority}, energy::Tick{begun + kRoundMs}), TxCode::ok);
  EXPECT_TRUE(c.trade(id).has_value()) << "it counts from the next block on";
  c.add({}, 0);
  EXPECT_FALSE(c.trade(id).has_value());
  EXPECT_EQ(c.run({kAuthority}, energy::Tick{begun + kRoundMs - 1}), TxCode::too_late) << "and never goes back";
}

TEST(MarketTime, TicksMeanNothingWhereTimePasses) {
  MarketChain c(with_rate(1));
  EXPECT_EQ(c.run({kAuthority}, energy::Tick{c.tip.time_ms + kRoundMs}), TxCode::not_authorised);
}

}  // namespace
}  // namespace tieline::testing
