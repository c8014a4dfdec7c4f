// Blocks of a network with a market, as a leader fills them and as the others judge them: by benefit, each with its
// share, and no other order.

#include "../ledger/market_chain.h"
#include "scripted.h"

namespace tieline::replica::testing {
namespace {

using tieline::testing::kAuthority;
using tieline::testing::kBuyer;
using tieline::testing::kPoor;
using tieline::testing::kSeller;
using tieline::testing::MarketChain;

constexpr uint32_t kBlockTx = 20;
constexpr Height kLifetime = 50'000;  // of make_tx

Genesis market_world() {
  Genesis g = tieline::testing::market_genesis();
  const Genesis base = world_genesis();
  g.consensus = base.consensus;
  g.consensus.block_tx_max = kBlockTx;
  g.market->numbers.lifetime_blocks = kLifetime;
  return g;
}

std::vector<TxPtr> notes(const Genesis& g, ParticipantId by, uint64_t count, size_t payload) {
  std::vector<TxPtr> out;
  for (uint64_t s = 1; s <= count; ++s) out.push_back(make_tx(g, by, s, payload));
  return out;
}

// Blocks after the first one of the flood until the last of `who`'s stands.
Height waited(World& world, ParticipantId who) {
  Height first = 0, last = 0;
  for (const BlockCommitted& b : world.hosts[0].blocks) {
    for (const TxPtr& tx : b.block->txs) {
      if (first == 0) first = b.block->header.height;
      if (tx->signer() == who) last = b.block->header.height;
    }
  }
  EXPECT_NE(last, 0u);
  return last - first;
}

// 600 of one signer before one of another. As they come it would be in the thirtieth block.
TEST(BlockOrder, WhoFloodsDoesNotKeepAnotherWaiting) {
  World world(market_world());
  world.start_all();
  std::vector<TxPtr> txs = notes(world.genesis, kSeller, 600, 600);
  txs.push_back(make_tx(world.genesis, kPoor, 1));
  world.submit(0, txs);
  ASSERT_TRUE(world.run([&] { return world.committed(0) == txs.size(); }));
  EXPECT_LE(waited(world, kPoor), 2u);
  EXPECT_GE(waited(world, kSeller), 29u);
  for (const Host& host : world.hosts) EXPECT_EQ(host.counts.count(kBlockOutOfOrder), 0u);
}

// As many offers with all one's money behind them as one may have open, and more, against one worth its bytes.
TEST(BlockOrder, WhoIsRichBuysNoPlaceForAll) {
  World world(market_world());
  world.start_all();
  std::vector<TxPtr> txs;
  const energy::TradeTerms t = MarketChain::terms();
  for (const ParticipantId rich : {kSeller, kBuyer}) {
    for (uint64_t s = 1; s <= 300; ++s) {
      TransactionDraft d;
      d.chain = world.genesis.chain_id();
      d.signatories = {rich};
      d.sequence = s;
      d.timestamp_ms = world.genesis.time_ms;
      d.expiry_height = 50'000;
      const energy::TradeId id = energy::trade_id(d.chain, rich, s, 0);
      const auto share = participant_key(rich).sign_share(energy::endorsement_message(d.chain, id, 1, t).view());
      d.actions = {{ActionType::kOffer, energy::encode_market_action(energy::Offer{t, 20'000'000, share})}};
      txs.push_back(TestChain::make(d));
    }
  }
  txs.push_back(make_tx(world.genesis, kPoor, 1));
  world.submit(0, txs);
  ASSERT_TRUE(world.run([&] { return world.committed(0) == txs.size(); }, 60'000'000));
  // Two turns of 4,096 bytes of others' are more than a block of so few transactions: then one waits for points.
  EXPECT_LE(waited(world, kPoor), 31u) << "money buys at most 31 blocks";
}

TEST(BlockOrder, EveryValidatorCommitsWhatALeaderOrdered) {
  World world(market_world());
  world.start_all();
  uint64_t tag = 0;
  for (const ParticipantId by : {kSeller, kBuyer, kAuthority, kPoor}) {
    world.submit(static_cast<ValidatorId>(by % 4), notes(world.genesis, by, 50, 40), by, tag);
    tag += 50;
  }
  ASSERT_TRUE(world.run([&] {
    size_t all = 0;
    for (ValidatorId id = 0; id < 4; ++id) all += world.committed(id);
    return all == tag;
  }));
  ASSERT_TRUE(world.run([&] { return world.level(world.height(0)); }));
  for (const Host& host : world.hosts) EXPECT_EQ(host.counts.count(kBlockOutOfOrder), 0u);
}

struct OrderJudged : ScriptedTest {
  OrderJudged() { genesis = market_world(); }
};

TEST_F(OrderJudged, ABlockInAnotherOrderIsInvalidAndCounted) {
  MarketChain chain(market_world());
  std::vector<TxPtr> txs =
      chain.ledger.in_order({make_tx(chain.ledger.genesis(), kSeller, 1), make_tx(chain.ledger.genesis(), kPoor, 1)},
                            chain.tip, chain.view());
  const BlockDraft draft = chain.next(txs, 500);
  const auto executed = chain.ledger.execute(draft, chain.tip, chain.view());
  ASSERT_TRUE(executed.ok());
  verify(frame_from(0, TransactionsFrame{{txs[0]->bytes(), txs[1]->bytes()}}));
  Block other = TestChain::block_of(draft, *executed);
  std::swap(other.txs[0], other.txs[1]);
  other.header.tx_root = tx_root(other.txs);
  other.digest = other.header.digest();
  const Effects step = engine_says({ask(other)});
  const auto verdicts = seen<consensus::Judged>();
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_FALSE(verdicts[0].valid);
  EXPECT_EQ(verdicts[0].bad, std::nullopt) << "it takes the state to see it: no evidence";
  EXPECT_EQ(counted(step, kBlockOutOfOrder), 1u);
  engine_says({ask(TestChain::block_of(draft, *executed))});
  EXPECT_TRUE(seen<consensus::Judged>().back().valid);
}

}  // namespace
}  // namespace tieline::replica::testing
