// The order inside a block of a network with a market: one order is valid, and what it is made of.

#include <gmock/gmock.h>

#include "base/rng.h"
#include "ledger/block_order.h"
#include "market_chain.h"

namespace tieline::testing {
namespace {

using ::testing::HasSubstr;

std::vector<TxPtr> ordered(const MarketChain& chain, std::vector<TxPtr> txs) {
  return chain.ledger.in_order(std::move(txs), chain.tip, chain.view());
}
size_t place(const std::vector<TxPtr>& txs, const TxPtr& tx) {
  return static_cast<size_t>(std::find(txs.begin(), txs.end(), tx) - txs.begin());
}
TxPtr note(MarketChain& chain, ParticipantId by) { return chain.send({by}, {{ActionType::kData, Bytes{1}}}); }

TEST(MarketOrder, EveryOtherOrderOfABlockIsInvalid) {
  MarketChain chain;
  std::vector<TxPtr> txs;
  for (ParticipantId by = 1; by <= kPoor; ++by)
    for (int i = 0; i < 2; ++i) txs.push_back(note(chain, by));
  txs = ordered(chain, txs);
  const auto good = chain.ledger.execute(chain.next(txs), chain.tip, chain.view());
  ASSERT_TRUE(good.ok());
  const BlockDraft draft = chain.next(txs);
  EXPECT_TRUE(chain.ledger.judge(TestChain::block_of(draft, *good), chain.tip, chain.view()).ok());
  for (size_t i = 0; i + 1 < txs.size(); ++i) {
    std::vector<TxPtr> other = txs;
    std::swap(other[i], other[i + 1]);
    const Error refusal = chain.refusal(chain.next(other));
    EXPECT_EQ(refusal.code, kBlockOutOfOrder);
    EXPECT_THAT(refusal.why, HasSubstr("belongs in place " + std::to_string(i)));
    // A header that is right in everything else does not help.
    Block block = TestChain::block_of(draft, *good);
    block.txs = other;
    block.header.tx_root = tx_root(other);
    block.digest = block.header.digest();
    EXPECT_EQ(chain.ledger.judge(block, chain.tip, chain.view()).error().code, kBlockOutOfOrder);
  }
}

TEST(MarketOrder, WithoutAMarketEveryOrderIsValid) {
  TestChain chain;
  const std::vector<TxPtr> txs = {chain.data(kPlant, 1), chain.data(kUser, 1), chain.data(kSecondPlant, 1)};
  std::vector<TxPtr> back(txs.rbegin(), txs.rend());
  EXPECT_EQ(chain.ledger.in_order(back, chain.tip, chain.view()), back);
  EXPECT_TRUE(chain.ledger.execute(chain.next(txs), chain.tip, chain.view()).ok());
  EXPECT_TRUE(chain.ledger.execute(chain.next(back), chain.tip, chain.view()).ok());
}

TEST(MarketOrder, ATradeComesBeforeANoteIfItsFundsAreThere) {
  MarketChain chain;
  const energy::TradeTerms t = MarketChain::terms();
  const TxPtr noted = note(chain, kRegulating);
  const TxPtr offer = chain.act({kBuyer}, {chain.offer(kBuyer, t)});
  const auto got = ordered(chain, {noted, offer});
  EXPECT_EQ(got.front(), offer);

  // The same from one who has nothing: what it claims to lock counts as far as its ten units go.
  energy::TradeTerms unfunded = t;
  unfunded.party[3] = kPoor;
  const TxPtr hollow = chain.act({kPoor}, {chain.offer(kPoor, unfunded)});
  EXPECT_EQ(ordered(chain, {hollow, noted}).front(), noted) << "claims buy no place";
  energy::TradeTerms wrong = t;
  wrong.grid_loss_ppm = 1'000'000;  // no energy could get through
  const TxPtr nonsense = chain.act({kBuyer}, {energy::Offer{wrong, kMoney, {}}});
  EXPECT_EQ(ordered(chain, {nonsense, noted}).front(), noted) << "terms that no rule lets pass are worth nothing";
}

TEST(MarketOrder, WithOneselfATradeIsWorthItsBytes) {
  Genesis g = market_genesis();
  g.market->members[kSeller - 1].org = g.market->members[kBuyer - 1].org;
  MarketChain chain(g);
  const TxPtr offer = chain.act({kBuyer}, {chain.offer(kBuyer, MarketChain::terms())});
  // Against many notes of others, whose ties are drawn by lot: it must not be the first of all of them every time.
  size_t first = 0;
  for (int i = 0; i < 40; ++i) {
    first += ordered(chain, {note(chain, kRegulating), note(chain, kAuthority), offer}).front() == offer ? 1 : 0;
    chain.add({});
  }
  EXPECT_LT(first, 40u);
  EXPECT_GT(first, 0u);
}

TEST(MarketOrder, AnOfferItsCounterAndTheirEndorsementsStandAfterEachOther) {
  for (int round = 0; round < 10; ++round) {
    MarketChain chain;
    for (int i = 0; i < round; ++i) chain.add({});  // another parent, other ties
    const energy::TradeTerms t = MarketChain::terms();
    energy::TradeTerms better = t;
    better.plant_price += 1'000;
    const energy::TradeId id = chain.next_id(kSeller);
    const TxPtr offer = chain.act({kSeller}, {chain.offer(kSeller, t)});
    const TxPtr counter = chain.act({kGridCompany}, {energy::Counter{id, 2, better, chain.margin(better, kGridCompany),
                                                                     chain.endorsement(kGridCompany, id, 2, better)}});
    const TxPtr endorse = chain.act({kBuyer}, {chain.endorse(kBuyer, id, better, 2)});
    EXPECT_EQ(chain.add({endorse, counter, offer}), (std::vector<TxCode>(3, TxCode::ok)));
    EXPECT_EQ(chain.trade(id)->round, 2u);
  }
}

// Behind 60,000 bytes of its own a counter comes fifteen rounds later: a party's is waited for, an intruder's is not.
TEST(MarketOrder, OnlyAPartyOfTheTradeCanMakeItsEndorsementsWait) {
  for (const ParticipantId late : {kDistributor, kPoor}) {
    MarketChain chain;
    const energy::TradeTerms t = MarketChain::terms();
    const energy::TradeId id = chain.next_id(kSeller);
    const TxPtr offer = chain.act({kSeller}, {chain.offer(kSeller, t)});
    const TxPtr large = chain.send({late}, {{ActionType::kData, Bytes(60'000, 1)}});
    energy::TradeTerms own = t;
    if (late == kPoor) own.party[3] = kPoor;
    const TxPtr counter = chain.act({late}, {energy::Counter{id, 2, own, 0, {}}});
    const TxPtr endorse = chain.act({kBuyer}, {chain.endorse(kBuyer, id, t, 2)});
    const auto got = ordered(chain, {counter, endorse, large, offer});
    EXPECT_LT(place(got, large), place(got, counter));
    EXPECT_EQ(place(got, endorse) < place(got, counter), late == kPoor);
  }
}

TEST(MarketOrder, AVoteStandsAfterItsProposal) {
  MarketChain chain;
  for (const ParticipantId id : {kSeller, kGridCompany, kDistributor, kBuyer}) chain.run({id}, energy::Bond{2'000});
  for (int i = 0; i < 10; ++i) {
    const Hash id = energy::proposal_id(chain.ledger.chain(), kSeller, chain.sequence[kSeller] + 1, 0);
    const TxPtr proposal = chain.act(
        {kSeller}, {energy::Propose{energy::ProposalKind::kRules, energy::RuleChanges{{"market.agree_wh", 20}}}});
    const TxPtr vote = chain.act({kBuyer}, {energy::CastVote{id, true}});
    EXPECT_EQ(chain.add({vote, proposal}), (std::vector<TxCode>(2, TxCode::ok)));
  }
}

// Whatever stands in a block, valid or not, has one order, and asking costs no more than that.
TEST(MarketOrder, ABlockOfNonsenseHasOneOrderToo) {
  MarketChain chain;
  Rng rng(5);
  std::vector<TxPtr> txs;
  for (uint32_t i = 0; i < 400; ++i) {
    TransactionDraft d = chain.draft(static_cast<ParticipantId>(1 + rng.below(20)), 1 + rng.below(5));
    const auto other = static_cast<ParticipantId>(1 + rng.below(20));
    const energy::TradeId named = energy::trade_id(chain.ledger.chain(), other, 1 + rng.below(5), 0);
    energy::TradeTerms t = MarketChain::terms();
    t.party[rng.below(4)] = other;
    t.wh = rng.next();
    energy::MarketAction action = energy::Offer{t, rng.next(), {}};
    if (i % 3 == 1) action = energy::Endorse{named, 1 + static_cast<uint32_t>(rng.below(2)), rng.next(), {}};
    if (i % 3 == 2) action = energy::Counter{named, static_cast<uint32_t>(rng.below(3)), t, rng.next(), {}};
    d.actions = {{energy::type_of(action), energy::encode_market_action(action)}};
    if (i % 5 == 0) d.actions.push_back({ActionType::kEndorse, Bytes{1, 2, 3}});
    txs.push_back(TestChain::make(d));
  }
  const auto ids = [](const std::vector<TxPtr>& list) {
    std::vector<TxId> out;
    for (const TxPtr& tx : list) out.push_back(tx->id());
    return out;
  };
  const auto once = ordered(chain, txs);
  ASSERT_EQ(once.size(), txs.size());
  for (size_t i = txs.size(); i > 1; --i) std::swap(txs[i - 1], txs[rng.below(i)]);
  EXPECT_EQ(ids(ordered(chain, txs)), ids(once));
  const auto executed = chain.ledger.execute(chain.next(once), chain.tip, chain.view());
  EXPECT_TRUE(executed.ok()) << executed.error().why;
}

}  // namespace
}  // namespace tieline::testing
