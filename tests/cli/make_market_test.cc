#include "cli/make_market.h"

#include <gtest/gtest.h>

#include "../temporary_folder.h"
#include "cli/make_network.h"

namespace tieline::cli {
namespace {

constexpr const char* kParticipants = R"([
  {"name": "sun", "role": "plant", "meters": ["s"], "capacity_w": 1000, "balance": 7, "org": 3,
   "flows": [{"to": "wire", "meter": "s", "check_meter": "w"}], "stakes_for": "validator-1"},
  {"name": "wire", "role": "grid", "meters": ["w"], "capacity_w": 1000},
  {"name": "dog", "role": "regulator", "meters": []}])";

class MakeMarket : public ::testing::Test {
 protected:
  Result<Genesis> make(const std::string& participants, std::vector<std::string> settings = {}) {
    plan_.net = folder_.path() / "net";
    plan_.participants = folder_.path() / "participants.json";
    plan_.settings = std::move(settings);
    EXPECT_TRUE(write_file(plan_.participants, view_of(participants)).ok());
    return make_network(plan_);
  }
  std::string why(const std::string& from, const std::string& to, std::vector<std::string> settings = {}) {
    std::string text = kParticipants;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    auto genesis = make(text, std::move(settings));
    EXPECT_FALSE(genesis.ok());
    return genesis.ok() ? "" : genesis.error().why;
  }

  TemporaryFolder folder_;
  NetworkPlan plan_;
};

TEST_F(MakeMarket, AParticipantsFileWithAMarketMakesOneWithEverybodyInIt) {
  auto genesis = make(kParticipants, {"market.time_rate=600", "market.gate_ms=1"});
  ASSERT_TRUE(genesis.ok()) << genesis.error().why;
  ASSERT_TRUE(genesis->market.has_value());
  const MarketGenesis& market = *genesis->market;
  EXPECT_EQ(market.numbers.time_rate, 600u);
  EXPECT_EQ(market.numbers.gate_ms, 1u);
  ASSERT_EQ(market.members.size(), 3u);
  EXPECT_EQ(market.members[0].org, 3);
  EXPECT_EQ(market.members[0].balance, 7u);
  EXPECT_EQ(market.members[1].org, kOwnOrgBase + 2);
  auto keys = load_participant_keys(plan_.net, "wire", *genesis);
  ASSERT_TRUE(keys.ok()) << keys.error().why;
  EXPECT_EQ(keys->bls_key.public_key(), market.members[1].bls_key) << "endorsements verify under genesis' key";
  EXPECT_EQ(market.flows, (std::vector<MarketFlow>{{1, 2, 1, 2}}));
  EXPECT_EQ(market.seats, (std::vector<MarketSeat>{{1, 1}}));
}

TEST_F(MakeMarket, AFileThatSaysNothingOfAMarketMakesNone) {
  auto genesis = make(R"([{"name": "sun", "role": "plant", "meters": ["s"]}])");
  ASSERT_TRUE(genesis.ok()) << genesis.error().why;
  EXPECT_FALSE(genesis->market.has_value());
}

TEST_F(MakeMarket, WhatIsWrongIsNamed) {
  EXPECT_NE(why(R"("balance": 7)", R"("balance": -7)").find("[0].balance is -7"), std::string::npos);
  EXPECT_NE(why(R"("org": 3)", R"("org": 70000)").find("[0].org is 70000"), std::string::npos);
  EXPECT_NE(why(R"("to": "wire")", R"("to": "string")").find("[0].flows[0].to"), std::string::npos);
  EXPECT_NE(why(R"("check_meter": "w")", R"("check_meter": "q")").find("[0].flows[0].check_meter"), std::string::npos);
  EXPECT_NE(why("validator-1", "validator-9").find("[0].stakes_for"), std::string::npos);
  EXPECT_NE(why(R"("balance": 7)", R"("balances": 7)").find("unknown key"), std::string::npos);
  EXPECT_NE(why(R"("meter": "s", "check_meter": "w")", R"("meter": "w", "check_meter": "s")").find("market.flows[0]"),
            std::string::npos)
      << "genesis checks whose meters they are";
  EXPECT_NE(why("sun", "sun", {"market.members=3"}).find("members"), std::string::npos);
}

}  // namespace
}  // namespace tieline::cli
