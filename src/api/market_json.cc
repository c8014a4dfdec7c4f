#include "api/market_json.h"

#include <algorithm>
#include <charconv>

#include "api/http_types.h"
#include "api/views.h"

namespace tieline::api {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace): the actions, all of them
using Json = nlohmann::ordered_json;

constexpr const char* kProposalKinds[] = {"membership",     "rules",       "confiscation", "restore_trust",
                                          "regulator_seat", "recover_key", "flow",         "limits"};

Error invalid(std::string why) { return {"action_invalid", std::move(why)}; }

// What a field means, where its C++ type does not say it.
enum class Kind : uint8_t { kPlain, kParticipant, kMeter, kSlot, kSeconds, kMillis };
struct Field {
  const char* name;
  Kind kind = Kind::kPlain;
};
constexpr Field kTrade{"trade"}, kRound{"round"}, kTerms{"terms"}, kMargin{"margin"}, kEndorsement{"endorsement"};
constexpr Field kAmount{"amount"}, kSlot{"start", Kind::kSlot}, kProposal{"proposal"};
constexpr Field kFrom{"from", Kind::kParticipant}, kTo{"to", Kind::kParticipant};

// The name of an action and of its fields, in the order of A::fields.
struct Described {
  const char* name;
  std::array<Field, 6> fields{};
};
Described described(ActionType type) {
  switch (type) {
    case ActionType::kIssue:
      return {"issue", {kTo, kAmount}};
    case ActionType::kRedeem:
      return {"redeem", {kFrom, kAmount}};
    case ActionType::kRepay:
      return {"repay", {kAmount}};
    case ActionType::kOffer:
      return {"offer", {kTerms, kMargin, kEndorsement}};
    case ActionType::kCounter:
      return {"counter", {kTrade, kRound, kTerms, kMargin, kEndorsement}};
    case ActionType::kEndorse:
      return {"endorse", {kTrade, kRound, kMargin, kEndorsement}};
    case ActionType::kDecline:
      return {"decline", {kTrade}};
    case ActionType::kCancel:
      return {"cancel", {kTrade}};
    case ActionType::kAccept:
      return {"accept", {kSlot, kFrom, kTo}};
    case ActionType::kRuling:
      return {"ruling", {kSlot, kFrom, kTo, {"wh"}}};
    case ActionType::kCorrection:
      return {"correction", {kSlot, kFrom, kTo, {"of_version"}, {"wh"}, {"quality"}}};
    case ActionType::kPublishPrice:
      return {"publish_price", {kSlot, {"price"}}};
    case ActionType::kTick:
      return {"tick", {{{"market_time", Kind::kMillis}}}};
    case ActionType::kBond:
      return {"bond", {kAmount}};
    case ActionType::kUnbond:
      return {"unbond", {kAmount}};
    case ActionType::kWithdraw:
      return {"withdraw"};
    case ActionType::kConfiscate:
      return {"confiscate", {{{"owner", Kind::kParticipant}, {"proof"}}}};
    case ActionType::kPenalise:
      return {"penalise", {{{"who", Kind::kParticipant}, {"value"}, {"finding"}}}};
    case ActionType::kPropose:
      return {"propose"};
    case ActionType::kVote:
      return {"vote", {kProposal, {"in_favour"}}};
    case ActionType::kVeto:
      return {"veto", {kProposal}};
    case ActionType::kGrantRead:
      return {"grant_read",
              {{{"reader", Kind::kParticipant},
                {"meter", Kind::kMeter},
                {"from", Kind::kSeconds},
                {"to", Kind::kSeconds}}}};
    case ActionType::kRevokeRead:
      return {"revoke_read", {{{"reader", Kind::kParticipant}, {"meter", Kind::kMeter}}}};
    case ActionType::kRotateKey:
      return {"rotate_key", {{{"next"}, {"possession"}}}};
    case ActionType::kSetRecoveryKey:
      return {"set_recovery_key", {{{"recovery"}, {"possession"}}}};
    case ActionType::kRevokeKey:
      return {"revoke_key",
              {{{"owner", Kind::kParticipant},
                {"revoked"},
                {"next"},
                {"doubtful_from_ms", Kind::kMillis},
                {"recovery_signature"}}}};
    case ActionType::kPseudonyms:
      return {"pseudonyms"};
    case ActionType::kPrivateRecord:
      return {"private_record"};
    case ActionType::kForgery:
      return {"forgery"};
    case ActionType::kComplaint:
      return {"complaint"};
    case ActionType::kAnswer:
      return {"answer"};
    case ActionType::kPrivateRuling:
      return {"private_ruling"};
    case ActionType::kOpenTotal:
      return {"open_total"};
    case ActionType::kBalance:
      return {"balance"};
    case ActionType::kReadings:
    case ActionType::kData:
    case ActionType::kDeclarations:
      break;
  }
  return {"unknown"};
}

