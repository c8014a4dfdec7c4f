// Blocks of random transactions of the market, valid and invalid, under rules that votes change all the while: each
// block is executed, judged, checked for its invariants and committed (TestChain), and two ledgers end with one state.

#include <gtest/gtest.h>

#include "base/rng.h"
#include "ledger/state_tree.h"
#include "market_chain.h"

namespace tieline::testing {
namespace {

constexpr int kBlocks = 250;
constexpr ParticipantId kEveryone = kPoor;

// Deadlines of hours instead of days, so that trades and intervals come to their end.
Genesis quick_genesis() {
  Genesis g = market_genesis();
  MarketNumbers& n = g.market->numbers;
  n.submit_ms = 2 * 3'600'000;
  n.close_ms = 3 * 3'600'000;
  n.settle_ms = 4 * 3'600'000;
  n.resolve_ms = 6 * 3'600'000;
  n.final_ms = 10 * 3'600'000;
  return g;
}

class RandomMarket {
 public:
  explicit RandomMarket(uint64_t seed) : chain(quick_genesis()), rng_(seed) {
    for (ParticipantId who : kVoters) EXPECT_EQ(chain.run({who}, energy::Bond{100'000}), TxCode::ok);
  }

  void block() {
    if (++blocks_ % 12 == 0) vote_rules();
    std::vector<TxPtr> txs;
    const uint64_t count = rng_.below(12);
    for (uint64_t i = 0; i < count; ++i) txs.push_back(transaction());
    const auto step = static_cast<int64_t>(rng_.chance(20'000) ? rng_.below(12 * 3'600'000) : rng_.below(240'000));
    for (TxCode code : chain.add(std::move(txs), step)) ++codes[code];
  }

  MarketNumbers rules() const { return chain.record<MarketNumbers>(state::market_numbers_key()); }

  MarketChain chain;
  std::map<TxCode, uint64_t> codes;

 private:
  static constexpr std::array kVoters = {kSeller, kGridCompany, kDistributor, kBuyer};

  // Deadlines and thresholds of any size that goes together, none longer than genesis has.
  energy::RuleChanges some_rules() {
    const uint64_t minute = 60'000;
    const uint64_t submit = 1 + rng_.below(120) * minute, close = submit + rng_.below(60) * minute;
    const uint64_t settle = close + 1 + rng_.below(60) * minute, resolve = settle + rng_.below(120) * minute;
    return {{"market.gate_ms", rng_.below(20) * minute},
            {"market.submit_ms", submit},
            {"market.close_ms", close},
            {"market.settle_ms", settle},
            {"market.resolve_ms", resolve},
            {"market.final_ms", resolve + 1 + rng_.below(240) * minute},
            {"market.agree_wh", rng_.below(100)},
            {"market.tolerance_ppm", rng_.below(50'000)},
            {"market.price_cap", 20'000'000 + rng_.below(1'000'000'000)}};
  }
  // Half of them with three of four votes.
  void vote_rules() {
    const Hash id = energy::proposal_id(chain.ledger.chain(), kSeller, chain.sequence[kSeller] + 1, 0);
    const energy::Propose rules{energy::ProposalKind::kRules, some_rules()};
    if (chain.run({kSeller}, rules) != TxCode::ok || rng_.chance(500'000)) return;
    for (ParticipantId who : {kGridCompany, kDistributor}) chain.run({who}, energy::CastVote{id, true});
  }
  ParticipantId anyone() { return static_cast<ParticipantId>(1 + rng_.below(kEveryone)); }
  uint32_t slot() const { return static_cast<uint32_t>(chain.tip.time_ms / energy::kSlotMs); }

  energy::TradeTerms terms() {
    energy::TradeTerms t = MarketChain::terms();
    t.wh = 1 + rng_.below(120'000);
    t.plant_price = rng_.below(80'000'000);
    t.slots = static_cast<uint16_t>(1 + rng_.below(3));
    t.first_slot = slot() + 1 + static_cast<uint32_t>(rng_.below(4));
    if (rng_.chance(30'000)) t.party[rng_.below(4)] = anyone();
    return t;
  }
  TxPtr offer() {
    const energy::TradeTerms t = terms();
    const ParticipantId by = t.party[rng_.below(4)];
    const energy::TradeId id = chain.next_id(by);
    open_.push_back({id, t, 1});
    if (open_.size() > 12) open_.erase(open_.begin());
    return chain.act({by}, {chain.offer(by, t)});
  }
  TxPtr endorse() {
    if (open_.empty()) return offer();
    Open& o = open_[rng_.below(open_.size())];
    const ParticipantId by = o.terms.party[rng_.below(4)];
    energy::Endorse e = chain.endorse(by, o.id, o.terms, o.round);
    if (rng_.chance(30'000)) e.endorsement.bytes[3] ^= 1;
    if (rng_.chance(30'000)) e.margin = rng_.below(100);
    return chain.act({by}, {e});
  }
  TxPtr counter() {
    if (open_.empty()) return offer();
    Open& o = open_[rng_.below(open_.size())];
    const ParticipantId by = o.terms.party[rng_.below(4)];
    energy::TradeTerms t = terms();
    t.party = o.terms.party;
    const uint32_t round = o.round + 1;
    const auto tx =
        chain.act({by}, {energy::Counter{o.id, round, t, chain.margin(t, by), chain.endorsement(by, o.id, round, t)}});
    if (rng_.chance(500'000)) o = {o.id, t, round};
    return tx;
  }
  TxPtr metered() {
    const uint32_t of = slot() - 1 - static_cast<uint32_t>(rng_.below(3));
    struct End {
      ParticipantId owner;
      MeterId meter;
      Obis obis;
    };
    constexpr std::array kEnds = {
        End{kSeller, kSellerMeter, Obis::kExport},           End{kGridCompany, kGridCheck, Obis::kImport},
        End{kGridCompany, kGridMeter, Obis::kExport},        End{kDistributor, kDistributorCheck, Obis::kImport},
        End{kDistributor, kDistributorMeter, Obis::kExport}, End{kBuyer, kBuyerCheck, Obis::kImport}};
    const End& end = kEnds[rng_.below(kEnds.size())];
    return chain.meter(end.owner, end.meter, rng_.below(150'000), end.obis, of,
                       static_cast<Quality>(1 + rng_.below(4)));
  }
  TxPtr other() {
    const uint32_t past = slot() - static_cast<uint32_t>(rng_.below(40));
    const ParticipantId from = static_cast<ParticipantId>(1 + rng_.below(3));
    switch (rng_.below(12)) {
      case 0:
        return chain.act({kRegulating}, {energy::Issue{anyone(), rng_.below(10'000)}});
      case 1:
        return chain.act({kSeller, kRegulating}, {energy::Redeem{kSeller, rng_.below(10'000)}});
      case 2:
        return chain.act({anyone()}, {energy::Repay{rng_.below(1'000)}});
      case 3:
        return chain.act({kAuthority}, {energy::PublishPrice{past, rng_.below(100'000'000)}});
      case 4:
        return chain.act({from + 1}, {energy::Accept{past, from, from + 1}});
      case 5:
        return chain.act({kRegulating}, {energy::Ruling{past, from, from + 1, rng_.below(150'000)}});
      case 6:
        return chain.act({from, from + 1},
                         {energy::Correct{past, from, from + 1, static_cast<uint8_t>(1 + rng_.below(2)),
                                          rng_.below(150'000), Quality::kMeasured}});
      case 7:
        return chain.act({anyone()}, {energy::Bond{1'000 + rng_.below(5'000)}, energy::Unbond{rng_.below(3'000)}});
      case 8:
        return chain.act({anyone()}, {energy::Withdraw{}});
      case 9:
        return chain.act({kRegulating}, {energy::Penalise{anyone(), rng_.below(50), {}}});
      case 10:
        return chain.act({anyone()}, {energy::Propose{energy::ProposalKind::kRules, some_rules()}});
      default:
        return open_.empty() ? offer()
                             : chain.act({kSeller, kGridCompany, kDistributor, kBuyer},
                                         {energy::Cancel{open_[rng_.below(open_.size())].id}});
    }
  }
  TxPtr transaction() {
    const uint64_t pick = rng_.below(100);
    if (pick < 12) return offer();
    if (pick < 45) return endorse();
    if (pick < 50) return counter();
    return pick < 75 ? metered() : other();
  }

  struct Open {
    energy::TradeId id;
    energy::TradeTerms terms;
    uint32_t round = 1;
  };
  Rng rng_;
  int blocks_ = 0;
  std::vector<Open> open_;
};

TEST(MarketBlocks, OfRandomTransactionsConserveEverythingAndAreTheSameEverywhere) {
  RandomMarket a(1), b(1);
  MarketNumbers in_force = a.rules();
  int changes = 0;
  for (int i = 0; i < kBlocks && !::testing::Test::HasFailure(); ++i) {
    a.block();
    b.block();
    ASSERT_EQ(a.chain.tip.digest(), b.chain.tip.digest());
    if (a.rules() == in_force) continue;
    in_force = a.rules();
    ++changes;
  }
  EXPECT_GT(changes, 4);
  EXPECT_EQ(state_root_of(a.chain.store), state_root_of(b.chain.store));
  EXPECT_GT(a.codes[TxCode::ok], 300u);
  EXPECT_GT(a.codes.size(), 15u) << "many ways to be refused";
  // Time enough for all to end, and nothing is left under way.
  a.chain.until(a.chain.tip.time_ms + 12 * 3'600'000);
  EXPECT_TRUE(a.chain.market().due_queue().empty());
  for (ParticipantId who = 1; who <= kEveryone; ++who) {
    EXPECT_EQ(a.chain.account(who)[energy::Purse::kMargin], 0u);
    EXPECT_EQ(a.chain.account(who)[energy::Purse::kPayment], 0u);
  }
}

}  // namespace
}  // namespace tieline::testing
