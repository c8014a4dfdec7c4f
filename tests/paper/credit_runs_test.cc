#include <gtest/gtest.h>

#include "paper/credit_training.h"
#include "sim/schedule.h"

namespace tieline::paper {
namespace {

Conduct of_kind(ConductKind kind, ValidatorId id) {
  Conduct c;
  c.kind = kind;
  c.id = id;
  c.percent = 100;
  c.up_us = 100'000;
  c.down_us = 200'000;
  c.delay_us = 600'000;
  c.seed = 5;
  return c;
}

// Four validators, one of them bad, everybody leads in turn.
Measured with(std::vector<Conduct> conducts, Height blocks = 81) {
  sim::catch_broken_invariants();
  WorldOptions o;
  o.policy = LeaderPolicy::kRoundRobin;
  o.block_tx = 4;
  o.in_flight = 6;
  o.payload_bytes = 16;
  o.timeout_ms = 100;
  o.tenure_slots = 4;
  o.epoch_blocks = 20;
  o.blocks = blocks;
  o.conducts = std::move(conducts);
  return measure(o);
}

TEST(Conduct, WithNobodyBadNoViewFailsAndAllHaveTheSameCredit) {
  const Measured m = with({});
  ASSERT_TRUE(m.reached) << m.what;
  EXPECT_EQ(m.failed_views, 0u);
  EXPECT_GT(m.planned_views, 10u);
  ASSERT_EQ(m.credit.size(), 4u);
  for (const auto& entry : m.credit.back()) EXPECT_EQ(entry.observed.failed_views, 0u);
}

TEST(Conduct, EveryBadKindFailsAsLeaderAndTheChainSaysWho) {
  for (const auto kind : {ConductKind::kCrashing, ConductKind::kSlow, ConductKind::kFlapping,
                          ConductKind::kEquivocating, ConductKind::kSelective}) {
    const Measured m = with({of_kind(kind, 2)});
    ASSERT_TRUE(m.reached) << conduct_name(kind) << ": " << m.what;
    EXPECT_FALSE(m.fork);
    EXPECT_GT(m.failed_views, 0u) << conduct_name(kind);
    uint32_t against_it = 0, against_others = 0;
    for (const auto& epoch : m.credit) {
      for (size_t v = 0; v < epoch.size(); ++v) {
        const uint32_t failed = epoch[v].observed.failed_views + (epoch[v].observed.proven ? 1 : 0);
        (v == 2 ? against_it : against_others) += failed;
      }
    }
    EXPECT_GT(against_it, 0u) << conduct_name(kind);
    EXPECT_EQ(against_others, 0u) << conduct_name(kind);
  }
}

TEST(Conduct, AFarValidatorIsHonestAndLeads) {
  Conduct far = of_kind(ConductKind::kFar, 2);
  far.delay_us = 15'000;
  const Measured m = with({far});
  ASSERT_TRUE(m.reached) << m.what;
  EXPECT_EQ(m.failed_views, 0u);
  uint32_t led = 0;
  for (const auto& epoch : m.credit) led += epoch[2].observed.led_views;
  EXPECT_GT(led, 0u);
}

TEST(Conduct, ASelectivePrimaryLeavesOutAQuorumOrAsManyAsAQuorumCanSpare) {
  Conduct c = of_kind(ConductKind::kSelective, 3);
  for (View v = 0; v < 50; ++v) {
    c.percent = 100;
    EXPECT_GT(left_out(c, 1, v, 7).size(), 2u) << "no quorum of five hears of it";
    c.percent = 0;
    const auto spared = left_out(c, 1, v, 7);
    EXPECT_GE(spared.size(), 1u);
    EXPECT_LE(spared.size(), 2u);
    for (const ValidatorId id : spared) EXPECT_NE(id, 3);
  }
}

CreditRun two_epochs(std::vector<standing::Observed> first, std::vector<standing::Observed> second) {
  CreditRun run;
  for (auto* list : {&first, &second}) {
    auto& epoch = run.epochs.emplace_back();
    for (const standing::Observed& o : *list) {
      epoch.emplace_back();
      epoch.back().epoch = run.epochs.size() - 1;
      epoch.back().observed = o;
    }
  }
  return run;
}

TEST(CreditData, ARowIsLabelledByTheFollowingEpoch) {
  standing::Observed quiet, led, failed, away;
  quiet.signed_slots = 10;
  led.signed_slots = 10, led.led_views = 2;
  failed.signed_slots = 10, failed.led_views = 4, failed.failed_views = 1;
  away.absent = 9, away.signed_slots = 1;
  const auto rows = rows_of(two_epochs({quiet, quiet, quiet, failed}, {quiet, failed, away, led}), 7);
  ASSERT_EQ(rows.size(), 4u) << "the last epoch has no following one";
  EXPECT_FALSE(is_sample(rows[0])) << "it neither led nor was away";
  EXPECT_TRUE(rows[1].led && rows[1].failed);
  EXPECT_EQ(rows[1].target, kCreditOne * 3 / 4);
  EXPECT_TRUE(is_sample(rows[2]));
  EXPECT_EQ(rows[2].target, 0u);
  EXPECT_FALSE(rows[2].led);
  EXPECT_EQ(rows[3].target, kCreditOne) << "what it did before is not its label";
  EXPECT_EQ(rows[3].run, 7u);
}

TEST(CreditData, CreditIsCarriedByTheModelThatIsAsked) {
  standing::Observed o;
  o.credit = 99;  // by another model
  auto rows = rows_of(two_epochs({o}, {o}), 0);
  rows.push_back(rows.front());
  rows.push_back(rows.front());
  rows[1].proof = true;
  const CreditParams params;
  const auto c = carried(rows, params, [](const standing::Indicators&) { return kCreditOne; });
  EXPECT_EQ(c[0].row.x.back(), kCreditOne / 2);
  EXPECT_EQ(c[0].credit, standing::moved_credit(kCreditOne / 2, kCreditOne, params));
  EXPECT_EQ(c[1].row.x.back(), c[0].credit);
  EXPECT_EQ(c[1].credit, 0u) << "a proof";
  EXPECT_EQ(c[2].row.x.back(), 0u);
}

TEST(CreditTraining, TheSamePlanGivesTheSameWeightsOnAnyNumberOfThreads) {
  sim::catch_broken_invariants();
  TrainingPlan plan;
  plan.runs = 4;
  plan.epochs = 3;
  plan.hidden = {2, 3};
  plan.rounds = 1;
  plan.options.passes = 5;
  plan.threads = 1;
  const auto one = train_credit(plan, {}, [](const std::string&) {});
  plan.threads = 2;
  const auto two = train_credit(plan, {}, [](const std::string&) {});
  EXPECT_EQ(one.weights, two.weights);
  EXPECT_EQ(one.held_out_runs, 1u);
  EXPECT_GT(one.samples, 10u);
  EXPECT_EQ(one.sweep.size(), 2u);
}

}  // namespace
}  // namespace tieline::paper
