#include "api/routes.h"

#include <charconv>

#include "api/credit_view.h"
#include "api/dry_run.h"
#include "api/governance_view.h"
#include "api/market_view.h"
#include "api/member_view.h"
#include "api/private_view.h"
#include "api/views.h"
#include "ledger/block_record.h"
#include "node/workers.h"
#include "standing/credit_log.h"

namespace tieline::api {
namespace {

constexpr int kDryRunTriesMax = 100;
constexpr int kDryRunPauseMs = 20;

HttpResponse of(Result<std::string> body) {
  if (body) return {200, kJsonType, *std::move(body), {}};
  const std::string& code = body.error().code;
  const bool not_there = code == "no_private_points" || code == "not_found" || code == "not_applied_yet" ||
                         code == "no_market" || code.starts_with("unknown_");
  if (code == "bad_parameter") return problem(400, body.error());
  return problem(not_there ? 404 : 500, body.error());
}

Result<TxId> id_of(std::string_view text) {
  if (auto id = fixed_from_hex<32, HashTag>(text)) return *id;
  return Error{"bad_parameter", "a transaction id is 64 hexadecimal digits"};
}

// What stands behind `prefix` in the path, when there is exactly one more segment.
std::optional<std::string_view> segment_after(const std::string& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = std::string_view(path).substr(prefix.size());
  if (rest.empty() || rest.find('/') != std::string_view::npos) return std::nullopt;
  return rest;
}

std::shared_ptr<const Core::Query> query_of(Core::Query query) {
  return std::make_shared<const Core::Query>(std::move(query));
}

bool wants_json(const HttpRequest& request) { return request.parameter("format") == "json"; }

asio::awaitable<HttpResponse> get_receipt(std::shared_ptr<Core> core, HttpRequest request, std::string_view segment) {
  auto id = id_of(segment);
  if (!id) co_return problem(400, id.error());
  auto receipt = core->service.receipt(*id);
  if (!receipt) co_return of(receipt.error());
  Bytes bytes = encoded(*receipt);
  if (wants_json(request)) co_return of(receipt_json(*receipt, bytes));
  co_return HttpResponse{200, kBytesType, std::string(bytes.begin(), bytes.end()), {}};
}

asio::awaitable<HttpResponse> get_block(std::shared_ptr<Core> core, HttpRequest request, std::string_view segment) {
  Height height = 0;
  const auto [at, error] = std::from_chars(segment.data(), segment.data() + segment.size(), height);
  if (error != std::errc() || at != segment.data() + segment.size())
    co_return problem(400, "bad_parameter", "a height is a whole number");
  const Store& store = core->service.store();
  if (request.parameter("format") == "bytes") {
    const auto bytes = query_of([&store, height]() -> HttpResponse {
      auto record = read_block_record(store, height);
      if (!record) return of(record.error());
      const ByteView view = record->block.view();
      return {200, kBytesType, std::string(view.begin(), view.end()), {}};
    });
    co_return co_await core->offload(bytes);
  }
  const auto query = query_of([&store, height] { return of(block_json(store, height)); });
  co_return co_await core->offload(query);
}

asio::awaitable<HttpResponse> get_blocks(std::shared_ptr<Core> core, HttpRequest request) {
  const Height tip = core->service.status().replica.applied;
  auto limit = unsigned_parameter(request, "limit", 20, 1, core->config.limits.page_max);
  if (!limit) co_return problem(400, limit.error());
  // Without a start: the newest ones.
  auto from = unsigned_parameter(request, "from", tip >= *limit ? tip - *limit + 1 : 1, 0, UINT64_MAX / 2);
  if (!from) co_return problem(400, from.error());
  const Store& store = core->service.store();
  const Height first = std::max<Height>(*from, 1);
  const auto query = query_of([&store, first, n = *limit] { return of(blocks_json(store, first, n)); });
  co_return co_await core->offload(query);
}

asio::awaitable<HttpResponse> get_readings(std::shared_ptr<Core> core, HttpRequest request) {
  ReadingsQuery query;
  const auto meter = request.parameter("meter");
  if (!meter) co_return problem(400, "bad_parameter", "'meter' is missing; name a metering point");
  query.meter = *meter;
  constexpr int64_t kEndOfTime = 253'402'300'799;
  auto from = time_parameter(request, "from", 0);
  if (!from) co_return problem(400, from.error());
  auto to = time_parameter(request, "to", kEndOfTime);
  if (!to) co_return problem(400, to.error());
  const size_t limit_max = core->config.limits.readings_page_max;
  auto limit = unsigned_parameter(request, "limit", limit_max, 1, limit_max);
  if (!limit) co_return problem(400, limit.error());
  query.from_s = *from;
  query.to_s = *to;
  query.limit = *limit;
  query.cursor = request.parameter("cursor");
  const Store& store = core->service.store();
  const Genesis& genesis = core->service.genesis();
  const auto work =
      query_of([&store, &genesis, query] { return of(readings_json(*store.snapshot(), genesis, query)); });
  co_return co_await core->offload(work);
}

asio::awaitable<HttpResponse> post_dry_run(std::shared_ptr<Core> core, HttpRequest request) {
  if (!request.content_type.empty() && !request.content_type.starts_with(kBytesType))
    co_return problem(415, "unsupported_media_type", "send the signed bytes as application/octet-stream");
  const Ledger& ledger = core->service.ledger();
  const Store& store = core->service.store();
  // What this validator has told of must be in the store that the verdict is about: it comes a moment later.
  const Height known = core->service.status().replica.applied;
  const auto query = query_of([&ledger, &store, known, body = request.body]() -> HttpResponse {
    auto verdict = dry_run_json(ledger, store, known, body, node::wall_ms());
    if (verdict) return {200, kJsonType, *std::move(verdict), {}};
    return problem(verdict.error().code == "not_applied_yet" ? 503 : 400, verdict.error());
  });
  HttpResponse response = co_await core->offload(query);
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (int i = 0; i < kDryRunTriesMax && response.status == 503 && !core->stopped; ++i) {
    pause.expires_after(std::chrono::milliseconds(kDryRunPauseMs));
    co_await pause.async_wait(kAwait);
    response = co_await core->offload(query);
  }
  co_return response;
}

HttpResponse get_participants(Core& core, const HttpRequest& request) {
  auto from = unsigned_parameter(request, "from", 0, 0, UINT32_MAX);
  if (!from) return problem(400, from.error());
  auto limit = unsigned_parameter(request, "limit", core.config.limits.page_max, 1, core.config.limits.page_max);
  if (!limit) return problem(400, limit.error());
  return of(participants_json(core.service.genesis(), core.service.committed_state(), *from, *limit));
}

HttpResponse get_credit(Core& core, const HttpRequest& request) {
  auto epochs = unsigned_parameter(request, "epochs", standing::kLogEpochs, 0, standing::kLogEpochs);
  if (!epochs) return problem(400, epochs.error());
  return of(
      credit_json(core.service.genesis(), core.service.committed_state(), request.parameter("validator"), *epochs));
}

// The market's views read the newest committed state: a few records each.
HttpResponse get_market(Core& core, const HttpRequest& request, const std::string& route) {
  const Genesis& genesis = core.service.genesis();
  const StateView state = core.service.committed_state();
  const std::string name = request.path.substr(request.path.rfind('/') + 1);
  if (route == "/v1/market") return of(market_json(genesis, state, core.service.status().replica.tip_time_ms));
  if (route == "/v1/stakes") return of(stakes_json(genesis, state));
  if (route == "/v1/proposals") return of(proposals_json(genesis, state));
  if (route == "/v1/rules") return of(rules_json(genesis, state));
  if (route == "/v1/accounts/{id}") return of(account_json(genesis, state, name));
  if (route == "/v1/trades") {
    const auto participant = request.parameter("participant");
    if (!participant) return problem(400, "bad_parameter", "'participant' is missing; name one party of the trades");
    return of(trades_json(genesis, state, *participant));
  }
  if (route == "/v1/trades/{id}") {
    const auto id = fixed_from_hex<32, HashTag>(name);
    if (!id) return problem(400, "bad_parameter", "a trade's id is 64 hexadecimal digits");
    return of(trade_json(genesis, state, *id));
  }
  const auto start = from_rfc3339(name);
  if (!start || *start < 0 || *start % energy::kSlotSeconds != 0 || *start / energy::kSlotSeconds > UINT32_MAX)
    return problem(400, "bad_parameter", "a settlement is named by the start of its quarter of an hour, RFC 3339");
  return of(settlement_json(genesis, state, static_cast<uint32_t>(*start / energy::kSlotSeconds)));
}

Result<uint32_t> slot_parameter(const HttpRequest& request) {
  auto start = time_parameter(request, "start", -1);
  if (!start) return start.error();
  if (*start < 0 || *start % energy::kSlotSeconds != 0 || *start / energy::kSlotSeconds > UINT32_MAX - kPrivateSlotsMax)
    return Error{"bad_parameter", "'start' is the start of a quarter of an hour, RFC 3339"};
  return static_cast<uint32_t>(*start / energy::kSlotSeconds);
}

HttpResponse get_private_slots(Core& core, const HttpRequest& request, const StateView& state) {
  const auto key = fixed_from_hex<32, PublicKeyTag>(request.parameter("pseudonym").value_or(""));
  if (!key) return problem(400, "bad_parameter", "'pseudonym' is 64 hexadecimal digits");
  auto slot = slot_parameter(request);
  if (!slot) return problem(400, slot.error());
  auto slots = unsigned_parameter(request, "slots", 96, 1, kPrivateSlotsMax);
  if (!slots) return problem(400, slots.error());
  const std::string obis = request.parameter("obis").value_or(obis_text(Obis::kImport));
  if (obis != obis_text(Obis::kImport) && obis != obis_text(Obis::kExport))
    return problem(400, "bad_parameter", "'obis' is 1-0:1.8.0 or 1-0:2.8.0");
  const SlotOfPoint first{*key, obis == obis_text(Obis::kImport) ? Obis::kImport : Obis::kExport, *slot};
  return of(private_slots_json(core.service.genesis(), state, core.service.status().replica.tip_time_ms, first,
                               static_cast<uint32_t>(*slots)));
}

// What everybody may see of private points.
HttpResponse get_private(Core& core, const HttpRequest& request, const std::string& route) {
  const Genesis& genesis = core.service.genesis();
  const StateView state = core.service.committed_state();
  const std::string name = request.path.substr(request.path.rfind('/') + 1);
  if (route == "/v1/private/slots") return get_private_slots(core, request, state);
  if (route == "/v1/private/points/{id}") {
    const auto key = fixed_from_hex<32, PublicKeyTag>(name);
    if (!key) return problem(400, "bad_parameter", "a pseudonym is 64 hexadecimal digits");
    return of(private_point_json(genesis, state, *key));
  }
  if (route == "/v1/private/complaints/{id}") {
    const auto id = fixed_from_hex<32, HashTag>(name);
    if (!id) return problem(400, "bad_parameter", "a complaint is 64 hexadecimal digits");
    return of(private_complaint_json(genesis, state, *id));
  }
  const auto distributor = participant_of(genesis, state, request.parameter("distributor").value_or(""));
  if (!distributor) return problem(400, "bad_parameter", "'distributor' names nobody");
  auto period = time_parameter(request, "period", 0);
  if (!period) return problem(400, period.error());
  auto slot = slot_parameter(request);
  if (!slot) return problem(400, slot.error());
  return of(private_region_json(core.service.ledger(), state, core.service.status().replica.tip_time_ms,
                                {*distributor, *period, *slot, {}}));
}

constexpr std::string_view kMarketRoutes[] = {"/v1/market",        "/v1/stakes",          "/v1/proposals",
                                              "/v1/rules",         "/v1/trades",          "/v1/trades/{id}",
                                              "/v1/accounts/{id}", "/v1/settlements/{id}"};

HttpResponse ready(Core& core) {
  const node::NodeStatus status = core.service.status();
  const size_t quorum = core.service.genesis().quorum().quorum();
  const size_t up = status.replica.connected.size() + 1;
  std::string why;
  if (status.stopping)
    why = "stopping";
  else if (status.replica.engine.rejoining)
    why = "rejoining after a loss of state";
  else if (status.replica.catching_up)
    why = "catching up with the other validators";
  else if (up < quorum)
    why = "connected to " + std::to_string(up - 1) + " others; a quorum is " + std::to_string(quorum);
  if (!why.empty()) return problem(503, "not_ready", "this validator is " + why);
  return {200, "text/plain", "ready\n", {}};
}

constexpr std::string_view kFixedRoutes[] = {
    "/",          "/v1/transactions",  "/v1/blocks",         "/v1/readings",     "/v1/participants", "/v1/validators",
    "/v1/credit", "/v1/status",        "/v1/events",         "/v1/openapi.json", "/healthz",         "/readyz",
    "/metrics",   "/v1/dry-run",       "/v1/trades",         "/v1/market",       "/v1/stakes",       "/v1/proposals",
    "/v1/rules",  "/v1/private/slots", "/v1/private/region",
};
constexpr std::string_view kIdRoutes[] = {"/v1/transactions/", "/v1/receipts/",       "/v1/blocks/",
                                          "/v1/participants/", "/v1/trades/",         "/v1/accounts/",
                                          "/v1/settlements/",  "/v1/private/points/", "/v1/private/complaints/"};

}  // namespace

std::string route_name(const HttpRequest& request) {
  for (std::string_view route : kFixedRoutes)
    if (request.path == route) return std::string(route);
  for (std::string_view prefix : kIdRoutes)
    if (segment_after(request.path, prefix)) return std::string(prefix) + "{id}";
  return "unknown";
}

namespace {

asio::awaitable<HttpResponse> answer_route(std::shared_ptr<Core> core, HttpRequest request, std::string route) {
  const bool posts = route == "/v1/transactions" || route == "/v1/dry-run";
  if (route == "/v1/dry-run") co_return co_await post_dry_run(core, std::move(request));
  if (posts) co_return co_await post_transactions(core, std::move(request));
  const std::string path = request.path;  // outlives the segments, which are views
  if (auto id = segment_after(path, "/v1/receipts/")) co_return co_await get_receipt(core, std::move(request), *id);
  if (auto height = segment_after(path, "/v1/blocks/")) co_return co_await get_block(core, std::move(request), *height);
  if (auto segment = segment_after(path, "/v1/transactions/")) {
    auto id = id_of(*segment);
    if (!id) co_return problem(400, id.error());
    const Store& store = core->service.store();
    const Genesis& genesis = core->service.genesis();
    const auto query = query_of([&store, &genesis, id = *id] { return of(transaction_json(store, genesis, id)); });
    co_return co_await core->offload(query);
  }
  if (auto name = segment_after(path, "/v1/participants/")) {
    auto found = participant_json(core->service.genesis(), std::string(*name), core->service.committed_state());
    if (found) co_return HttpResponse{200, kJsonType, *std::move(found), {}};
    co_return problem(404, "unknown_participant", "nobody of this name or number is registered");
  }
  if (std::find(std::begin(kMarketRoutes), std::end(kMarketRoutes), route) != std::end(kMarketRoutes))
    co_return get_market(*core, request, route);
  if (route.starts_with("/v1/private/")) co_return get_private(*core, request, route);
  if (route == "/v1/blocks") co_return co_await get_blocks(core, std::move(request));
  if (route == "/v1/readings") co_return co_await get_readings(core, std::move(request));
  if (route == "/v1/participants") co_return get_participants(*core, request);
  if (route == "/v1/validators") co_return of(validators_json(core->service, core->known_heights()));
  if (route == "/v1/credit") co_return get_credit(*core, request);
  if (route == "/v1/status") co_return of(status_json(core->service, core->known_heights()));
  if (route == "/v1/openapi.json") co_return of(openapi_json(core->config.version));
  if (route == "/healthz") co_return HttpResponse{200, "text/plain", "ok\n", {}};
  if (route == "/readyz") co_return ready(*core);
  if (route == "/metrics")
    co_return HttpResponse{200, "text/plain; version=0.0.4", metrics_text(core->metrics, core->service), {}};
  HttpResponse page{200, "text/html; charset=utf-8", status_page_html(), {}};
  page.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'");
  co_return page;
}

unsigned status_of_refusal(const Error& error) {
  if (error.code == "not_granted") return 403;
  return error.code == "too_many_queries" ? 503 : 401;
}

}  // namespace

asio::awaitable<HttpResponse> answer(std::shared_ptr<Core> core, HttpRequest request) {
  const std::string route = route_name(request);
  if (route == "unknown")
    co_return problem(404, "unknown_path", "nothing is served at this path; see /v1/openapi.json");
  const bool posts = route == "/v1/transactions" || route == "/v1/dry-run";
  if (request.method != (posts ? "POST" : "GET") && !(request.method == "HEAD" && !posts)) {
    HttpResponse refused = problem(405, "method_not_allowed", route + " answers " + (posts ? "POST" : "GET") + " only");
    refused.headers.emplace_back("Allow", posts ? "POST" : "GET, HEAD");
    co_return refused;
  }
  if (!core->access || !Access::concerns(route)) co_return co_await answer_route(core, std::move(request), route);
  const StateView state = core->service.committed_state();
  const auto who = core->access->admit(request, route, state, node::wall_ms());
  if (!who) co_return problem(status_of_refusal(who.error()), who.error());
  HttpResponse response = co_await answer_route(core, std::move(request), route);
  co_return core->access->shown_to(*who, route, std::move(response), core->service.committed_state());
}

}  // namespace tieline::api
