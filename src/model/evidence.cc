#include "model/evidence.h"

#include <tuple>

#include "crypto/hash.h"

namespace tieline {
namespace {

constexpr size_t kTimeoutBytesMin = 8 + 8 + 1 + 1 + 4;
constexpr size_t kSideBytesMin = 8 + 32 + kVoteSignatureBytesMin;
constexpr size_t kEquivocationBytesMin = 2 + 24 + 2 * kSideBytesMin;
constexpr size_t kCertificateBytesMin = 24 + 8 + 32 + 1 + 1 + 4;

void encode(Writer& w, const Equivocation::Side& s) {
  w.u64(s.height);
  encode(w, s.block);
  encode(w, s.signature);
}

void decode(Reader& r, Equivocation::Side& s) {
  s.height = r.u64();
  decode(r, s.block);
  decode(r, s.signature);
}

Error malformed(const char* why) { return Error{"evidence_malformed", why}; }

const Committee* committee_of(Epoch epoch, const Committee& current, const Committee* previous) {
  if (epoch == current.epoch()) return &current;
  if (previous != nullptr && epoch == previous->epoch()) return previous;
  return nullptr;
}

Error wrong_epoch(Epoch epoch) {
  return Error{"evidence_wrong_epoch",
               "evidence of epoch " + std::to_string(epoch) + ", which is neither the block's nor the one before"};
}

// A list whose keys rise strictly has one order and holds nothing twice.
template <class T, class Key>
bool strictly_ascending(const std::vector<T>& list, Key key) {
  for (size_t i = 1; i < list.size(); ++i) {
    if (!(key(list[i - 1]) < key(list[i]))) return false;
  }
  return true;
}

Status verify_timeout(const TimeoutProof& p, const ChainId& chain, const Committee& committee,
                      const Verifier& verifier) {
  if (p.view == 0) return malformed("nobody changes to view 0");
  if (!p.signers.all_below(committee.size())) {
    return Error{"evidence_unknown_signer", "a time-out signed from beyond the committee"};
  }
  if (!committee.holds_correct(p.signers)) {
    return Error{"evidence_below_threshold", "a time-out of " + std::to_string(p.signers.count()) +
                                                 " members; at least " + std::to_string(committee.count().correct()) +
                                                 " are needed"};
  }
  Status signatures =
      verify_signatures(p.signers, p.signatures, p.aggregate,
                        timeout_digest(chain, ViewChangeKind::kTimeout, p.epoch, p.view), committee, verifier);
  if (signatures.ok()) return {};
  const Error& error = signatures.error();
  if (error.code == "certificate_malformed") return Error{"evidence_malformed", error.why};
  return Error{"evidence_bad_signature", "a time-out: " + error.why};
}

}  // namespace

Hash timeout_digest(const ChainId& chain, ViewChangeKind kind, Epoch epoch, View view) {
  Writer w(64);
  encode(w, chain);
  w.u8(static_cast<uint8_t>(kind));
  w.u64(epoch);
  w.u64(view);
  return tagged_hash("tieline/timeout/1", {w.view()});
}

void encode(Writer& w, const TimeoutProof& p) {
  w.u64(p.epoch);
  w.u64(p.view);
  encode_signatures(w, p.signers, p.signatures, p.aggregate);
}

void decode(Reader& r, TimeoutProof& p) {
  p.epoch = r.u64();
  p.view = r.u64();
  decode_signatures(r, p.signers, p.signatures, p.aggregate);
}

void encode(Writer& w, const Equivocation& e) {
  w.u16(e.signer);
  encode(w, e.slot);
  encode(w, e.a);
  encode(w, e.b);
}

void decode(Reader& r, Equivocation& e) {
  e.signer = r.u16();
  decode(r, e.slot);
  decode(r, e.a);
  decode(r, e.b);
}

void encode(Writer& w, const Evidence& e) {
  encode_list(w, e.certificates);
  encode_list(w, e.timeouts);
  encode_list(w, e.equivocations);
}

void decode(Reader& r, Evidence& e) {
  decode_list(r, e.certificates, kEvidenceCertificatesMax, kCertificateBytesMin);
  decode_list(r, e.timeouts, kEvidenceTimeoutsMax, kTimeoutBytesMin);
  decode_list(r, e.equivocations, kEvidenceFaultsMax, kEquivocationBytesMin);
}

Status verify_equivocation(const Equivocation& e, CommitRule rule, const ChainId& chain, const Committee& committee,
                           const Verifier& verifier) {
  if (e.slot.epoch != committee.epoch()) return wrong_epoch(e.slot.epoch);
  if (e.slot.index < 0) return malformed("nobody votes at the start of an epoch (index -1)");
  if (!(e.a.block < e.b.block))
    return malformed("an equivocation needs two different blocks, the smaller digest first");
  const std::optional<size_t> position = committee.position_of(e.signer);
  if (!position) {
    return Error{"evidence_unknown_signer", "validator " + std::to_string(e.signer) + " is not in the committee"};
  }
  for (const Equivocation::Side* side : {&e.a, &e.b}) {
    const Hash digest = vote_digest(choosing_phase(rule), chain, e.slot, side->height, side->block);
    if (!verify_vote(committee, *position, digest, side->signature, verifier)) {
      return Error{"evidence_bad_signature", "validator " + std::to_string(e.signer) + " did not sign both sides"};
    }
  }
  return {};
}

Status verify_evidence(const Evidence& e, CommitRule rule, const ChainId& chain, const Committee& current,
                       const Committee* previous, const Verifier& verifier) {
  if (e.certificates.size() > kEvidenceCertificatesMax || e.timeouts.size() > kEvidenceTimeoutsMax ||
      e.equivocations.size() > kEvidenceFaultsMax) {
    return malformed("more evidence than a block may hold");
  }
  if (!strictly_ascending(e.certificates, [](const Certificate& c) { return c.slot; }) ||
      !strictly_ascending(e.timeouts, [](const TimeoutProof& p) { return std::tuple(p.epoch, p.view); }) ||
      !strictly_ascending(e.equivocations, [](const Equivocation& q) { return std::tuple(q.signer, q.slot); })) {
    return malformed("evidence out of order or twice");
  }
  // All that costs nothing is checked before the first signature.
  for (const Certificate& c : e.certificates) {
    if (committee_of(c.slot.epoch, current, previous) == nullptr) return wrong_epoch(c.slot.epoch);
  }
  for (const TimeoutProof& p : e.timeouts) {
    if (committee_of(p.epoch, current, previous) == nullptr) return wrong_epoch(p.epoch);
  }
  for (const Equivocation& q : e.equivocations) {
    if (committee_of(q.slot.epoch, current, previous) == nullptr) return wrong_epoch(q.slot.epoch);
  }
  for (const Certificate& c : e.certificates) {
    Status s = verify_certificate(c, deciding_phase(rule), Threshold::kQuorum, chain,
                                  *committee_of(c.slot.epoch, current, previous), verifier);
    if (!s.ok()) return s;
  }
  for (const TimeoutProof& p : e.timeouts) {
    if (Status s = verify_timeout(p, chain, *committee_of(p.epoch, current, previous), verifier); !s.ok()) return s;
  }
  for (const Equivocation& q : e.equivocations) {
    Status s = verify_equivocation(q, rule, chain, *committee_of(q.slot.epoch, current, previous), verifier);
    if (!s.ok()) return s;
  }
  return {};
}

}  // namespace tieline
