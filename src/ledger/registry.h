#pragma once
// Participants, metering points and flows of genesis, decoded once, so that looking a key or an owner up costs neither
// a read nor an allocation. What votes have registered and changed since stands in the state: ledger/members.h knows
// it.

#include <map>
#include <optional>
#include <vector>

#include "crypto/keys.h"
#include "energy/meter.h"
#include "model/genesis.h"

namespace tieline {

class Registry {
 public:
  explicit Registry(const Genesis& genesis);

  bool knows(ParticipantId id) const { return id >= 1 && id <= keys_.size(); }
  const PublicKey* key(ParticipantId id) const { return knows(id) ? &keys_[id - 1] : nullptr; }
  const energy::MeterPoint* meter(MeterId id) const {
    return id >= 1 && id <= meters_.size() ? &meters_[id - 1] : nullptr;
  }
  // Of the market; none: not in it, or there is none.
  bool has_market() const { return market_; }
  const MarketMember* member(ParticipantId id) const;
  // The flow that a meter stands for; `main` says at which end.
  struct FlowEnd {
    ParticipantId from = 0;
    ParticipantId to = 0;
    bool main = false;
    bool operator==(const FlowEnd&) const = default;
  };
  const FlowEnd* flow(MeterId meter) const;
  MeterId main_meter(ParticipantId from, ParticipantId to) const;  // 0: the flow is not registered
  Role role(ParticipantId id) const { return roles_.at(id - 1); }  // of one that is known
  // Who stakes for the validator; none: nobody does.
  std::optional<ParticipantId> staker_of(ValidatorId id) const;
  size_t participants() const { return keys_.size(); }
  size_t meters() const { return meters_.size(); }

 private:
  std::vector<PublicKey> keys_;             // by participant id - 1
  std::vector<energy::MeterPoint> meters_;  // by meter id - 1
  std::vector<Role> roles_;                 // by participant id - 1
  bool market_ = false;
  std::map<ParticipantId, MarketMember> members_;
  std::map<MeterId, FlowEnd> flows_;
  std::map<std::pair<ParticipantId, ParticipantId>, MeterId> main_meters_;
  std::map<ValidatorId, ParticipantId> stakers_;
};

}  // namespace tieline
