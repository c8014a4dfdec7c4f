#include "ledger/members.h"

#include <algorithm>

namespace tieline {
namespace {

constexpr size_t kNameBytesMax = 63;
constexpr size_t kMetersMax = 64;
constexpr const char* kDamaged = "damaged state record: members";

}  // namespace

void encode(Writer& w, const MemberRecord& m) {
  w.u16(m.org);
  encode(w, m.bls_key);
  encode(w, m.seal_key);
  w.u32(m.first_meter);
  w.u32(static_cast<uint32_t>(m.meters.size()));
  for (const std::string& meter : m.meters) w.string(meter);
}

void decode(Reader& r, MemberRecord& m) {
  m.org = r.u16();
  decode(r, m.bls_key);
  decode(r, m.seal_key);
  m.first_meter = r.u32();
  m.meters.resize(r.count(kMetersMax, sizeof(uint32_t)));
  for (std::string& meter : m.meters) meter = r.string(kNameBytesMax);
}

void encode(Writer& w, const MemberCounts& c) {
  for (const uint32_t count : {c.participants, c.meters, c.flows, c.limits}) w.u32(count);
}

void decode(Reader& r, MemberCounts& c) {
  for (uint32_t* count : {&c.participants, &c.meters, &c.flows, &c.limits}) *count = r.u32();
}

void encode(Writer& w, const RegulatorSeat& s) {
  w.u32(s.holder);
  w.u64(s.from);
  w.u32(s.before);
}

void decode(Reader& r, RegulatorSeat& s) {
  s.holder = r.u32();
  s.from = r.u64();
  s.before = r.u32();
}

void encode(Writer& w, const NamedId& n) { w.u32(n.id); }
void decode(Reader& r, NamedId& n) { n.id = r.u32(); }

Bytes participant_record_name(const ParticipantId& id) { return energy::RecordName("participant/").id(id).take(); }
Bytes meter_record_name(const MeterId& id) { return energy::RecordName("meter/").id(id).take(); }
Bytes member_name(const ParticipantId& id) { return energy::RecordName("member/").id(id).take(); }
Bytes member_counts_name(const uint8_t& only) { return energy::RecordName("members/").id(only).take(); }
Bytes regulator_seat_name(const uint8_t& only) { return energy::RecordName("regulator/").id(only).take(); }
Bytes participant_named(const std::string& name) { return energy::RecordName("name/").id(view_of(name)).take(); }
Bytes meter_named(const std::string& name) { return energy::RecordName("meter-name/").id(view_of(name)).take(); }

const KeyRing& Members::ring(ParticipantId id) const {
  const auto [at, fresh] = rings_.try_emplace(id);
  if (!fresh) return at->second;
  std::optional<KeyRing> changed;
  if (registry_.has_market()) changed = state::read<KeyRing>(view_, state::key_of(key_ring_name(id)), kDamaged);
  if (changed) {
    at->second = std::move(*changed);
  } else if (const PublicKey* key = registry_.key(id)) {
    at->second.keys.push_back({*key, 0, std::nullopt});
  }
  return at->second;
}

const PublicKey* Members::key(ParticipantId id) const {
  if (!registry_.has_market()) return registry_.key(id);
  return key_in_force(ring(id), epoch_);
}

Role Members::role(ParticipantId id) const {
  if (registry_.knows(id)) return registry_.role(id);
  const auto [at, fresh] = participants_.try_emplace(id);
  if (fresh) at->second = state::read<state::ParticipantRecord>(view_, state::participant_key(id), kDamaged);
  TL_CHECK(at->second.has_value());
  return at->second->role;
}

bool Members::is_regulator(ParticipantId id) const {
  if (!seat_) {
    seat_.emplace();
    if (registry_.has_market())
      seat_ = state::read_or_default<RegulatorSeat>(view_, state::key_of(regulator_seat_name(0)), kDamaged);
  }
  const ParticipantId holder = seat_->from <= epoch_ ? seat_->holder : seat_->before;
  return holder != 0 ? id == holder : role(id) == Role::kRegulator;
}

// One whose owner is not registered yet is not either. Of those of genesis the state knows more only once limits have
// changed.
const energy::MeterPoint* Members::meter(MeterId id) const {
  const energy::MeterPoint* point = registry_.meter(id);
  if (!registry_.has_market() || (point != nullptr && counts().limits == 0)) return point;
  const auto [at, fresh] = meters_.try_emplace(id);
  if (fresh) at->second = state::read<energy::MeterPoint>(view_, state::meter_key(id), kDamaged);
  return at->second && knows(at->second->owner) ? &*at->second : nullptr;
}

const bls::PublicKey* Members::bls_key(ParticipantId id) const {
  if (const MarketMember* member = registry_.member(id)) return &member->bls_key;
  if (registry_.knows(id) || !registry_.has_market() || !knows(id)) return nullptr;
  const auto [at, fresh] = members_.try_emplace(id);
  if (fresh) at->second = state::read<MemberRecord>(view_, state::key_of(member_name(id)), kDamaged);
  return at->second ? &at->second->bls_key : nullptr;
}

const MemberCounts& Members::counts() const {
  if (counts_) return *counts_;
  if (registry_.has_market())
    counts_ = state::read<MemberCounts>(view_, state::key_of(member_counts_name(0)), kDamaged);
  if (!counts_)
    counts_ = MemberCounts{static_cast<uint32_t>(registry_.participants()), static_cast<uint32_t>(registry_.meters())};
  return *counts_;
}

const PublicKey* signing_key(const Transaction& tx, size_t signatory, const Members& members,
                             const Verifier& verifier) {
  const ParticipantId id = tx.signatories()[signatory];
  if (!members.registry().has_market() || members.ring(id).keys.size() < 2) return members.key(id);
  for (const KeyRing::Entry& e : members.ring(id).keys) {
    if (verifier.verify(e.key, tx.signed_digest().view(), tx.signatures()[signatory])) return &e.key;
  }
  return nullptr;
}

bool signed_by_any_key(const Transaction& tx, const Members& members, const Verifier& verifier) {
  for (size_t i = 0; i < tx.signatories().size(); ++i) {
    if (signing_key(tx, i, members, verifier) == nullptr) return false;
  }
  return true;
}

ParticipantKeys evidence_keys(const Ledger& ledger, const StateView& view) {
  return [genesis_keys = ledger.participant_keys(), market = ledger.genesis().market.has_value(),
          &view](ParticipantId id) {
    const bool changed = market && view.get(state::key_of(key_ring_name(id))).has_value();
    return changed ? nullptr : genesis_keys(id);
  };
}

TxCode admit_keys(const Transaction& tx, const Members& members, const Verifier& verifier) {
  for (size_t i = 0; i < tx.signatories().size(); ++i) {
    const ParticipantId id = tx.signatories()[i];
    if (!members.registry().has_market() || members.ring(id).keys.size() < 2) continue;
    if (!verifier.verify(*members.key(id), tx.signed_digest().view(), tx.signatures()[i])) return TxCode::revoked_key;
  }
  return TxCode::ok;
}

std::optional<uint32_t> registered_id(const StateView& view, const Bytes& name) {
  const auto found = state::read<NamedId>(view, state::key_of(name), kDamaged);
  return found ? std::optional(found->id) : std::nullopt;
}

}  // namespace tieline
