// The program itself, as processes: init, node and up; what they print and how they end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "../temporary_folder.h"
#include "cli/child_process.h"
#include "cli/local_network.h"
#include "cli/network_access.h"

namespace tieline::cli {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kEndMs = 120'000;  // on a machine that has much else to do

class Processes : public ::testing::Test {
 protected:
  Processes() {
    auto port = free_port_base(4);
    EXPECT_TRUE(port.ok());
    port_ = *port;
  }
  ChildProcess start(const std::vector<std::string>& arguments) {
    std::filesystem::remove(output());
    auto child = ChildProcess::start(TIELINE_PROGRAM, arguments, output());
    EXPECT_TRUE(child.ok());
    return std::move(*child);
  }
  int run(const std::vector<std::string>& arguments) {
    auto child = start(arguments);
    return child.wait(kEndMs).value_or(-1);
  }
  std::filesystem::path output() const { return root_ / "output"; }
  std::string said() const { return read_text(output(), 16 * 1024 * 1024).value(); }
  bool says(const std::string& text) { return says(output(), text); }
  bool says(const std::filesystem::path& file, const std::string& text) {
    for (int i = 0; i < 2'400; ++i) {
      if (read_text(file, 16 * 1024 * 1024).value().find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  std::string net() const { return (root_ / "net").string(); }
  void init() { ASSERT_EQ(run({"init", net(), "--port", std::to_string(port_)}), 0) << said(); }

  TemporaryFolder folder_;
  const std::filesystem::path& root_ = folder_.path();
  uint16_t port_ = 0;
};

TEST_F(Processes, HelpAtEveryLevelShowsAnExampleAndEndsWithZero) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(said(), HasSubstr("Example:"));
  for (const char* command :
       {"init",       "node",  "up",     "status",      "import", "submit",      "query", "receipt",
        "verify",     "audit", "bench",  "chaos",       "sim",    "trace-check", "trade", "market",
        "settlement", "stake", "govern", "participant", "seal",   "open",        "bill"}) {
    EXPECT_EQ(run({command, "--help"}), 0) << command;
    EXPECT_THAT(said(), HasSubstr("xample")) << command;
  }
}

TEST_F(Processes, WrongUseEndsWithTwo) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"dance"}), 2);
  EXPECT_EQ(run({"init"}), 2);
  EXPECT_EQ(run({"init", net(), "--validators", "many"}), 2);
  EXPECT_EQ(run({"node", (root_ / "absent").string()}), 2);
  EXPECT_EQ(run({"up", (root_ / "absent").string()}), 2);
}

TEST_F(Processes, InitPrintsOneJsonObjectOnTheLastLine) {
  ASSERT_EQ(run({"init", net(), "--port", std::to_string(port_), "--json"}), 0);
  const std::string text = said();
  const size_t last = text.rfind('\n', text.size() - 2);
  auto json = parse_json(text.substr(last + 1), "the last line");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["validators"].size(), 4u);
  EXPECT_EQ((*json)["chain_id"], to_hex(genesis_of_net(net())->chain_id()));
}

TEST_F(Processes, ANodeStopsCleanlyOnSigterm) {
  init();
  auto node = start({"node", net() + "/validator-0"});
  ASSERT_TRUE(says("runs: links")) << said();
  node.signal(SIGTERM);
  EXPECT_EQ(node.wait(kEndMs), 0) << said();
  EXPECT_THAT(said(), HasSubstr("the store is flushed"));
}

TEST_F(Processes, TracesOfRealValidatorsPassAndDoctoredOnesAreRefused) {
  init();
  std::vector<ChildProcess> nodes;
  std::vector<std::string> traces;
  for (int i = 0; i < 4; ++i) {
    const std::string name = std::to_string(i);
    traces.push_back((root_ / ("v" + name + ".trace")).string());
    auto node = ChildProcess::start(TIELINE_PROGRAM, {"node", net() + "/validator-" + name, "--trace", traces.back()},
                                    root_ / ("node-" + name));
    ASSERT_TRUE(node.ok());
    nodes.push_back(std::move(*node));
  }
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(says(root_ / ("node-" + std::to_string(i)), "runs: links"));
  const std::string data = (root_ / "data.json").string();
  ASSERT_TRUE(write_file(data, view_of("{\"data\": \"one\"}")).ok());
  ASSERT_EQ(run({"submit", data, "--net", net(), "--as", "bakery"}), 0) << said();
  // One is killed, comes back and begins a file of its own; the others stop cleanly.
  nodes[3].signal(SIGKILL);
  ASSERT_TRUE(nodes[3].wait(kEndMs));
  auto again = ChildProcess::start(TIELINE_PROGRAM, {"node", net() + "/validator-3", "--trace", traces[3]},
                                   root_ / "node-3-again");
  ASSERT_TRUE(again.ok());
  ASSERT_TRUE(says(root_ / "node-3-again", "runs: links"));
  nodes[3] = std::move(*again);
  ASSERT_TRUE(write_file(data, view_of("{\"data\": \"two\"}")).ok());
  ASSERT_EQ(run({"submit", data, "--net", net(), "--as", "bakery"}), 0) << said();
  for (auto& node : nodes) {
    node.signal(SIGTERM);
    EXPECT_EQ(node.wait(kEndMs), 0);
  }
  traces.push_back(traces[3] + ".1");
  std::vector<std::string> check = {"trace-check", "--genesis", net() + "/genesis.json", "--json"};
  check.insert(check.end(), traces.begin(), traces.end());
  EXPECT_EQ(run(check), 0) << said();
  EXPECT_THAT(said(), HasSubstr("Everything holds"));
  EXPECT_THAT(said(), HasSubstr("\"ended\":\"stopped\""));

  std::string bytes = read_text(traces[1], 64 * 1024 * 1024).value();
  bytes[bytes.size() / 2] ^= 4;
  ASSERT_TRUE(write_file(traces[1], view_of(bytes)).ok());
  EXPECT_EQ(run({"trace-check", traces[0], traces[1]}), 1) << said();
  EXPECT_THAT(said(), HasSubstr("WRONG: trace_damaged"));
  EXPECT_EQ(run({"trace-check", net() + "/genesis.json"}), 2);
  EXPECT_THAT(said(), HasSubstr("not_a_trace"));
  EXPECT_EQ(run({"trace-check", (root_ / "absent").string()}), 2);
}