std::optional<ActionType> private_type(const std::string& name) {
  for (auto type = ActionType::kPseudonyms; is_private_action(type);
       type = static_cast<ActionType>(static_cast<uint8_t>(type) + 1)) {
    if (described(type).name == name) return type;
  }
  return std::nullopt;
}

// ---- out

// Of one that genesis does not know, its number, which is read back.
Json meter_json(const Genesis& genesis, MeterId id) {
  if (id == 0) return nullptr;
  std::string name = meter_name(genesis, id);
  return meter_from_name(genesis, name) == id ? Json(std::move(name)) : Json(id);
}

struct Show {
  const Genesis& genesis;
  Json operator()(Kind, uint64_t value) const { return value; }
  Json operator()(Kind, uint8_t value) const { return value; }
  Json operator()(Kind, bool value) const { return value; }
  Json operator()(Kind kind, uint32_t value) const {
    if (kind == Kind::kParticipant) return participant_name(genesis, value);
    if (kind == Kind::kMeter) return meter_json(genesis, value);
    if (kind == Kind::kSlot) return rfc3339(int64_t{value} * kSlotSeconds);
    return value;
  }
  Json operator()(Kind kind, int64_t value) const {
    return kind == Kind::kSeconds ? Json(rfc3339(value)) : Json(value);
  }
  Json operator()(Kind, Quality value) const { return quality_text(value); }
  Json operator()(Kind, const TradeTerms& value) const { return terms_json(genesis, value); }
  Json operator()(Kind, const Equivocation& value) const { return to_hex(encoded(value)); }
  template <size_t N, class Tag>
  Json operator()(Kind, const FixedBytes<N, Tag>& value) const {
    return to_hex(value);
  }
};

Json registration_json(const Registration& r) {
  return {{"name", r.name},
          {"org", r.org},
          {"role", role_name(r.role)},
          {"key", to_hex(r.key)},
          {"bls_key", to_hex(r.bls_key)},
          {"bls_proof", to_hex(r.bls_proof)},
          {"seal_key", to_hex(r.seal_key)},
          {"capacity_w", r.capacity_w},
          {"loss_ppm", r.loss_ppm},
          {"meters", r.meters}};
}

