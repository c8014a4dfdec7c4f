#pragma once
// Participants and metering points, decoded once. They are registered by genesis and nothing changes them yet, so this
// copy in memory equals the records in the state (which are there for the state root and for who reads a snapshot), and
// looking a key or an owner up costs neither a read nor an allocation.

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
  size_t participants() const { return keys_.size(); }
  size_t meters() const { return meters_.size(); }

 private:
  std::vector<PublicKey> keys_;             // by participant id - 1
  std::vector<energy::MeterPoint> meters_;  // by meter id - 1
};

}  // namespace tieline
