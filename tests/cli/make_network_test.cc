// tieline init: what it makes is complete, private and good to run; what it is given wrongly leaves nothing behind.
#include "cli/make_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../temporary_folder.h"
#include "node/config.h"
#include "storage/vote_log.h"

namespace tieline::cli {
namespace {

using ::testing::HasSubstr;

class MakeNetwork : public ::testing::Test {
 protected:
  MakeNetwork() { plan_.net = root_ / "Demo-Net"; }
  void expect_refused(const std::string& code, const std::string& part) {
    auto genesis = make_network(plan_);
    ASSERT_FALSE(genesis.ok());
    EXPECT_EQ(genesis.error().code, code);
    EXPECT_THAT(genesis.error().why, HasSubstr(part));
    EXPECT_FALSE(std::filesystem::exists(plan_.net));
  }
  void expect_participants_refused(const std::string& text, const std::string& part) {
    SCOPED_TRACE(text);
    plan_.participants = root_ / "participants.json";
    ASSERT_TRUE(write_file(plan_.participants, view_of(text)).ok());
    auto genesis = make_network(plan_);
    ASSERT_FALSE(genesis.ok());
    EXPECT_THAT(genesis.error().why, HasSubstr(part));
    EXPECT_FALSE(std::filesystem::exists(plan_.net));
  }