void show_fields(const Genesis& genesis, const Propose& proposal, Json& out) {
  out["kind"] = kProposalKinds[static_cast<size_t>(proposal.kind)];
  if (const auto* changes = std::get_if<RuleChanges>(&proposal.content)) {
    out["rules"] = Json::array();
    for (const RuleChange& c : *changes) out["rules"].push_back({{"rule", c.rule}, {"value", c.value}});
  } else if (const auto* member = std::get_if<Registration>(&proposal.content)) {
    out["member"] = registration_json(*member);
  } else if (const auto* lost = std::get_if<KeyRecovery>(&proposal.content)) {
    out["participant"] = participant_name(genesis, lost->owner);
    out["next"] = to_hex(lost->next);
    out["possession"] = to_hex(lost->possession);
    out["doubtful_from_ms"] = lost->doubtful_from_ms;
  } else if (const auto* flow = std::get_if<FlowChange>(&proposal.content)) {
    out["from"] = participant_name(genesis, flow->from);
    out["to"] = participant_name(genesis, flow->to);
    out["meter"] = meter_json(genesis, flow->meter);
    out["check_meter"] = meter_json(genesis, flow->check_meter);
  } else if (const auto* limits = std::get_if<LimitChange>(&proposal.content)) {
    out["participant"] = participant_name(genesis, limits->member);
    if (limits->capacity_w) out["capacity_w"] = *limits->capacity_w;
    if (limits->loss_ppm) out["loss_ppm"] = *limits->loss_ppm;
    if (limits->cost_lo) out["cost_lo"] = *limits->cost_lo;
    if (limits->cost_hi) out["cost_hi"] = *limits->cost_hi;
  } else {
    out["participant"] = participant_name(genesis, std::get<ParticipantId>(proposal.content));
  }
}
template <class A>
void show_fields(const Genesis& genesis, const A& action, Json& out) {
  const Described names = described(A::kType);
  size_t i = 0;
  const Show show{genesis};
  const auto one = [&](const auto& value) {
    out[names.fields[i].name] = show(names.fields[i].kind, value);
    ++i;
  };
  std::apply([&](const auto&... value) { (one(value), ...); }, A::fields(action));
}

// ---- in

// An object whose names are taken one by one; what is left over at the end is unknown.
class Taken {
 public:
  Taken(const Json& object, std::string at) : object_(object), at_(std::move(at)) {}

  const Json* find(const char* name) {
    const auto it = object_.find(name);
    if (it == object_.end()) return nullptr;
    taken_.emplace_back(name);
    return &*it;
  }
  std::string place(const char* name) const { return at_ + "." + name; }
  Status finished() const {
    for (const auto& item : object_.items()) {
      if (std::find(taken_.begin(), taken_.end(), item.key()) == taken_.end())
        return invalid(at_ + " has the name '" + item.key() + "', which is not known here");
    }
    return {};
  }

 private:
  const Json& object_;
  std::string at_;
  std::vector<std::string> taken_;
};

template <std::unsigned_integral U>
Status read_number(const Json& json, const std::string& at, U& out) {
  if (!json.is_number_unsigned() || json.get<uint64_t>() > std::numeric_limits<U>::max())
    return invalid(at + " must be a whole number from 0 to " + std::to_string(std::numeric_limits<U>::max()));
  out = json.get<U>();
  return {};
}

Result<int64_t> read_time(const Json& json, const std::string& at) {
  const auto time = json.is_string() ? from_rfc3339(json.get_ref<const std::string&>()) : std::nullopt;
  if (!time) return invalid(at + " must be a time as in 2026-11-21T12:00:00Z");
  return *time;
}

// Who was registered later goes by number, which a command line gives as text.
std::optional<uint32_t> number_of(const std::string& text) {
  uint32_t id = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && at == text.data() + text.size() ? std::optional(id) : std::nullopt;
}

struct Read {
  const Genesis& genesis;