TEST_F(Processes, ASecondNodeOnTheFolderAndAnExposedKeyEndWithTwoAndSayWhy) {
  init();
  auto node = start({"node", net() + "/validator-0"});
  ASSERT_TRUE(says("runs: links")) << said();
  const auto other = root_ / "other-output";
  auto second = ChildProcess::start(TIELINE_PROGRAM, {"node", net() + "/validator-0"}, other);
  EXPECT_EQ(second->wait(kEndMs), 2);
  EXPECT_THAT(read_text(other, 100'000).value(), HasSubstr("folder_in_use"));
  ASSERT_EQ(::chmod((net() + "/validator-1/consensus.key").c_str(), 0644), 0);
  auto exposed = ChildProcess::start(TIELINE_PROGRAM, {"node", net() + "/validator-1"}, other);
  EXPECT_EQ(exposed->wait(kEndMs), 2);
  EXPECT_THAT(read_text(other, 100'000).value(), HasSubstr("chmod 600"));
}

TEST_F(Processes, AnHttpPortInUseIsFoundBeforeAnythingRuns) {
  init();
  auto node = start({"node", net() + "/validator-0"});
  ASSERT_TRUE(says("runs: links")) << said();
  auto genesis = genesis_of_net(net());
  const std::string config = net() + "/validator-1/config.toml";
  auto text = read_text(config, 100'000).value();
  text.replace(text.find("# http = \"127.0.0.1:7500\""), 25, "http = \"" + genesis->validators[0].http + "\"");
  ASSERT_TRUE(write_file(config, view_of(text)).ok());
  const auto other = root_ / "other-output";
  auto second = ChildProcess::start(TIELINE_PROGRAM, {"node", net() + "/validator-1"}, other);
  EXPECT_EQ(second->wait(kEndMs), 2);
  EXPECT_THAT(read_text(other, 100'000).value(), HasSubstr("port_in_use"));
}

TEST_F(Processes, UpRunsTheWholeNetworkAndTakesItDownAgain) {
  init();
  auto up = start({"up", net()});
  ASSERT_TRUE(says("is up; Ctrl-C stops it")) << said();
  EXPECT_THAT(said(), HasSubstr("validator-3 | "));
  Where where;
  where.net = net();
  auto reach = Reach::open(where);
  ASSERT_TRUE(reach.ok());
  auto status = reach->get("/v1/status");
  ASSERT_TRUE(status.ok()) << status.error().why;
  EXPECT_EQ((*status)["validators"].size(), 4u);
  up.signal(SIGINT);
  EXPECT_EQ(up.wait(kEndMs), 0) << said();
  for (int i = 0; i < 4; ++i) EXPECT_THAT(said(), HasSubstr("validator-" + std::to_string(i) + " stopped"));
}

TEST_F(Processes, UpTellsOfAValidatorThatCannotStartAndStopsTheRest) {
  init();
  ASSERT_EQ(::chmod((net() + "/validator-2/consensus.key").c_str(), 0644), 0);
  EXPECT_EQ(run({"up", net()}), 2);
  EXPECT_THAT(said(), HasSubstr("validator-2 ended with status 2"));
}

TEST_F(Processes, ChildrenOfAKilledUpDieWithIt) {
  init();
  {
    auto up = start({"up", net()});
    ASSERT_TRUE(says("is up; Ctrl-C stops it")) << said();
    up.kill_now();
  }
  // The folder is free again only when the process that held it is gone.
  bool free = false;
  for (int i = 0; i < 100 && !free; ++i) {
    auto node = start({"node", net() + "/validator-0"});
    free = says("runs: links") || said().find("in_use") == std::string::npos;
    node.kill_now();
  }
  EXPECT_TRUE(free) << said();
}

}  // namespace
}  // namespace tieline::cli
