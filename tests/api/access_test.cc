// Who may read what, with access = "granted".

#include "api/access.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../ledger/market_chain.h"
#include "../temporary_folder.h"
#include "api/client.h"
#include "fake_node.h"

namespace tieline::testing {
namespace {

using nlohmann::json;

constexpr int64_t kNow = 1'800'000'000'000;

class AccessTest : public ::testing::Test {
 protected:
  api::HttpRequest signed_by(ParticipantId who, const std::string& target, int64_t time_ms = kNow) const {
    api::HttpRequest r;
    r.method = "GET";
    r.target = target;
    const auto parsed = api::parse_target(target);
    EXPECT_TRUE(parsed.has_value());
    r.path = parsed->path;
    r.query = parsed->query;
    const Hash digest = api::query_digest(chain_.ledger.chain(), who, time_ms, r.method, r.target);
    r.query_signature = api::query_header({who, time_ms, participant_key(who).sign(digest.view())});
    return r;
  }
  std::string code(const api::HttpRequest& request, int64_t now_ms = kNow) {
    const auto who = access_.admit(request, api_route(request), chain_.view(), now_ms);
    return who.ok() ? "ok" : who.error().code;
  }
  static std::string api_route(const api::HttpRequest& r) {
    for (const char* prefix : {"/v1/accounts/", "/v1/trades/", "/v1/settlements/", "/v1/transactions/"})
      if (r.path.starts_with(prefix)) return std::string(prefix) + "{id}";
    return r.path;
  }
  static std::string readings(const char* meter, int64_t from_s = 0, int64_t to_s = 0) {
    std::string out = std::string("/v1/readings?meter=") + meter;
    if (to_s > 0) out += "&from=" + std::to_string(from_s) + "&to=" + std::to_string(to_s);
    return out;
  }
  std::vector<json> log() const {
    std::vector<json> lines;
    std::ifstream in(folder_.path() / "access.log");
    for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
    return lines;
  }

