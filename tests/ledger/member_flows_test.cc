// What votes decide of members: a plant that came after genesis is metered and settled, flows get other meters and end,
// limits change, and what was sold under the old ones stays sold.

#include <gtest/gtest.h>

#include "crypto/bls.h"
#include "ledger/members.h"
#include "market_chain.h"

namespace tieline::testing {
namespace {

using energy::FlowChange;
using energy::LimitChange;
using energy::ProposalKind;
using energy::Propose;
using energy::Purse;

constexpr ParticipantId kNewPlant = 8;
constexpr MeterId kSpare = 4, kDistributorMain = 6, kNewMeter = 8, kNewSpare = 9;

// As market_genesis(), and the grid company has a meter more, without a flow.
Genesis with_a_spare_meter() {
  Genesis g = market_genesis();
  g.participants[kGridCompany - 1].meters = {"G-in", "G-out", "G-spare"};
  // The meters of those behind it have moved by one.
  g.market->flows = {{kSeller, kGridCompany, 1, 2}, {kGridCompany, kDistributor, 3, 5}, {kDistributor, kBuyer, 6, 7}};
  return g;
}

class MemberFlows : public ::testing::Test {
 protected:
  MemberFlows() : chain_(with_a_spare_meter()) {
    for (ParticipantId who : {kSeller, kGridCompany, kDistributor, kBuyer})
      EXPECT_EQ(chain_.run({who}, energy::Bond{100'000}), TxCode::ok);
  }
  void epochs(int n) {
    for (int i = 0; i < n; ++i) {
      chain_.end_epoch();
      chain_.add({}, 100);
    }
  }
  Hash passed(const Propose& proposal) {
    const Hash id = energy::proposal_id(chain_.ledger.chain(), kSeller, chain_.sequence[kSeller] + 1, 0);
    EXPECT_EQ(chain_.run({kSeller}, proposal), TxCode::ok);
    for (ParticipantId who : {kGridCompany, kDistributor})
      EXPECT_EQ(chain_.run({who}, energy::CastVote{id, true}), TxCode::ok);
    return id;
  }
  TxCode proposed(const Propose& proposal) { return chain_.run({kSeller}, proposal); }
  static Propose flow(const FlowChange& c) { return {ProposalKind::kFlow, c}; }
  static Propose limits(const LimitChange& c) { return {ProposalKind::kLimits, c}; }

  void register_plant() {
    const bls::SecretKey secret = bls::SecretKey::from_seed(bls::Seed{7});
    energy::Registration r;
    r.name = "new-plant";
    r.org = 208;
    r.role = Role::kPlant;
    r.key = participant_key(kNewPlant).public_key();
    r.bls_key = new_bls_ = secret.public_key();
    r.bls_proof = secret.prove_possession();
    r.capacity_w = 1'000'000;
    r.meters = {"N-out", "N-spare"};
    passed({ProposalKind::kMembership, r});
    epochs(3);
    EXPECT_EQ(chain_.run({kRegulating}, energy::Issue{kNewPlant, kMoney}), TxCode::ok);
  }
  void register_flow() {
    register_plant();
    passed(flow({kNewPlant, kGridCompany, kNewMeter, kSpare}));
    epochs(2);
  }
  energy::TradeTerms terms() const {
    energy::TradeTerms t = MarketChain::terms();
    t.party[0] = kNewPlant;
    t.first_slot = static_cast<uint32_t>(chain_.tip.time_ms / energy::kSlotMs) + 3;
    return t;
  }
  energy::TradeId sell(const energy::TradeTerms& t) {
    const energy::TradeId id = chain_.next_id(kGridCompany);
    EXPECT_EQ(chain_.run({kGridCompany}, chain_.offer(kGridCompany, t)), TxCode::ok);
    for (ParticipantId who : {kDistributor, kBuyer})
      EXPECT_EQ(chain_.run({who}, chain_.endorse(who, id, t)), TxCode::ok);
    energy::Endorse last{id, 1, chain_.margin(t, kNewPlant), {}};
    last.endorsement = test_share(new_bls_, energy::endorsement_message(chain_.ledger.chain(), id, 1, t).view());
    EXPECT_EQ(chain_.run({kNewPlant}, last), TxCode::ok);
    return id;
  }
  std::optional<energy::MeteredFlow> flow_in(uint32_t slot, const energy::FlowKey& key) const {
    const auto flows = chain_.market().flows_in(slot);
    const auto at = flows.find(key);
    return at == flows.end() ? std::nullopt : std::optional(at->second);
  }

  MarketChain chain_;
  bls::PublicKey new_bls_;
};

TEST_F(MemberFlows, APlantThatCameAfterGenesisSellsWhatItsMeterSays) {
  register_flow();
  const energy::TradeTerms t = terms();
  const energy::TradeId id = sell(t);
  chain_.until(t.end_ms());
  // It delivers half: 110816 were sold.
  EXPECT_EQ(chain_.add_one(chain_.meter(kNewPlant, kNewMeter, 55'408, Obis::kExport, t.first_slot)), TxCode::ok);
  EXPECT_EQ(chain_.add_one(chain_.meter(kGridCompany, kSpare, 55'400, Obis::kImport, t.first_slot)), TxCode::ok);
  EXPECT_EQ(chain_.add_one(chain_.meter(kDistributor, kDistributorMain, 52'000, Obis::kExport, t.first_slot)),
            TxCode::ok);
  EXPECT_EQ(chain_.run({kAuthority}, energy::PublishPrice{t.first_slot, 90'000'000}), TxCode::ok);
  const auto metered = flow_in(t.first_slot, {kNewPlant, kGridCompany});
  ASSERT_TRUE(metered.has_value());
  EXPECT_EQ(metered->main.wh, 55'408u);
  EXPECT_EQ(metered->neighbour, 55'400u);
  const energy::MarketTimes times = chain_.market().params().times;
  chain_.until(t.end_ms() + times.resolve_ms);
  EXPECT_EQ(chain_.trade(id)->state, energy::TradeState::kSettled);
  // Paid for 110816 Wh at 50, and it buys what it was short of at 90 and compensates for a quarter of that.
  const energy::IntervalStatements* made = nullptr;
  const energy::Market market = chain_.market();
  made = market.statements().find(t.first_slot);
  ASSERT_NE(made, nullptr);
  uint64_t owed = 0;
  for (const auto& [key, statement] : made->of) {
    const auto line = statement.lines.find(kNewPlant);
    if (line != statement.lines.end()) owed += line->second.owed;
  }
  EXPECT_GT(owed, 55'408u * 90) << "the imbalance and the compensation";
  EXPECT_LT(chain_.balance(kNewPlant), kMoney + 110'816 * 50 - 55'408 * 90);
}

TEST_F(MemberFlows, WithoutTheVoteNothingOfItIsMetered) {
  register_plant();
  const energy::TradeTerms t = terms();
  sell(t);
  chain_.until(t.end_ms());
  EXPECT_EQ(chain_.add_one(chain_.meter(kNewPlant, kNewMeter, 55'408, Obis::kExport, t.first_slot)), TxCode::ok);
  EXPECT_EQ(flow_in(t.first_slot, {kNewPlant, kGridCompany})->main.state, energy::ReadingState::kNone);
}

TEST_F(MemberFlows, AFlowGetsOtherMetersAndEnds) {
  register_flow();
  const auto slot = [&] { return static_cast<uint32_t>(chain_.tip.time_ms / energy::kSlotMs) - 2; };
  const auto read = [&](MeterId meter) {
    return chain_.add_one(chain_.meter(kNewPlant, meter, 1'000, Obis::kExport, slot()));
  };
  EXPECT_EQ(read(kNewMeter), TxCode::ok);
  EXPECT_TRUE(flow_in(slot(), {kNewPlant, kGridCompany}).has_value());
  passed(flow({kNewPlant, kGridCompany, kNewSpare, 0}));
  epochs(2);
  chain_.until(chain_.tip.time_ms + energy::kSlotMs);
  EXPECT_EQ(read(kNewMeter), TxCode::ok);
  EXPECT_FALSE(flow_in(slot(), {kNewPlant, kGridCompany}).has_value()) << "recorded, and stands for nothing";
  EXPECT_EQ(read(kNewSpare), TxCode::ok);
  EXPECT_TRUE(flow_in(slot(), {kNewPlant, kGridCompany}).has_value());
  EXPECT_EQ(proposed(flow({kNewPlant, kGridCompany, kNewMeter, kSpare})), TxCode::ok) << "both are free again";
  passed(flow({kNewPlant, kGridCompany, 0, 0}));
  epochs(2);
  chain_.until(chain_.tip.time_ms + energy::kSlotMs);
  EXPECT_EQ(read(kNewSpare), TxCode::ok);
  EXPECT_FALSE(flow_in(slot(), {kNewPlant, kGridCompany}).has_value());
  EXPECT_EQ(chain_.record<MemberCounts>(state::key_of(member_counts_name(0))).flows, 0u);
}

TEST_F(MemberFlows, AFlowOfOthersMetersOrAgainstTheCurrentOrOfGenesisIsNoProposal) {
  EXPECT_EQ(proposed(flow({kNewPlant, kGridCompany, kNewMeter, 0})), TxCode::unknown_participant);
  register_flow();
  EXPECT_EQ(proposed(flow({kNewPlant, kGridCompany, kSpare, 0})), TxCode::not_owner);
  EXPECT_EQ(proposed(flow({kNewPlant, kGridCompany, kNewMeter, kDistributorMain})), TxCode::not_owner);
  EXPECT_EQ(proposed(flow({kNewPlant, kGridCompany, 99, 0})), TxCode::unknown_meter);
  EXPECT_EQ(proposed(flow({kNewPlant, kGridCompany, kNewMeter, 2})), TxCode::bad_proposal) << "genesis uses it";
  EXPECT_EQ(proposed(flow({kSeller, kGridCompany, 1, 0})), TxCode::bad_proposal) << "a flow of genesis";
  EXPECT_EQ(proposed(flow({kSeller, kGridCompany, 0, 0})), TxCode::bad_proposal);
  EXPECT_EQ(proposed(flow({kGridCompany, kNewPlant, kSpare, 0})), TxCode::bad_proposal) << "against the current";
  EXPECT_EQ(proposed(flow({kNewPlant, kBuyer, kNewSpare, 0})), TxCode::bad_proposal) << "past the grid";
  EXPECT_EQ(proposed(flow({kDistributor, kPoor, 0, 0})), TxCode::bad_proposal) << "there is none to end";
  EXPECT_EQ(proposed(flow({kDistributor, kPoor, kDistributorMain, 0})), TxCode::bad_proposal) << "another flow's meter";
}

// Both go with the members as they are when they are proposed.
TEST_F(MemberFlows, OfTwoFlowsWithOneMeterTheSecondDoesNotAct) {
  register_plant();
  energy::Registration other;
  const bls::SecretKey secret = bls::SecretKey::from_seed(bls::Seed{9});
  other.name = "second-grid";
  other.org = 209;
  other.role = Role::kGrid;
  other.key = participant_key(9).public_key();
  other.bls_key = secret.public_key();
  other.bls_proof = secret.prove_possession();
  passed({ProposalKind::kMembership, other});
  epochs(3);
  passed(flow({kNewPlant, kGridCompany, kNewMeter, 0}));
  passed(flow({kNewPlant, 9, kNewMeter, 0}));
  epochs(2);
  EXPECT_EQ(chain_.record<MemberCounts>(state::key_of(member_counts_name(0))).flows, 1u);
}

TEST_F(MemberFlows, LimitsOfGenesisMembersAndOfNewcomersChangeByVote) {
  register_plant();
  const auto read = [&](ParticipantId who, MeterId meter, uint64_t wh, uint32_t back) {
    const uint32_t slot = static_cast<uint32_t>(chain_.tip.time_ms / energy::kSlotMs) - back;
    return chain_.add_one(chain_.meter(who, meter, wh, Obis::kExport, slot));
  };
  passed(limits({kNewPlant, 4'000, std::nullopt, std::nullopt, std::nullopt}));
  passed(limits({kSeller, 4'000, std::nullopt, 10, 20}));
  passed(limits({kGridCompany, std::nullopt, 70'000, std::nullopt, std::nullopt}));
  epochs(1);
  EXPECT_EQ(read(kNewPlant, kNewSpare, 200'000, 30), TxCode::ok) << "not yet";
  epochs(1);
  for (const auto& [who, meter] : {std::pair(kNewPlant, kNewMeter), std::pair(kSeller, kSellerMeter)}) {
    EXPECT_EQ(read(who, meter, 1'021, 20), TxCode::over_capacity) << "a quarter of 4000 W, and 2 %";
    EXPECT_EQ(read(who, meter, 1'020, 20), TxCode::ok);
    EXPECT_EQ(chain_.record<state::ParticipantRecord>(state::participant_key(who)).capacity_w, 4'000u);
    EXPECT_EQ(chain_.market().participants().at(who).capacity_w, 4'000u);
  }
  EXPECT_EQ(chain_.record<energy::MeterPoint>(state::meter_key(kSellerMeter)).cost_hi, 20u);
  EXPECT_EQ(chain_.market().participants().at(kGridCompany).capacity_w, 1'000'000u) << "what is not said stays";
  EXPECT_EQ(chain_.run({kBuyer}, chain_.offer(kBuyer, MarketChain::terms())), TxCode::bad_terms) << "the old loss";
  passed(limits({kSeller, 8'000, std::nullopt, std::nullopt, std::nullopt}));
  epochs(2);
  EXPECT_EQ(read(kSeller, kSellerMeter, 1'900, 10), TxCode::ok);
}

TEST_F(MemberFlows, WhatIsSoldStaysSoldWhenACapacityIsLowered) {
  const energy::TradeTerms t = MarketChain::terms();
  const energy::TradeId id = chain_.commit_trade(t);
  passed(limits({kSeller, 100'000, std::nullopt, std::nullopt, std::nullopt}));
  epochs(2);
  EXPECT_EQ(chain_.trade(id)->state, energy::TradeState::kCommitted);
  energy::TradeTerms more = t;
  more.wh = 1;
  const energy::TradeId second = chain_.next_id(kSeller);
  EXPECT_EQ(chain_.run({kSeller}, chain_.offer(kSeller, more)), TxCode::ok);
  for (ParticipantId who : {kGridCompany, kDistributor})
    EXPECT_EQ(chain_.run({who}, chain_.endorse(who, second, more)), TxCode::ok);
  EXPECT_EQ(chain_.run({kBuyer}, chain_.endorse(kBuyer, second, more)), TxCode::over_committed);
  chain_.until(t.end_ms() + chain_.market().params().times.resolve_ms);
  EXPECT_EQ(chain_.trade(id)->state, energy::TradeState::kSettled);
}

TEST_F(MemberFlows, LimitsOutOfBoundsOrOfNobodyAreNoProposal) {
  const auto none = std::nullopt;
  EXPECT_EQ(proposed(limits({99, 1, none, none, none})), TxCode::unknown_participant);
  EXPECT_EQ(proposed(limits({kSeller, none, none, none, none})), TxCode::bad_proposal);
  EXPECT_EQ(proposed(limits({kSeller, kWattsMax + 1, none, none, none})), TxCode::bad_proposal);
  EXPECT_EQ(proposed(limits({kSeller, UINT64_MAX, none, none, none})), TxCode::bad_proposal);
  EXPECT_EQ(proposed(limits({kGridCompany, none, 1'000'000, none, none})), TxCode::bad_proposal);
  EXPECT_EQ(proposed(limits({kSeller, none, none, 21, 20})), TxCode::bad_proposal);
  EXPECT_EQ(proposed(limits({kSeller, none, none, 1, kCostMax + 1})), TxCode::bad_proposal);
  EXPECT_EQ(proposed(limits({kBuyer, none, none, 1, 2})), TxCode::bad_proposal) << "no plant";
  EXPECT_EQ(proposed(limits({kSeller, none, none, 1, none})), TxCode::malformed);
  EXPECT_EQ(proposed(limits({kSeller, kWattsMax, none, none, none})), TxCode::ok);
}

// With 2^64 W, as a vote could register it once, a product of the ramp rule went round past 128 bits.
TEST_F(MemberFlows, ARegistrationHasTheBoundsOfGenesis) {
  const bls::SecretKey secret = bls::SecretKey::from_seed(bls::Seed{7});
  energy::Registration r;
  r.name = "endless";
  r.role = Role::kPlant;
  r.key = participant_key(kNewPlant).public_key();
  r.bls_key = secret.public_key();
  r.bls_proof = secret.prove_possession();
  r.capacity_w = kWattsMax + 1;
  EXPECT_EQ(proposed({ProposalKind::kMembership, r}), TxCode::bad_proposal);
  r.capacity_w = kWattsMax;
  EXPECT_EQ(proposed({ProposalKind::kMembership, r}), TxCode::ok);
}

TEST_F(MemberFlows, TheRegulatorMayVetoBoth) {
  register_plant();
  const Hash limit = passed(limits({kSeller, 1, std::nullopt, std::nullopt, std::nullopt}));
  const Hash metered = passed(flow({kNewPlant, kGridCompany, kNewMeter, 0}));
  for (const Hash& id : {limit, metered}) EXPECT_EQ(chain_.run({kRegulating}, energy::Veto{id}), TxCode::ok);
  epochs(3);
  EXPECT_EQ(chain_.record<MemberCounts>(state::key_of(member_counts_name(0))).flows, 0u);
  EXPECT_EQ(chain_.market().participants().at(kSeller).capacity_w, 1'000'000u);
}

}  // namespace
}  // namespace tieline::testing
