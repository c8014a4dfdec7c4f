#pragma once
// One replica around an engine that does what the test says; its effects come back as data, and the test plays the
// host.

#include "world.h"

namespace tieline::replica::testing {

struct Script {
  std::vector<consensus::Input> seen;
  std::function<void(const consensus::Input&, consensus::Effects&)> react;
};

class ScriptedEngine final : public consensus::Engine {
 public:
  explicit ScriptedEngine(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  void step(const Now&, const consensus::Input& input, consensus::Effects& effects) override {
    script_->seen.push_back(input);
    if (script_->react) script_->react(input, effects);
  }
  consensus::EngineStatus status() const override { return {}; }
  std::unique_ptr<Engine> clone() const override { return std::make_unique<ScriptedEngine>(script_); }

 private:
  std::shared_ptr<Script> script_;
};

inline consensus::MessagePtr beat(View view) { return consensus::make_message(consensus::Heartbeat{0, view, 0}); }

// Validator 1 of four, the others connected.
struct ScriptedTest : ::testing::Test {
  void SetUp() override {
    Config config;
    config.genesis = genesis;
    config.self = 1;
    auto opened =
        open_with_engine(config, DiskImage(), store, verifier,
                         [&](consensus::EngineConfig, consensus::ChainState c, consensus::Recovered, const Verifier&) {
                           chain_state = c;
                           return std::make_unique<ScriptedEngine>(script);
                         });
    ASSERT_TRUE(opened.ok());
    replica = std::move(*opened);
    at_start = give(Start{});
    give(LogDurable{all<LogAppend>(at_start).at(0)->lsn});
    for (ValidatorId peer : {ValidatorId{0}, ValidatorId{2}, ValidatorId{3}}) give(PeerUp{peer});
    script->seen.clear();
  }

  Effects give(Input input) {
    Effects out;
    replica->step(now, std::move(input), out);
    return out;
  }
  Effects frame_from(ValidatorId peer, const Frame& frame) { return give(PeerFrame{peer, encode_frame(frame)}); }
  // Has the engine say this, now.
  Effects engine_says(consensus::Effects effects) {
    script->react = [&](const consensus::Input& input, consensus::Effects& out) {
      const auto* received = std::get_if<consensus::Received>(&input);
      if (received == nullptr || received->from == 1) return;
      for (auto& e : effects) out.push_back(std::move(e));
      effects.clear();
    };
    Effects out = frame_from(2, ConsensusFrame{beat(9)->bytes});
    script->react = nullptr;
    return out;
  }
  // What an engine says when the block is proposed.
  static consensus::Judge ask(const Block& b, std::vector<ValidatorId> holders = {2}) {
    consensus::Judge judge;
    judge.header = b.header;
    judge.block = b.digest;
    for (const TxPtr& t : b.txs) judge.txs.push_back(t->id());
    judge.evidence = b.evidence;
    judge.fresh = true;
    judge.holders = std::move(holders);
    return judge;
  }
  // Time passes; the replica is woken when it asked to be.
  Effects pass_us(int64_t us) {
    Effects out;
    const int64_t end = now.mono_us + us;
    for (;;) {
      const auto deadline = replica->next_deadline();
      const int64_t to = deadline && *deadline < end ? std::max(*deadline, now.mono_us) : end;
      advance_us(to - now.mono_us);
      for (Effect& e : give(Wake{})) out.push_back(std::move(e));
      if (to >= end) return out;
    }
  }
  void advance_us(int64_t us) {
    passed_us += us;
    now.mono_us += us;
    now.wall_ms = start_ms + passed_us / 1'000;
  }
  // Answers every job among the effects as a verifier would.
  Effects verify(const Effects& effects) {
    Effects out;
    for (const VerifyJob* job : all<VerifyJob>(effects)) {
      Verified answer{job->ticket, {}};
      for (const auto& item : job->items)
        answer.ok.push_back(verifier.verify(item.key, item.digest.view(), item.signature) ? 1 : 0);
      for (Effect& e : give(std::move(answer))) out.push_back(std::move(e));
    }
    return out;
  }

  template <class E>
  static std::vector<const E*> all(const Effects& effects) {
    std::vector<const E*> out;
    for (const Effect& e : effects)
      if (const auto* found = std::get_if<E>(&e)) out.push_back(found);
    return out;
  }
  template <class F>
  static std::vector<std::pair<ValidatorId, F>> frames(const Effects& effects) {
    std::vector<std::pair<ValidatorId, F>> out;
    for (const SendFrame* send : all<SendFrame>(effects)) {
      auto frame = decode_frame(send->frame, Limits().frame_bytes_max);
      EXPECT_TRUE(frame.ok());
      if (!frame.ok() || !std::holds_alternative<F>(*frame)) continue;
      for (ValidatorId to : send->to) out.emplace_back(to, std::get<F>(*frame));
    }
    return out;
  }
  template <class I>
  std::vector<I> seen() const {
    std::vector<I> out;
    for (const auto& input : script->seen)
      if (const auto* found = std::get_if<I>(&input)) out.push_back(*found);
    return out;
  }
  static uint64_t counted(const Effects& effects, const std::string& name) {
    uint64_t n = 0;
    for (const Counted* c : all<Counted>(effects))
      if (c->name == name) n += c->by;
    return n;
  }
  TxPtr tx(uint64_t sequence, size_t payload = 16) const { return make_tx(genesis, 1, sequence, payload); }

  Genesis genesis = world_genesis();
  int64_t start_ms = world_genesis().time_ms + 1'000;
  int64_t passed_us = 0;
  Now now{1'000'000, world_genesis().time_ms + 1'000};
  MemoryStore store;
  PlainVerifier verifier;
  std::shared_ptr<Script> script = std::make_shared<Script>();
  consensus::ChainState chain_state;
  std::unique_ptr<Replica> replica;
  Effects at_start;
};

}  // namespace tieline::replica::testing
