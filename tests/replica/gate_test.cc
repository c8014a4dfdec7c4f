// The driver with an engine that does what the test says: nothing leaves before what it depends on is on disk, and
// order is kept.

#include "world.h"

namespace tieline::replica::testing {
namespace {

using consensus::MessagePtr;

struct Script {
  std::vector<consensus::Input> seen;
  std::function<void(const Now&, const consensus::Input&, consensus::Effects&)> react;
};

class ScriptedEngine final : public consensus::Engine {
 public:
  explicit ScriptedEngine(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  void step(const Now& now, const consensus::Input& input, consensus::Effects& effects) override {
    script_->seen.push_back(input);
    if (script_->react) script_->react(now, input, effects);
  }
  consensus::EngineStatus status() const override { return {}; }
  std::unique_ptr<Engine> clone() const override { return std::make_unique<ScriptedEngine>(script_); }

 private:
  std::shared_ptr<Script> script_;
};

MessagePtr beat(View view) { return consensus::make_message(consensus::Heartbeat{0, view, 0}); }

struct GateTest : ::testing::Test {
  void SetUp() override {
    Config config;
    config.genesis = genesis;
    config.self = 1;
    DiskImage disk;
    auto opened = open_with_engine(config, disk, store, verifier,
                                   [&](consensus::EngineConfig, consensus::ChainState c, consensus::Recovered) {
                                     chain = c;
                                     return std::make_unique<ScriptedEngine>(script);
                                   });
    ASSERT_TRUE(opened.ok());
    replica = std::move(*opened);
    effects = give(Start{});
  }
  Effects give(Input input) {
    Effects out;
    replica->step(now, std::move(input), out);
    return out;
  }
  // The heartbeats among the frames sent, by their view.
  static std::vector<View> views_sent(const Effects& list) {
    std::vector<View> out;
    for (const Effect& e : list)
      if (const auto* send = std::get_if<SendFrame>(&e)) {
        auto frame = decode_frame(send->frame, 1 << 20);
        if (!frame.ok() || !std::holds_alternative<ConsensusFrame>(*frame)) continue;
        auto message = consensus::decode_message(std::get<ConsensusFrame>(*frame).message);
        if (message.ok()) out.push_back(std::get<consensus::Heartbeat>((*message)->payload).view);
      }
    return out;
  }
  std::vector<View> views_received() const {
    std::vector<View> out;
    for (const auto& input : script->seen)
      if (const auto* r = std::get_if<consensus::Received>(&input); r && r->from == 1)
        out.push_back(std::get<consensus::Heartbeat>(r->message->payload).view);
    return out;
  }
  static std::vector<const LogAppend*> appends(const Effects& list) {
    std::vector<const LogAppend*> out;
    for (const Effect& e : list)
      if (const auto* a = std::get_if<LogAppend>(&e)) out.push_back(a);
    return out;
  }
  consensus::Persist persist(consensus::Lsn lsn) const {
    consensus::Persist p;
    p.lsn = lsn;
    p.record.sequence = lsn;
    return p;
  }
  void react(std::function<void(const Now&, const consensus::Input&, consensus::Effects&)> f) { script->react = f; }

