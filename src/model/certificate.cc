#include "model/certificate.h"

#include "crypto/hash.h"

namespace tieline {
namespace {

bool enough(const Committee& committee, const SignerSet& signers, Threshold threshold) {
  switch (threshold) {
    case Threshold::kCorrect:
      return committee.holds_correct(signers);
    case Threshold::kQuorum:
      return committee.is_quorum(signers);
    case Threshold::kFast:
      break;
  }
  return committee.is_fast(signers);
}

// What costs nothing is asked before the first signature.
Status check_shape(const SignerSet& signers, const std::vector<Signature>& signatures,
                   const std::optional<bls::Signature>& aggregate, const Committee& committee) {
  if (aggregate.has_value() != (committee.certificates() == CertificateKind::kBls)) {
    return Error{"certificate_wrong_kind", aggregate ? "an aggregate, on a chain whose certificates are lists"
                                                     : "a list, on a chain whose certificates are aggregates"};
  }
  const size_t count = signers.count();
  if (signatures.size() != (aggregate ? 0 : count)) {
    return Error{"certificate_malformed",
                 std::to_string(count) + " signers but " + std::to_string(signatures.size()) + " signatures"};
  }
  if (!signers.all_below(committee.size())) {
    return Error{"certificate_unknown_signer", "position " + std::to_string(signers.positions().back()) +
                                                   " in a committee of " + std::to_string(committee.size())};
  }
  return {};
}

Status verify_enough_signers(const SignerSet& signers, const std::vector<Signature>& signatures,
                             const std::optional<bls::Signature>& aggregate, const Hash& digest, Threshold threshold,
                             const Committee& committee, const Verifier& verifier) {
  if (Status s = check_shape(signers, signatures, aggregate, committee); !s.ok()) return s;
  if (!enough(committee, signers, threshold)) {
    return Error{"certificate_below_quorum",
                 std::to_string(signers.count()) + " signers of " + std::to_string(committee.size()) + " are too few"};
  }
  return verify_signatures(signers, signatures, aggregate, digest, committee, verifier);
}

Status verify_sum(const SignerSet& signers, const bls::Signature& aggregate, const Hash& digest,
                  const Committee& committee, const Verifier& verifier) {
  AggregateItem item{{}, digest.view(), aggregate};
  for (size_t position : signers.positions()) item.keys.push_back(&committee.at(position).bls_key);
  if (verifier.verify_aggregate(item)) return {};
  switch (verifier.fault_of(aggregate)) {
    case bls::PointFault::kNone:
      break;
    case bls::PointFault::kMalformed:
      return Error{"certificate_bad_point", "the aggregate is no point of the curve"};
    case bls::PointFault::kInfinity:
      return Error{"certificate_infinity", "the aggregate is the point at infinity, which proves nothing"};
    case bls::PointFault::kOffSubgroup:
      return Error{"certificate_off_subgroup", "the aggregate is a point outside the subgroup"};
  }
  return Error{"certificate_bad_signature",
               "the aggregate is not that of its " + std::to_string(signers.count()) + " signers"};
}

Error wrong_epoch(Epoch found, const Committee& committee) {
  return Error{"certificate_wrong_epoch", "a certificate of epoch " + std::to_string(found) +
                                              " before the committee of epoch " + std::to_string(committee.epoch())};
}

}  // namespace

Status verify_signatures(const SignerSet& signers, const std::vector<Signature>& signatures,
                         const std::optional<bls::Signature>& aggregate, const Hash& digest, const Committee& committee,
                         const Verifier& verifier) {
  if (Status s = check_shape(signers, signatures, aggregate, committee); !s.ok()) return s;
  if (aggregate) return verify_sum(signers, *aggregate, digest, committee, verifier);
  const std::vector<size_t> positions = signers.positions();
  std::vector<SignedItem> items;
  items.reserve(positions.size());
  for (size_t i = 0; i < positions.size(); ++i) {
    items.push_back({committee.at(positions[i]).key, digest.view(), signatures[i]});
  }
  std::vector<uint8_t> good(items.size(), 0);
  verifier.verify_batch(items, good);
  for (size_t i = 0; i < items.size(); ++i) {
    if (good[i] != 1) {
      return Error{"certificate_bad_signature",
                   "the signature of validator " + std::to_string(committee.at(positions[i]).id) + " does not verify"};
    }
  }
  return {};
}

void encode_signatures(Writer& w, const SignerSet& signers, const std::vector<Signature>& signatures,
                       const std::optional<bls::Signature>& aggregate) {
  encode(w, signers);
  w.u8(static_cast<uint8_t>(aggregate ? CertificateKind::kBls : CertificateKind::kList));
  if (aggregate) {
    encode(w, *aggregate);
  } else {
    encode_list(w, signatures);
  }
}

void decode_signatures(Reader& r, SignerSet& signers, std::vector<Signature>& signatures,
                       std::optional<bls::Signature>& aggregate) {
  decode(r, signers);
  signatures.clear();
  aggregate.reset();
  switch (r.u8()) {
    case static_cast<uint8_t>(CertificateKind::kList):
      decode_list(r, signatures, kCommitteeMax, Signature::kSize);
      if (signers.count() != signatures.size()) r.fail();
      return;
    case static_cast<uint8_t>(CertificateKind::kBls):
      decode(r, aggregate.emplace());
      return;
    default:
      r.fail();
  }
}

Hash vote_digest(VotePhase phase, const ChainId& chain, const Slot& slot, Height height, const Hash& block) {
  Writer w(128);
  encode(w, chain);
  encode(w, slot);
  w.u64(height);
  encode(w, block);
  switch (phase) {
    case VotePhase::kConfirm:
      return tagged_hash("tieline/confirm/1", {w.view()});
    case VotePhase::kPrepare:
      return tagged_hash("tieline/prepare/1", {w.view()});
    case VotePhase::kCommit:
      break;
  }
  return tagged_hash("tieline/commit/1", {w.view()});
}

void encode(Writer& w, const Certificate& c) {
  encode(w, c.slot);
  w.u64(c.height);
  encode(w, c.block);
  encode_signatures(w, c.signers, c.signatures, c.aggregate);
}

void decode(Reader& r, Certificate& c) {
  decode(r, c.slot);
  c.height = r.u64();
  decode(r, c.block);
  decode_signatures(r, c.signers, c.signatures, c.aggregate);
}

Status verify_certificate(const Certificate& c, VotePhase phase, Threshold threshold, const ChainId& chain,
                          const Committee& committee, const Verifier& verifier) {
  if (c.slot.index < 0) return Error{"certificate_malformed", "nobody signs at the start of an epoch (index -1)"};
  if (c.slot.epoch != committee.epoch()) return wrong_epoch(c.slot.epoch, committee);
  return verify_enough_signers(c.signers, c.signatures, c.aggregate,
                               vote_digest(phase, chain, c.slot, c.height, c.block), threshold, committee, verifier);
}

void encode(Writer& w, const CommitProof& p) {
  encode_list(w, p.path);
  encode(w, p.certificate);
  w.boolean(p.second.has_value());
  if (p.second) {
    encode(w, p.second->child);
    encode(w, p.second->certificate);
  }
}

void decode(Reader& r, CommitProof& p) {
  decode_list(r, p.path, kCommitPathMax, kHeaderBytesMin);
  decode(r, p.certificate);
  p.second.reset();
  if (!r.boolean()) return;
  p.second.emplace();
  decode(r, p.second->child);
  decode(r, p.second->certificate);
}

Status verify_commit(const CommitProof& proof, const Hash& block, CommitRule rule, const ChainId& chain,
                     const Committee& committee, const Verifier& verifier) {
  if (proof.path.size() > kCommitPathMax) {
    return Error{"commit_bad_path", "a path of " + std::to_string(proof.path.size()) + " headers; at most " +
                                        std::to_string(kCommitPathMax)};
  }
  Hash at = block;
  for (const Header& header : proof.path) {
    if (header.parent != at) return Error{"commit_bad_path", "a header of the path is no child of the one before it"};
    if (header.chain != chain || header.epoch != committee.epoch()) {
      return Error{"commit_bad_path", "a header of the path is of another chain or epoch"};
    }
    at = header.digest();
  }
  if (at != proof.certificate.block) {
    return Error{"commit_bad_path", "the path does not lead to the block that the certificate is for"};
  }
  if (!proof.path.empty() && proof.certificate.height != proof.path.back().height) {
    return Error{"commit_bad_path", "the certificate gives its block another height than its header"};
  }

  const VotePhase phase = deciding_phase(rule);
  if (rule == CommitRule::kCommitQuorum) {
    if (proof.second) return Error{"commit_second_unused", "a second certificate where one decides proves nothing"};
    return verify_certificate(proof.certificate, phase, Threshold::kQuorum, chain, committee, verifier);
  }
  if (!proof.second) {
    if (rule != CommitRule::kFastOrTwoChain) {
      return Error{"commit_fast_disabled", "one certificate alone commits nothing where genesis has the fast path off"};
    }
    return verify_certificate(proof.certificate, phase, Threshold::kFast, chain, committee, verifier);
  }
  const auto& [child, certificate] = *proof.second;
  if (child.parent != proof.certificate.block || child.digest() != certificate.block || child.chain != chain ||
      child.epoch != committee.epoch() || child.height != certificate.height) {
    return Error{"commit_wrong_child", "the second certificate is not for a child of the first one's block"};
  }
  const Slot& first = proof.certificate.slot;
  const Slot& next = certificate.slot;
  if (next.epoch != first.epoch || next.view != first.view || next.index <= 0 || next.index - 1 != first.index) {
    return Error{"commit_wrong_slot", "the second certificate does not stand in the next slot of the same view"};
  }
  if (Status s = verify_certificate(proof.certificate, phase, Threshold::kQuorum, chain, committee, verifier); !s.ok())
    return s;
  return verify_certificate(certificate, phase, Threshold::kQuorum, chain, committee, verifier);
}

void encode(Writer& w, const CheckpointCert& c) {
  w.u64(c.epoch);
  w.u64(c.height);
  encode(w, c.block);
  encode(w, c.state_root);
  encode_signatures(w, c.signers, c.signatures, c.aggregate);
}

void decode(Reader& r, CheckpointCert& c) {
  c.epoch = r.u64();
  c.height = r.u64();
  decode(r, c.block);
  decode(r, c.state_root);
  decode_signatures(r, c.signers, c.signatures, c.aggregate);
}

Hash checkpoint_digest(const ChainId& chain, Epoch epoch, Height height, const Hash& block, const Hash& state_root) {
  Writer w(128);
  encode(w, chain);
  w.u64(epoch);
  w.u64(height);
  encode(w, block);
  encode(w, state_root);
  return tagged_hash("tieline/checkpoint/1", {w.view()});
}

Status verify_checkpoint(const CheckpointCert& c, const ChainId& chain, const Committee& committee,
                         const Verifier& verifier) {
  if (c.epoch != committee.epoch()) return wrong_epoch(c.epoch, committee);
  return verify_enough_signers(c.signers, c.signatures, c.aggregate,
                               checkpoint_digest(chain, c.epoch, c.height, c.block, c.state_root), Threshold::kQuorum,
                               committee, verifier);
}

}  // namespace tieline
