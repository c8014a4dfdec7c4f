// The driver with an engine that does what the test says: nothing leaves before what it depends on is on disk, and
// order is kept.

#include "ledger/state.h"
#include "scripted.h"

namespace tieline::replica::testing {
namespace {

struct GateTest : ScriptedTest {
  // The heartbeats among the frames sent, by their view.
  static std::vector<View> views_sent(const Effects& list) {
    std::vector<View> out;
    for (const SendFrame* send : all<SendFrame>(list)) {
      auto frame = decode_frame(send->frame, 1 << 20);
      if (!frame.ok() || !std::holds_alternative<ConsensusFrame>(*frame)) continue;
      auto message = consensus::decode_message(std::get<ConsensusFrame>(*frame).message);
      if (message.ok()) out.push_back(std::get<consensus::Heartbeat>((*message)->payload).view);
    }
    return out;
  }
  std::vector<View> views_received() const {
    std::vector<View> out;
    for (const auto& r : seen<consensus::Received>())
      if (r.from == 1) out.push_back(std::get<consensus::Heartbeat>(r.message->payload).view);
    return out;
  }
  static consensus::Persist persist(consensus::Lsn lsn) {
    consensus::Persist p;
    p.lsn = lsn;
    p.record.sequence = lsn;
    return p;
  }
};

TEST_F(GateTest, AFirstStartWritesAVoteThatSaysWhereItStands) {
  const auto appends = all<LogAppend>(at_start);
  ASSERT_EQ(appends.size(), 1u);
  EXPECT_TRUE(appends[0]->sync);
  ASSERT_TRUE(appends[0]->vote_sector.has_value());
  const auto sector = decode_sector(*appends[0]->vote_sector);
  ASSERT_TRUE(sector.has_value());
  EXPECT_EQ(sector->vote.high_block, chain_state.epoch_start);
}

TEST_F(GateTest, NothingLeavesBeforeItsRecordIsDurable) {
  const Effects step = engine_says({persist(1), consensus::Send{{}, beat(1), 1}, persist(2),
                                    consensus::Send{{0, 1}, beat(2), 2}, consensus::Send{{}, beat(3), 0}});
  const auto logged = all<LogAppend>(step);
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
  const Effects step = engine_says({consensus::Send{{}, beat(5), 0}});
  ASSERT_EQ(all<SendFrame>(step).size(), 1u);
  EXPECT_EQ(all<SendFrame>(step)[0]->to, (std::vector<ValidatorId>{0, 2, 3}));
  EXPECT_EQ(views_received(), std::vector<View>{5});
}

TEST_F(GateTest, AStaleTimerGenerationNeverFires) {
  using consensus::ArmTimer, consensus::TimerId;
  engine_says({ArmTimer{TimerId::kProgress, 1, now.mono_us + 10}, ArmTimer{TimerId::kProgress, 2, now.mono_us + 20},
               ArmTimer{TimerId::kResend, 1, now.mono_us + 10}, ArmTimer{TimerId::kResend, 2, std::nullopt}});
  ASSERT_TRUE(replica->next_deadline().has_value());
  EXPECT_EQ(*replica->next_deadline(), now.mono_us + 20);
  now.mono_us += 15;
  give(Wake{});
  now.mono_us += 5;
  give(Wake{});
  give(Wake{});
  const auto fired = seen<consensus::TimerFired>();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].generation, 2u);
}

TEST_F(GateTest, AVoteOnABodyThatIsNotHeldStopsTheValidator) {
  auto p = persist(1);
  p.body = sha256(view_of("nowhere"));
  const Effects step = engine_says({p, consensus::Send{{}, beat(1), 0}});
  ASSERT_FALSE(step.empty());
  EXPECT_TRUE(std::holds_alternative<Fatal>(step.back()));
  EXPECT_TRUE(give(Wake{}).empty());
  EXPECT_FALSE(replica->next_deadline().has_value());
}

TEST_F(GateTest, ABlockThatBreaksAnInvariantIsNotCommittedAndStopsTheValidator) {
  consensus::WantBlock want;
  want.ticket = 1;
  want.parent = chain_state.tip_digest;
  want.parent_header = chain_state.tip;
  want.allow_empty = true;
  engine_says({want});
  const auto built = seen<consensus::BlockBuilt>();
  ASSERT_EQ(built.size(), 1u);
  // The store turns out to hold another state than the one that the block was executed above.
  store.apply(all<StoreApply>(at_start).at(0)->batch);
  store.apply({{Column::kState, state::totals_key(), encoded(state::Totals{.transactions = 7})}});
  give(StoreApplied{0, nullptr});
  consensus::Commit commit;
  commit.blocks = {built[0].block->digest};
  commit.headers = {built[0].block->header};
  const Effects step = engine_says({commit});
  EXPECT_TRUE(all<BlockCommitted>(step).empty());
  ASSERT_EQ(all<Fatal>(step).size(), 1u);
  EXPECT_NE(all<Fatal>(step)[0]->why.find("totals_match"), std::string::npos) << all<Fatal>(step)[0]->why;
}

TEST_F(GateTest, ABrokenEngineStopsTheValidatorBeforeAnythingElseLeaves) {
  const Effects step = engine_says({consensus::Broken{"two certificates"}, consensus::Send{{}, beat(1), 0}});
  EXPECT_TRUE(views_sent(step).empty());
  ASSERT_FALSE(step.empty());
  EXPECT_TRUE(std::holds_alternative<Fatal>(step.back()));
}

// Else the store could hold a block before the log holds anything, and a power cut would look like a lost log.
TEST_F(GateTest, PeersAreNotHeardBeforeWhatAStartWritesFirstIsDurable) {
  Config config;
  config.genesis = genesis;
  config.self = 1;
  MemoryStore empty;
  auto opened = open_with_engine(config, DiskImage(), empty, verifier,
                                 [&](consensus::EngineConfig, consensus::ChainState, consensus::Recovered,
                                     const Verifier&) { return std::make_unique<ScriptedEngine>(script); });
  ASSERT_TRUE(opened.ok());
  replica = std::move(*opened);
  const Effects started = give(Start{});
  const Lsn first = all<LogAppend>(started).at(0)->lsn;
  give(PeerUp{2});
  script->seen.clear();
  EXPECT_EQ(counted(frame_from(2, ConsensusFrame{beat(9)->bytes}), "frame_too_early"), 1u);
  EXPECT_TRUE(seen<consensus::Received>().empty());
  give(LogDurable{first});
  frame_from(2, ConsensusFrame{beat(9)->bytes});
  EXPECT_EQ(seen<consensus::Received>().size(), 1u);
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
