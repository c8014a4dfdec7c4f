// Commands of the market before they reach a validator: what they take, and how they end without one.

#include <gtest/gtest.h>

#include "../temporary_folder.h"
#include "cli/make_network.h"
#include "command_line.h"

namespace tieline::cli {
namespace {

class MarketVerbs : public ::testing::Test {
 protected:
  MarketVerbs() {
    NetworkPlan plan;
    plan.net = net_;
    plan.port = 1;  // nobody listens there
    EXPECT_TRUE(make_network(plan).ok());
  }
  std::string write(const std::string& name, const std::string& text) {
    const auto file = folder_.path() / name;
    EXPECT_TRUE(write_file(file, view_of(text)).ok());
    return file.string();
  }
  Ran run(std::vector<std::string> words, const std::string& as = "sunfield") {
    words.insert(words.end(), {"--net", net_, "--as", as, "--json"});
    return tieline(std::move(words));
  }
  static std::string code(const Ran& ran) { return ran.last()["error"].value("code", ""); }

  TemporaryFolder folder_;
  std::string net_ = (folder_.path() / "net").string();
  const std::string trade_ = std::string(64, 'a');
};

TEST_F(MarketVerbs, WithoutAValidatorEndWithThree) {
  EXPECT_EQ(run({"trade", "decline", trade_}).status, kExitUnreachable);
  EXPECT_EQ(run({"stake", "bond", "--amount", "7"}).status, kExitUnreachable);
  EXPECT_EQ(run({"trade", "endorse", trade_}).status, kExitUnreachable) << "the terms are asked for";
  EXPECT_EQ(tieline({"market", "show", "--net", net_}).status, kExitUnreachable);
}

TEST_F(MarketVerbs, WrongWordsAreToldBeforeAnythingIsSent) {
  EXPECT_EQ(run({"stake", "bond", "--amount", "-7"}).status, kExitUsage);
  EXPECT_EQ(code(run({"stake", "bond", "--amount", "a lot"})), "usage");
  EXPECT_EQ(code(run({"trade", "decline", "abc"})), "action_invalid");
  EXPECT_EQ(code(run({"govern", "vote", trade_, "perhaps"})), "usage");
  EXPECT_EQ(code(run({"market", "issue", "--to", "nobody", "--amount", "1"})), "action_invalid");
  EXPECT_EQ(run({"stake", "bond"}).status, kExitUsage) << "an amount is missing";
  EXPECT_EQ(code(run({"trade", "offer", (folder_.path() / "absent.json").string()})), "file_unreadable");
  EXPECT_EQ(code(run({"trade", "offer", write("list.json", "[]")})), "usage");
  EXPECT_EQ(code(run({"trade", "offer", write("other.json", R"({"action": "bond", "amount": 1})")})), "usage");
  EXPECT_EQ(code(run({"trade", "offer", write("bare.json", R"({"margin": 1})")})), "action_invalid");
}

TEST_F(MarketVerbs, WhoSignsMustHaveItsKeyHereAndTheFirstInGenesisActs) {
  EXPECT_EQ(code(run({"stake", "withdraw"}, "nobody")), "no_validator") << "it may have been registered since genesis";
  const Ran later = run({"trade", "cancel", trade_, "--with", "sunfield"}, "bakery");
  EXPECT_EQ(code(later), "usage");
  EXPECT_NE(later.err.find("--as sunfield"), std::string::npos) << later.err;
  EXPECT_EQ(code(run({"trade", "cancel", trade_, "--with", "sunfield"})), "usage") << "twice the same";
}

TEST_F(MarketVerbs, ANewKeyIsMadeOnceAndNeverWrittenOver) {
  const std::string file = write("taken.key", "mine");
  EXPECT_EQ(code(run({"participant", "rotate-key", file})), "key_exists");
  EXPECT_EQ(read_text(file, 100).value(), "mine");
}

TEST_F(MarketVerbs, ACardIsShownToWhoeverHasTheFolder) {
  const Ran card = tieline({"participant", "card", "bakery", "--net", net_, "--json"});
  ASSERT_EQ(card.status, kExitDone) << card.err;
  EXPECT_EQ(card.last(), parse_json(read_text(net_ + "/participants/bakery.card.json", 4096).value(), "card").value());
  EXPECT_EQ(tieline({"participant", "card", "nobody", "--net", net_}).status, kExitUsage);
}

}  // namespace
}  // namespace tieline::cli
