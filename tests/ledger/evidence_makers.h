#pragma once
// Evidence signed by the keys of the test chain's validators.

#include "chain.h"

namespace tieline::testing {

inline Certificate certify(const TestChain& chain, const Slot& slot, Height height, const Hash& block,
                           const std::vector<size_t>& positions) {
  Certificate c{slot, height, block, {}, {}};
  const Hash digest = confirm_digest(chain.ledger.chain(), slot, height, block);
  for (size_t p : positions) {
    c.signers.insert(p);
    c.signatures.push_back(validator_key(static_cast<ValidatorId>(p)).sign(digest.view()));
  }
  return c;
}

inline Equivocation equivocation(const TestChain& chain, ValidatorId signer, const Slot& slot) {
  Equivocation e;
  e.signer = signer;
  e.slot = slot;
  e.a.block.bytes[0] = 1;
  e.b.block.bytes[0] = 2;
  for (Equivocation::Side* side : {&e.a, &e.b}) {
    side->height = 3;
    const Hash digest = confirm_digest(chain.ledger.chain(), slot, side->height, side->block);
    side->signature = validator_key(signer).sign(digest.view());
  }
  return e;
}

inline BlockDraft with_evidence(const TestChain& chain, const Evidence& evidence) {
  BlockDraft d = chain.next({}, 1'000);
  d.evidence = encoded(evidence);
  return d;
}

}  // namespace tieline::testing