  TemporaryFolder folder_;
  MarketChain chain_;
  api::Access access_{chain_.ledger, folder_.path() / "access.log"};
};

TEST_F(AccessTest, AnOwnerItsDistributorAndTheRegulatorReadAMeterAndNobodyElse) {
  EXPECT_EQ(code(signed_by(kBuyer, readings("B"))), "ok");
  EXPECT_EQ(code(signed_by(kDistributor, readings("B"))), "ok");
  EXPECT_EQ(code(signed_by(kRegulating, readings("B"))), "ok");
  EXPECT_EQ(code(signed_by(kPoor, readings("B"))), "not_granted");
  EXPECT_EQ(code(signed_by(kSeller, readings("B"))), "not_granted");
  EXPECT_EQ(code(signed_by(kDistributor, readings("S"))), "not_granted") << "it settles nothing with the seller";
}

TEST_F(AccessTest, AGrantIsForItsPeriodAndUntilItIsTakenBack) {
  ASSERT_EQ(chain_.run({kBuyer}, energy::GrantRead{kPoor, kBuyerCheck, 1'000, 2'000}), TxCode::ok);
  EXPECT_EQ(code(signed_by(kPoor, readings("B", 1'000, 2'000))), "ok");
  EXPECT_EQ(code(signed_by(kPoor, readings("B", 999, 2'000))), "not_granted");
  EXPECT_EQ(code(signed_by(kPoor, readings("B", 1'000, 2'001))), "not_granted");
  EXPECT_EQ(code(signed_by(kPoor, readings("B"))), "not_granted") << "all of time";
  ASSERT_EQ(chain_.run({kBuyer}, energy::RevokeRead{kPoor, kBuyerCheck}), TxCode::ok);
  EXPECT_EQ(code(signed_by(kPoor, readings("B", 1'000, 2'000), kNow + 1)), "not_granted");
}

TEST_F(AccessTest, AQueryIsSignedInTimeForItselfAndOnce) {
  api::HttpRequest unsigned_one = signed_by(kBuyer, readings("B"));
  unsigned_one.query_signature.clear();
  EXPECT_EQ(code(unsigned_one), "not_authenticated");
  api::HttpRequest other = signed_by(kBuyer, readings("B"));
  other.target = readings("B", 0, 5);
  EXPECT_EQ(code(other), "bad_query_signature");
  api::HttpRequest posing = signed_by(kPoor, readings("B"));
  posing.query_signature.replace(0, 1, std::to_string(kBuyer));
  EXPECT_EQ(code(posing), "bad_query_signature");
  EXPECT_EQ(code(signed_by(kBuyer, readings("B"), kNow - api::kQueryWindowMs - 1)), "query_time");
  EXPECT_EQ(code(signed_by(kBuyer, readings("B"), kNow + api::kQueryWindowMs + 1)), "query_time");
  EXPECT_EQ(code(signed_by(kBuyer, readings("B"), kNow - api::kQueryWindowMs)), "ok");
  const api::HttpRequest once = signed_by(kBuyer, readings("B"), kNow + api::kQueryWindowMs);
  EXPECT_EQ(code(once), "ok");
  EXPECT_EQ(code(once), "query_replayed");
  EXPECT_EQ(code(once, kNow + 2 * api::kQueryWindowMs), "query_replayed") << "as long as its time is good";
  EXPECT_EQ(code(signed_by(50, readings("B"))), "not_authenticated") << "nobody";
}

TEST_F(AccessTest, AKeyThatWasReplacedAsksNothing) {
  const PlainSigner next(501);
  const Hash message = energy::key_message(chain_.ledger.chain(), ActionType::kRotateKey, kBuyer, next.public_key());
  ASSERT_EQ(chain_.run({kBuyer}, energy::RotateKey{next.public_key(), next.sign(message.view())}), TxCode::ok);
  chain_.end_epoch();
  chain_.add({}, 100);
  EXPECT_EQ(code(signed_by(kBuyer, readings("B"))), "revoked_key");
}

TEST_F(AccessTest, EachQueryIsLoggedWithWhoWhatWhenAndWhetherItWasAllowed) {
  code(signed_by(kBuyer, readings("B")));
  code(signed_by(kPoor, readings("B")));
  const auto lines = log();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], json({{"time", "2027-01-15T08:00:00.000Z"},
                            {"who", kBuyer},
                            {"method", "GET"},
                            {"target", "/v1/readings?meter=B"},
                            {"allowed", true},
                            {"code", "ok"}}));
  EXPECT_EQ(lines[1]["who"], kPoor);
  EXPECT_EQ(lines[1]["allowed"], false);
  EXPECT_EQ(lines[1]["code"], "not_granted");
}

TEST_F(AccessTest, WithoutItsLogNothingIsShown) {
  api::Access blind(chain_.ledger, folder_.path() / "no-such-folder" / "access.log");
  const auto who = blind.admit(signed_by(kBuyer, readings("B")), "/v1/readings", chain_.view(), kNow);
  EXPECT_FALSE(who.ok());
}

TEST_F(AccessTest, WhatPrivatePointsRecordIsForEverybody) {
  const json said = {{"signatories", {"buyer"}},
                     {"actions", {{{"type", "private_record"}, {"data", "00"}}, {{"type", "offer"}, {"margin", 5}}}}};
  for (const ParticipantId who : {kPoor, kAuthority}) {
    const api::HttpResponse shown =
        access_.shown_to(who, "/v1/transactions/{id}", {200, api::kJsonType, said.dump(), {}}, chain_.view());
    EXPECT_EQ(json::parse(shown.body)["actions"], (json{said["actions"][0]})) << "an offer is its parties'";
  }
}

TEST_F(AccessTest, AccountsAndTradesAreTheirOwners) {
  EXPECT_EQ(code(signed_by(kBuyer, "/v1/accounts/buyer")), "ok");
  EXPECT_EQ(code(signed_by(kPoor, "/v1/accounts/buyer")), "not_granted");
  EXPECT_EQ(code(signed_by(kRegulating, "/v1/accounts/buyer")), "ok");
  EXPECT_EQ(code(signed_by(kPoor, "/v1/trades?participant=buyer")), "not_granted");
  EXPECT_EQ(code(signed_by(kPoor, "/v1/trades?participant=poor")), "ok");
}

class AccessOverHttp : public ::testing::Test {
 protected:
  AccessOverHttp() : node_(market_genesis()) {
    api::ServerConfig config = loopback_config();
    config.access_log = (folder_.path() / "access.log").string();
    EXPECT_TRUE(node_.serve(std::move(config)).ok());
    node_.commit({node_.chain.readings(kBuyer, 1, {reading(kBuyerCheck, kStartS - 3'600, 77)})});
  }
  api::HttpReply ask(std::optional<ParticipantId> who, const std::string& target) {
    auto client = api::Client::open({"127.0.0.1", node_.port(), false, {}});
    EXPECT_TRUE(client.ok());
    if (who)
      (*client)->sign_queries(
          api::query_signer(node_.chain.ledger.chain(), *who, std::make_shared<PlainSigner>(participant_key(*who))));
    auto reply = (*client)->request("GET", target, "", {}, 10'000);
    EXPECT_TRUE(reply.ok());
    return reply ? *reply : api::HttpReply{};
  }

  TemporaryFolder folder_;
  FakeNode node_;
};

TEST_F(AccessOverHttp, WhatIsPublicStaysAndWhatIsNotNeedsItsReader) {
  EXPECT_EQ(ask(std::nullopt, "/v1/status").status, 200u);
  EXPECT_EQ(ask(std::nullopt, "/v1/blocks").status, 200u);
  EXPECT_EQ(ask(std::nullopt, "/v1/participants").status, 200u);
  EXPECT_EQ(ask(std::nullopt, "/v1/readings?meter=B").status, 401u);
  EXPECT_EQ(ask(kPoor, "/v1/readings?meter=B").status, 403u);
  const api::HttpReply own = ask(kBuyer, "/v1/readings?meter=B");
  EXPECT_EQ(own.status, 200u);
  EXPECT_EQ(json::parse(own.body)["readings"][0]["wh"], 77);
}

TEST_F(AccessOverHttp, ATransactionShowsItsReadingsToThoseWhoMayReadThem) {
  const json readings = json::parse(ask(kBuyer, "/v1/readings?meter=B").body);
  const std::string target = "/v1/transactions/" + readings["readings"][0]["txid"].get<std::string>();
  EXPECT_EQ(json::parse(ask(kBuyer, target).body)["actions"].size(), 1u);
  EXPECT_EQ(json::parse(ask(kDistributor, target).body)["actions"].size(), 1u);
  const json stranger = json::parse(ask(kPoor, target).body);
  EXPECT_EQ(stranger["code"], "ok");
  EXPECT_TRUE(stranger["actions"].empty());
  EXPECT_EQ(stranger["actions_of_others_withheld"], true);
  const json nobody = json::parse(ask(std::nullopt, target).body);
  EXPECT_EQ(nobody["code"], "ok") << "what became of it is public, as its receipt is";
  EXPECT_TRUE(nobody["actions"].empty());
}

TEST_F(AccessOverHttp, TheMarketShowsOnesOwnAccount) {
  const json seen = json::parse(ask(kPoor, "/v1/market").body);
  ASSERT_EQ(seen["accounts"].size(), 1u);
  EXPECT_EQ(seen["accounts"][0]["name"], "poor");
  EXPECT_EQ(json::parse(ask(kRegulating, "/v1/market").body)["accounts"].size(), 7u);
}

}  // namespace
}  // namespace tieline::testing
