#include "consensus/vote_set.h"

namespace tieline::consensus {

const VoteSignature* VoteSet::find(size_t position) const {
  const auto at = votes_.find(position);
  return at == votes_.end() ? nullptr : &at->second.signature;
}

SignerSet VoteSet::signers() const {
  SignerSet out;
  for (const auto& [position, vote] : votes_) out.insert(position);
  return out;
}

void VoteSet::add(size_t position, const VoteSignature& vote, bool checked) {
  auto [at, fresh] = votes_.try_emplace(position, Vote{vote, checked});
  if (!fresh && checked && !at->second.checked) at->second = Vote{vote, true};
}

bool VoteSet::remove(size_t position) { return !summed_.contains(position) && votes_.erase(position) == 1; }

std::vector<size_t> VoteSet::settle(const Hash& digest, const Committee& committee, const Verifier& verifier) {
  if (committee.certificates() == CertificateKind::kList) return {};
  std::vector<size_t> positions;
  std::vector<const bls::PublicKey*> keys;
  std::vector<bls::Signature> shares;
  bool all_checked = true;
  for (const auto& [position, vote] : votes_) {
    if (summed_.contains(position)) continue;
    positions.push_back(position);
    keys.push_back(&committee.at(position).bls_key);
    shares.push_back(std::get<bls::Signature>(vote.signature));
    all_checked &= vote.checked;
  }
  if (positions.empty()) return {};
  bls::Aggregation added{std::nullopt, std::vector<uint8_t>(positions.size(), 1)};
  if (all_checked)
    added.aggregate = verifier.add(shares);
  else
    added = verifier.aggregate(keys, shares, digest.view());
  std::vector<size_t> bad;
  for (size_t i = 0; i < positions.size(); ++i) {
    if (added.accepted[i] == 1) continue;
    bad.push_back(positions[i]);
    votes_.erase(positions[i]);
  }
  if (!added.aggregate) return bad;
  const auto sum = sum_ ? verifier.add(std::vector<bls::Signature>{*sum_, *added.aggregate}) : added.aggregate;
  if (!sum) return bad;  // keys that cancel out: all of one hand, and no certificate is made of them
  sum_ = sum;
  for (size_t i = 0; i < positions.size(); ++i)
    if (added.accepted[i] == 1) summed_.insert(positions[i]);
  return bad;
}

VoteSet::Settled VoteSet::settled() const {
  Settled out;
  out.aggregate = sum_;
  if (sum_) {
    out.signers = summed_;
    return out;
  }
  for (const auto& [position, vote] : votes_) {
    const auto* signature = std::get_if<Signature>(&vote.signature);
    if (signature == nullptr) continue;  // a share that nobody has added up yet
    out.signers.insert(position);
    out.signatures.push_back(*signature);
  }
  return out;
}

void VoteSet::fingerprint(Writer& w) const {
  w.u64(votes_.size());
  for (const auto& [position, vote] : votes_) {
    w.u64(position);
    encode(w, vote.signature);
    w.boolean(vote.checked);
  }
  encode(w, summed_);  // the sum follows from it
}

}  // namespace tieline::consensus