  template <std::unsigned_integral U>
  Status operator()(Kind, const Json& json, const std::string& at, U& out) const {
    return read_number(json, at, out);
  }
  Status operator()(Kind, const Json& json, const std::string& at, bool& out) const {
    if (!json.is_boolean()) return invalid(at + " must be true or false");
    out = json.get<bool>();
    return {};
  }
  Status operator()(Kind kind, const Json& json, const std::string& at, uint32_t& out) const {
    if (kind == Kind::kParticipant && json.is_string()) {
      auto id = participant_from_name(genesis, json.get<std::string>());
      const auto number = number_of(json.get_ref<const std::string&>());
      if (!id && !number) return invalid(at + ": " + id.error().why + "; who was registered later goes by number");
      out = id ? *id : *number;
      return {};
    }
    if (kind == Kind::kMeter && json.is_string()) {
      const auto id = meter_from_name(genesis, json.get<std::string>());
      const auto number = number_of(json.get_ref<const std::string&>());
      if (!id && !number)
        return invalid(at + ": genesis has no meter of that name; one registered later goes by number");
      out = id ? *id : *number;
      return {};
    }
    if (kind != Kind::kSlot) return read_number(json, at, out);
    auto time = read_time(json, at);
    if (!time) return time.error();
    if (*time < 0 || *time % kSlotSeconds != 0 || *time / kSlotSeconds > UINT32_MAX)
      return invalid(at + " must be the start of a quarter of an hour");
    out = static_cast<uint32_t>(*time / kSlotSeconds);
    return {};
  }
  Status operator()(Kind kind, const Json& json, const std::string& at, int64_t& out) const {
    if (kind == Kind::kSeconds) {
      auto time = read_time(json, at);
      if (!time) return time.error();
      out = *time;
      return {};
    }
    if (!json.is_number_integer()) return invalid(at + " must be a whole number");
    out = json.get<int64_t>();
    return {};
  }
  Status operator()(Kind, const Json& json, const std::string& at, Quality& out) const {
    for (const Quality quality :
         {Quality::kMeasured, Quality::kCalculated, Quality::kSubstituted, Quality::kEstimated}) {
      if (json != quality_text(quality)) continue;
      out = quality;
      return {};
    }
    return invalid(at + " must be measured, calculated, substituted or estimated");
  }
  Status operator()(Kind, const Json& json, const std::string& at, TradeTerms& out) const {
    auto terms = terms_from_json(genesis, json, at);
    if (!terms) return terms.error();
    out = *terms;
    return {};
  }
  Status operator()(Kind, const Json& json, const std::string& at, Equivocation& out) const {
    const auto bytes = json.is_string() ? from_hex(json.get_ref<const std::string&>()) : std::nullopt;
    if (!bytes) return invalid(at + " must be hexadecimal digits");
    auto proof = decoded<Equivocation>(*bytes, "equivocation");
    if (!proof) return invalid(at + ": " + proof.error().why);
    out = *proof;
    return {};
  }
  template <size_t N, class Tag>
  Status operator()(Kind, const Json& json, const std::string& at, FixedBytes<N, Tag>& out) const {
    const auto value = json.is_string() ? fixed_from_hex<N, Tag>(json.get_ref<const std::string&>()) : std::nullopt;
    if (!value) return invalid(at + " must be " + std::to_string(2 * N) + " hexadecimal digits");
    out = *value;
    return {};
  }
};

template <class T>
Status read_field(const Read& read, Taken& taken, const Field& field, T& out) {
  const Json* json = taken.find(field.name);
  if (json != nullptr) return read(field.kind, *json, taken.place(field.name), out);
  if constexpr (std::is_same_v<T, bls::Signature>) return {};  // whoever signs fills it in
  return invalid(taken.place(field.name) + " is missing");
}

Status read_text(Taken& taken, const char* name, std::string& out) {
  const Json* json = taken.find(name);
  if (json == nullptr || !json->is_string()) return invalid(taken.place(name) + " must be a text");
  out = json->get<std::string>();
  return {};
}

