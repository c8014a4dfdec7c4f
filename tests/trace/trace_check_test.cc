// A trace of a small network passes; one that was doctored does not, however it was done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trace/text.h"
#include "traced_world.h"

namespace tieline::trace {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using testing::file_of;
using ::testing::HasSubstr;
using testing::make_tx;
using testing::TracedWorld;
using testing::world_genesis;

class TraceCheck : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { catch_broken_invariants(); }

  // Some blocks, one after the other, everybody level.
  void commit_blocks(size_t blocks) {
    for (size_t i = 0; i < blocks; ++i) {
      const size_t before = traced_.world.hosts[via_].outcomes.size();
      traced_.world.submit(via_, {make_tx(traced_.world.genesis, 1, ++sequence_)});
      ASSERT_TRUE(traced_.world.run([&] { return traced_.world.hosts[via_].outcomes.size() > before; }));
    }
    traced_.world.run_for(300'000);
  }
  ValidatorId primary() const { return traced_.world.hosts[0].replica->status().engine.primary.value(); }
  ValidatorId follower() const { return primary() == 1 ? 2 : 1; }
  void run_network(size_t blocks = 5) {
    traced_.world.start_all();
    commit_blocks(blocks);
  }
  void expect_all_pass() {
    facts_ = {};
    for (const auto& [id, starts] : traced_.tapes)
      for (size_t start = 0; start < starts.size(); ++start) {
        const Summary s = check(starts[start]->records);
        EXPECT_FALSE(s.finding) << "validator " << id << " start " << start << ": " << s.finding->code << ": "
                                << s.finding->what << " at record " << s.finding->record << ", " << s.finding->input
                                << ::testing::PrintToString(s.finding->expected)
                                << ::testing::PrintToString(s.finding->recorded);
      }
  }
  Summary check_file(const Bytes& file, const CheckOptions& options) {
    FrameReader frames(read_from(file));
    auto summary = check_trace(frames, facts_, traced_.world.verifier, "a trace", options);
    EXPECT_TRUE(summary.ok()) << summary.error().why;
    return std::move(*summary);
  }
  Summary check(const std::vector<Bytes>& records, bool replay = true) {
    CheckOptions options;
    options.genesis = &traced_.world.genesis;
    options.replay = replay;
    return check_file(file_of(records), options);
  }
  // The code of what is found, by rules and replay, or by the rules alone.
  std::string found(const std::vector<Bytes>& records, bool replay = true) {
    facts_ = {};
    const Summary s = check(records, replay);
    return s.finding ? s.finding->code : "nothing";
  }
  static Step step_at(const std::vector<Bytes>& records, size_t i) {
    auto record = decode_record(records[i]);
    EXPECT_TRUE(record.ok());
    return std::get<Step>(std::move(*record));
  }
  // The first step from `from` on for which `wanted` holds.
  template <class Wanted>
  static size_t find_step(const std::vector<Bytes>& records, Wanted wanted, size_t from = 0) {
    for (size_t i = from; i < records.size(); ++i) {
      auto record = decode_record(records[i]);
      if (const auto* step = record.ok() ? std::get_if<Step>(&*record) : nullptr)
        if (wanted(*step)) return i;
    }
    std::string all;
    for (const Bytes& r : records)
      if (auto record = decode_record(r); std::holds_alternative<Step>(*record))
        all += text_of(std::get<Step>(*record).input) + "\n";
    ADD_FAILURE() << "no such step among\n" << all;
    return 0;
  }
  template <class E>
  static size_t effect_of(const Step& step, std::function<bool(const E&)> wanted = {}) {
    for (size_t i = 0; i < step.effects.size(); ++i)
      if (const E* e = std::get_if<E>(&step.effects[i]); e && (!wanted || wanted(*e))) return i;
    return step.effects.size();
  }
  static bool confirms(const Step& step) { return effect_of<consensus::Send>(step, is_confirm) < step.effects.size(); }
  static bool is_confirm(const consensus::Send& send) {
    return std::holds_alternative<consensus::Confirm>(send.message->payload);
  }

  TracedWorld traced_;
  NetworkFacts facts_;
  uint64_t sequence_ = 0;
  ValidatorId via_ = 0;  // takes the transactions
};

TEST_F(TraceCheck, ANetworksTracesPassTogether) {
  run_network();
  expect_all_pass();
  EXPECT_GE(facts_.committed.size(), 6u);  // with genesis
  for (ValidatorId id = 0; id < 4; ++id) EXPECT_GE(facts_.validators[id].votes.size(), 5u);
  facts_ = {};
  const Summary s = check(traced_.records(0));
  EXPECT_EQ(s.engine, "cbft");
  EXPECT_GT(s.steps, 40u);
  EXPECT_GE(s.commits, 5u);
  EXPECT_GE(s.height, 5u);
  EXPECT_GE(s.signatures, 5u);
  EXPECT_FALSE(s.ended);
  EXPECT_FALSE(s.torn);
}

// Shares are recorded and asked for again like signatures.
TEST_F(TraceCheck, TracesOfANetworkWithAggregatesPass) {
  Genesis& genesis = traced_.world.genesis;
  genesis.consensus.certificates = CertificateKind::kBls;
  for (GenesisValidator& v : genesis.validators) {
    const bls::PublicKey key = tieline::testing::validator_key(v.id).bls_key();
    v.bls_key.assign(key.bytes.begin(), key.bytes.end());
  }
  run_network();
  expect_all_pass();
  EXPECT_GE(facts_.committed.size(), 6u);
  for (ValidatorId id = 0; id < 4; ++id) EXPECT_GE(facts_.validators[id].votes.size(), 5u);
}

// A leader whose blocks go by way of its neighbours says them to some, in parts, and to nobody else.
TEST_F(TraceCheck, TracesOfANetworkWithARelayPass) {
  Genesis& genesis = traced_.world.genesis;
  genesis.consensus.engine = EngineKind::kTrustRaft;
  ProximityParams& p = genesis.consensus.proximity.emplace();
  p.relay = true;
  for (uint32_t x : {0, 100, 200, 300}) p.positions.push_back({x, 0});
  run_network();
  expect_all_pass();
  size_t relayed = 0;
  for (ValidatorId id = 0; id < 4; ++id)
    for (const Bytes& bytes : traced_.records(id)) {
      const auto record = decode_record(bytes);
      if (const auto* left = std::get_if<Left>(&*record)) relayed += left->to.size() == 2;
    }
  EXPECT_GE(relayed, 5u) << "f+1 are neighbours of the leader; the fourth gets blocks from them";
}

TEST_F(TraceCheck, TracesPassOverViewChangesRestartsAndEpochs) {
  traced_.world.genesis.consensus.epoch_blocks = 3;
  traced_.world.genesis.consensus.epoch_ms = 0;
  traced_.world.genesis.consensus.fast_path = false;
  run_network();
  const ValidatorId first = primary();
  via_ = static_cast<ValidatorId>((first + 1) % 4);
  traced_.world.stop(first);
  commit_blocks(3);
  traced_.world.start(first);
  commit_blocks(3);
  traced_.world.run_for(5'000'000);
  ASSERT_EQ(traced_.tapes[first].size(), 2u);
  expect_all_pass();
  EXPECT_GE(facts_.committees.size(), 3u);
}

TEST_F(TraceCheck, TheTraceOfAWipedValidatorPassesThroughRejoinAndSnapshot) {
  traced_.world.limits.snapshot_after_blocks = 4;
  run_network(2);
  traced_.world.stop(3);
  commit_blocks(9);
  traced_.world.wipe(3);
  traced_.world.start(3);
  commit_blocks(4);
  traced_.world.run_for(5'000'000);
  EXPECT_GE(traced_.world.height(3), 11u);
  expect_all_pass();
}

TEST_F(TraceCheck, AFlippedBitIsSeenWhereverItIs) {
  run_network(2);
  const Bytes whole = file_of(traced_.records(follower()));
  size_t tried = 0;
  for (size_t at = 0; at < whole.size(); at += 13) {
    Bytes file = whole;
    file[at] ^= static_cast<uint8_t>(1u << (at % 8));
    FrameReader frames(read_from(file));
    facts_ = {};
    auto summary = check_trace(frames, facts_, traced_.world.verifier, "a trace");
    ++tried;
    if (!summary.ok())
      EXPECT_THAT(summary.error().code, AnyOf("not_a_trace", "unknown_version")) << at;
    else
      EXPECT_TRUE(summary->finding && summary->finding->code == "trace_damaged") << at;
  }
  EXPECT_GT(tried, 500u);
}

TEST_F(TraceCheck, ARecordTakenOutOrMovedInTheFileBreaksTheChain) {
  run_network(2);
  const auto& records = traced_.records(follower());
  Bytes file, frame;
  FrameWriter frames;
  frames.begin(file);
  for (size_t i = 0; i < records.size(); ++i) {
    frame.clear();
    frames.add(records[i], frame);
    if (i != 20) file.insert(file.end(), frame.begin(), frame.end());
  }
  const Summary s = check_file(file, {});
  ASSERT_TRUE(s.finding);
  EXPECT_EQ(s.finding->code, "trace_damaged");
  EXPECT_EQ(s.finding->record, 19u);  // the last that follows
  EXPECT_THAT(s.finding->what, HasSubstr("does not follow"));
}

TEST_F(TraceCheck, ATraceCutAtItsEndHoldsUpToThere) {
  run_network(2);
  const Bytes whole = file_of(traced_.records(follower()));
  const Summary torn = check_file(Bytes(whole.begin(), whole.end() - 7), {});
  EXPECT_FALSE(torn.finding);
  EXPECT_TRUE(torn.torn);
  EXPECT_EQ(torn.records, traced_.records(follower()).size() - 1);
}

TEST_F(TraceCheck, AnInputTakenOutIsFoundByTheReplay) {
  run_network();
  std::vector<Bytes> records = traced_.records(follower());
  const size_t at = find_step(records, [&](const Step& s) {
    const auto* i = std::get_if<consensus::Received>(&s.input);
    return i && i->from != follower() && std::holds_alternative<consensus::Propose>(i->message->payload);
  });
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(at));
  EXPECT_EQ(found(records), "order");  // the inputs are numbered
  for (size_t i = at; i < records.size(); ++i) {
    auto record = decode_record(records[i]);
    if (auto* step = std::get_if<Step>(&*record)) {
      --step->number;
      records[i] = encode_record(*step);
    }
  }
  EXPECT_EQ(found(records), "replay_differs");
}

