// Evidence on its way into blocks: late CONFIRMs, measures, proofs of invalid blocks.

#include "../standing/map_pages.h"
#include "consensus/evidence_desk.h"
#include "lone.h"
#include "standing/tally.h"

namespace tieline::testing {
namespace {

// A block whose evidence is the certificate of `slot` without the member.
BlockPtr showing(Lone& t, const Hash& parent, const Certificate& c, const std::string& label) {
  Evidence e;
  e.certificates = {c};
  return t.c.build(parent, 0, false, 1, e, label);
}

// The member votes for three blocks, of which the third shows a certificate of the first; all are committed. Returns
// the block that was counted.
BlockPtr count_first(Lone& t, bool without_me) {
  std::vector<BlockPtr> chain;
  Hash parent = t.c.genesis();
  Justify j = t.start();
  for (int64_t i = 0; i < 3; ++i) {
    const Slot slot{0, 0, i};
    if (i < 2) {
      chain.push_back(t.block(parent, "block " + std::to_string(i)));
    } else {
      std::vector<ValidatorId> signers = {t.leader, t.other(1), t.other(2)};
      if (!without_me) signers[2] = t.node().id;
      std::sort(signers.begin(), signers.end());
      chain.push_back(showing(t, parent, t.certificate_of({0, 0, 0}, chain[0], signers), "showing"));
    }
    t.propose(slot, chain.back(), j);
    t.confirm(t.other(1), slot, chain.back());
    t.confirm(t.other(2), slot, chain.back());
    j = t.justify(t.certificate(slot, chain.back(), 3));
    parent = chain.back()->digest;
  }
  EXPECT_EQ(t.node().height(), 3u);
  return chain[0];
}

TEST(LateConfirm, IsSaidToAllByWhoFindsItselfLeftOut) {
  Lone t;
  const BlockPtr first = count_first(t, true);
  const auto late = t.all<LateConfirms>();
  ASSERT_EQ(late.size(), 1u);
  ASSERT_EQ(late[0].votes.size(), 1u);
  const LateConfirm& vote = late[0].votes[0];
  EXPECT_EQ(vote.signer, t.node().id);
  EXPECT_EQ(vote.slot, (Slot{0, 0, 0}));
  EXPECT_EQ(vote.block, first->digest);
  EXPECT_TRUE(verify_late_confirm(vote, CommitRule::kTwoChain, t.c.chain_id(), t.c.committee(0), t.c.verifier()).ok());
}

TEST(LateConfirm, IsNotSaidByWhoTookPart) {
  Lone t;
  count_first(t, false);
  EXPECT_EQ(t.sent_count<LateConfirms>(), 0u);
}

TEST(LateConfirm, IsNeverSaidForAVoteThatWasNotCast) {
  Lone t;
  const BlockPtr a = t.block(t.c.genesis(), "a");
  const Slot first{0, 0, 0}, second{0, 0, 1};
  t.c.node(t.spare).held.insert(a->digest);
  // It hears of the first slot by its certificate only, and so does not vote there.
  for (ValidatorId id : {t.leader, t.other(1), t.other(2)}) t.confirm(id, first, a);
  const BlockPtr b = showing(t, a->digest, t.certificate_of(first, a, {t.leader, t.other(1), t.other(2)}), "b");
  t.propose(second, b, t.justify(t.certificate(first, a, 3)));
  t.confirm(t.other(1), second, b);
  t.confirm(t.other(2), second, b);
  EXPECT_EQ(t.node().height(), 2u);
  EXPECT_EQ(t.sent_count<LateConfirms>(), 0u);
}

// What the leader proposes next, with its evidence.
Evidence evidence_of(const Propose& p) {
  if (p.evidence.empty()) return {};
  const auto e = decoded<Evidence>(p.evidence, "evidence");
  EXPECT_TRUE(e.ok());
  return *e;
}

struct Leading {
  Leading() : t({.lead = true}) { t.c.submit(1'000); }
  void round() {
    const Propose p = t.proposals().back();
    t.confirm(t.other(1), p.slot, p.header);
    t.confirm(t.other(2), p.slot, p.header);
  }
  LateConfirm late(ValidatorId id, const Propose& p) const {
    const Hash block = p.header.digest();
    const Hash digest = confirm_digest(t.c.chain_id(), p.slot, p.header.height, block);
    return {id, p.slot, p.header.height, block, t.sign(id, digest)};
  }
  size_t carried(ValidatorId id) const {
    size_t times = 0;
    for (const Propose& p : t.proposals())
      for (const LateConfirm& l : evidence_of(p).late) times += l.signer == id ? 1 : 0;
    return times;
  }
  Lone t;
};

TEST(LateConfirm, OfWhomTheChainShowsAbsentGoesIntoABlockOnce) {
  Leading l;
  const Propose first = l.t.proposals().front();
  l.t.c.inject(l.t.me, l.t.other(3), make_message(LateConfirms{{l.late(l.t.other(3), first)}}));
  for (int i = 0; i < 4; ++i) l.round();
  EXPECT_EQ(l.carried(l.t.other(3)), 0u) << "nothing shows it absent yet: there is nothing to add to";
  l.t.c.inject(l.t.me, l.t.other(3), make_message(LateConfirms{{l.late(l.t.other(3), first)}}));
  for (int i = 0; i < 5; ++i) l.round();
  EXPECT_EQ(l.carried(l.t.other(3)), 1u);
}

TEST(LateConfirm, WithABadSignatureOrOfAnotherBlockIsNotTaken) {
  Leading l;
  const Propose first = l.t.proposals().front();
  for (int i = 0; i < 4; ++i) l.round();
  LateConfirm forged = l.late(l.t.other(3), first);
  std::get<Signature>(forged.signature).bytes[0] ^= 1;
  l.t.c.inject(l.t.me, l.t.other(3), make_message(LateConfirms{{forged}}));
  EXPECT_EQ(l.t.node().dropped("late_confirm_bad_signature"), 1u);
  LateConfirm another = l.late(l.t.other(3), first);
  another.block = l.t.c.genesis();
  l.t.c.inject(l.t.me, l.t.other(3), make_message(LateConfirms{{another}}));
  for (int i = 0; i < 4; ++i) l.round();
  EXPECT_EQ(l.carried(l.t.other(3)), 0u);
}

TEST(LateConfirm, AFloodOfOneMembersCostsNobodyElsesPlace) {
  Leading l;
  std::vector<Propose> slots;
  for (int i = 0; i < 80; ++i) {
    slots.push_back(l.t.proposals().back());
    l.round();
  }
  for (int i = 0; i < 80; ++i)
    l.t.c.inject(l.t.me, l.t.other(3), make_message(LateConfirms{{l.late(l.t.other(3), slots[i % 70])}}));
  for (int i = 0; i < 6; ++i) l.round();
  size_t most = 0;
  for (const Propose& p : l.t.proposals()) most = std::max(most, evidence_of(p).late.size());
  EXPECT_LE(most, kEvidenceLateMax);
  EXPECT_GT(l.carried(l.t.other(3)), kEvidenceLateMax);
  EXPECT_LE(l.carried(l.t.other(3)), kLatePerMemberMax) << "only so many of one member are kept";
}

// The whole of it: a liar leads and leaves one member out of every certificate it shows. When another leads, the chain
// takes it back.
TEST(LateConfirm, ALeaderCannotHideWhoTookPart) {
  ClusterOptions options;
  options.params.tenure_slots = 8;
  options.params.fast_path = false;
  Cluster c(options);
  const size_t liar = c.leader_index(0, 0), victim = c.leader_index(0, 2);
  c.node(liar).byzantine = true;
  const size_t hidden = *c.committee(0).position_of(c.node(victim).id);
  bool lied = false;
  c.twist = [&](const Node& leader, Evidence& e) {
    if (leader.index != liar) return;
    e.late.clear();
    for (Certificate& q : e.certificates) {
      const auto positions = q.signers.positions();
      if (positions.size() < 4) continue;  // a quorum is needed
      const auto at = std::find(positions.begin(), positions.end(), hidden) - positions.begin();
      q.signers.erase(hidden);
      q.signatures.erase(q.signatures.begin() + at);
      lied = true;
    }
  };
  c.start();
  c.submit(200);
  ASSERT_TRUE(c.run_until_height(30));
  ASSERT_TRUE(lied);

  standing::Tally tally{standing::empty_tally(c.committee(0)), {}};
  MapPages pages;
  uint32_t most = 0, led_by_liar = 0;
  const Node& correct = c.node(victim);
  for (const Committed& done : correct.chain) {
    const Block& block = *c.info(done.block).block;
    if (block.evidence.empty()) continue;
    const auto e = decoded<Evidence>(block.evidence, "evidence");
    ASSERT_TRUE(e.ok());
    standing::count_evidence(tally, pages, *e, options.params, c.committee(0), nullptr);
    most = std::max(most, tally.current.members[hidden].absent_slots);
    led_by_liar = std::max(led_by_liar, standing::led_missing(tally.current, c.node(liar).id));
  }
  EXPECT_GE(most, 4u) << "while the liar led, it stood there as absent";
  EXPECT_LE(tally.current.members[hidden].absent_slots, 1u) << "no more than the newest slot, if the liar leads again";
  EXPECT_TRUE(c.violations.empty());
}

// --- time-outs

// Views of epoch 0 whose leader the chain of `n` says to have failed, and how often it says so.
std::map<View, size_t> failed_views(const Cluster& c, const Node& n) {
  std::map<View, size_t> out;
  for (const Committed& done : n.chain) {
    const Block& block = *c.info(done.block).block;
    if (block.evidence.empty()) continue;
    const auto e = decoded<Evidence>(block.evidence, "evidence");
    EXPECT_TRUE(e.ok());
    for (const TimeoutProof& t : e->timeouts) ++out[t.view - 1];
  }
  return out;
}

TEST(Timeouts, EachOfTwoLeadersThatFailInARowIsShown) {
  ClusterOptions options;
  options.n = 7;
  Cluster c(options);
  c.start();
  for (View v : {0, 1}) c.crash(c.leader_index(0, v));
  c.submit(40);
  const Node& correct = c.node(c.leader_index(0, 2));
  ASSERT_TRUE(c.run_until([&] { return correct.height() >= 8; }, 60'000'000));
  EXPECT_EQ(failed_views(c, correct), (std::map<View, size_t>{{0, 1}, {1, 1}})) << "once each";
}

TEST(Timeouts, OfALeaderWhoseBlockStandsAgainIsShownInTheBlockAfterIt) {
  Cluster c({});
  c.filter = [](const Node&, const Node&, const Message& m) {
    const auto* vote = std::get_if<Confirm>(&m.payload);
    return vote != nullptr && vote->slot.view == 0 ? Fate::kDrop : Fate::kDeliver;
  };
  c.start();
  c.submit(40);
  const Node& correct = c.node(c.leader_index(0, 2));
  ASSERT_TRUE(c.run_until([&] { return correct.height() >= 6; }, 60'000'000));
  const Block& first = *c.info(correct.chain.front().block).block;
  EXPECT_TRUE(first.evidence.empty()) << "the failed leader's block, made before it failed, is what stands at height 1";
  EXPECT_EQ(failed_views(c, correct), (std::map<View, size_t>{{0, 1}}));
}

// --- measures

TEST(Measures, AWindowEndsWithASignedReportAndANewRoundOfProbes) {
  ClusterOptions options;
  options.latency_us = 7'000;
  options.params.epoch_blocks = 1'000'000;
  Cluster c(options);
  std::vector<MeasureReport> reports;
  c.on_send = [&](const Node&, const Message& m) {
    if (const auto* measured = std::get_if<Measured>(&m.payload)) reports.push_back(measured->report);
  };
  c.start();
  c.submit(400);
  ASSERT_TRUE(c.run_until_height(50));
  ASSERT_GE(reports.size(), 8u);
  size_t measured = 0;
  for (const MeasureReport& r : reports) {
    EXPECT_TRUE(verify_report(r, c.chain_id(), c.committee(0), c.verifier()).ok());
    for (size_t i = 0; i < 4; ++i) {
      if (r.rtt_ms[i] == kNotMeasured) continue;
      ++measured;
      EXPECT_EQ(r.rtt_ms[i], 14u) << "there and back";
    }
  }
  EXPECT_GT(measured, 8u);
  // And they stand in blocks.
  standing::Tally tally{standing::empty_tally(c.committee(0)), {}};
  MapPages pages;
  for (const Committed& done : c.node(0).chain) {
    const Block& block = *c.info(done.block).block;
    if (block.evidence.empty()) continue;
    standing::count_evidence(tally, pages, *decoded<Evidence>(block.evidence, "evidence"), options.params,
                             c.committee(0), nullptr);
  }
  EXPECT_EQ(tally.current.reports.size(), 4u);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(standing::median_of_reports(tally.current, i, standing::Measure::kRoundTrip), 14u);
  const size_t leader = *c.committee(0).position_of(c.leader(0, 0));
  EXPECT_NE(standing::median_of_reports(tally.current, leader, standing::Measure::kInterval), kNotMeasured);
  EXPECT_TRUE(c.violations.empty());
}

TEST(Measures, AForgedReportIsDropped) {
  Lone t;
  MeasureReport r{t.other(1), 0, 16, {1, 1, 1, 1}, {1, 1, 1, 1}, {}};
  const size_t position = *t.c.committee(0).position_of(r.reporter);
  r.rtt_ms[position] = r.interval_ms[position] = kNotMeasured;
  r.signature = t.sign(t.other(2), report_digest(t.c.chain_id(), r));
  t.c.inject(t.me, t.other(2), make_message(Measured{r}));
  EXPECT_EQ(t.node().dropped("measured_invalid"), 1u);
}

TEST(Measures, AProbeIsAnsweredToWhoAskedAndNobodyElse) {
  Lone t;
  t.c.inject(t.me, t.other(1), make_message(Probe{77, false}));
  const auto probes = t.all<Probe>();
  ASSERT_EQ(probes.size(), 1u);
  EXPECT_EQ(probes[0].number, 77u);
  EXPECT_TRUE(probes[0].answer);
  t.c.inject(t.me, t.other(1), make_message(Probe{78, true}));
  EXPECT_EQ(t.sent_count<Probe>(), 1u) << "an answer is not answered";
}

// --- invalid blocks

TEST(InvalidBlocks, AProposalWithAHeaderOfAnotherEpochIsKeptAsProof) {
  Lone t;
  auto bad = std::make_shared<Block>(*t.block(t.c.genesis(), "of another epoch"));
  bad->header.epoch = 1;
  bad->digest = bad->header.digest();
  t.propose({0, 0, 0}, bad, t.start());
  EXPECT_EQ(t.node().dropped("propose_wrong_chain"), 1u);
  EXPECT_TRUE(t.traced("invalid header proven"));
}

TEST(InvalidBlocks, OneWithABadTransactionIsShownUnderItsPrimarysSignature) {
  Lone t;
  const BlockPtr bad = t.block(t.c.genesis(), "with a bad transaction");
  t.c.mark_invalid(bad->digest);
  t.propose({0, 0, 0}, bad, t.start());
  EXPECT_FALSE(t.traced("invalid block proven")) << "invalid for what only execution refutes";
  const BlockPtr other = t.block(t.c.genesis(), "another");
  t.c.input(t.me, Judged{other->digest, false, "a signature", other, BadTransaction{Bytes{1}, 0, {}}});
  EXPECT_FALSE(t.traced("invalid block proven")) << "no proposal of it is known";
}

}  // namespace
}  // namespace tieline::testing
