#include "cli/make_market.h"

#include <algorithm>

#include "cli/meter_table.h"

namespace tieline::cli {
namespace {

constexpr std::array kMarketKeys = {"org", "balance", "flows", "stakes_for"};

Error usage(std::string why) { return {"usage", std::move(why)}; }

// Names of the file as ids.
class Ids {
 public:
  explicit Ids(const Genesis& genesis) : genesis_(genesis), meters_(meters_of(genesis)) {}

  Result<ParticipantId> participant(const Json& name, const std::string& at) const {
    for (const GenesisParticipant& one : genesis_.participants)
      if (name == one.name) return one.id;
    return usage(at + " is " + name.dump() + "; allowed: the name of a participant");
  }
  Result<MeterId> meter(const Json& name, const std::string& at) const {
    if (name.is_string())
      if (const auto found = meters_.find(name.get<std::string>()); found != meters_.end()) return found->second.id;
    return usage(at + " is " + name.dump() + "; allowed: the name of a meter");
  }
  Result<ValidatorId> validator(const Json& name, const std::string& at) const {
    for (const GenesisValidator& one : genesis_.validators)
      if (name == one.name) return one.id;
    return usage(at + " is " + name.dump() + "; allowed: the name of a validator");
  }

 private:
  const Genesis& genesis_;
  MeterTable meters_;
};

Result<MarketFlow> flow_from(const Json& json, ParticipantId from, const Ids& ids, const std::string& at) {
  if (!json.is_object() || !json.contains("to") || !json.contains("meter") ||
      json.size() != 2 + (json.contains("check_meter") ? 1 : 0))
    return usage(at + " is " + json.dump() + "; allowed: an object of to, meter and, if there is one, check_meter");
  MarketFlow out;
  out.from = from;
  auto to = ids.participant(json["to"], at + ".to");
  if (!to) return to.error();
  out.to = *to;
  auto meter = ids.meter(json["meter"], at + ".meter");
  if (!meter) return meter.error();
  out.meter = *meter;
  if (!json.contains("check_meter")) return out;
  auto check = ids.meter(json["check_meter"], at + ".check_meter");
  if (!check) return check.error();
  out.check_meter = *check;
  return out;
}

Status add_member(const Json& entry, ParticipantId id, const ParticipantCard& card, const Ids& ids,
                  const std::string& at, MarketGenesis& out) {
  MarketMember member;
  member.participant = id;
  member.org = static_cast<OrgId>(kOwnOrgBase + id);
  member.bls_key = card.bls_key;
  member.bls_proof = card.bls_proof;
  if (const Json org = entry.value("org", Json()); !org.is_null()) {
    if (!org.is_number_unsigned() || org.get<uint64_t>() > std::numeric_limits<OrgId>::max())
      return usage(at + ".org is " + org.dump() + "; allowed: a whole number up to 65535");
    member.org = org.get<OrgId>();
  }
  if (const Json balance = entry.value("balance", Json()); !balance.is_null()) {
    if (!balance.is_number_unsigned()) return usage(at + ".balance is " + balance.dump() + "; allowed: a whole number");
    member.balance = balance.get<uint64_t>();
  }
  out.members.push_back(member);
  const Json flows = entry.value("flows", Json::array());
  if (!flows.is_array()) return usage(at + ".flows is " + flows.dump() + "; allowed: a list");
  for (size_t i = 0; i < flows.size(); ++i) {
    auto flow = flow_from(flows[i], id, ids, at + ".flows[" + std::to_string(i) + "]");
    if (!flow) return flow.error();
    out.flows.push_back(*flow);
  }
  if (entry.contains("stakes_for")) {
    auto validator = ids.validator(entry["stakes_for"], at + ".stakes_for");
    if (!validator) return validator.error();
    out.seats.push_back({*validator, id});
  }
  return {};
}

}  // namespace

bool is_market_key(const std::string& key) {
  return std::find(kMarketKeys.begin(), kMarketKeys.end(), key) != kMarketKeys.end();
}

Result<std::optional<MarketGenesis>> market_from(const Json& entries, const Genesis& genesis,
                                                 const std::vector<ParticipantCard>& cards, const std::string& source) {
  TL_CHECK(entries.size() == cards.size() && cards.size() == genesis.participants.size());
  bool any = false;
  for (const Json& entry : entries)
    for (const auto& item : entry.items()) any = any || is_market_key(item.key());
  if (!any) return std::optional<MarketGenesis>();
  const Ids ids(genesis);
  MarketGenesis out;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string at = source + ": [" + std::to_string(i) + "]";
    if (auto s = add_member(entries[i], static_cast<ParticipantId>(i + 1), cards[i], ids, at, out); !s)
      return s.error();
  }
  std::sort(out.flows.begin(), out.flows.end(),
            [](const auto& a, const auto& b) { return std::pair(a.from, a.to) < std::pair(b.from, b.to); });
  std::sort(out.seats.begin(), out.seats.end(), [](const auto& a, const auto& b) { return a.validator < b.validator; });
  return std::optional(std::move(out));
}

}  // namespace tieline::cli
