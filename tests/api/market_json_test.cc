#include "api/market_json.h"

#include <gtest/gtest.h>

#include "../model/market_action_samples.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;

Genesis twelve() {
  Genesis genesis;
  for (ParticipantId id = 1; id <= 12; ++id) {
    GenesisParticipant one;
    one.id = id;
    one.name = "member-" + std::to_string(id);
    one.loss_ppm = 1'000 * id;
    one.meters = {"meter-" + std::to_string(id)};
    genesis.participants.push_back(one);
  }
  return genesis;
}

std::string why(const std::string& text) {
  auto action = action_from_json(twelve(), Json::parse(text), "it");
  EXPECT_TRUE(action.ok() || action.error().code == "action_invalid");
  return action.ok() ? "" : action.error().why;
}

TEST(MarketJson, TellsEveryActionAndReadsItBack) {
  const Genesis genesis = twelve();
  for (const testing::SampleAction& sample : testing::sample_actions()) {
    const Json json = action_json(genesis, sample.action);
    auto back = action_from_json(genesis, json, "it");
    ASSERT_TRUE(back.ok()) << sample.name << ": " << back.error().why;
    EXPECT_TRUE(*back == sample.action) << json.dump();
    EXPECT_TRUE(std::string(sample.name).starts_with(json["action"].get<std::string>())) << sample.name;
  }
}

TEST(MarketJson, UsesNamesAndTimesWherePeopleDo) {
  const Json json = action_json(twelve(), energy::Ruling{1'888'892, 1, 200, 5});
  EXPECT_EQ(json.dump(), R"({"action":"ruling","start":"2023-11-14T23:00:00Z","from":"member-1","to":200,"wh":5})");
  const Json grant = action_json(twelve(), energy::GrantRead{2, 3, 0, 900});
  EXPECT_EQ(grant["meter"], "meter-3");
  EXPECT_EQ(grant["to"], "1970-01-01T00:15:00Z");
}

TEST(MarketJson, TakesLossesFromGenesisAndLeavesEndorsementsOpen) {
  auto action = action_from_json(twelve(), Json::parse(R"({"action":"offer","margin":7,"terms":{"plant":"member-1",
    "grid":"member-2","distributor":"member-3","buyer":4,"wh":1000,"plant_price":1,"grid_fee":2,"distributor_fee":3,
    "start":"2026-11-21T12:00:00Z","slots":4}})"),
                                 "it");
  ASSERT_TRUE(action.ok()) << action.error().why;
  const auto& offer = std::get<energy::Offer>(*action);
  EXPECT_EQ(offer.terms.grid_loss_ppm, 2'000u);
  EXPECT_EQ(offer.terms.distributor_loss_ppm, 3'000u);
  EXPECT_EQ(offer.terms.party, (std::array<ParticipantId, 4>{1, 2, 3, 4}));
  EXPECT_EQ(offer.terms.start_ms(), 1'795'262'400'000);
  EXPECT_TRUE(offer.endorsement.is_zero());
}

TEST(MarketJson, RefusesWhatItDoesNotUnderstandAndSaysWhere) {
  EXPECT_NE(why(R"(7)").find("it must be an object"), std::string::npos);
  EXPECT_NE(why(R"({"action":"dance"})").find("no action 'dance'"), std::string::npos);
  EXPECT_NE(why(R"({"action":"bond"})").find("it.amount is missing"), std::string::npos);
  EXPECT_NE(why(R"({"action":"bond","amount":-1})").find("it.amount must be a whole number"), std::string::npos);
  EXPECT_NE(why(R"({"action":"bond","amount":1.5})").find("it.amount must be a whole number"), std::string::npos);
  EXPECT_NE(why(R"({"action":"bond","amount":1,"more":2})").find("'more'"), std::string::npos);
  EXPECT_NE(why(R"({"action":"issue","to":"nobody","amount":1})").find("'nobody'"), std::string::npos);
  EXPECT_NE(why(R"({"action":"decline","trade":"00"})").find("64 hexadecimal digits"), std::string::npos);
  EXPECT_NE(why(R"({"action":"accept","start":"2026-11-21T12:01:00Z","from":1,"to":2})").find("quarter of an hour"),
            std::string::npos);
  EXPECT_NE(
      why(R"({"action":"vote","proposal":")" + std::string(64, '0') + R"(","in_favour":1})").find("true or false"),
      std::string::npos);
  EXPECT_NE(why(R"({"action":"propose","kind":"rules","rule":")" + std::string(65, 'a') + R"(","value":1})")
                .find("out of bounds"),
            std::string::npos);
  EXPECT_NE(why(R"({"action":"propose","kind":"party"})").find("it.kind must be"), std::string::npos);
  EXPECT_NE(why(R"({"action":"confiscate","owner":1,"proof":"00"})").find("it.proof"), std::string::npos);
}

}  // namespace
}  // namespace tieline::api
