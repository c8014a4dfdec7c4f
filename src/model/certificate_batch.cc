#include "model/certificate_batch.h"

namespace tieline {

void CertificateBatch::add_signed(const SignerSet& signers, const std::vector<Signature>& signatures,
                                  const std::optional<bls::Signature>& aggregate, const Hash& digest,
                                  const Committee& committee) {
  if (signers.empty() || !signers.all_below(committee.size())) return;
  if (aggregate.has_value() != (committee.certificates() == CertificateKind::kBls)) return;
  const std::vector<size_t> positions = signers.positions();
  if (!aggregate && positions.size() != signatures.size()) return;
  digests_.push_back(digest);
  const ByteView message = digests_.back().view();
  if (!aggregate) {
    for (size_t i = 0; i < positions.size(); ++i)
      signatures_.push_back({committee.at(positions[i]).key, message, signatures[i]});
    return;
  }
  AggregateItem item{{}, message, *aggregate};
  for (size_t position : positions) item.keys.push_back(&committee.at(position).bls_key);
  aggregates_.push_back(std::move(item));
}

void CertificateBatch::add(const Certificate& c, const Committee& committee) {
  if (c.slot.epoch != committee.epoch() || c.slot.index < 0) return;
  add_signed(c.signers, c.signatures, c.aggregate,
             vote_digest(deciding_phase(rule_), chain_, c.slot, c.height, c.block), committee);
}

void CertificateBatch::add(const CommitProof& proof, const Committee& committee) {
  add(proof.certificate, committee);
  if (proof.second) add(proof.second->certificate, committee);
}

void CertificateBatch::add(const Evidence& evidence, const Committee& current, const Committee* previous) {
  const auto of = [&](Epoch epoch) -> const Committee* {
    if (epoch == current.epoch()) return &current;
    return previous != nullptr && epoch == previous->epoch() ? previous : nullptr;
  };
  for (const Certificate& c : evidence.certificates)
    if (const Committee* committee = of(c.slot.epoch)) add(c, *committee);
  for (const TimeoutProof& p : evidence.timeouts)
    if (const Committee* committee = of(p.epoch))
      add_signed(p.signers, p.signatures, p.aggregate,
                 timeout_digest(chain_, ViewChangeKind::kTimeout, p.epoch, p.view), *committee);
}

void CertificateBatch::add(const CommitteeLink& link, const Committee& trusted) {
  std::vector<ValidatorId> ids = link.signers;
  std::vector<Signature> signatures;
  for (const CommitteeLink::Vote& vote : link.votes) {
    ids.push_back(vote.signer);
    signatures.push_back(vote.signature);
  }
  SignerSet signers;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto position = trusted.position_of(ids[i]);
    if (!position || (i > 0 && ids[i - 1] >= ids[i])) return;
    signers.insert(*position);
  }
  add_signed(signers, signatures, link.aggregate,
             vote_digest(deciding_phase(rule_), chain_, link.slot, link.header.height, link.header.digest()), trusted);
}

void CertificateBatch::ask(const Verifier& remembering) {
  std::vector<uint8_t> ok(aggregates_.size());
  remembering.verify_aggregates(aggregates_, ok);
  ok.resize(signatures_.size());
  remembering.verify_batch(signatures_, ok);
  aggregates_.clear();
  signatures_.clear();
  digests_.clear();
}

}  // namespace tieline
