#include "crypto/scheme.h"

namespace tieline {

bls::Signature Signer::sign_share(ByteView) const {
  TL_CHECK_MSG(false, "this signer holds no BLS key");
  return {};
}

bls::PublicKey Signer::bls_key() const {
  TL_CHECK_MSG(false, "this signer holds no BLS key");
  return {};
}

bool Verifier::verify_aggregate(const AggregateItem&) const { return false; }

void Verifier::verify_aggregates(std::span<const AggregateItem> items, std::span<uint8_t> ok) const {
  TL_CHECK(items.size() == ok.size());
  for (size_t i = 0; i < items.size(); ++i) ok[i] = verify_aggregate(items[i]) ? 1 : 0;
}

bls::Aggregation Verifier::aggregate(std::span<const bls::PublicKey* const>, std::span<const bls::Signature> shares,
                                     ByteView) const {
  return {std::nullopt, std::vector<uint8_t>(shares.size(), 0)};
}

std::optional<bls::Signature> Verifier::add(std::span<const bls::Signature>) const { return std::nullopt; }

bls::PointFault Verifier::fault_of(const bls::Signature&) const { return bls::PointFault::kMalformed; }

}  // namespace tieline