  Genesis genesis = world_genesis();
  MemoryStore store;
  PlainVerifier verifier;
  Now now{1'000, world_genesis().time_ms + 5};
  std::shared_ptr<Script> script = std::make_shared<Script>();
  consensus::ChainState chain;
  std::unique_ptr<Replica> replica;
  Effects effects;
};

TEST_F(GateTest, AFirstStartWritesAVoteThatSaysWhereItStands) {
  ASSERT_EQ(appends(effects).size(), 1u);
  const LogAppend& first = *appends(effects)[0];
  EXPECT_TRUE(first.sync);
  ASSERT_TRUE(first.vote_sector.has_value());
  const auto sector = decode_sector(*first.vote_sector);
  ASSERT_TRUE(sector.has_value());
  EXPECT_EQ(sector->vote.high_block, chain.epoch_start);
  ASSERT_FALSE(script->seen.empty());
  EXPECT_TRUE(std::holds_alternative<consensus::Started>(script->seen[0]));
}

TEST_F(GateTest, NothingLeavesBeforeItsRecordIsDurable) {
  react([&](const Now&, const consensus::Input& input, consensus::Effects& out) {
    const auto* received = std::get_if<consensus::Received>(&input);
    if (received == nullptr || received->from == 1) return;
    out.push_back(persist(1));
    out.push_back(consensus::Send{{}, beat(1), 1});
    out.push_back(persist(2));
    out.push_back(consensus::Send{{0, 1}, beat(2), 2});
    out.push_back(consensus::Send{{}, beat(3), 0});
  });
  Effects step = give(PeerFrame{2, encode_frame(ConsensusFrame{beat(9)->bytes})});
  const auto logged = appends(step);
  ASSERT_EQ(logged.size(), 2u);
  const Lsn first = logged[0]->lsn, second = logged[1]->lsn;
  EXPECT_LT(first, second);
  EXPECT_TRUE(views_sent(step).empty());
  EXPECT_TRUE(views_received().empty());

  EXPECT_TRUE(views_sent(give(LogDurable{first - 1})).empty());
  EXPECT_EQ(views_sent(give(LogDurable{first})), std::vector<View>{1});
  EXPECT_EQ(views_received(), std::vector<View>{1});
  EXPECT_EQ(views_sent(give(LogDurable{second})), (std::vector<View>{2, 3}));
  EXPECT_EQ(views_received(), (std::vector<View>{1, 2, 3}));
}

TEST_F(GateTest, ASendGoesToTheOthersAndComesBackToOneself) {
  react([&](const Now&, const consensus::Input& input, consensus::Effects& out) {
    if (const auto* r = std::get_if<consensus::Received>(&input); r && r->from == 3)
      out.push_back(consensus::Send{{}, beat(5), 0});
  });
  const Effects step = give(PeerFrame{3, encode_frame(ConsensusFrame{beat(9)->bytes})});
  for (const Effect& e : step) {
    const auto* send = std::get_if<SendFrame>(&e);
    if (send != nullptr) {
      EXPECT_EQ(send->to, (std::vector<ValidatorId>{0, 2, 3}));
    }
  }
  EXPECT_EQ(views_received(), std::vector<View>{5});
}

TEST_F(GateTest, AStaleTimerGenerationNeverFires) {
  react([&](const Now&, const consensus::Input& input, consensus::Effects& out) {
    if (!std::holds_alternative<consensus::Received>(input)) return;
    out.push_back(consensus::ArmTimer{consensus::TimerId::kProgress, 1, now.mono_us + 10});
    out.push_back(consensus::ArmTimer{consensus::TimerId::kProgress, 2, now.mono_us + 20});
    out.push_back(consensus::ArmTimer{consensus::TimerId::kResend, 1, now.mono_us + 10});
    out.push_back(consensus::ArmTimer{consensus::TimerId::kResend, 2, std::nullopt});
  });
  give(PeerFrame{2, encode_frame(ConsensusFrame{beat(9)->bytes})});
  react(nullptr);
  ASSERT_TRUE(replica->next_deadline().has_value());
  EXPECT_EQ(*replica->next_deadline(), now.mono_us + 20);
  script->seen.clear();
  now.mono_us += 15;
  give(Wake{});
  now.mono_us += 5;
  give(Wake{});
  give(Wake{});
  std::vector<uint64_t> generations;
  for (const auto& input : script->seen)
    if (const auto* t = std::get_if<consensus::TimerFired>(&input)) generations.push_back(t->generation);
  EXPECT_EQ(generations, std::vector<uint64_t>{2});
}

TEST_F(GateTest, AVoteOnABodyThatIsNotHeldStopsTheValidator) {
  react([&](const Now&, const consensus::Input& input, consensus::Effects& out) {
    if (!std::holds_alternative<consensus::Received>(input)) return;
    auto p = persist(1);
    p.body = sha256(view_of("nowhere"));
    out.push_back(p);
    out.push_back(consensus::Send{{}, beat(1), 0});
  });
  const Effects step = give(PeerFrame{2, encode_frame(ConsensusFrame{beat(9)->bytes})});
  ASSERT_FALSE(step.empty());
  EXPECT_TRUE(std::holds_alternative<Fatal>(step.back()));
  EXPECT_TRUE(give(Wake{}).empty());
  EXPECT_FALSE(replica->next_deadline().has_value());
}

TEST_F(GateTest, ABrokenEngineStopsTheValidatorBeforeAnythingElseLeaves) {
  react([&](const Now&, const consensus::Input& input, consensus::Effects& out) {
    if (!std::holds_alternative<consensus::Received>(input)) return;
    out.push_back(consensus::Broken{"two certificates"});
    out.push_back(consensus::Send{{}, beat(1), 0});
  });
  const Effects step = give(PeerFrame{2, encode_frame(ConsensusFrame{beat(9)->bytes})});
  EXPECT_TRUE(views_sent(step).empty());
  ASSERT_FALSE(step.empty());
  EXPECT_TRUE(std::holds_alternative<Fatal>(step.back()));
}

TEST_F(GateTest, BadFramesAreCountedByTheirCode) {
  const auto counted = [](const Effects& list) {
    std::vector<std::string> out;
    for (const Effect& e : list)
      if (const auto* c = std::get_if<Counted>(&e)) out.push_back(c->name);
    return out;
  };
  EXPECT_EQ(counted(give(PeerFrame{2, Blob(Bytes{1})})), std::vector<std::string>{"frame_malformed"});
  EXPECT_EQ(counted(give(PeerFrame{2, Blob(Bytes{2, 1})})), std::vector<std::string>{"frame_unknown_version"});
  EXPECT_EQ(counted(give(PeerFrame{2, Blob(Bytes{1, 99})})), std::vector<std::string>{"frame_unknown_kind"});
  EXPECT_EQ(counted(give(PeerFrame{2, Blob(Bytes(Limits().frame_bytes_max + 1, 1))})),
            std::vector<std::string>{"frame_over_size"});
  EXPECT_EQ(counted(give(PeerFrame{2, Blob(Bytes{1, 1, 250})})), std::vector<std::string>{"message_malformed"});
}

}  // namespace
}  // namespace tieline::replica::testing
