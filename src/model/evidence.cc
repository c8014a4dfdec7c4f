#include "model/evidence.h"

#include <tuple>

#include "crypto/hash.h"

namespace tieline {
namespace {

constexpr size_t kTimeoutBytesMin = 8 + 8 + 1 + 4;
constexpr size_t kSideBytes = 8 + 32 + 64;
constexpr size_t kEquivocationBytes = 2 + 24 + 2 * kSideBytes;
constexpr size_t kCertificateBytesMin = 24 + 8 + 32 + 1 + 4;
constexpr size_t kLateBytes = 2 + 24 + 8 + 32 + 64;
constexpr size_t kReportBytesMin = 2 + 8 + 4 + 4 + 4 + 64;
constexpr size_t kInvalidBytesMin = 2 + 24 + 8 + 64 + 4 + 1;
constexpr size_t kRejectedBytesMin = 2 + 8 + 4 + 32 + 64 + 4 + 4 + 4;

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

void put_body(Writer& w, const MeasureReport& m) {
  w.u16(m.reporter);
  w.u64(m.epoch);
  w.u32(m.window);
  encode_list(w, m.rtt_ms);
  encode_list(w, m.interval_ms);
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

Hash report_digest(const ChainId& chain, const MeasureReport& report) {
  Writer w(128 + 4 * report.rtt_ms.size());
  encode(w, chain);
  put_body(w, report);
  return tagged_hash("tieline/measures/1", {w.view()});
}

Hash submission_digest(const ChainId& chain, ValidatorId submitter, Epoch epoch, uint32_t count, const Hash& root) {
  Writer w(96);
  encode(w, chain);
  w.u16(submitter);
  w.u64(epoch);
  w.u32(count);
  encode(w, root);
  return tagged_hash("tieline/submission/1", {w.view()});
}

void encode(Writer& w, const TimeoutProof& p) {
  w.u64(p.epoch);
  w.u64(p.view);
  encode(w, p.signers);
  encode_list(w, p.signatures);
}

void decode(Reader& r, TimeoutProof& p) {
  p.epoch = r.u64();
  p.view = r.u64();
  decode(r, p.signers);
  decode_list(r, p.signatures, kCommitteeMax, Signature::kSize);
  if (p.signers.count() != p.signatures.size()) r.fail();
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

void encode(Writer& w, const LateConfirm& c) {
  w.u16(c.signer);
  encode(w, c.slot);
  w.u64(c.height);
  encode(w, c.block);
  encode(w, c.signature);
}

void decode(Reader& r, LateConfirm& c) {
  c.signer = r.u16();
  decode(r, c.slot);
  c.height = r.u64();
  decode(r, c.block);
  decode(r, c.signature);
}

void encode(Writer& w, const MeasureReport& m) {
  put_body(w, m);
  encode(w, m.signature);
}

void decode(Reader& r, MeasureReport& m) {
  m.reporter = r.u16();
  m.epoch = r.u64();
  m.window = r.u32();
  decode_list(r, m.rtt_ms, kCommitteeMax, sizeof(uint16_t));
  decode_list(r, m.interval_ms, kCommitteeMax, sizeof(uint16_t));
  decode(r, m.signature);
}

void encode(Writer& w, const BadTransaction& b) {
  w.bytes(b.transaction);
  w.u32(b.index);
  encode_list(w, b.path);
}

void decode(Reader& r, BadTransaction& b) {
  const ByteView bytes = r.bytes(kTxBytesMax);
  b.transaction.assign(bytes.begin(), bytes.end());
  b.index = r.u32();
  decode_list(r, b.path, kMerklePathMax, Hash::kSize);
}

void encode(Writer& w, const InvalidBlock& b) {
  w.u16(b.signer);
  encode(w, b.slot);
  w.u64(b.height);
  encode(w, b.signature);
  w.bytes(b.header);
  encode(w, b.bad);
}

void decode(Reader& r, InvalidBlock& b) {
  b.signer = r.u16();
  decode(r, b.slot);
  b.height = r.u64();
  decode(r, b.signature);
  const ByteView header = r.bytes(kHeaderProofBytesMax);
  b.header.assign(header.begin(), header.end());
  decode(r, b.bad);
}

void encode(Writer& w, const RejectedSubmission& s) {
  w.u16(s.submitter);
  w.u64(s.epoch);
  w.u32(s.count);
  encode(w, s.root);
  encode(w, s.signature);
  encode(w, s.bad);
}

void decode(Reader& r, RejectedSubmission& s) {
  s.submitter = r.u16();
  s.epoch = r.u64();
  s.count = r.u32();
  decode(r, s.root);
  decode(r, s.signature);
  decode(r, s.bad);
}

void encode(Writer& w, const Evidence& e) {
  encode_list(w, e.certificates);
  encode_list(w, e.timeouts);
  encode_list(w, e.equivocations);
  encode_list(w, e.late);
  encode_list(w, e.reports);
  encode_list(w, e.invalid);
  encode_list(w, e.rejected);
}

void decode(Reader& r, Evidence& e) {
  decode_list(r, e.certificates, kEvidenceCertificatesMax, kCertificateBytesMin);
  decode_list(r, e.timeouts, kEvidenceTimeoutsMax, kTimeoutBytesMin);
  decode_list(r, e.equivocations, kEvidenceFaultsMax, kEquivocationBytes);
  decode_list(r, e.late, kEvidenceLateMax, kLateBytes);
  decode_list(r, e.reports, kEvidenceReportsMax, kReportBytesMin);
  decode_list(r, e.invalid, kEvidenceInvalidMax, kInvalidBytesMin);
  decode_list(r, e.rejected, kEvidenceRejectedMax, kRejectedBytesMin);
}

Status verify_evidence(const Evidence& e, CommitRule rule, const ChainId& chain, const Committee& current,
                       const Committee* previous, const Verifier& verifier, const ParticipantKeys& keys) {
  if (e.certificates.size() > kEvidenceCertificatesMax || e.timeouts.size() > kEvidenceTimeoutsMax ||
      e.equivocations.size() > kEvidenceFaultsMax || e.late.size() > kEvidenceLateMax ||
      e.reports.size() > kEvidenceReportsMax || e.invalid.size() > kEvidenceInvalidMax ||
      e.rejected.size() > kEvidenceRejectedMax) {
    return malformed("more evidence than a block may hold");
  }
  const auto accused = [](const auto& f) { return std::tuple(f.signer, f.slot); };
  if (!strictly_ascending(e.certificates, [](const Certificate& c) { return c.slot; }) ||
      !strictly_ascending(e.timeouts, [](const TimeoutProof& p) { return std::tuple(p.epoch, p.view); }) ||
      !strictly_ascending(e.equivocations, accused) || !strictly_ascending(e.invalid, accused) ||
      !strictly_ascending(e.late, [](const LateConfirm& c) { return std::tuple(c.slot, c.signer); }) ||
      !strictly_ascending(e.reports, [](const MeasureReport& m) { return m.reporter; }) ||
      !strictly_ascending(e.rejected, [](const RejectedSubmission& s) { return s.submitter; })) {
    return malformed("evidence out of order or twice");
  }
  // The epochs of all of it are looked at before the first signature.
  Status status;
  const auto epochs_known = [&](const auto& list, auto epoch_of) {
    for (const auto& item : list)
      if (status.ok() && committee_of(epoch_of(item), current, previous) == nullptr)
        status = wrong_epoch(epoch_of(item));
  };
  const auto of_slot = [](const auto& item) { return item.slot.epoch; };
  const auto own = [](const auto& item) { return item.epoch; };
  epochs_known(e.certificates, of_slot);
  epochs_known(e.timeouts, own);
  epochs_known(e.equivocations, of_slot);
  epochs_known(e.late, of_slot);
  epochs_known(e.invalid, of_slot);
  epochs_known(e.rejected, own);
  for (const MeasureReport& m : e.reports)
    if (status.ok() && m.epoch != current.epoch()) status = wrong_epoch(m.epoch);
  const auto each = [&](const auto& list, auto epoch_of, auto check) {
    for (const auto& item : list)
      if (status.ok()) status = check(item, *committee_of(epoch_of(item), current, previous));
  };
  each(e.certificates, of_slot, [&](const Certificate& c, const Committee& committee) {
    return verify_certificate(c, deciding_phase(rule), Threshold::kQuorum, chain, committee, verifier);
  });
  each(e.timeouts, own, [&](const TimeoutProof& p, const Committee& committee) {
    return verify_timeout(p, chain, committee, verifier);
  });
  each(e.equivocations, of_slot, [&](const Equivocation& q, const Committee& committee) {
    return verify_equivocation(q, rule, chain, committee, verifier);
  });
  each(e.late, of_slot, [&](const LateConfirm& c, const Committee& committee) {
    return verify_late_confirm(c, rule, chain, committee, verifier);
  });
  each(e.reports, own, [&](const MeasureReport& m, const Committee& committee) {
    return verify_report(m, chain, committee, verifier);
  });
  each(e.invalid, of_slot, [&](const InvalidBlock& b, const Committee& committee) {
    return verify_invalid_block(b, rule, chain, committee, verifier, keys);
  });
  each(e.rejected, own, [&](const RejectedSubmission& s, const Committee& committee) {
    return verify_rejected(s, chain, committee, verifier, keys);
  });
  return status;
}

}  // namespace tieline
