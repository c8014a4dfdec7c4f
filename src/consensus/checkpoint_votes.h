#pragma once
// CHECKPOINT-VOTEs in, certificates out: a quorum's signatures on one state root of one height. Votes for heights that
// are no checkpoint or far ahead are refused; a member counts once a height.

#include <map>
#include <optional>
#include <tuple>

#include "consensus/messages.h"

namespace tieline::consensus {

inline constexpr Height kCheckpointsAhead = 4;  // intervals above the tip for which votes are kept

class CheckpointVotes {
 public:
  explicit CheckpointVotes(std::optional<CheckpointCert> stable = {}) : stable_(std::move(stable)) {}
  struct Added {
    const char* refused = nullptr;              // code
    std::optional<CheckpointCert> certificate;  // newly stable
  };
  // `committee`: of the vote's epoch.
  Added add(const CheckpointVote& vote, const ChainId& chain, const Committee& committee, const Verifier& verifier,
            Height interval, Height tip);
  const std::optional<CheckpointCert>& stable() const { return stable_; }

 private:
  using Content = std::tuple<Epoch, Hash, Hash>;  // all that a vote signs besides the height
  std::optional<CheckpointCert> stable_;
  std::map<Height, std::map<Content, std::map<size_t, Signature>>> votes_;  // by position
};

}  // namespace tieline::consensus
