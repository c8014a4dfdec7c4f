// The market's part of genesis: as JSON and back, every wrong field named, and part of the chain id.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "crypto/hash.h"
#include "fixtures.h"
#include "model/genesis.h"

namespace tieline {
namespace {

using Json = nlohmann::ordered_json;
using testing::genesis_of;

MarketMember member(ParticipantId id, OrgId org, uint64_t balance) {
  const bls::SecretKey key = bls::SecretKey::from_seed(testing::seed_of("bls participant" + std::to_string(id)));
  return {id, org, key.public_key(), key.prove_possession(), balance};
}

Genesis with_market() {
  Genesis g = genesis_of();
  GenesisParticipant p;
  p.role = Role::kGrid;
  p.id = 3;
  p.name = "grid";
  p.key = testing::signer_of("grid").public_key();
  p.meters = {"GRID-IN", "GRID-OUT"};
  g.participants.push_back(p);
  g.market.emplace();
  g.market->members = {member(1, 10, 1'000), member(2, 11, 0), member(3, 12, 5)};
  g.market->flows = {{1, 3, 2, 4}};
  g.market->seats = {{0, 1}, {2, 3}};
  return g;
}

std::string why(const Genesis& g) {
  const Status s = g.validate();
  return s.ok() ? "ok" : s.error().why;
}
std::string why(const Json& json) {
  const auto g = genesis_from_json(json.dump());
  return g.ok() ? "ok" : g.error().why;
}

TEST(GenesisMarket, ComesBackFromJsonAsItWas) {
  for (const bool check_meter : {true, false}) {
    Genesis g = with_market();
    if (!check_meter) g.market->flows[0].check_meter = 0;
    ASSERT_EQ(why(g), "ok");
    const auto back = genesis_from_json(genesis_to_json(g));
    ASSERT_TRUE(back.ok()) << back.error().why;
    EXPECT_EQ(*back, g);
    EXPECT_EQ(back->chain_id(), g.chain_id());
  }
}

TEST(GenesisMarket, AnotherTagAndEveryFieldMakeAnotherChain) {
  const Genesis g = with_market();
  EXPECT_EQ(g.chain_id(), tagged_hash("tieline/genesis/2", {encoded(g)}));
  Genesis without = g;
  without.market.reset();
  EXPECT_EQ(without.chain_id(), tagged_hash("tieline/genesis/1", {encoded(without)}));
  const auto differs = [&](auto change) {
    Genesis other = g;
    change(*other.market);
    EXPECT_NE(other.chain_id(), g.chain_id());
  };
  for (const MarketNumber& number : market_numbers()) differs([&](MarketGenesis& m) { ++(m.numbers.*number.value); });
  differs([](MarketGenesis& m) { ++m.members[1].org; });
  differs([](MarketGenesis& m) { ++m.members[1].balance; });
  differs([](MarketGenesis& m) { m.members[1].bls_key.bytes[5] ^= 1; });
  differs([](MarketGenesis& m) { m.flows[0].check_meter = 0; });
  differs([](MarketGenesis& m) { m.seats.pop_back(); });
}

TEST(GenesisMarket, EveryNumberOutOfItsRangeIsNamed) {
  for (const MarketNumber& number : market_numbers()) {
    Genesis g = with_market();
    g.market->numbers.*number.value = number.most + 1;
    EXPECT_TRUE(why(g).starts_with(std::string("market.") + number.name + " is ")) << why(g);
    if (number.least == 0) continue;
    g.market->numbers.*number.value = number.least - 1;
    EXPECT_TRUE(why(g).starts_with(std::string("market.") + number.name + " is ")) << why(g);
  }
  Genesis g = with_market();
  g.market->numbers.close_ms = g.market->numbers.submit_ms - 1;
  EXPECT_TRUE(why(g).starts_with("market is ")) << why(g);
  g.market->numbers = {};
  g.market->numbers.final_ms = g.market->numbers.resolve_ms;  // a step would be due again at once
  EXPECT_TRUE(why(g).starts_with("market is ")) << why(g);
}

TEST(GenesisMarket, WhatDoesNotFitTogetherIsNamed) {
  const auto refused = [](const char* path, auto change) {
    Genesis g = with_market();
    change(*g.market);
    EXPECT_TRUE(why(g).starts_with(path)) << why(g) << " for " << path;
  };
  refused("market.members[1] ", [](MarketGenesis& m) { m.members[1].participant = 1; });
  refused("market.members[2] ", [](MarketGenesis& m) { m.members[2].participant = 9; });
  refused("market.members[1].balance ", [](MarketGenesis& m) { m.members[1].balance = kMarketIssuedMax; });
  refused("market.members[1].bls_key ", [](MarketGenesis& m) { m.members[1].bls_key = m.members[0].bls_key; });
  refused("market.members[1].bls_proof ", [](MarketGenesis& m) { m.members[1].bls_proof = m.members[0].bls_proof; });
  refused("market.flows[0] ", [](MarketGenesis& m) { m.flows[0].to = 2; });
  refused("market.flows[0].meter ", [](MarketGenesis& m) { m.flows[0].meter = 3; });
  refused("market.flows[0].check_meter ", [](MarketGenesis& m) { m.flows[0].check_meter = 1; });
  refused("market.flows[1] ", [](MarketGenesis& m) { m.flows.push_back(m.flows[0]); });
  refused("market.seats[1].validator ", [](MarketGenesis& m) { m.seats[1].validator = 0; });
  refused("market.seats[0].participant ", [](MarketGenesis& m) {
    m.members.erase(m.members.begin() + 1);
    m.seats[0].participant = 2;
  });
}

TEST(GenesisMarket, EveryMissingAndUnknownKeyAndNameIsNamed) {
  Json whole = Json::parse(genesis_to_json(with_market()));
  size_t keys = 0;
  const auto each = [&](const std::string& at, auto reach) {
    const Json object = reach(whole);
    for (const auto& item : object.items()) {
      Json json = whole;
      reach(json).erase(item.key());
      const bool optional = item.key() == "check_meter";
      const std::string said = why(json);
      EXPECT_TRUE(optional ? said == "ok" : said.starts_with(at + "." + item.key() + " is missing")) << said;
      ++keys;
    }
    Json json = whole;
    reach(json)["surprise"] = 1;
    EXPECT_TRUE(why(json).starts_with(at + ".surprise is an unknown key")) << why(json);
  };
  each("market", [](Json& j) -> Json& { return j["market"]; });
  each("market.members[0]", [](Json& j) -> Json& { return j["market"]["members"][0]; });
  each("market.flows[0]", [](Json& j) -> Json& { return j["market"]["flows"][0]; });
  each("market.seats[0]", [](Json& j) -> Json& { return j["market"]["seats"][0]; });
  EXPECT_GT(keys, 25u);
  for (const char* key : {"from", "to", "meter", "check_meter"}) {
    Json json = whole;
    json["market"]["flows"][0][key] = "nobody";
    EXPECT_TRUE(why(json).starts_with(std::string("market.flows[0].") + key + " is \"nobody\"")) << why(json);
  }
  Json json = whole;
  json["market"]["seats"][0]["validator"] = "nobody";
  EXPECT_TRUE(why(json).starts_with("market.seats[0].validator is \"nobody\"")) << why(json);
}

}  // namespace
}  // namespace tieline
