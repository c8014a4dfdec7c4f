#include "consensus/checkpoint_votes.h"

namespace tieline::consensus {

bool CheckpointVotes::in_range(Height height, const Rules& rules) const {
  return height % rules.interval == 0 && height <= rules.tip + kCheckpointsAhead * rules.interval;
}

void CheckpointVotes::stabilise(const CheckpointCert& certificate) {
  stable_ = certificate;
  votes_.erase(votes_.begin(), votes_.upper_bound(certificate.height));
}

CheckpointVotes::Added CheckpointVotes::add(const CheckpointVote& vote, bool from_signer, const Rules& rules) {
  if (stable_ && vote.height <= stable_->height) return {};
  if (!in_range(vote.height, rules)) return {"checkpoint_out_of_range", {}, {}};
  const Committee& committee = rules.committee;
  const auto position = committee.position_of(vote.signer);
  const Hash digest = checkpoint_digest(rules.chain, vote.epoch, vote.height, vote.block, vote.state_root);
  const bool waits = from_signer && committee.certificates() == CertificateKind::kBls &&
                     std::holds_alternative<bls::Signature>(vote.signature);
  if (!position || (!waits && !verify_vote(committee, *position, digest, vote.signature, rules.verifier)))
    return {"checkpoint_bad_signature", {}, {}};
  auto& contents = votes_[vote.height];
  for (const auto& [content, signed_by] : contents)
    if (signed_by.contains(*position)) return {};
  VoteSet& votes = contents[{vote.epoch, vote.block, vote.state_root}];
  votes.add(*position, vote.signature, !waits);
  if (!committee.is_quorum(votes.signers())) return {};
  Added out;
  for (size_t bad : votes.settle(digest, committee, rules.verifier)) out.bad_shares.push_back(committee.at(bad).id);
  VoteSet::Settled settled = votes.settled();
  if (!committee.is_quorum(settled.signers)) return out;
  out.certificate = CheckpointCert{vote.epoch,       vote.height,     vote.block,
                                   vote.state_root,  settled.signers, std::move(settled.signatures),
                                   settled.aggregate};
  stabilise(*out.certificate);
  return out;
}

CheckpointVotes::Added CheckpointVotes::add(const CheckpointCert& certificate, const Rules& rules) {
  if (stable_ && certificate.height <= stable_->height) return {};
  if (!in_range(certificate.height, rules)) return {"checkpoint_out_of_range", {}, {}};
  if (!verify_checkpoint(certificate, rules.chain, rules.committee, rules.verifier).ok())
    return {"checkpoint_bad_signature", {}, {}};
  stabilise(certificate);
  return {nullptr, {}, certificate};
}

void CheckpointVotes::fingerprint(Writer& w) const {
  encode(w, stable_);
  w.u64(votes_.size());
  for (const auto& [height, contents] : votes_) {
    w.u64(height);
    w.u64(contents.size());
    for (const auto& [content, votes] : contents) {
      w.u64(std::get<0>(content));
      encode(w, std::get<1>(content));
      encode(w, std::get<2>(content));
      votes.fingerprint(w);
    }
  }
}

}  // namespace tieline::consensus
