// A recorded run: what `tieline credit show --json` printed, read back to be trained on.

#include "cli/credit_show.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tieline::cli {
namespace {

using Json = nlohmann::json;

Json entry(uint64_t epoch, uint32_t failed = 0) {
  return {{"epoch", epoch},
          {"last_height", 100 * (epoch + 1)},
          {"credit_q16", 40'000},
          {"why", failed > 0 ? Json::array({{{"what", "proof"}, {"height", 5}}}) : Json::array()},
          {"observed",
           {{"round_trip_ms", 20},
            {"interval_ms", nullptr},
            {"spells", 1},
            {"absent", 2},
            {"signed", 98},
            {"led_views", 3},
            {"failed_views", failed},
            {"lead_permille", 333 * failed},
            {"age_blocks", 100},
            {"proven", failed > 0},
            {"credit_q16", 32'768}}}};
}

Json run_of(std::vector<std::vector<uint64_t>> epochs) {
  Json run = {{"validators", Json::array()}};
  for (const auto& list : epochs) {
    Json all = Json::array();
    for (const uint64_t e : list) all.push_back(entry(e, e == 3 ? 1 : 0));
    run["validators"].push_back({{"id", run["validators"].size()}, {"epochs", all}});
  }
  return run;
}

TEST(RecordedRun, IsReadBackWithTheEpochsThatAllHave) {
  const auto run = credit_run_from_json("some words for people\n" + run_of({{2, 3, 4}, {3, 4}}).dump() + "\n");
  ASSERT_TRUE(run.ok()) << run.error().why;
  ASSERT_EQ(run->epochs.size(), 2u);
  ASSERT_EQ(run->epochs[0].size(), 2u);
  const standing::CreditEntry& e = run->epochs[0][1];
  EXPECT_EQ(e.epoch, 3u);
  EXPECT_EQ(e.credit, 40'000u);
  EXPECT_EQ(e.observed.round_trip_ms, 20);
  EXPECT_EQ(e.observed.interval_ms, std::nullopt);
  EXPECT_EQ(e.observed.failed_views, 1u);
  EXPECT_EQ(e.observed.lead_permille, 333);
  EXPECT_EQ(e.observed.credit, 32'768u);
  ASSERT_EQ(e.events.size(), 1u) << "a proof came";
}

TEST(RecordedRun, AGapEndsARunSinceALabelIsOfTheFollowingEpoch) {
  const auto run = credit_run_from_json(run_of({{1, 2, 5, 6, 7}, {1, 2, 5, 6, 7}}).dump());
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(run->epochs.size(), 3u);
  EXPECT_EQ(run->epochs[0][0].epoch, 5u);
}

TEST(RecordedRun, WhatLacksAFieldOrIsNoneIsRefused) {
  for (const char* field : {"epoch", "last_height", "credit_q16", "why", "observed"}) {
    Json run = run_of({{1, 2}});
    run["validators"][0]["epochs"][1].erase(field);
    ASSERT_FALSE(credit_run_from_json(run.dump()).ok()) << field;
    EXPECT_EQ(credit_run_from_json(run.dump()).error().code, "json_malformed");
  }
  const Json whole = run_of({{1, 2}});
  for (const auto& item : whole["validators"][0]["epochs"][0]["observed"].items()) {
    Json run = whole;
    run["validators"][0]["epochs"][0]["observed"][item.key()] = "x";
    EXPECT_FALSE(credit_run_from_json(run.dump()).ok()) << item.key();
  }
  for (const char* text :
       {"", "{", "{}", "[]", "{\"validators\": 3}", "{\"validators\": [3]}", "{\"validators\": [{\"epochs\": [3]}]}"})
    EXPECT_FALSE(credit_run_from_json(text).ok()) << text;
}

}  // namespace
}  // namespace tieline::cli
