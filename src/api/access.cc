#include "api/access.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/market_json.h"
#include "api/member_view.h"
#include "api/views.h"
#include "ledger/market_state.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr ParticipantId kNobody = 0;
constexpr int64_t kEndOfTime = 253'402'300'799;

Error not_granted(const std::string& what) { return {"not_granted", what}; }

std::string last_segment(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Keeps of a list what `mine` says.
template <class Mine>
void keep(Json& body, const char* list, Mine mine) {
  const auto at = body.find(list);
  if (at == body.end() || !at->is_array()) return;
  Json kept = Json::array();
  for (Json& item : *at)
    if (mine(item)) kept.push_back(std::move(item));
  *at = std::move(kept);
}

bool contains(const Json& list, const Json& name) {
  return list.is_array() && std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

bool AccessLog::note(int64_t time_ms, std::optional<ParticipantId> who, const std::string& method,
                     const std::string& target, bool allowed, const std::string& code) {
  const std::string line = Json{{"time", rfc3339_ms(time_ms)},
                                {"who", who ? Json(*who) : Json(nullptr)},
                                {"method", method},
                                {"target", target},
                                {"allowed", allowed},
                                {"code", code}}
                               .dump(-1, ' ', true, Json::error_handler_t::replace) +
                           "\n";
  std::error_code error;
  if (!out_.is_open()) {
    bytes_ = std::filesystem::exists(file_, error) ? std::filesystem::file_size(file_, error) : 0;
    out_.open(file_, std::ios::app);
  }
  if (bytes_ + line.size() > kAccessLogBytesMax) {
    out_.close();
    std::filesystem::rename(file_, file_.string() + ".1", error);
    out_.open(file_, std::ios::trunc);
    bytes_ = 0;
  }
  out_ << line << std::flush;
  bytes_ += line.size();
  if (out_.good()) return true;
  out_.clear();
  out_.close();
  return false;
}

bool Access::concerns(const std::string& route) {
  constexpr std::string_view kRoutes[] = {"/v1/readings",      "/v1/transactions/{id}", "/v1/trades", "/v1/trades/{id}",
                                          "/v1/accounts/{id}", "/v1/settlements/{id}",  "/v1/market"};
  return std::find(std::begin(kRoutes), std::end(kRoutes), route) != std::end(kRoutes);
}

Members Access::members(const StateView& state) const {
  const auto epoch = state::must_read<state::EpochRecord>(state, state::epoch_key(), "damaged state record: epoch");
  return Members(registry_, state, epoch.epoch);
}

Result<ParticipantId> Access::admit(const HttpRequest& request, const std::string& route, const StateView& state,
                                    int64_t now_ms) {
  const Members all = members(state);
  Result<ParticipantId> who = identify(request, all, now_ms);
  Status seen = who ? may_see(*who, request, route, all, state) : Status(who.error());
  const bool noted = log_.note(now_ms, who ? std::optional(*who) : std::nullopt, request.method, request.target,
                               seen.ok(), seen.ok() ? "ok" : seen.error().code);
  if (!noted) return Error{"too_many_queries", "this validator cannot write its access log, so it shows nothing"};
  // What became of a transaction is public, as its receipt is; what it says is not.
  if (!seen && route == "/v1/transactions/{id}") return kNobody;
  if (!seen) return seen.error();
  return who;
}

Result<ParticipantId> Access::identify(const HttpRequest& request, const Members& members, int64_t now_ms) {
  if (request.query_signature.empty())
    return Error{"not_authenticated", std::string("this validator shows records to those who may read them only: sign "
                                                  "the query in the header ") +
                                          kQueryHeader};
  const auto query = parse_query_header(request.query_signature);
  const PublicKey* key = query ? members.key(query->who) : nullptr;
  if (key == nullptr) return Error{"not_authenticated", std::string(kQueryHeader) + " names no registered participant"};
  if (query->time_ms < now_ms - kQueryWindowMs || query->time_ms > now_ms + kQueryWindowMs)
    return Error{"query_time", "the query's time is more than " + std::to_string(kQueryWindowMs / 1'000) +
                                   " s from this validator's clock"};
  const Hash digest = query_digest(ledger_.chain(), query->who, query->time_ms, request.method, request.target);
  if (!ledger_.verifier().verify(*key, digest.view(), query->signature)) {
    for (const KeyRing::Entry& e : members.ring(query->who).keys)
      if (ledger_.verifier().verify(e.key, digest.view(), query->signature))
        return Error{"revoked_key", "the query is signed by a key of the participant that is not in force"};
    return Error{"bad_query_signature", "the query is not signed by the participant's key in force"};
  }
  while (!seen_order_.empty() && seen_order_.front().first < now_ms) {
    seen_.erase(seen_order_.front().second);
    seen_order_.pop_front();
  }
  if (seen_.size() >= kQueriesRememberedMax)
    return Error{"too_many_queries", "too many signed queries at once; try again"};
  if (!seen_.insert(query->signature).second) return Error{"query_replayed", "this very query was asked before"};
  // Longer than any query of this time can be good, so the order of coming is good enough.
  seen_order_.emplace_back(now_ms + 2 * kQueryWindowMs, query->signature);
  return query->who;
}

Status Access::may_see(ParticipantId who, const HttpRequest& request, const std::string& route, const Members& members,
                       const StateView& state) const {
  if (members.is_regulator(who)) return {};
  const Genesis& genesis = ledger_.genesis();
  if (route == "/v1/readings") {
    const auto meter = meter_of(genesis, state, request.parameter("meter").value_or(""));
    const auto from = time_parameter(request, "from", 0);
    const auto to = time_parameter(request, "to", kEndOfTime);
    if (!meter || !from || !to) return {};  // the answer says what is wrong with the question
    if (may_read(who, *meter, *from, *to, members, state)) return {};
    return not_granted("nobody has granted you to read this metering point for all of this time");
  }
  if (route == "/v1/accounts/{id}" || route == "/v1/trades") {
    const std::string name =
        route == "/v1/trades" ? request.parameter("participant").value_or("") : last_segment(request.path);
    const auto whose = participant_of(genesis, state, name);
    if (!whose || *whose == who) return {};
    return not_granted("accounts and lists of trades are shown to their owner and the regulator");
  }
  return {};  // of the others a part is shown
}

bool Access::settles(ParticipantId distributor, ParticipantId owner) const {
  const auto& flows = ledger_.genesis().market->flows;
  return std::any_of(flows.begin(), flows.end(), [&](const MarketFlow& f) {
    return (f.from == distributor && f.to == owner) || (f.from == owner && f.to == distributor);
  });
}

bool Access::may_read(ParticipantId who, MeterId meter, int64_t from_s, int64_t to_s, const Members& members,
                      const StateView& state) const {
  const energy::MeterPoint* point = members.meter(meter);
  if (point == nullptr) return false;
  if (point->owner == who || members.is_regulator(who)) return true;
  if (!registry_.has_market()) return false;
  if (members.role(who) == Role::kDistributor && settles(who, point->owner)) return true;
  const auto grant = read_grant(state, meter, who);
  return grant && grant->from_s <= from_s && to_s <= grant->to_s;
}

HttpResponse Access::shown_to(ParticipantId who, const std::string& route, HttpResponse response,
                              const StateView& state) const {
  const Members all = members(state);
  if (response.status != 200 || (who != kNobody && all.is_regulator(who))) return response;
  const Genesis& genesis = ledger_.genesis();
  const Json me = who == kNobody ? Json(nullptr) : participant_name(genesis, who);
  if (route == "/v1/trades/{id}") {
    const Json body = Json::parse(response.body, nullptr, false);
    const Json parties = body.value("parties", Json::array());
    const bool mine =
        std::any_of(parties.begin(), parties.end(), [&](const Json& p) { return p.value("name", Json()) == me; });
    return mine ? response : problem(403, not_granted("a trade is shown to its parties and the regulator"));
  }
  Json body = Json::parse(response.body, nullptr, false);
  const auto readable = [&](const Json& reading) {
    const auto meter = meter_of(genesis, state, reading.value("meter", ""));
    const auto start = from_rfc3339(reading.value("start", ""));
    return who != kNobody && meter && start && may_read(who, *meter, *start, *start + 1, all, state);
  };
  if (route == "/v1/readings") {
    keep(body, "readings", readable);  // an interval that begins before the time asked for may reach into it
  } else if (route == "/v1/market") {
    keep(body, "accounts", [&](const Json& account) { return account.value("name", Json()) == me; });
  } else if (route == "/v1/settlements/{id}") {
    keep(body, "flows", [&](const Json& flow) { return flow["from"] == me || flow["to"] == me; });
    keep(body, "statements", [&](const Json& statement) {
      const Json& lines = statement["lines"];
      return statement["payer"] == me ||
             std::any_of(lines.begin(), lines.end(), [&](const Json& line) { return line["participant"] == me; });
    });
  } else if (route == "/v1/transactions/{id}") {
    if (!contains(body["signatories"], me)) {
      keep(body, "actions", [&](const Json& action) {
        if (is_public_action(action.value("type", ""))) return true;
        const Json readings = action.value("readings", Json::array());
        return !readings.empty() && std::all_of(readings.begin(), readings.end(), readable);
      });
      body["actions_of_others_withheld"] = true;
    }
  } else {
    return response;
  }
  response.body = body.dump(-1, ' ', true, Json::error_handler_t::replace);
  return response;
}

}  // namespace tieline::api
