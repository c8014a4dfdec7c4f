#include "api/member_view.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "api/http_types.h"
#include "api/market_json.h"
#include "api/views.h"

namespace tieline::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDamaged = "damaged state record: members";

std::string dumped(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

Json participant_fields(const GenesisParticipant& one) {
  return {{"id", one.id},
          {"name", one.name},
          {"role", role_name(one.role)},
          {"key", to_hex(one.key)},
          {"capacity_w", one.capacity_w},
          {"contracted_w", one.contracted_w},
          {"loss_ppm", one.loss_ppm},
          {"cost_lo", one.cost_lo},
          {"cost_hi", one.cost_hi},
          {"meters", one.meters}};
}

struct Shown {
  GenesisParticipant one;
  MeterId first_meter = 0;  // of one that was registered by vote
};

void add_band(const StateView& state, MeterId meter, GenesisParticipant& out) {
  const auto point = state::must_read<energy::MeterPoint>(state, state::meter_key(meter), kDamaged);
  out.cost_lo = point.cost_lo;
  out.cost_hi = point.cost_hi;
}

// Of genesis, with the limits that votes have given it since.
Shown of_genesis(const Genesis& genesis, const StateView& state, ParticipantId id) {
  GenesisParticipant out = genesis.participants[id - 1];
  if (!genesis.market) return {std::move(out)};
  const auto record = state::must_read<state::ParticipantRecord>(state, state::participant_key(id), kDamaged);
  out.capacity_w = record.capacity_w;
  out.contracted_w = record.contracted_w;
  out.loss_ppm = record.loss_ppm;
  MeterId first = 1;
  for (ParticipantId before = 1; before < id; ++before)
    first += static_cast<MeterId>(genesis.participants[before - 1].meters.size());
  if (!out.meters.empty()) add_band(state, first, out);
  return {std::move(out)};
}

std::optional<Shown> later(const StateView& state, ParticipantId id) {
  const auto record = state::read<state::ParticipantRecord>(state, state::participant_key(id), kDamaged);
  const auto member = state::read<MemberRecord>(state, state::key_of(member_name(id)), kDamaged);
  if (!record || !member) return std::nullopt;
  GenesisParticipant out;
  out.id = id;
  out.name = record->name;
  out.role = record->role;
  out.key = record->key;
  out.capacity_w = record->capacity_w;
  out.contracted_w = record->contracted_w;
  out.loss_ppm = record->loss_ppm;
  out.meters = member->meters;
  if (!out.meters.empty()) add_band(state, member->first_meter, out);
  return Shown{std::move(out), member->first_meter};
}

std::optional<Shown> participant_at(const Genesis& genesis, const StateView& state, ParticipantId id) {
  if (id >= 1 && id <= genesis.participants.size()) return of_genesis(genesis, state, id);
  return genesis.market ? later(state, id) : std::nullopt;
}

std::optional<KeyRing> changed_keys(const Genesis& genesis, const StateView& state, ParticipantId id) {
  if (!genesis.market) return std::nullopt;
  return state::read<KeyRing>(state, state::key_of(key_ring_name(id)), kDamaged);
}

// The key that signs now, all there were and one that comes next, each with the first epoch that it counts in.
void add_keys(Json& out, const KeyRing& ring, Epoch epoch) {
  const PublicKey* now = key_in_force(ring, epoch);
  out["key"] = now != nullptr ? Json(to_hex(*now)) : Json(nullptr);
  Json keys = Json::array();
  for (const KeyRing::Entry& e : ring.keys) {
    keys.push_back({{"key", to_hex(e.key)},
                    {"from_epoch", e.from},
                    {"doubtful_from", e.doubtful_from_ms ? Json(rfc3339_ms(*e.doubtful_from_ms)) : Json(nullptr)}});
  }
  out["keys"] = std::move(keys);
  out["recovery_key"] = ring.recovery ? Json(to_hex(*ring.recovery)) : Json(nullptr);
}

Epoch epoch_of(const StateView& state) {
  return state::must_read<state::EpochRecord>(state, state::epoch_key(), "damaged state record: epoch").epoch;
}

Json shown(const Genesis& genesis, const StateView& state, const Shown& one) {
  Json out = participant_fields(one.one);
  if (one.first_meter != 0) out["first_meter"] = one.first_meter;  // its metering points' numbers follow
  if (const auto ring = changed_keys(genesis, state, one.one.id)) add_keys(out, *ring, epoch_of(state));
  return out;
}

}  // namespace

size_t participants_in(const Genesis& genesis, const StateView& state) {
  if (!genesis.market) return genesis.participants.size();
  const auto counts = state::read<MemberCounts>(state, state::key_of(member_counts_name(0)), kDamaged);
  return counts ? counts->participants : genesis.participants.size();
}

std::string participants_json(const Genesis& genesis, const StateView& state, size_t from, size_t limit) {
  Json list = Json::array();
  const size_t count = participants_in(genesis, state);
  const size_t end = std::min(count, from + limit);
  for (size_t i = from; i < end; ++i) {
    if (const auto one = participant_at(genesis, state, static_cast<ParticipantId>(i + 1)))
      list.push_back(shown(genesis, state, *one));
  }
  return dumped({{"participants", std::move(list)}, {"next", end < count ? Json(end) : Json(nullptr)}});
}

std::optional<std::string> participant_json(const Genesis& genesis, const std::string& name, const StateView& state) {
  const auto id = participant_of(genesis, state, name);
  const auto one = id ? participant_at(genesis, state, *id) : std::nullopt;
  if (!one) return std::nullopt;
  Json out = shown(genesis, state, *one);
  const auto signer = state::read_or_default<state::SignerRecord>(state, state::signer_key(*id), "signer record");
  out["sequence"] = signer.window.highest();  // the highest used
  out["sequences_used"] = signer.used;
  out["timestamp_ms"] = signer.timestamp_ms ? Json(*signer.timestamp_ms) : Json(nullptr);
  return dumped(out);
}

std::optional<ParticipantId> participant_of(const Genesis& genesis, const StateView& state, const std::string& name) {
  if (auto id = participant_from_name(genesis, name)) return *id;
  if (genesis.market) {
    if (const auto id = registered_id(state, participant_named(name))) return id;
  }
  ParticipantId id = 0;
  const auto [at, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || at != name.data() + name.size()) return std::nullopt;
  return participant_at(genesis, state, id) ? std::optional(id) : std::nullopt;
}

std::optional<MeterId> meter_of(const Genesis& genesis, const StateView& state, const std::string& name) {
  if (const auto id = meter_from_name(genesis, name)) return id;
  return genesis.market ? registered_id(state, meter_named(name)) : std::nullopt;
}

}  // namespace tieline::api