TEST_F(TraceCheck, AnEffectTakenOutIsFoundAndShown) {
  run_network();
  std::vector<Bytes> records = traced_.records(follower());
  const size_t at = find_step(records, [](const Step& s) { return effect_of<consensus::Judge>(s) < s.effects.size(); });
  Step step = step_at(records, at);
  step.effects.erase(step.effects.begin() + static_cast<std::ptrdiff_t>(effect_of<consensus::Judge>(step)));
  records[at] = encode_record(step);
  EXPECT_EQ(found(records, false), "nothing");
  facts_ = {};
  const Summary s = check(records);
  ASSERT_TRUE(s.finding);
  EXPECT_EQ(s.finding->code, "replay_differs");
  EXPECT_EQ(s.finding->record, at);
  EXPECT_EQ(s.finding->step, step.number);
  EXPECT_THAT(s.finding->input, HasSubstr("PROPOSE"));
  EXPECT_THAT(s.finding->expected.front(), HasSubstr("judge"));
  EXPECT_NE(s.finding->expected, s.finding->recorded);
}

TEST_F(TraceCheck, TwoInputsExchangedWithTheChainMadeAnewAreFoundByTheReplayAlone) {
  run_network();
  std::vector<Bytes> records = traced_.records(follower());
  const auto of_others = [&](const Step& s) {
    const auto* i = std::get_if<consensus::Received>(&s.input);
    return i && i->from != follower();
  };
  const size_t proposal = find_step(records, [&](const Step& s) {
    return of_others(s) &&
           std::holds_alternative<consensus::Propose>(std::get<consensus::Received>(s.input).message->payload);
  });
  const size_t later = find_step(records, of_others, proposal + 1);
  Step a = step_at(records, proposal);
  Step b = step_at(records, later);
  std::swap(a.input, b.input);
  records[proposal] = encode_record(a);
  records[later] = encode_record(b);
  EXPECT_EQ(found(records, false), "nothing");
  EXPECT_EQ(found(records), "replay_differs");
}

