#include "ledger/registry.h"

#include "base/check.h"

namespace tieline {

Registry::Registry(const Genesis& genesis) {
  keys_.reserve(genesis.participants.size());
  for (const GenesisParticipant& participant : genesis.participants) {
    TL_CHECK_MSG(participant.id == keys_.size() + 1, "participants are numbered from 1 in the order of genesis");
    keys_.push_back(participant.key);
    for (size_t i = 0; i < participant.meters.size(); ++i) meters_.push_back(energy::meter_point(participant));
  }
}

}  // namespace tieline
