#pragma once
// CHECKPOINT-VOTEs in, stable checkpoints out: a quorum's signatures on (epoch, height, block, state root). Votes are
// pooled by all that they sign: one that names another epoch would otherwise spoil the certificate of the rest. Only
// verified votes come in. Used by pbft; source: docs/consensus.md, "Checkpoints".

#include <map>
#include <tuple>

#include "consensus/messages.h"
#include "model/committee.h"

namespace tieline::consensus {

inline constexpr Height kCheckpointsAhead = 4;  // x K: a vote for a height further above the tip is refused

class CheckpointPool {
 public:
  // The certificate that this vote completes, if it does. A member's second vote for a height is not counted.
  std::optional<CheckpointCert> add(const CheckpointVote& vote, const Committee& committee) {
    auto& contents = votes_[vote.height];
    for (const auto& [content, votes] : contents)
      if (votes.contains(vote.signer)) return std::nullopt;
    auto& votes = contents[{vote.epoch, vote.block, vote.state_root}];
    votes[vote.signer] = vote.signature;
    CheckpointCert certificate{vote.epoch, vote.height, vote.block, vote.state_root, {}, {}};
    for (size_t p = 0; p < committee.size(); ++p) {
      const auto at = votes.find(committee.at(p).id);
      if (at == votes.end()) continue;
      certificate.signers.insert(p);
      certificate.signatures.push_back(at->second);
    }
    if (!committee.is_quorum(certificate.signers)) return std::nullopt;
    votes_.erase(votes_.begin(), votes_.upper_bound(vote.height));
    return certificate;
  }

 private:
  using Content = std::tuple<Epoch, Hash, Hash>;
  std::map<Height, std::map<Content, std::map<ValidatorId, Signature>>> votes_;
};

}  // namespace tieline::consensus