Status read_registration(const Read& read, const Json& json, const std::string& at, Registration& out) {
  if (!json.is_object()) return invalid(at + " must be an object");
  Taken taken(json, at);
  std::string role;
  if (auto s = read_text(taken, "name", out.name); !s) return s;
  if (auto s = read_text(taken, "role", role); !s) return s;
  const auto known = role_from_name(role);
  if (!known) return invalid(at + ".role: there is no role '" + role + "'");
  out.role = *known;
  if (auto s = read_field(read, taken, {"org"}, out.org); !s) return s;
  if (auto s = read_field(read, taken, {"key"}, out.key); !s) return s;
  if (auto s = read_field(read, taken, {"bls_key"}, out.bls_key); !s) return s;
  if (auto s = read_field(read, taken, {"bls_proof"}, out.bls_proof); !s) return s;
  if (auto s = read_field(read, taken, {"seal_key"}, out.seal_key); !s) return s;
  if (auto s = read_field(read, taken, {"capacity_w"}, out.capacity_w); !s) return s;
  if (auto s = read_field(read, taken, {"loss_ppm"}, out.loss_ppm); !s) return s;
  if (const Json* meters = taken.find("meters")) {
    if (!meters->is_array() ||
        !std::all_of(meters->begin(), meters->end(), [](const Json& m) { return m.is_string(); }))
      return invalid(at + ".meters must be a list of names");
    out.meters = meters->get<std::vector<std::string>>();
  }
  return taken.finished();
}

Status read_change(const Read& read, Taken& taken, RuleChange& out) {
  if (auto s = read_text(taken, "rule", out.rule); !s) return s;
  return read_field(read, taken, {"value"}, out.value);
}

// Several in a list, or one by itself.
Status read_changes(const Read& read, Taken& taken, RuleChanges& out) {
  const Json* list = taken.find("rules");
  if (list == nullptr) return read_change(read, taken, out.emplace_back());
  if (!list->is_array() || list->empty()) return invalid(taken.place("rules") + " must be a list of changes");
  for (const Json& one : *list) {
    const std::string at = taken.place("rules") + "[" + std::to_string(out.size()) + "]";
    if (!one.is_object()) return invalid(at + " must be an object");
    Taken change(one, at);
    if (auto s = read_change(read, change, out.emplace_back()); !s) return s;
    if (auto s = change.finished(); !s) return s;
  }
  return {};
}

template <class T>
Status read_optional(const Read& read, Taken& taken, const Field& field, T& out) {
  const Json* json = taken.find(field.name);
  return json == nullptr || json->is_null() ? Status() : read(field.kind, *json, taken.place(field.name), out);
}
template <class T>
Status read_optional(const Read& read, Taken& taken, const Field& field, std::optional<T>& out) {
  const Json* json = taken.find(field.name);
  return json == nullptr ? Status() : read(field.kind, *json, taken.place(field.name), out.emplace());
}

// Without a meter the flow ends.
Status read_flow(const Read& read, Taken& taken, FlowChange& out) {
  if (auto s = read_field(read, taken, kFrom, out.from); !s) return s;
  if (auto s = read_field(read, taken, kTo, out.to); !s) return s;
  if (auto s = read_optional(read, taken, {"meter", Kind::kMeter}, out.meter); !s) return s;
  return read_optional(read, taken, {"check_meter", Kind::kMeter}, out.check_meter);
}

Status read_limits(const Read& read, Taken& taken, LimitChange& out) {
  if (auto s = read_field(read, taken, {"participant", Kind::kParticipant}, out.member); !s) return s;
  if (auto s = read_optional(read, taken, {"capacity_w"}, out.capacity_w); !s) return s;
  if (auto s = read_optional(read, taken, {"loss_ppm"}, out.loss_ppm); !s) return s;
  if (auto s = read_optional(read, taken, {"cost_lo"}, out.cost_lo); !s) return s;
  if (auto s = read_optional(read, taken, {"cost_hi"}, out.cost_hi); !s) return s;
  if (out.cost_lo.has_value() != out.cost_hi.has_value())
    return invalid(taken.place("cost_lo") + " and cost_hi are one band: both or none");
  return {};
}