TEST_F(TraceCheck, AChangedTimeIsFoundByTheReplay) {
  run_network();
  const std::vector<Bytes>& good = traced_.records(primary());
  size_t differ = 0;  // not all: most steps do not look at the clock
  for (size_t i = 0; i < good.size(); ++i) {
    auto record = decode_record(good[i]);
    auto* step = std::get_if<Step>(&*record);
    if (step == nullptr) continue;
    std::vector<Bytes> records = good;
    step->now.mono_us += 1;
    records[i] = encode_record(*step);
    if (found(records) == "replay_differs") ++differ;
  }
  EXPECT_GE(differ, 2u);
}

TEST_F(TraceCheck, AChangedVoteAndASecondVoteInASlotAreFoundByTheRules) {
  run_network();
  const std::vector<Bytes> good = traced_.records(follower());
  const size_t at = find_step(good, confirms);
  Step step = step_at(good, at);
  const size_t effect = effect_of<consensus::Send>(step, is_confirm);
  const auto vote = std::get<consensus::Send>(step.effects[effect]);
  consensus::Confirm other = std::get<consensus::Confirm>(vote.message->payload);
  other.block.bytes[0] ^= 1;
  auto changed = vote;
  changed.message = consensus::make_message(other);

  std::vector<Bytes> records = good;
  step.effects[effect] = changed;
  records[at] = encode_record(step);
  EXPECT_EQ(found(records, false), "vote_not_durable");
  EXPECT_EQ(found(records), "vote_not_durable");

  step.effects[effect] = vote;
  step.effects.insert(step.effects.begin() + static_cast<std::ptrdiff_t>(effect) + 1, changed);
  records[at] = encode_record(step);
  EXPECT_EQ(found(records, false), "double_vote");

  // The signature alone: no rule of the trace sees it.
  other.block.bytes[0] ^= 1;
  std::get<Signature>(other.signature).bytes[5] ^= 1;
  changed.message = consensus::make_message(other);
  step = step_at(good, at);
  step.effects[effect] = changed;
  records[at] = encode_record(step);
  EXPECT_THAT(found(records), AnyOf(Eq("replay_differs"), Eq("sent_unasked")));
  step = step_at(good, at);
  ASSERT_FALSE(step.made.empty());
  std::get<Signature>(step.made[0].signature).bytes[5] ^= 1;
  records[at] = encode_record(step);
  EXPECT_EQ(found(records), "replay_differs");
}

