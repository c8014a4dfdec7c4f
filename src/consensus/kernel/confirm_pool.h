#pragma once
// CONFIRMs of one epoch, by slot and block: acknowledgements in, certificates out. Every vote in it has been verified.
// A member's second vote for a slot with another block is proof of equivocation. Bounded a member: beyond that its
// oldest slots are forgotten, so a flooder only loses its own votes.

#include <map>
#include <optional>

#include "model/certificate.h"
#include "model/evidence.h"

namespace tieline::consensus {

inline constexpr size_t kConfirmsPerMemberMax = 512;

class ConfirmPool {
 public:
  struct Added {
    bool fresh = false;                    // not seen before
    size_t count = 0;                      // members behind this block at this slot now
    std::optional<Equivocation> evidence;  // the first proof against this member at this slot
  };
  Added add(size_t position, ValidatorId signer, const Slot& slot, Height height, const Hash& block,
            const Signature& signature);
  // All known votes for the block at the slot (of the height most agree on); signatures in ascending position.
  std::optional<Certificate> certificate(const Slot& slot, const Hash& block) const;
  // A member's vote for the block at the slot and height.
  std::optional<Signature> vote(const Slot& slot, const Hash& block, Height height, size_t position) const;
  void forget_below(const Slot& slot);
  void clear();
  void fingerprint(Writer& w) const;

 private:
  void forget_oldest(size_t position);
  // A vote names block and height; one that lies about the height must not spoil the certificate of those that do not.
  using Content = std::pair<Hash, Height>;
  using Votes = std::map<size_t, Signature>;  // by position
  std::map<Slot, std::map<Content, Votes>> slots_;
  std::map<size_t, std::map<Slot, size_t>> member_slots_;  // how many blocks a member voted for at each slot
};

}  // namespace tieline::consensus