Status read_fields(const Read& read, Taken& taken, Propose& out) {
  std::string kind;
  if (auto s = read_text(taken, "kind", kind); !s) return s;
  const auto* at = std::find(std::begin(kProposalKinds), std::end(kProposalKinds), kind);
  if (at == std::end(kProposalKinds))
    return invalid(
        taken.place("kind") +
        " must be membership, rules, confiscation, restore_trust, regulator_seat, recover_key, flow or limits");
  out.kind = static_cast<ProposalKind>(at - std::begin(kProposalKinds));
  if (out.kind == ProposalKind::kRules) {
    return read_changes(read, taken, out.content.emplace<RuleChanges>());
  }
  if (out.kind == ProposalKind::kMembership) {
    const Json* member = taken.find("member");
    if (member == nullptr) return invalid(taken.place("member") + " is missing");
    return read_registration(read, *member, taken.place("member"), out.content.emplace<Registration>());
  }
  if (out.kind == ProposalKind::kFlow) return read_flow(read, taken, out.content.emplace<FlowChange>());
  if (out.kind == ProposalKind::kLimits) return read_limits(read, taken, out.content.emplace<LimitChange>());
  if (out.kind == ProposalKind::kRecoverKey) {
    auto& lost = out.content.emplace<KeyRecovery>();
    if (auto s = read_field(read, taken, {"participant", Kind::kParticipant}, lost.owner); !s) return s;
    if (auto s = read_field(read, taken, {"next"}, lost.next); !s) return s;
    if (auto s = read_field(read, taken, {"possession"}, lost.possession); !s) return s;
    return read_field(read, taken, {"doubtful_from_ms", Kind::kMillis}, lost.doubtful_from_ms);
  }
  return read_field(read, taken, {"participant", Kind::kParticipant}, out.content.emplace<ParticipantId>());
}
template <class A>
Status read_fields(const Read& read, Taken& taken, A& out) {
  const Described names = described(A::kType);
  size_t i = 0;
  Status status;
  const auto one = [&](auto& value) {
    if (status.ok()) status = read_field(read, taken, names.fields[i], value);
    ++i;
  };
  std::apply([&](auto&... value) { (one(value), ...); }, A::fields(out));
  return status;
}

// The default action of that name.
template <size_t I = 0>
std::optional<MarketAction> action_of(const std::string& name) {
  if constexpr (I == std::variant_size_v<MarketAction>) {
    return std::nullopt;
  } else {
    using A = std::variant_alternative_t<I, MarketAction>;
    return name == described(A::kType).name ? std::optional<MarketAction>(A()) : action_of<I + 1>(name);
  }
}

const GenesisParticipant* registered(const Genesis& genesis, ParticipantId id) {
  return id >= 1 && id <= genesis.participants.size() ? &genesis.participants[id - 1] : nullptr;
}

// A carrier's loss: as given, else as registered.
Status read_loss(const Read& read, Taken& taken, const char* name, ParticipantId carrier, uint32_t& out) {
  if (const Json* json = taken.find(name)) return read(Kind::kPlain, *json, taken.place(name), out);
  const GenesisParticipant* known = registered(read.genesis, carrier);
  if (known == nullptr) return invalid(taken.place(name) + " is missing, and the carrier's is not in genesis");
  out = known->loss_ppm;
  return {};
}

}  // namespace

bool is_public_action(const std::string& name) { return private_type(name).has_value(); }

Result<std::optional<PrivateAction>> private_action_from_json(const Json& json, const std::string& at) {
  const auto type = json.is_object() ? private_type(json.value("action", "")) : std::nullopt;
  if (!type) return std::optional<PrivateAction>();
  const auto bytes = json.size() == 2 && json.contains("payload") && json["payload"].is_string()
                         ? from_hex(json["payload"].get_ref<const std::string&>())
                         : std::nullopt;
  if (!bytes) return invalid(at + " must have an action and its payload in hexadecimal digits, and nothing else");
  auto action = decode_private_action(*type, *bytes);
  if (!action) return invalid(at + ": " + action.error().why);
  return std::optional(std::move(*action));
}

const char* action_name(ActionType type) { return described(type).name; }

Json participant_name(const Genesis& genesis, ParticipantId id) {
  const GenesisParticipant* known = registered(genesis, id);
  return known != nullptr ? Json(known->name) : Json(id);
}

