#include "energy/private_complaint.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"

namespace tieline::energy {
namespace {

bool payload_is_valid(const PrivateContext& context, const Commitment& commitment, const seal::PublicKey& receiver,
                      const PrivatePayload& payload, const Verifier& verifier) {
  const Hash digest = payload_digest(context, commitment, receiver, payload.wh, payload.blinding);
  return verifier.verify(context.pseudonym, digest.view(), payload.signature) &&
         opens(commitment, payload.wh, payload.blinding);
}

void encode_unsigned(Writer& w, const Complaint& c) {
  encode(w, c.context);
  encode(w, c.commitment);
  w.u32(c.receiver);
}

void encode_unsigned(Writer& w, const Reveal& r) {
  encode(w, r.complaint);
  encode(w, r.seed);
  encode(w, r.payload);
}

}  // namespace

void encode(Writer& w, const ForgeryProof& p) {
  encode(w, p.context);
  encode(w, p.commitment);
  encode(w, p.receiver);
  encode(w, p.payload);
}

void decode(Reader& r, ForgeryProof& p) {
  decode(r, p.context);
  decode(r, p.commitment);
  decode(r, p.receiver);
  decode(r, p.payload);
}

ForgeryProof forgery_proof(const PrivateContext& context, const Commitment& commitment, const seal::PublicKey& receiver,
                           const PrivatePayload& payload) {
  return {context, commitment, receiver, payload};
}

Status check_forgery(const ForgeryProof& proof, const Commitment& on_chain, const Verifier& verifier) {
  if (proof.commitment != on_chain)
    return Error{"other_commitment", "the chain holds another commitment for this reading"};
  const PrivatePayload& payload = proof.payload;
  const Hash digest = payload_digest(proof.context, proof.commitment, proof.receiver, payload.wh, payload.blinding);
  if (!verifier.verify(proof.context.pseudonym, digest.view(), payload.signature))
    return Error{"bad_signature", "the pseudonym did not sign this payload"};
  if (opens(proof.commitment, payload.wh, payload.blinding))
    return Error{"not_forged", "the payload is what the commitment holds"};
  return {};
}

void encode(Writer& w, const Complaint& c) {
  encode_unsigned(w, c);
  encode(w, c.signature);
}

void decode(Reader& r, Complaint& c) {
  decode(r, c.context);
  decode(r, c.commitment);
  c.receiver = r.u32();
  decode(r, c.signature);
}

Hash complaint_digest(const Complaint& complaint) {
  Writer w;
  encode_unsigned(w, complaint);
  return tagged_hash("tieline/private-complaint/1", {w.view()});
}

Complaint make_complaint(const PrivateContext& context, const Commitment& commitment, ParticipantId receiver,
                         const Signer& signer) {
  Complaint out{context, commitment, receiver, {}};
  out.signature = signer.sign(complaint_digest(out).view());
  return out;
}

void encode(Writer& w, const Reveal& r) {
  encode_unsigned(w, r);
  encode(w, r.signature);
}

void decode(Reader& reader, Reveal& r) {
  decode(reader, r.complaint);
  decode(reader, r.seed);
  decode(reader, r.payload);
  decode(reader, r.signature);
}

Hash reveal_digest(const Reveal& reveal) {
  Writer w;
  encode_unsigned(w, reveal);
  return tagged_hash("tieline/private-reveal/1", {w.view()});
}

Reveal make_reveal(const Complaint& complaint, const Secret& seed, const PrivatePayload& payload,
                   const Signer& signer) {
  Reveal out{complaint_digest(complaint), {}, payload, {}};
  std::ranges::copy(seed.bytes(), out.seed.bytes.begin());
  out.signature = signer.sign(reveal_digest(out).view());
  return out;
}

ComplaintRuling rule(const ComplaintCase& on_chain, const Complaint& complaint, const std::optional<Reveal>& reveal,
                     int64_t now_ms, const Verifier& verifier) {
  const auto sealed = std::ranges::find(on_chain.reading->sealed, on_chain.receiver.id, &SealedFor::receiver);
  const bool about_this = complaint.context == on_chain.context &&
                          complaint.commitment == on_chain.reading->commitment &&
                          complaint.receiver == on_chain.receiver.id && sealed != on_chain.reading->sealed.end();
  if (!about_this || !verifier.verify(on_chain.receiver_key, complaint_digest(complaint).view(), complaint.signature))
    return ComplaintRuling::kRejected;

  const bool answered = reveal && reveal->complaint == complaint_digest(complaint) &&
                        verifier.verify(on_chain.context.pseudonym, reveal_digest(*reveal).view(), reveal->signature);
  if (!answered)
    return now_ms - on_chain.complained_ms <= kRevealMs ? ComplaintRuling::kPending : ComplaintRuling::kMissing;

  const Result<SealedPayload> again = seal_payload(on_chain.context, complaint.commitment, on_chain.receiver,
                                                   reveal->payload, Secret(reveal->seed.bytes));
  const bool valid =
      again.ok() && *again == sealed->payload &&
      payload_is_valid(on_chain.context, complaint.commitment, on_chain.receiver.key, reveal->payload, verifier);
  return valid ? ComplaintRuling::kFalseComplaint : ComplaintRuling::kMeterAtFault;
}

}  // namespace tieline::energy
