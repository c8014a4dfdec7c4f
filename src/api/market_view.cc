#include "api/market_view.h"

#include <algorithm>

#include "api/http_types.h"
#include "api/market_json.h"
#include "api/member_view.h"
#include "api/seen_market.h"
#include "api/views.h"

namespace tieline::api {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace): the market's records, all of them
using Json = nlohmann::ordered_json;

constexpr std::array kPartyNames = {"plant", "grid", "distributor", "buyer"};

double fraction(uint32_t q16) { return static_cast<double>(q16) / energy::kTrustOne; }

const char* phase_name(Interval::Phase phase) {
  switch (phase) {
    case Interval::Phase::kOpen:
      return "open";
    case Interval::Phase::kClosed:
      return "closed";
    case Interval::Phase::kSettled:
      return "settled";
  }
  return "unknown";
}

Json account_fields(const Account& account) {
  return {{"balance", account[Purse::kBalance]},
          {"payment_locked", account[Purse::kPayment]},
          {"margin_locked", account[Purse::kMargin]},
          {"stake", account[Purse::kStake]},
          {"debt", account.debt},
          {"suspended", account.suspended()}};
}

Error nobody(const std::string& name) {
  return {"unknown_participant", "nobody is registered as '" + name.substr(0, 80) + "'"};
}

Json trade_fields(const Genesis& genesis, const Market& market, const TradeRecord& t) {
  Json parties = Json::array();
  std::array<uint64_t, kParties> bases{};
  std::array<uint32_t, kParties> trusts{};
  const Quantities all = quantities(t.terms);
  for (size_t i = 0; i < kParties; ++i) {
    bases[i] = margin_base(t.terms, kPartyRoles[i], market.last_price());
    trusts[i] = market.trust_of(t.terms.party[i]).trust;
    parties.push_back({{"role", kPartyNames[i]},
                       {"name", participant_name(genesis, t.terms.party[i])},
                       {"entered", t.has_entered(i)},
                       {"wh", all.of(kPartyRoles[i])},
                       {"margin", t.margin[i]},
                       {"margin_asked", market.margin_asked(t.terms, t.terms.party[i])},
                       {"trust", fraction(trusts[i])},
                       {"unmet", (t.unmet >> i & 1) != 0}});
  }
  const Legs paid = legs(t.terms);
  return {{"id", to_hex(t.id)},
          {"state", name_of(t.state)},
          {"round", t.round},
          {"sender", participant_name(genesis, t.terms.party[t.sender])},
          {"due", rfc3339_ms(t.due_ms)},
          {"terms", terms_json(genesis, t.terms)},
          {"parties", std::move(parties)},
          {"payment", paid.total()},
          {"legs", {{"plant", paid.to[0]}, {"grid", paid.to[1]}, {"distributor", paid.to[2]}}},
          {"payment_locked", t.payment},
          {"security", fraction(trade_security(t.margin, bases, trusts))},
          {"settlement_version", t.version},
          {"endorsements", t.endorsements.is_zero() ? Json(nullptr) : Json(to_hex(t.endorsements))}};
}

Json flow_fields(const Genesis& genesis, const FlowKey& key, const MeteredFlow& flow) {
  const bool metered = flow.main.state != ReadingState::kNone;
  return {{"from", participant_name(genesis, key.from)},
          {"to", participant_name(genesis, key.to)},
          {"state", name_of(flow.main.state)},
          {"wh", metered ? Json(flow.main.wh) : Json(nullptr)},
          {"quality", metered ? Json(quality_text(flow.main.quality)) : Json(nullptr)},
          {"version", flow.main.version},
          {"neighbour_wh", flow.neighbour ? Json(*flow.neighbour) : Json(nullptr)},
          {"contracted_wh", flow.contracted_wh},
          {"flagged", flow.flagged}};
}

Json statement_fields(const Genesis& genesis, const ChargeKey& key, const Statement& statement) {
  Json lines = Json::array();
  for (const auto& [who, line] : statement.lines) {
    lines.push_back({{"participant", participant_name(genesis, who)},
                     {"owed", line.owed},
                     {"paid", line.paid},
                     {"unpaid", line.unpaid},
                     {"received", line.received}});
  }
  const bool imbalance = key.payer == 0;
  return {{"kind", imbalance ? "imbalance" : "compensation"},
          {"trade", imbalance ? Json(nullptr) : Json(to_hex(key.trade))},
          {"payer", imbalance ? Json(nullptr) : participant_name(genesis, key.payer)},
          {"lines", std::move(lines)}};
}

}  // namespace

Result<std::string> trade_json(const Genesis& genesis, const StateView& state, const TradeId& id) {
  auto s = SeenMarket::open(genesis, state);
  if (!s) return s.error();
  const TradeRecord* trade = (*s)->market.trades().find(id);
  if (trade == nullptr)
    return Error{"unknown_trade", "no trade of this id is under way; one that lapsed or is final has left the state"};
  return trade_fields(genesis, (*s)->market, *trade).dump();
}

