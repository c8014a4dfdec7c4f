// The market in schedules: trades are settled, disputes are ruled on, and whoever keeps the books a second time notices
// a unit that comes from nowhere or is locked for ever.

#include <gtest/gtest.h>

#include "energy/market_actions.h"
#include "ledger/market_state.h"
#include "ledger/memory_store.h"
#include "sim/market_clients.h"
#include "sim/setup.h"
#include "sim/tally.h"

namespace tieline::sim {
namespace {

SimOptions with_market(bool market) {
  SimOptions options;
  options.market = market;
  return options;
}

struct Chain {
  Chain() {
    genesis = draw_setup(1, with_market(true), keys).genesis;
    member = genesis.market->members.front().participant;
  }
  energy::Account account() const { return market_of_genesis(genesis).book().account(member); }
  static Execution writing(std::vector<std::pair<Bytes, Bytes>> records) {
    auto writes = std::make_shared<WriteSet>();
    for (auto& [name, value] : records) (*writes)[state::key_of(name)] = std::move(value);
    Execution execution;
    execution.writes = std::move(writes);
    return execution;
  }
  Execution with_account(const energy::Account& account) const {
    return writing({{energy::account_name(member), encoded(account)}});
  }

  SimKeys keys{1, keys_of(1, with_market(true))};
  Genesis genesis;
  ParticipantId member = 0;
};

TEST(MarketBooks, NoticeAUnitThatNobodyIssued) {
  const Chain chain;
  MarketBooks books(chain.genesis);
  const Block block;
  energy::Account account = chain.account();
  EXPECT_FALSE(books.committed(block, chain.with_account(account)));
  ++account[energy::Purse::kMargin];
  EXPECT_TRUE(books.committed(block, chain.with_account(account)));
  --account[energy::Purse::kBalance];
  EXPECT_FALSE(books.committed(block, chain.with_account(account))) << "moved from purse to purse";
}

TEST(MarketBooks, NoticeMoneyThatIsRecordedAsIssuedWithoutASignature) {
  const Chain chain;
  MarketBooks books(chain.genesis);
  energy::Account account = chain.account();
  account[energy::Purse::kBalance] += 5;
  energy::MarketTotals totals;
  totals.issued = market_of_genesis(chain.genesis).book().issued + 5;
  const Execution both = Chain::writing(
      {{energy::account_name(chain.member), encoded(account)}, {energy::market_totals_name(), encoded(totals)}});
  EXPECT_TRUE(books.committed(Block(), both));
}

TEST(MarketAtRest, IsNotWhereMoneyIsStillLocked) {
  const Chain chain;
  const Ledger ledger(chain.genesis, chain.keys);
  MemoryStore store;
  store.apply(ledger.genesis_batch());
  EXPECT_EQ(market_at_rest(chain.genesis, store).value_or(""), "");
  for (const energy::Purse purse : {energy::Purse::kMargin, energy::Purse::kPayment, energy::Purse::kStake}) {
    energy::Account account = chain.account();
    ++account[purse];
    store.exchange(Column::kState, state::key_of(energy::account_name(chain.member)),
                   std::make_shared<const Bytes>(encoded(account)));
    EXPECT_TRUE(market_at_rest(chain.genesis, store)) << static_cast<int>(purse);
  }
}

TEST(MarketSchedules, SettleTradesAndDisputesWithoutAFinding) {
  Tally tally;
  for (uint64_t seed = 500; seed < 580; ++seed) {
    const SimOptions options = with_market(true);
    const ScheduleResult result = run_schedule(options, seed, plan_of(options, seed));
    EXPECT_FALSE(result.finding) << "seed " << seed << ": " << result.finding->what;
    tally.add(seed, result);
  }
  EXPECT_GT(tally.settlement, 20u);
  EXPECT_GT(tally.dispute, 0u);
}

TEST(MarketSchedules, LeaveTheOthersAsTheyWere) {
  size_t without = 0;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    const SimOptions drawn, none = with_market(false);
    if (has_market(seed, drawn)) continue;
    ++without;
    EXPECT_EQ(run_schedule(drawn, seed, plan_of(drawn, seed)).trace_hash,
              run_schedule(none, seed, plan_of(none, seed)).trace_hash);
  }
  EXPECT_GT(without, 6u);
  EXPECT_LT(without, 12u) << "some have one";
}

}  // namespace
}  // namespace tieline::sim
