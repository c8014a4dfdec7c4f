// The private points' part of genesis: as JSON and back, every wrong field named, and part of the chain id.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fixtures.h"
#include "model/genesis.h"

namespace tieline {
namespace {

using Json = nlohmann::ordered_json;
using testing::genesis_of;

Genesis with_private() {
  Genesis g = genesis_of();
  GenesisParticipant p;
  p.role = Role::kDistributor;
  p.id = static_cast<ParticipantId>(g.participants.size() + 1);
  p.name = "cityline";
  p.key = testing::signer_of("cityline").public_key();
  g.participants.push_back(p);
  g.market.emplace();
  PrivateGenesis v;
  v.buckets_w = {4'000, 11'000};
  v.profile_ppm.assign(kProfileSlots, 100'000);
  v.sets = {{1, 900 * 96, 96}, {3, 900 * 96 * 2, 192}};
  v.distributors = {{p.id, 12}};
  g.private_points = v;
  return g;
}

std::string why(const Genesis& g) {
  const Status s = g.validate();
  return s.ok() ? "ok" : s.error().why;
}
template <class Change>
std::string with(Change change) {
  Genesis g = with_private();
  change(*g.private_points);
  return why(g);
}

TEST(GenesisPrivate, ComesBackFromJsonAndMakesAnotherChain) {
  const Genesis g = with_private();
  ASSERT_EQ(why(g), "ok");
  const auto back = genesis_from_json(genesis_to_json(g));
  ASSERT_TRUE(back.ok()) << back.error().why;
  EXPECT_EQ(*back, g);
  EXPECT_EQ(back->chain_id(), g.chain_id());
  Genesis without = g;
  without.private_points.reset();
  EXPECT_NE(without.chain_id(), g.chain_id());
  const auto changed = [&](auto change) {
    Genesis other = g;
    change(*other.private_points);
    EXPECT_NE(other.chain_id(), g.chain_id());
  };
  changed([](PrivateGenesis& p) { p.buckets_w[0] = 5'000; });
  changed([](PrivateGenesis& p) { p.profile_ppm[95] = 1; });
  changed([](PrivateGenesis& p) { p.loss_lo_ppm = 1; });
  changed([](PrivateGenesis& p) { p.loss_hi_ppm = 1; });
  changed([](PrivateGenesis& p) { p.sets[1].slots = 193; });
  changed([](PrivateGenesis& p) { p.distributors[0].points = 13; });
}

TEST(GenesisPrivate, EveryBoundIsNamed) {
  const auto starts = [](const std::string& said, const char* path) { return said.starts_with(path); };
  Genesis alone = with_private();
  alone.market.reset();
  EXPECT_TRUE(starts(why(alone), "private is there without a market"));
  EXPECT_TRUE(starts(with([](auto& p) { p.buckets_w.clear(); }), "private.buckets_w is 0"));
  EXPECT_TRUE(starts(with([](auto& p) { p.buckets_w[1] = 4'000; }), "private.buckets_w[1] is 4000"));
  EXPECT_TRUE(starts(with([](auto& p) { p.buckets_w[0] = 3; }), "private.buckets_w[0] is 3"));
  EXPECT_TRUE(starts(with([](auto& p) { p.buckets_w[1] = 1'000'001; }), "private.buckets_w[1] is 1000001"));
  EXPECT_TRUE(starts(with([](auto& p) { p.profile_ppm.pop_back(); }), "private.profile_ppm is 95"));
  EXPECT_TRUE(starts(with([](auto& p) { p.profile_ppm[9] = 1'000'001; }), "private.profile_ppm[9] is 1000001"));
  EXPECT_TRUE(starts(with([](auto& p) { p.loss_lo_ppm = 200'000; }), "private.loss_hi_ppm is 150000"));
  EXPECT_TRUE(starts(with([](auto& p) { p.loss_hi_ppm = 1'000'000; }), "private.loss_hi_ppm is 1000000"));
  EXPECT_TRUE(starts(with([](auto& p) { p.sets[0].slots = 95; }), "private.sets is "));
  EXPECT_TRUE(starts(with([](auto& p) { p.sets[0].slots = 97; }), "private.sets is "));
  EXPECT_TRUE(starts(with([](auto& p) { p.distributors.clear(); }), "private.distributors is 0"));
  EXPECT_TRUE(starts(with([](auto& p) { p.distributors[0].points = 9; }), "private.distributors[0].points is 9"));
  EXPECT_TRUE(
      starts(with([](auto& p) { p.distributors[0].points = 1'025; }), "private.distributors[0].points is 1025"));
  EXPECT_TRUE(starts(with([](auto& p) { p.distributors[0].participant = 1; }), "private.distributors[0].name is"))
      << "who is no distributor";
  EXPECT_TRUE(
      starts(with([](auto& p) { p.distributors.push_back(p.distributors[0]); }), "private.distributors[1].name is"));
}

TEST(GenesisPrivate, WhatTheFileMayNotSayIsNamed) {
  const auto said = [](auto change) {
    Json json = Json::parse(genesis_to_json(with_private()));
    change(json["private"]);
    const auto g = genesis_from_json(json.dump());
    return g.ok() ? std::string("ok") : g.error().why;
  };
  EXPECT_TRUE(said([](Json& p) { p["more"] = 1; }).starts_with("private.more is an unknown key"));
  EXPECT_TRUE(said([](Json& p) { p.erase("sets"); }).starts_with("private.sets is missing"));
  EXPECT_TRUE(said([](Json& p) { p["buckets_w"][0] = -1; }).starts_with("private.buckets_w[0] is -1"));
  EXPECT_TRUE(said([](Json& p) { p["profile_ppm"].push_back(1); }).starts_with("private.profile_ppm is 97"));
  EXPECT_TRUE(said([](Json& p) { p["distributors"][0]["name"] = "x"; }).starts_with("private.distributors[0].name is"));
}

}  // namespace
}  // namespace tieline
