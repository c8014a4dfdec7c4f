#pragma once
// Validators that equivocate together, for the map of what the protocol bears. Inside each is a correct replica. When
// one of them proposes, it makes a second block for the slot (its time a millisecond later, so that it is as valid as
// the first); the correct validators are dealt into two halves, each half is shown one block and gets every
// coalition member's vote for it. In all else they behave, so that they are trusted with the lead.

#include <map>
#include <vector>

#include "consensus/messages.h"
#include "crypto/sim_scheme.h"
#include "model/genesis.h"

namespace tieline::paper {

class Coalition {
 public:
  struct Lie {
    ValidatorId from = 0;
    std::vector<ValidatorId> to;
    consensus::MessagePtr message;
  };
  // `keys` are asked for members' signers only.
  Coalition(const Genesis& genesis, std::vector<ValidatorId> members, const SimKeys& keys);
  bool has(ValidatorId id) const;
  // What is sent instead of `message`, which member `from` would send to `to`. False: the message itself.
  bool outgoing(ValidatorId from, const std::vector<ValidatorId>& to, const consensus::Message& message,
                std::vector<Lie>& out);

 private:
  struct Split {
    Height height = 0;
    Hash first, second;
  };
  void votes(const Slot& slot, const Split& split, std::vector<Lie>& out) const;
  consensus::MessagePtr vote(VotePhase phase, ValidatorId member, const Slot& slot, Height height,
                             const Hash& block) const;
  EngineKind engine_;
  VotePhase proposal_phase_;  // as what the signature of a PROPOSE counts
  ChainId chain_;
  std::vector<ValidatorId> members_, first_half_, second_half_;
  std::map<ValidatorId, SimSigner> signers_;
  std::map<Slot, Split> splits_;
};

}  // namespace tieline::paper
