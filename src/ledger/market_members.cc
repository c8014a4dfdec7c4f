// Members in a block: keys that change, and what votes decide of participants, lost keys and the regulator's seat.

#include <algorithm>
#include <set>

#include "crypto/bls.h"
#include "energy/wide.h"
#include "ledger/market_work.h"
#include "model/names.h"

namespace tieline {
namespace {

constexpr uint8_t kOnly = 0;

}  // namespace

KeyRing& MarketWork::ring(ParticipantId id) {
  if (rings_.find(id) == nullptr) rings_[id] = chain_.members.ring(id);
  return rings_[id];
}

// What costs a signature check comes last: a refused transaction is undone.
TxCode MarketWork::run(const energy::RotateKey& a, const Step& s) {
  const ParticipantId owner = s.tx.signer();
  if (const TxCode code = rotate(ring(owner), a.next, epoch_); code != TxCode::ok) return code;
  const Hash message = energy::key_message(chain_.id, ActionType::kRotateKey, owner, a.next);
  return chain_.verifier.verify(a.next, message.view(), a.possession) ? TxCode::ok : TxCode::bad_key;
}

TxCode MarketWork::run(const energy::SetRecoveryKey& a, const Step& s) {
  const ParticipantId owner = s.tx.signer();
  KeyRing& keys = ring(owner);
  if (keys.recovery) return TxCode::no_recovery_key;
  keys.recovery = a.recovery;
  const Hash message = energy::key_message(chain_.id, ActionType::kSetRecoveryKey, owner, a.recovery);
  return chain_.verifier.verify(a.recovery, message.view(), a.possession) ? TxCode::ok : TxCode::bad_key;
}

TxCode MarketWork::run(const energy::RevokeKey& a, const Step&) {
  if (!chain_.members.knows(a.owner)) return TxCode::unknown_participant;
  KeyRing& keys = ring(a.owner);
  if (!keys.recovery) return TxCode::no_recovery_key;
  const TxCode code = revoke(keys, a.revoked, a.next, a.doubtful_from_ms, epoch_);
  if (code != TxCode::ok) return code;
  const Hash message = energy::revocation_message(chain_.id, a);
  return chain_.verifier.verify(*keys.recovery, message.view(), a.recovery) ? TxCode::ok : TxCode::bad_key;
}

// A seat is given by a vote of its own, so nobody is registered as a regulator.
TxCode MarketWork::check(const energy::Registration& r) const {
  const bool role = r.role == Role::kPlant || r.role == Role::kGrid || r.role == Role::kDistributor ||
                    r.role == Role::kUser || r.role == Role::kNeutral;
  if (!role || r.loss_ppm >= energy::kPpm || r.capacity_w > kWattsMax || !is_participant_name(r.name))
    return TxCode::bad_proposal;
  if (std::set<std::string>(r.meters.begin(), r.meters.end()).size() != r.meters.size()) return TxCode::name_taken;
  const auto in_genesis = [this](const std::string& name, bool as_meter) {
    const auto& all = chain_.genesis.participants;
    return std::any_of(all.begin(), all.end(), [&](const GenesisParticipant& p) {
      return as_meter ? std::find(p.meters.begin(), p.meters.end(), name) != p.meters.end() : p.name == name;
    });
  };
  for (const std::string& meter : r.meters) {
    if (!is_meter_name(meter)) return TxCode::bad_proposal;
    if (in_genesis(meter, true) || meter_names_.contains(meter)) return TxCode::name_taken;
  }
  if (in_genesis(r.name, false) || names_.contains(r.name)) return TxCode::name_taken;
  if (counts().participants - chain_.registry.participants() >= kRegisteredMax) return TxCode::bad_proposal;
  return bls::ProvenKey::parse(r.bls_key, r.bls_proof).ok() ? TxCode::ok : TxCode::bad_key;
}

TxCode MarketWork::check(const energy::KeyRecovery& r) const {
  if (!chain_.members.knows(r.owner)) return TxCode::unknown_participant;
  const Hash message = energy::key_message(chain_.id, ActionType::kPropose, r.owner, r.next);
  if (!chain_.verifier.verify(r.next, message.view(), r.possession)) return TxCode::bad_key;
  KeyRing keys = chain_.members.ring(r.owner);
  return revoke(keys, *chain_.members.key(r.owner), r.next, r.doubtful_from_ms, epoch_);
}

TxCode MarketWork::check_seat(ParticipantId holder) const {
  if (!chain_.members.knows(holder)) return TxCode::unknown_participant;
  const Role role = chain_.members.role(holder);
  return role == Role::kRegulator || role == Role::kNeutral ? TxCode::ok : TxCode::bad_proposal;
}

// What has been registered meanwhile may have taken a name: then nobody is registered by this.
void MarketWork::register_member(const energy::Registration& r) {
  if (check(r) != TxCode::ok) return;
  MemberCounts& counts = counts_to_change();
  const ParticipantId id = ++counts.participants;
  state::ParticipantRecord record{r.name, r.role, r.key, 0, 0, r.loss_ppm};
  (r.role == Role::kUser ? record.contracted_w : record.capacity_w) = r.capacity_w;
  registered_[id] = record;
  names_[r.name] = {id};
  rings_[id] = {{{r.key, epoch_ + 1, std::nullopt}}, std::nullopt};
  members_[id] = {r.org, r.bls_key, r.seal_key, r.meters, counts.meters + 1};
  for (const std::string& meter : r.meters) {
    const MeterId point = ++counts.meters;
    meters_[point] = {id, r.role, r.capacity_w, 0, 0};
    meter_names_[meter] = {point};
  }
  energy::MarketParticipant party;
  party.org = r.org;
  party.role = r.role;
  party.capacity_w = r.capacity_w;
  party.loss_ppm = r.loss_ppm;
  market_.register_participant(id, party);
}

// The recovery key goes with the lost one: its owner names another.
void MarketWork::recover_key(const energy::KeyRecovery& r) {
  KeyRing keys = ring(r.owner);
  const PublicKey in_force = *chain_.members.key(r.owner);
  if (revoke(keys, in_force, r.next, r.doubtful_from_ms, epoch_) != TxCode::ok) return;
  keys.recovery.reset();
  ring(r.owner) = keys;
}

void MarketWork::seat_regulator(ParticipantId holder) {
  if (check_seat(holder) != TxCode::ok) return;
  const RegulatorSeat* now = seat_.find(kOnly);
  const ParticipantId before = now == nullptr ? 0 : now->from <= epoch_ ? now->holder : now->before;
  seat_[kOnly] = {holder, epoch_ + 1, before};
}

}  // namespace tieline
