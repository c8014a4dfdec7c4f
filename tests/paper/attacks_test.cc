#include "paper/attacks.h"

#include <gtest/gtest.h>

#include "paper/central_server.h"
#include "paper/numbers.h"

namespace tieline::paper {
namespace {

constexpr size_t kTries = 8;
const Attempts& of(const AttackResults& results, Attack attack) { return results[static_cast<size_t>(attack)]; }

TEST(Attacks, NoneButLeavingOneOutOfABlockSucceedsOnANetwork) {
  for (const EngineKind engine : {EngineKind::kCbft, EngineKind::kPbft}) {
    const AttackResults r = attack_network(engine, 7, kTries);
    for (size_t a = 0; a < kAttacks; ++a) {
      const auto attack = static_cast<Attack>(a);
      EXPECT_GT(r[a].tried, 0u) << attack_name(attack);
      EXPECT_EQ(r[a].succeeded, attack == Attack::kBribedChoice ? r[a].tried : 0u) << attack_name(attack);
    }
    EXPECT_EQ(of(r, Attack::kForgedSource).by, "bad_signature");
    EXPECT_EQ(of(r, Attack::kTamperedPayload).by, "bad_signature");
    EXPECT_EQ(of(r, Attack::kDoubleSale).by, "over_committed");
    EXPECT_EQ(of(r, Attack::kSybil).by, "unknown_signer");
    EXPECT_EQ(of(r, Attack::kBribedOrder).by, "block_out_of_order");
  }
}

TEST(Attacks, AServerWithoutSignaturesKeepsItsRulesAndBelievesEverybody) {
  const AttackResults r = attack_central(7, kTries);
  for (const Attack attack : {Attack::kForgedSource, Attack::kReplay, Attack::kTamperedPayload, Attack::kCollusion,
                              Attack::kBribedOrder, Attack::kBribedChoice, Attack::kFlood})
    EXPECT_EQ(of(r, attack).succeeded, of(r, attack).tried) << attack_name(attack);
  for (const Attack attack : {Attack::kDoubleSale, Attack::kSybil})
    EXPECT_EQ(of(r, attack).succeeded, 0u) << attack_name(attack);
}

TEST(Attacks, WhatIsRecordedHasAReceipt) {
  const Attempts a = traceable(EngineKind::kCbft, 7, kTries);
  EXPECT_EQ(a.succeeded, a.tried);
}

TEST(CentralServer, HasTheRulesOfTheLedger) {
  const auto grid = day_grid({.participants = 10, .proposals = 1, .hours = 1, .seed = 1});
  CentralServer server(accounts_of(*grid));
  const DayFlow& flow = grid->flows.front();
  const GenesisParticipant& owner = grid->of(flow.from);
  EXPECT_EQ(server.record({owner.name, flow.meter, 1, 10}), "ok");
  EXPECT_EQ(server.reading(flow.meter, 1), 10u);
  EXPECT_EQ(server.record({owner.name, flow.meter, 1, 11}), "overlap");
  EXPECT_EQ(server.reading(flow.meter, 1), 10u);
  EXPECT_EQ(server.record({"nobody", flow.meter, 2, 10}), "unknown_signer");
  EXPECT_EQ(server.record({owner.name, flow.check_meter, 2, 10}), "not_owner");
  EXPECT_EQ(server.record({owner.name, 9'999, 2, 10}), "unknown_meter");
  EXPECT_EQ(server.record({owner.name, flow.meter, 2, owner.capacity_w}), "over_capacity");
  EXPECT_EQ(server.record({owner.name, flow.meter, 2, 10, 7}), "misaligned_interval");
  server.set_time(1);
  EXPECT_EQ(server.record({owner.name, flow.meter, 2, 10}), "future_interval");
  EXPECT_EQ(server.declare_cost(owner.name, owner.cost_hi), "ok");
  EXPECT_EQ(server.declare_cost(owner.name, owner.cost_hi + 1), "cost_band");
  EXPECT_EQ(server.declare_line(owner.name, owner.capacity_w), "ok");
  EXPECT_EQ(server.declare_line(owner.name, owner.capacity_w + 1), "line_capacity");
  EXPECT_EQ(server.sell({"nobody", owner.name, "user-0", 1, 10, 1}), "unknown_signer");
  EXPECT_EQ(server.sell({owner.name, owner.name, "user-0", 1, 10'000, 1'000'000'000'000'000}), "insufficient_funds");
  EXPECT_EQ(server.sales(), 0u);
}

TEST(Attacks, IntervalsAreWilsons) {
  EXPECT_NEAR(upper_percent(0, 50), 7.13, 0.01);
  EXPECT_NEAR(lower_percent(50, 50), 92.87, 0.01);
  EXPECT_NEAR(lower_percent(5, 10), 23.66, 0.01);
  EXPECT_NEAR(upper_percent(5, 10), 76.34, 0.01);
}

}  // namespace
}  // namespace tieline::paper