Result<ParticipantId> participant_from_name(const Genesis& genesis, const std::string& name) {
  for (const GenesisParticipant& one : genesis.participants)
    if (one.name == name) return one.id;
  return Error{"participant_unknown", "genesis registers no participant '" + name.substr(0, 80) + "'"};
}

Json terms_json(const Genesis& genesis, const TradeTerms& t) {
  const auto party = [&](PartyRole role) { return participant_name(genesis, t.party[index_of(role)]); };
  return {{"plant", party(PartyRole::kPlant)},
          {"grid", party(PartyRole::kGrid)},
          {"distributor", party(PartyRole::kDistributor)},
          {"buyer", party(PartyRole::kBuyer)},
          {"wh", t.wh},
          {"plant_price", t.plant_price},
          {"grid_fee", t.grid_fee},
          {"distributor_fee", t.distributor_fee},
          {"grid_loss_ppm", t.grid_loss_ppm},
          {"distributor_loss_ppm", t.distributor_loss_ppm},
          {"start", rfc3339(int64_t{t.first_slot} * kSlotSeconds)},
          {"slots", t.slots}};
}

Result<TradeTerms> terms_from_json(const Genesis& genesis, const Json& json, const std::string& at) {
  if (!json.is_object()) return invalid(at + " must be an object");
  const Read read{genesis};
  Taken taken(json, at);
  TradeTerms t;
  constexpr std::array kPartyNames = {"plant", "grid", "distributor", "buyer"};
  for (size_t i = 0; i < kParties; ++i)
    if (auto s = read_field(read, taken, {kPartyNames[i], Kind::kParticipant}, t.party[i]); !s) return s.error();
  if (auto s = read_field(read, taken, {"wh"}, t.wh); !s) return s.error();
  if (auto s = read_field(read, taken, {"plant_price"}, t.plant_price); !s) return s.error();
  if (auto s = read_field(read, taken, {"grid_fee"}, t.grid_fee); !s) return s.error();
  if (auto s = read_field(read, taken, {"distributor_fee"}, t.distributor_fee); !s) return s.error();
  const ParticipantId grid = t.party[index_of(PartyRole::kGrid)];
  const ParticipantId distributor = t.party[index_of(PartyRole::kDistributor)];
  if (auto s = read_loss(read, taken, "grid_loss_ppm", grid, t.grid_loss_ppm); !s) return s.error();
  if (auto s = read_loss(read, taken, "distributor_loss_ppm", distributor, t.distributor_loss_ppm); !s)
    return s.error();
  if (auto s = read_field(read, taken, kSlot, t.first_slot); !s) return s.error();
  if (auto s = read_field(read, taken, {"slots"}, t.slots); !s) return s.error();
  if (auto s = taken.finished(); !s) return s.error();
  return t;
}

Json action_json(const Genesis& genesis, const MarketAction& action) {
  Json out = {{"action", action_name(type_of(action))}};
  std::visit([&](const auto& a) { show_fields(genesis, a, out); }, action);
  return out;
}

Result<MarketAction> action_from_json(const Genesis& genesis, const Json& json, const std::string& at) {
  if (!json.is_object()) return invalid(at + " must be an object");
  Taken taken(json, at);
  std::string name;
  if (auto s = read_text(taken, "action", name); !s) return s.error();
  auto action = action_of(name);
  if (!action) return invalid(at + ".action: there is no action '" + name.substr(0, 80) + "'");
  const Read read{genesis};
  if (auto s = std::visit([&](auto& a) { return read_fields(read, taken, a); }, *action); !s) return s.error();
  if (auto s = taken.finished(); !s) return s.error();
  // What is too long or too many for the encoding is told here, with the place, and not by a validator.
  auto whole = decode_market_action(type_of(*action), encode_market_action(*action));
  if (!whole) return invalid(at + ": " + whole.error().why);
  return whole;
}

}  // namespace tieline::api
