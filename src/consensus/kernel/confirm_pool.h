#pragma once
// CONFIRMs of one epoch, by slot and block: acknowledgements in, certificates out. Every vote in it has been verified,
// but for shares that are not settled yet (consensus/vote_set.h). A member's second vote for a slot with another block
// is proof of equivocation, if both sides verify alone. Bounded a member: beyond that its oldest slots are forgotten,
// so a flooder only loses its own votes.

#include <map>
#include <optional>

#include "consensus/vote_set.h"
#include "model/evidence.h"

namespace tieline::consensus {

inline constexpr size_t kConfirmsPerMemberMax = 512;

class ConfirmPool {
 public:
  struct Added {
    bool fresh = false;                    // not seen before
    size_t count = 0;                      // members behind this block at this slot now
    SignerSet signers;                     // who they are
    std::optional<Equivocation> evidence;  // the first proof against this member at this slot, if its sides verify
  };
  Added add(size_t position, ValidatorId signer, const Slot& slot, Height height, const Hash& block,
            const VoteSignature& signature, bool checked = true);
  // A share that does not verify. False: it is in a sum already.
  bool remove(size_t position, const Slot& slot, Height height, const Hash& block);
  // Makes all votes for the block at the slot good for a certificate; the positions whose shares are bad and gone.
  std::vector<size_t> settle(const Slot& slot, const Hash& block, const ChainId& chain, const Committee& committee,
                             const Verifier& verifier);
  // All settled votes for the block at the slot (of the height most agree on); signatures in ascending position.
  std::optional<Certificate> certificate(const Slot& slot, const Hash& block) const;
  // A member's vote for the block at the slot and height.
  std::optional<VoteSignature> vote(const Slot& slot, const Hash& block, Height height, size_t position) const;
  void forget_below(const Slot& slot);
  void clear();
  void fingerprint(Writer& w) const;

 private:
  void forget_oldest(size_t position);
  void forget_one(size_t position, const Slot& slot);
  // A vote names block and height; one that lies about the height must not spoil the certificate of those that do not.
  using Content = std::pair<Hash, Height>;
  std::map<Slot, std::map<Content, VoteSet>> slots_;
  std::map<size_t, std::map<Slot, size_t>> member_slots_;  // how many blocks a member voted for at each slot
};

}  // namespace tieline::consensus
