#include "consensus/checkpoint_votes.h"

namespace tieline::consensus {

CheckpointVotes::Added CheckpointVotes::add(const CheckpointVote& vote, const ChainId& chain,
                                            const Committee& committee, const Verifier& verifier, Height interval,
                                            Height tip) {
  if (stable_ && vote.height <= stable_->height) return {};
  if (vote.height % interval != 0 || vote.height > tip + kCheckpointsAhead * interval)
    return {"checkpoint_out_of_range", {}};
  const auto position = committee.position_of(vote.signer);
  const Hash digest = checkpoint_digest(chain, vote.epoch, vote.height, vote.block, vote.state_root);
  if (!position || !verifier.verify(committee.at(*position).key, digest.view(), vote.signature))
    return {"checkpoint_bad_signature", {}};
  auto& contents = votes_[vote.height];
  for (const auto& [content, signed_by] : contents)
    if (signed_by.contains(*position)) return {};
  auto& signed_by = contents[{vote.epoch, vote.block, vote.state_root}];
  signed_by[*position] = vote.signature;
  CheckpointCert certificate{vote.epoch, vote.height, vote.block, vote.state_root, {}, {}};
  for (const auto& [p, signature] : signed_by) {
    certificate.signers.insert(p);
    certificate.signatures.push_back(signature);
  }
  if (!committee.is_quorum(certificate.signers)) return {};
  stable_ = certificate;
  votes_.erase(votes_.begin(), votes_.upper_bound(vote.height));
  return {nullptr, std::move(certificate)};
}

}  // namespace tieline::consensus
