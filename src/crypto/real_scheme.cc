#include "crypto/real_scheme.h"

namespace tieline {

std::optional<bls::Signature> RealVerifier::add(std::span<const bls::Signature> aggregates) const {
  auto sum = bls::aggregate(aggregates);
  if (!sum.ok() || bls::fault_of(*sum) == bls::PointFault::kInfinity) return std::nullopt;
  return *sum;
}

}  // namespace tieline