TEST_F(TraceCheck, ASecondVoteOverARestartIsFoundByTheRules) {
  run_network();
  facts_ = {};
  ASSERT_FALSE(check(traced_.records(follower())).finding);
  auto& votes = facts_.validators[follower()].votes;
  ASSERT_FALSE(votes.empty());
  votes.begin()->second.bytes[0] ^= 1;  // what an earlier start voted for
  const Summary s = check(traced_.records(follower()));
  ASSERT_TRUE(s.finding);
  EXPECT_EQ(s.finding->code, "forgotten_vote");  // it was durable, and this start begins with nothing
  facts_.validators[follower()].durable.reset();
  const Summary again = check(traced_.records(follower()));
  ASSERT_TRUE(again.finding);
  EXPECT_EQ(again.finding->code, "double_vote");
}

TEST_F(TraceCheck, ACommitWithAForgedProofIsFoundByTheRules) {
  run_network();
  const std::vector<Bytes> good = traced_.records(follower());
  const size_t at = find_step(good, [](const Step& s) { return effect_of<consensus::Commit>(s) < s.effects.size(); });
  const size_t effect = effect_of<consensus::Commit>(step_at(good, at));
  const auto doctored = [&](const std::function<void(consensus::Commit&)>& change) {
    Step step = step_at(good, at);
    change(std::get<consensus::Commit>(step.effects[effect]));
    std::vector<Bytes> records = good;
    records[at] = encode_record(step);
    return found(records, false);
  };
  EXPECT_EQ(doctored([](consensus::Commit& c) { c.proof.certificate.signatures[0].bytes[0] ^= 1; }), "commit_proof");
  EXPECT_EQ(doctored([](consensus::Commit& c) {
              c.proof.certificate.signers.erase(c.proof.certificate.signers.positions()[0]);
              c.proof.certificate.signatures.erase(c.proof.certificate.signatures.begin());
              c.proof.second.reset();
            }),
            "commit_proof");
  EXPECT_EQ(doctored([](consensus::Commit& c) { c.proof.certificate.slot.view += 1; }), "commit_proof");
  EXPECT_EQ(doctored([](consensus::Commit& c) { c.headers[0].height += 1; }), "commit_order");
  EXPECT_EQ(doctored([](consensus::Commit& c) { c.blocks.clear(), c.headers.clear(); }), "commit_order");
}

