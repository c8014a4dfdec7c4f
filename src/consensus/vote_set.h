#pragma once
// Votes of members on one thing, all over one digest: votes in, the signatures of a certificate out. A list holds votes
// that were verified one by one. Shares (docs/consensus.md, "Shares") come in unverified, are added up when somebody
// wants a certificate, and verified once, as a sum; only if that fails are the bad ones searched.

#include <map>

#include "base/codec.h"
#include "model/certificate.h"

namespace tieline::consensus {

class VoteSet {
 public:
  size_t size() const { return votes_.size(); }
  bool empty() const { return votes_.empty(); }
  bool contains(size_t position) const { return votes_.contains(position); }
  const VoteSignature* find(size_t position) const;
  SignerSet signers() const;  // of all votes, settled or not

  // `checked`: verified alone. It then takes the place of one that was not.
  void add(size_t position, const VoteSignature& vote, bool checked);
  // False: there is none, or it is part of a sum already and cannot be taken out of it.
  bool remove(size_t position);
  // Verifies, with one equation, what no check has covered yet; drops the bad shares and names their positions.
  std::vector<size_t> settle(const Hash& digest, const Committee& committee, const Verifier& verifier);

  // What is settled, as a certificate holds it. Of a list: all of it.
  struct Settled {
    SignerSet signers;
    std::vector<Signature> signatures;
    std::optional<bls::Signature> aggregate;
  };
  Settled settled() const;

  void fingerprint(Writer& w) const;

 private:
  struct Vote {
    VoteSignature signature;
    bool checked = false;
  };
  std::map<size_t, Vote> votes_;  // by position
  SignerSet summed_;              // whose shares are in sum_
  std::optional<bls::Signature> sum_;
};

}  // namespace tieline::consensus
