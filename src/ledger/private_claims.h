#pragma once
// What a private record claims: that its pseudonym signed it, and that each commitment holds a value between 0 and the
// cap of the pseudonym's bucket. It follows from the record and the bucket alone, and a pseudonym never changes its
// bucket; so it is checked before the record executes, with the signatures of transactions and many at a time, and
// remembered by its digest (Verifier::remember). Source: ENERGY.md ("Privacy").

#include <memory>
#include <span>

#include "crypto/scheme.h"
#include "energy/private_record.h"
#include "ledger/codes.h"

namespace tieline {

struct PrivateClaim {
  ChainId chain;
  energy::PrivateRecord record;
  uint64_t bucket_w = 0;
  Hash digest;
  Hash carrier = {};  // what the signatories of the transaction that brings it signed, as far as it is known
};
// `payload`: the record's own bytes.
PrivateClaim private_claim(const ChainId& chain, energy::PrivateRecord record, ByteView payload, uint64_t bucket_w);

uint64_t claim_work_us(const PrivateClaim& claim);  // what it asks for at most (energy/private_actions.h)

// One code a claim: ok, or the first thing that is wrong with it. Proofs and signatures are checked together.
std::vector<TxCode> check_claims(std::span<const PrivateClaim* const> claims, const Verifier& verifier);

}  // namespace tieline