TEST_F(TraceCheck, WhatLeavesBeforeItIsDurableIsFound) {
  run_network();
  std::vector<Bytes> records = traced_.records(follower());
  // The sync that a CONFIRM waits for, moved to the end.
  const size_t vote = find_step(records, confirms);
  size_t durable = vote;
  while (!std::holds_alternative<Durable>(*decode_record(records[durable]))) ++durable;
  records.push_back(records[durable]);
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(durable));
  EXPECT_EQ(found(records, false), "sent_before_durable");
  EXPECT_EQ(found(records), "sent_before_durable");

  // A message that the engine never sent.
  records = traced_.records(follower());
  size_t left = vote;
  while (!std::holds_alternative<Left>(*decode_record(records[left]))) ++left;
  Left other = std::get<Left>(*decode_record(records[left]));
  other.message.bytes[0] ^= 1;
  records[left] = encode_record(other);
  EXPECT_EQ(found(records), "sent_unasked");
}

TEST_F(TraceCheck, TimersLsnsAndViewsThatGoBackAreFound) {
  run_network();
  traced_.world.run_for(2'000'000);  // heartbeats
  const std::vector<Bytes> good = traced_.records(follower());
  const size_t arms = find_step(good, [](const Step& s) {
    return effect_of<consensus::ArmTimer>(s, [](const consensus::ArmTimer& e) { return e.generation > 1; }) <
           s.effects.size();
  });
  Step step = step_at(good, arms);
  const auto second = [](const consensus::ArmTimer& e) { return e.generation > 1; };
  std::get<consensus::ArmTimer>(step.effects[effect_of<consensus::ArmTimer>(step, second)]).generation = 1;
  std::vector<Bytes> records = good;
  records[arms] = encode_record(step);
  EXPECT_EQ(found(records, false), "timer");

  const auto last_persist = [](const Step& s) {
    return effect_of<consensus::Persist>(s, [](const consensus::Persist& e) { return e.lsn > 2; }) < s.effects.size();
  };
  const size_t persists = find_step(good, last_persist);
  step = step_at(good, persists);
  auto& persist = std::get<consensus::Persist>(step.effects[effect_of<consensus::Persist>(step)]);
  persist.lsn = persist.record.sequence = 1;
  records = good;
  records[persists] = encode_record(step);
  EXPECT_EQ(found(records, false), "lsn");

  const size_t first =
      find_step(good, [](const Step& s) { return effect_of<consensus::Persist>(s) < s.effects.size(); });
  step = step_at(good, first);
  std::get<consensus::Persist>(step.effects[effect_of<consensus::Persist>(step)]).record.view = 3;
  records = good;
  records[first] = encode_record(step);
  EXPECT_EQ(found(records, false), "view_back");  // the next one

  records = traced_.records(primary());
  const size_t fires =
      find_step(records, [](const Step& s) { return std::holds_alternative<consensus::TimerFired>(s.input); });
  step = step_at(records, fires);
  std::get<consensus::TimerFired>(step.input).generation += 40;
  records[fires] = encode_record(step);
  EXPECT_EQ(found(records, false), "timer");
}

