#pragma once
// Many certificates at once, for catch-up, audit and receipts: collects what they claim and asks a verifier that
// remembers (crypto/verified_cache.h) about all of it together, aggregates by one random combination. The verdict on
// each certificate is verify_certificate's, as ever; it then finds the answer known. So this changes only the cost, and
// what is malformed or of no known committee is simply left to that verdict.

#include <deque>

#include "model/evidence.h"
#include "model/receipt.h"

namespace tieline {

class CertificateBatch {
 public:
  CertificateBatch(const ChainId& chain, CommitRule rule) : chain_(chain), rule_(rule) {}
  CertificateBatch(const CertificateBatch&) = delete;
  CertificateBatch& operator=(const CertificateBatch&) = delete;

  void add(const Certificate& certificate, const Committee& committee);  // of deciding votes
  void add(const CommitProof& proof, const Committee& committee);
  void add(const Evidence& evidence, const Committee& current, const Committee* previous);
  void add(const CommitteeLink& link, const Committee& trusted);
  size_t size() const { return aggregates_.size() + signatures_.size(); }
  // The committees must live until then. Afterwards the batch is empty.
  void ask(const Verifier& remembering);

 private:
  void add_signed(const SignerSet& signers, const std::vector<Signature>& signatures,
                  const std::optional<bls::Signature>& aggregate, const Hash& digest, const Committee& committee);
  const ChainId chain_;
  const CommitRule rule_;
  std::deque<Hash> digests_;  // what the items refer to
  std::vector<AggregateItem> aggregates_;
  std::vector<SignedItem> signatures_;
};

}  // namespace tieline
