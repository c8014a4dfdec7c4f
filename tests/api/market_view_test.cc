// What the market's views say of a chain that trades (tests/ledger/market_chain.h).

#include "api/market_view.h"
#include "api/governance_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../ledger/market_chain.h"

namespace tieline::testing {
namespace {

using nlohmann::json;

json read(const Result<std::string>& text) {
  EXPECT_TRUE(text.ok()) << (text.ok() ? "" : text.error().why);
  return text.ok() ? json::parse(*text) : json();
}
std::string code(const Result<std::string>& text) { return text.ok() ? "" : text.error().code; }

class MarketView : public ::testing::Test {
 protected:
  const Genesis& genesis() const { return chain_.ledger.genesis(); }
  MarketChain chain_;
};

TEST_F(MarketView, ATradeShowsItsTermsPartiesAndLocks) {
  const energy::TradeTerms terms = MarketChain::terms();
  const energy::TradeId id = chain_.commit_trade(terms);
  const json trade = read(api::trade_json(genesis(), chain_.view(), id));
  EXPECT_EQ(trade["id"], to_hex(id));
  EXPECT_EQ(trade["state"], "COMMITTED");
  EXPECT_EQ(trade["sender"], "seller");
  EXPECT_EQ(trade["terms"]["buyer"], "buyer");
  EXPECT_EQ(trade["payment"], energy::legs(terms).total());
  EXPECT_EQ(trade["payment_locked"], energy::legs(terms).total());
  ASSERT_EQ(trade["parties"].size(), 4u);
  for (const json& party : trade["parties"]) {
    EXPECT_EQ(party["entered"], true);
    EXPECT_EQ(party["margin"], party["margin_asked"]);
  }
  EXPECT_EQ(trade["parties"][0]["wh"], energy::quantities(terms).q_g);
  EXPECT_EQ(trade["endorsements"].get<std::string>().size(), 96u);
  const json listed = read(api::trades_json(genesis(), chain_.view(), "distributor"));
  ASSERT_EQ(listed["trades"].size(), 1u);
  EXPECT_EQ(listed["trades"][0]["id"], to_hex(id));
  EXPECT_TRUE(read(api::trades_json(genesis(), chain_.view(), "poor"))["trades"].empty());
}

TEST_F(MarketView, AccountsAddUpToWhatWasIssued) {
  chain_.commit_trade();
  const json buyer = read(api::account_json(genesis(), chain_.view(), "buyer"));
  EXPECT_EQ(buyer["balance"].get<uint64_t>() + buyer["payment_locked"].get<uint64_t>() +
                buyer["margin_locked"].get<uint64_t>(),
            kMoney);
  EXPECT_GT(buyer["payment_locked"], 0);
  const json market = read(api::market_json(genesis(), chain_.view(), chain_.tip.time_ms));
  EXPECT_EQ(market["issued"], market["held"]);
  EXPECT_EQ(market["accounts"].size(), genesis().market->members.size());
  EXPECT_EQ(market["numbers"]["stake_min"], 1'000);
}

TEST_F(MarketView, ASettledIntervalShowsWhoCompensatedWhom) {
  const energy::TradeId id = chain_.commit_trade();
  const json open = read(api::settlement_json(genesis(), chain_.view(), kFirstSlot));
  EXPECT_EQ(open["phase"], "open");
  ASSERT_EQ(open["flows"].size(), 3u);
  EXPECT_EQ(open["flows"][0]["contracted_wh"], energy::quantities(MarketChain::terms()).q_g);
  EXPECT_TRUE(open["flows"][0]["wh"].is_null());
  EXPECT_EQ(chain_.run({kAuthority}, energy::PublishPrice{kFirstSlot, 70'000'000}), TxCode::ok);
  // Half of it is fed in and delivered.
  chain_.until((int64_t{kFirstSlot} + 1) * energy::kSlotMs);
  for (const auto& [owner, meter, wh, obis] : {std::tuple(kSeller, kSellerMeter, 55'408, Obis::kExport),
                                               {kGridCompany, kGridCheck, 55'408, Obis::kImport},
                                               {kGridCompany, kGridMeter, 52'084, Obis::kExport},
                                               {kDistributor, kDistributorCheck, 52'084, Obis::kImport},
                                               {kDistributor, kDistributorMeter, 50'000, Obis::kExport},
                                               {kBuyer, kBuyerCheck, 50'000, Obis::kImport}})
    ASSERT_EQ(chain_.add_one(chain_.meter(owner, meter, static_cast<uint64_t>(wh), obis)), TxCode::ok) << meter;
  const auto settle_ms = static_cast<int64_t>(genesis().market->numbers.settle_ms);
  chain_.until((int64_t{kFirstSlot} + 1) * energy::kSlotMs + settle_ms);
  const json settled = read(api::settlement_json(genesis(), chain_.view(), kFirstSlot));
  EXPECT_EQ(settled["phase"], "settled");
  EXPECT_EQ(settled["price"], 70'000'000);
  EXPECT_EQ(settled["flows"][0]["wh"], 55'408);
  EXPECT_EQ(settled["flows"][0]["neighbour_wh"], 55'408);
  bool compensated = false;
  for (const json& statement : settled["statements"]) {
    if (statement["kind"] != "compensation" || statement["payer"] != "seller") continue;
    compensated = true;
    EXPECT_EQ(statement["trade"], to_hex(id));
    uint64_t paid = 0, received = 0;
    for (const json& line : statement["lines"]) {
      paid += line["paid"].get<uint64_t>();
      received += line["received"].get<uint64_t>();
    }
    EXPECT_GT(paid, 0u);
    EXPECT_EQ(paid, received);
  }
  EXPECT_TRUE(compensated) << settled.dump();
}

TEST_F(MarketView, StakesAndProposalsAreListed) {
  // Of fewer than four nobody has votes: each counts less than a third of all.
  for (ParticipantId who : {kSeller, kGridCompany, kDistributor, kBuyer})
    ASSERT_EQ(chain_.run({who}, energy::Bond{5'000}), TxCode::ok);
  const Hash id = energy::proposal_id(chain_.ledger.chain(), kSeller, chain_.sequence[kSeller] + 1, 0);
  ASSERT_EQ(chain_.run({kSeller}, energy::Propose{energy::ProposalKind::kRules,
                                                  energy::RuleChanges{{"market.tolerance_ppm", 30'000}}}),
            TxCode::ok);
  const json stakes = read(api::stakes_json(genesis(), chain_.view()));
  ASSERT_EQ(stakes["stakes"].size(), 4u);
  EXPECT_EQ(stakes["stakes"][0]["owner"], "seller");
  EXPECT_EQ(stakes["stakes"][0]["bonded"], 5'000);
  const json proposals = read(api::proposals_json(genesis(), chain_.view()));
  ASSERT_EQ(proposals["proposals"].size(), 1u);
  EXPECT_EQ(proposals["proposals"][0]["id"], to_hex(id));
  EXPECT_EQ(proposals["proposals"][0]["rules"], json::array({{{"rule", "market.tolerance_ppm"}, {"value", 30'000}}}));
  EXPECT_EQ(proposals["proposals"][0]["acts"], nullptr);
}

TEST_F(MarketView, RulesAreListedWithWhatIsDecided) {
  for (ParticipantId who : {kSeller, kGridCompany, kDistributor, kBuyer})
    ASSERT_EQ(chain_.run({who}, energy::Bond{5'000}), TxCode::ok);
  const Hash id = energy::proposal_id(chain_.ledger.chain(), kSeller, chain_.sequence[kSeller] + 1, 0);
  const energy::RuleChanges changes = {{"market.settle_ms", 50 * 3'600'000}, {"market.tolerance_ppm", 30'000}};
  ASSERT_EQ(chain_.run({kSeller}, energy::Propose{energy::ProposalKind::kRules, changes}), TxCode::ok);
  const auto rule = [&](const char* name) {
    const json all = read(api::rules_json(genesis(), chain_.view()));
    for (const json& one : all["rules"])
      if (one["rule"] == name) return one;
    return json();
  };
  EXPECT_EQ(rule("market.settle_ms")["decided"], nullptr) << "only proposed";
  for (ParticipantId who : {kGridCompany, kDistributor})
    ASSERT_EQ(chain_.run({who}, energy::CastVote{id, true}), TxCode::ok);
  const json settle = rule("market.settle_ms");
  EXPECT_EQ(settle["value"], 72 * 3'600'000);
  EXPECT_EQ(settle["decided"], 50 * 3'600'000);
  EXPECT_EQ(settle["from_epoch"], chain_.market().epoch() + energy::kActEpochs);
  EXPECT_EQ(settle["proposal"], to_hex(id));
  EXPECT_EQ(rule("market.close_ms")["decided"], nullptr);
  EXPECT_EQ(rule("market.time_rate")["by_vote"], false);
  EXPECT_EQ(read(api::rules_json(genesis(), chain_.view()))["rules"].size(), market_numbers().size());
}

TEST_F(MarketView, WhatIsNotThereHasItsCode) {
  EXPECT_EQ(code(api::trade_json(genesis(), chain_.view(), Hash())), "unknown_trade");
  EXPECT_EQ(code(api::account_json(genesis(), chain_.view(), "nobody")), "unknown_participant");
  EXPECT_EQ(code(api::trades_json(genesis(), chain_.view(), "nobody")), "unknown_participant");
  EXPECT_EQ(code(api::settlement_json(genesis(), chain_.view(), 7)), "unknown_interval");
  Genesis none = genesis();
  none.market.reset();
  EXPECT_EQ(code(api::market_json(none, chain_.view(), 0)), "no_market");
}

}  // namespace
}  // namespace tieline::testing
