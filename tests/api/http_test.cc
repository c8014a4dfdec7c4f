#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "api/client.h"
#include "api/http_types.h"
#include "fake_node.h"
#include "ledger/block_record.h"
#include "net/listen.h"
#include "raw_connection.h"

namespace tieline::testing {
namespace {

using nlohmann::json;
using std::string;

class Http : public ::testing::Test {
 protected:
  explicit Http(const Genesis& genesis = test_genesis()) : node(genesis) {}
  void start(api::ServerConfig config = loopback_config()) {
    const Status served = node.serve(std::move(config));
    ASSERT_TRUE(served.ok()) << (served.ok() ? "" : served.error().why);
    auto opened = api::Client::open({"127.0.0.1", node.port(), false, {}});
    ASSERT_TRUE(opened.ok());
    client = *std::move(opened);
  }
  api::HttpReply ask(const string& target) {
    auto reply = client->request("GET", target, "", {}, 10'000);
    EXPECT_TRUE(reply.ok()) << (reply.ok() ? "" : reply.error().why);
    return reply ? *reply : api::HttpReply{};
  }
  json ask_json(const string& target) { return json::parse(ask(target).body, nullptr, false); }
  void expect_problem(const api::HttpReply& reply, unsigned status, const string& code) {
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.content_type, "application/problem+json");
    const json body = json::parse(reply.body, nullptr, false);
    ASSERT_TRUE(body.is_object()) << reply.body;
    EXPECT_EQ(body.value("code", ""), code);
    EXPECT_EQ(body.value("status", 0u), status);
    EXPECT_FALSE(body.value("detail", "").empty());
  }
  api::HttpReply post(const Bytes& body, const string& query = "") {
    auto reply = client->request("POST", "/v1/transactions" + query, "application/octet-stream", body, 10'000);
    EXPECT_TRUE(reply.ok()) << (reply.ok() ? "" : reply.error().why);
    return reply ? *reply : api::HttpReply{};
  }
  TxPtr data(uint64_t sequence) {
    return node.on_io([&] { return node.chain.data(kUser, sequence); });
  }
  static Bytes bytes_of(const TxPtr& tx) { return {tx->bytes().view().begin(), tx->bytes().view().end()}; }
  static Bytes framed(const std::vector<TxPtr>& txs) {
    Writer w;
    for (const TxPtr& tx : txs) w.bytes(tx->bytes().view());
    return w.take();
  }

  FakeNode node;
  std::unique_ptr<api::Client> client;
};

TEST_F(Http, StatusHasTheFieldsThatScriptsHoldOnTo) {
  start();
  node.commit({data(1)});
  const json status = ask_json("/v1/status");
  EXPECT_EQ(status["chain_id"], to_hex(node.chain.ledger.chain()));
  EXPECT_EQ(status["engine"], "cbft");
  EXPECT_EQ(status["height"], 1);
  EXPECT_EQ(status["view"], 3);
  EXPECT_EQ(status["primary"], "validator-2");
  EXPECT_TRUE(status.contains("state_root"));
  ASSERT_EQ(status["validators"].size(), 4u);
  EXPECT_EQ(status["validators"][0], json({{"name", "validator-0"}, {"connected", true}, {"height", 1}}));
  EXPECT_EQ(status["validators"][3]["height"], 1) << "it has signed block 1";
  EXPECT_TRUE(status["validators"][2]["height"].is_null()) << "nothing is known of it";
  EXPECT_EQ(status["finality_ms"], json({{"p50", 4.5}, {"p99", 9.5}}));
  EXPECT_EQ(status["can_lose"], 1);
  node.on_io([&] {
    node.connected = {1};
    node.told = {{2, 7}, {3, 0}};
    return true;
  });
  const json later = ask_json("/v1/status");
  EXPECT_EQ(later["can_lose"], 0);
  EXPECT_EQ(later["validators"][2]["height"], 7) << "it says so itself";
  EXPECT_EQ(later["validators"][3]["height"], 1) << "what it has signed counts more than an old word";
}

class WeighedHttp : public Http {
 protected:
  WeighedHttp() : Http(genesis()) {}
  static Genesis genesis() {
    Genesis g = test_genesis(5);
    g.consensus.engine = EngineKind::kTrustRaft;
    return g;
  }
};

TEST_F(WeighedHttp, StatusSaysWhatVotesWeighAndRaisesTheAlarm) {
  start();
  node.on_io([&] {
    node.connected = {1, 2, 3, 4};
    return true;
  });
  json status = ask_json("/v1/status");
  EXPECT_EQ(status["classes"], json({{"trusted", 5}, {"regular", 0}, {"faulty", 0}, {"malicious", 0}}));
  EXPECT_EQ(status["weights_alarm"], false);
  EXPECT_EQ(status["total_weight"], 50);
  EXPECT_EQ(status["quorum"], 4);
  EXPECT_EQ(status["can_lose"], 1);
  EXPECT_EQ(status["validators"][3]["class"], "trusted");
  EXPECT_EQ(status["validators"][3]["weight"], 10);
  EXPECT_NEAR(status["validators"][3]["trust"].get<double>(), 0.9, 0.001);
  EXPECT_NE(ask("/metrics").body.find("tieline_weights_alarm 0\n"), string::npos);

  node.on_io([&] {
    std::vector<Member> members = node.chain.ledger.genesis().committee().members();
    members[1].trust = 0;
    members[2].trust = 1;
    const Committee table(0, Hash(), members, FaultModel::kWeighted);
    node.chain.store.apply({{Column::kState, state::committee_key(0), encoded(table)}});
    return true;
  });
  status = ask_json("/v1/status");
  EXPECT_EQ(status["classes"], json({{"trusted", 3}, {"regular", 0}, {"faulty", 1}, {"malicious", 1}}));
  EXPECT_EQ(status["weights_alarm"], true) << "three are too few to weigh by";
  EXPECT_EQ(status["validators"][1]["class"], "malicious");
  EXPECT_EQ(status["validators"][1]["weight"], 1) << "all weigh the same";
  EXPECT_NE(ask("/metrics").body.find("tieline_weights_alarm 1\n"), string::npos);
}

TEST_F(Http, WhatIsNotThereIsAProblemWithACode) {
  start();
  expect_problem(ask("/v2/status"), 404, "unknown_path");
  expect_problem(ask("/v1/blocks/7"), 404, "not_found");
  expect_problem(ask("/v1/receipts/" + string(64, 'a')), 404, "not_found");
  expect_problem(ask("/v1/transactions/" + string(64, 'a')), 404, "not_found");
  expect_problem(ask("/v1/readings?meter=nobody"), 404, "unknown_meter");
  expect_problem(ask("/v1/participants/nobody"), 404, "unknown_participant");
  expect_problem(ask("/v1/credit?validator=nobody"), 404, "unknown_validator");
}

TEST_F(Http, BadParametersAreRefusedWithWhatIsAllowed) {
  start();
  expect_problem(ask("/v1/receipts/" + string(64, 'g')), 400, "bad_parameter");
  expect_problem(ask("/v1/receipts/" + string(63, 'a')), 400, "bad_parameter");
  expect_problem(ask("/v1/transactions/xyz"), 400, "bad_parameter");
  expect_problem(ask("/v1/blocks/-1"), 400, "bad_parameter");
  expect_problem(ask("/v1/credit?epochs=17"), 400, "bad_parameter");
  expect_problem(ask("/v1/blocks/1x"), 400, "bad_parameter");
  expect_problem(ask("/v1/blocks?limit=0"), 400, "bad_parameter");
  expect_problem(ask("/v1/blocks?limit=101"), 400, "bad_parameter");
  expect_problem(ask("/v1/blocks?from=abc"), 400, "bad_parameter");
  expect_problem(ask("/v1/readings"), 400, "bad_parameter");
  expect_problem(ask("/v1/readings?meter=U1&from=yesterday"), 400, "bad_parameter");
  expect_problem(ask("/v1/readings?meter=U1&from=2016-02-30T00:00:00Z"), 400, "bad_parameter");
  expect_problem(ask("/v1/readings?meter=U1&cursor=zz"), 400, "bad_parameter");
  expect_problem(ask("/v1/blocks?limit=1&limit=2"), 400, "malformed_target");
  expect_problem(ask("/v1/blocks?limit=%zz"), 400, "malformed_target");
  auto wrong = client->request("DELETE", "/v1/status", "", {}, 10'000);
  ASSERT_TRUE(wrong.ok());
  expect_problem(*wrong, 405, "method_not_allowed");
}

TEST_F(Http, OneTransactionIsAnsweredWithItsReceipt) {
  start();
  const TxPtr tx = data(1);
  const json answer = json::parse(post(bytes_of(tx), "?wait=commit").body);
  ASSERT_EQ(answer["transactions"].size(), 1u);
  const json& one = answer["transactions"][0];
  EXPECT_EQ(one["id"], to_hex(tx->id()));
  EXPECT_EQ(one["state"], "committed");
  EXPECT_EQ(one["code"], "ok");
  EXPECT_EQ(one["height"], 1);
  auto receipt = client->receipt(tx->id());
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(one["receipt"], to_hex(*receipt));
  auto decoded_receipt = decoded<Receipt>(*receipt, "receipt");
  ASSERT_TRUE(decoded_receipt.ok());
  EXPECT_EQ(decoded_receipt->transaction, bytes_of(tx));
  EXPECT_EQ(ask_json("/v1/receipts/" + to_hex(tx->id()) + "?format=json")["receipt"], to_hex(*receipt));
}

TEST_F(Http, ManyTransactionsEachGetTheirOutcome) {
  start();
  const TxPtr a = data(1), b = data(2);
  const api::HttpReply reply = post(framed({a, b}), "?wait=commit");
  EXPECT_EQ(reply.status, 200u);
  const json answer = json::parse(reply.body);
  ASSERT_EQ(answer["transactions"].size(), 2u);
  EXPECT_EQ(answer["transactions"][1]["id"], to_hex(b->id()));
  EXPECT_EQ(answer["transactions"][1]["index"], 1);
}

TEST_F(Http, SendingTheSameBytesAgainGivesTheSameAnswer) {
  start();
  const TxPtr tx = data(1);
  const api::HttpReply first = post(bytes_of(tx), "?wait=commit");
  const api::HttpReply again = post(bytes_of(tx), "?wait=commit");
  EXPECT_EQ(again.status, 200u);
  EXPECT_EQ(again.body, first.body);
}

TEST_F(Http, WithoutWaitItIsTakenAtOnce) {
  start();
  const api::HttpReply reply = post(bytes_of(data(1)));
  EXPECT_EQ(reply.status, 202u);
  EXPECT_EQ(json::parse(reply.body)["transactions"][0]["state"], "pending");
  EXPECT_EQ(node.submitted, 1u);
}

TEST_F(Http, WaitingIsBoundedAndSaysPending) {
  start();
  node.on_io([&] {
    node.mode = FakeNode::Mode::kSilent;
    return true;
  });
  const api::HttpReply reply = post(bytes_of(data(1)), "?wait=commit&timeout_ms=100");
  EXPECT_EQ(reply.status, 202u);
  EXPECT_EQ(json::parse(reply.body)["transactions"][0]["state"], "pending");
  expect_problem(post(bytes_of(data(1)), "?wait=commit&timeout_ms=99999999"), 400, "bad_parameter");
}

TEST_F(Http, ARefusalCarriesTheCodeOfTheLedger) {
  start();
  node.on_io([&] {
    node.mode = FakeNode::Mode::kRefuse;
    node.refusal = number(TxCode::bad_signature);
    return true;
  });
  expect_problem(post(bytes_of(data(1)), "?wait=commit"), 422, "bad_signature");
}

TEST_F(Http, MalformedTransactionsAreRefusedWholeAndNothingIsSubmitted) {
  start();
  expect_problem(post(Bytes{}), 400, "malformed");
  expect_problem(post(Bytes{9, 0, 0, 0, 1}), 400, "malformed");
  Bytes cut = bytes_of(data(1));
  cut.pop_back();
  EXPECT_EQ(post(cut).status, 400u);
  Bytes second_bad = framed({data(1)});
  for (uint8_t b : Bytes{3, 0, 0, 0, 1, 2, 3}) second_bad.push_back(b);
  const api::HttpReply reply = post(second_bad);
  EXPECT_EQ(reply.status, 400u);
  EXPECT_NE(reply.body.find("transaction 1 of the request"), string::npos);
  Writer many;
  for (int i = 0; i < 1'025; ++i) many.bytes(data(1)->bytes().view());
  expect_problem(post(many.take()), 400, "too_many_transactions");
  EXPECT_EQ(node.submitted, 0u);
  node.on_io([&] {
    node.overloaded = true;
    return true;
  });
  expect_problem(post(bytes_of(data(1))), 503, "overloaded");
}

TEST_F(Http, BlocksArePaged) {
  start();
  for (uint64_t i = 1; i <= 5; ++i) node.commit({data(i)});
  const json newest = ask_json("/v1/blocks?limit=2");
  ASSERT_EQ(newest["blocks"].size(), 2u);
  EXPECT_EQ(newest["blocks"][0]["height"], 4);
  EXPECT_TRUE(newest["next"].is_null());
  const json first = ask_json("/v1/blocks?from=1&limit=3");
  ASSERT_EQ(first["blocks"].size(), 3u);
  EXPECT_EQ(first["next"], 4);
  EXPECT_EQ(ask_json("/v1/blocks?from=4&limit=3")["blocks"].size(), 2u);
  const json last_full = ask_json("/v1/blocks?from=4&limit=2");
  EXPECT_EQ(last_full["blocks"].size(), 2u);
  EXPECT_TRUE(last_full["next"].is_null());
  EXPECT_EQ(ask_json("/v1/blocks?from=9")["blocks"].size(), 0u);
  const json one = ask_json("/v1/blocks/2");
  EXPECT_EQ(one["height"], 2);
  EXPECT_EQ(one["parent"], first["blocks"][0]["block"]);
  EXPECT_EQ(one["results"][0]["code"], "ok");
  EXPECT_EQ(ask("/v1/blocks/2?format=bytes").content_type, "application/octet-stream");
}

TEST_F(Http, BlocksThatAValidatorNeverHadAreSkipped) {
  start();
  for (uint64_t i = 1; i <= 5; ++i) node.commit({data(i)});
  node.on_io([&] {
    node.chain.store.apply(
        {{Column::kBlocks, block_key(1), std::nullopt}, {Column::kBlocks, block_key(2), std::nullopt}});
    return true;
  });
  const json page = ask_json("/v1/blocks?from=1&limit=2");
  ASSERT_EQ(page["blocks"].size(), 2u);
  EXPECT_EQ(page["blocks"][0]["height"], 3);
  EXPECT_EQ(page["blocks"][0]["proof"]["rounds"], 1);
  EXPECT_EQ(page["next"], 5);
}

TEST_F(Http, ReadingsAreFoundByMeterAndTimeInPages) {
  start();
  std::vector<Reading> list;
  for (int i = 0; i < 10; ++i) list.push_back(reading(kUserMeter, kStartS - 900 * (20 - i), static_cast<uint64_t>(i)));
  node.commit({node.on_io([&] { return node.chain.readings(kUser, 1, list); })});
  const json all = ask_json("/v1/readings?meter=U1");
  ASSERT_EQ(all["readings"].size(), 10u);
  EXPECT_EQ(all["readings"][3]["wh"], 3);
  EXPECT_EQ(all["readings"][3]["meter"], "U1");
  EXPECT_EQ(all["readings"][3]["obis"], "1-0:1.8.0");
  EXPECT_EQ(all["readings"][3]["start"], api::rfc3339(kStartS - 900 * 17));
  const string from = api::rfc3339(kStartS - 900 * 18), to = std::to_string(kStartS - 900 * 15);
  EXPECT_EQ(ask_json("/v1/readings?meter=U1&from=" + from + "&to=" + to)["readings"].size(), 3u);
  json page = ask_json("/v1/readings?meter=U1&limit=4");
  ASSERT_EQ(page["readings"].size(), 4u);
  page = ask_json("/v1/readings?meter=U1&limit=4&cursor=" + page["next"].get<string>());
  EXPECT_EQ(page["readings"][0]["wh"], 4);
  EXPECT_EQ(ask_json("/v1/readings?meter=U2")["readings"].size(), 0u);
}

TEST_F(Http, ATransactionShowsWhatItSaysAndWhatBecameOfIt) {
  start();
  const TxPtr tx = node.on_io([&] { return node.chain.readings(kUser, 1, {reading(kUserMeter, kStartS - 900)}); });
  node.commit({tx});
  const json shown = ask_json("/v1/transactions/" + to_hex(tx->id()));
  EXPECT_EQ(shown["code"], "ok");
  EXPECT_EQ(shown["height"], 1);
  EXPECT_EQ(shown["signatories"], json({"user"}));
  EXPECT_EQ(shown["actions"][0]["readings"][0]["meter"], "U1");
  const json user = ask_json("/v1/participants/user");
  EXPECT_EQ(user["sequence"], 1);
  EXPECT_EQ(user["meters"], json({"U1", "U2"}));
  EXPECT_EQ(ask_json("/v1/participants?limit=3")["next"], 3);
  EXPECT_EQ(ask_json("/v1/participants?from=3")["participants"].size(), 1u);
  EXPECT_EQ(ask_json("/v1/validators")["validators"].size(), 4u);
}

TEST_F(Http, CreditIsShownWithItsIndicatorsNowAndOfEndedEpochs) {
  start();
  const json fresh = ask_json("/v1/credit");
  ASSERT_EQ(fresh["validators"].size(), 4u);
  EXPECT_EQ(fresh["epoch"], 0);
  EXPECT_EQ(fresh["weights_hash"], to_hex(test_genesis().credit.weights.hash()));
  for (const json& v : fresh["validators"]) {
    EXPECT_EQ(v["credit"], 0.5);
    EXPECT_EQ(v["may_be_drawn"], true);
    EXPECT_EQ(v["now"]["indicators"].size(), 8u);
    EXPECT_TRUE(v["epochs"].empty());
  }
  for (int epoch = 0; epoch < 2; ++epoch) {
    node.on_io([&] {
      node.chain.end_epoch();
      node.chain.add({}, 1'000);
      return true;
    });
  }
  const json later = ask_json("/v1/credit?validator=validator-2&epochs=1");
  ASSERT_EQ(later["validators"].size(), 1u);
  EXPECT_EQ(later["validators"][0]["id"], 2);
  ASSERT_EQ(later["validators"][0]["epochs"].size(), 1u) << "two have ended, one was asked for";
  const json ended = later["validators"][0]["epochs"][0];
  EXPECT_EQ(ended["epoch"], 1);
  EXPECT_EQ(ended["indicators"].size(), 8u);
  EXPECT_EQ(ended["credit"], later["validators"][0]["credit"]);
  EXPECT_TRUE(ended["why"].empty());
  EXPECT_EQ(ask_json("/v1/credit?validator=2")["validators"][0]["name"], "validator-2");
}

TEST_F(Http, ADryRunSaysWhatWouldBecomeOfATransactionAndRecordsNothing) {
  start();
  node.commit({data(1)});
  const auto dry = [&](const Bytes& body) {
    auto reply = client->request("POST", "/v1/dry-run", "application/octet-stream", body, 10'000);
    EXPECT_TRUE(reply.ok());
    return reply ? *reply : api::HttpReply{};
  };
  const TxPtr used = data(1);
  const json verdict = json::parse(dry(bytes_of(used)).body);
  EXPECT_EQ(verdict["id"], to_hex(used->id()));
  EXPECT_EQ(verdict["accepted"], false);
  EXPECT_EQ(verdict["code"], "duplicate");
  EXPECT_EQ(verdict["height"], 2);
  const json good = json::parse(dry(bytes_of(data(2))).body);
  EXPECT_EQ(good["accepted"], true) << good.dump();
  EXPECT_EQ(good["code"], "ok");
  Bytes forged = bytes_of(data(2));
  forged.back() ^= 1;
  EXPECT_EQ(json::parse(dry(forged).body)["code"], "bad_signature");
  EXPECT_EQ(ask_json("/v1/status")["height"], 1);
  EXPECT_EQ(node.submitted, 0u);
  expect_problem(dry({1, 2, 3}), 400, "malformed");
  auto wrong = client->request("POST", "/v1/dry-run", "text/plain", Bytes{1}, 10'000);
  ASSERT_TRUE(wrong.ok());
  expect_problem(*wrong, 415, "unsupported_media_type");
  expect_problem(ask("/v1/dry-run"), 405, "method_not_allowed");
}

TEST_F(Http, ANetworkWithoutAMarketSaysSo) {
  start();
  for (const char* path : {"/v1/market", "/v1/stakes", "/v1/proposals", "/v1/accounts/user",
                           "/v1/trades?participant=user", "/v1/settlements/2026-11-21T12:00:00Z"})
    expect_problem(ask(path), 404, "no_market");
  expect_problem(ask("/v1/trades/" + string(64, '0')), 404, "no_market");
  expect_problem(ask("/v1/trades/12"), 400, "bad_parameter");
  expect_problem(ask("/v1/trades"), 400, "bad_parameter");
  expect_problem(ask("/v1/settlements/2026-11-21T12:01:00Z"), 400, "bad_parameter");
}

TEST_F(Http, PrivatePointsAreAskedForByName) {
  start();
  const string key(64, '0');
  for (const string& path : {"/v1/private/points/" + key, "/v1/private/complaints/" + key,
                             "/v1/private/slots?start=2026-11-21T12:00:00Z&pseudonym=" + key})
    expect_problem(ask(path), 404, "no_private_points");
  for (const char* path :
       {"/v1/private/points/12", "/v1/private/complaints/12", "/v1/private/slots",
        "/v1/private/slots?start=2026-11-21T12:01:00Z", "/v1/private/region", "/v1/private/region?distributor=user"})
    expect_problem(ask(path), 400, "bad_parameter");
  expect_problem(ask("/v1/private/slots?slots=3001&start=2026-11-21T12:00:00Z&pseudonym=" + key), 400, "bad_parameter");
  expect_problem(ask("/v1/private/slots?obis=1&start=2026-11-21T12:00:00Z&pseudonym=" + key), 400, "bad_parameter");
}

TEST_F(Http, HealthReadinessMetricsAndDescription) {
  start();
  EXPECT_EQ(ask("/healthz").status, 200u);
  EXPECT_EQ(ask("/readyz").status, 200u);
  node.on_io([&] {
    node.connected = {1};
    return true;
  });
  expect_problem(ask("/readyz"), 503, "not_ready");
  EXPECT_EQ(ask_json("/v1/openapi.json")["openapi"], "3.1.0");
  EXPECT_NE(ask("/").body.find("<title>Tieline</title>"), string::npos);
  ask("/nowhere");
  const string metrics = ask("/metrics").body;
  EXPECT_NE(metrics.find("le=\"5e-05\""), string::npos) << "a bound must print as it was chosen";
  for (const char* name :
       {"tieline_height", "tieline_view", "tieline_primary", "tieline_finality_seconds", "tieline_pending",
        "tieline_peers", "tieline_rejected_total", "tieline_fsync_seconds", "tieline_verify_seconds",
        "tieline_counted_total", "tieline_certificate_expiry_seconds", "tieline_http_requests_total"}) {
    const string help = string("# HELP ") + name + " ";
    const size_t at = metrics.find(help);
    ASSERT_NE(at, string::npos) << name;
    EXPECT_NE(metrics[at + help.size()], '\n') << name << " has no help text";
  }
  EXPECT_NE(metrics.find("tieline_http_requests_total{route=\"unknown\",status=\"404\"} 1"), string::npos);
}

TEST_F(Http, EveryDescribedPathIsServed) {
  start();
  const json paths = ask_json("/v1/openapi.json")["paths"];
  for (const auto& [path, methods] : paths.items()) {
    if (path == "/v1/events" || methods.contains("post")) continue;
    string target = path;
    const size_t brace = target.find('{');
    if (brace != string::npos) target = target.substr(0, brace) + "1";
    const api::HttpReply reply = ask(target);
    EXPECT_EQ(reply.body.find("unknown_path"), string::npos) << path;
  }
  EXPECT_TRUE(paths.contains("/v1/transactions"));
}

TEST_F(Http, EventsDeliverEveryBlock) {
  start();
  std::atomic<int> seen{0};
  std::thread committer([&] {
    while (seen == 0) std::this_thread::yield();
    for (uint64_t i = 1; i <= 3; ++i) node.commit({data(i)});
  });
  std::vector<json> events;
  const Status read = client->events(
      [&](const string& text) {
        events.push_back(json::parse(text));
        ++seen;
        return events.size() < 4;
      },
      20'000);
  committer.join();
  ASSERT_TRUE(read.ok()) << read.error().why;
  EXPECT_TRUE(events[0].contains("chain_id"));
  for (size_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(events[i]["height"], i);
    EXPECT_EQ(events[i]["transactions"], 1);
    EXPECT_EQ(events[i]["accepted"], 1);
  }
}

TEST_F(Http, ABodyOverTheLimitIsToldSo) {
  start();
  RawConnection announced(node.port());
  announced.send("POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n");
  const string told = announced.receive(10'000, "body_too_large");
  EXPECT_NE(told.find("HTTP/1.1 413"), string::npos) << told;
  EXPECT_NE(told.find("\"code\":\"body_too_large\""), string::npos) << told;

  api::ServerConfig small = loopback_config();
  small.limits.body_bytes_max = 10'000;
  node.stop_server();
  start(small);
  RawConnection chunked(node.port());
  chunked.send("POST /v1/transactions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n" +
               string(0x4000, 'a') + "\r\n");
  EXPECT_NE(chunked.receive(10'000, "body_too_large").find("HTTP/1.1 413"), string::npos);
  expect_problem(post(Bytes(20'000)), 413, "body_too_large");
}

TEST_F(Http, AHeaderOverTheLimitIsToldSo) {
  start();
  RawConnection raw(node.port());
  raw.send("GET /v1/status HTTP/1.1\r\nX: " + string(20'000, 'a') + "\r\n\r\n");
  EXPECT_NE(raw.receive(10'000, "header_too_large").find("HTTP/1.1 431"), string::npos);
}

TEST_F(Http, WhatIsNotHttpIsToldSo) {
  start();
  RawConnection raw(node.port());
  raw.send("hello\r\n\r\n");
  EXPECT_NE(raw.receive(10'000, "malformed_request").find("HTTP/1.1 400"), string::npos);
}

TEST_F(Http, ASlowSenderIsClosed) {
  api::ServerConfig config = loopback_config();
  config.limits.request_ms_max = 1'500;
  config.limits.handshake_ms_max = 1'500;
  start(config);
  RawConnection silent(node.port());
  RawConnection slow(node.port());
  slow.send("GET /v1/sta");
  RawConnection slow_body(node.port());
  slow_body.send("POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
  for (RawConnection* one : {&silent, &slow, &slow_body}) {
    one->receive();
    EXPECT_TRUE(one->closed());
  }
  const string metrics = ask("/metrics").body;
  EXPECT_NE(metrics.find("tieline_client_closed_total{code=\"request_slow\"} 2"), string::npos);
  EXPECT_NE(metrics.find("tieline_client_closed_total{code=\"handshake_slow\"} 1"), string::npos);
}

TEST_F(Http, ConnectionsAreBounded) {
  api::ServerConfig config = loopback_config();
  config.limits.connections_max = 2;
  start(config);
  RawConnection a(node.port()), b(node.port()), c(node.port());
  c.receive();
  EXPECT_TRUE(c.closed());
}

TEST_F(Http, TlsServesWhoKnowsThePinAndNobodyIsServedByAnotherKey) {
  start();
  const Hash pin = *net::certificate_pin(identity_for_tests().certificate);
  auto known = api::Client::open({"127.0.0.1", node.port(), true, {pin}});
  ASSERT_TRUE(known.ok());
  auto status = (*known)->status_json();
  ASSERT_TRUE(status.ok()) << status.error().why;
  Hash other = pin;
  other.bytes[0] ^= 1;
  auto wrong = api::Client::open({"127.0.0.1", node.port(), true, {other}});
  ASSERT_TRUE(wrong.ok());
  auto refused = (*wrong)->status_json();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "tls_wrong_pin");
}

TEST_F(Http, APortInUseIsAClearError) {
  start();
  FakeNode second;
  api::ServerConfig config = loopback_config();
  config.listen = "127.0.0.1:" + std::to_string(node.port());
  const Status refused = second.serve(config);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "port_in_use");
}

TEST_F(Http, AnAddressWithoutAListenerIsUnreachableAndASilentOneTimesOut) {
  start();
  const uint16_t port = node.port();
  node.stop_server();
  auto refused = client->get("/v1/status");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "unreachable");
  auto silent = net::ListeningSocket::open("127.0.0.1:" + std::to_string(port));
  ASSERT_TRUE(silent.ok());
  auto late = client->get("/v1/status", 200);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, "timed_out");
}

TEST(HttpTypes, TimesAreReadWithTheirOffset) {
  api::HttpRequest request;
  const auto read = [&](const char* text) {
    request.query["t"] = text;
    return api::time_parameter(request, "t", -1);
  };
  EXPECT_EQ(*read("2016-01-31T00:00:00Z"), 1454198400);
  EXPECT_EQ(*read("2016-01-31T01:00:00+01:00"), 1454198400);
  EXPECT_EQ(*read("2016-01-30T23:00:00-01:00"), 1454198400);
  EXPECT_EQ(*read("1454198400"), 1454198400);
  for (const char* bad :
       {"", "2016-13-01T00:00:00Z", "2016-01-31", "2016-01-31T00:00:00", "2016-01-31T24:00:00Z", "-1"})
    EXPECT_FALSE(read(bad).ok()) << bad;
  EXPECT_EQ(api::rfc3339_ms(1454198400007), "2016-01-31T00:00:00.007Z");
}

}  // namespace
}  // namespace tieline::testing
