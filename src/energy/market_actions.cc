#include "energy/market_actions.h"

#include <concepts>
#include <set>

#include "crypto/hash.h"

namespace tieline {
namespace {

constexpr uint8_t kQualityMin = static_cast<uint8_t>(Quality::kMeasured);
constexpr uint8_t kQualityMax = static_cast<uint8_t>(Quality::kEstimated);
constexpr uint8_t kRoleMin = static_cast<uint8_t>(Role::kPlant);
constexpr uint8_t kRoleMax = static_cast<uint8_t>(Role::kNeutral);

template <class E>
E bounded(Reader& r, uint8_t least, uint8_t most) {
  const uint8_t value = r.u8();
  if (value < least || value > most) {
    r.fail();
    return static_cast<E>(least);
  }
  return static_cast<E>(value);
}

}  // namespace

namespace energy {
namespace {

constexpr std::string_view kTradeTag = "tieline/trade-id/1";
constexpr std::string_view kProposalTag = "tieline/proposal-id/1";
constexpr std::string_view kKeyTag = "tieline/participant-key/1";
constexpr std::string_view kRevocationTag = "tieline/revocation/1";
constexpr uint8_t kProposalKindMax = static_cast<uint8_t>(ProposalKind::kLimits);
constexpr size_t kStringBytesMin = 4;

Hash created_id(std::string_view tag, const ChainId& chain, ParticipantId signer, uint64_t sequence, uint32_t action) {
  Writer w;
  encode(w, chain);
  w.u32(signer);
  w.u64(sequence);
  w.u32(action);
  return tagged_hash(tag, {w.view()});
}

// Fields that are no enumeration are written as their type is.
void put(Writer& w, Quality quality) { w.u8(static_cast<uint8_t>(quality)); }
template <class T>
void put(Writer& w, const T& value) {
  encode(w, value);
}
void get(Reader& r, Quality& quality) { quality = bounded<Quality>(r, kQualityMin, kQualityMax); }
template <class T>
void get(Reader& r, T& value) {
  decode(r, value);
}

template <class A>
void encode_action(Writer& w, const A& action) {
  std::apply([&](const auto&... field) { (put(w, field), ...); }, A::fields(action));
}
template <class A>
void decode_action(Reader& r, A& action) {
  std::apply([&](auto&... field) { (get(r, field), ...); }, A::fields(action));
}

// The index in `content` of what a kind proposes.
size_t content_of(ProposalKind kind) {
  switch (kind) {
    case ProposalKind::kRules:
      return 0;
    case ProposalKind::kMembership:
      return 1;
    case ProposalKind::kConfiscation:
    case ProposalKind::kRestoreTrust:
    case ProposalKind::kRegulatorSeat:
      return 2;
    case ProposalKind::kRecoverKey:
      return 3;
    case ProposalKind::kFlow:
      return 4;
    case ProposalKind::kLimits:
      return 5;
  }
  TL_CHECK_MSG(false, "a proposal of no kind");
}

void encode_action(Writer& w, const Propose& p) {
  TL_CHECK_MSG(p.content.index() == content_of(p.kind), "a proposal whose content is of another kind");
  w.u8(static_cast<uint8_t>(p.kind));
  std::visit([&](const auto& content) { encode(w, content); }, p.content);
}
void decode_action(Reader& r, Propose& p) {
  p.kind = bounded<ProposalKind>(r, 0, kProposalKindMax);
  if (p.kind == ProposalKind::kRules) return decode(r, p.content.emplace<RuleChanges>());
  if (p.kind == ProposalKind::kMembership) return decode(r, p.content.emplace<Registration>());
  if (p.kind == ProposalKind::kRecoverKey) return decode(r, p.content.emplace<KeyRecovery>());
  if (p.kind == ProposalKind::kFlow) return decode(r, p.content.emplace<FlowChange>());
  if (p.kind == ProposalKind::kLimits) return decode(r, p.content.emplace<LimitChange>());
  decode(r, p.content.emplace<ParticipantId>());
}

// Calls f with a default action of the type; false if it is none of the market's.
template <size_t I = 0, class F>
bool with_type(ActionType type, F f) {
  if constexpr (I == std::variant_size_v<MarketAction>) {
    return false;
  } else {
    using A = std::variant_alternative_t<I, MarketAction>;
    if (A::kType != type) return with_type<I + 1>(type, f);
    f(A());
    return true;
  }
}

}  // namespace

void encode(Writer& w, const Registration& r) {
  w.string(r.name);
  w.u16(r.org);
  w.u8(static_cast<uint8_t>(r.role));
  encode(w, r.key);
  encode(w, r.bls_key);
  encode(w, r.bls_proof);
  encode(w, r.seal_key);
  w.u64(r.capacity_w);
  w.u32(r.loss_ppm);
  w.u32(static_cast<uint32_t>(r.meters.size()));
  for (const std::string& meter : r.meters) w.string(meter);
}

void decode(Reader& r, Registration& registration) {
  registration.name = r.string(kMemberNameBytesMax);
  registration.org = r.u16();
  registration.role = bounded<Role>(r, kRoleMin, kRoleMax);
  decode(r, registration.key);
  decode(r, registration.bls_key);
  decode(r, registration.bls_proof);
  decode(r, registration.seal_key);
  registration.capacity_w = r.u64();
  registration.loss_ppm = r.u32();
  const size_t meters = r.count(kMemberMetersMax, kStringBytesMin);
  for (size_t i = 0; i < meters; ++i) registration.meters.push_back(r.string(kMemberNameBytesMax));
}

void encode(Writer& w, const RuleChange& c) {
  w.string(c.rule);
  w.u64(c.value);
}

void decode(Reader& r, RuleChange& change) {
  change.rule = r.string(kRuleNameBytesMax);
  change.value = r.u64();
}

void encode(Writer& w, const RuleChanges& changes) {
  w.u32(static_cast<uint32_t>(changes.size()));
  for (const RuleChange& c : changes) encode(w, c);
}

void decode(Reader& r, RuleChanges& changes) {
  changes.resize(r.count(kRuleChangesMax, sizeof(uint32_t) + sizeof(uint64_t)));
  std::set<std::string> rules;
  for (RuleChange& c : changes) {
    decode(r, c);
    rules.insert(c.rule);
  }
  if (changes.empty() || rules.size() != changes.size()) r.fail();
}

void encode(Writer& w, const FlowChange& c) {
  for (const uint32_t id : {c.from, c.to, c.meter, c.check_meter}) w.u32(id);
}

void decode(Reader& r, FlowChange& change) {
  for (uint32_t* id : {&change.from, &change.to, &change.meter, &change.check_meter}) *id = r.u32();
}

void encode(Writer& w, const LimitChange& c) {
  w.u32(c.member);
  encode(w, c.capacity_w);
  encode(w, c.loss_ppm);
  encode(w, c.cost_lo);
  encode(w, c.cost_hi);
}

void decode(Reader& r, LimitChange& change) {
  change.member = r.u32();
  decode(r, change.capacity_w);
  decode(r, change.loss_ppm);
  decode(r, change.cost_lo);
  decode(r, change.cost_hi);
  if (change.cost_lo.has_value() != change.cost_hi.has_value()) r.fail();
}

void encode(Writer& w, const KeyRecovery& k) {
  w.u32(k.owner);
  encode(w, k.next);
  encode(w, k.possession);
  w.i64(k.doubtful_from_ms);
}

void decode(Reader& r, KeyRecovery& recovery) {
  recovery.owner = r.u32();
  decode(r, recovery.next);
  decode(r, recovery.possession);
  recovery.doubtful_from_ms = r.i64();
}

TradeId trade_id(const ChainId& chain, ParticipantId signer, uint64_t sequence, uint32_t action) {
  return created_id(kTradeTag, chain, signer, sequence, action);
}

Hash proposal_id(const ChainId& chain, ParticipantId signer, uint64_t sequence, uint32_t action) {
  return created_id(kProposalTag, chain, signer, sequence, action);
}

Hash key_message(const ChainId& chain, ActionType action, ParticipantId owner, const PublicKey& key) {
  Writer w;
  encode(w, chain);
  w.u8(static_cast<uint8_t>(action));
  w.u32(owner);
  encode(w, key);
  return tagged_hash(kKeyTag, {w.view()});
}

Hash revocation_message(const ChainId& chain, const RevokeKey& revocation) {
  Writer w;
  encode(w, chain);
  w.u32(revocation.owner);
  encode(w, revocation.revoked);
  encode(w, revocation.next);
  w.i64(revocation.doubtful_from_ms);
  return tagged_hash(kRevocationTag, {w.view()});
}

ActionType type_of(const MarketAction& action) {
  return std::visit([](const auto& a) { return a.kType; }, action);
}

bool is_market_action(ActionType type) {
  return with_type(type, [](const auto&) {});
}

Bytes encode_market_action(const MarketAction& action) {
  Writer w;
  std::visit([&](const auto& a) { encode_action(w, a); }, action);
  return w.take();
}

Result<MarketAction> decode_market_action(ActionType type, ByteView payload) {
  Reader r(payload);
  std::optional<MarketAction> out;
  with_type(type, [&](auto action) {
    decode_action(r, action);
    out = std::move(action);
  });
  if (!out) return Error{"malformed", "action " + std::to_string(static_cast<int>(type)) + " is none of the market's"};
  if (!r.done()) {
    return Error{"malformed", "malformed action of type " + std::to_string(static_cast<int>(type)) +
                                  ": bytes are missing, left over, or out of bounds"};
  }
  return std::move(*out);
}

}  // namespace energy
}  // namespace tieline
