#pragma once
// CHECKPOINT-VOTEs in, certificates out: a quorum's signatures on one state root of one height. Votes for heights that
// are no checkpoint or far ahead are refused; a member counts once a height.

#include <map>
#include <optional>
#include <tuple>

#include "consensus/messages.h"
#include "consensus/vote_set.h"

namespace tieline::consensus {

inline constexpr Height kCheckpointsAhead = 4;  // intervals above the tip for which votes are kept

class CheckpointVotes {
 public:
  explicit CheckpointVotes(std::optional<CheckpointCert> stable = {}) : stable_(std::move(stable)) {}
  struct Rules {  // of the chain, as it stands
    const ChainId& chain;
    const Committee& committee;  // of the vote's epoch
    const Verifier& verifier;
    Height interval = 0;
    Height tip = 0;
  };
  struct Added {
    const char* refused = nullptr;              // code
    std::vector<ValidatorId> bad_shares{};      // found while the sum was checked
    std::optional<CheckpointCert> certificate;  // newly stable
  };
  // `from_signer`: it came over its signer's own link, so that a share may wait unverified for the sum.
  Added add(const CheckpointVote& vote, bool from_signer, const Rules& rules);
  // A whole certificate, told by somebody who has it.
  Added add(const CheckpointCert& certificate, const Rules& rules);
  const std::optional<CheckpointCert>& stable() const { return stable_; }
  void fingerprint(Writer& w) const;

 private:
  bool in_range(Height height, const Rules& rules) const;
  void stabilise(const CheckpointCert& certificate);
  using Content = std::tuple<Epoch, Hash, Hash>;  // all that a vote signs besides the height
  std::optional<CheckpointCert> stable_;
  std::map<Height, std::map<Content, VoteSet>> votes_;
};

}  // namespace tieline::consensus
