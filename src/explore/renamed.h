#pragma once
// Messages with their validators exchanged: what would have been said if two of them had changed places. Ids, sets of
// signers and digests of other messages are replaced, lists put into their order again, and all is signed by whoever
// signs it then. Blocks stay what they are: only leaders and traitors build them, and those change places with nobody.

#include <array>
#include <map>

#include "explore/world.h"

namespace tieline::explore {

using Permutation = std::array<Seat, kValidators>;  // where each seat goes

class Renamed {
 public:
  Renamed(const World& world, const Permutation& permutation) : world_(world), to_(permutation) {}
  const Permutation& permutation() const { return to_; }
  // Nothing: a kind of message that this does not know, or one that names a message not seen here before.
  MessagePtr of(const MessagePtr& message);

 private:
  ValidatorId id(ValidatorId before) const { return world_.id(to_[world_.seat(before)]); }
  Signature sign(ValidatorId signer, const Hash& digest) const {
    return world_.signer(world_.seat(signer)).sign(digest.view());
  }
  bool rename(consensus::Propose& m);
  bool rename(consensus::Confirm& m);
  bool rename(consensus::ViewChange& m);
  bool rename(consensus::ViewChangeAck& m);
  bool rename(consensus::NewView& m);
  bool rename(consensus::Decided& m);
  template <class Other>
  bool rename(Other&) {
    return false;
  }
  bool rename(consensus::Justify& justify);
  bool rename(Certificate& certificate);
  bool rename(Hash& message);

  const World& world_;
  Permutation to_;
  std::map<Hash, MessagePtr> known_;  // by the digest before; null: none
};

}  // namespace tieline::explore