Result<std::string> trades_json(const Genesis& genesis, const StateView& state, const std::string& participant) {
  auto s = SeenMarket::open(genesis, state);
  if (!s) return s.error();
  const auto who = participant_of(genesis, state, participant);
  if (!who) return nobody(participant);
  Json list = Json::array();
  for (const TradeId& id : (*s)->market.trades_of(*who)) {
    const TradeRecord& t = (*s)->market.trades().at(id);
    list.push_back({{"id", to_hex(id)},
                    {"state", name_of(t.state)},
                    {"round", t.round},
                    {"wh", t.terms.wh},
                    {"start", rfc3339(int64_t{t.terms.first_slot} * kSlotSeconds)},
                    {"slots", t.terms.slots},
                    {"payment", legs(t.terms).total()},
                    {"due", rfc3339_ms(t.due_ms)}});
  }
  return Json{{"trades", std::move(list)}, {"next", nullptr}}.dump();
}

Result<std::string> account_json(const Genesis& genesis, const StateView& state, const std::string& name) {
  auto s = SeenMarket::open(genesis, state);
  if (!s) return s.error();
  const auto who = participant_of(genesis, state, name);
  if (!who) return nobody(name);
  const Market& market = (*s)->market;
  Json out = {{"name", name}};
  out.update(account_fields(market.book().account(*who)));
  const ParticipantTrust trust = market.trust_of(*who);
  out["trust"] = fraction(trust.trust);
  out["forged"] = trust.forged;
  const MarketParticipant* member = market.participants().find(*who);
  out["settlements"] = member == nullptr ? 0 : member->history.settlements;
  out["largest_settled"] = member == nullptr ? 0 : member->history.largest_settled;
  return out.dump();
}

Result<std::string> market_json(const Genesis& genesis, const StateView& state, int64_t block_time_ms) {
  auto s = SeenMarket::open(genesis, state);
  if (!s) return s.error();
  const Market& market = (*s)->market;
  Json accounts = Json::array();
  uint64_t held = 0;
  const auto add = [&](ParticipantId id) {
    const Account& account = market.book().account(id);
    for (uint64_t amount : account.held) held += amount;
    accounts.push_back({{"name", participant_name(genesis, id)}});
    accounts.back().update(account_fields(account));
  };
  for (const MarketMember& m : genesis.market->members) add(m.participant);
  for (size_t later = genesis.participants.size(); later < participants_in(genesis, state); ++later)
    add(static_cast<ParticipantId>(later + 1));
  Json numbers = Json::object();
  for (const MarketNumber& number : market_numbers()) numbers[number.name] = (*s)->numbers.*number.value;
  return Json{{"issued", market.book().issued},
              {"held", held},
              {"reward_pool", market.book().pool(Pool::kReward)},
              {"imbalance_pool", market.book().pool(Pool::kImbalance)},
              {"last_price", market.last_price()},
              {"market_time", rfc3339_ms(market_time_ms(genesis, state, block_time_ms))},
              {"epoch", market.epoch()},
              {"accounts", std::move(accounts)},
              {"numbers", std::move(numbers)}}
      .dump();
}

Result<std::string> settlement_json(const Genesis& genesis, const StateView& state, uint32_t slot) {
  auto s = SeenMarket::open(genesis, state);
  if (!s) return s.error();
  const Market& market = (*s)->market;
  const Interval* interval = market.intervals().find(slot);
  if (interval == nullptr)
    return Error{"unknown_interval", "nothing is traded or metered in this quarter of an hour, or it is final"};
  Json flows = Json::array();
  for (const auto& [key, flow] : market.flows_in(slot)) flows.push_back(flow_fields(genesis, key, flow));
  Json statements = Json::array();
  const IntervalStatements* made = market.statements().find(slot);
  if (made != nullptr)
    for (const auto& [key, statement] : made->of) statements.push_back(statement_fields(genesis, key, statement));
  // The rules that it opened under, which no vote changes; the times as moments.
  const int64_t end_ms = (int64_t{slot} + 1) * kSlotMs;
  const MarketTimes& times = interval->rules.times;
  return Json{{"start", rfc3339(int64_t{slot} * kSlotSeconds)},
              {"rules",
               {{"submit", rfc3339_ms(end_ms + times.submit_ms)},
                {"close", rfc3339_ms(end_ms + times.close_ms)},
                {"settle", rfc3339_ms(end_ms + times.settle_ms)},
                {"resolve", rfc3339_ms(end_ms + times.resolve_ms)},
                {"final", rfc3339_ms(end_ms + times.final_ms)},
                {"tolerance_ppm", interval->rules.tolerance_ppm},
                {"loss_lo_ppm", interval->rules.zone.loss_lo_ppm},
                {"loss_hi_ppm", interval->rules.zone.loss_hi_ppm},
                {"agree_ppm", interval->rules.zone.agree_ppm},
                {"agree_wh", interval->rules.zone.agree_wh}}},
              {"phase", phase_name(interval->phase)},
              {"due", rfc3339_ms(interval->due_ms)},
              {"price", interval->price ? Json(*interval->price) : Json(nullptr)},
              {"version", made == nullptr ? 0 : made->version},
              {"flows", std::move(flows)},
              {"statements", std::move(statements)}}
      .dump();
}

}  // namespace tieline::api