  TemporaryFolder folder_;
  const std::filesystem::path& root_ = folder_.path();
  NetworkPlan plan_;
};

TEST_F(MakeNetwork, EveryValidatorCanStartWithWhatWasMade) {
  auto genesis = make_network(plan_);
  ASSERT_TRUE(genesis.ok()) << genesis.error().why;
  EXPECT_TRUE(genesis->validate().ok());
  EXPECT_EQ(genesis->network, "demo-net");
  EXPECT_EQ(genesis_of_net(plan_.net)->chain_id(), genesis->chain_id());
  ASSERT_EQ(genesis->validators.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(genesis->validators[i].address, "127.0.0.1:" + std::to_string(7400 + i));
    EXPECT_EQ(genesis->validators[i].http, "127.0.0.1:" + std::to_string(7500 + i));
    auto config = node::load_config(plan_.net / genesis->validators[i].name / "config.toml");
    ASSERT_TRUE(config.ok()) << config.error().why;
    EXPECT_EQ(config->self, i);
    auto log = storage::VoteLog::open(config->log_folder());
    ASSERT_TRUE(log.ok());
    EXPECT_TRUE((*log)->take_image().fresh);
  }
}

TEST_F(MakeNetwork, EveryParticipantHasAKeyThatOnlyItsOwnerReads) {
  auto genesis = make_network(plan_);
  ASSERT_TRUE(genesis.ok());
  EXPECT_GE(genesis->participants.size(), 2u);
  for (const GenesisParticipant& participant : genesis->participants) {
    EXPECT_TRUE(load_identity(plan_.net, participant.name, *genesis).ok()) << participant.name;
    struct stat info {};
    ASSERT_EQ(::stat((plan_.net / "participants" / (participant.name + ".key")).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
  }
}

TEST_F(MakeNetwork, AFolderThatIsNotEmptyIsLeftAlone) {
  std::filesystem::create_directory(plan_.net);
  ASSERT_TRUE(write_file(plan_.net / "mine", view_of("x")).ok());
  auto genesis = make_network(plan_);
  ASSERT_FALSE(genesis.ok());
  EXPECT_EQ(genesis.error().code, "folder_not_empty");
  EXPECT_TRUE(std::filesystem::exists(plan_.net / "mine"));
  EXPECT_FALSE(std::filesystem::exists(plan_.net / "genesis.json"));
}

TEST_F(MakeNetwork, AnEmptyFolderIsTakenAndEmptyAgainAfterAnError) {
  std::filesystem::create_directory(plan_.net);
  plan_.settings = {"consensus.block_tx_max=0"};
  EXPECT_FALSE(make_network(plan_).ok());
  EXPECT_TRUE(std::filesystem::is_empty(plan_.net));
  plan_.settings.clear();
  EXPECT_TRUE(make_network(plan_).ok());
}

TEST_F(MakeNetwork, CertificatesAreListsUnlessAskedOtherwiseOrTheNetworkIsLarge) {
  EXPECT_EQ(make_network(plan_)->consensus.certificates, CertificateKind::kList);
  std::filesystem::remove_all(plan_.net);
  plan_.certificates = "bls";
  EXPECT_EQ(make_network(plan_)->consensus.certificates, CertificateKind::kBls);
  std::filesystem::remove_all(plan_.net);
  plan_.engine = "pbft";
  const auto refused = make_network(plan_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "genesis_invalid") << "its engine counts votes one by one";
  plan_.engine = "cbft";
  plan_.certificates.clear();
  plan_.validators = kAggregatesFrom;
  EXPECT_EQ(make_network(plan_)->consensus.certificates, CertificateKind::kBls);
}

TEST_F(MakeNetwork, SettingsReachGenesis) {
  plan_.settings = {"consensus.epoch_blocks=20", "consensus.policy=strict", "consensus.fast_path=false",
                    "ledger.stale_s=3600", "plausibility.history_days=3"};
  auto genesis = make_network(plan_);
  ASSERT_TRUE(genesis.ok()) << genesis.error().why;
  EXPECT_EQ(genesis->consensus.epoch_blocks, 20u);
  EXPECT_EQ(genesis->consensus.policy, LeaderPolicy::kStrict);
  EXPECT_FALSE(genesis->consensus.fast_path);
  EXPECT_EQ(genesis->ledger.stale_s, 3600u);
  EXPECT_EQ(genesis->plausibility.history_days, 3u);
}

TEST_F(MakeNetwork, SettingsThatMeanNothingAreRefused) {
  for (const auto& [setting, part] :
       std::vector<std::pair<std::string, std::string>>{{"epoch_blocks=20", "allowed is SECTION.KEY=VALUE"},
                                                        {"consensus.epoch_blocks", "allowed is SECTION.KEY=VALUE"},
                                                        {"network.name=x", "found section 'network'"},
                                                        {"consensus.epoch_block=20", "found key 'epoch_block'"},
                                                        {"consensus.epoch_blocks=many", "epoch_blocks"},
                                                        {"consensus.epoch_blocks=-1", "epoch_blocks"},
                                                        {"consensus.policy=odd", "policy"}}) {
    SCOPED_TRACE(setting);
    plan_.settings = {setting};
    auto genesis = make_network(plan_);
    ASSERT_FALSE(genesis.ok());
    EXPECT_THAT(genesis.error().why, HasSubstr(part));
    EXPECT_FALSE(std::filesystem::exists(plan_.net));
  }
}

// --proximity: the object as it is in the file becomes part of genesis, and so of the chain's name.
class MakeNetworkWithPlaces : public MakeNetwork {
 protected:
  MakeNetworkWithPlaces() {
    plan_.engine = "trust_raft";
    plan_.proximity = root_ / "places.json";
  }
  void places(const std::string& text) { ASSERT_TRUE(write_file(plan_.proximity, view_of(text)).ok()); }
  static constexpr const char* kGood =
      R"({"relay": true, "trigger": false, "region_m2": 90000, "lease_ms": 60000,
          "positions": [[0, 1], [100, 0], [0, 200], [2000000, 3]]})";
};

TEST_F(MakeNetworkWithPlaces, PositionsAndSwitchesReachGenesisAndTheNameOfTheChain) {
  places(kGood);
  const auto genesis = make_network(plan_);
  ASSERT_TRUE(genesis.ok()) << genesis.error().why;
  const auto written = genesis_of_net(plan_.net);
  ASSERT_TRUE(written.ok()) << written.error().why;
  EXPECT_EQ(written->chain_id(), genesis->chain_id());
  ASSERT_TRUE(written->consensus.proximity.has_value());
  const ProximityParams& p = *written->consensus.proximity;
  EXPECT_TRUE(p.relay);
  EXPECT_FALSE(p.trigger);
  EXPECT_EQ(p.region_m2, 90'000u);
  EXPECT_EQ(p.lease_ms, 60'000u);
  EXPECT_EQ(p.positions, (std::vector<Position>{{0, 1}, {100, 0}, {0, 200}, {kPositionMax, 3}}));
  Genesis nowhere = *written;
  nowhere.consensus.proximity.reset();
  EXPECT_NE(nowhere.chain_id(), written->chain_id());
}

TEST_F(MakeNetworkWithPlaces, WithoutTheFileNobodyStandsAnywhere) {
  plan_.proximity.clear();
  const auto genesis = make_network(plan_);
  ASSERT_TRUE(genesis.ok()) << genesis.error().why;
  EXPECT_FALSE(genesis->consensus.proximity.has_value());
}

TEST_F(MakeNetworkWithPlaces, WhatIsMissingTooMuchOrOutOfBoundsIsRefusedByName) {
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = kGood;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"{", "places.json"},
           {"[]", "consensus.proximity"},
           {with(R"("relay": true, )", ""), "relay"},
           {with(R"("relay": true)", R"("relay": 1)"), "consensus.proximity.relay"},
           {with(R"("relay")", R"("height": 1, "relay")"), "height"},
           {with("90000", "0"), "consensus.proximity.region_m2"},
           {with("60000", "999"), "consensus.proximity.lease_ms"},
           {with("60000", "86400001"), "consensus.proximity.lease_ms"},
           {with(", [2000000, 3]", ""), "3 positions"},
           {with("[[0, 1], ", "[[0, 1], [0, 1], "), "5 positions"},
           {with("2000000", "2000001"), "consensus.proximity.positions[3][0]"},
           {with("[100, 0]", "[100]"), "positions"},
           {with("[100, 0]", "[-1, 0]"), "positions"}}) {
    SCOPED_TRACE(text);
    places(text);
    const auto genesis = make_network(plan_);
    ASSERT_FALSE(genesis.ok());
    EXPECT_THAT(genesis.error().why, HasSubstr(part));
    EXPECT_FALSE(std::filesystem::exists(plan_.net));
  }
}

TEST_F(MakeNetworkWithPlaces, OtherEnginesAndFilesThatAreNotThereAreRefused) {
  expect_refused("file_unreadable", "places.json");
  places(kGood);
  plan_.engine = "cbft";
  expect_refused("genesis_invalid", "engine trust_raft only");
  plan_.engine = "trust_raft";
  places(std::string(kProximityBytesMax + 1, ' '));
  expect_refused("file_unreadable", "places.json");
}

TEST_F(MakeNetwork, TooFewValidatorsAndPortsThatDoNotExistAreRefused) {
  plan_.validators = 3;
  expect_refused("usage", "--validators 3");
  plan_.validators = 4;
  plan_.port = 65'500;
  expect_refused("usage", "--port 65500");
}

TEST_F(MakeNetwork, EnginesAreCheckedByName) {
  plan_.engine = "paxos";
  expect_refused("usage", "no such engine");
}

TEST_F(MakeNetwork, ParticipantsAreCheckedKeyByKey) {
  expect_participants_refused("{}", "is not a list");
  expect_participants_refused("[", "not JSON");
  expect_participants_refused("[7]", "an object with name and role");
  expect_participants_refused(R"([{"role": "plant"}])", "lacks name");
  expect_participants_refused(R"([{"name": "a"}])", "lacks role");
  expect_participants_refused(R"([{"name": 7, "role": "plant"}])", "[0].name is 7");
  expect_participants_refused(R"([{"name": "a", "role": "king"}])", "one of plant, grid");
  expect_participants_refused(R"([{"name": "a", "role": "plant", "meters": "m"}])", "a list of names");
  expect_participants_refused(R"([{"name": "a", "role": "plant", "capacity_w": -1}])", "a whole number");
  expect_participants_refused(R"([{"name": "a", "role": "plant", "loss_ppm": 5000000000}])", "a whole number");
  expect_participants_refused(R"([{"name": "a", "role": "plant", "colour": "red"}])", "unknown key");
  expect_participants_refused(R"([{"name": "a", "role": "plant"}, {"name": "a", "role": "user"}])", "taken");
  expect_participants_refused(R"([{"name": "../a", "role": "plant"}])", "no name for a participant");
  expect_participants_refused(R"([{"name": "", "role": "plant"}])", "no name for a participant");
  expect_participants_refused(
      R"([{"name": "a", "role": "plant", "meters": ["m"]}, {"name": "b", "role": "user", "meters": ["m"]}])", "m");
}

TEST_F(MakeNetwork, TheDemosParticipantsAreThoseOfTheData) {
  auto text =
      read_text(std::filesystem::path(TIELINE_SOURCE_DIR) / "data" / "participants.json", kParticipantsBytesMax);
  ASSERT_TRUE(text.ok());
  auto expected = parse_participants(*text, "data");
  ASSERT_TRUE(expected.ok()) << expected.error().why;
  auto genesis = make_network(plan_);
  ASSERT_TRUE(genesis.ok());
  ASSERT_EQ(genesis->participants.size(), expected->size());
  for (size_t i = 0; i < expected->size(); ++i) {
    GenesisParticipant given = genesis->participants[i];
    EXPECT_EQ(given.id, i + 1);
    given.id = 0;
    given.key = PublicKey();
    EXPECT_EQ(given, (*expected)[i]);
  }
}

}  // namespace
}  // namespace tieline::cli
