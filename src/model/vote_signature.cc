#include "model/vote_signature.h"

namespace tieline {

void encode(Writer& w, const VoteSignature& s) {
  const auto* share = std::get_if<bls::Signature>(&s);
  w.u8(static_cast<uint8_t>(share != nullptr ? CertificateKind::kBls : CertificateKind::kList));
  std::visit([&w](const auto& bytes) { encode(w, bytes); }, s);
}

void decode(Reader& r, VoteSignature& s) {
  switch (r.u8()) {
    case static_cast<uint8_t>(CertificateKind::kList):
      return decode(r, s.emplace<Signature>());
    case static_cast<uint8_t>(CertificateKind::kBls):
      return decode(r, s.emplace<bls::Signature>());
    default:
      s = Signature();
      r.fail();
  }
}

VoteSignature sign_vote(CertificateKind kind, const Signer& signer, const Hash& digest) {
  if (kind == CertificateKind::kBls) return signer.sign_share(digest.view());
  return signer.sign(digest.view());
}

bool verify_vote(const Committee& committee, size_t position, const Hash& digest, const VoteSignature& signature,
                 const Verifier& verifier) {
  if (position >= committee.size()) return false;
  const Member& member = committee.at(position);
  const auto* share = std::get_if<bls::Signature>(&signature);
  if ((share != nullptr) != (committee.certificates() == CertificateKind::kBls)) return false;
  if (share == nullptr) return verifier.verify(member.key, digest.view(), std::get<Signature>(signature));
  return verifier.verify_aggregate({{&member.bls_key}, digest.view(), *share});
}

}  // namespace tieline
