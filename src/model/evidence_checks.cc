// Each kind of evidence, checked from its signed bytes alone (docs/formats/block.md, "Evidence").

#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "model/evidence.h"

namespace tieline {
namespace {

Error malformed(const char* why) { return Error{"evidence_malformed", why}; }

Error not_bad(const char* why) { return Error{"evidence_not_bad", why}; }

Status in_epoch(Epoch epoch, const Committee& committee) {
  if (epoch == committee.epoch()) return {};
  return Error{"evidence_wrong_epoch", "evidence of epoch " + std::to_string(epoch) + ", checked with epoch " +
                                           std::to_string(committee.epoch()) + "'s committee"};
}

// That the member `id` signed the digest under its key of the committee.
Status signed_by(ValidatorId id, const Hash& digest, const Signature& signature, const Committee& committee,
                 const Verifier& verifier) {
  const std::optional<size_t> position = committee.position_of(id);
  if (!position) {
    return Error{"evidence_unknown_signer", "validator " + std::to_string(id) + " is not in the committee"};
  }
  if (!verifier.verify(committee.at(*position).key, digest.view(), signature)) {
    return Error{"evidence_bad_signature", "validator " + std::to_string(id) + " did not sign this"};
  }
  return {};
}

// The same of a vote, by the key of the committee's kind of certificates.
Status voted_by(ValidatorId id, const Hash& digest, const VoteSignature& vote, const Committee& committee,
                const Verifier& verifier) {
  const std::optional<size_t> position = committee.position_of(id);
  if (!position) {
    return Error{"evidence_unknown_signer", "validator " + std::to_string(id) + " is not in the committee"};
  }
  if (!verify_vote(committee, *position, digest, vote, verifier)) {
    return Error{"evidence_bad_signature", "validator " + std::to_string(id) + " did not sign this"};
  }
  return {};
}

// Its bytes are no transaction, or one of its signatures is not that of its registered signatory. With a signatory that
// is not registered it is refused with a code, and a block that holds it is valid.
Status verify_bad_transaction(const BadTransaction& b, const Hash& root, uint32_t count, const Verifier& verifier,
                              const ParticipantKeys& keys) {
  const Hash id = sha256(b.transaction);
  if (!merkle_verify(root, merkle_leaf(id.view()), b.index, count, b.path)) {
    return malformed("the transaction does not stand under the signed root");
  }
  const auto tx = Transaction::parse(Blob::copy_of(b.transaction));
  if (!tx.ok()) return {};
  if (!keys) return not_bad("the transaction is one, and nobody's keys are known here");
  std::vector<SignedItem> items;
  for (size_t i = 0; i < (*tx)->signatories().size(); ++i) {
    const PublicKey* key = keys((*tx)->signatories()[i]);
    if (key == nullptr) return not_bad("a signatory is not registered: refused with a code, and no fault");
    items.push_back({*key, (*tx)->signed_digest().view(), (*tx)->signatures()[i]});
  }
  std::vector<uint8_t> good(items.size(), 0);
  verifier.verify_batch(items, good);
  for (const uint8_t each : good)
    if (each != 1) return {};
  return not_bad("every signature of the transaction verifies");
}

// What no correct member votes for, whatever stands below the block.
bool header_is_bad(const Header& h, const InvalidBlock& b, const ChainId& chain) {
  return h.chain != chain || h.epoch != b.slot.epoch || h.height != b.height ||
         (h.is_void && (h.tx_count != 0 || h.next_committee.has_value()));
}

}  // namespace

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
  const Status signatures =
      verify_signatures(p.signers, p.signatures, p.aggregate,
                        timeout_digest(chain, ViewChangeKind::kTimeout, p.epoch, p.view), committee, verifier);
  if (signatures.ok()) return {};
  const Error& error = signatures.error();
  if (error.code == "certificate_malformed") return Error{"evidence_malformed", error.why};
  return Error{"evidence_bad_signature", "a time-out: " + error.why};
}

Status verify_equivocation(const Equivocation& e, CommitRule rule, const ChainId& chain, const Committee& committee,
                           const Verifier& verifier) {
  if (Status s = in_epoch(e.slot.epoch, committee); !s.ok()) return s;
  if (e.slot.index < 0) return malformed("nobody votes at the start of an epoch (index -1)");
  if (!(e.a.block < e.b.block))
    return malformed("an equivocation needs two different blocks, the smaller digest first");
  for (const Equivocation::Side* side : {&e.a, &e.b}) {
    const Hash digest = vote_digest(choosing_phase(rule), chain, e.slot, side->height, side->block);
    if (Status s = voted_by(e.signer, digest, side->signature, committee, verifier); !s.ok()) return s;
  }
  return {};
}

Status verify_late_confirm(const LateConfirm& c, CommitRule rule, const ChainId& chain, const Committee& committee,
                           const Verifier& verifier) {
  if (Status s = in_epoch(c.slot.epoch, committee); !s.ok()) return s;
  if (c.slot.index < 0) return malformed("nobody votes at the start of an epoch (index -1)");
  return voted_by(c.signer, vote_digest(deciding_phase(rule), chain, c.slot, c.height, c.block), c.signature, committee,
                  verifier);
}

Status verify_report(const MeasureReport& m, const ChainId& chain, const Committee& committee,
                     const Verifier& verifier) {
  if (Status s = in_epoch(m.epoch, committee); !s.ok()) return s;
  if (m.rtt_ms.size() != committee.size() || m.interval_ms.size() != committee.size()) {
    return malformed("a report with another number of measures than members");
  }
  const std::optional<size_t> position = committee.position_of(m.reporter);
  if (position && (m.rtt_ms[*position] != kNotMeasured || m.interval_ms[*position] != kNotMeasured)) {
    return malformed("nobody reports on itself");
  }
  return signed_by(m.reporter, report_digest(chain, m), m.signature, committee, verifier);
}

Status verify_invalid_block(const InvalidBlock& b, CommitRule rule, const ChainId& chain, const Committee& committee,
                            const Verifier& verifier, const ParticipantKeys& keys) {
  if (Status s = in_epoch(b.slot.epoch, committee); !s.ok()) return s;
  if (b.slot.index < 0) return malformed("nobody votes at the start of an epoch (index -1)");
  if (b.header.size() > kHeaderProofBytesMax) return malformed("more bytes than a header can have");
  const Hash block = tagged_hash("tieline/block/1", {b.header});
  const Hash digest = vote_digest(choosing_phase(rule), chain, b.slot, b.height, block);
  if (Status s = voted_by(b.signer, digest, b.signature, committee, verifier); !s.ok()) return s;
  const auto header = decoded<Header>(b.header, "header");
  if (b.bad) {
    if (!header.ok()) return malformed("a transaction under a header that is none");
    return verify_bad_transaction(*b.bad, header->tx_root, header->tx_count, verifier, keys);
  }
  if (header.ok() && !header_is_bad(*header, b, chain)) return not_bad("nothing is wrong with this header by itself");
  return {};
}

Status verify_rejected(const RejectedSubmission& s, const ChainId& chain, const Committee& committee,
                       const Verifier& verifier, const ParticipantKeys& keys) {
  if (Status status = in_epoch(s.epoch, committee); !status.ok()) return status;
  const Hash digest = submission_digest(chain, s.submitter, s.epoch, s.count, s.root);
  if (Status status = signed_by(s.submitter, digest, s.signature, committee, verifier); !status.ok()) return status;
  return verify_bad_transaction(s.bad, s.root, s.count, verifier, keys);
}

}  // namespace tieline
