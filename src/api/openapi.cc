#include <nlohmann/json.hpp>

#include "api/routes.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;

Json parameter(const char* name, const char* where, bool required, const char* type, const char* what) {
  return {{"name", name}, {"in", where}, {"required", required}, {"description", what}, {"schema", {{"type", type}}}};
}

Json content(const char* type, Json schema) { return {{type, {{"schema", std::move(schema)}}}}; }

Json object(std::initializer_list<std::pair<const char*, const char*>> fields) {
  Json properties = Json::object();
  for (const auto& [name, type] : fields) properties[name] = {{"type", type}};
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

Json answers(const char* what, Json body) {
  return {{"200", {{"description", what}, {"content", std::move(body)}}},
          {"default", {{"$ref", "#/components/responses/Problem"}}}};
}

Json get(const char* id, const char* summary, Json parameters, Json responses) {
  return {{"get",
           {{"operationId", id},
            {"summary", summary},
            {"parameters", std::move(parameters)},
            {"responses", std::move(responses)}}}};
}

Json list_of(const char* name) {
  return {{"type", "object"},
          {"properties",
           {{name, {{"type", "array"}, {"items", {{"type", "object"}}}}},
            {"next", {{"description", "where the next page starts, or null"}}}}}};
}

Json read_paths() {
  const Json id = parameter("id", "path", true, "string", "transaction id: 64 hexadecimal digits");
  const Json limit = parameter("limit", "query", false, "integer", "at most so many");
  Json paths = Json::object();
  paths["/v1/transactions/{id}"] =
      get("getTransaction", "A committed transaction and what became of it", Json::array({id}),
          answers("the transaction", content(kJsonType, object({{"id", "string"},
                                                                {"state", "string"},
                                                                {"code", "string"},
                                                                {"height", "integer"},
                                                                {"index", "integer"}}))));
  paths["/v1/receipts/{id}"] = get(
      "getReceipt", "The receipt: proves offline, with the genesis file alone, that the transaction was accepted",
      Json::array({id, parameter("format", "query", false, "string", "json: readable, with the bytes in hexadecimal")}),
      answers("the receipt", content(kBytesType, {{"type", "string"}, {"format", "binary"}})));
  paths["/v1/blocks/{height}"] =
      get("getBlock", "One block",
          Json::array({parameter("height", "path", true, "integer", "from 1"),
                       parameter("format", "query", false, "string", "bytes: the block in transfer form")}),
          answers("the block",
                  content(kJsonType, object({{"height", "integer"}, {"block", "string"}, {"results", "array"}}))));
  paths["/v1/blocks"] = get("listBlocks", "Blocks in order; without 'from' the newest",
                            Json::array({parameter("from", "query", false, "integer", "first height"), limit}),
                            answers("a page", content(kJsonType, list_of("blocks"))));
  paths["/v1/readings"] =
      get("listReadings", "Recorded readings of one metering point",
          Json::array({parameter("meter", "query", true, "string", "name of the metering point"),
                       parameter("from", "query", false, "string", "RFC 3339 or seconds since 1970; included"),
                       parameter("to", "query", false, "string", "RFC 3339 or seconds since 1970; not included"),
                       parameter("cursor", "query", false, "string", "'next' of the page before"), limit}),
          answers("a page", content(kJsonType, list_of("readings"))));
  paths["/v1/participants"] =
      get("listParticipants", "Who may sign transactions",
          Json::array({parameter("from", "query", false, "integer", "how many to skip"), limit}),
          answers("a page", content(kJsonType, list_of("participants"))));
  paths["/v1/participants/{name}"] = get(
      "getParticipant", "One participant and the sequence numbers it has used",
      Json::array({parameter("name", "path", true, "string", "name, or number")}),
      answers("the participant",
              content(kJsonType,
                      object({{"id", "integer"}, {"name", "string"}, {"role", "string"}, {"sequence", "integer"}}))));
  paths["/v1/validators"] = get("listValidators", "The validators and how this one is connected to them", Json::array(),
                                answers("all", content(kJsonType, list_of("validators"))));
  paths["/v1/credit"] = get(
      "getCredit", "Each validator's credit, its indicators now and over epochs, and the evidence behind each change",
      Json::array({parameter("validator", "query", false, "string", "name, or number; without it all"),
                   parameter("epochs", "query", false, "integer", "of the newest ended epochs, at most 16")}),
      answers("all, or the one asked for", content(kJsonType, list_of("validators"))));
  const Json market_id = parameter("id", "path", true, "string", "trade id: 64 hexadecimal digits");
  paths["/v1/trades/{id}"] =
      get("getTrade", "A trade under way: terms, parties, what is locked, its deadline", Json::array({market_id}),
          answers("the trade", content(kJsonType, object({{"id", "string"},
                                                          {"state", "string"},
                                                          {"round", "integer"},
                                                          {"terms", "object"},
                                                          {"parties", "array"}}))));
  paths["/v1/trades"] = get("listTrades", "Trades of one participant that have not ended",
                            Json::array({parameter("participant", "query", true, "string", "name")}),
                            answers("all", content(kJsonType, list_of("trades"))));
  paths["/v1/accounts/{name}"] =
      get("getAccount", "A participant's balance, locks, stake, debt and trust",
          Json::array({parameter("name", "path", true, "string", "name")}),
          answers("the account",
                  content(kJsonType, object({{"name", "string"}, {"balance", "integer"}, {"trust", "number"}}))));
  paths["/v1/market"] = get(
      "getMarket", "Money issued and held, pools, the last imbalance price, market time, numbers in force",
      Json::array(),
      answers(
          "the market",
          content(kJsonType,
                  object({{"issued", "integer"}, {"held", "integer"}, {"accounts", "array"}, {"numbers", "object"}}))));
  paths["/v1/settlements/{start}"] =
      get("getSettlement", "One quarter of an hour: flows, readings, statements",
          Json::array({parameter("start", "path", true, "string", "RFC 3339")}),
          answers("the interval",
                  content(kJsonType, object({{"phase", "string"}, {"flows", "array"}, {"statements", "array"}}))));
  paths["/v1/stakes"] =
      get("listStakes", "Who pledges what", Json::array(), answers("all", content(kJsonType, list_of("stakes"))));
  paths["/v1/proposals"] = get("listProposals", "What is proposed, and how it stands", Json::array(),
                               answers("all", content(kJsonType, list_of("proposals"))));
  paths["/v1/rules"] = get("listRules", "The market's rules: in force, their bounds, and what is decided",
                           Json::array(), answers("all", content(kJsonType, list_of("rules"))));
  const Json pseudonym = parameter("pseudonym", "query", true, "string", "64 hexadecimal digits");
  const Json start = parameter("start", "query", true, "string", "of a quarter of an hour, RFC 3339");
  paths["/v1/private/points/{pseudonym}"] =
      get("getPrivatePoint", "A pseudonym: its period, bucket, distributor, faults and opened totals",
          Json::array({parameter("pseudonym", "path", true, "string", "64 hexadecimal digits")}),
          answers("the point", content(kJsonType, object({{"distributor", "string"},
                                                          {"bucket_w", "integer"},
                                                          {"faults", "integer"},
                                                          {"opened", "array"}}))));
  paths["/v1/private/slots"] =
      get("listPrivateSlots", "What is recorded of a pseudonym: commitments, states, public substitutes",
          Json::array({pseudonym, start, parameter("slots", "query", false, "integer", "at most 3,000; 96"),
                       parameter("obis", "query", false, "string", "1-0:1.8.0 or 1-0:2.8.0")}),
          answers("all of them", content(kJsonType, list_of("slots"))));
  paths["/v1/private/complaints/{complaint}"] =
      get("getPrivateComplaint", "A complaint about a private reading, and how it stands",
          Json::array({parameter("complaint", "path", true, "string", "64 hexadecimal digits")}),
          answers("the complaint", content(kJsonType, object({{"state", "string"}, {"receiver", "string"}}))));
  paths["/v1/private/region"] =
      get("getPrivateRegion", "What a distributor's balance of one slot is about",
          Json::array({parameter("distributor", "query", true, "string", "name"),
                       parameter("period", "query", true, "string", "start of the billing period, RFC 3339"), start}),
          answers("feeders and points", content(kJsonType, list_of("points"))));
  paths["/v1/status"] = get("getStatus", "Where this validator stands", Json::array(),
                            answers("the status", content(kJsonType, object({{"chain_id", "string"},
                                                                             {"engine", "string"},
                                                                             {"height", "integer"},
                                                                             {"view", "integer"},
                                                                             {"primary", "string"},
                                                                             {"state_root", "string"},
                                                                             {"validators", "array"},
                                                                             {"finality_ms", "object"},
                                                                             {"classes", "object"},
                                                                             {"weights_alarm", "boolean"},
                                                                             {"can_lose", "integer"}}))));
  paths["/v1/events"] = get("readEvents", "Server-sent events: 'status' once, then 'block' for every committed block",
                            Json::array(), answers("a stream", content("text/event-stream", {{"type", "string"}})));
  paths["/v1/openapi.json"] =
      get("getOpenApi", "This document", Json::array(), answers("this", content(kJsonType, {{"type", "object"}})));
  paths["/healthz"] = get("getHealth", "200 while the process works", Json::array(),
                          answers("it works", content("text/plain", {{"type", "string"}})));
  paths["/readyz"] = get("getReadiness", "200 while this validator takes part in a quorum; else 503 with the reason",
                         Json::array(), answers("it takes part", content("text/plain", {{"type", "string"}})));
  paths["/metrics"] = get("getMetrics", "Prometheus metrics", Json::array(),
                          answers("metrics", content("text/plain", {{"type", "string"}})));
  return paths;
}

Json dry_run_path() {
  return {{"post",
           {{"operationId", "dryRunTransaction"},
            {"summary", "What would become of one signed transaction now; nothing is recorded"},
            {"requestBody",
             {{"required", true}, {"content", content(kBytesType, {{"type", "string"}, {"format", "binary"}})}}},
            {"responses", answers("the verdict", content(kJsonType, object({{"id", "string"},
                                                                            {"accepted", "boolean"},
                                                                            {"code", "string"},
                                                                            {"why", "string"},
                                                                            {"height", "integer"}})))}}}};
}

Json post_path() {
  Json responses = {{"200",
                     {{"description", "the outcome of each, with its receipt"},
                      {"content", content(kJsonType, list_of("transactions"))}}},
                    {"202",
                     {{"description", "taken; some outcomes are not known yet"},
                      {"content", content(kJsonType, list_of("transactions"))}}},
                    {"default", {{"$ref", "#/components/responses/Problem"}}}};
  return {{"post",
           {{"operationId", "submitTransactions"},
            {"summary",
             "Signed bytes of one transaction, or of several, each behind its length (u32, little-endian). Sending the "
             "same bytes again is harmless."},
            {"parameters",
             Json::array({parameter("wait", "query", false, "string", "commit: answer when the outcomes are known"),
                          parameter("timeout_ms", "query", false, "integer", "how long to wait at most")})},
            {"requestBody",
             {{"required", true}, {"content", content(kBytesType, {{"type", "string"}, {"format", "binary"}})}}},
            {"responses", std::move(responses)}}}};
}

}  // namespace

std::string openapi_json(const std::string& version) {
  Json paths = read_paths();
  paths["/v1/transactions"] = post_path();
  paths["/v1/dry-run"] = dry_run_path();
  const Json problem_schema = object(
      {{"type", "string"}, {"title", "string"}, {"status", "integer"}, {"detail", "string"}, {"code", "string"}});
  const Json document = {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Tieline"},
        {"version", version},
        {"description",
         "A permissioned ledger for electricity: one validator's interface for clients. Errors are problem "
         "details (RFC 9457) with a stable 'code'. Bulk submission: docs/formats/stream.md."}}},
      {"paths", std::move(paths)},
      {"components",
       {{"responses",
         {{"Problem",
           {{"description", "what was wrong"}, {"content", content("application/problem+json", problem_schema)}}}}}}}};
  return document.dump();
}

}  // namespace tieline::api
