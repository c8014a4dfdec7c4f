#include "ledger/registry.h"

#include "base/check.h"

namespace tieline {

Registry::Registry(const Genesis& genesis) {
  keys_.reserve(genesis.participants.size());
  for (const GenesisParticipant& participant : genesis.participants) {
    TL_CHECK_MSG(participant.id == keys_.size() + 1, "participants are numbered from 1 in the order of genesis");
    keys_.push_back(participant.key);
    roles_.push_back(participant.role);
    for (size_t i = 0; i < participant.meters.size(); ++i) meters_.push_back(energy::meter_point(participant));
  }
  if (!genesis.market) return;
  market_ = true;
  for (const MarketMember& m : genesis.market->members) members_.emplace(m.participant, m);
  for (const MarketFlow& f : genesis.market->flows) {
    flows_[f.meter] = {f.from, f.to, true};
    if (f.check_meter != 0) flows_[f.check_meter] = {f.from, f.to, false};
    main_meters_[{f.from, f.to}] = f.meter;
  }
  for (const MarketSeat& s : genesis.market->seats) stakers_[s.validator] = s.participant;
}

const MarketMember* Registry::member(ParticipantId id) const {
  const auto at = members_.find(id);
  return at == members_.end() ? nullptr : &at->second;
}

const Registry::FlowEnd* Registry::flow(MeterId meter) const {
  const auto at = flows_.find(meter);
  return at == flows_.end() ? nullptr : &at->second;
}

MeterId Registry::main_meter(ParticipantId from, ParticipantId to) const {
  const auto at = main_meters_.find({from, to});
  return at == main_meters_.end() ? 0 : at->second;
}

std::optional<ParticipantId> Registry::staker_of(ValidatorId id) const {
  const auto at = stakers_.find(id);
  return at == stakers_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace tieline