TEST_F(TraceCheck, TwoNetworksOfOneGenesisThatWentTwoWaysAreAFork) {
  run_network(2);
  TracedWorld other;
  other.world.start_all();
  other.world.submit(0, {make_tx(other.world.genesis, 2, 1)});
  ASSERT_TRUE(other.world.run([&] { return other.world.level(1); }));
  facts_ = {};
  ASSERT_FALSE(check(traced_.records(0)).finding);
  const Summary s = check(other.records(1));
  ASSERT_TRUE(s.finding);
  EXPECT_EQ(s.finding->code, "fork");
}

TEST_F(TraceCheck, AnotherNetworksGenesisIsRefused) {
  run_network(1);
  Genesis other = traced_.world.genesis;
  other.time_ms += 1;
  CheckOptions options;
  options.genesis = &other;
  const Summary s = check_file(file_of(traced_.records(0)), options);
  ASSERT_TRUE(s.finding);
  EXPECT_EQ(s.finding->code, "wrong_network");
}

// An engine with a fault of its own: the process dies, and the trace holds the input it died on.
class Brittle final : public consensus::Engine {
 public:
  void step(const Now&, const consensus::Input& input, consensus::Effects&) override {
    TL_CHECK_MSG(!std::holds_alternative<consensus::Pending>(input), "cannot wait");
  }
  consensus::EngineStatus status() const override { return {}; }
  std::unique_ptr<Engine> clone() const override { return std::make_unique<Brittle>(); }
};

TEST_F(TraceCheck, TheInputThatAnEngineDiedOnIsRecordedAndDiesAgain) {
  run_network(1);
  const MakeEngine make = [](auto&&...) { return std::make_unique<Brittle>(); };
  testing::Tape tape;
  tape.put(traced_.records(follower())[0]);
  auto construction = std::get<Construction>(*decode_record(traced_.records(follower())[1]));
  TracedEngine engine(construction.config, construction.chain, construction.recovered, *traced_.world.hosts[1].signer,
                      traced_.world.verifier, tape, make);
  consensus::Effects effects;
  const Now now;
  const consensus::Input fatal = consensus::Pending{};
  engine.step(now, consensus::Started{}, effects);
  EXPECT_ANY_THROW(engine.step(now, fatal, effects));
  engine.tell_under_way("cannot wait");
  CheckOptions options;
  options.make = make;
  const Summary s = check_file(file_of(tape.records), options);
  ASSERT_TRUE(s.finding);
  EXPECT_EQ(s.finding->code, "replay_differs");
  EXPECT_EQ(s.finding->step, 2u);
  EXPECT_THAT(s.finding->what, HasSubstr("and so does the engine"));
}

}  // namespace
}  // namespace tieline::trace
